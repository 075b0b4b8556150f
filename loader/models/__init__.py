"""Training, describing, signing and registering models."""
