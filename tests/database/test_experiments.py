"""Two versions that are acted upon: which of them loses fewer customers."""

import numpy as np
import pytest
from pgchurn.plpython.runtime.experiment_arms import (
    Arm,
    adjusted_difference,
    sequence_for,
)

from tests.company import CLIENTS, attach, create_tables
from tests.company import MODEL as COMPANY_MODEL
from tests.experiments import (
    START,
    STOP,
    expose,
    exposures,
    latest,
    log,
    start,
)
from tests.misbehaving_models import overflowing
from tests.models import (
    activate,
    default_model,
    deploy,
    expected_scores,
    fit,
    other_model,
    register_once,
)
from tests.outcomes import know
from tests.releases import stored_versions
from tests.signers import KEY, OTHER_KEY, register_signed, signed, trust
from tests.statements import INSERT, version
from tests.waiting import in_background, wait_until_blocked

PROFILE = "churn.customers"
EVERYBODY = (
    "INSERT INTO churn.complaints (customer_id) SELECT customer_id FROM churn.customers"
)
QUEUED = "SELECT churn.set_scoring_mode('churn.customers', 'queued')"
# A trigger of others, by which a profile is protected.
GUARD = """
    CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER note AFTER UPDATE ON churn.customers
    FOR EACH ROW EXECUTE FUNCTION public.note()
"""
SLOTS = """
    SELECT c.customer_id::text,
           churn_internal.arm_hash(c.customer_id::text::bytea, d.salt), d.share
    FROM churn.customers c, churn.deployments d WHERE d.action = 'experiment'
"""


@pytest.fixture
def challenger(session):
    return register_once(session, other_model(), PROFILE, "customer_id")


def arms(session):
    """Return which customers the experiment has in the arms, by whether challenged."""
    rows = session.run(SLOTS)
    share = rows[0][2]
    return (
        {key for key, slot, _ in rows if slot >= 65536 - share},
        {key for key, slot, _ in rows if slot < share},
    )


WAYS = {
    "single complaints": [INSERT % customer for customer in range(1, 41)],
    "many complaints": [EVERYBODY],
    "changed profiles": ["UPDATE churn.customers SET age = 30 + customer_id"],
    "rescoring": ["SELECT churn_internal.rescore_profiles_1(NULL, NULL, 1000)"],
    "repairing": [
        "SELECT churn_internal.repair_profiles_1("
        "ARRAY(SELECT customer_id::text FROM churn.customers))"
    ],
    "the queue": [QUEUED, EVERYBODY, "SELECT churn.work(1000)"],
}


@pytest.mark.parametrize("share", [50, 20])
@pytest.mark.parametrize("guarded", [False, True], ids=["plain", "protected"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_whoever_is_first_scored_in_an_arm_is_exposed_once(
    session, challenger, way, guarded, share
):
    if guarded:
        session.run(GUARD)
    champion = version(session)
    start(session, challenger, share=share)
    championed, challenged = arms(session)

    for statement in way * 2:
        session.run(statement)

    assert exposures(session) == {
        **dict.fromkeys(championed, champion),
        **dict.fromkeys(challenged, challenger),
    }
    assert championed and challenged
    assert (len(championed) + len(challenged) == 40) == (share == 50)
    others = set(stored_versions(session)) - challenged
    assert stored_versions(session) == {
        **dict.fromkeys(others, champion),
        **dict.fromkeys(challenged, challenger),
    }
    assert session.run("SELECT * FROM churn.verify('churn.customers')") == []


@pytest.mark.parametrize("way", [WAYS["single complaints"], WAYS["many complaints"]])
def test_the_covariate_is_what_the_champion_says_of_either_arm(
    session, challenger, way
):
    start(session, challenger)

    for statement in way:
        session.run(statement)

    covariates = dict(session.run("SELECT key, covariate FROM churn.exposures"))
    assert covariates == pytest.approx(
        expected_scores(session, default_model()), rel=0, abs=1e-9
    )


def test_without_an_experiment_nobody_is_exposed(session, challenger):
    session.run(EVERYBODY)
    session.run(
        "SELECT churn.release('churn.customers', %s, steps => '{50}')", challenger
    )
    session.run(EVERYBODY)
    session.run(INSERT % 1)

    assert exposures(session) == {}


def test_who_was_scored_before_the_start_counts_from_the_next_score_on(
    session, challenger
):
    session.run(EVERYBODY)
    start(session, challenger)

    assert exposures(session) == {}
    session.run(INSERT % 7)
    assert set(exposures(session)) == {"7"}


def test_a_customer_stays_in_the_arm_whatever_the_key_becomes(session, challenger):
    start(session, challenger)
    session.run(EVERYBODY)
    before = exposures(session)

    session.run("UPDATE churn.customers SET customer_id = 4000 WHERE customer_id = 4")
    session.run(INSERT % 4000)

    after = exposures(session)
    assert after.pop("4000") == before.pop("4")
    assert after == before


def test_a_key_that_somebody_had_before_counts_once(session, challenger):
    start(session, challenger)
    session.run(EVERYBODY)
    session.run("DELETE FROM churn.complaints WHERE customer_id IN (4, 5)")
    session.run("DELETE FROM churn.customers WHERE customer_id = 5")

    session.run("UPDATE churn.customers SET customer_id = 5 WHERE customer_id = 4")

    assert session.value("SELECT count(*) FROM churn.exposures WHERE key = '5'") == 2
    counted = latest(session, "champion_customers + challenger_customers")
    assert counted == (39,)


def test_a_customer_who_is_deleted_stays_in_the_arm(session, challenger):
    start(session, challenger)
    session.run(EVERYBODY)
    session.run("DELETE FROM churn.complaints")

    session.run("DELETE FROM churn.customers")

    assert len(exposures(session)) == 40


def test_a_customer_who_is_forgotten_is_taken_out(session, challenger):
    start(session, challenger)
    session.run(EVERYBODY)

    told = dict(session.run("SELECT * FROM churn.forget('churn.customers', '3')"))

    assert told["churn.exposures"] == 1
    assert "3" not in exposures(session)


def test_a_challenger_that_fails_keeps_its_customers_in_its_arm(session):
    challenger = register_once(session, overflowing(), replay={}, compile_form=False)
    start(session, challenger)
    championed, challenged = arms(session)
    before = session.value("SELECT count(*) FROM churn.complaints")

    session.run(EVERYBODY)

    assert session.value("SELECT count(*) FROM churn.complaints") == before + 40
    found = exposures(session)
    assert {key for key, one in found.items() if one == challenger} == challenged
    assert set(found) == championed | challenged
    assert session.value("SELECT count(covariate) FROM churn.exposures") == 40
    marked = session.column("SELECT key FROM churn_internal.failed_profiles")
    assert set(marked) == challenged


def test_a_champion_that_fails_leaves_no_trace_in_the_challengers_arm(session):
    good = version(session)
    champion = register_once(session, overflowing(), replay={}, compile_form=False)
    activate(session, champion)
    start(session, good)
    _, challenged = arms(session)

    session.run(EVERYBODY)

    marked = session.column("SELECT key FROM churn_internal.failed_profiles")
    assert not set(marked) & challenged
    assert session.value("SELECT count(covariate) FROM churn.exposures") == 0
    assert len(exposures(session)) == 40
    session.run("SET LOCAL churn.score_failed = ''")
    assert latest(session, "challenger_customers") == (len(challenged),)


def test_two_sessions_expose_a_customer_once(trained_database):
    first, second = (trained_database.session() for _ in range(2))
    challenger = register_once(first, other_model(), PROFILE, "customer_id")
    start(first, challenger)
    first.commit()
    first.run(
        "INSERT INTO churn.complaints (customer_id) SELECT generate_series(1, 20)"
    )

    with in_background(lambda: second.run(EVERYBODY + " ORDER BY 1 DESC")) as done:
        wait_until_blocked(trained_database, second)
        first.commit()
        done.result()
    second.commit()

    assert len(exposures(first)) == 40


@pytest.mark.parametrize("key_type", ["text COLLATE any_case", "numeric"])
def test_equal_keys_with_other_texts_are_one_customer(session, key_type):
    session.run(
        "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2',"
        " deterministic = false)"
    )
    create_tables(session, key_type=key_type)
    attach(session)
    deploy(session, COMPANY_MODEL, *CLIENTS[:2])
    challenger = register_once(session, fit(COMPANY_MODEL.kinds, seed=3), *CLIENTS[:2])
    session.run(
        "SELECT churn.start_experiment('company.clients', %s, expected => 40)",
        challenger,
    )
    session.run("UPDATE company.clients SET usage = usage + 1")
    session.run(
        "UPDATE company.clients SET id = "
        + ("upper(id)" if "text" in key_type else "id + 0.00")
    )
    session.run("UPDATE company.clients SET usage = usage + 1")

    assert latest(session, "champion_customers + challenger_customers") == (12,)


def test_the_evidence_is_of_customers_whose_horizon_has_passed(session, challenger):
    start(session, challenger, expected=8_000)
    expose(session, True, 2_000, 160)
    expose(session, False, 2_100, 210)
    expose(session, True, 500, 400, at="-50 days")

    row = latest(
        session,
        *("champion_customers", "challenger_customers", "champion_known"),
        *("challenger_known", "champion_left", "challenger_left"),
        *("difference", "lower", "upper", "verdict", "ratio_mismatch", "missing"),
    )

    covariates = [np.arange(1, n + 1) % 10 / 10 for n in (2_000, 2_100)]
    sums = [
        Arm.of([len(x), left, x.sum(), (x**2).sum(), x[:left].sum()])
        for x, left in zip(covariates, (160, 210))
    ]
    adjusted = adjusted_difference(*sums)
    radius = sequence_for(8_000).radius(4_100, adjusted.deviation)
    assert row[:6] == (2_100, 2_500, 2_100, 2_000, 210, 160)
    assert row[6] == pytest.approx(adjusted.value)
    assert row[7] == pytest.approx(adjusted.value - radius)
    assert row[8] == pytest.approx(adjusted.value + radius)
    assert row[9:] == (
        "not judged: the arms are not of the same size",
        True,
        None,
    )


def test_what_is_missing_is_told(session, challenger):
    start(session, challenger, expected=8_000)
    assert latest(session, "verdict", "missing") == (
        "undecided",
        "customers who are scored",
    )
    expose(session, True, 50, 0, at="-10 days")
    expose(session, False, 50, 0, at="-10 days")
    day = session.value("SELECT (now() + interval '80 days 1 second')::date")
    assert latest(session, "verdict", "missing") == (
        "undecided",
        f"outcomes, the first on {day}",
    )
    expose(session, True, 100, 10)
    expose(session, False, 100, 10)
    assert latest(session, "verdict", "missing") == (
        "undecided",
        "about 7800 customers whose horizon has passed",
    )


@pytest.mark.parametrize(
    ("leavers", "verdict"),
    [((100, 300), "challenger better"), ((300, 100), "champion better")],
)
@pytest.mark.parametrize("customers", [4_000, 320], ids=["many", "few leavers"])
def test_the_version_that_loses_fewer_is_better(
    session, challenger, leavers, verdict, customers
):
    if customers == 320:
        leavers = tuple({100: 2, 300: 60}[one] for one in leavers)
    start(session, challenger, expected=2 * customers)
    expose(session, True, customers, leavers[0])
    expose(session, False, customers, leavers[1])

    found, lower, upper, missing = latest(
        session, "verdict", "lower", "upper", "missing"
    )

    assert (found, missing) == (verdict, None)
    assert lower * upper > 0


def test_labels_that_come_late_count_and_those_from_before_do_not(session, challenger):
    start(session, challenger)
    name = expose(session, True, 10, 0)
    expose(session, False, 10, 0)

    # Within the horizon, after it, and before the exposure.
    for customer, at in ((1, "-20 days"), (2, "-5 days"), (3, "-101 days")):
        know(session, f"{name}{customer}", True, at, profile=PROFILE)

    assert latest(session, "challenger_known", "challenger_left") == (9, 1)


def test_who_was_acted_upon_counts(session, challenger):
    start(session, challenger)
    name = expose(session, True, 10, 2)
    expose(session, False, 10, 2)
    session.run(
        "INSERT INTO churn.actions (attachment_id, key, action, at)"
        " SELECT attachment_id, key, 'call', exposed_at + interval '1 day'"
        " FROM churn.exposures WHERE key LIKE %s",
        f"{name}%",
    )

    assert latest(session, "challenger_known", "challenger_left") == (10, 2)


def test_outcomes_of_whoever_is_in_an_experiment_are_kept(session, challenger):
    start(session, challenger)
    expose(session, True, 10, 2)
    session.run("UPDATE churn.outcomes SET recorded_at = known_at")

    session.run("SELECT churn.expire_outcomes('1 day')")

    assert latest(session, "challenger_left") == (2,)


def by_activation(session, challenger):
    activate(session, challenger)
    return f"model version {challenger} was activated"


def by_activation_of_the_champion(session, challenger):
    champion = version(session)
    activate(session, champion)
    return f"model version {champion} was activated"


def by_rollback(session, challenger):
    back = session.value("SELECT churn.rollback_model('churn.customers')")
    return f"model version {back} was put in force again"


def by_stopping(session, challenger):
    session.run(STOP, "enough")
    return "enough"


def by_detaching(session, challenger):
    session.run("SELECT churn.detach('churn.customers')")
    return "the table was detached"


@pytest.mark.parametrize(
    "ended",
    [
        by_activation,
        by_activation_of_the_champion,
        by_rollback,
        by_stopping,
        by_detaching,
    ],
)
def test_an_experiment_ends_in_the_same_transaction_with_the_reason(
    session, challenger, ended
):
    activate(session, register_once(session, fit(seed=2)))
    start(session, challenger)
    session.run(EVERYBODY)
    expose(session, True, 10, 2)
    assert latest(session, "state", "reason") == ("under way", None)

    reason = ended(session, challenger)

    assert latest(session, "state", "reason") == ("ended", reason)
    # What was found stays, also when nobody is exposed any more.
    assert latest(session, "challenger_known", "challenger_left") == (10, 2)
    if ended is not by_detaching:
        before = exposures(session)
        session.run("DELETE FROM churn.exposures WHERE key = '1'")
        session.run(EVERYBODY)
        assert set(exposures(session)) == set(before) - {"1"}


@pytest.mark.parametrize("of_champion", [False, True], ids=["challenger", "champion"])
def test_a_revoked_key_ends_an_experiment(session, of_champion):
    fingerprints = [trust(session, key) for key in (KEY, OTHER_KEY)]
    models = default_model(), other_model()
    champion, challenger = (
        register_signed(session, model, signed(model, number, key=key))
        for number, (model, key) in enumerate(zip(models, (OTHER_KEY, KEY)), 1)
    )
    activate(session, champion)
    start(session, challenger)
    revoked = fingerprints[of_champion]

    session.run("SELECT churn_trust.revoke_key(%s)", revoked)

    assert latest(session, "state", "reason") == (
        "ended",
        f"the key {revoked}, which signed version"
        f" {champion if of_champion else challenger}, was revoked",
    )


def test_an_experiment_that_has_ended_marks_whom_the_challenger_scored(
    session, challenger
):
    champion = version(session)
    start(session, challenger)
    session.run(EVERYBODY)
    _, challenged = arms(session)

    session.run(STOP, None)

    marked = session.column("SELECT key FROM churn_internal.pending_profiles")
    assert set(marked) == challenged
    session.run("SELECT churn.work(1000)")
    assert set(stored_versions(session).values()) == {champion}


def test_what_is_learned_after_the_end_is_of_customers_from_before(session, challenger):
    start(session, challenger)
    expose(session, True, 10, 0)
    session.run(STOP, None)
    # Of an experiment that ended 20 days ago the customers of 100 days ago had not
    # become mature.
    session.run("SET session_replication_role = replica")
    session.run(
        "UPDATE churn.deployments SET deployed_at = now() - interval '20 days'"
        " WHERE action = 'cancel'"
    )
    session.run("RESET session_replication_role")

    assert latest(session, "challenger_customers", "challenger_known") == (10, 0)


def test_a_rollback_of_the_transaction_undoes_a_start(session, challenger):
    session.run("SAVEPOINT before")
    start(session, challenger)
    session.run("ROLLBACK TO before")

    session.run(EVERYBODY)

    assert exposures(session) == {}
    assert session.run("SELECT * FROM churn.experiments") == []


def test_one_experiment_or_release_of_a_profile_at_a_time(session, challenger):
    release = f"SELECT churn.release('churn.customers', {challenger})"
    start(session, challenger)

    again = session.refusal(START.format(", expected => 40"), challenger)
    assert again.message == "churn.customers has no other experiment beside it"
    assert again.hint == "Call churn.stop_experiment('churn.customers') first."
    assert session.refusal(release).hint == again.hint
    deleted = session.refusal(f"SELECT churn.delete_model({challenger})")
    assert deleted.hint == again.hint
    for other in ("cancel", "hold"):
        refused = session.refusal(f"SELECT churn.{other}_release('churn.customers')")
        assert refused.message == "no release of churn.customers is under way"
    assert session.run("SELECT * FROM churn.advance_releases()") == []

    session.run(STOP, None)
    session.run(release)
    refused = session.refusal(START.format(", expected => 40"), challenger)
    assert refused.hint == "Call churn.cancel_release('churn.customers') first."
    refused = session.refusal(STOP, None)
    assert refused.message == "no experiment on churn.customers is under way"


WRONG = {
    "no share": "share => NULL",
    "nobody": "share => 0",
    "more than half": "share => 51",
    "not a number": "share => 'NaN'",
    "no horizon": "horizon => '0 s'",
    "a horizon without an end": "horizon => '-1 day'",
    "no effect": "effect => 0",
    "more than all": "effect => 1.5",
    "nobody expected": "expected => 0",
    "no time": "longest => NULL",
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_an_experiment_that_makes_no_sense_is_refused(session, challenger, wrong):
    error = session.refusal(
        f"SELECT churn.start_experiment('churn.customers', {challenger}, {wrong})"
    )

    assert error.sqlstate == "22023"


def test_no_unit_but_the_key_tells_who_scores(session, challenger):
    error = session.refusal(
        START.format(", unit => 'contract', expected => 40"), challenger
    )
    assert (error.sqlstate, error.message) == (
        "0A000",
        "contract cannot be the unit of an experiment",
    )

    assert start(session, challenger, unit="customer_id") > 0


def test_the_active_version_is_not_compared_with_itself(session):
    error = session.refusal(START.format(", expected => 40"), version(session))

    assert error.message == f"model version {version(session)} is already active"


def test_how_long_it_takes_is_told_by_the_history(session):
    log(session, 6_000)

    needed, days, share, explained, customers, a_day = session.row(
        "SELECT * FROM churn.estimate_experiment('churn.customers')"
    )

    # Those of whom it is known: more than 90 days ago.
    assert 4_190 <= customers <= 4_200
    assert share == pytest.approx(0.1, abs=0.001)
    assert a_day == pytest.approx(20, rel=0.01)
    # As they were made up.
    assert explained == pytest.approx(4 / 9, abs=0.01)
    assert days == pytest.approx(2 * needed / 2 / 10 + 90, rel=0.02)
    smaller = session.row(
        "SELECT * FROM churn.estimate_experiment('churn.customers', share => 5,"
        " horizon => '30 days')"
    )
    assert smaller[0] == pytest.approx(needed, rel=0.1)
    assert smaller[1] == pytest.approx(smaller[0] / 1 + 30, rel=0.02)


def test_an_experiment_is_planned_by_the_history(session, challenger):
    log(session, 6_000)
    needed, days = session.row(
        "SELECT customers_per_arm, days"
        " FROM churn.estimate_experiment('churn.customers', effect => 0.5)"
    )

    start(session, challenger, expected=None, effect=0.5)

    assert latest(session, "expected") == (2 * needed,)
    planned = session.value("SELECT days FROM churn_internal.experiment_plans")
    assert planned == pytest.approx(days)


def test_a_hopeless_experiment_is_refused_with_what_to_call_instead(
    session, challenger
):
    champion = version(session)
    log(session, 2_000)

    error = session.refusal(START.format(", share => 5"), challenger)

    assert error.message.startswith("an experiment would take about ")
    assert error.detail.startswith("It takes about ")
    assert (
        f"churn.compare('churn.customers', {champion}, {challenger}, since)"
        in error.hint
    )
    assert start(session, challenger, expected=None, longest="100 years") > 0


def test_where_nobody_is_scored_any_more_an_experiment_would_never_end(
    session, challenger
):
    log(session, 1_000)
    session.run(
        "UPDATE churn.predictions SET predicted_at ="
        " now() - interval '300 days' + (predicted_at - now()) / 1000"
    )

    error = session.refusal(START.format(""), challenger)

    assert error.message == "an experiment would never end"


def test_without_a_history_nobody_knows_how_long_it_takes(session, challenger):
    error = session.refusal(START.format(""), challenger)

    assert error.sqlstate == "55000"
    assert "pass expected" in error.hint


def test_history_is_split_again_and_again(session):
    log(session, 2_000)

    customers, expected, false, alarms, power = session.row(
        "SELECT customers, expected, false_winners, ratio_alarms, power"
        " FROM churn.simulate_experiment('churn.customers', effect => 0.9, salts => 20)"
    )

    assert customers == expected
    assert 1_390 <= customers <= 1_400
    assert (false <= 0.1, alarms, power) == (True, 0, 1)
    error = session.refusal(
        "SELECT churn.simulate_experiment('churn.customers', salts => 0)"
    )
    assert error.sqlstate == "22023"


def test_without_a_history_there_is_nothing_to_simulate_on(session):
    error = session.refusal("SELECT churn.simulate_experiment('churn.customers')")

    assert error.sqlstate == "55000"


def worklist(session, n, **options):
    """Return the keys and the arms of a worklist."""
    given = "".join(f", {name} => %s" for name in options)
    return session.run(
        f"SELECT key, arm FROM churn.worklist('churn.customers', %s{given})",
        *(n, *options.values()),
    )


def test_those_with_the_highest_scores_are_to_be_acted_upon(session):
    session.run(EVERYBODY)
    wanted = session.column(
        "SELECT customer_id::text FROM churn.customers"
        " ORDER BY churn_score DESC LIMIT 7"
    )

    assert worklist(session, 7) == [(key, None) for key in wanted]
    assert len(worklist(session, 1000)) == 40
    assert worklist(session, 0) == []


def test_who_has_left_or_was_acted_upon_is_not_to_be_acted_upon(session):
    session.run(EVERYBODY)
    (first, _), (second, _), (third, _), *_ = worklist(session, 10)
    know(session, first, True, "-1 day")
    session.run(
        "SELECT churn.record_action('churn.customers', %s, 'call', now() + %s)",
        *(second, "-10 days"),
    )
    know(session, third, True, "-2 days")
    know(session, third, False, "-1 day")

    assert worklist(session, 2)[0] == (third, None)
    assert worklist(session, 2, spare="9 days")[0] == (second, None)


@pytest.mark.parametrize("share", [50, 30])
def test_a_worklist_is_split_fairly_over_the_arms(session, challenger, share):
    start(session, challenger, share=share)
    session.run(EVERYBODY)
    championed, challenged = arms(session)

    found = worklist(session, 10)

    of_arms = [
        [key for key, arm in found if arm == name]
        for name in ("champion", "challenger", None)
    ]
    assert [len(keys) for keys in of_arms] == ([5, 5, 0] if share == 50 else [3, 3, 4])
    scores = dict(
        session.run("SELECT customer_id::text, churn_score FROM churn.customers")
    )
    others = set(scores) - championed - challenged
    for keys, arm in zip(of_arms, (championed, challenged, others)):
        best = sorted(arm, key=scores.get, reverse=True)
        assert keys == best[: len(keys)]
    assert len(worklist(session, 11)) == 11


def test_of_arms_nobody_is_on_a_worklist_before_the_version_has_scored_them(
    session, challenger
):
    session.run(EVERYBODY)
    start(session, challenger)
    assert worklist(session, 10) == []

    for customer in range(1, 11):
        session.run(INSERT % customer)

    found = worklist(session, 40)
    assert {int(key) for key, _ in found} <= set(range(1, 11))
    of_arms = [arm for _, arm in found]
    assert of_arms.count("champion") == of_arms.count("challenger") > 0


@pytest.mark.parametrize("wrong", ["-1", "NULL", "1, NULL", "1, '-1 day'"])
def test_a_worklist_that_makes_no_sense_is_refused(session, wrong):
    error = session.refusal(f"SELECT churn.worklist('churn.customers', {wrong})")

    assert error.sqlstate == "22023"


@pytest.mark.slow(reason="dumps and restores a database")
def test_a_dump_and_restore_leaves_everybody_in_the_arm(
    trained_database, server, tmp_path
):
    session = trained_database.session()
    challenger = register_once(session, other_model(), PROFILE, "customer_id")
    start(session, challenger)
    session.run(EVERYBODY)
    session.run(INSERT % 1)
    session.commit()
    trained_database.program("pg_dump", "--file", tmp_path / "dump")

    with server.database("restored_experiment") as target:
        target.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", tmp_path / "dump")
        restored = target.session()
        before = exposures(restored)
        found = latest(restored, "state", "challenger_customers", "verdict")
        restored.run(EVERYBODY)
        assert exposures(restored) == before == exposures(session)
        assert stored_versions(restored) == before
        assert found == latest(session, "state", "challenger_customers", "verdict")
        restored.close()
    session.close()


@pytest.mark.parametrize("role", ["churn_loader", "churn_scorer"])
def test_who_may_read_scores_reads_experiments(session, challenger, role):
    start(session, challenger)
    session.run(EVERYBODY)
    expose(session, True, 40, 4)
    expose(session, False, 40, 4)

    with session.role(role):
        assert latest(session, "challenger_known", "verdict") == (40, "undecided")
        assert len(worklist(session, 4)) == 4
