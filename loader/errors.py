"""Errors that the command line prints as one message."""


class LoaderError(Exception):
    """A refusal whose message says cause and remedy."""
