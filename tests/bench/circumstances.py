"""The machine, the versions and the settings that figures hold for."""

import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from tests.bench import pgbench
from tests.databases import CHECKOUT

PACKAGES = (
    "scikit-learn",
    "numpy",
    "pandas",
    "onnxruntime",
    "psycopg2-binary",
)
SETTINGS = (
    "synchronous_commit",
    "fsync",
    "full_page_writes",
    "shared_buffers",
    "work_mem",
    "max_wal_size",
    "checkpoint_timeout",
    "autovacuum",
    "jit",
)


def circumstances(bench):
    """Return what figures depend on, as a dict of dicts."""
    ((version,),) = bench.execute("SELECT current_setting('server_version')")
    rows = bench.execute(
        "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY (%s)",
        [list(SETTINGS)],
    )
    return {
        "commit": {"of the checkout": commit()},
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "processor": proc_field("cpuinfo", "model name"),
            "memory": proc_field("meminfo", "MemTotal"),
            "system": platform.platform(),
            "load at start": os.getloadavg()[0],
        },
        "versions": {
            "PostgreSQL": version,
            "Python": platform.python_version(),
            **{package: metadata.version(package) for package in PACKAGES},
        },
        "settings": {
            **dict(rows),
            "pgbench": " ".join(pgbench.OPTIONS),
            "connection": "Unix socket",
        },
    }


def commit():
    """Return the checkout's commit, and whether something was changed since."""
    if shutil.which("git") is None:
        return "not known"
    described = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(described, capture_output=True, text=True, cwd=CHECKOUT)
    return done.stdout.strip() or "not known"


def proc_field(file, name):
    """Return the first value of a name in a file of /proc, if there is one."""
    for line in Path("/proc", file).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None
