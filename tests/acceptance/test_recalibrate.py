"""``pgchurn recalibrate``: the same model inside a calibrator."""

import pickle
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pgchurn.loader.command_line import main
from pgchurn.loader.models.pipelines import SPLINES
from psycopg2.extensions import make_dsn, quote_ident
from scipy.special import expit, logit
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import log_loss

from tests.models import (
    KINDS,
    Model,
    default_model,
    fit,
    fit_matrix,
    pipeline_for,
    populate,
    register_once,
    training_frame,
)
from tests.monitoring import log_rows
from tests.signers import KEY, private_pem, trust
from tests.streams import act_upon, leave

CUSTOMERS = "churn.customers"
ROWS = 1_500
# Before that, what was scored is mature.
SCORED = datetime.now(UTC) - timedelta(days=100)
FRAME, _ = training_frame(rows=ROWS, seed=11)
KEYS = np.array([f"{number}" for number in range(ROWS)])
EXPLAINED = "SELECT score, contributions FROM churn.explain_query(%s, %s)"
PREDICTED = "SELECT score FROM churn.predict_query(%s, 'SELECT * FROM churn.customers')"


def skewed(scores):
    """Return the chances of leaving of customers whose scores are far too high."""
    return expit(0.6 * logit(scores) - 1.2)


def log_cohort(session, model, version, chances=skewed, seed=1):
    """Log a cohort, and what became of it; return its scores, and who left."""
    scores = model.probabilities(FRAME)
    log_rows(
        session, FRAME[list(model.kinds)], scores, version, SCORED, keys=KEYS.tolist()
    )
    left = np.random.default_rng(seed).random(ROWS) < chances(scores)
    leave(session, SCORED, KEYS[left])
    return scores, left


def stored_version(session, version):
    """Return what the registry says of a version."""
    return session.row(
        "SELECT compiled IS NOT NULL, explanation IS NOT NULL, provenance, metrics,"
        " reference FROM churn.models WHERE version = %s",
        version,
    )


def first_is_positive():
    """Return a model whose first class is that of those who leave."""
    frame, labels = training_frame(seed=3)
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


MODELS = {
    "logistic": default_model,
    "boosting": lambda: fit(
        pipeline=pipeline_for(KINDS, GradientBoostingClassifier(n_estimators=30))
    ),
    "matrix": lambda: fit_matrix(["age", "monthly_charges", "data_usage_gb"]),
    "first class": first_is_positive,
}


@pytest.mark.parametrize("name", MODELS)
def test_scores_come_true_again(owner, pgchurn, tmp_path, name):
    populate(owner)
    model = MODELS[name]()
    version = register_once(owner, model)
    scores, left = log_cohort(owner, model, version)

    result = pgchurn("recalibrate", str(version))

    cohort = result["cohort"]
    assert (result["recalibrated"], cohort["rows"]) == (version, ROWS)
    assert (cohort["left"], cohort["acted_upon"]) == (left.sum(), 0)
    assert abs(result["slope"] - 0.6) < 0.15
    assert result["log_loss_before"] == pytest.approx(log_loss(left, scores))
    gained = result["log_loss_before"] - result["log_loss_after"]
    assert gained > result["least_gain"] > 0
    made = result["version"]
    compiled, explained, provenance, metrics, reference = stored_version(owner, made)
    assert compiled
    assert explained
    assert provenance["source"] == "pgchurn recalibrate"
    assert provenance["recalibrated"] == version
    assert provenance["cohort"] == cohort
    until = datetime.fromisoformat(provenance["trained_until"])
    assert timedelta(0) <= datetime.now(UTC) - until < timedelta(minutes=5)
    assert metrics["log_loss"] == pytest.approx(result["log_loss_after"], abs=1e-3)
    assert metrics["rows"] == reference["rows"] == ROWS
    # Each score is that of the version before, its log odds weighed.
    before, after = (np.array(owner.column(PREDICTED, v)) for v in (version, made))
    assert logit(after) == pytest.approx(
        result["slope"] * logit(before) + result["intercept"], abs=1e-9
    )
    (score, contributions), *_ = owner.run(
        EXPLAINED, made, "SELECT * FROM churn.customers ORDER BY customer_id"
    )
    base = owner.value("SELECT base FROM churn.explain_base(%s)", made)
    assert base + sum(contributions.values()) == pytest.approx(logit(score), abs=1e-9)
    file = tmp_path / "report.html"
    assert pgchurn("report", str(made), "-o", str(file))["missing"] == {}
    assert "calibrators that had not seen them" in file.read_text("utf-8")
    # What is active has not changed.
    assert owner.value("SELECT version FROM churn.active_deployments") == 1


def test_what_was_recalibrated_can_be_recalibrated(owner, pgchurn):
    populate(owner)
    scores, _ = log_cohort(owner, default_model(), 1)
    made = pgchurn("recalibrate", "1")
    owner.run("TRUNCATE churn.predictions, churn.outcomes")
    recalibrated = expit(made["slope"] * logit(scores) + made["intercept"])
    stored = owner.value(
        "SELECT artifact FROM churn.models WHERE version = %s", made["version"]
    )
    model = Model(pickle.loads(bytes(stored)), dict(KINDS))
    assert model.probabilities(FRAME) == pytest.approx(recalibrated, abs=1e-9)
    log_cohort(owner, model, made["version"], lambda said: expit(logit(said) + 1))

    again = pgchurn("recalibrate", str(made["version"]))

    assert again["slope"] == pytest.approx(1, abs=0.25)
    assert again["intercept"] == pytest.approx(1, abs=0.3)
    assert stored_version(owner, again["version"])[:2] == (True, True)


def test_it_is_fitted_on_what_was_logged_and_not_on_todays_profile(owner, pgchurn):
    populate(owner)
    log_cohort(owner, default_model(), 1)
    owner.run("UPDATE churn.customers SET age = 99, monthly_charges = NULL")

    made = pgchurn("recalibrate", "1")["version"]

    *_, reference = stored_version(owner, made)
    assert reference["source"] == "training sample"
    assert reference["features"]["age"]["typical"] == pytest.approx(
        FRAME["age"].median()
    )


def test_the_cohort_can_be_named(owner, pgchurn):
    populate(owner)
    log_cohort(owner, default_model(), 1)
    day = timedelta(days=1)
    window = ("--since", str(SCORED - day), "--until", str(SCORED + day))

    cohort = pgchurn("recalibrate", "1", *window)["cohort"]

    assert datetime.fromisoformat(cohort["since"]) == SCORED - day
    assert datetime.fromisoformat(cohort["until"]) == SCORED + day
    refused = pgchurn("recalibrate", "1", "--until", "tomorrow", status=1)
    assert "are not mature before" in refused.err


@pytest.mark.parametrize(
    "chances, told",
    [
        (lambda scores: scores, "calibration is not what is wrong"),
        (lambda scores: 1 - scores, "train another model"),
        (lambda scores: np.where(scores > 0.98, 1.0, 0.0), "and it takes 100 of each"),
        (lambda scores: scores * 0, "of the cohort 0 customers left and 1,500 stayed"),
        (lambda scores: scores * 0 + 1, "of the cohort 1,500 customers left and 0"),
    ],
)
def test_where_calibration_is_not_what_is_wrong_nothing_is_registered(
    owner, pgchurn, chances, told
):
    populate(owner)
    log_cohort(owner, default_model(), 1, chances)

    refused = pgchurn("recalibrate", "1", status=1)

    assert told in refused.err
    assert owner.value("SELECT count(*) FROM churn.models") == 1


def test_those_who_were_acted_upon_are_left_out(owner, pgchurn):
    populate(owner)
    scores, left = log_cohort(owner, default_model(), 1)
    stayed = KEYS[~left][:100]
    act_upon(owner, SCORED, stayed)

    cohort = pgchurn("recalibrate", "1")["cohort"]

    assert (cohort["rows"], cohort["acted_upon"]) == (ROWS - 100, 100)
    assert cohort["left"] == left.sum()
    kept = ~np.isin(KEYS, stayed)
    assert cohort["mean_score"] == pytest.approx(scores[kept].mean())


def test_where_they_may_explain_it_nothing_is_registered(owner, pgchurn):
    populate(owner)
    scores, left = log_cohort(owner, default_model(), 1, lambda scores: scores)
    # Whoever was likely to leave, and had not left yet.
    act_upon(owner, SCORED + timedelta(days=5), KEYS[(scores > 0.5) & ~left])

    refused = pgchurn("recalibrate", "1", status=1)

    assert "customers who were acted upon" in refused.err
    assert "it may be that they explain it" in refused.err


def test_features_that_do_not_give_the_score_are_refused(owner, pgchurn):
    populate(owner)
    model = default_model()
    scores = model.probabilities(FRAME)
    shifted = FRAME.assign(age=FRAME["age"] + 1)
    log_rows(owner, shifted, scores, 1, SCORED, keys=KEYS.tolist())
    leave(owner, SCORED, KEYS[:600])

    refused = pgchurn("recalibrate", "1", status=1)

    assert "the version gives other scores than are logged for 1,500" in refused.err


def test_features_that_are_not_logged_are_missed(owner, pgchurn):
    populate(owner)
    log_rows(owner, FRAME[["age"]], np.full(ROWS, 0.3), 1, SCORED, keys=KEYS.tolist())
    leave(owner, SCORED, KEYS[:600])

    refused = pgchurn("recalibrate", "1", status=1)

    assert "are not those that the version takes" in refused.err


def test_a_version_that_is_not_there_is_refused(owner, pgchurn):
    populate(owner)
    assert "version 9 does not exist" in pgchurn("recalibrate", "9", status=1).err
    owner.run("SELECT churn.detach(%s)", CUSTOMERS)
    assert "is not attached any more" in pgchurn("recalibrate", "1", status=1).err


def test_loaders_bring_the_pickle_that_they_may_not_read(
    owner, empty_database, tmp_path, capsys
):
    populate(owner)
    log_cohort(owner, default_model(), 1)
    role = f"{empty_database.name}_loader"
    quoted = quote_ident(role, owner.connection)
    owner.run(f"CREATE ROLE {quoted} IN ROLE churn_loader")
    file, other = tmp_path / "model.pkl", tmp_path / "other.pkl"
    file.write_bytes(
        bytes(owner.value("SELECT artifact FROM churn.models WHERE version = 1"))
    )
    other.write_bytes(fit(seed=4).artifact)
    url = make_dsn(empty_database.url, options=f"-c role={role}")
    command = ["recalibrate", "1", "--database-url", url]
    try:
        assert main(command) == 1
        assert "name a file of it with --pickle" in capsys.readouterr().err
        assert main([*command, "--pickle", str(other)]) == 1
        assert "is not the pickle of version 1" in capsys.readouterr().err
        assert main([*command, "--pickle", str(file)]) == 0
    finally:
        owner.run(f"DROP OWNED BY {quoted}")
        owner.run(f"DROP ROLE {quoted}")
    printed = capsys.readouterr().out
    assert "Of 1,500 customers whom version 1 scored from" in printed
    assert "Registered as version 2" in printed
    assert "Next: pgchurn activate 2" in printed


@pytest.mark.parametrize("name", ["matrix", "first class"])
def test_where_a_key_is_trusted_it_is_signed(owner, pgchurn, tmp_path, name):
    populate(owner)
    model = MODELS[name]()
    version = register_once(owner, model)
    log_cohort(owner, model, version)
    trust(owner)
    key = tmp_path / "key.pem"
    key.write_text(private_pem(KEY))
    assert "model is not signed" in pgchurn("recalibrate", str(version), status=1).err

    signer = ("--key", str(key), "--name", "churn", "--model-version", "7")
    made = pgchurn("recalibrate", str(version), *signer)["version"]

    assert pgchurn("show", str(made))["signed_version"] == 7
    assert stored_version(owner, made)[:2] == (True, True)


@pytest.mark.slow(reason="trains")
@pytest.mark.parametrize("algorithm", ["auto", SPLINES])
def test_what_training_makes_is_recalibrated(owner, pgchurn, algorithm):
    populate(owner)
    owner.run(
        "INSERT INTO churn.customers (customer_id, customer_name, age, contract,"
        " paperless_billing, monthly_charges, data_usage_gb)"
        " SELECT i, 'customer ' || i, 18 + i %% 60, (%s::text[])[1 + i %% 3],"
        " i %% 2 = 0, 20 + i %% 100, i %% 37 FROM generate_series(101, 700) i",
        ["month to month", "one year", "two year"],
    )
    owner.run(
        "UPDATE churn.customers SET churned = hashint8(customer_id) % 5 + age / 20 > 2"
    )
    owner.run("SELECT churn.set_prediction_log(%s, 1)", CUSTOMERS)
    command = ("train", "--label", "churned", "--algorithm", algorithm)
    trained = pgchurn(*command, "--time-budget", "25")["version"]
    pgchurn("activate", str(trained))
    owner.run("CALL churn.rescore(%s)", CUSTOMERS)
    owner.run("UPDATE churn.predictions SET predicted_at = now() - interval '100 days'")
    logged = owner.run("SELECT key, score FROM churn.predictions")
    random = np.random.default_rng(2)
    gone = [key for key, score in logged if random.random() < skewed(score)]
    leave(owner, SCORED + timedelta(days=1), gone)

    made = pgchurn("recalibrate", str(trained))["version"]

    assert stored_version(owner, made)[:2] == (True, True)
