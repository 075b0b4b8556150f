"""What the benchmark prints."""

from tests.bench.measuring import Figure, Target
from tests.bench.report import as_markdown, as_page, as_text, number

RESULT = {"circumstances": {"machine": {"cores": 2}}, "notes": [], "problems": []}


def test_numbers_have_three_digits():
    numbers = [number(value) for value in (0.12345, 12.345, 12_345.6)]
    assert numbers == ["0.123", "12.3", "12,346"]


def test_a_miss_is_shown():
    missed = Figure("w", "c", "r", "seconds", [1.0], [2.0], target=Target(0.7))
    text = as_text(RESULT, [missed])
    assert " NO " in text
    assert "0 of 1 targets met; everything correct" in text


def test_what_is_incorrect_is_shown():
    text = as_text({**RESULT, "problems": ["scores differ"]}, [])
    assert "incorrect: scores differ" in text
    assert text.endswith("1 incorrect")


def test_the_page_of_a_full_run_has_figures_notes_and_circumstances():
    result = {**RESULT, "seconds": 600, "notes": ["a note"], "problems": ["a problem"]}
    page = as_page(result, [Figure("w", "c", "r", "s", [1.0], [2.0])])
    assert "took 10 minutes. 0 of 0 targets met; 1 incorrect." in page
    for line in ("- a note", "- incorrect: a problem", "- machine: cores 2"):
        assert f"\n{line}" in page
    assert "| w " in page


def test_the_table_of_a_page_names_a_workload_once():
    first = Figure("w", "a", "r", "s", [1.0, 1.0], [2.0, 4.0], target=Target(0.7))
    text = as_markdown([first, Figure("w", "b", "r", "s", [1.0], [2.0])])
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.split("\n")
    ]
    ratio = ["0.375 (0.25 to 0.5)", "pgchurn / rival", ">= 0.7", "no"]
    assert lines[2] == ["w", "a", "r", *ratio]
    assert lines[3][:2] == ["", "b"]
