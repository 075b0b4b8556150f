"""Queued mode: statements mark customers, and churn.work scores them."""

import pytest

from tests.models import (
    CUSTOMERS,
    assert_fresh,
    default_model,
    deploy,
    divergences,
    fit,
    stored_scores,
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

MODEL = default_model()
QUEUED = "SELECT churn.set_scoring_mode('churn.customers', 'queued')"
INLINE = "SELECT churn.set_scoring_mode('churn.customers', 'inline')"
WORK = "SELECT scored, failed FROM churn.work(%s)"
MARKED = """
    SELECT key FROM (
        SELECT key FROM churn_internal.pending_profiles
        UNION ALL SELECT key FROM churn_internal.failed_profiles
    ) m ORDER BY key::bigint
"""
PROFILE = (
    "SELECT complaint_count, churn_score, churn_model_version, churn_scored_at"
    " FROM churn.customers WHERE customer_id = %s"
)
FIRST_NINE = "INSERT INTO churn.complaints (customer_id) SELECT generate_series(1, 9)"
EVERYBODY = (
    "INSERT INTO churn.complaints (customer_id) SELECT customer_id FROM churn.customers"
)
COPY = "COPY churn.complaints (customer_id) FROM STDIN"
STATEMENTS = {
    "one complaint": INSERT.replace("%s", "1"),
    "complaints": INSERT.replace("(%s)", "(1), (3), (1)"),
    "a deletion": "DELETE FROM churn.complaints WHERE customer_id = 2",
    "a move": "UPDATE churn.complaints SET customer_id = 1 WHERE customer_id = 5",
    "a truncation": "TRUNCATE churn.complaints",
    "a changed profile": "UPDATE churn.customers SET age = 33 WHERE customer_id = 4",
    "a new profile": "INSERT INTO churn.customers (customer_id, age) VALUES (99, 40)",
    "an overwritten counter": (
        "UPDATE churn.customers SET complaint_count = 9 WHERE customer_id = 4"
    ),
    "an overwritten score": (
        "UPDATE churn.customers SET churn_score = 0.5 WHERE customer_id = 4"
    ),
}


@pytest.fixture
def queued(session):
    session.run(QUEUED)
    return session


@pytest.fixture
def both(module_database, first, second):
    """Two sessions in queued mode, with nobody waiting."""
    first.run(QUEUED)
    first.commit()
    yield first, second
    for session in (first, second):
        session.rollback()
    while sum(first.row(WORK, 1000)):
        first.commit()
    first.run("DELETE FROM churn_internal.pending_profiles")
    first.run("DELETE FROM churn_internal.failed_profiles")
    first.commit()
    assert_fresh(first, MODEL)


def test_a_complaint_is_counted_and_its_customer_marked(queued):
    count, score, _, scored_at = queued.row(PROFILE, 1)

    queued.run(INSERT, 1)

    assert queued.row(PROFILE, 1) == (count + 1, score, None, scored_at)
    assert queued.column(MARKED) == ["1"]


def test_a_customer_is_marked_once_however_many_complaints_come(queued):
    for _ in range(3):
        queued.run(INSERT, 1)
    queued.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (1), (2)")

    assert queued.column(MARKED) == ["1", "2"]
    assert queued.row(WORK, 10) == (2, 0)
    assert_fresh(queued, MODEL)


def test_a_customer_who_was_never_scored_is_marked(bare):
    bare.run("INSERT INTO churn.customers (customer_id) VALUES (1)")
    bare.run(QUEUED)

    bare.run(INSERT, 1)
    bare.run(INSERT, 1)

    assert bare.column(MARKED) == ["1"]


def test_no_model_is_called_by_a_statement(trained_database):
    # One that has counted nothing anew within the last second.
    queued = trained_database.session()
    queued.run(QUEUED)
    queued.run("SET LOCAL track_functions = 'all'")

    queued.run(INSERT, 1)

    called = queued.column("SELECT funcname FROM pg_stat_xact_user_functions")
    assert called == ["complaints_inserted_1"]


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_statement_keeps_the_counters_and_leaves_the_scores_to_work(queued, name):
    queued.run(STATEMENTS[name])

    assert queued.column(MARKED) != []
    wrong = {column for _, column, *_ in divergences(queued)}
    assert wrong & {"complaint_count", "last_complaint_at"} == set()
    waits = "SELECT count(*) FROM churn.customers WHERE churn_model_version IS NULL"
    assert queued.value(waits) == len(queued.column(MARKED))

    scored, failed = queued.row(WORK, 100)
    assert (scored > 0, failed) == (True, 0)
    assert queued.column(MARKED) == []
    assert_fresh(queued, MODEL)


def test_copied_complaints_are_left_to_work(queued):
    queued.copy(COPY, [f"{i}\n" for i in range(1, CUSTOMERS + 1)] * 3)

    assert len(queued.column(MARKED)) == CUSTOMERS
    assert queued.row(WORK, 1000) == (CUSTOMERS, 0)
    assert_fresh(queued, MODEL)


def test_a_statement_that_touches_more_than_a_batch_marks_everyone(queued):
    queued.run(
        "INSERT INTO churn.customers (customer_id) SELECT generate_series(100, 6100)"
    )

    queued.run(
        "INSERT INTO churn.complaints (customer_id) SELECT customer_id"
        " FROM churn.customers"
    )

    assert len(queued.column(MARKED)) == CUSTOMERS + 6001
    assert queued.row(WORK, 10_000) == (CUSTOMERS + 6001, 0)
    assert_fresh(queued, MODEL)


def test_an_upsert_is_counted_once(queued):
    queued.run(
        "INSERT INTO churn.complaints (complaint_id, customer_id)"
        " OVERRIDING SYSTEM VALUE"
        " SELECT complaint_id, 1 FROM churn.complaints WHERE customer_id = 2"
        " UNION ALL SELECT 100000, 3"
        " ON CONFLICT (complaint_id) DO UPDATE SET customer_id = 1"
    )

    queued.row(WORK, 100)
    assert_fresh(queued, MODEL)


def test_whatever_anybody_sets_the_counters_are_right_and_the_queue_too(queued):
    queued.run("SET LOCAL churn.unmarked = 'no key'")
    queued.run("SET LOCAL churn.score_failed = 'x'")
    queued.run(INSERT, 1)
    queued.run("SET LOCAL churn.score_failed = ''")
    queued.run(INSERT, 1)

    assert queued.column(MARKED) == ["1"]
    queued.row(WORK, 100)
    assert_fresh(queued, MODEL)


def test_the_oldest_marks_come_first_and_a_batch_is_a_batch(queued):
    for customer in (7, 3, 5):
        queued.run(INSERT, customer)

    assert queued.row(WORK, 2) == (2, 0)

    assert queued.column(MARKED) == ["5"]


def test_verify_reports_who_waits_and_repair_scores_them(trained_database):
    session = trained_database.session(autocommit=True)
    session.run(QUEUED)
    session.run(INSERT, 1)
    assert [row[0] for row in divergences(session)] == ["1"]

    session.run(REPAIR, 10)

    assert session.column(MARKED) == []
    assert_fresh(session, MODEL)


def test_a_whole_table_is_scored_in_place_in_queued_mode(trained_database):
    session = trained_database.session(autocommit=True)
    session.run(QUEUED)
    session.run(INSERT, 1)

    session.run("CALL churn.rescore('churn.customers', 7)")

    assert divergences(session) == []
    session.run(INSERT, 1)
    assert session.row(WORK, 10) == (1, 0)
    assert_fresh(session, MODEL)


def test_who_waits_has_not_failed(queued):
    queued.run(INSERT, 1)

    assert queued.run(HEALTH) == [(None, 0, 0, 0)]


def test_the_queue_shows_what_waits_in_every_attachment(queued):
    overwrite(queued, INFINITE, "customer_id = 3")
    queued.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")
    queued.run(WORK, 1)
    queued.run(WORK, 1)
    queued.run(INSERT, 2)

    assert queued.row(
        "SELECT profile::text, scoring_mode, active_version, waiting, failing,"
        " oldest > interval '0' AND oldest < interval '1 hour' FROM churn.queue"
    ) == ("churn.customers", "queued", version(queued), 2, 1, True)


def test_a_failure_is_kept_even_where_it_would_be_an_error(queued):
    queued.run("SELECT churn.set_on_error('churn.customers', 'raise')")
    overwrite(queued, INFINITE)
    queued.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")

    assert queued.row(WORK, 10) == (1, 1)

    assert queued.run(HEALTH) == [("22023", 1, 1, 1)]


def test_what_fails_is_tried_again_in_growing_pauses(queued):
    overwrite(queued, INFINITE)
    queued.run(INSERT, 1)
    pauses = []
    for _ in range(15):
        assert queued.row(WORK, 10) == (0, 1)
        assert queued.row(WORK, 10) == (0, 0)
        pauses.append(
            queued.value(
                "SELECT extract(epoch FROM due_at - last_failed_at)::int"
                " FROM churn_internal.failed_profiles"
            )
        )
        queued.run("UPDATE churn_internal.failed_profiles SET due_at = now()")

    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 3600
    assert queued.value("SELECT failures FROM churn_internal.failed_profiles") == 15


def test_what_fails_holds_nobody_up(queued):
    overwrite(queued, INFINITE, "customer_id <= 5")
    queued.run(FIRST_NINE)

    assert [queued.row(WORK, 5) for _ in range(3)] == [(0, 5), (4, 0), (0, 0)]


def test_who_failed_and_changed_since_is_marked_twice_and_tried_once(queued):
    queued.run(INLINE)
    overwrite(queued, INFINITE)
    queued.run(INSERT, 1)
    queued.run(QUEUED)
    queued.run(INSERT, 1)
    queued.run("UPDATE churn_internal.failed_profiles SET due_at = now()")
    assert queued.column(MARKED) == ["1", "1"]

    assert queued.row(WORK, 10) == (0, 1)

    assert queued.run(HEALTH) == [("22023", 1, 1, 2)]
    assert queued.column(MARKED) == ["1"]


def test_a_failure_does_not_hide_for_how_long_a_customer_waits(queued):
    overwrite(queued, INFINITE)
    queued.run(INSERT, 1)
    queued.run(
        "UPDATE churn_internal.pending_profiles"
        " SET enqueued_at = now() - interval '1 day'"
    )

    queued.row(WORK, 10)

    assert queued.value("SELECT oldest > interval '23 hours' FROM churn.queue")


def test_a_mended_profile_is_tried_at_once(queued):
    overwrite(queued, INFINITE)
    queued.run(INSERT, 1)
    queued.run(WORK, 10)

    queued.run(f"UPDATE churn.customers SET {SOUND} WHERE customer_id = 1")

    assert queued.row(WORK, 10) == (1, 0)
    assert_fresh(queued, MODEL)


def test_an_inline_failure_is_scored_by_work(session):
    overwrite(session, INFINITE)
    session.run(INSERT, 1)
    overwrite(session, SOUND)
    session.run("UPDATE churn_internal.failed_profiles SET due_at = now()")

    assert session.row(WORK, 10) == (1, 0)

    assert session.column(MARKED) == []
    assert_fresh(session, MODEL)


def test_without_an_active_model_all_wait(queued):
    queued.run(INSERT, 1)
    retire(queued)

    assert queued.row(WORK, 10) == (0, 0)

    assert queued.column(MARKED) == ["1"]
    deploy(queued, MODEL)
    assert queued.row(WORK, 100)[0] == CUSTOMERS
    assert_fresh(queued, MODEL)


def test_back_in_inline_mode_who_waits_is_still_scored(queued):
    queued.run(INSERT, 1)
    queued.take_notices()

    queued.run(INLINE)

    assert "1 customers still wait to be scored" in queued.take_notices()
    queued.run(INSERT, 2)
    assert queued.column(MARKED) == ["1"]
    assert queued.row(WORK, 10) == (1, 0)
    assert_fresh(queued, MODEL)


@pytest.mark.parametrize("mode", ["later", None])
def test_a_mode_is_inline_or_queued(session, mode):
    refused = session.refusal(
        "SELECT churn.set_scoring_mode('churn.customers', %s)", mode
    )

    assert refused.sqlstate == "22023"
    assert refused.message.startswith("unknown scoring mode ")
    assert refused.hint == "Pass inline or queued."


@pytest.mark.parametrize("batch_size", [0, -1, None])
def test_a_batch_of_work_holds_at_least_one_row(session, batch_size):
    refused = session.refusal(WORK, batch_size)

    assert refused.sqlstate == "22023"
    assert refused.message.startswith("batch_size must be at least 1, not ")


def test_work_for_a_table_that_is_not_attached_is_refused(session):
    refused = session.refusal("SELECT churn.work(1, 'churn.models')")

    assert refused.sqlstate == "22023"


@pytest.mark.parametrize("role", ["churn_scorer", "churn_application"])
def test_work_is_for_loaders(queued, role):
    with queued.role(role):
        assert queued.refusal(WORK, 1).sqlstate == "42501"
        assert queued.refusal(QUEUED).sqlstate == "42501"


@pytest.mark.parametrize("mode", [QUEUED, INLINE])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO churn.complaints (customer_id) VALUES (NULL)",
        "INSERT INTO churn.complaints (customer_id) VALUES (NULL), (NULL)",
        "INSERT INTO churn.complaints (customer_id) SELECT 1 WHERE false",
    ],
)
def test_a_statement_about_no_customer_changes_nobody(session, mode, statement):
    session.run("ALTER TABLE churn.complaints ALTER customer_id DROP NOT NULL")
    session.run(mode)
    before = session.run("SELECT xmin::text, c FROM churn.customers c")

    session.run(statement)

    assert session.run("SELECT xmin::text, c FROM churn.customers c") == before
    assert session.column(MARKED) == []


@pytest.mark.parametrize("mode", [QUEUED, INLINE])
def test_complaints_about_nobody_count_for_nobody_else(session, mode):
    session.run("ALTER TABLE churn.complaints ALTER customer_id DROP NOT NULL")
    session.run(mode)

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (NULL), (1)")

    session.run(WORK, 10)
    assert_fresh(session, MODEL)


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize(
    "overwritten",
    [
        "UPDATE churn.customers SET customer_id = 1000 WHERE customer_id = 1",
        "UPDATE churn.customers SET churn_model_version = NULL WHERE customer_id = 1",
        "UPDATE churn.customers SET churn_score = 0.5, churn_model_version = NULL"
        " WHERE customer_id = 1",
        "UPDATE churn.customers SET churn_score = NULL WHERE customer_id = 1",
        "INSERT INTO churn.customers (customer_id, churn_score) VALUES (1000, 0.5)",
    ],
)
def test_what_tells_marks_may_be_overwritten(queued, waits, overwritten):
    if waits:
        queued.run(INSERT, 1)

    queued.run(overwritten)

    assert queued.row(WORK, 10)[1] == 0
    assert queued.row(WORK, 10) == (0, 0)
    assert queued.column(MARKED) == []
    assert_fresh(queued, MODEL)


def test_a_score_set_by_hand_where_nothing_was_scored_is_replaced(queued):
    retire(queued)
    overwrite(queued, "churn_score = NULL, churn_model_version = NULL")
    queued.run("UPDATE churn.customers SET churn_score = 0.5 WHERE customer_id = 1")

    deploy_again = queued.value("SELECT max(version) FROM churn.models")
    queued.run("SELECT churn.activate_model(%s)", deploy_again)

    assert queued.row(WORK, 10) == (1, 0)
    assert_fresh(queued, MODEL)


def test_attachments_share_a_batch(queued):
    queued.run("""
        CREATE TABLE clients (id text PRIMARY KEY, usage numeric);
        CREATE TABLE calls (client text REFERENCES clients);
        INSERT INTO clients SELECT 'client ' || i, i FROM generate_series(1, 5) i;
        SELECT churn.attach('clients', 'id', 'calls', 'client');
    """)
    kinds = {"usage": "number", "complaint_count": "number"}
    other = fit(kinds)
    deploy(queued, other, "clients", "id")
    queued.run("SELECT churn.set_scoring_mode('clients', 'queued')")
    queued.run("INSERT INTO calls VALUES ('client 1')")
    queued.run("INSERT INTO calls VALUES ('client 2')")
    queued.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2), (3)")

    assert queued.row("SELECT scored, failed FROM churn.work(1, 'clients')") == (1, 0)
    assert queued.row(WORK, 3) == (3, 0)
    assert queued.row(WORK, 3) == (1, 0)

    assert_fresh(queued, MODEL)
    assert_fresh(queued, other, "clients", "id")


def test_features_that_follow_from_the_counter_are_scored_as_they_become(queued):
    queued.run(INLINE)
    queued.run(
        "ALTER TABLE churn.customers ADD COLUMN loud integer"
        " GENERATED ALWAYS AS (complaint_count * 2) STORED"
    )
    model = fit({"loud": "number", "age": "number"})
    deploy(queued, model)
    queued.run(QUEUED)

    queued.run(INSERT, 1)

    assert queued.row(WORK, 10) == (1, 0)
    assert queued.row(WORK, 10) == (0, 0)
    assert_fresh(queued, model)


def test_a_key_that_is_gone_loses_its_mark(queued):
    queued.run("INSERT INTO churn.customers (customer_id) VALUES (99)")
    queued.run("DELETE FROM churn.customers WHERE customer_id = 99")

    assert queued.row(WORK, 10) == (0, 0)

    assert queued.column(MARKED) == []


def test_work_waits_for_nobody_and_keeps_the_mark_of_what_is_locked(both):
    writer, worker = both
    writer.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")
    writer.commit()
    writer.run(INSERT, 1)
    worker.run("SET LOCAL lock_timeout = '1 s'")

    assert worker.row(WORK, 1) == (1, 0)
    worker.commit()

    assert worker.column(MARKED) == ["1"]
    writer.commit()
    assert worker.row(WORK, 10) == (1, 0)


def test_work_takes_no_mark_of_a_customer_whom_another_one_holds(both):
    writer, worker = both
    writer.run(INSERT, 1)
    writer.commit()
    writer.run(INSERT, 1)
    assert worker.row(WORK, 10) == (0, 0)
    writer.commit()

    assert writer.row(WORK, 10) == (1, 0)


def test_a_complaint_that_comes_while_its_customer_is_scored_is_marked_again(
    both, module_database
):
    writer, worker = both
    writer.run(INSERT, 1)
    writer.commit()
    assert worker.row(WORK, 10) == (1, 0)

    with in_background(lambda: writer.run(INSERT, 1)) as done:
        wait_until_blocked(module_database, writer, by=worker)
        worker.commit()
        done.result(timeout=20)
    writer.commit()

    assert worker.column(MARKED) == ["1"]
    assert worker.row(WORK, 10) == (1, 0)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO churn.complaints (customer_id) VALUES (1), (2)",
        "UPDATE churn.customers SET age = 20 + random() * 50 WHERE customer_id = 1",
        "DELETE FROM churn.complaints WHERE customer_id = 1",
    ],
)
def test_a_change_of_a_customer_who_is_being_scored_is_marked_again(
    both, module_database, change
):
    writer, worker = both
    writer.run(INSERT, 1)
    writer.commit()
    assert worker.row(WORK, 10) == (1, 0)

    with in_background(lambda: writer.run(change)) as done:
        wait_until_blocked(module_database, writer, by=worker)
        worker.commit()
        done.result(timeout=20)
    writer.commit()

    assert "1" in worker.column(MARKED)


def test_work_that_is_undone_leaves_the_marks(both):
    writer, worker = both
    writer.run(INSERT, 1)
    writer.commit()
    assert worker.row(WORK, 10) == (1, 0)

    worker.rollback()

    assert worker.column(MARKED) == ["1"]


def test_two_workers_take_different_customers(both):
    first, second = both
    first.run(FIRST_NINE)
    first.commit()

    assert first.row(WORK, 5) == (5, 0)
    assert second.row(WORK, 9) == (4, 0)
    second.commit()
    first.commit()

    assert first.column(MARKED) == []


def test_the_mark_of_a_key_that_is_coming_back_stays(both, module_database):
    writer, worker = both
    writer.run("INSERT INTO churn.customers (customer_id) VALUES (77)")
    writer.commit()
    writer.run("DELETE FROM churn.customers WHERE customer_id = 77")
    writer.commit()
    writer.run("INSERT INTO churn.customers (customer_id, age) VALUES (77, 50)")

    assert worker.row(WORK, 10) == (0, 0)
    worker.commit()
    writer.commit()

    assert worker.column(MARKED) == ["77"]
    assert worker.row(WORK, 10) == (1, 0)
    worker.commit()
    writer.run("DELETE FROM churn.customers WHERE customer_id = 77")
    writer.commit()


def test_the_mark_of_a_key_that_comes_back_in_inline_mode_is_held_as_well(both):
    writer, worker = both
    writer.run("INSERT INTO churn.customers (customer_id) VALUES (78)")
    writer.run("DELETE FROM churn.customers WHERE customer_id = 78")
    writer.run(INLINE)
    writer.commit()
    writer.run("INSERT INTO churn.customers (customer_id) VALUES (78)")

    assert worker.row(WORK, 10) == (0, 0)

    assert worker.column(MARKED) == ["78"]
    worker.rollback()
    writer.rollback()


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("complaint", [INSERT, INSERT + ", (2)"])
def test_at_the_higher_levels_it_is_the_writer_who_tries_again(both, level, complaint):
    writer, worker = both
    writer.run(INSERT, 1)
    writer.commit()
    writer.run(f"SET TRANSACTION ISOLATION LEVEL {level}")
    writer.run("SELECT FROM churn.customers")
    assert worker.row(WORK, 10) == (1, 0)
    worker.commit()

    assert writer.refusal(complaint, 1).sqlstate == "40001"
    writer.rollback()
    writer.run(complaint, 1)
    writer.commit()

    assert "1" in worker.column(MARKED)


def test_a_switch_of_modes_is_in_force_at_commit_for_sessions_under_way(both):
    writer, other = both
    writer.run(INSERT, 1)
    writer.commit()
    other.run(INLINE)
    writer.run(INSERT, 2)
    writer.commit()
    assert writer.column(MARKED) == ["1", "2"]
    writer.commit()

    other.commit()

    writer.run(INSERT, 3)
    writer.commit()
    assert writer.column(MARKED) == ["1", "2"]


def test_a_complaint_that_was_queued_before_the_switch_is_scored_after_it(
    both, module_database
):
    writer, other = both
    writer.run(INSERT, 1)
    other.run(INLINE)
    other.commit()
    with in_background(lambda: other.run(INSERT, 1)) as done:
        wait_until_blocked(module_database, other, by=writer)
        writer.commit()
        done.result(timeout=20)
    other.commit()

    assert writer.column(MARKED) == ["1"]
    assert divergences(writer) == []


def test_a_score_in_queued_mode_is_that_of_inline_mode(queued):
    queued.run("SAVEPOINT before")
    queued.run(EVERYBODY)
    queued.row(WORK, 100)
    later = stored_scores(queued)
    queued.run("ROLLBACK TO SAVEPOINT before")
    queued.run(INLINE)

    queued.run(EVERYBODY)

    assert stored_scores(queued) == pytest.approx(later, rel=0, abs=1e-12)


def watch(session, timing):
    """Put a trigger of others on the profile."""
    session.run(
        "CREATE FUNCTION public.watch() RETURNS trigger LANGUAGE plpgsql"
        f" AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER watch {timing} UPDATE"
        " ON churn.customers FOR EACH ROW EXECUTE FUNCTION public.watch()"
    )


@pytest.mark.parametrize("mode", ["inline", "queued"])
@pytest.mark.parametrize("guarded", [False, True], ids=["plain", "guarded"])
@pytest.mark.parametrize("forged", ["''", "'x'", "NULL"])
@pytest.mark.parametrize("customers", ["(5)", "(5), (6)", "(5), (5)"])
def test_nobody_is_counted_twice_whatever_a_statement_sets_meanwhile(
    queued, mode, guarded, forged, customers
):
    queued.run(QUEUED if mode == "queued" else INLINE)
    queued.run(
        f"""
        CREATE FUNCTION pg_temp.forge(customer bigint) RETURNS void
        LANGUAGE plpgsql AS $$ BEGIN
            UPDATE churn.complaints SET complained_at = now()
            WHERE customer_id = customer;
            PERFORM set_config(s.name, {forged}, true)
            FROM unnest('{{churn.score_failed,churn.entered,churn.unmarked,
                churn.writing,churn.score_cause}}'::text[]) s (name);
        END $$
        """
    )
    if guarded:
        watch(queued, "BEFORE")

    for _ in range(2):
        queued.run(
            f"INSERT INTO churn.complaints (customer_id) VALUES {customers}"
            " RETURNING pg_temp.forge(customer_id)"
        )

    queued.run(WORK, 100)
    assert divergences(queued) == []


@pytest.mark.parametrize("guarded", [False, True], ids=["plain", "guarded"])
def test_nor_where_the_server_keeps_no_statistics(trained_database, guarded):
    queued = trained_database.session()
    queued.run(QUEUED)
    queued.run(
        """
        SET LOCAL track_counts = off;
        SET LOCAL track_functions = 'none';
        CREATE FUNCTION pg_temp.forge() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
            DELETE FROM churn.complaints WHERE complaint_id = (
                SELECT min(c.complaint_id) FROM churn.complaints c
                WHERE c.customer_id = 3
            );
            SET LOCAL churn.score_failed = '';
        END $$
        """
    )
    if guarded:
        watch(queued, "BEFORE")

    queued.run(
        "INSERT INTO churn.complaints (customer_id) VALUES (3)"
        " RETURNING pg_temp.forge()"
    )

    queued.run(WORK, 100)
    assert divergences(queued) == []


@pytest.mark.parametrize("guarded", [False, True], ids=["plain", "guarded"])
def test_no_complaint_calls_python(trained_database, guarded):
    # One that has counted nothing anew within the last second.
    queued = trained_database.session()
    queued.run(QUEUED)
    if guarded:
        watch(queued, "AFTER")
    queued.run("SET LOCAL track_functions = 'all'")

    queued.run(INSERT, 1)
    queued.run(FIRST_NINE)

    languages = queued.column(
        "SELECT l.lanname FROM pg_stat_xact_user_functions s"
        " JOIN pg_proc p ON p.oid = s.funcid JOIN pg_language l ON l.oid = p.prolang"
    )
    assert set(languages) == {"plpgsql"}


@pytest.mark.parametrize("mode", ["inline", "queued"])
def test_what_a_change_of_a_profile_counts_later_is_not_lost_when_it_is_forgotten(
    queued, mode
):
    queued.run(QUEUED if mode == "queued" else INLINE)
    queued.run(
        """
        CREATE FUNCTION public.complain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO churn.complaints (customer_id) VALUES (new.customer_id), (7);
            PERFORM set_config('churn.entered', '', true);
            RETURN new;
        END $$;
        CREATE TRIGGER complain BEFORE UPDATE OF age ON churn.customers
            FOR EACH ROW EXECUTE FUNCTION public.complain()
        """
    )

    queued.run("UPDATE churn.customers SET age = 33 WHERE customer_id = 4")

    queued.run(WORK, 100)
    assert divergences(queued) == []


def test_detaching_forgets_who_waits(queued):
    queued.run(INSERT, 1)

    queued.run("SELECT churn.detach('churn.customers')")

    assert queued.column(MARKED) == []
    assert queued.run("SELECT * FROM churn.queue") == []
