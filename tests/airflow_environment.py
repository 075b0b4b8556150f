"""Airflow in an environment of its own, which runs the tasks of the example."""

import os
import sys
from pathlib import Path

from tests import environments
from tests.databases import CHECKOUT, run

EXAMPLE = CHECKOUT / "loader/schedulers/airflow_dag.py"
ENVIRONMENT = "airflow"
REQUIREMENTS = "apache-airflow==3.3.2\n"
TASKS = ("monitor", "retrain", "status")
RUN = """
import runpy, sys
from airflow.sdk.exceptions import AirflowSkipException
dag = runpy.run_path(sys.argv[1])["dag"]
for task in dag.topological_sort():
    print(task.task_id, *sorted(task.downstream_task_ids))
for name in sys.argv[2:]:
    try:
        dag.get_task(name).execute({})
    except AirflowSkipException:
        print("skipped", name)
    else:
        print("done", name)
"""


def install():
    """Install Airflow, unless it is there."""
    environments.install(ENVIRONMENT, REQUIREMENTS, "Airflow, 290 MB")


def missing():
    """Return why the example cannot be imported, or None."""
    if not environments.is_installed(ENVIRONMENT, REQUIREMENTS):
        return "Airflow is not installed: make clients"
    return None


def run_tasks(folder, database, *names):
    """Import the example, and execute tasks of it.

    Parameters
    ----------
    folder : pathlib.Path
        For what Airflow writes.
    database : Database
        That the tasks work on.
    names : str
        Of the tasks.

    Returns
    -------
    list of str
        The tasks, each with what comes after it; then what came of those executed.
    """
    # What the example calls is on the PATH as it is where pgchurn is installed.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**database.environment(), "AIRFLOW_HOME": str(folder), "PATH": path}
    python = environments.python_of(ENVIRONMENT)
    done = run([python, "-c", RUN, EXAMPLE, *names], env=environment)
    lines = done.stdout.splitlines()
    return [line for line in lines if line.split()[0] in {*TASKS, "done", "skipped"}]
