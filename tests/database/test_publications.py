"""Where all tables are published, no row without an identity can be deleted."""

import pytest

from tests.models import assert_fresh, default_model
from tests.schemas import SCHEMAS

MODEL = default_model()
WORK = "SELECT scored, failed FROM churn.work()"
REPAIR = """
    SELECT churn_internal.repair_profiles_1(churn_internal.wrong_profiles(a))
    FROM churn.attachments a
"""


@pytest.fixture
def published(session):
    session.run("CREATE PUBLICATION everything FOR ALL TABLES")
    return session


def test_every_table_has_a_replica_identity(session):
    session.run("SELECT churn.expire_predictions(interval '1 year')")

    assert (
        session.column(
            """
        SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relnamespace = ANY (%s::text[]::regnamespace[])
          AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
          AND CASE c.relreplident
              WHEN 'd' THEN NOT EXISTS (
                  SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary
              )
              WHEN 'i' THEN NOT EXISTS (
                  SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident
              )
              ELSE c.relreplident = 'n'
          END
        """,
            [*SCHEMAS, "churn_trust"],
        )
        == []
    )


@pytest.mark.parametrize("has_score", [True, False])
@pytest.mark.parametrize("drained", [WORK, REPAIR])
def test_a_queue_is_drained(published, has_score, drained):
    published.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
    if not has_score:
        published.run("SET LOCAL session_replication_role = replica")
        published.run(
            "UPDATE churn.customers SET churn_score = NULL, churn_model_version = NULL"
        )
        published.run("RESET session_replication_role")
    published.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    published.run("INSERT INTO churn.complaints (customer_id) VALUES (2), (3)")

    published.run(drained)

    assert published.value("SELECT sum(waiting) FROM churn.queue") == 0
    if has_score:
        assert_fresh(published, MODEL)


def test_whoever_leaves_is_forgotten(published):
    published.run("SELECT churn.set_prediction_log('churn.customers', 1)")
    published.run("SELECT churn.set_outbox('churn.customers', 'every')")
    published.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    assert published.column(
        "SELECT relation::text FROM churn.forget('churn.customers', '1')"
    ) == ["churn.predictions", "churn.outbox"]


def test_what_the_log_has_caught_moves_to_its_month(published):
    published.run(
        "INSERT INTO churn.predictions"
        " VALUES (1, '1', 1, 0.5, '{}', 'batch', '2020-01-01')"
    )

    published.run("SELECT churn.expire_predictions(interval '99 years')")

    partitions = "SELECT tableoid::regclass::text FROM churn.predictions"
    assert published.column(partitions) == ["churn_internal.predictions_202001"]


def test_a_table_is_rescored_and_detached(published):
    published.run(
        "SELECT churn_internal.rescore_batch("
        " churn_internal.begin_rescoring('churn.customers', true), 10, NULL)"
    )
    published.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
    published.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    published.run("DROP FUNCTION churn.score_customer")
    published.run("SELECT churn.detach('churn.customers')")

    assert published.value("SELECT count(*) FROM churn_internal.pending_profiles") == 0
