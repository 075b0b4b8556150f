"""The survey as a page."""

from . import NOTEBOOKS, refused

HEADING = "## What is taken\n"
PAGE = """\
# Notebooks

What public notebooks and scripts about churn, credit and income leave behind, by a
survey of what they do: which steps, columns, types, searches, classifiers and files.
Each line names a place where such a one was read. None of their code is here; the
models are fitted on made-up customers, and brought as `pgchurn register` brings them by
`tests/unit/test_notebooks.py`. `python -m tests.notebooks` prints this page.

"""


def listed():
    """Return the page, with a line for each notebook."""
    return (
        PAGE
        + section(HEADING, NOTEBOOKS)
        + section("## Pipelines that are refused\n", refused.PIPELINES)
        + section("## Other files that are refused\n", refused.FILES).rstrip("\n")
        + "\n"
    )


def section(heading, notebooks):
    """Return a table of what was seen where."""
    rows = "".join(
        f"| {name} | {linked(one.seen)} |\n" for name, one in notebooks.items()
    )
    return f"{heading}\n| what | seen in |\n|---|---|\n{rows}\n"


def linked(seen):
    """Return a repository and a path within it, as the page shows them."""
    repository, _, path = seen.partition(" ")
    return f"{repository}, `{path}`" if path else repository
