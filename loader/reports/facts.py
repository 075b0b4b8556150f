"""What the registry says of a version.

Metrics and provenance are whatever the one who registered it has handed over, so
nothing is taken for granted of them.
"""

from dataclasses import dataclass
from typing import Any

from pgchurn.loader.database import Connection, fetch_all, fetch_value
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.labels import as_text
from pgchurn.loader.models.outcomes import Outcomes
from pgchurn.loader.reports.wording import number_or_none


@dataclass(frozen=True, eq=False)
class Version:
    """A version as the registry has it.

    Attributes
    ----------
    row : dict
        As the statement ``model`` of ``queries.sql`` returns it.
    decisions : list of dict
        As ``report_decisions`` returns them.
    held_out : Outcomes or None
        What training recorded of the rows that it held out.
    """

    row: dict[str, Any]
    decisions: list[dict[str, Any]]
    held_out: Outcomes | None

    @classmethod
    def find(cls, connection: Connection, version: int) -> "Version":
        """Return a version; refuse one that does not exist."""
        rows = fetch_all(connection, "model", version=version)
        if not rows:
            raise LoaderError(
                f"version {version} does not exist; pgchurn models lists them"
            )
        return cls(
            rows[0],
            fetch_all(connection, "report_decisions", version=version),
            Outcomes.from_json(
                fetch_value(connection, "report_held_out", version=version)
            ),
        )

    @property
    def number(self) -> int:
        """The version's number."""
        return int(self.row["version"])

    @property
    def profile(self) -> str:
        """The table that it is for."""
        return str(self.row["profile"])

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that it reads, in the model's order."""
        return tuple(feature["name"] for feature in self.row["signature"]["features"])

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each feature."""
        features = self.row["signature"]["features"]
        return {feature["name"]: feature["kind"] for feature in features}

    @property
    def positive_class(self) -> Any:
        """The class whose probability is the score."""
        signature = self.row["signature"]
        return signature["classes"][signature["positive_class"]]

    @property
    def algorithm(self) -> str:
        """What kind of model it is."""
        found = self.recorded("algorithm") or self.recorded("estimator")
        return str(found or "not recorded")

    @property
    def members(self) -> dict[str, float]:
        """The algorithms that are averaged, with their weights."""
        recorded = value_of(self.recorded("average"), "members")
        found = {}
        for one in recorded if isinstance(recorded, list) else []:
            weight = number_or_none(value_of(one, "weight"))
            if weight is not None:
                found[str(value_of(one, "algorithm"))] = weight
        return found

    def recorded(self, name: str) -> Any:
        """Return something of its provenance, None where it is not recorded."""
        return value_of(self.row["provenance"], name)

    def metric(self, name: str) -> float | None:
        """Return a metric as a number, None where none is recorded."""
        return number_or_none(value_of(self.row["metrics"], name))

    @property
    def label(self) -> str | None:
        """The column that training took for what came of the customers."""
        label = self.recorded("label")
        return label if isinstance(label, str) else None

    @property
    def positive_label(self) -> str | None:
        """The label of those who churned, None where a word for yes says it."""
        recorded = self.recorded("positive_class")
        if recorded is not None:
            return as_text(recorded)
        # Training makes booleans of all labels; what was brought has them as they were.
        is_own = isinstance(self.positive_class, bool)
        return None if is_own else as_text(self.positive_class)


def value_of(document: object, name: str) -> Any:
    """Return a member of a JSON object, None where there is no such thing."""
    return document.get(name) if isinstance(document, dict) else None
