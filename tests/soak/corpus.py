"""Every attack of the corpus, and every pipeline that has to be let in."""

import importlib
import pickle

from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator

from tests.confined import a_second, confined
from tests.corpus import ATTACKS, IMPORTED_LATE
from tests.legitimate import PIPELINES, fitted, rows_for
from tests.soak.bars import Bar

FEWEST_ATTACKS = 72
FEWEST_PIPELINES = 90
PROTOCOLS = (4, 5)
# Of what a refusal says.
LONGEST_DETAIL = 300


def measure(server, full):
    """Load attacks and pipelines as the server does; both forms are the same."""
    yield pipelines_bar()
    yield attacks_bar()


def attacks_bar():
    """Let each attack be read in a child with limits, which is watched.

    All that the pipelines need is imported by now, so that an import is suspicious.
    """
    for module in IMPORTED_LATE:
        importlib.import_module(module)
    executed, crashes, accepted, unclear = [], [], [], []
    longest = a_second()
    slowest = 0.0
    for name, make in ATTACKS.items():
        outcome = confined(refusal, make())
        slowest = max(slowest, outcome.seconds)
        if outcome.did:
            executed.append(name)
        if outcome.kind != "returned":
            crashes.append(name)
        elif outcome.said is None:
            accepted.append(name)
        elif not is_clear(*outcome.said):
            unclear.append(name)
    failed = executed + crashes + accepted + unclear
    return Bar(
        f"malicious corpus, {len(ATTACKS)} files (at least {FEWEST_ATTACKS})",
        "0 executed, 0 crashes, 0 accepted; each refused clearly in "
        f"{longest:.2g} s and 256 MB",
        f"{len(executed)} executed, {len(crashes)} crashes, {len(accepted)} accepted, "
        f"{len(unclear)} unclear{': ' + failed[0] if failed else ''}; "
        f"slowest {slowest:.2f} s",
        not failed and slowest < longest and len(ATTACKS) >= FEWEST_ATTACKS,
    )


def refusal(artifact):
    """Load as the server does; return what the refusal says, None for none."""
    try:
        load_estimator(artifact)
    except ScoringError as error:
        return [error.message, error.detail, error.hint, error.sqlstate]
    return None


def is_clear(message, detail, hint, sqlstate):
    """Return whether a refusal says what is wrong and what to do."""
    return (
        message.startswith("model ")
        and detail.endswith(".")
        and len(detail) < LONGEST_DETAIL
        and hint.endswith(".")
        and sqlstate == "55000"
    )


def pipelines_bar():
    """Load each pipeline, plainly and as the server does, and compare predictions."""
    refused, different = [], []
    for name in PIPELINES:
        for protocol in PROTOCOLS:
            artifact = pickle.dumps(fitted(name), protocol)
            try:
                strict = load_estimator(artifact)
            except ScoringError as error:
                refused.append(f"{name}: {error.detail}")
                continue
            plain = in_one_job(pickle.loads(artifact))
            rows = rows_for(plain)
            found, expected = (one.predict_proba(rows) for one in (strict, plain))
            if found.tobytes() != expected.tobytes():
                different.append(name)
    failed = refused + different
    return Bar(
        f"legitimate corpus, {len(PIPELINES)} pipelines (at least {FEWEST_PIPELINES}) "
        "x protocols 4 and 5",
        "all load, identical predictions",
        f"{len(refused)} refused, {len(different)} different"
        f"{': ' + failed[0] if failed else ''}",
        not failed and len(PIPELINES) >= FEWEST_PIPELINES,
    )


def in_one_job(estimator):
    """Return an estimator that adds up in the order that the server's does."""
    for member in (estimator, *getattr(estimator, "estimators_", [])):
        if getattr(member, "n_jobs", None) is not None:
            member.n_jobs = 1
    return estimator
