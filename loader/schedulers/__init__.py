"""Examples for schedulers, to be copied to where they look for what to run."""
