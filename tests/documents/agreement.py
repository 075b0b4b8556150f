"""Whether what was printed is what a page shows."""

import difflib
import math
import re

# What differs from run to run and is compared by its form.
FORMS = {
    "TIME": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d(?::\d\d)?)?",
    "DURATION": r"\b\d+:\d\d:\d\d(?:\.\d+)?\b",
    "SHA256": r"\b[0-9a-f]{64}\b",
    # What rounding leaves is another processor's, and none at all on some.
    "ROUNDING": r"\b0e\+00\b|\b\d(?:\.\d+)?e-(?:0[7-9]|[1-9]\d)\b",
}
DECIMAL = re.compile(r"(-?\d+\.\d+(?:e[+-]\d+)?)")
ROW_COUNT = re.compile(r"^\([1-9]\d* rows?\)$")
ANYTHING = "..."


def difference(shown, printed, varies=()):
    """Compare what a page shows with what was printed.

    Parameters
    ----------
    shown, printed : str
    varies : sequence of str
        Patterns of what is compared by its form, besides ``FORMS``.

    Returns
    -------
    str or None
        How the two differ, line by line; None where they agree.
    """
    expected, actual = plain_lines(shown, varies), plain_lines(printed, varies)
    if lines_agree(expected, actual):
        return None
    return "\n".join(difflib.ndiff(expected, actual))


def plain_lines(text, varies):
    """Return the lines that say something, without what may differ."""
    for pattern in varies:
        text = re.sub(pattern, "<VARIES>", text, flags=re.MULTILINE)
    for name, pattern in FORMS.items():
        text = re.sub(pattern, f"<{name}>", text)
    lines = (plain_line(line) for line in text.splitlines())
    return [line for line in lines if line and not ROW_COUNT.match(line)]


def plain_line(line):
    """Return a line with columns of any width as narrow ones."""
    line = re.sub(r"-{3,}", "---", line)
    line = re.sub(r"-\+(?=-)", "-+", line)
    return re.sub(r"\s+", " ", line).strip()


def lines_agree(expected, actual):
    """Tell whether all lines agree, a line of ``...`` with any lines."""
    if ANYTHING not in expected:
        return len(expected) == len(actual) and all(map(line_agrees, expected, actual))
    parts = [[]]
    for line in expected:
        if line == ANYTHING:
            parts.append([])
        else:
            parts[-1].append(line)
    first, *middle, last = parts
    if not lines_agree(first, actual[: len(first)]):
        return False
    place = len(first)
    for part in middle:
        while not lines_agree(part, actual[place : place + len(part)]):
            place += 1
            if place + len(part) > len(actual):
                return False
        place += len(part)
    rest = actual[max(place, len(actual) - len(last)) :]
    return lines_agree(last, rest)


def line_agrees(expected, actual):
    """Tell whether a line is what is expected."""
    if ANYTHING in expected:
        pattern = ".*".join(map(re.escape, expected.split(ANYTHING)))
        return re.fullmatch(pattern, actual) is not None
    wanted, found = DECIMAL.split(expected), DECIMAL.split(actual)
    return (
        len(wanted) == len(found)
        and wanted[::2] == found[::2]
        and all(map(decimals_agree, wanted[1::2], found[1::2]))
    )


def decimals_agree(expected, actual):
    """Tell whether a number differs in the last digit that is shown, at most."""
    digits = expected.split("e")[0].partition(".")[2]
    return math.isclose(
        float(expected),
        float(actual),
        rel_tol=1e-6,
        abs_tol=1.01 * 10.0 ** -len(digits) * magnitude(expected),
    )


def magnitude(number):
    """Return what the exponent of a number stands for."""
    return 10.0 ** int(number.partition("e")[2] or 0)
