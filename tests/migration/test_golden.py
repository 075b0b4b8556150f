"""The golden catalog: what a fresh database becomes."""

import pytest

from tests.golden import FILE, catalog
from tests.lint.sql import problems

RENEW = "run make golden, and look at the difference in tests/migration/catalog.sql"
WORK = """
    CREATE OR REPLACE FUNCTION churn.work(
        batch_size integer DEFAULT 1000, profile regclass DEFAULT NULL,
        OUT scored bigint, OUT failed bigint
    )
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'BEGIN END'
"""
SCORE = """
    CREATE OR REPLACE FUNCTION churn.score(churn.customers) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL UNSAFE AS 'SELECT 0.5::double precision'
"""
# Each shows.
CHANGES = (
    "ALTER ROLE churn_scorer CREATEDB",
    "GRANT USAGE ON SCHEMA churn_runtime TO churn_scorer",
    "CREATE DOMAIN churn_internal.share AS double precision CHECK (VALUE <= 1)",
    "ALTER TABLE churn.models ADD COLUMN nickname text",
    "ALTER TABLE churn.models ALTER COLUMN metrics DROP NOT NULL",
    "ALTER TABLE churn.models ALTER COLUMN metrics SET DEFAULT '{}'",
    "ALTER TABLE churn.models ALTER COLUMN artifact SET STORAGE EXTENDED",
    "ALTER TABLE churn.models ADD CONSTRAINT young CHECK (version < 1000000)",
    "ALTER TABLE churn.models OWNER TO churn_loader",
    "ALTER TABLE churn.models SET (fillfactor = 50)",
    "ALTER TABLE churn.models ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE churn.models DISABLE TRIGGER refuse_change",
    "COMMENT ON COLUMN churn.models.version IS 'Another.'",
    "CREATE INDEX models_by_time ON churn.models (registered_at)",
    "CREATE TRIGGER another BEFORE INSERT ON churn.models EXECUTE FUNCTION"
    " churn_internal.refuse_change()",
    "GRANT SELECT ON churn.models TO churn_application",
    "GRANT SELECT (artifact) ON churn.models TO churn_scorer",
    "ALTER VIEW churn.queue RENAME COLUMN oldest TO age",
    "GRANT SELECT ON churn.queue TO churn_application",
    "COMMENT ON VIEW churn.queue IS 'Another.'",
    "CREATE TABLE churn_internal.predictions_202401 PARTITION OF churn.predictions"
    " FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
    "ALTER FUNCTION churn.work SECURITY INVOKER",
    "ALTER FUNCTION churn.work STABLE",
    "ALTER FUNCTION churn.work PARALLEL SAFE",
    "ALTER FUNCTION churn.work SET work_mem = '1GB'",
    "ALTER FUNCTION churn.work RESET search_path",
    "ALTER FUNCTION churn.work OWNER TO churn_loader",
    "ALTER FUNCTION churn.work COST 1000",
    "ALTER FUNCTION churn.work SET SCHEMA churn_internal",
    "GRANT EXECUTE ON FUNCTION churn.work TO PUBLIC",
    "COMMENT ON FUNCTION churn.work IS NULL",
    "CREATE FUNCTION churn.work(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    "CREATE FUNCTION churn_runtime.a_module() RETURNS void LANGUAGE sql AS ''",
    "ALTER EVENT TRIGGER churn_keep_attached_tables DISABLE",
    SCORE,
)


@pytest.fixture(scope="module")
def golden():
    return FILE.read_text(encoding="utf-8")


def test_a_fresh_database_is_what_the_golden_catalog_shows(bare, golden):
    assert catalog(bare).splitlines() == golden.splitlines(), RENEW


def test_the_golden_catalog_parses():
    assert problems(FILE) == []


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_shows(bare, golden, change):
    bare.run(change)

    assert catalog(bare) != golden


def test_bodies_do_not_show_but_those_for_the_default_tables(bare, golden):
    bare.run(WORK)

    assert catalog(bare) == golden
    assert "-- The missing side of an outer join is nobody's row." in golden


def test_who_is_superuser_does_not_show(bare, golden):
    bare.run("CREATE ROLE pgchurn_test_superuser SUPERUSER")
    bare.run("ALTER SCHEMA churn_trust OWNER TO pgchurn_test_superuser")
    bare.run("ALTER TABLE churn_trust.trusted_keys OWNER TO pgchurn_test_superuser")

    assert catalog(bare) == golden
