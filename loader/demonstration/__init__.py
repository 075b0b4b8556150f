"""The demonstration: made-up customers, and what complaints do to their scores."""
