"""What several sections are built of."""

from collections.abc import Collection, Iterable, Sequence

from pgchurn.loader.reports.markup import Content, Markup, tag, value
from pgchurn.loader.reports.parts import Missing

# The heading of a column of bars, which on narrow screens stand below the others.
BAR = ""
LONGEST_REASON = 800


def section(title: str, *content: Content) -> Markup:
    """Return a section; what is missing of it is said in its place."""
    shown = [
        # A name in it, or what the server says, must not change how it reads.
        tag("p", value(part, LONGEST_REASON), class_="note")
        if isinstance(part, Missing)
        else part
        for part in content
    ]
    return tag("section", tag("h2", title), shown)


def facts(entries: Iterable[tuple[str, Content]]) -> Markup:
    """Return names and what they stand for."""
    pairs = [(tag("dt", name), tag("dd", content)) for name, content in entries]
    return tag("dl", pairs, class_="facts")


def table(
    headings: Sequence[str], rows: Iterable[Iterable[Markup]], numbers: Collection[int]
) -> Markup:
    """Return a table.

    Parameters
    ----------
    headings : sequence of str
        That of a column of bars is `BAR`.
    rows : iterable of iterable of Markup
        Their cells.
    numbers : collection of int
        The columns of numbers, whose headings stand to the right.
    """
    head = [
        tag("td", class_="bar")
        if heading == BAR
        else tag("th", heading, scope="col", class_="number" if i in numbers else None)
        for i, heading in enumerate(headings)
    ]
    body = [tag("tr", row) for row in rows]
    barred = f"barred of-{len(headings) - 1}" if BAR in headings else None
    return tag(
        "div",
        tag("table", tag("thead", tag("tr", head)), tag("tbody", body), class_=barred),
        class_="wide",
    )


def cell(*content: Content) -> Markup:
    """Return a cell of a table."""
    return tag("td", *content)


def number_cell(*content: Content) -> Markup:
    """Return a cell with a number."""
    return tag("td", *content, class_="number")


def bar_cell(bar: Markup) -> Markup:
    """Return a cell with a bar."""
    return tag("td", bar, class_="bar")
