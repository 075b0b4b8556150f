"""Every example of every page, on a database as `make demo` leaves it."""

import itertools
import re

import pytest

from tests.documents.agreement import ANYTHING, difference
from tests.documents.pages import CODE, all_pages, rewritten
from tests.documents.running import Runner

PAGES = {page.name: page for page in all_pages()}
REFERENCE = PAGES["plpython/README.md"]
MOST_FUNCTIONS = 60
CREATED_ROLE = re.compile(r"CREATE ROLE (\w+)")
# What a list describes: its items begin with one parameter, or with several.
PARAMETERS = re.compile(r"^- (`.+?`):", re.MULTILINE)
numbers = itertools.count(1)

FUNCTIONS = """
    SELECT p.oid::regproc::text, pg_get_function_arguments(p.oid),
           pg_get_function_result(p.oid), p.proargnames[1:p.pronargs]
    FROM pg_proc p
    WHERE p.pronamespace = 'churn'::regnamespace
       OR p.oid IN ('churn_trust.trust_key'::regproc, 'churn_trust.revoke_key'::regproc,
                    'churn_trust.allow_pickle'::regproc)
"""
ROLES = "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)"
RELATIONS = """
    SELECT c.oid::regclass::text FROM pg_class c
    WHERE c.relnamespace = 'churn'::regnamespace AND c.relkind IN ('r', 'p', 'v')
"""


@pytest.fixture
def page_database(server, demonstration, name):
    """A clone of the demonstration's database; roles that its page creates go again."""
    created = CREATED_ROLE.findall("\n".join(PAGES[name].lines))
    with server.database(f"page_{next(numbers)}", demonstration.name) as database:
        session = database.session(autocommit=True)
        there = session.column(ROLES, created)
        yield database
        for role in set(session.column(ROLES, created)).difference(there):
            session.run(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.slow(reason="some examples train models")
@pytest.mark.parametrize("name", PAGES)
def test_every_example_prints_what_its_page_shows(
    name, page_database, tmp_path, request
):
    page = PAGES[name]
    runner = Runner(page_database, tmp_path)
    try:
        outputs = {step: runner.run(step) for step in page.steps}
    finally:
        runner.close()
    problems = {step: problem_of(page, step, *outputs[step]) for step in page.steps}
    wrong = {step: problem for step, problem in problems.items() if problem}
    if wrong and request.config.getoption("--rewrite"):
        printed = {step: outputs[step][0] for step in wrong if is_whole(page, step)}
        page.path.write_text(rewritten(page, printed), encoding="utf-8")
    assert not wrong, "\n\n".join(
        f"{name}:{step.first}: {step.command}\n{problem}"
        for step, problem in wrong.items()
    )


def problem_of(page, step, printed, succeeded):
    """Return how what was printed differs from the page, or that the step failed."""
    if step.shown:
        return difference(page.output_of(step), printed, step.varies)
    return None if succeeded else printed


def is_whole(page, step):
    """Tell whether a page shows all of it: whoever abridges output does so again."""
    return step.shown and ANYTHING not in page.output_of(step).splitlines()


def test_the_demonstration_prints_what_the_readme_shows(demonstration):
    page = PAGES["README.md"]
    (block,) = (b for b in page.blocks if "$ make demo" in page.text_of(b).splitlines())
    (step, *_) = page.shell_steps(block)

    problem = difference(page.output_of(step), demonstration.printed, step.varies)
    assert not problem, problem


def test_the_reference_has_a_section_for_each_function_and_no_other(session):
    functions = [name for name, *_ in session.run(FUNCTIONS)]

    assert sorted(functions) == sorted(REFERENCE.named_sections(3, "churn"))
    assert len(functions) <= MOST_FUNCTIONS


def test_the_reference_gives_each_functions_signature_and_parameters(session):
    for name, arguments, result, parameters in session.run(FUNCTIONS):
        section = REFERENCE.section(name)
        assert signature(name, arguments, result) in " ".join(section.split())
        described = [
            parameter
            for item in PARAMETERS.findall(section)
            for parameter in CODE.findall(item)
        ]
        assert described == (parameters or []), name


def signature(name, arguments, result):
    """Return a function's signature as the reference has it: defaults without types."""
    arguments = re.sub(r"\bIN ", "", arguments)
    arguments = re.sub(r"(DEFAULT [^,]*?)::[a-z ]+(\[\])?", r"\1", arguments)
    return f"{name}({arguments})" + (f" RETURNS {result}" if result else "")


def test_the_reference_has_a_section_for_each_table_and_view(session):
    assert sorted(session.column(RELATIONS)) == sorted(
        REFERENCE.named_sections(4, "churn.")
    )
