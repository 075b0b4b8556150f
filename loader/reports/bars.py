"""Bars beside a line of a table, each an SVG of its own that grows with its column."""

from pgchurn.loader.reports.markup import Markup, tag

LENGTH = 100


def size_bar(size: float, largest: float) -> Markup:
    """Return a bar of a size, compared with the largest, from the left."""
    length = LENGTH * size / largest if largest > 0 else 0
    return bars(rectangle(0, length, "size"), 0)


def signed_bar(size: float, lowest: float, highest: float) -> Markup:
    """Return a bar to the left or to the right of zero.

    Parameters
    ----------
    size : float
    lowest, highest : float
        Of all bars of the table: at most 0, and at least 0.
    """
    reach = highest - lowest
    if reach <= 0:
        return bars(Markup(), 0)
    zero = -LENGTH * lowest / reach
    end = zero + LENGTH * size / reach
    kind = "up" if size > 0 else "down"
    return bars(rectangle(min(zero, end), abs(end - zero), kind), zero)


def rectangle(start: float, length: float, kind: str) -> Markup:
    """Return a bar's rectangle."""
    return tag(
        "rect", x=f"{start:.1f}", y=2, width=f"{length:.1f}", height=10, class_=kind
    )


def bars(drawn: Markup, zero: float) -> Markup:
    """Return the SVG, with a line at zero."""
    line = tag("path", d=f"M{zero:.1f},0V14", class_="zero")
    return tag(
        "svg",
        drawn,
        line,
        viewBox=f"0 0 {LENGTH} 14",
        preserveAspectRatio="none",
        class_="bars",
        aria_hidden="true",
    )
