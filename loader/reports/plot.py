"""A chart of two axes, as inline SVG.

All charts have the same size in units of their own, and the page scales them: small
enough that their letters can be read on a telephone. Colours and strokes are classes of
the page's style sheet, so that they follow the reader's dark mode and the printer.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
from pgchurn.loader.reports.markup import Markup, joined, tag
from pgchurn.loader.reports.wording import plain

WIDTH, HEIGHT = 400, 290
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 12, 46
# A curve of more points is drawn with these, which on this size look the same.
MOST_POINTS = 400


@dataclass(frozen=True)
class Axis:
    """One axis of a chart.

    Attributes
    ----------
    label : str
        What is measured, with its unit.
    high : float
        Where it ends.
    ticks : tuple of float
        Where it is labelled.
    written : callable taking a float
        How a tick is labelled.
    low : float
        Where it begins.
    """

    label: str
    high: float
    ticks: tuple[float, ...]
    written: Callable[[float], str] = plain
    low: float = 0.0

    def part(self, value: npt.ArrayLike) -> np.ndarray:
        """Return which part of the axis lies before a value."""
        return (np.asarray(value, float) - self.low) / (self.high - self.low)


def share_axis(label: str, high: float = 1.0) -> Axis:
    """Return an axis of shares from 0 to `high`, labelled as percentages."""
    step = nice_step(high)
    return Axis(label, high, ticks_to(high, step), lambda tick: f"{100 * tick:g}%")


def number_axis(label: str, highest: float, least_step: float = 0.0) -> Axis:
    """Return an axis of numbers from 0 that ends at a round one above the highest."""
    highest = highest if highest > 0 else 1.0
    step = max(nice_step(highest), least_step)
    high = step * np.ceil(highest / step - 1e-9)
    return Axis(label, float(high), ticks_to(high, step))


def range_axis(label: str, lowest: float, highest: float) -> Axis:
    """Return an axis of numbers between round ones around the lowest and highest."""
    step = nice_step(max(highest - lowest, abs(highest) * 1e-3, 1e-9))
    first = int(np.floor(lowest / step + 1e-9))
    last = max(int(np.ceil(highest / step - 1e-9)), first + 1)
    ticks = tuple(float(f"{i * step:.12g}") for i in range(first, last + 1))
    return Axis(label, ticks[-1], ticks, low=ticks[0])


def time_axis(label: str, first: datetime, last: datetime) -> Axis:
    """Return an axis of days since `first`, labelled as dates."""
    days = (last - first).total_seconds() / 86_400
    # What is labelled at the very end would be cut off.
    ticks = tuple(days * part for part in (0, 0.3, 0.6, 0.9)) if days >= 4 else (0.0,)
    return Axis(
        label,
        max(days, 1.0),
        ticks,
        lambda tick: f"{first + timedelta(days=tick):%Y-%m-%d}",
    )


def nice_step(high: float) -> float:
    """Return the round step, 1, 2 or 5 times a power of ten, that makes few ticks."""
    rough = high / 5
    power = 10.0 ** np.floor(np.log10(rough))
    return float(min(step * power for step in (1, 2, 5, 10) if step * power >= rough))


def ticks_to(high: float, step: float) -> tuple[float, ...]:
    """Return the multiples of a step from 0 to `high`."""
    return tuple(
        float(f"{number * step:.12g}") for number in range(int(high / step + 1e-9) + 1)
    )


class Plot:
    """A chart that is put together from lines, bars and dots in the units of its axes.

    Parameters
    ----------
    title : str
        What is seen, for who cannot see it.
    x, y : Axis
    """

    def __init__(self, title: str, x: Axis, y: Axis) -> None:
        self.title = title
        self.x = x
        self.y = y
        self.drawn: list[Markup] = []

    def across(self, x: float) -> float:
        """Return where a value of the x axis lies, in the chart's units."""
        return LEFT + (WIDTH - LEFT - RIGHT) * float(self.x.part(x))

    def down(self, y: float) -> float:
        """Return where a value of the y axis lies, in the chart's units."""
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * float(self.y.part(y))

    def line(self, x: npt.ArrayLike, y: npt.ArrayLike, kind: str) -> "Plot":
        """Draw a line through points, as the class `kind` has it."""
        self.drawn.append(tag("path", d=self.path(x, y), class_=kind))
        return self

    def path(self, x: npt.ArrayLike, y: npt.ArrayLike) -> str:
        """Return the points of a line as the attribute ``d`` of a path."""
        across = LEFT + (WIDTH - LEFT - RIGHT) * self.x.part(x)
        height = (HEIGHT - TOP - BOTTOM) * self.y.part(y)
        points = thinned(np.column_stack([across, HEIGHT - BOTTOM - height]))
        return "M" + "L".join(f"{right:g},{down:g}" for right, down in points)

    def area(
        self, x: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, kind: str
    ) -> "Plot":
        """Draw what lies between two lines."""
        back = np.asarray(x, float)[::-1], np.asarray(low, float)[::-1]
        around = self.path(x, high) + self.path(*back).replace("M", "L") + "Z"
        self.drawn.append(tag("path", d=around, class_=kind))
        return self

    def bar(self, start: float, end: float, y: float, kind: str) -> "Plot":
        """Draw a bar from the x axis up to `y`."""
        left, right = self.across(start), self.across(end)
        top = self.down(y)
        self.drawn.append(
            tag(
                "rect",
                x=f"{left + 0.5:.1f}",
                y=f"{top:.1f}",
                width=f"{max(right - left - 1, 0.5):.1f}",
                height=f"{HEIGHT - BOTTOM - top:.1f}",
                class_=kind,
            )
        )
        return self

    def dot(self, x: float, y: float, kind: str, title: str) -> "Plot":
        """Draw a dot that says what it is when it is pointed at."""
        self.drawn.append(
            tag(
                "circle",
                tag("title", title),
                cx=f"{self.across(x):.1f}",
                cy=f"{self.down(y):.1f}",
                r="3.5",
                class_=kind,
            )
        )
        return self

    def interval(self, x: float, low: float, high: float, kind: str) -> "Plot":
        """Draw an interval of y, with a serif at either end."""
        across, bottom, top = self.across(x), self.down(low), self.down(high)
        serifs = "".join(f"M{across - 3:.1f},{end:.1f}h6" for end in (bottom, top))
        path = f"M{across:.1f},{bottom:.1f}V{top:.1f}{serifs}"
        self.drawn.append(tag("path", d=path, class_=kind))
        return self

    def svg(self) -> Markup:
        """Return the chart with its axes."""
        return tag(
            "svg",
            tag("title", self.title),
            self.axes(),
            self.drawn,
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            role="img",
            class_="plot",
        )

    def axes(self) -> Markup:
        """Return grid, ticks and labels."""
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        parts: list[Markup] = []
        for tick in self.y.ticks:
            down = f"{self.down(tick):.1f}"
            kind = "axis" if tick == self.y.low else "grid"
            parts += [
                tag("path", d=f"M{LEFT},{down}H{right}", class_=kind),
                letters(LEFT - 6, self.down(tick) + 4, self.y.written(tick), "end"),
            ]
        for tick in self.x.ticks:
            across = f"{self.across(tick):.1f}"
            parts += [
                tag("path", d=f"M{across},{bottom}v4", class_="axis"),
                letters(self.across(tick), bottom + 17, self.x.written(tick)),
            ]
        middle = (TOP + bottom) / 2
        return joined(
            [
                *parts,
                letters((LEFT + right) / 2, HEIGHT - 8, self.x.label, kind="label"),
                letters(
                    *(12, middle, self.y.label),
                    kind="label",
                    transform=f"rotate(-90 12 {middle:g})",
                ),
            ]
        )


def letters(
    x: float,
    y: float,
    text: str,
    anchor: str = "middle",
    kind: str | None = None,
    transform: str | None = None,
) -> Markup:
    """Return a text of a chart."""
    return tag(
        "text",
        text,
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        text_anchor=anchor,
        class_=kind,
        transform=transform,
    )


def thinned(points: np.ndarray) -> np.ndarray:
    """Return the points of a line, rounded, without those that cannot be seen.

    Parameters
    ----------
    points : numpy.ndarray of float, shape (n_points, 2)
        In the chart's units.

    Returns
    -------
    numpy.ndarray of float, shape (at most MOST_POINTS + 1, 2)
        The first and the last are kept.
    """
    points = np.round(points, 1)
    if len(points) > MOST_POINTS:
        # By the way along the line, so that a steep part keeps its points.
        way = np.concatenate(
            [[0], np.abs(np.diff(points, axis=0)).sum(axis=1).cumsum()]
        )
        wanted = np.linspace(0, way[-1], MOST_POINTS)
        points = points[np.unique(np.searchsorted(way, wanted))]
    if len(points) < 3:
        return points
    before, after = np.diff(points[:-1], axis=0), np.diff(points[1:], axis=0)
    # What lies on the way of its neighbours adds nothing to the line.
    bends = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return points[np.concatenate([[True], bends, [True]])]


def key(kind: str, text: str) -> Markup:
    """Return an entry of a legend: a piece of a line, and what it is."""
    piece = tag("path", d="M1,5H23", class_=kind)
    sample = tag("svg", piece, viewBox="0 0 24 10", aria_hidden="true")
    return tag("span", sample, text, class_="key")


def patch(kind: str, text: str) -> Markup:
    """Return an entry of a legend: a piece of an area, and what it is."""
    piece = tag("rect", x="6", y="0", width="12", height="10", class_=kind)
    sample = tag("svg", piece, viewBox="0 0 24 10", aria_hidden="true")
    return tag("span", sample, text, class_="key")


def spot(kind: str, text: str) -> Markup:
    """Return an entry of a legend: a dot, and what it is."""
    piece = tag("circle", cx="12", cy="5", r="3.5", class_=kind)
    sample = tag("svg", piece, viewBox="0 0 24 10", aria_hidden="true")
    return tag("span", sample, text, class_="key")


def figure(heading: str, plot: Plot, keys: Iterable[Markup], sentence: str) -> Markup:
    """Return a chart under its heading, with its legend and a sentence on it."""
    return tag(
        "figure",
        tag("h3", heading),
        plot.svg(),
        tag("p", list(keys), class_="keys"),
        tag("figcaption", sentence),
    )
