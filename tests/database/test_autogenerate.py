"""An application's own ``alembic revision --autogenerate`` on attached tables."""

from collections import namedtuple

import psycopg2
import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config
from pgchurn.migrations import autogenerate
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text

from tests.models import quoted

ODD = 'Odd "Shop" 100%'
COLUMNS = ["complaint_count", "last_complaint_at", "churn_score"]
COLUMNS += ["churn_model_version", "churn_scored_at"]

# As the page on migrations tells applications to write it, but for the database.
ENVIRONMENT = """
from alembic import context
from pgchurn.migrations.autogenerate import include_object

given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=given["models"],
    include_schemas=given["include_schemas"],
    {option}
)
with context.begin_transaction():
    context.run_migrations()
"""

TEMPLATE = """
revision = ${repr(up_revision)}
down_revision = None

def upgrade():
    ${upgrades}
"""

Application = namedtuple("Application", "session url schema")


@pytest.fixture(params=[None, ODD], ids=["public", "another schema"])
def application(empty_database, request):
    """Two attached tables, of a schema that is looked at first, and one of neither."""
    schema = request.param
    session = empty_database.session(autocommit=True)
    if schema:
        session.run(f"CREATE SCHEMA {quoted(schema)}")
    session.run(
        f"SET search_path = {quoted(schema or 'public')};"
        "CREATE TABLE clients (id serial PRIMARY KEY, plan text);"
        "CREATE TABLE calls (id serial PRIMARY KEY, client int REFERENCES clients);"
        "CREATE TABLE notes (id serial PRIMARY KEY, churn_score text);"
        "SELECT churn.attach('clients', 'id', 'calls', 'client');"
        "SELECT churn.set_outbox('clients', 'every')"
    )
    return Application(session, empty_database.url, schema)


def models(schema, columns=COLUMNS[:0], notes=("churn_score",), more=()):
    """Return the application's tables, with more columns of two of them."""
    metadata = MetaData()
    clients = Table(
        *("clients", metadata, Column("id", Integer, primary_key=True)),
        Column("plan", Text),
        *(Column(name, Text) for name in columns),
        schema=schema,
    )
    Table(
        *("calls", metadata, Column("id", Integer, primary_key=True)),
        Column("client", Integer, ForeignKey(clients.c.id)),
        schema=schema,
    )
    Table(
        *("notes", metadata, Column("id", Integer, primary_key=True)),
        *(Column(name, Text) for name in notes),
        schema=schema,
    )
    for name in more:
        Table(name, metadata, Column("id", Integer, primary_key=True), schema=schema)
    return metadata


@pytest.fixture
def proposed(application, tmp_path):
    """What ``alembic revision --autogenerate`` proposes, in the words of a revision."""

    def propose(metadata, option="include_object=include_object"):
        (tmp_path / "versions").mkdir()
        (tmp_path / "env.py").write_text(ENVIRONMENT.format(option=option))
        (tmp_path / "script.py.mako").write_text(TEMPLATE)
        config = Config()
        config.set_main_option("script_location", str(tmp_path))
        config.set_main_option("path_separator", "newline")
        config.attributes.update(
            models=metadata, include_schemas=application.schema is not None
        )
        engine = sqlalchemy.create_engine(
            "postgresql+psycopg2://",
            creator=lambda: psycopg2.connect(application.url),
            poolclass=sqlalchemy.NullPool,
        )
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.revision(config, autogenerate=True)
        (written,) = (tmp_path / "versions").glob("*.py")
        return written.read_text()

    return propose


def test_without_the_helper_our_columns_would_be_dropped(application, proposed):
    text = proposed(models(application.schema), option="")

    for column in COLUMNS:
        assert f"op.drop_column('clients', '{column}'" in text
    if application.schema:
        assert "op.drop_table('pending_profiles', schema='churn_internal')" in text


def test_with_it_nothing_is_proposed(application, proposed):
    assert "    pass\n" in proposed(models(application.schema))


def test_what_the_application_changes_is_proposed_as_ever(application, proposed):
    text = proposed(models(application.schema, notes=(), more=["plans"]))

    # Of this name, but on a table that is not attached.
    assert "op.drop_column('notes', 'churn_score'" in text
    assert "op.create_table('plans'" in text
    assert "clients" not in text and "churn_internal" not in text


def test_our_columns_may_be_mapped_in_any_way(application, proposed):
    assert "    pass\n" in proposed(models(application.schema, COLUMNS))


def test_a_mapped_table_of_ours_keeps_what_it_has(application, proposed):
    metadata = models(application.schema)
    Table(
        *("customers", metadata, Column("customer_id", Integer, primary_key=True)),
        schema="churn",
    )

    text = proposed(metadata)

    if application.schema:
        assert "op.drop_column('customers', 'age', schema='churn')" in text
    assert "churn_score" not in text


def test_the_helper_knows_all_schemas_and_columns(session):
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^churn'"
    columns = (
        "SELECT attname FROM pg_attribute WHERE attrelid = 'churn.customers'::regclass"
        " AND col_description(attrelid, attnum) ~ 'Kept by pgchurn'"
    )

    assert set(session.column(schemas)) == autogenerate.SCHEMAS
    assert set(session.column(columns)) == autogenerate.COLUMNS
