"""Running pgbench."""

import math
import os
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

from pgchurn.loader.private_server import server_program

from tests.bench.bench import session_options
from tests.bench.measuring import seconds_of
from tests.bench.throughput import WARM_UP, steady_throughput

OPTIONS = ("-n", "-M", "prepared", "--random-seed=1")
MICROSECONDS = 1e-6


class Pgbench:
    """Inserts single complaints of random customers on one side.

    Each run has sessions of its own. The time that they need to load the model comes
    on top of the time asked for, and is left out of the throughput.

    Parameters
    ----------
    bench : Bench
    schema : str
    rows : int
        Customers there are.
    clients : int
    synchronous_commit : {"on", "off"}
    """

    def __init__(self, bench, schema, rows, clients, synchronous_commit):
        self.bench = bench
        self.rows = rows
        self.clients = clients
        self.environment = {
            **os.environ,
            "PGOPTIONS": session_options(schema, synchronous_commit),
        }
        loading = seconds_of(lambda: self.run("-t", WARM_UP))
        self.seconds = math.ceil(loading + bench.settings.seconds)

    def throughput(self):
        """Return the transactions per second."""
        return steady_throughput(transaction_ends(self.run("-T", self.seconds)))

    def run(self, *limit):
        """Run pgbench; return its log of transactions."""
        with tempfile.TemporaryDirectory() as directory:
            command = [server_program("pgbench"), *OPTIONS, *limit]
            command += ["-c", self.clients, "-j", self.clients]
            command += ["-f", Path(__file__).with_name("single_insert.pgbench")]
            command += ["-D", f"customers={self.rows}", "-l", self.bench.dsn]
            done = subprocess.run(
                list(map(str, command)),
                cwd=directory,
                env=self.environment,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise RuntimeError(f"pgbench failed:\n{done.stderr}")
            logs = Path(directory).glob("pgbench_log.*")
            return "".join(log.read_text(encoding="ascii") for log in logs)


def transaction_ends(log):
    """Return for each client when its transactions ended.

    Parameters
    ----------
    log : str
        Lines of ``client transaction latency script seconds microseconds``.
    """
    ends = defaultdict(list)
    for line in log.splitlines():
        client, _, _, _, seconds, microseconds = line.split()[:6]
        ends[client].append(int(seconds) + int(microseconds) * MICROSECONDS)
    return list(ends.values())
