"""What each feature is to a version, over the customers that it was explained on."""

from dataclasses import dataclass
from typing import Any

from pgchurn.loader.database import Connection, fetch_all
from pgchurn.loader.reports.parts import Missing


@dataclass(frozen=True)
class FeatureSummary:
    """What a feature is to a version.

    Attributes
    ----------
    feature : str
    contribution : float or None
        Mean size of what it contributes to the log odds, None where not known.
    importance : float or None
        Its permutation importance, None where not known.
    typical : str or None
        The median of a number, the most frequent of other values; as SQL has it.
    """

    feature: str
    contribution: float | None
    importance: float | None
    typical: str | None

    @property
    def weight(self) -> float:
        """What it counts: its contribution, or where none is known its importance."""
        known = self.importance if self.contribution is None else self.contribution
        return max(known or 0.0, 0.0)


def feature_summaries(
    connection: Connection, version: int
) -> list[FeatureSummary] | Missing:
    """Return the features of a version, those that count most first."""
    found = [
        FeatureSummary(**row)
        for row in fetch_all(connection, "global_explain", version=version)
    ]
    if all(one.contribution is one.importance is None for one in found):
        return Missing(
            "Neither contributions nor permutation importance are kept with this "
            "version."
        )
    return sorted(found, key=lambda one: -one.weight)


def typical_values(
    summaries: list[FeatureSummary], kinds: dict[str, str]
) -> dict[str, Any]:
    """Return what is typical of each feature, as JSON has its values.

    Parameters
    ----------
    summaries : list of FeatureSummary
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature.
    """
    return {
        one.feature: typical_value(one.typical, kinds[one.feature])
        for one in summaries
        if one.typical is not None
    }


def typical_value(text: str, kind: str) -> Any:
    """Return what is typical of a feature of this kind, from its text."""
    if kind == "number":
        return float(text)
    return text == "true" if kind == "boolean" else text
