CREATE OR REPLACE FUNCTION churn_runtime.signature() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What a model expects: its features by name, their kinds, and its positive class."""

import json
from typing import Any, NamedTuple

from .errors import ScoringError

# Named tuples and no dataclasses: a session makes these classes in a seventh of the
# time, before its first score.


class FeatureKind(NamedTuple):
    """One kind of feature."""

    name: str
    # Whether its values stand in the array of texts, and not in that of numbers.
    is_text: bool
    # The kinds of a query's columns that it can be read from.
    read_from: tuple[str, ...]
    # What a column of another kind is to be cast to.
    sql_type: str


FEATURE_KINDS = {
    kind.name: kind
    for kind in (
        FeatureKind("number", False, ("number", "boolean"), "double precision"),
        FeatureKind("boolean", False, ("boolean",), "boolean"),
        FeatureKind("text", True, ("text",), "text"),
    )
}


class Feature(NamedTuple):
    """One input of a model."""

    # Column of the profile, and of the frame that the model was fitted on.
    name: str
    # A key of ``FEATURE_KINDS``: how SQL values become model input.
    kind: str
    # Whether the model scores a row in which this feature is missing.
    accepts_null: bool

    @property
    def is_text(self) -> bool:
        """Whether its values are texts."""
        return FEATURE_KINDS[self.kind].is_text


class Signature(NamedTuple):
    """The contract between a profile and a model."""

    # In the order in which the model was fitted.
    features: tuple[Feature, ...]
    # The model's ``classes_`` as plain values.
    classes: tuple[Any, ...]
    # Index into ``classes`` of the class whose probability is the score.
    positive_class: int
    # Whether the model was fitted on a data frame, and is given one again.
    named_columns: bool

    @classmethod
    def from_json(cls, document: str | dict[str, Any]) -> "Signature":
        """Read a signature from the JSON text or dict kept in ``churn.models``."""
        try:
            read: Any = json.loads(document) if isinstance(document, str) else document
            features = tuple(
                Feature(str(item["name"]), item["kind"], bool(item["accepts_null"]))
                for item in read["features"]
            )
            signature = cls(
                features,
                tuple(read["classes"]),
                int(read["positive_class"]),
                bool(read["named_columns"]),
            )
        except (
            *(KeyError, TypeError, ValueError, OverflowError, RecursionError),
        ) as error:
            raise ScoringError(
                "model signature is malformed", detail=f"It lacks or misuses {error}."
            ) from error
        signature.check()
        return signature

    def to_json(self) -> dict[str, Any]:
        """Return the signature as a dict of plain values, fit for jsonb."""
        return {
            "features": [feature._asdict() for feature in self.features],
            "classes": list(self.classes),
            "positive_class": self.positive_class,
            "named_columns": self.named_columns,
        }

    def numbers(self) -> tuple[Feature, ...]:
        """Return the number and boolean features, in their order."""
        return tuple(feature for feature in self.features if not feature.is_text)

    def texts(self) -> tuple[Feature, ...]:
        """Return the text features, in their order."""
        return tuple(feature for feature in self.features if feature.is_text)

    def check(self) -> None:
        """Raise ScoringError unless the signature can describe a binary classifier."""
        names = [feature.name for feature in self.features]
        if not names or len(set(names)) != len(names):
            raise ScoringError("model signature needs features with distinct names")
        for feature in self.features:
            # Not every JSON value can be looked up.
            if feature.kind not in [*FEATURE_KINDS]:
                raise ScoringError(
                    f'feature "{feature.name}" has unknown kind "{feature.kind}"',
                    hint=f"The kinds are {', '.join(FEATURE_KINDS)}.",
                )
        if len(self.classes) != 2 or self.positive_class not in (0, 1):
            raise ScoringError(
                "model is not a binary classifier",
                detail=f"Its classes are {list(self.classes)}.",
            )
$python$;
COMMENT ON FUNCTION churn_runtime.signature IS 'What a model expects: its features by name, their kinds, and its positive class.';
