CREATE OR REPLACE FUNCTION churn_runtime.errors() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Refusals of the runtime, and how they become errors and warnings of SQL."""

from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Message, detail, hint, SQLSTATE.
    Failure = tuple[str, str | None, str | None, str]

# Cancel and shutdown, deadlock and serialisation failure, exhausted resources.
SERVER_SQLSTATES = ("57", "40", "53")
# Of failures that bring none of their own, and of what exceeds a limit.
EXTERNAL_ROUTINE_EXCEPTION = "38000"
LIMIT_SQLSTATE = "54000"

LONGEST_TEXT = 4_000
LAST_FRAMES = 10


class ScoringError(Exception):
    """A refusal that names its cause and its remedy.

    The message is in lower case without a full stop, as PostgreSQL words its own;
    detail and hint are sentences, and the hint says what to do. The default SQLSTATE is
    invalid_parameter_value.

    None of them quotes a value of a row, since whoever complains need not be allowed to
    read the profile. A sentence that does is kept apart, in ``values``, for callers who
    have passed the row themselves: see ``ValuesShown``.
    """

    def __init__(
        self,
        message: str,
        detail: str | None = None,
        hint: str | None = None,
        sqlstate: str = "22023",
        values: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint
        self.sqlstate = sqlstate
        self.values = values

    def __str__(self) -> str:
        """Return the message with its detail and hint, for readers outside SQL."""
        return " ".join(part for part in (self.message, self.detail, self.hint) if part)


class ValuesShown:
    """A context whose errors quote the values of rows, which its caller has passed."""

    def __enter__(self) -> None:
        """Enter the block."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Add what the error says of values to its detail."""
        if isinstance(error, ScoringError) and error.values:
            parts = (error.detail, error.values)
            error.detail = " ".join(part for part in parts if part)
            error.values = None


class OutdatedFunction(ScoringError):
    """A function from before a version was registered has not read all its features.

    In a long transaction that may be, once: a session looks whether functions were
    replaced when it takes a lock that it does not have, and a prepared statement on
    tables without indexes takes none.
    """

    def __init__(self) -> None:
        super().__init__(
            "the columns that scoring reads have changed since this statement began",
            hint="Run the statement again.",
            sqlstate="55000",
        )


class Refusals:
    """A context that keeps an error for SQL to raise, and ends the block without one.

    Whatever Python raises, PL/Python reports with the name of its class in front of the
    message: "plpy.Error: ...". So a function that the server calls returns instead what
    its result type does not allow, NULL or NaN, and the constraint of that type has
    ``churn_internal.raise_failure`` raise what is kept here.

    Errors of SQL pass through, with the query that PL/Python reports of them, unless
    they only tell of the server.

    Whatever else tells of a failure leaves by way of this, too: a warning whose text
    the server cannot hold ends in the midst of Python's own frames, and the next call
    crashes the session.
    """

    def __init__(self, plpy: Any) -> None:
        self.plpy = plpy
        self.sql_error = plpy.SPIError
        self.failure: Failure | None = None

    def __enter__(self) -> None:
        """Enter the block."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Keep the error that ends the block, if there is one and SQL may raise it."""
        if error is None or not isinstance(error, Exception):
            return False
        if isinstance(error, ScoringError):
            failure = (error.message, error.detail, error.hint, error.sqlstate)
        elif not isinstance(error, self.sql_error):
            failure = unexpected(error)
        elif is_of_server(error):
            failure = (str(error), None, None, sqlstate_of(error))
        else:
            return False
        self.failure = failure
        return True

    def take(self) -> "Failure | None":
        """Return the message, detail, hint and SQLSTATE that were kept, once."""
        failure, self.failure = self.failure, None
        if failure is None:
            return None
        message, detail, hint, sqlstate = failure
        return (
            self.text(message),
            detail and self.text(detail),
            hint and self.text(hint),
            sqlstate,
        )

    def warn(self, message: str, detail: str, hint: str) -> None:
        """Raise a warning, which may quote what the client's encoding cannot hold."""
        plan = self.plpy.prepare("SELECT churn_internal.warn($1, $2, $3)", ["text"] * 3)
        self.plpy.execute(plan, [self.text(one) for one in (message, detail, hint)])

    def reason(self, error: Exception) -> list[str]:
        """Return the SQLSTATE and the message of a failure, which are recorded."""
        return [sqlstate_of(error), self.text(str(getattr(error, "message", error)))]

    def text(self, text: str) -> str:
        """Return a text as this server takes it, escaped where it has no character.

        Only the server knows what there is in its encoding.
        """
        text = plain_text(text)
        if text.isascii():
            return text
        try:
            self.plpy.execute(self.plpy.prepare("SELECT $1", ["text"]), [text])
        except self.sql_error as error:
            if is_of_server(error):
                raise
            return text.encode("ascii", "backslashreplace").decode()
        return text


def unexpected(error: Exception) -> "Failure":
    """Return the failure for an error that nobody has foreseen, with its trace."""
    from traceback import format_exception

    *lines, last = format_exception(error, limit=-LAST_FRAMES)
    trace = plain_text("".join(lines).strip())
    return plain_text(last.strip()), trace, None, EXTERNAL_ROUTINE_EXCEPTION


def sqlstate_of(error: Exception) -> str:
    """Return the SQLSTATE that an error brings along, or that of any other."""
    return getattr(error, "sqlstate", None) or EXTERNAL_ROUTINE_EXCEPTION


def is_of_server(error: Exception) -> bool:
    """Return whether an error belongs to the server, and never to a model."""
    return sqlstate_of(error).startswith(SERVER_SQLSTATES)


def failure_of(error: Exception) -> Exception:
    """Return an error of scoring as a refusal, unless it is one already, or of SQL.

    So is a model that has run out of memory; when the server itself has, that is an
    error of SQL: see ``is_of_server``. What nobody has foreseen is told by where it
    happened, because its own words may quote a row.
    """
    if isinstance(error, ScoringError) or getattr(error, "sqlstate", None):
        return error
    if not isinstance(error, MemoryError):
        from traceback import extract_tb

        frame = extract_tb(error.__traceback__)[-1]
        return ScoringError(
            f"{type(error).__name__} at {frame.filename}:{frame.lineno}",
            detail="Nobody has foreseen this error of pgchurn's.",
            sqlstate=EXTERNAL_ROUTINE_EXCEPTION,
        )
    return ScoringError(
        "model ran out of memory",
        detail=f"{error}." if str(error) else None,
        hint="Score fewer rows at once, give the server more memory, or roll back with "
        "churn.rollback_model.",
        sqlstate=LIMIT_SQLSTATE,
    )


def plain_text(text: str) -> str:
    """Return a text as PostgreSQL takes it: no zeros, no half characters, not long."""
    text = text.replace("\0", "?").encode("utf-8", "replace").decode()
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."
$python$;
COMMENT ON FUNCTION churn_runtime.errors IS 'Refusals of the runtime, and how they become errors and warnings of SQL.';
