"""The example for Airflow: what it runs, and what Airflow makes of the exit status."""

import pytest

from tests import airflow_environment
from tests.models import populate

MISSING = airflow_environment.missing()

pytestmark = [
    pytest.mark.slow(reason="Airflow is imported, and runs the command"),
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
]


def test_airflow_runs_the_tasks_and_skips_where_nothing_is_released(
    owner, empty_database, tmp_path
):
    populate(owner)

    printed = airflow_environment.run_tasks(
        tmp_path, empty_database, "monitor", "retrain", "status"
    )

    assert printed == [
        *("monitor retrain", "retrain status", "status"),
        *("done monitor", "skipped retrain", "done status"),
    ]
