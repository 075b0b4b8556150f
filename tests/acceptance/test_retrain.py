"""``pgchurn retrain``: trained anew on what was logged, released if surely better."""

import json

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.command_line import main
from psycopg2.extensions import make_dsn, quote_ident

from tests.company import KINDS as CLIENT_KINDS
from tests.company import attach, create_tables
from tests.comparing import customers, said_of, trained_model, trained_until
from tests.models import (
    KINDS,
    Model,
    activate,
    fit,
    pipeline_for,
    populate,
    register,
    register_once,
)
from tests.monitoring import log_rows
from tests.retraining import (
    COMPARED_AT,
    CUSTOMERS,
    KNOWN,
    REQUESTS,
    TRAINED_AT,
    champion,
    days_ago,
    log_year,
    poor_model,
)
from tests.signers import KEY, private_pem, register_signed, signed, trust
from tests.streams import leave

QUICK = ("--algorithm", "logistic_regression")
REQUEST = "SELECT churn.request_retraining(%s::regclass)"
RELEASES = "SELECT state, champion, challenger FROM churn.releases"
MADE = (
    "SELECT count(*) FROM churn.models"
    " WHERE provenance ->> 'source' = 'pgchurn retrain'"
)

pytestmark = pytest.mark.slow(reason="trains")


def retrain(pgchurn, *arguments):
    """Run the command, which does one request; return what came of it."""
    (one,) = pgchurn("retrain", *QUICK, *arguments)["requests"]
    return one


def reason_to_keep(owner, pgchurn):
    """Ask for a retraining, which keeps the champion untrained; return why."""
    owner.value(REQUEST, CUSTOMERS)
    one = retrain(pgchurn)
    assert (one["decision"], one["version"]) == ("kept", None), one
    assert owner.value(MADE) == 0
    assert owner.run(RELEASES) == []
    return one["decision_reason"]


@pytest.fixture
def year(owner):
    """A champion that knows nothing, and a year of its scores."""
    populate(owner)
    version = champion(owner, poor_model())
    log_year(owner, poor_model(), version)
    return version


def test_what_surely_does_better_is_released(owner, pgchurn, year):
    request = owner.value(REQUEST, CUSTOMERS)

    one = retrain(pgchurn)

    assert (one["request_id"], one["decision"]) == (request, "released"), one
    assert one["decision_reason"].startswith("challenger better: log loss 0.")
    made = one["version"]
    assert owner.run(REQUESTS) == [
        (request, "released", made, one["release_id"], None, 1)
    ]
    assert owner.run(RELEASES) == [("under way", year, made)]
    evidence = owner.value("SELECT evidence FROM churn.retraining_requests")
    log_loss = evidence["comparison"][0]
    assert log_loss["upper"] < 0
    assert evidence["calibration"]["ok"]
    provenance = owner.value(
        "SELECT provenance FROM churn.models WHERE version = %s", made
    )
    assert provenance["source"] == "pgchurn retrain"
    assert provenance["trained_on"]["customers"] == 1_200
    # Anybody may compare again, and finds the same.
    again = owner.row(
        "SELECT difference, lower, upper, verdict FROM churn.compare(%s::regclass, %s,"
        " %s, %s::timestamptz, expected => %s) WHERE name = 'log_loss'",
        *(CUSTOMERS, year, made, evidence["spans"]["compared_since"]),
        evidence["expected"],
    )
    assert again == tuple(
        log_loss[name] for name in ("difference", "lower", "upper", "verdict")
    )

    # The next request waits for that release, and says so.
    owner.value(REQUEST, CUSTOMERS)
    one = retrain(pgchurn)
    waiting = f"a release of model version {made} is under way"
    assert (one["decision"], one["waiting"]) == (None, waiting)
    assert owner.run(REQUESTS)[1][-2:] == (waiting, 1)
    pgchurn("retrain", "--unless-released", "99", status=99)


def test_who_knows_as_much_is_kept(owner, pgchurn):
    populate(owner)
    version = champion(owner, trained_model())
    log_year(owner, trained_model(), version)
    owner.value(REQUEST, CUSTOMERS)

    one = retrain(pgchurn)

    assert one["decision"] == "kept"
    assert "customers left" in one["decision_reason"]
    assert not one["evidence"]["comparison"][0]["verdict"] == "challenger better"
    assert owner.run(RELEASES) == []
    # To be looked at, and compared again when more is known.
    assert one["version"] == owner.value("SELECT max(version) FROM churn.models")


def test_what_does_better_and_is_far_off_is_kept(owner, pgchurn, year):
    # Since then twice as many leave, for no reason that a feature tells.
    owner.run(
        "INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)"
        " SELECT p.attachment_id, p.key, true, p.predicted_at + interval '9 days',"
        " 'call' FROM churn.predictions p WHERE p.key LIKE '120 %5'"
    )
    owner.value(REQUEST, CUSTOMERS)

    one = retrain(pgchurn)

    verdict = one["evidence"]["comparison"][0]["verdict"]
    assert (verdict, one["decision"]) == ("challenger better", "kept")
    calibration = one["evidence"]["calibration"]
    assert calibration["lower"] > calibration["limit"]
    assert "its scores do not come true" in one["decision_reason"]
    assert owner.run(RELEASES) == []


def test_columns_that_came_or_went_are_no_features(owner, pgchurn):
    populate(owner)
    version = champion(owner, poor_model())
    for days in (TRAINED_AT, COMPARED_AT):
        frame, left = customers(1_200, seed=days)
        # One is logged of the later ones only; one is not a column any more.
        frame["gone"] = 1.0
        if days == COMPARED_AT:
            frame["support_calls"] = 3.0
        keys = [f"{days} {row}" for row in range(len(frame))]
        scores = poor_model().probabilities(frame)
        logged = frame.astype({"paperless_billing": bool})
        log_rows(owner, logged, scores, version, days_ago(days), keys=keys)
        leave(owner, days_ago(days), np.array(keys)[left].tolist())
    owner.value(REQUEST, CUSTOMERS)

    one = retrain(pgchurn)

    assert one["decision"] == "released", one
    signature, provenance = owner.row(
        "SELECT signature, provenance FROM churn.models WHERE version = %s",
        one["version"],
    )
    assert {feature["name"] for feature in signature["features"]} == set(KINDS)
    why = provenance["left_out"]
    assert why["support_calls"] == why["churned"] == "not logged of all customers"
    assert why["customer_id"] == "the key"


def test_too_few_to_compare_on_keep_it(owner, pgchurn, year):
    owner.run(
        "DELETE FROM churn.outcomes o WHERE o.key LIKE '120 %' AND o.key NOT LIKE '%7'"
    )

    reason = reason_to_keep(owner, pgchurn)

    assert "and it takes 30 of either" in reason


def test_labels_of_one_class_keep_it(owner, pgchurn, year):
    owner.run("DELETE FROM churn.outcomes WHERE key LIKE '300 %'")

    reason = reason_to_keep(owner, pgchurn)

    assert reason.startswith("nothing can be trained: every label is False")


def test_nothing_to_decide_on_keeps_it(owner, pgchurn):
    populate(owner)
    registered = register_once(owner, fit(seed=9), CUSTOMERS, "customer_id")
    activate(owner, said_of(owner, registered, '{"from": "elsewhere"}'))
    assert "does not say until when what it was trained on" in reason_to_keep(
        owner, pgchurn
    )

    activate(owner, said_of(owner, registered, trained_until()))
    assert reason_to_keep(owner, pgchurn) == (
        "no prediction is logged: call churn.set_prediction_log"
    )

    frame, _ = customers(50)
    logged = frame.astype({"paperless_billing": bool})
    log_rows(owner, logged, [0.5] * 50, registered, days_ago(150))
    assert "it takes more than two horizons of 90 days" in reason_to_keep(
        owner, pgchurn
    )

    champion(owner, fit(seed=9), known=30)
    assert "of customers who were scored since then nobody is mature" in (
        reason_to_keep(owner, pgchurn)
    )

    log_rows(owner, logged, [0.5] * 50, registered, days_ago(400), keys=["a"] * 50)
    champion(owner, fit(seed=9), known=350)
    assert "and it takes 30 of either" in reason_to_keep(owner, pgchurn)


def test_a_signature_that_is_demanded_is_given(owner, pgchurn, tmp_path):
    populate(owner)
    key = tmp_path / "key.pem"
    key.write_text(private_pem(KEY))
    trust(owner)
    registered = register_signed(owner, poor_model(), signed(poor_model(), 7))
    known = trained_until(days_ago(KNOWN).isoformat())
    version = said_of(owner, registered, known)
    activate(owner, version)
    log_year(owner, poor_model(), version)
    owner.value(REQUEST, CUSTOMERS)

    refused = pgchurn("retrain", *QUICK, "--key", str(key), status=1)
    assert "a model is signed under a --name" in refused.err
    refused = pgchurn("retrain", *QUICK, status=1)
    (one,) = json.loads(refused.out)["requests"]
    assert "models have to be signed: name one with --key" in one["failure"]
    assert owner.run(REQUESTS)[0][4] == one["failure"]

    made = retrain(pgchurn, "--key", str(key), "--name", "churn")
    assert made["decision"] == "released", made
    # The next one of that name.
    assert pgchurn("show", str(made["version"]))["signed_version"] == 8


def test_loaders_retrain_tables_of_any_name_and_key(owner, empty_database, capsys):
    names = ('"a company"."%s Cli""ents"', "Key", '"a company".calls', "client", None)
    create_tables(owner, names, "uuid")
    attach(owner, names)
    profile = names[0]
    owner.run(
        f"CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS"
        f" 'BEGIN NEW.plan := NEW.plan; RETURN NEW; END';"
        f"CREATE TRIGGER audit BEFORE UPDATE ON {profile}"
        f" FOR EACH ROW EXECUTE FUNCTION audit()"
    )
    rng = np.random.default_rng(5)
    cohorts = []
    for _ in range(2):
        usage = rng.uniform(0, 100, 900)
        rows = pd.DataFrame(
            {
                "usage": usage,
                "plan": rng.choice(np.array(["a", "b", "c"], object), 900),
                "complaint_count": rng.poisson(1, 900).astype(float),
            }
        )
        cohorts.append((rows, rng.random(900) < usage / 150))
    coin = rng.random(900) < 0.9
    model = Model(pipeline_for(CLIENT_KINDS).fit(cohorts[0][0], coin), CLIENT_KINDS)
    registered = register(owner, model, profile, "Key", replay={})
    version = said_of(owner, registered, trained_until())
    activate(owner, version)
    for days, (rows, left) in zip((TRAINED_AT, COMPARED_AT), cohorts):
        keys = [f"00000000-0000-0000-{days:04}-{row:012}" for row in range(900)]
        scores = model.probabilities(rows)
        log_rows(owner, rows, scores, version, days_ago(days), profile, keys)
        leave(owner, days_ago(days), np.array(keys)[left].tolist(), profile)
    role = f"{empty_database.name}_loader"
    quoted = quote_ident(role, owner.connection)
    owner.run(
        f"CREATE ROLE {quoted} IN ROLE churn_loader;"
        f'GRANT USAGE ON SCHEMA "a company" TO {quoted};'
        f"GRANT SELECT ON {profile} TO {quoted}"
    )
    url = make_dsn(empty_database.url, options=f"-c role={role}")
    command = ["retrain", *QUICK, "--database-url", url, "--table", profile]
    try:
        owner.value(REQUEST, profile)
        assert main(command) == 0, capsys.readouterr()
    finally:
        owner.run(f"DROP OWNED BY {quoted}")
        owner.run(f"DROP ROLE {quoted}")
    printed = capsys.readouterr().out
    assert printed.startswith(f"Request 1 for {profile}: version {version + 1} is")
    assert printed.endswith("Next: pgchurn work or pgchurn release advance.\n")
