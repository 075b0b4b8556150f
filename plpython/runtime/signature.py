"""What a model expects: its features by name, their kinds, and its positive class."""

import json
from dataclasses import dataclass

from .errors import ScoringError

FEATURE_KINDS = ("number", "boolean", "text")


@dataclass(frozen=True)
class Feature:
    """One input of a model.

    Attributes
    ----------
    name : str
        Column of the profile, and of the frame that the model was fitted on.
    kind : {"number", "boolean", "text"}
        How SQL values become model input; booleans are 0.0 and 1.0.
    accepts_null : bool
        Whether the model scores a row in which this feature is missing.
    """

    name: str
    kind: str
    accepts_null: bool


@dataclass(frozen=True)
class Signature:
    """The contract between a profile and a model.

    Attributes
    ----------
    features : tuple of Feature
        In the order in which the model was fitted.
    classes : tuple
        The model's ``classes_`` as plain values.
    positive_class : int
        Index into ``classes`` of the class whose probability is the score.
    named_columns : bool
        True for a model fitted on a data frame: it is given one again. False for a
        model fitted on a plain matrix.
    """

    features: tuple
    classes: tuple
    positive_class: int
    named_columns: bool

    @classmethod
    def from_json(cls, document):
        """Read a signature from the JSON text or dict kept in ``churn.models``."""
        if isinstance(document, str):
            document = json.loads(document)
        try:
            features = tuple(
                Feature(str(item["name"]), item["kind"], bool(item["accepts_null"]))
                for item in document["features"]
            )
            signature = cls(
                features,
                tuple(document["classes"]),
                int(document["positive_class"]),
                bool(document["named_columns"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ScoringError(
                "model signature is malformed", detail=f"It lacks or misuses {error}."
            ) from error
        signature.check()
        return signature

    def to_json(self):
        """Return the signature as a dict of plain values, fit for jsonb."""
        return {
            "features": [
                {"name": f.name, "kind": f.kind, "accepts_null": f.accepts_null}
                for f in self.features
            ],
            "classes": list(self.classes),
            "positive_class": self.positive_class,
            "named_columns": self.named_columns,
        }

    def numbers(self):
        """Return the number and boolean features, in their order."""
        return tuple(f for f in self.features if f.kind != "text")

    def texts(self):
        """Return the text features, in their order."""
        return tuple(f for f in self.features if f.kind == "text")

    def check(self):
        """Raise ScoringError unless the signature can describe a binary classifier."""
        names = [feature.name for feature in self.features]
        if not names or len(set(names)) != len(names):
            raise ScoringError("model signature needs features with distinct names")
        for feature in self.features:
            if feature.kind not in FEATURE_KINDS:
                raise ScoringError(
                    f'feature "{feature.name}" has unknown kind "{feature.kind}"',
                    hint=f"The kinds are {', '.join(FEATURE_KINDS)}.",
                )
        if len(self.classes) != 2 or self.positive_class not in (0, 1):
            raise ScoringError(
                "model is not a binary classifier",
                detail=f"Its classes are {list(self.classes)}.",
            )
