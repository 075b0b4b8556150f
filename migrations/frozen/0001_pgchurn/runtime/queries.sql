CREATE OR REPLACE FUNCTION churn_runtime.queries() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Scoring what stands in no profile: any query's rows, or values given as JSON.

The SQL that reads a query's rows is put together here, because its columns are known
only when the query is; no other SQL is written by Python.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .batches import (
    MODEL_SQLSTATE,
    Batch,
    checked_probabilities,
    paced_scores,
    score_what_scores,
)
from .errors import (
    LIMIT_SQLSTATE,
    Refusals,
    ScoringError,
    ValuesShown,
    failure_of,
    sqlstate_of,
)
from .features import NAN, RowOfTexts, missing_feature
from .json_rows import columns_from_json, values_from_json
from .pacing import MODEL_CALL_ROWS
from .registry import Registry
from .signature import FEATURE_KINDS, Feature, Signature

if TYPE_CHECKING:
    from .batches import FailedRows, Score

# Bounds what a batch holds of a model of many features.
BATCH_VALUES = 250_000
# For so many numbers a text counts: it may take a few kilobytes.
TEXT_VALUES = 4


class Queries:
    """Scores values that stand in no profile, under any version."""

    def __init__(self, registry: Registry, refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals

    def predict(self, version: int | None, features: str | None) -> float:
        """Return the probability for values given as JSON text, by name."""
        with self.refusals, ValuesShown():
            digest = self.registry.digest(version)
            keys = self.registry.trusted_keys()
            model = self.registry.model(version, digest, keys)
            columns = columns_from_json(model.signature, values_from_json(features))
            return float(checked_probabilities(model, columns)[0])
        return NAN

    def query_statement(
        self,
        version: int | None,
        query: str,
        names: list[str],
        types: list[int],
        pass_features: bool,
    ) -> tuple[str | None, int | None]:
        """Return the statement that reads a query's rows, and how many are a batch.

        Parameters
        ----------
        query : str
            A single SELECT, without a semicolon.
        types : list of int
            Object identifiers of the types of its columns.
        pass_features : bool
            Whether columns that are features pass through as well.
        """
        with self.refusals:
            signature = self.registry.query_scorer(version).model.signature
            rows = self.registry.fetch(
                "SELECT format_type(t.oid, NULL) AS type,"
                " churn_internal.column_kind(t.oid) AS kind,"
                " churn_internal.feature_expression(t.oid, -1, 'q.c' || t.place)"
                " AS expression"
                " FROM unnest($1) WITH ORDINALITY t (oid, place) ORDER BY t.place",
                ["oid[]"],
                types,
            )
            columns = [
                QueryColumn(
                    name, f"c{place}", row["type"], row["kind"], row["expression"]
                )
                for place, (name, row) in enumerate(zip(names, rows), 1)
            ]
            statement = statement_around(query, columns, signature, pass_features)
            values = len(signature.numbers()) + TEXT_VALUES * len(signature.texts())
            rows_at_once = min(MODEL_CALL_ROWS, BATCH_VALUES // values)
            return statement, max(1, rows_at_once)
        return None, None

    def predict_many(
        self,
        version: int | None,
        numbers: bytes | None,
        texts: Sequence[RowOfTexts] | None,
        rows_before: int,
        on_error: str,
    ) -> Sequence[float | None] | None:
        """Return the probabilities of a batch of a query's rows.

        Parameters
        ----------
        numbers : bytes or None
            As ``query_statement`` has them read, see ``Scoring.score_batch``; None:
            there are no rows.
        rows_before : int
            How many rows of the query came before.
        on_error : {"keep", "raise"}
            With "keep", rows that cannot be scored come back as None.
        """
        if numbers is None:
            return []
        with self.refusals, ValuesShown():
            scorer = self.registry.query_scorer(version)
            batch = Batch(numbers, texts)

            def score(first: int, last: int) -> list[float]:
                return paced_scores(
                    scorer, batch, first, last, self.registry.check_for_interrupts
                )

            if on_error == "raise":
                return scores_or_row(score, len(batch), rows_before)
            return scores_or_none(
                score, len(batch), rows_before, version, self.refusals
            )
        return None


def scores_or_none(
    score: "Score",
    rows: int,
    rows_before: int,
    version: int | None,
    refusals: Refusals,
) -> Sequence[Any]:
    """Return the score of each row that can be scored, and warn of the others."""
    failures: FailedRows = []
    scores = score_what_scores(score, 0, rows, failures, rows)
    if failures:
        row, error = failures[0]
        refusals.warn(
            f"model version {version} could not score {scores.count(None)} of "
            f"{rows} rows: {getattr(error, 'message', error)}",
            f"The first is row {rows_before + row + 1} of the query.",
            "Their score is null.",
        )
    return scores


def scores_or_row(score: "Score", rows: int, rows_before: int) -> list[Any]:
    """Return the scores of all rows, or raise an error that names the first failing."""
    try:
        return score(0, rows)
    except (ScoringError, MemoryError) as error:
        failure = failure_of(error)
        if sqlstate_of(failure) in (MODEL_SQLSTATE, LIMIT_SQLSTATE):
            raise failure from error
    row = first_failing(score, 0, rows)
    try:
        with ValuesShown():
            score(row, row + 1)
    except ScoringError as error:
        detail = f"It is row {rows_before + row + 1} of the query."
        error.detail = f"{error.detail} {detail}" if error.detail else detail
        raise
    raise failure


def first_failing(score: "Score", first: int, last: int) -> int:
    """Return the first row from first to last that cannot be scored, by halving."""
    while last - first > 1:
        middle = (first + last) // 2
        try:
            score(first, middle)
        except ScoringError:
            last = middle
        else:
            first = middle
    return first


class QueryColumn(NamedTuple):
    """A column of a query."""

    name: str
    # What it is called in the statement around the query.
    alias: str
    # As PostgreSQL writes it.
    type: str
    # That of the features that can be read from it, or None.
    kind: str | None
    # The SQL that reads a feature from it.
    expression: str

    def as_number(self) -> str:
        """Return the SQL of its value as a double, NaN for NULL."""
        return f"coalesce({self.expression}, 'NaN'::pg_catalog.float8)"


def statement_around(
    query: str, columns: list[QueryColumn], signature: Signature, pass_features: bool
) -> str:
    """Return the statement that reads a query's rows as a model takes them.

    Its columns are the array of numbers and the array of texts, in the order of
    ``Layout.of(signature)``, and a jsonb of what passes through.
    """
    by_name = columns_by_name(columns)
    read = {f.name: feature_column(f, by_name) for f in signature.features}
    numbers = [read[f.name].as_number() for f in signature.numbers()]
    texts = [read[f.name].expression for f in signature.texts()]
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


def columns_by_name(columns: list[QueryColumn]) -> dict[str, QueryColumn]:
    """Return the columns by name, of which each has its own."""
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


def feature_column(feature: Feature, by_name: dict[str, QueryColumn]) -> QueryColumn:
    """Return the column that a feature is read from."""
    column = by_name.get(feature.name)
    if column is None:
        raise missing_feature(feature.name, list(by_name), "query")
    kind = FEATURE_KINDS[feature.kind]
    if column.kind not in kind.read_from:
        raise ScoringError(
            f'feature "{feature.name}" is a {feature.kind} in the model, but '
            f"{column.type} in the query",
            hint=f"Cast it in the query to {kind.sql_type}.",
            sqlstate="42804",
        )
    return column


def quoted_name(name: str) -> str:
    """Return an SQL identifier."""
    return '"{}"'.format(name.replace('"', '""'))
$python$;
COMMENT ON FUNCTION churn_runtime.queries IS 'Scoring what stands in no profile: any query''s rows, or values given as JSON.';
