"""The long run under load: ``make soak``, or ``python -m tests.soak``.

One row for each figure that is promised: what, wanted, measured, and whether it holds.
"""

import argparse
import importlib
import os
import signal
import sys
import time
import traceback

import pytest
from pgchurn.loader import output, private_server

from tests.databases import Server
from tests.soak.bars import MODULES, Bar


def main(arguments=None):
    """Measure every bar.

    Returns
    -------
    int
        0 when all of them are met; 1 otherwise; 130 when interrupted.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        choices=MODULES,
        default=MODULES,
        help=f"measure only these: {', '.join(MODULES)}",
    )
    parser.add_argument(
        "--short", action="store_true", help="the short forms that `make test` runs"
    )
    options = parser.parse_args(arguments)
    # So that `kill` and a closed terminal leave no server behind either.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    server = Server(os.environ.get("DATABASE_URL") or private_server.url())
    bars = []
    try:
        for name in options.only:
            for bar in measure(name, server, full=not options.short):
                bars.append(bar)
    except KeyboardInterrupt:
        return 130
    finally:
        print(as_table(bars))
    return 0 if all(bar.ok for bar in bars) else 1


def measure(name, server, full):
    """Yield the bars of one module; when it fails, that is one more, not met."""
    started = time.monotonic()
    try:
        for bar in importlib.import_module(f"tests.soak.{name}").measure(server, full):
            verdict = "ok" if bar.ok else "NOT OK"
            output.message(f"{name}: {bar.what}: {bar.measured}: {verdict}")
            yield bar
    # The other modules are worth having all the same. What tests call to fail is no
    # Exception.
    except (Exception, pytest.fail.Exception) as error:
        traceback.print_exc()
        yield Bar(name, "to be measured", f"{type(error).__name__}: {error}", False)
    output.message(f"{name}: took {time.monotonic() - started:.0f} s")


def as_table(bars):
    """Return the bars as a table."""
    rows = [{**bar._asdict(), "ok": "yes" if bar.ok else "NO"} for bar in bars]
    return output.table(rows, empty="nothing was measured")


if __name__ == "__main__":
    sys.exit(main())
