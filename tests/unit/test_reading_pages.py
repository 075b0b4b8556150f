"""How the tests read the pages, and compare what is printed with what they show."""

import pytest

from tests.documents.agreement import difference
from tests.documents.pages import Page, rewritten

TEXT = """\
# A page

See [below](#a-part-of-it) and [there](tests/README.md), not `[this](one)`.

```sql
SELECT 1;
```

```text
 one
-----
   1
```

## A part of it

<!-- varies: [0-9]+ MB -->
```console
$ first
3 MB
$ second \\
    --option
```

<!-- not run: it takes an hour: tests/unit/test_reading_pages.py::test_a_test -->
```console
$ third
```

```ini
wal_level = logical
```

## A part of it
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.documents.pages.CHECKOUT", tmp_path)
    path = tmp_path / "README.md"
    path.write_text(TEXT)
    return Page(path)


def test_a_page_has_steps_with_what_they_print(page):
    steps = [
        (step.language, step.command, page.lines[step.first : step.last])
        for step in page.steps
    ]
    assert steps == [
        ("sql", "SELECT 1;", [" one", "-----", "   1"]),
        ("console", "first", ["3 MB"]),
        ("console", "second \\\n    --option", []),
    ]
    assert [step.varies for step in page.steps] == [(), *[("[0-9]+ MB",)] * 2]


def test_a_block_that_is_not_run_names_the_test_that_covers_it(page):
    covered = [block.covered_by for block in page.blocks if block.covered_by]
    assert covered == ["tests/unit/test_reading_pages.py::test_a_test"]
    assert "third" in page.commands


def test_a_page_has_the_anchors_that_github_gives_it(page):
    assert page.anchors == ["a-page", "a-part-of-it", "a-part-of-it-1"]


def test_a_page_has_links_outside_of_code(page):
    assert page.links == ["#a-part-of-it", "tests/README.md"]


def test_a_section_ends_at_the_next_heading_of_its_level(page):
    assert "wal_level" in page.section("A part of it")
    assert "SELECT 1" not in page.section("A part of it")
    assert "wal_level" in page.section("A page")


def test_a_page_is_rewritten_with_what_is_printed(page):
    sql, first, _ = page.steps
    text = rewritten(page, {sql: " two\n-----\n   2\n", first: "4 MB\n5 MB\n"})
    assert text == TEXT.replace("one\n", "two\n").replace("   1", "   2").replace(
        "3 MB", "4 MB\n5 MB"
    )


@pytest.mark.parametrize(
    "shown, printed",
    [
        ("Done.", "Done.\n"),
        ("at 2026-11-21 01:13:20.691476+00", "at 2027-01-02 03:04:05+01"),
        ("waits for 00:00:03.27", "waits for 01:00:00"),
        ("digest " + "0" * 64, "digest " + "a" * 64),
        (" a |  b\n---+----\n 1 |  2", " a |   b\n---+-----\n 1 |   2\n(1 row)\n\n"),
        ("score 0.437", "score 0.438"),
        ("score 0.21297771804134968", "score 0.21297771804134913"),
        ("apart 2.1e-16", "apart 2.2e-16"),
        ("2.1e-16 apart", "3.2e-15 apart"),
        ("1e-16 apart", "0e+00 apart"),
        ("...\nlast", "first\nsecond\nlast"),
        ("first\n...", "first\nsecond\nlast"),
        ("first\n...\nlast", "first\nlast"),
        ("Left out: a; ...", "Left out: a; b; c"),
        ("(0 rows)", "(0 rows)"),
    ],
)
def test_what_differs_in_form_alone_agrees(shown, printed):
    assert difference(shown, printed) is None


@pytest.mark.parametrize(
    "shown, printed",
    [
        ("Done.", ""),
        ("", "ERROR:  no\n"),
        ("score 0.437", "score 0.439"),
        ("score 0.437", "score -0.437"),
        ("1e-16 apart", "1e-06 apart"),
        ("to 1e-9", "to 1e-8"),
        ("3 rows", "4 rows"),
        ("first\n...\nlast", "first\nsecond"),
        ("...\nlast", "last\nsecond"),
        ("first\n...\nfirst", "first"),
        ("Left out: a; ...", "Features: a; b"),
        ("(0 rows)", ""),
    ],
)
def test_what_says_something_else_is_a_difference(shown, printed):
    assert difference(shown, printed) is not None


def test_what_varies_on_a_page_is_compared_by_its_form():
    assert difference("3 MB of 5", "12 MB of 5", ["[0-9]+ MB"]) is None
    assert difference("3 MB of 5", "12 MB of 6", ["[0-9]+ MB"]) is not None
