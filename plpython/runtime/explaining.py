"""Explaining scores, of profiles and of values that stand in none."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .batches import (
    MODEL_SQLSTATE,
    Batch,
    checked_probabilities,
    paced,
)
from .bounded_cache import BoundedCache
from .errors import Refusals, ScoringError, ValuesShown
from .explanation_rows import feature_rows, typical_text
from .explanations import EXPLAINERS_HELD, Explanations, not_explained
from .features import (
    NAN,
    Columns,
    Layout,
    RowOfTexts,
    guess,
    row_count,
)
from .json_rows import columns_from_json, values_from_json
from .pacing import FIRST_CALL_ROWS, Pace
from .queries import scores_or_none, scores_or_row
from .registry import Registry, Scorer
from .shapley import shapley_values
from .signature import Feature, Signature

if TYPE_CHECKING:
    from .explainer import Explained, Explainer
    from .explanation_rows import ExplainedFeature
    from .smallest_changes import HelpfulChange

    # A probability, and the contributions to its log odds as JSON.
    ExplainedScore = tuple[float, str]

# What is computed again of a logged score: as churn.register_model has it.
TOLERANCE = 1e-9
NOT_REPRODUCED = "22000"


class Kept(NamedTuple):
    """What a version's row says of its features, beside its explanation form."""

    signature: Signature
    # Of the reference: "features" and "contributions", by name.
    reference: dict[str, Any]
    metrics: dict[str, Any]
    explanation_problem: str | None

    @property
    def known(self) -> dict[str, Any]:
        """What was observed of each feature."""
        return self.reference.get("features") or {}


class ExplainedVersion:
    """A version that is explained, and how fast."""

    def __init__(self, explainer: "Explainer") -> None:
        self.explainer = explainer
        self.signature = explainer.signature
        most = explainer.most_rows
        self.pace = Pace(min(FIRST_CALL_ROWS, most), most)
        self.names = [feature.name for feature in self.signature.features]

    def rows(
        self,
        explained: "Explained",
        columns: Columns,
        typical_values: str | None,
        top_k: int | None,
    ) -> "list[ExplainedFeature]":
        """Return the explanation of one row in words.

        Parameters
        ----------
        typical_values : str
            JSON of what is typical, by feature.
        """
        features = self.signature.features
        return feature_rows(
            features,
            [columns[feature.name][0] for feature in features],
            explained.contributions[0].tolist(),
            explained.points[0].tolist(),
            json_object(typical_values),
            top_k,
        )

    def texts(self, columns: Columns) -> "list[ExplainedScore]":
        """Return the probabilities of rows, and their contributions as JSON."""
        explained = self.explainer.explain(columns)
        texts = [
            json.dumps(dict(zip(self.names, row)), ensure_ascii=False)
            for row in explained.contributions.tolist()
        ]
        return list(zip(explained.scores.tolist(), texts))


class Explaining:
    """Explains scores.

    A function that fails returns what its result type does not allow: see ``Refusals``.
    """

    def __init__(self, registry: Registry, refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals
        self.explanations = Explanations(registry)
        self.versions = BoundedCache(EXPLAINERS_HELD)

    def version(self, version: int | None) -> ExplainedVersion:
        """Return a version that is explained, from memory or from its row."""
        explainer = self.explanations.explainer(version)
        return self.versions.get(explainer, lambda: ExplainedVersion(explainer))

    def kept(self, version: int | None) -> Kept:
        """Return what a version's row says of its features."""
        self.registry.digest(version)
        rows = self.registry.fetch(
            "SELECT signature, reference, metrics, explanation_problem"
            " FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        row = rows[0]
        return Kept(
            Signature.from_json(row["signature"]),
            json.loads(row["reference"] or "{}"),
            json.loads(row["metrics"]),
            row["explanation_problem"],
        )

    def explain_features(
        self,
        attachment_id: int,
        layout: str,
        numbers: Sequence[float | None],
        texts: RowOfTexts,
        typical_values: str | None,
        top_k: int | None,
        key: str | None,
    ) -> "list[ExplainedFeature]":
        """Explain one profile row under the model that scores its key."""
        with self.refusals:
            version, *_ = self.registry.in_force_for(attachment_id, key)
            explained = self.version(version)
            positions = self.registry.positions(
                attachment_id, layout, explained.signature
            )
            columns = row_of(numbers, texts).columns(positions)
            found = explained.explainer.explain(columns)
            return explained.rows(found, columns, typical_values, top_k)
        return [(None,) * 6]

    def explain_values(
        self,
        version: int | None,
        features: str | None,
        score: float | None,
        typical_values: str | None,
        top_k: int | None,
    ) -> "list[ExplainedFeature]":
        """Explain a score that a version has given for values given as JSON text."""
        with self.refusals, ValuesShown():
            explained = self.version(version)
            columns = columns_from_json(explained.signature, values_from_json(features))
            if score is not None:
                # What is explained need not be as near: of a pickle, XGBoost's trees
                # are added up in single precision.
                given = self.scores_of(self.registry.query_scorer(version))(columns)
                check_reproduced(version, given[0], score)
            found = explained.explainer.explain(columns)
            return explained.rows(found, columns, typical_values, top_k)
        return [(None,) * 6]

    def explain_many(
        self,
        version: int | None,
        numbers: bytes | None,
        texts: Sequence[RowOfTexts] | None,
        rows_before: int,
        on_error: str,
    ) -> tuple[list[float | None] | None, list[str | None] | None]:
        """Explain a batch of a query's rows, see ``Queries.predict_many``."""
        if numbers is None:
            return [], []
        with self.refusals, ValuesShown():
            explained = self.version(version)
            signature = explained.signature
            positions = Layout.of(signature).positions(signature)
            batch = Batch(numbers, texts)

            def explain(first: int, last: int) -> "list[ExplainedScore]":
                return paced(
                    explained.pace,
                    first,
                    last,
                    self.registry.check_for_interrupts,
                    lambda start, end: explained.texts(
                        batch.columns(positions, start, end)
                    ),
                )

            found: Sequence[ExplainedScore | None]
            if on_error == "raise":
                found = scores_or_row(explain, len(batch), rows_before)
            else:
                found = scores_or_none(
                    explain, len(batch), rows_before, version, self.refusals
                )
            return (
                [None if one is None else one[0] for one in found],
                [None if one is None else one[1] for one in found],
            )
        return None, None

    def base(self, version: int | None) -> tuple[float | None, float]:
        """Return the log odds that explanations start from, and their probability."""
        with self.refusals:
            explainer = self.explanations.explainer(version)
            return float(explainer.base), float(explainer.base_probability)
        return None, NAN

    def features(
        self, version: int | None, typical_values: str | None
    ) -> list[tuple[str | None, float | None, float | None, str | None]]:
        """Return what a version goes by: its features, those that matter most first.

        The mean size of each one's contribution, its permutation importance, and what
        is typical of it, each None where it is not known.
        """
        with self.refusals:
            kept = self.kept(version)
            contributions = kept.reference.get("contributions") or {}
            importance = importances(kept.metrics)
            typical = json_object(typical_values)
            if not contributions and not importance:
                raise not_explained(version, kept._asdict())
            found = [
                (
                    feature.name,
                    contributions.get(feature.name),
                    importance.get(feature.name),
                    typical_text(feature, typical),
                )
                for feature in kept.signature.features
            ]
            return sorted(found, key=lambda one: (-(one[1] or 0.0), -(one[2] or 0.0)))
        return [(None,) * 4]

    def explain_change(
        self,
        version: int | None,
        former: str,
        current: str,
        former_score: float | None,
        current_score: float,
    ) -> list[tuple[str | None, float]]:
        """Return what each feature that differs contributes to a change of the score.

        Parameters
        ----------
        version : int
            That of the current score.
        former, current : str
            The logged features, as JSON. What the former ones lack has not changed.
        former_score : float or None
            None: another version gave it, and this one's is computed.
        """
        with self.refusals, ValuesShown():
            scorer = self.registry.query_scorer(version)
            signature = scorer.model.signature
            after = values_from_json(current)
            now = columns_from_json(signature, after)
            then = columns_from_json(signature, {**after, **values_from_json(former)})
            names = [name for name in now if differs(then[name][0], now[name][0])]
            score = self.scores_of(scorer)
            ends = score({name: np.append(then[name], now[name]) for name in now})
            check_reproduced(version, ends[0], former_score)
            check_reproduced(version, ends[1], current_score)
            if not names:
                return []

            def worth(joined: np.ndarray) -> np.ndarray:
                columns = {name: np.repeat(now[name], len(joined)) for name in now}
                for name, chosen in zip(names, joined.T):
                    columns[name][~chosen] = then[name][0]
                return score(columns)

            before = float(ends[0]) if former_score is None else former_score
            points = shapley_values(worth, len(names), before, current_score)
            return list(zip(names, points.tolist()))
        return [(None, NAN)]

    def smallest_changes(
        self,
        attachment_id: int,
        layout: str,
        numbers: Sequence[float | None],
        texts: RowOfTexts,
        observed_values: str | None,
        names: Sequence[str | None] | None,
        below: float | None,
        key: str | None,
    ) -> "list[HelpfulChange]":
        """Return the smallest changes of a profile row that have it score below."""
        with self.refusals:
            from .smallest_changes import smallest_changes

            # Written so that NaN fails it.
            if below is None or not 0.0 < below <= 1.0:
                raise ScoringError(
                    f"threshold {'null' if below is None else below} is no probability",
                    hint="Pass what the score is to be below: more than 0, at most 1.",
                )
            version, digest, keys = self.registry.in_force_for(attachment_id, key)
            scorer = self.registry.scorer(attachment_id, version, digest, keys, layout)
            kept = self.kept(version)
            features = chosen_features(kept.signature, names)
            observed = json_object(observed_values)
            check_observed(version, features, observed, kept)
            row = row_of(numbers, texts).columns(scorer.positions)
            return smallest_changes(
                features, row, observed, below, self.scores_of(scorer)
            )
        return [(None,) * 4]

    def scores_of(self, scorer: Scorer) -> Callable[[Columns], np.ndarray]:
        """Return a function of columns that scores them, however long it takes."""
        # As many as any session takes at first, which lasts no longer than a cancel
        # may wait. By a pace, the last digits would depend on the clock.
        at_once = scorer.model.first_rows

        def score(columns: Columns) -> np.ndarray:
            found = [np.zeros(0)]
            for first in range(0, row_count(columns), at_once):
                self.registry.check_for_interrupts()
                last = first + at_once
                part = {name: one[first:last] for name, one in columns.items()}
                found.append(checked_probabilities(scorer.model, part))
            return np.concatenate(found)

        return score


def row_of(numbers: Sequence[float | None], texts: RowOfTexts) -> Batch:
    """Return one row as SQL passes it as a batch."""
    row = [NAN if value is None else value for value in numbers]
    return Batch(np.array([row], float), None if texts is None else [texts])


def differs(former: Any, current: Any) -> bool:
    """Return whether two values differ, of which NaN is equal to itself."""
    return former != current and (former == former or current == current)


def check_reproduced(version: int | None, score: float, logged: float | None) -> None:
    """Refuse to explain a logged score that its version does not give again."""
    if logged is not None and abs(score - logged) > TOLERANCE:
        raise ScoringError(
            f"model version {version} does not give the logged score again",
            detail=f"It gives {float(score)!r}, and {logged!r} is logged.",
            hint="The log's features are not those that were scored, or its rows were "
            "written by others.",
            sqlstate=NOT_REPRODUCED,
        )


def chosen_features(
    signature: Signature, names: Sequence[str | None] | None
) -> list[Feature]:
    """Return the features of these names, each once."""
    by_name = {feature.name: feature for feature in signature.features}
    if not names:
        raise ScoringError(
            "no features are named",
            hint=f"Pass an array of those that may be changed: {', '.join(by_name)}.",
        )
    for name in names:
        if name is None:
            raise ScoringError(
                "a feature that may be changed is null", hint="Leave it out."
            )
        if name not in by_name:
            raise ScoringError(
                f'the model has no feature "{name}"',
                hint=f"{guess(name, by_name)}Its features are {', '.join(by_name)}.",
                sqlstate="42703",
            )
    return [by_name[name] for name in dict.fromkeys(names) if name is not None]


def check_observed(
    version: int | None,
    features: Sequence[Feature],
    observed: Mapping[str, Any],
    kept: Kept,
) -> None:
    """Refuse to change features of which the caller may not know any values."""
    if not kept.known:
        raise ScoringError(
            f"model version {version} knows no values of its features",
            detail="Whoever registered it had no right to read the profile.",
            hint="Register the model anew with SELECT on the table.",
            sqlstate=MODEL_SQLSTATE,
        )
    for feature in features:
        if feature.name not in observed:
            raise ScoringError(
                f'the values of feature "{feature.name}" may not be read',
                hint="It takes SELECT on the column, without row level security.",
                sqlstate="42501",
            )


def json_object(text: str | None) -> dict[str, Any]:
    """Return a decoded JSON object; anything else counts as an empty one."""
    decoded = json.loads(text or "{}")
    return decoded if isinstance(decoded, dict) else {}


def importances(metrics: Any) -> dict[str, float]:
    """Return the permutation importance of features, where a training has told it.

    Metrics are what whoever registers says they are.
    """
    told = metrics.get("permutation_importance") if isinstance(metrics, dict) else None
    means = {
        name: one.get("mean")
        for name, one in (told if isinstance(told, dict) else {}).items()
        if isinstance(one, dict)
    }
    return {
        name: float(mean)
        for name, mean in means.items()
        if isinstance(mean, (int, float))
    }
