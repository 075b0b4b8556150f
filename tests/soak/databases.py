"""Databases to soak: migrated, with customers, complaints and an active model."""

import contextlib

from tests.models import default_model, deploy, populate

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

    The model is `default_model`: version 1 scores from its pickle; with ``compiled``,
    version 2 is the same with its compiled form, and active.
    """
    with migrated_database(server, name) as database:
        session = database.session()
        populate(session, compile_form=False)
        if compiled:
            deploy(session, default_model())
        session.commit()
        session.close()
        yield database
