"""``pgchurn learn``: versions that learn as outcomes mature."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import timedelta

import numpy as np
import pytest
from pgchurn.loader.command_line import main
from pgchurn.loader.database import connect
from pgchurn.loader.models.calibration import weigh_log_odds, with_weights
from pgchurn.loader.models.learning_run import Run
from pgchurn.loader.operations.doctor import examine
from psycopg2.extensions import make_dsn, quote_ident
from scipy.special import expit, logit
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from tests.databases import CHECKOUT
from tests.learning import (
    CUSTOMERS,
    SCORED,
    TRAINED_ROWS,
    base_model,
    batches,
    key_of,
    log_outcomes,
    nobody,
    reasons,
    register_base,
    set_learning,
)
from tests.models import (
    KINDS,
    Model,
    fit,
    pipeline_for,
    populate,
    read_features,
    training_frame,
)
from tests.outcomes import ACT, know
from tests.signers import KEY, private_pem, trust
from tests.working import wait_for

pytestmark = pytest.mark.slow(reason="registers versions, each in a process of its own")

STATES = (
    "SELECT state_sha256 FROM churn_internal.learned_batches"
    " ORDER BY stream_id, position"
)


@pytest.fixture
def base(owner):
    """Return the version of a base whose scores are too high by now."""
    populate(owner)
    return register_base(owner)


def estimator_of(session, version):
    """Return what a version's pickle holds."""
    artifact = session.value(
        "SELECT artifact FROM churn.models WHERE version = %s", version
    )
    return pickle.loads(bytes(artifact))


def doctor(database):
    """Return what `pgchurn doctor` says of learning."""
    with closing(connect(database.url)) as connection:
        return [
            (row["ok"], row["found"])
            for row in examine(connection)
            if row["check"] == "learning of churn.customers"
        ]


def test_the_head_moves_and_the_preprocessing_stays(owner, pgchurn, base):
    frame, left = log_outcomes(owner, 1_700, version=base)
    set_learning(owner, base)

    result = pgchurn("learn")

    assert batches(owner) == [("learned", 500)] * 3
    made = result["registered"]["version"]
    before, after = estimator_of(owner, base), estimator_of(owner, made)
    assert after[-1].coef_.tolist() != before[-1].coef_.tolist()
    inputs = [one[0].transform(frame).tolist() for one in (before, after)]
    assert inputs[0] == inputs[1]
    far = [
        one.predict_proba(frame)[:, 1].mean() - left.mean() for one in (before, after)
    ]
    # 1,500 customers beside the 4,000 that the version was fitted on.
    assert 0.05 < far[1] / 0.85 < far[0]
    provenance, metrics, reference = owner.row(
        "SELECT provenance, metrics, reference FROM churn.models WHERE version = %s",
        made,
    )
    assert provenance["source"] == "pgchurn learn"
    assert (provenance["base_version"], provenance["position"]) == (base, 3)
    assert provenance["trained_until"] > str(SCORED + timedelta(days=200))[:10]
    assert metrics["rows"] == reference["rows"] == 1_500
    assert owner.row("SELECT learned, quarantined, version FROM churn.learning") == (
        3,
        0,
        made,
    )
    # 200 customers are too few, and wait.
    again = pgchurn("learn")
    assert again["batches"] == []
    assert again["registered"] is None


def test_scores_are_those_of_before_each_batch_was_learned(owner, pgchurn, base):
    frame, left = log_outcomes(owner, 500, version=base)
    set_learning(owner, base)

    (batch,) = pgchurn("learn")["batches"]

    scores = base_model().probabilities(frame)
    assert batch["mean_score"] == pytest.approx(scores.mean(), abs=1e-12)
    assert batch["churned"] == left.sum()
    sure = np.where(left, scores, 1 - scores)
    assert batch["log_loss"] == pytest.approx(-np.log(sure).mean(), abs=1e-12)


def test_replay_leads_to_the_same_bytes_whatever_was_corrected_since(
    owner, pgchurn, base
):
    log_outcomes(owner, 1_000, version=base)
    set_learning(owner, base)
    pgchurn("learn", "--no-release")
    log_outcomes(owner, 1_000, day=20, seed=1, version=base)
    made = pgchurn("learn", "--no-release")["registered"]["version"]

    replayed = pgchurn("learn", "--replay")
    assert (replayed["batches"], replayed["differing"]) == (4, [])
    assert made in replayed["versions"]

    # Late labels, a label that is corrected, and customers acted upon, as is told now.
    for number in range(30):
        know(owner, key_of(0, number), number % 2 == 0, "-190 days")
    owner.run(ACT, CUSTOMERS, key_of(20, 1), "call", "-175 days")
    assert pgchurn("learn", "--replay") == replayed
    # What is learned from now on is as it is known now, and so is its replay.
    log_outcomes(owner, 500, day=30, seed=2, version=base)
    pgchurn("learn", "--no-release")
    assert pgchurn("learn", "--replay")["differing"] == []

    owner.run("SELECT churn.forget(%s, %s)", CUSTOMERS, key_of(0, 5))
    differs = pgchurn("learn", "--replay", status=1)
    assert '"position": 1' in differs.out
    assert "its rows are others: 499, and 500 then" in differs.out


def test_a_replay_sees_what_was_tampered_with(owner, pgchurn, base):
    log_outcomes(owner, 1_000, version=base)
    set_learning(owner, base)
    pgchurn("learn", "--no-release")
    digest = "UPDATE churn_internal.learned_batches SET {} = '\\x00' WHERE position = 2"

    owner.run(digest.format("artifact_sha256"))
    told = pgchurn("learn", "--replay", status=1).out
    assert "has other bytes" in told
    owner.run(digest.format("state"))
    assert "begin anew" in pgchurn("learn", status=1).err
    owner.run(digest.format("state_sha256"))
    told = pgchurn("learn", "--replay", status=1).out
    assert "what is known after it is something else" in told


POISONS = {
    "flipped": {
        # Few of those whose scores are high leave, and many of all others.
        "chances": lambda scores: expit(2 - logit(scores)),
        "told": "move the mean score by",
    },
    "shifted": {
        "change": lambda frame: frame.assign(age=frame["age"] + 40),
        "told": "it drifts: ",
    },
    "extreme": {
        "change": lambda frame: frame.assign(
            age=frame["age"].where(frame.index % 4 > 0, 1e300),
            # As the log spells it.
            monthly_charges="Infinity",
        ),
        "told": "it drifts: ",
    },
    "unknown": {
        "change": lambda frame: frame.assign(contract="another"),
        "told": "it drifts: ",
    },
    "null": {"change": lambda frame: frame.assign(age=np.nan), "told": "it drifts: "},
    "nobody left": {
        "chances": lambda scores: scores * 0,
        "told": "all 500 customers s",
    },
    "all left": {
        "chances": lambda scores: scores * 0 + 1,
        "told": "all 500 customers l",
    },
}


def test_a_poisoned_batch_is_quarantined_and_moves_nothing(
    owner, pgchurn, base, empty_database
):
    log_outcomes(owner, 500, version=base)
    for day, poison in enumerate(POISONS.values(), 1):
        changed = {name: value for name, value in poison.items() if name != "told"}
        log_outcomes(owner, 500, day=day, seed=day, version=base, **changed)
    log_outcomes(owner, 500, day=50, seed=50, version=base)
    set_learning(owner, base)

    pgchurn("learn")

    poisoned = [("quarantined", 500)] * len(POISONS)
    assert batches(owner) == [("learned", 500), *poisoned, ("learned", 500)]
    for reason, poison in zip(reasons(owner).values(), POISONS.values()):
        assert reason.startswith(poison["told"]) or poison["told"] in reason
    states = [bytes(state) for state in owner.column(STATES)]
    assert len(set(states[:-1])) == 1
    assert states[-1] != states[0]
    # All that stand in a row are told, until one is learned.
    assert doctor(empty_database) == [(True, "2 batches learned")]
    for day in (60, 70, 80):
        log_outcomes(owner, 500, day=day, seed=day, version=base, chances=nobody)
    pgchurn("learn")
    ((ok, said),) = doctor(empty_database)
    assert not ok
    assert said.startswith("stands still: the last 3 batches are quarantined")
    assert said.endswith("; all 500 customers stayed")


def test_a_batch_that_is_learned_moves_no_score_beyond_the_guardrail(
    owner, pgchurn, base
):
    customers, _ = training_frame(rows=5_000, seed=9)
    for day in range(4):
        log_outcomes(
            owner,
            500,
            day=day,
            seed=day,
            version=base,
            chances=lambda scores: np.where(scores < 0.1, 1.0, scores),
        )
    set_learning(owner, base)

    pgchurn("learn")

    learned = owner.column(
        "SELECT step FROM churn.learning_batches WHERE decision = 'learned'"
    )
    assert learned
    assert all(0 < step < 1 for step in learned)
    (made,) = owner.column("SELECT version FROM churn.learning")
    before, after = (
        estimator_of(owner, version).predict_proba(customers)[:, 1]
        for version in (base, made)
    )
    assert np.abs(after - before).max() <= 0.05 * len(learned)


def test_each_version_is_released_in_turn_and_those_never_released_go(
    owner, pgchurn, base
):
    set_learning(owner, base)
    made = []
    for number in range(4):
        log_outcomes(owner, 500, day=5 * number, seed=number, version=base)
        result = pgchurn("learn")
        made.append(result["registered"]["version"])
        if number == 0:
            assert result["released"] == made[0]
            assert result["waits"] is None
        else:
            assert result["release_id"] is None
            assert result["waits"] == f"version {made[-1]} waits for a release to end"
        # The first is released, and the last is the next to be.
        assert result["pruned"] == (made[-2:-1] if number > 1 else [])
    there = owner.column("SELECT version FROM churn.models ORDER BY 1")
    assert there == [1, base, made[0], made[3]]

    owner.run("SELECT churn.cancel_release(%s)", CUSTOMERS)
    result = pgchurn("learn")

    assert (result["batches"], result["released"]) == ([], made[3])
    assert owner.run(
        "SELECT challenger, state FROM churn.releases ORDER BY release_id"
    ) == [(made[0], "cancelled"), (made[3], "under way")]
    # Replay compares what is still there, and what is gone.
    assert pgchurn("learn", "--replay")["versions"] == made


def test_a_version_that_the_log_names_stays(owner, pgchurn, base):
    set_learning(owner, base)
    made = []
    for number in range(3):
        log_outcomes(owner, 500, day=number, seed=number, version=base)
        result = pgchurn("learn", "--no-release")
        made.append(result["registered"]["version"])
        owner.run(
            "INSERT INTO churn.predictions SELECT a.attachment_id, '1', %s, 0.5, '{}',"
            " 'batch', clock_timestamp() FROM churn_internal.attachment_of(%s) a",
            *(made[0], CUSTOMERS),
        )
    assert result["pruned"] == [made[1]]
    assert made[0] in owner.column("SELECT version FROM churn.models")


def test_who_is_killed_goes_on_where_it_was(owner, pgchurn, base, empty_database):
    for day in range(30):
        log_outcomes(owner, 100, day=day, seed=day, version=base)
    set_learning(owner, base, min_batch=50)
    process = subprocess.Popen(
        [sys.executable, "-m", "pgchurn.loader", "learn", "--no-release"],
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": empty_database.url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: len(batches(owner)) >= 3)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = len(batches(owner))
    assert done < 60
    # The server notices that its client is gone when it next writes to it.
    wait_for(lambda: not pgchurn("learn", "--no-release")["busy"])

    assert len(batches(owner)) == 60
    replayed = pgchurn("learn", "--replay")
    assert (replayed["batches"], replayed["differing"]) == (60, [])


def test_what_was_learned_and_not_registered_is_registered(
    owner, pgchurn, base, monkeypatch
):
    log_outcomes(owner, 500, version=base)
    set_learning(owner, base)
    with monkeypatch.context() as patched:
        patched.setattr(Run, "register", lambda *_: None)
        assert pgchurn("learn")["registered"] is None

    result = pgchurn("learn")

    assert result["batches"] == []
    made = result["registered"]["version"]
    assert result["released"] == made
    metrics = owner.value("SELECT metrics FROM churn.models WHERE version = %s", made)
    assert metrics["rows"] == 500
    assert pgchurn("learn", "--replay")["versions"] == [made]


def test_while_somebody_learns_nobody_else_does(owner, pgchurn, base, empty_database):
    log_outcomes(owner, 500, version=base)
    set_learning(owner, base)
    other = empty_database.session()
    other.run("SELECT FROM churn_internal.begin_learning(%s)", CUSTOMERS)

    assert pgchurn("learn") == {"busy": True}
    assert pgchurn("learn", "--replay", status=1)

    other.rollback()
    assert len(pgchurn("learn")["batches"]) == 1


def test_outcomes_that_are_being_recorded_are_waited_for(
    owner, pgchurn, base, empty_database
):
    log_outcomes(owner, 500, version=base)
    set_learning(owner, base)
    other = empty_database.session()
    know(other, key_of(0, 1), True, "-190 days")

    started = time.monotonic()
    refused = pgchurn("learn", status=1)

    assert "outcomes of churn.customers are being recorded" in refused.err
    assert time.monotonic() - started > 4
    other.rollback()
    assert len(pgchurn("learn")["batches"]) == 1


def test_what_has_no_linear_head_is_refused_by_name(owner, pgchurn):
    classifier = GradientBoostingClassifier(n_estimators=5)
    populate(owner)
    model = fit(pipeline=pipeline_for(KINDS, classifier))
    version = register_base(owner, model, rows=training_frame(rows=200)[0])
    set_learning(owner, version)

    refused = pgchurn("learn", status=1)

    assert "GradientBoostingClassifier does not learn" in refused.err
    assert "LogisticRegression" in refused.err
    assert "StackingClassifier" in refused.err


def stack():
    """Return boosting whose log odds are weighed, as training and recalibrating do."""
    frame, labels = training_frame(rows=TRAINED_ROWS, seed=5)
    trees = pipeline_for(KINDS, GradientBoostingClassifier(n_estimators=20))
    trees.fit(frame, labels)
    scores = trees.predict_proba(frame)[:, 1]
    weigher = weigh_log_odds(labels, scores[:, None])
    return Model(with_weights([("trees", trees)], weigher, frame, labels), dict(KINDS))


def turned_round():
    """Return a model whose first class is that of those who leave."""
    frame, labels = training_frame(rows=TRAINED_ROWS, seed=5)
    pipeline = pipeline_for(KINDS).fit(frame, np.where(labels, "churned", "stays"))

    class Turned(Model):
        @property
        def signature(self):
            return super().signature | {
                "classes": ["churned", "stays"],
                "positive_class": 0,
            }

        def probabilities(self, rows):
            return 1 - super().probabilities(rows)

    return Turned(pipeline, dict(KINDS))


def matrix():
    """Return a logistic regression by itself, of a plain matrix."""
    kinds = {name: kind for name, kind in KINDS.items() if kind == "number"}
    frame, labels = training_frame(rows=TRAINED_ROWS, seed=5)
    classifier = LogisticRegression(max_iter=5_000)
    classifier.fit(frame[list(kinds)].to_numpy(), labels)
    return Model(classifier, kinds, named_columns=False, refuses_null=tuple(kinds))


@pytest.mark.parametrize("make", [stack, turned_round, matrix])
def test_other_heads_learn_as_well(owner, pgchurn, make):
    populate(owner)
    model = make()
    rows = training_frame(rows=TRAINED_ROWS, seed=5)[0]
    version = register_base(owner, model, rows=rows)
    frame, left = log_outcomes(owner, 1_500, version=version, model=model)
    set_learning(owner, version)

    made = pgchurn("learn")["registered"]["version"]

    replayed = pgchurn("learn", "--replay")
    assert (replayed["differing"], replayed["versions"]) == ([], [made])
    learned = type(model)(
        estimator_of(owner, made), model.kinds, named_columns=model.named_columns
    )
    far = [one.probabilities(frame).mean() - left.mean() for one in (model, learned)]
    assert far[1] < 0.85 * far[0]


def test_whom_nobody_can_learn_from_is_left_out(owner, pgchurn, base):
    log_outcomes(owner, 600, version=base)
    for number in range(40):
        owner.run(ACT, CUSTOMERS, key_of(0, number), "call", "-199 days")
    owner.run(
        "UPDATE churn.predictions SET features = '{\"age\": 30}' WHERE key = ANY (%s)",
        [key_of(0, number) for number in range(40, 90)],
    )
    owner.run(
        "UPDATE churn.predictions SET features ="
        " jsonb_set(features::jsonb, '{contract}', '[1]') WHERE key = %s",
        key_of(0, 95),
    )
    set_learning(owner, base)

    pgchurn("learn")

    ((_, decision, n, _, left_out, *_),) = owner.run(
        "SELECT position, decision, n, churned, left_out, reason, version"
        " FROM churn.learning_batches"
    )
    assert (decision, n) == ("learned", 500)
    # 50 without features, one with a list, and those of 40 who had not left before.
    assert 51 <= left_out <= 91


def test_loaders_learn_with_the_pickle_that_they_may_not_read(
    owner, base, empty_database, tmp_path, capsys
):
    log_outcomes(owner, 500, version=base)
    role = f"{empty_database.name}_loader"
    quoted = quote_ident(role, owner.connection)
    owner.run(f"CREATE ROLE {quoted} IN ROLE churn_loader")
    file = tmp_path / "model.pkl"
    file.write_bytes(base_model().artifact)
    url = make_dsn(empty_database.url, options=f"-c role={role}")
    command = ["learn", "--database-url", url]
    try:
        session = empty_database.session(autocommit=True)
        session.run(f"SET ROLE {quoted}")
        set_learning(session, base)
        assert main(command) == 1
        assert "name a file of it with --pickle" in capsys.readouterr().err
        assert main([*command, "--pickle", str(file)]) == 0
        printed = capsys.readouterr().out
        assert main([*command, "--pickle", str(file), "--replay"]) == 0
        session.close()
    finally:
        owner.run(f"DROP OWNED BY {quoted}")
        owner.run(f"DROP ROLE {quoted}")
    made = owner.value("SELECT max(version) FROM churn.models")
    assert f"Registered as version {made}." in printed
    assert f"Release 1 of version {made} is under way" in printed
    assert f"the same, of version: {made}." in capsys.readouterr().out


def test_where_a_key_is_trusted_what_is_learned_is_signed(owner, pgchurn, tmp_path):
    populate(owner)
    key = tmp_path / "key.pem"
    key.write_text(private_pem(KEY))
    file = tmp_path / "base.pkl"
    file.write_bytes(base_model().artifact)
    fingerprint = trust(owner)
    signer = ("--key", str(key), "--name", "churn", "--model-version")
    pgchurn("sign", str(file), *signer, "7")
    base = pgchurn(
        *("register", str(file), "--attestation", f"{file}.attestation"),
        *("--trained-until", SCORED.isoformat()),
    )["version"]
    pgchurn("activate", str(base))

    def of_profile(frame):
        # Its reference is of the profile's rows.
        rows = read_features(owner, KINDS)
        return rows.sample(len(frame), replace=True, random_state=0)

    log_outcomes(owner, 500, version=base, change=of_profile)
    set_learning(owner, base)

    assert "model is not signed" in pgchurn("learn", status=1).err
    result = pgchurn("learn", *signer, "8")
    assert result["batches"] == []
    made = result["registered"]["version"]
    assert pgchurn("show", str(made))["signed_version"] == 8
    assert result["released"] == made

    owner.run("SELECT churn_trust.revoke_key(%s)", fingerprint)
    log_outcomes(owner, 500, day=3, seed=3, version=base, change=of_profile)
    assert "is not trusted" in pgchurn("learn", *signer, "9", status=1).err


def test_nothing_is_learned_from_a_version_that_is_gone(owner, pgchurn, base):
    log_outcomes(owner, 500, version=base)
    assert "nothing is to be learned" in pgchurn("learn", status=1).err
    set_learning(owner, base)
    owner.run("SELECT churn.detach(%s)", CUSTOMERS)
    assert "not attached" in pgchurn("learn", status=1).err
    assert main(["learn", "--table", "nowhere.nothing"]) == 1


@pytest.mark.parametrize(
    "statement",
    [
        # As churn.expire_predictions does.
        "LOCK TABLE churn.predictions IN ACCESS EXCLUSIVE MODE",
        "SELECT churn.set_learning('churn.customers', NULL)",
    ],
)
def test_who_waits_for_a_run_is_not_waited_for_by_it(
    owner, pgchurn, base, empty_database, monkeypatch, statement
):
    log_outcomes(owner, 500, version=base)
    set_learning(owner, base)
    other = empty_database.session()
    waiting = threading.Thread(
        target=lambda: (other.run(statement), other.commit()), daemon=True
    )
    latest_rows = Run.latest_rows

    def begin_to_wait(run, batches):
        found = latest_rows(run, batches)
        waiting.start()
        time.sleep(0.5)
        return found

    monkeypatch.setattr(Run, "latest_rows", begin_to_wait)

    assert pgchurn("learn")["released"] is not None

    waiting.join(20)
    assert not waiting.is_alive()
