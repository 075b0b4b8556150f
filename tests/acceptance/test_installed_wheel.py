"""pgchurn from its wheel, in an empty environment without a checkout."""

import json
import os
import sys
from importlib.metadata import version

import pytest

from tests.databases import CHECKOUT, run
from tests.wheels import build_wheel

pytestmark = pytest.mark.slow(reason="installs the wheel with all that it needs")

# Those who complain leave.
CUSTOMERS = """
    INSERT INTO churn.customers (customer_id, customer_name, age, contract, churned)
    SELECT i, 'customer ' || i, 20 + i % 50,
           (ARRAY['month to month', 'one year', 'two year'])[1 + i % 3],
           CASE WHEN i > 2 THEN i % 4 = 0 OR i % 11 = 0 END
    FROM generate_series(1, 400) i;
    INSERT INTO churn.complaints (customer_id)
    SELECT i FROM generate_series(4, 400, 4) i;
"""
SCORES = """
    SELECT c.churn_score, churn.score(c) FROM churn.customers c WHERE c.customer_id = 1
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The programs of an environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    programs = folder / "environment" / "bin"
    run([sys.executable, "-m", "venv", programs.parent])
    run([programs / "python", "-m", "pip", "install", "--quiet", build_wheel(folder)])
    return programs


@pytest.fixture
def blank(server):
    """A database that was never migrated."""
    with server.database("wheel") as database:
        yield database


@pytest.fixture
def pgchurn(programs, blank, tmp_path):
    """Run the installed `pgchurn` on the blank database, in an empty folder."""
    environment = {
        name: value for name, value in os.environ.items() if "PYTHON" not in name
    }

    def run_pgchurn(*arguments):
        done = run(
            [programs / "pgchurn", *arguments],
            cwd=tmp_path,
            env={**environment, "DATABASE_URL": blank.url},
        )
        return done.stdout

    return run_pgchurn


def test_it_migrates_trains_scores_and_goes_away_again(pgchurn, server, blank):
    with server.migrating():
        pgchurn("migrate")
    session = blank.session(autocommit=True)
    session.run(CUSTOMERS)
    algorithm = ("--algorithm", "logistic_regression")
    trained = json.loads(
        pgchurn("train", "--label", "churned", *algorithm, "--format", "json")
    )
    pgchurn("activate", str(trained["version"]))
    pgchurn("rescore")
    before, _ = session.row(SCORES)

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    stored, computed = session.row(SCORES)
    assert stored == computed > before
    with server.migrating():
        pgchurn("downgrade", "base")
    assert session.value("SELECT to_regnamespace('churn')") is None


def test_it_has_the_dashboard_with_it(pgchurn, tmp_path):
    pgchurn("dashboard", "-o", "dashboards")

    dashboards = CHECKOUT / "loader/dashboards"
    assert {
        path.name: path.read_text() for path in (tmp_path / "dashboards").iterdir()
    } == {path.name: path.read_text() for path in dashboards.iterdir()}


def test_it_says_its_version(pgchurn):
    assert version("pgchurn") in pgchurn("--version")


def test_site_packages_hold_pgchurn_and_what_it_depends_on(programs):
    program = (
        "from importlib.metadata import files\n"
        "print(*sorted({file.parts[0] for file in files('pgchurn')}))"
    )

    tops = run([programs / "python", "-I", "-c", program]).stdout.split()

    assert tops == ["..", "pgchurn", f"pgchurn-{version('pgchurn')}.dist-info"]
