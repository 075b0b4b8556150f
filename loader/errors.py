"""Errors that the command line prints as one message."""


class LoaderError(Exception):
    """A refusal whose message says cause and remedy."""


class TrainingError(ValueError):
    """The data cannot be trained on; the message says why and what to do."""
