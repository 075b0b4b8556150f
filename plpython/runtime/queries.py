"""From the columns of any query to the arrays that a model reads."""

from dataclasses import dataclass

from .errors import ScoringError
from .features import missing_feature
from .pacing import MODEL_CALL_ROWS

# Bounds what a batch holds of a model of many features.
BATCH_VALUES = 250_000

# Which kinds of columns a kind of feature can be read from.
READABLE_KINDS = {
    "number": ("number", "boolean"),
    "boolean": ("boolean",),
    "text": ("text",),
}
CASTABLE_TYPES = {"number": "double precision", "boolean": "boolean", "text": "text"}

# A cast to a double cannot fail; other numbers may be too large.
DOUBLES_AT_MOST = ("smallint", "integer", "bigint", "real", "double precision")


@dataclass(frozen=True)
class QueryColumn:
    """A column of a query.

    Attributes
    ----------
    name : str
        As the query has it.
    alias : str
        What it is called in the statement around the query.
    type : str
        As PostgreSQL writes it.
    kind : {"number", "boolean", "text"} or None
        How it can be a feature.
    """

    name: str
    alias: str
    type: str
    kind: str | None

    def as_number(self):
        """Return the SQL of its value as a double, NaN for NULL."""
        if self.kind == "boolean":
            double = f"q.{self.alias}::pg_catalog.int4::pg_catalog.float8"
        elif self.type in DOUBLES_AT_MOST:
            double = f"q.{self.alias}::pg_catalog.float8"
        else:
            double = f"churn_internal.to_double(q.{self.alias}::pg_catalog.numeric)"
        return f"coalesce({double}, 'NaN'::pg_catalog.float8)"

    def as_text(self):
        """Return the SQL of its value as a text."""
        return f"q.{self.alias}::pg_catalog.text"


def statement_around(query, columns, signature, pass_features):
    """Return the statement that reads a query's rows as a model takes them.

    Its columns are the array of numbers and the array of texts, in the order of
    ``Layout.of(signature)``, and a jsonb of what passes through.

    Parameters
    ----------
    query : str
        A single SELECT, without a semicolon.
    columns : list of QueryColumn
    signature : Signature
    pass_features : bool
        Whether columns that are features pass through as well.
    """
    by_name = columns_by_name(columns)
    read = {f.name: feature_column(f, by_name) for f in signature.features}
    numbers = [read[f.name].as_number() for f in signature.numbers()]
    texts = [read[f.name].as_text() for f in signature.texts()]
    passed = [c for c in columns if pass_features or c.name not in read]
    aliases = ", ".join(column.alias for column in columns)
    pairs = ", ".join(f"q.{c.alias} AS {quoted_name(c.name)}" for c in passed)
    return (
        # The rows of a model of texts alone are counted by numbers all the same.
        f"SELECT ARRAY[{', '.join(numbers) or '0'}]::pg_catalog.float8[] AS numbers, "
        + (f"ARRAY[{', '.join(texts)}]" if texts else "NULL::pg_catalog.text[]")
        + " AS texts, "
        + ("pg_catalog.to_jsonb(p)" if passed else "'{}'::pg_catalog.jsonb")
        + f" AS passed FROM ({query}\n) q ({aliases})"
        + f" CROSS JOIN LATERAL (SELECT {pairs}) p"
    )


def columns_by_name(columns):
    """Return the columns by name, of which each has its own.

    Raises
    ------
    ScoringError
        With SQLSTATE 42701, as CREATE TABLE AS has it.
    """
    by_name = {}
    for column in columns:
        if column.name in by_name:
            raise ScoringError(
                f'column "{column.name}" appears more than once in the query',
                hint="Give each column a name of its own with AS.",
                sqlstate="42701",
            )
        by_name[column.name] = column
    return by_name


def feature_column(feature, by_name):
    """Return the column that a feature is read from.

    Raises
    ------
    ScoringError
        With SQLSTATE 42703 when there is none of its name, 42804 when it is of a type
        that the feature cannot be read from.
    """
    column = by_name.get(feature.name)
    if column is None:
        raise missing_feature(feature.name, list(by_name), "query")
    if column.kind not in READABLE_KINDS[feature.kind]:
        raise ScoringError(
            f'feature "{feature.name}" is a {feature.kind} in the model, but '
            f"{column.type} in the query",
            hint=f"Cast it in the query to {CASTABLE_TYPES[feature.kind]}.",
            sqlstate="42804",
        )
    return column


def batch_rows(signature):
    """Return how many rows of a model's features are a batch."""
    return max(1, min(MODEL_CALL_ROWS, BATCH_VALUES // len(signature.features)))


def quoted_name(name):
    """Return an SQL identifier."""
    return '"{}"'.format(name.replace('"', '""'))
