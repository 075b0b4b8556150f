"""What the pages name is there: files, anchors, commands, options, targets, errors."""

import re
import shlex
from pathlib import Path

import pytest
from pgchurn.loader.command_line import build_parser
from psycopg2 import errorcodes

from tests.databases import CHECKOUT
from tests.documents.pages import Page, all_pages

PAGES = {page.name: page for page in all_pages()}
REFERENCE = PAGES["plpython/README.md"]
COMMAND_PAGE = PAGES["loader/README.md"]
MOST_README_LINES = 150
LANGUAGES = {"sql", "console", "python", "text", "ini", "make", "yaml", ""}
# What shows output: psql's stands in a block of its own below the statement.
OUTPUT = ("console", "text")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
# Of the programs that the pages name besides pgchurn.
OTHER_OPTIONS = {
    *("--data-only", "--disable-triggers", "--globals-only", "--schema-only"),
    *("--load-via-partition-root", "--table", "--rewrite", "--only", "--short"),
    *("--rev-id", "--quick", "--autogenerate", "--clean", "--no-owner"),
    *("--no-privileges", "--exit-on-error", "--single-transaction", "--schema"),
    *("--if-exists", "--splits", "--minutes"),
}
# A name in capitals stands for any.
PARTS = re.compile(
    r"\b(?:loader|migrations|plpython|tests)/[a-z0-9_./]*[a-z0-9_](?!\w)"
)
PINNED = re.compile(r"\b[\w-]+==[\d.]+\d")
SQLSTATE = re.compile(r"[0-9A-Z]{5}")
SQLSTATE_ROW = re.compile(r"^\| `([0-9A-Z]{5})` \|", re.MULTILINE)
SETTING_ROW = re.compile(r"^\| setting `(churn\.\w+)`", re.MULTILINE)
SETTING = re.compile(r"(?:set_config|current_setting)\(\s*'(churn\.\w+)'")
RAISED = re.compile(r"RAISE ([a-z_]+) USING")
WRITTEN = re.compile(r"""["']([0-9][0-9A-Z]{4}|XX[0-9]{3})["']""")


def sources():
    """Return the text of all that runs inside the server."""
    folders = ("plpython/sql", "plpython/templates", "plpython/runtime")
    paths = [
        *(path for folder in folders for path in (CHECKOUT / folder).iterdir()),
        *(CHECKOUT / "migrations/frozen").glob("*/tables/*.sql"),
    ]
    return [path.read_text(encoding="utf-8") for path in paths if path.is_file()]


def subcommands():
    """Return the options of every command, its common ones left out."""
    parser = build_parser()
    (choices,) = (a.choices for a in parser._actions if isinstance(a.choices, dict))
    return {
        name: {o for a in command._actions for o in a.option_strings if o[:2] == "--"}
        for name, command in choices.items()
    }


COMMANDS = subcommands()
# Described once, above the commands.
COMMON_OPTIONS = {"--database-url", "--format", "--help"}


@pytest.fixture(params=PAGES)
def page(request):
    return PAGES[request.param]


def test_the_first_page_is_short():
    assert len(PAGES["README.md"].lines) <= MOST_README_LINES


def test_every_link_leads_somewhere(page):
    for link in page.links:
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        path = page.path.parent / name if name else page.path
        assert path.exists(), link
        if anchor:
            assert anchor in Page(path).anchors, link


def test_every_part_of_the_checkout_that_is_named_is_there(page):
    for path in PARTS.findall(page.prose_text):
        assert Path(CHECKOUT, path).exists(), path


def test_every_block_is_of_a_kind_that_the_tests_know(page):
    assert {block.language for block in page.blocks} <= LANGUAGES


def test_what_varies_stands_above_output_that_has_it(page):
    for block in page.blocks:
        assert not block.varies or block.language in OUTPUT
        for pattern in block.varies:
            assert re.search(pattern, page.text_of(block), re.MULTILINE), pattern


def test_what_is_not_run_is_covered_by_a_test_that_is_there(page):
    for block in page.blocks:
        if block.covered_by:
            file, test = block.covered_by.split("::")
            assert f"def {test}(" in (CHECKOUT / file).read_text(encoding="utf-8")


def test_the_packages_of_a_server_are_the_pinned_ones():
    pinned = PINNED.findall((CHECKOUT / "setup.cfg").read_text(encoding="utf-8"))
    named = PINNED.findall("\n".join(PAGES["migrations/README.md"].commands))
    assert len(named) == 5
    assert set(named) <= set(pinned)


def pgchurn_calls(page):
    """Yield the arguments of every `pgchurn` that a page names."""
    for text in (*page.code, *page.commands):
        for part in re.split(r"[|;&\n]", text.replace("\\\n", " ")):
            words = shlex.split(part, comments=True)
            if "pgchurn" in words:
                yield words[words.index("pgchurn") + 1 :]


def test_every_command_and_option_that_is_named_is_there(page):
    known = set().union(*COMMANDS.values()) | OTHER_OPTIONS | {"--version", "--help"}
    for name, *arguments in filter(None, pgchurn_calls(page)):
        if name.startswith("--"):
            assert name in ("--version", "--help")
            continue
        assert name in COMMANDS
        options = {word for word in arguments if OPTION.fullmatch(word)}
        assert options <= COMMANDS[name], f"pgchurn {name}"
    for code in page.code:
        assert set(OPTION.findall(code)) <= known, code


def test_every_make_target_that_is_named_is_there(page):
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE)
    for text in (*page.code, *page.commands):
        for target in re.findall(r"\bmake (?:-s )?([a-z][\w-]*)", text):
            assert target in targets, text


def test_every_command_has_a_section_with_its_options():
    sections = COMMAND_PAGE.named_sections(3, "pgchurn ")
    assert sorted(sections) == sorted(f"pgchurn {name}" for name in COMMANDS)
    for name, options in COMMANDS.items():
        described = COMMAND_PAGE.section(f"pgchurn {name}")
        missing = options - COMMON_OPTIONS - set(OPTION.findall(described))
        assert not missing, f"pgchurn {name}: {missing}"


def test_the_sections_name_errors_that_the_table_of_errors_has():
    known = SQLSTATE_ROW.findall(REFERENCE.section("Errors"))
    named = [code for code in REFERENCE.code if SQLSTATE.fullmatch(code)]
    assert set(named) <= set(known)


def test_the_table_of_settings_has_every_one_and_no_other():
    used = {name for text in sources() for name in SETTING.findall(text)}
    shown = SETTING_ROW.findall(REFERENCE.section("The runtime"))
    assert set(shown) == used


def test_the_table_of_errors_has_every_sqlstate_that_is_raised_and_no_other():
    raised = {code for text in sources() for code in WRITTEN.findall(text)} | {
        getattr(errorcodes, name.upper())
        for text in sources()
        for name in RAISED.findall(text)
    }
    assert set(SQLSTATE_ROW.findall(REFERENCE.section("Errors"))) == raised
