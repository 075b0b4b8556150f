"""The client: trains, registers, activates and checks models."""
