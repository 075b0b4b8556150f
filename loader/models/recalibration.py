"""A version inside a calibrator: the same model, whose scores come true again."""

import hashlib
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pgchurn.loader.database import Connection, fetch_all, fetch_value
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.files import read_model_file
from pgchurn.loader.models.attestation import Signer
from pgchurn.loader.models.calibration import weigh_log_odds, with_weights
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.evaluation import measure
from pgchurn.loader.models.mature_cohort import MatureCohort
from pgchurn.loader.models.outcomes import Outcomes
from pgchurn.loader.models.pickling import pickled
from pgchurn.loader.models.profile import Profile
from pgchurn.loader.models.registration import check_server_environment, register
from pgchurn.plpython.runtime.monitor_expected import LEAST_OF_EACH
from pgchurn.plpython.runtime.monitor_figures import SUREST
from pgchurn.plpython.runtime.monitor_performance import threshold_of
from pgchurn.plpython.runtime.signature import Signature
from scipy.special import xlogy
from scipy.stats import chi2, norm
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline

FOLDS = 5
# Of scores that come true, one cohort in so many seems not to.
SIGNIFICANCE = 0.01
# That what is gained is no less than its bound.
CONFIDENCE = 0.95
# What a version gives for the features that were logged with a score: XGBoost's sums
# are of single precision.
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Gain:
    """What weighing the log odds of scores changes, on customers of a cohort.

    Attributes
    ----------
    before, after : float
        Log loss of the scores, and of out-of-fold recalibrated ones.
    least : float
        What is gained at least, with a confidence of `CONFIDENCE`.
    """

    before: float
    after: float
    least: float

    @classmethod
    def of(
        cls, left: np.ndarray, scores: np.ndarray, recalibrated: np.ndarray
    ) -> "Gain":
        """Compare scores with what they were recalibrated to without these rows."""
        before, after = losses(left, scores), losses(left, recalibrated)
        gains = before - after
        error = gains.std(ddof=1) / np.sqrt(len(gains))
        least = gains.mean() - norm.ppf(CONFIDENCE) * error
        return cls(float(before.mean()), float(after.mean()), float(least))


def losses(left: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the log loss of each row, of scores that are no surer than `SUREST`."""
    sure = scores.clip(SUREST, 1 - SUREST)
    return -xlogy(left, sure) - xlogy(~left, 1 - sure)


@dataclass(frozen=True, eq=False)
class Recalibrated:
    """What log odds are weighed by, and what that gains.

    Attributes
    ----------
    weigher : sklearn.pipeline.Pipeline
        Of probabilities of leaving.
    out_of_fold : numpy.ndarray of float, shape (n_rows,)
        Probabilities of leaving, each by a weigher that did not see the customer.
    significance : float
        How often scores that come true seem to be as far from that.
    """

    weigher: Pipeline
    out_of_fold: np.ndarray
    significance: float

    @classmethod
    def on(cls, left: np.ndarray, scores: np.ndarray) -> "Recalibrated":
        """Weigh the log odds of scores, of customers of whom some left and some stayed.

        The test is that of the likelihood ratio, of slope and intercept together:
        Cox, "Two further applications of a model for binary regression", Biometrika 45
        (1958).
        """
        out_of_fold = np.empty(len(scores))
        # Not by who left: which fold a customer is in shall say nothing of that.
        splitter = KFold(FOLDS, shuffle=True, random_state=0)
        for others, fold in splitter.split(scores):
            weigher = weigher_of(left[others], scores[others])
            out_of_fold[fold] = weighed(weigher, scores[fold])
        weigher = weigher_of(left, scores)
        fitted = losses(left, weighed(weigher, scores))
        ratio = 2 * (losses(left, scores) - fitted).sum()
        return cls(weigher, out_of_fold, float(chi2.sf(ratio, 2)))

    @property
    def slope(self) -> float:
        """By what log odds are multiplied."""
        # Columns are half the log odds.
        return float(self.weigher["weights"].coef_[0, 0] / 2)

    @property
    def intercept(self) -> float:
        """What is added to them."""
        return float(self.weigher["weights"].intercept_[0])

    def of_everybody(self, cohort: MatureCohort) -> np.ndarray:
        """Return probabilities of which none is of a weigher that saw the customer."""
        probabilities = weighed(self.weigher, cohort.scores)
        probabilities[~cohort.acted_upon] = self.out_of_fold
        return probabilities


def weigher_of(left: np.ndarray, scores: np.ndarray) -> Pipeline:
    """Return what weighs the log odds of scores."""
    return weigh_log_odds(left, scores[:, None], 1 - SUREST, np.inf)


def weighed(weigher: Pipeline, scores: np.ndarray) -> np.ndarray:
    """Return recalibrated scores."""
    return weigher.predict_proba(scores[:, None])[:, 1]


def recalibrate_version(
    connection: Connection,
    version: int,
    *,
    since: str | None = None,
    until: str | None = None,
    pickle_file: str | Path | None = None,
    compile_form: bool = True,
    signer: Signer | None = None,
) -> dict[str, Any]:
    """Register a version inside a calibrator that is fitted on a mature cohort.

    Parameters
    ----------
    connection : Connection
        With no transaction open. Committed here.
    version : int
    since, until : str, optional
        As `MatureCohort.read` takes them.
    pickle_file : str or pathlib.Path, optional
        A file of the version's pickle; by default it is read from the registry.
    compile_form : bool, default=True
        Whether the server is to compile it.
    signer : Signer, optional
        Attests the model before it is registered.

    Returns
    -------
    dict
        What the cohort told, together with what the registry says.

    Raises
    ------
    LoaderError
        If the cohort does not tell, or calibration is not what is wrong.
    """
    row = row_of(connection, version)
    profile = Profile.find(connection, row["profile"])
    check_server_environment(connection)
    signature = Signature.from_json(row["signature"])
    cohort = MatureCohort.read(
        connection, profile.name, version, signature, since, until
    )
    told = ~cohort.acted_upon
    check_enough(cohort.left[told])
    candidate = Candidate.from_pickle(artifact_of(connection, row, pickle_file))
    connection.rollback()
    check_reproduced(candidate, signature, cohort)
    found = Recalibrated.on(cohort.left[told], cohort.scores[told])
    gain = check_gain(cohort, found)
    made = inside_calibrator(candidate, signature, cohort, found.weigher)
    kinds = {feature.name: feature.kind for feature in signature.features}
    positive_class = str(signature.classes[signature.positive_class])
    attestation = None
    if signer is not None:
        names = () if signature.named_columns else list(kinds)
        statement, _ = signer.describe(made, names, positive_class)
        attestation = signer.sign(statement)
    threshold = threshold_of(row["metrics"])
    evaluation = measure(
        cohort.left[told],
        found.out_of_fold,
        float(weighed(found.weigher, np.array([threshold]))[0]),
    )
    report = {
        "recalibrated": version,
        "cohort": {
            "since": cohort.since.isoformat(),
            "until": cohort.until.isoformat(),
            "rows": int(told.sum()),
            "left": int(cohort.left[told].sum()),
            "mean_score": float(cohort.scores[told].mean()),
            "acted_upon": int(cohort.acted_upon.sum()),
        },
        "slope": found.slope,
        "intercept": found.intercept,
        "log_loss_before": gain.before,
        "log_loss_after": gain.after,
        "least_gain": gain.least,
    }
    registered = register(
        connection,
        profile,
        made,
        kinds,
        positive_class=positive_class,
        metrics=asdict(evaluation),
        provenance={
            "source": "pgchurn recalibrate",
            "algorithm": row["algorithm"],
            "label": row["label"],
            "held_out": Outcomes.of_rows(found.out_of_fold, cohort.left[told])
            .grouped()
            .as_dict(),
            **report,
        },
        compile_form=compile_form,
        attestation=attestation,
        # They were known to the version that it is made of.
        allow_unknown=True,
        training_rows=cohort.frame,
        trained_until=cohort.known_until,
    )
    return {**report, "evaluation": asdict(evaluation), **registered}


def row_of(connection: Connection, version: int) -> dict[str, Any]:
    """Return what the registry says of a version; refuse one that is not there."""
    rows = fetch_all(connection, "recalibrated_model", version=version)
    if not rows:
        raise LoaderError(
            f"version {version} does not exist; pgchurn models lists them"
        )
    (row,) = rows
    if row["is_deleted"]:
        raise LoaderError(f"version {version} was deleted")
    if row["is_detached"]:
        raise LoaderError(f"the table of version {version} is not attached any more")
    return row


def artifact_of(
    connection: Connection, row: dict[str, Any], pickle_file: str | Path | None
) -> bytes:
    """Return the pickle of a version, from a file or from the registry."""
    version = row["version"]
    if pickle_file is not None:
        artifact = read_model_file(pickle_file)
        if hashlib.sha256(artifact).digest() != bytes(row["artifact_sha256"]):
            raise LoaderError(f"{pickle_file} is not the pickle of version {version}")
        return artifact
    if not row["is_readable"]:
        raise LoaderError(
            f"your role may not read the pickle of version {version}; name a file of "
            "it with --pickle, or have a superuser recalibrate it"
        )
    return bytes(fetch_value(connection, "artifact", version=version))


def check_enough(left: np.ndarray) -> None:
    """Refuse a cohort of which too few have left, or have stayed."""
    stayed = len(left) - left.sum()
    if min(left.sum(), stayed) < LEAST_OF_EACH:
        raise LoaderError(
            f"of the cohort {left.sum():,} customers left and {stayed:,} stayed, and "
            f"it takes {LEAST_OF_EACH} of each to tell; name a longer one with --since"
        )


def check_reproduced(
    candidate: Candidate, signature: Signature, cohort: MatureCohort
) -> None:
    """Refuse a cohort whose logged features do not give its logged scores."""
    keys = [str(place) for place in cohort.sampled]
    given = candidate.score(signature, keys, cohort.frame)
    if len(given) < 2:
        raise LoaderError(
            "the features of the cohort that are logged are not those that the version "
            "takes"
        )
    places = np.array([int(key) for key in given])
    apart = np.abs(np.array(list(given.values())) - cohort.scores[places])
    if (wrong := int((apart > TOLERANCE).sum())) > 0:
        raise LoaderError(
            f"for the features that are logged, the version gives other scores than "
            f"are logged for {wrong:,} of {len(apart):,} customers, up to "
            f"{apart.max():.2g} apart"
        )


def check_gain(cohort: MatureCohort, found: Recalibrated) -> Gain:
    """Return what recalibrating gains; refuse where that is nothing.

    Those who were acted upon are left out, and yet it has to gain with them, too: as
    nobody acts upon who has left, leavers weigh more without them.
    """
    told = ~cohort.acted_upon
    left, scores = cohort.left[told], cohort.scores[told]
    what = (
        f"{left.mean():.1%} of {len(left):,} customers left, {scores.mean():.1%} by "
        "the scores"
    )
    if found.slope <= 0:
        raise LoaderError(
            f"who has the higher scores does not leave more often ({what}): no "
            "calibrator mends that; train another model"
        )
    if found.significance >= SIGNIFICANCE:
        raise LoaderError(
            f"calibration is not what is wrong: {what}, and scores that come true "
            f"would be as far from that in {found.significance:.0%} of such cohorts"
        )
    gain = Gain.of(left, scores, found.out_of_fold)
    if gain.least <= 0:
        raise LoaderError(
            f"recalibrating gains too little to tell: {what}, and on customers that "
            f"the calibrator did not see the log loss would be {gain.after:.4f} "
            f"instead of {gain.before:.4f}, which may be chance; name a longer cohort "
            "with --since"
        )
    if not told.all():
        of_all = Gain.of(cohort.left, cohort.scores, found.of_everybody(cohort))
        if of_all.least <= 0:
            raise LoaderError(
                f"recalibrating gains nothing with the {(~told).sum():,} customers "
                f"who were acted upon ({what} without them): it may be that they "
                "explain it"
            )
    return gain


def inside_calibrator(
    candidate: Candidate,
    signature: Signature,
    cohort: MatureCohort,
    weigher: Pipeline,
) -> Candidate:
    """Return a model that weighs the log odds of another."""
    estimator = candidate.estimator
    if signature.positive_class == 0:
        # A stack reads the probability of the second class, whose log odds are those
        # of leaving, turned round.
        weigher = deepcopy(weigher)
        weigher["weights"].intercept_ *= -1
    # Which classes there are, and which columns, two rows tell.
    columns = {name: values.to_numpy()[:2] for name, values in cohort.frame.items()}
    rows = candidate.model(signature).model_input(columns)
    stack = with_weights(
        [("model", estimator)], weigher, rows, np.asarray(estimator.classes_)
    )
    return Candidate.from_pickle(pickled(stack))
