"""Running the application that scores outside of the database."""

import multiprocessing
import pickle
import random
import time

import psycopg2

from tests.bench.bench import session_options
from tests.bench.features import select_list_after_complaint
from tests.bench.rival_application import Application
from tests.bench.throughput import WARM_UP, steady_throughput

LONGEST_WAIT = 120

# Of a worker process: what its application is made of, and what it waits at.
worker = {}


class ApplicationClients:
    """The application in one process for each client, as it would be deployed.

    Parameters
    ----------
    bench : Bench
    schema : str
    model : Model
    rows : int
        Customers there are.
    clients : int
    synchronous_commit : {"on", "off"}
    """

    def __init__(self, bench, schema, model, rows, clients, synchronous_commit):
        self.arguments = [(rows, bench.settings.seconds)] * clients
        context = multiprocessing.get_context("spawn")
        self.pool = context.Pool(
            clients,
            start_worker,
            [
                context.Barrier(clients),
                {
                    "dsn": bench.dsn,
                    "options": session_options(schema, synchronous_commit),
                    "artifact": model.artifact,
                    "features": select_list_after_complaint(model.kinds),
                    "names": list(model.kinds) if model.takes_frame else None,
                },
            ],
        )

    def throughput(self):
        """Return the transactions per second."""
        return steady_throughput(self.pool.starmap(work, self.arguments, chunksize=1))

    def close(self):
        """End the processes."""
        self.pool.terminate()
        self.pool.join()


def start_worker(barrier, described):
    """Keep what the worker needs; what can fail is left to its first task."""
    worker.update(described, barrier=barrier)


def application():
    """Return the worker's application, connected and with its model loaded."""
    if "application" not in worker:
        worker["application"] = Application(
            psycopg2.connect(worker["dsn"], options=worker["options"]),
            pickle.loads(worker["artifact"]),
            worker["features"],
            worker["names"],
        )
    return worker["application"]


def work(rows, seconds):
    """Insert complaints of random customers; return when each of them was done."""
    complain = application().complain
    # Every worker takes one of the tasks, because none goes on before all are here.
    worker["barrier"].wait(LONGEST_WAIT)
    ends = []
    started = time.time()
    while len(ends) <= WARM_UP or time.time() < started + seconds:
        complain(random.randint(1, rows))
        ends.append(time.time())
    return ends
