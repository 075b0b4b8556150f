"""Databases to soak: migrated, with customers, complaints and an active model."""

import contextlib
import json

from pgchurn.loader.compiling import compile_model
from pgchurn.loader.models.boundary_rows import boundary_rows
from pgchurn.plpython.runtime.signature import Signature

from tests.models import (
    activate,
    default_model,
    expected_scores,
    populate,
    read_features,
    rescore_in_place,
)

REGISTER = (
    "SELECT churn.register_model('churn.customers', artifact => %s, signature => %s,"
    " metrics => '{}', environment => %s, provenance => '{}',"
    " replay_keys => %s::text[], replay_probabilities => %s::float8[],"
    " compiled => %s, compilation => '', boundary_numbers => %s::float8[],"
    " boundary_texts => %s::text[])"
)


# A migrated database to clone, by the server's URL, where a test run has one at hand.
TEMPLATES = {}


@contextlib.contextmanager
def migrated_database(server, name):
    """Create a database at the newest revision; drop it at the end."""
    template = TEMPLATES.get(server.url)
    with server.database(f"soak_{name}", template) as database:
        if template is None:
            database.alembic("upgrade", "head")
        yield database


@contextlib.contextmanager
def trained_database(server, name, compiled=True):
    """Create a database with customers, complaints and an active model.

    The model is `default_model`: its pickle is version 1; with ``compiled``, version 2
    is the same with its compiled form, and active.
    """
    with migrated_database(server, name) as database:
        session = database.session()
        populate(session)
        if compiled:
            activate(session, register_compiled(session, default_model()))
            rescore_in_place(session, "churn.customers")
        session.commit()
        session.close()
        yield database


def register_compiled(session, model):
    """Register a model of churn.customers that the server scores by its compiled form.

    Returns
    -------
    int
        The version.
    """
    signature = Signature.from_json(model.signature)
    compiled = compile_model(model.pipeline, signature)
    replay = expected_scores(session, model)
    edges = boundary_rows(signature, read_features(session, model.kinds), compiled)
    version = session.value(
        REGISTER,
        model.artifact,
        json.dumps(model.signature),
        json.dumps(model.environment),
        list(replay),
        list(replay.values()),
        compiled,
        *(rows if rows[0] else None for rows in edges),
    )
    kept, why = session.row(
        "SELECT compiled IS NOT NULL, compilation FROM churn.models WHERE version = %s",
        version,
    )
    if not kept:
        raise RuntimeError(f"version {version} is not compiled: {why}")
    return version
