"""The report as a file of HTML."""

from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from pgchurn.loader.reports.evidence import Evidence
from pgchurn.loader.reports.explained import ExplainedRows
from pgchurn.loader.reports.facts import Version
from pgchurn.loader.reports.feature_summary import FeatureSummary, typical_values
from pgchurn.loader.reports.markup import Markup, cut, joined, tag, visible
from pgchurn.loader.reports.monitored import Monitored
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.sections.about import about
from pgchurn.loader.reports.sections.calibration import calibration
from pgchurn.loader.reports.sections.customers import customers
from pgchurn.loader.reports.sections.decisions import decisions
from pgchurn.loader.reports.sections.distribution import distribution
from pgchurn.loader.reports.sections.evidence import whence
from pgchurn.loader.reports.sections.features import features
from pgchurn.loader.reports.sections.head import head
from pgchurn.loader.reports.sections.monitored import still_true
from pgchurn.loader.reports.sections.ranking import ranking
from pgchurn.loader.reports.sections.reasons import reasons
from pgchurn.loader.reports.table import ScoredRows
from pgchurn.loader.reports.wording import moment

# Nothing may be fetched and nothing may run, whatever a name of the database tries.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, eq=False)
class Report:
    """All that a report shows; what is missing says why.

    Attributes
    ----------
    version : Version
    scored : ScoredRows or Missing
    evidence : Evidence or Missing
    summaries : list of FeatureSummary, or Missing
    explained : ExplainedRows or Missing
    monitored : Monitored or Missing
    made_at : datetime
    """

    version: Version
    scored: ScoredRows | Missing
    evidence: Evidence | Missing
    summaries: list[FeatureSummary] | Missing
    explained: ExplainedRows | Missing
    monitored: Monitored | Missing
    made_at: datetime

    @property
    def typical(self) -> dict[str, Any]:
        """What is typical of each feature, where that is known."""
        if isinstance(self.summaries, Missing):
            return {}
        return typical_values(self.summaries, self.version.kinds)

    def missing(self) -> dict[str, str]:
        """Return which parts are not there, and why."""
        parts = {
            "the table's scores": self.scored,
            "curves": self.evidence,
            "what it goes by": self.summaries,
            "reasons and customers": self.explained,
            "what was monitored": self.monitored,
        }
        return {
            name: str(part) for name, part in parts.items() if isinstance(part, Missing)
        }

    def html(self) -> str:
        """Return the page."""
        version, evidence = self.version, self.evidence
        typical = self.typical
        title = f"Version {version.number} of {cut(visible(version.profile), 80)}"
        body = [
            head(version, evidence),
            whence(version, evidence),
            ranking(evidence),
            calibration(evidence),
            distribution(self.scored, evidence, version.metric("threshold")),
            still_true(self.monitored),
            features(self.summaries),
            reasons(self.explained, typical),
            customers(self.explained, typical),
            about(version, typical),
            decisions(version),
            foot(self),
        ]
        return "<!DOCTYPE html>\n" + tag(
            "html",
            tag(
                "head",
                tag("meta", charset="utf-8"),
                tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
                tag("meta", name="viewport", content="width=device-width"),
                tag("meta", name="color-scheme", content="light dark"),
                tag("title", title),
                tag("style", style()),
            ),
            tag("body", body),
            lang="en",
        )


def style() -> Markup:
    """Return the style sheet."""
    return Markup(Path(__file__).with_name("style.css").read_text("utf-8"))


def foot(report: Report) -> Markup:
    """Return how and when the report was made."""
    return tag(
        "footer",
        tag(
            "p",
            joined(
                f"Made by pgchurn {metadata.version('pgchurn')} on "
                f"{moment(report.made_at)}, with the rights of the role that asked for "
                "it. Whoever may read more customers may see other figures."
            ),
        ),
    )
