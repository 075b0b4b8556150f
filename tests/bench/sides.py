"""The sides of a comparison: equal tables, some of them attached, others a rival's."""

from tests.bench.bench import sql_file
from tests.bench.models import compilation, is_compiled, register_version


def create_tables(bench, schema, source, rows):
    """Create a side's tables and fill them from a source."""
    columns = ", ".join(
        name for name in source.frame if name not in ("customer_id", "complaint_count")
    )
    bench.execute(
        sql_file(
            "side_tables.sql",
            schema=schema,
            source=source.schema,
            source_rows=source.rows,
            columns=columns,
            rows=rows,
        )
    )


def create_ours(bench, schema, source, rows, model):
    """Create tables that pgchurn keeps, scored by a model; return its version."""
    create_tables(bench, schema, source, rows)
    bench.execute(
        "SELECT churn.attach(%s, 'customer_id', %s, 'customer_id', 'complained_at')",
        [f"{schema}.customers", f"{schema}.complaints"],
    )
    version = register_version(bench, f"{schema}.customers", model)
    bench.execute("SELECT churn.activate_model(%s)", [version])
    bench.execute(f"CALL churn.rescore('{schema}.customers')")
    if not is_compiled(bench, version):
        bench.note(
            f"{model.name} of {len(model.kinds)} features, {rows:,} profiles: no "
            f"compiled form, so the pickle is measured; {compilation(bench, version)}"
        )
    return version


def create_rival(bench, schema, source, rows, ours):
    """Create tables like pgchurn's, with the same scores, and nothing that fires."""
    create_tables(bench, schema, source, rows)
    bench.execute(sql_file("rival_columns.sql", schema=schema, ours=ours))


def store_model(bench, schema, model):
    """Store a pickle where a rival's functions find it."""
    bench.execute(f"CREATE TABLE {schema}.model (artifact bytea NOT NULL)")
    bench.execute(f"INSERT INTO {schema}.model VALUES (%s)", [model.artifact])


def settle(bench, *schemas):
    """Leave no work of one side for the other: vacuum, then write everything out."""
    for schema in schemas:
        bench.execute(f"VACUUM (ANALYZE) {schema}.customers")
        bench.execute(f"VACUUM (ANALYZE) {schema}.complaints")
    bench.execute("CHECKPOINT")


def drop(bench, *schemas):
    """Drop sides whose measurements are done, for the disk's sake."""
    for schema in schemas:
        attached = bench.execute(
            "SELECT a.attachment_id FROM churn.attachments a"
            " WHERE a.detached_at IS NULL AND a.profile = to_regclass(%s)",
            [f"{schema}.customers"],
        )
        if attached:
            bench.execute("SELECT churn.detach(%s)", [f"{schema}.customers"])
        bench.execute(f"DROP SCHEMA {schema} CASCADE")
