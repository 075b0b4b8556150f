"""The client's named statements, compiled against the schema."""

from collections import defaultdict

import pytest
from pgchurn.loader.database import queries

# PREPARE takes neither LISTEN and SET, which name nothing of ours, nor CALL.
NOT_PREPARED = {"work_listen", "listen_channels", "rescoring_session", "rescore"}


@pytest.mark.parametrize("name", sorted(queries().keys() - NOT_PREPARED))
def test_every_statement_fits_the_schema(name, session):
    with session.connection.cursor() as cursor:
        statement = cursor.mogrify(queries()[name], defaultdict(lambda: None)).decode()

    session.run(f"PREPARE {name} AS {statement}")
