"""The demonstration and the tests on Debian 13: ``make test-debian13``.

It has another PostgreSQL, another Python and other packages than Debian 12. A Debian 13
is installed in a directory, where it stays for the next run.
"""

import argparse
import shlex
import sys

from pgchurn.loader import distribution

from tests.debian13.root import (
    Unavailable,
    build,
    locked,
    make,
    refresh,
    root_directory,
    succeeds,
)

# What another version of PostgreSQL or of Python breaks first.
QUICK = (
    "tests/unit/test_strict_pickle.py",
    "tests/migration/test_prerequisites.py",
    "tests/migration/test_migrations.py",
    "tests/database/test_catalog.py",
    "tests/database/test_inserting_complaints.py",
    "tests/database/test_scoring_in_sql.py",
    "tests/database/test_sandbox_process.py",
    "tests/database/test_dump_and_restore.py",
)


def main(arguments=None):
    """Run the demonstration and the tests; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.debian13")
    parser.add_argument("--quick", action="store_true", help="run fewer tests")
    parser.add_argument(
        "--if-possible",
        action="store_true",
        help="where no Debian 13 can be installed, say so and succeed",
    )
    parser.add_argument("pytest", nargs="*", help="arguments of pytest, after --")
    options = parser.parse_args(arguments)
    root = root_directory()
    quick = ("-m", "not slow", *QUICK) if options.quick else ()
    tests = [*quick, *options.pytest]
    script = [make("demo"), make("test", ARGS=shlex.join(tests)), make("stop")]
    try:
        with locked(root):
            build(root)
            refresh(root)
            return 0 if succeeds(root, "\n".join(script)) else 1
    except Unavailable as error:
        distribution.report(error)
        return 0 if options.if_possible else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
