"""Why an estimator has no compiled form."""


class NotCompilable(Exception):
    """The message names the part of the estimator that cannot be compiled."""
