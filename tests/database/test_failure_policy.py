"""What is kept of failures, where it shows, and how it is mended."""

import time

import psycopg2
import pytest
from pgchurn.plpython.runtime.pacing import CALL_SECONDS

from tests.misbehaving_models import slow
from tests.models import (
    activate,
    default_model,
    divergences,
    other_model,
    register_once,
)
from tests.statements import (
    HEALTH,
    INFINITE,
    INSERT,
    REPAIR,
    SOUND,
    overwrite,
    retire,
    version,
)
from tests.waiting import in_background, wait_until_blocked

MARKS = (
    "SELECT key, version, sqlstate, reason, failures"
    " FROM churn_internal.failed_profiles ORDER BY key::bigint"
)
WAITING = "SELECT sum(waiting) FROM churn.health"


def take_any_charge(session):
    """Let the column hold what the model refuses."""
    session.run("ALTER TABLE churn.customers ALTER monthly_charges TYPE float8")


@pytest.fixture
def committing(trained_database):
    """A session whose statements commit, in a database of its own."""
    return trained_database.session(autocommit=True)


def test_a_failure_is_marked_with_its_version_and_reason(session):
    overwrite(session, INFINITE)

    session.run(INSERT, 1)

    assert session.run(MARKS) == [
        ("1", version(session), "22023", 'feature "data_usage_gb" is infinite', 1)
    ]


def test_of_many_customers_those_that_fail_are_marked(session):
    overwrite(session, INFINITE, "customer_id IN (4, 9)")

    session.run(
        "INSERT INTO churn.complaints (customer_id) SELECT generate_series(1, 30)"
    )

    assert [row[0] for row in session.run(MARKS)] == ["4", "9"]


def test_failures_are_counted_and_the_first_and_last_are_timed(session):
    overwrite(session, INFINITE)
    times = "SELECT first_failed_at, last_failed_at FROM churn_internal.failed_profiles"
    session.run(INSERT, 1)
    first, last = session.row(times)
    assert first <= last

    session.run(INSERT, 1)
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")

    assert session.value("SELECT failures FROM churn_internal.failed_profiles") == 3
    after = session.row(times)
    assert after[0] == first
    assert after[1] > last


def test_the_last_reason_replaces_the_one_before(session):
    take_any_charge(session)
    overwrite(session, INFINITE)
    session.run(INSERT, 1)
    overwrite(session, "data_usage_gb = 1, monthly_charges = 'infinity'")

    session.run(INSERT, 1)

    (mark,) = session.run(MARKS)
    assert mark[3:] == ('feature "monthly_charges" is infinite', 2)


def test_a_later_score_ends_the_waiting_and_leaves_the_mark_as_it_is(session):
    overwrite(session, INFINITE)
    session.run(INSERT, 1)
    mark = "SELECT xmin, ctid, m FROM churn_internal.failed_profiles m"
    before = session.row(mark)
    assert session.run(HEALTH) == [("22023", 1, 1, 1)]
    overwrite(session, SOUND)

    session.run(INSERT, 1)

    assert session.run(HEALTH) == [("22023", 1, 0, 1)]
    assert session.row(mark) == before


def test_a_score_that_is_rolled_back_leaves_the_mark_in_force(session):
    overwrite(session, INFINITE)
    session.run(INSERT, 1)
    overwrite(session, SOUND)
    session.run("SAVEPOINT success")
    session.run(INSERT, 1)
    assert session.value(WAITING) == 0

    session.run("ROLLBACK TO SAVEPOINT success")

    assert session.value(WAITING) == 1


def test_a_complaint_that_is_rolled_back_leaves_no_mark(session):
    overwrite(session, INFINITE)
    session.run("SAVEPOINT complaint")
    session.run(INSERT, 1)

    session.run("ROLLBACK TO SAVEPOINT complaint")

    assert session.run(MARKS) == []


def test_where_it_is_an_error_there_is_no_mark(session):
    overwrite(session, INFINITE)
    session.run("SELECT churn.set_on_error('churn.customers', 'raise')")

    session.refusal(INSERT, 1)

    assert session.run(MARKS) == []
    assert session.run(HEALTH) == [(None, 0, 0, 0)]


def test_each_reason_has_its_row(session):
    take_any_charge(session)
    overwrite(session, INFINITE, "customer_id IN (1, 2)")
    overwrite(session, "monthly_charges = 'infinity'", "customer_id = 3")

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2), (3)")

    reasons = "SELECT reason, customers, waiting FROM churn.health ORDER BY 1"
    assert session.run(reasons) == [
        ('feature "data_usage_gb" is infinite', 2, 2),
        ('feature "monthly_charges" is infinite', 1, 1),
    ]


def test_an_attachment_without_failures_has_one_row(session):
    assert session.run(
        "SELECT profile::text, on_error, active_version, customers, waiting, failures,"
        " reason FROM churn.health"
    ) == [("churn.customers", "keep", version(session), 0, 0, 0, None)]


def test_without_an_active_model_nothing_fails(bare):
    bare.run("INSERT INTO churn.customers (customer_id) VALUES (1)")
    bare.run(INSERT, 1)

    assert bare.run(MARKS) == []
    assert bare.row("SELECT active_version, waiting FROM churn.health") == (None, 0)


@pytest.mark.parametrize("relation", ["churn.health", "churn_internal.failed_profiles"])
def test_failures_are_for_those_who_look_after_scores(session, relation):
    overwrite(session, INFINITE)
    session.run(INSERT, 1)
    query = f"SELECT count(*) FROM {relation}"

    for role in ("churn_loader", "churn_scorer"):
        with session.role(role):
            assert session.value(query) == 1
    with session.role("churn_application"):
        assert session.refusal(query).sqlstate == "42501"


def test_who_inserts_a_complaint_needs_no_right_on_marks(session):
    overwrite(session, INFINITE)

    with session.role("churn_application"):
        session.run(INSERT, 1)

    assert [row[0] for row in session.run(MARKS)] == ["1"]


def test_what_anybody_sets_makes_no_mark(session):
    session.run('SET churn.score_failed = \'{"all": ["XX000", "made up"]}\'')

    session.run(INSERT, 1)
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")

    assert session.run(MARKS) == []
    assert divergences(session) == []


def test_rescoring_marks_what_fails(committing):
    overwrite(committing, INFINITE, "customer_id IN (1, 30)")

    committing.run("CALL churn.rescore('churn.customers', 7)")

    assert [row[0] for row in committing.run(MARKS)] == ["1", "30"]


def test_rescoring_marks_nobody_whose_row_another_one_writes(
    committing, trained_database
):
    writer = trained_database.session()
    overwrite(committing, INFINITE)
    writer.run("UPDATE churn.customers SET age = 33 WHERE customer_id = 1")

    with in_background(
        lambda: committing.run("CALL churn.rescore('churn.customers')")
    ) as done:
        wait_until_blocked(trained_database, committing, by=writer)
        writer.run(f"UPDATE churn.customers SET {SOUND} WHERE customer_id = 1")
        writer.commit()
        done.result(timeout=20)

    assert divergences(committing) == []
    assert committing.value(WAITING) == 0


def test_repair_scores_and_forgets_what_failed(committing):
    overwrite(committing, INFINITE, "customer_id < 20")
    committing.run("UPDATE churn.customers SET age = 50 WHERE customer_id < 25")
    assert committing.value(WAITING) == 19
    overwrite(committing, SOUND, "customer_id < 20")

    committing.run(REPAIR, 5)

    assert divergences(committing) == []
    assert committing.run(MARKS) == []


def test_repair_of_what_still_fails_leaves_the_mark(committing):
    overwrite(committing, INFINITE)
    committing.run(INSERT, 1)

    committing.run(REPAIR, 5)

    assert committing.run(HEALTH) == [("22023", 1, 1, 2)]


def test_repair_writes_only_what_is_wrong(committing):
    rows = "SELECT customer_id, xmin::text FROM churn.customers"
    before = dict(committing.run(rows))
    overwrite(committing, "complaint_count = 7", "customer_id IN (3, 8)")

    committing.run(REPAIR, 100)

    after = dict(committing.run(rows))
    assert {key for key in after if after[key] != before[key]} == {3, 8}
    assert divergences(committing) == []


def test_each_batch_of_a_repair_is_committed_for_itself(committing):
    overwrite(committing, "churn_score = 2", "customer_id <= 10")

    committing.run(REPAIR, 4)

    assert (
        committing.value(
            "SELECT count(DISTINCT xmin::text) FROM churn.customers"
            " WHERE customer_id <= 10"
        )
        == 3
    )


def test_repair_without_an_active_model_mends_counters_only(committing):
    overwrite(committing, "complaint_count = 7, churn_score = 0.5", "customer_id = 3")
    retire(committing)

    committing.run(REPAIR, 10)

    assert committing.row(
        "SELECT complaint_count, churn_score FROM churn.customers WHERE customer_id = 3"
    ) == (0, 0.5)


def test_repair_forgets_customers_who_are_gone(committing):
    overwrite(committing, INFINITE)
    committing.run(INSERT, 1)
    committing.run("DELETE FROM churn.complaints WHERE customer_id = 1")
    committing.run("DELETE FROM churn.customers WHERE customer_id = 1")
    ((_, customers, waiting, _),) = committing.run(HEALTH)
    assert (customers, waiting) == (1, 0)

    committing.run(REPAIR, 10)

    assert committing.run(MARKS) == []


def test_a_loader_can_repair(committing):
    overwrite(committing, "complaint_count = 7")
    committing.run("SET ROLE churn_loader")

    committing.run(REPAIR, 10)

    assert divergences(committing) == []


@pytest.mark.parametrize("role", ["churn_scorer", "churn_application"])
def test_others_cannot_repair(session, role):
    with session.role(role):
        assert session.refusal(REPAIR, 10).sqlstate == "42501"


def test_a_repair_in_a_transaction_is_refused(session):
    refused = session.refusal(REPAIR, 10)

    assert refused.sqlstate == "25001"
    assert refused.message == "churn.repair cannot run inside a transaction block"


@pytest.mark.parametrize("batch_size", [0, -1, None])
def test_a_batch_of_a_repair_holds_at_least_one_row(committing, batch_size):
    assert committing.refusal(REPAIR, batch_size).sqlstate == "22023"


@pytest.mark.parametrize("timeout", [None, "0", "-1 s"])
def test_a_call_of_a_model_is_allowed_some_time(session, timeout):
    refused = session.refusal(
        "SELECT churn.set_score_timeout('churn.customers', %s)", timeout
    )

    assert refused.sqlstate == "22023"
    assert refused.message.startswith("score_timeout must be more than nothing, not ")


def test_health_shows_how_long_a_call_may_take(session):
    session.run("SELECT churn.set_score_timeout('churn.customers', '70 ms')")

    assert session.value("SELECT score_timeout = interval '0.07 s' FROM churn.health")


@pytest.mark.slow(reason="scores with a slow model")
@pytest.mark.alone
def test_a_model_that_is_too_slow_rests_until_its_slowness_is_allowed(session):
    forest = slow()
    forest.pipeline.estimators_ *= 4
    session.run("UPDATE churn.customers SET age = 50")
    activate(session, register_once(session, forest, replay={}, compile_form=False))
    allow = "SELECT churn.set_score_timeout('churn.customers', %s)"
    session.run(allow, "1 ms")

    session.run(INSERT, 1)
    started = time.monotonic()
    session.run(INSERT, 1)
    assert time.monotonic() - started < CALL_SECONDS

    ((_, _, sqlstate, reason, failures),) = session.run(MARKS)
    assert (sqlstate, failures) == ("55000", 2)
    assert reason.startswith("model is too slow: one call took ")

    session.run(allow, "1 min")
    session.run(INSERT, 1)
    assert session.value(WAITING) == 0


def test_verify_lists_a_profile_that_was_never_scored(session):
    session.run("SET session_replication_role = replica")
    session.run(
        "INSERT INTO churn.customers (customer_id, data_usage_gb) VALUES (99, 1)"
    )

    assert [row[:3] for row in divergences(session)] == [("99", "churn_score", None)]

    retire(session)
    assert divergences(session) == []


def test_detaching_forgets_the_marks(session):
    overwrite(session, INFINITE)
    session.run(INSERT, 1)

    session.run("SELECT churn.detach('churn.customers')")

    assert session.run(MARKS) == []
    assert session.run("SELECT * FROM churn.health") == []


def test_a_row_that_somebody_locks_is_no_failure_of_the_model(first, second):
    first.run("SELECT FROM churn.customers WHERE customer_id = 1 FOR UPDATE")
    second.run("SET LOCAL lock_timeout = '50 ms'")

    for statement in (INSERT, INSERT + ", (2)"):
        assert second.refusal(statement, 1).sqlstate == "55P03"

    assert second.run(MARKS) == []


def test_a_serialisation_failure_is_no_failure_of_the_model(first, second):
    second.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    second.run("SELECT FROM churn.customers")
    first.run(INSERT, 5)
    first.commit()

    for statement in (INSERT, INSERT + ", (2)"):
        assert second.refusal(statement, 5).sqlstate == "40001"

    assert second.run(MARKS) == []


def test_a_deadlock_is_no_failure_of_the_model(module_database, first, second):
    for session, customer in ((first, 1), (second, 2)):
        session.run("SET LOCAL deadlock_timeout = '50 ms'")
        session.run(INSERT, customer)

    with in_background(lambda: second.run(INSERT, 1)) as waiting:
        wait_until_blocked(module_database, second)
        ended = set()
        for work in (lambda: first.run(INSERT, 2), waiting.result):
            try:
                work()
            except psycopg2.Error as error:
                ended.add(error.pgcode)
                first.rollback()
    assert ended == {"40P01"}
    assert first.run(MARKS) == []


def test_a_backend_that_is_ended_takes_its_complaint_along(module_database, first):
    session = module_database.session()
    before = first.value("SELECT count(*) FROM churn.complaints")
    session.run(INSERT, 1)

    first.run("SELECT pg_terminate_backend(%s, 10000)", session.backend)

    with pytest.raises(psycopg2.Error):
        session.run(INSERT, 1)
    assert first.value("SELECT count(*) FROM churn.complaints") == before
    assert first.run(MARKS) == []


def test_a_version_that_names_another_model_is_repaired_to_the_active_one(committing):
    other = register_once(committing, other_model())
    overwrite(committing, f"churn_model_version = {other}")
    assert [row[:2] for row in divergences(committing)] == [("1", "churn_score")]

    committing.run(REPAIR, 10)

    assert divergences(committing) == []
    named = "SELECT DISTINCT churn_model_version FROM churn.customers"
    assert committing.column(named) == [version(committing)]


def test_health_names_the_version_that_failed_and_the_one_that_scores_now(session):
    overwrite(session, INFINITE)
    failed = version(session)
    session.run(INSERT, 1)

    activate(session, register_once(session, default_model(), replay={}))

    assert session.row("SELECT failed_version, active_version FROM churn.health") == (
        failed,
        version(session),
    )
