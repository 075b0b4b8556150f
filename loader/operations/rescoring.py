"""Scoring a whole table with several sessions, and watching them."""

import contextlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import psycopg2
import psycopg2.errors
from pgchurn.loader import output
from pgchurn.loader.database import (
    Connection,
    connect,
    fetch_all,
    fetch_value,
    find_table,
    queries,
)
from pgchurn.loader.errors import LoaderError, primary_message

SECONDS_BETWEEN_LOOKS = 0.5
RESUME = "the same command goes on from there"

Work = Future[None]
Run = dict[str, Any]


@dataclass(frozen=True)
class Pace:
    """How a table is scored.

    Attributes
    ----------
    workers : int
        Sessions, each of which scores batches of its own.
    batch_size : int
        Rows between two commits of a worker.
    rows_per_second : int, optional
        What all workers together do at most.
    restart : bool
        Whether to start over although a run is unfinished.
    """

    workers: int
    batch_size: int
    rows_per_second: int | None
    restart: bool


def rescore_profiles(url: str | None, table: str, pace: Pace) -> Run:
    """Score every row, resuming an interrupted run.

    The server does the work, batch by batch: this keeps its sessions and watches them.

    Parameters
    ----------
    url : str or None
        As `database_url` takes it.
    table : str
        The attached table's name as SQL spells it.
    pace : Pace

    Returns
    -------
    dict
        The finished run, as ``churn.rescore_progress`` has it.

    Raises
    ------
    LoaderError
        If no model is active for the table, or the run was interrupted.
    """
    with contextlib.ExitStack() as opened:

        def session() -> Connection:
            connection = opened.enter_context(contextlib.closing(connect(url)))
            connection.autocommit = True
            return connection

        observer = session()
        # By one session, so that the workers meet in one run.
        try:
            fetch_value(observer, "begin_rescoring", table=table, restart=pace.restart)
        except psycopg2.errors.ObjectNotInPrerequisiteState:
            raise LoaderError(
                f"no model is active for {table}; pgchurn activate VERSION"
            ) from None
        output.notices(observer)
        workers = [session() for _ in range(pace.workers)]
        pool = opened.enter_context(ThreadPoolExecutor(pace.workers))
        calls = [pool.submit(work, worker, table, pace) for worker in workers]
        try:
            watch(observer, table, calls)
        except KeyboardInterrupt:
            cancel(workers, calls)
            stopped = how_far(progress(observer, table))
            raise LoaderError(f"interrupted {stopped}; {RESUME}") from None
        except BaseException:
            cancel(workers, calls)
            raise
        return outcome(observer, table, [call.exception() for call in calls])


def work(connection: Connection, table: str, pace: Pace) -> None:
    """Take part in a run until all of it is done."""
    backend_pid = connection.info.backend_pid
    with connection.cursor() as cursor:
        # Left to a pooler's session, the settings would be those of other clients.
        if fetch_value(connection, "own_session", backend_pid=backend_pid):
            cursor.execute(queries()["rescoring_session"])
        cursor.execute(
            queries()["rescore"],
            {
                "table": find_table(connection, table),
                "batch_size": pace.batch_size,
                "rows_per_second": pace.rows_per_second,
            },
        )


def progress(observer: Connection, table: str) -> Run:
    """Return the newest run of a table."""
    return fetch_all(observer, "rescore_progress", table=table)[0]


def watch(observer: Connection, table: str, calls: Sequence[Work]) -> None:
    """Show how far the workers are, until all of them have ended."""
    run = progress(observer, table)
    with output.progress_bar(
        run["rows_expected"], "row", f"scoring {table}", run["rows_done"]
    ) as bar:
        while wait(calls, SECONDS_BETWEEN_LOOKS).not_done:
            run = progress(observer, table)
            bar.total = run["rows_expected"]
            bar.update(run["rows_done"] - bar.n)


def cancel(workers: Sequence[Connection], calls: Sequence[Work]) -> None:
    """Cancel what the workers do until all have ended: some may only just begin."""
    while wait(calls, SECONDS_BETWEEN_LOOKS / 5).not_done:
        for worker in workers:
            with contextlib.suppress(psycopg2.Error):
                worker.cancel()


def how_far(run: Run) -> str:
    """Return how far a run is, in words."""
    return f"after {run['rows_done']:,} of about {run['rows_expected']:,} rows"


def outcome(
    observer: Connection, table: str, ends: Sequence[BaseException | None]
) -> Run:
    """Return the finished run; raise a worker's error if rows are left.

    Parameters
    ----------
    observer : psycopg2 connection
    table : str
    ends : sequence of exception or None
        How each worker ended.
    """
    errors = [error for error in ends if error is not None]
    try:
        run = progress(observer, table)
    except psycopg2.Error:
        if errors:
            raise errors[0] from None
        raise
    if errors and run["state"] != "done":
        output.message(f"pgchurn: stopped {how_far(run)}; {RESUME}")
        raise errors[0]
    for error in errors:
        found = primary_message(error) if isinstance(error, psycopg2.Error) else error
        output.message(
            f"pgchurn: a worker was lost and the others did its rows: {found}"
        )
    return run


def run_report(run: Run) -> str:
    """Return the line about a finished run."""
    return (
        f"Scored {run['rows_done']:,} rows of {run['profile']} with version "
        f"{run['version']}."
    )
