"""The client's named statements, compiled against the schema."""

from collections import defaultdict

import pytest
from pgchurn.loader.database import queries

# PREPARE takes neither LISTEN and SET, which name nothing of ours, nor CALL.
NOT_PREPARED = {"work_listen", "listen_channels", "rescoring_session", "rescore"}
# Make the tables of a demonstration, or read them: tests/acceptance/test_life_cycle.py
# runs these.
NOT_PREPARED |= {"life_cycle_create", "life_cycle_log"}
NOT_PREPARED |= {"life_cycle_scored_by", "life_cycle_complaints"}


@pytest.mark.parametrize("name", sorted(queries().keys() - NOT_PREPARED))
def test_every_statement_fits_the_schema(name, session):
    with session.connection.cursor() as cursor:
        statement = cursor.mogrify(queries()[name], defaultdict(lambda: None)).decode()

    session.run(f"PREPARE {name} AS {statement}")
