"""The one exception by which the runtime refuses, carrying what SQL reports."""


class ScoringError(Exception):
    """A refusal that names its cause and its remedy.

    Parameters
    ----------
    message : str
        Primary message: lower case, no full stop, as PostgreSQL words its own.
    detail, hint : str, optional
        Sentences; the hint says what to do.
    sqlstate : str, default "22023"
        The SQLSTATE that the error carries into SQL (invalid_parameter_value).
    """

    def __init__(self, message, detail=None, hint=None, sqlstate="22023"):
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint
        self.sqlstate = sqlstate

    def __str__(self):
        """Return the message with its detail and hint, for readers outside SQL."""
        return " ".join(part for part in (self.message, self.detail, self.hint) if part)
