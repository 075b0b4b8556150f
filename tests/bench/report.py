"""What a run prints, and the JSON that it writes."""

import json
import statistics

import tabulate

HEADERS = (
    "workload",
    "case",
    "rival",
    "ratio",
    "spread",
    "is",
    "target",
    "met",
    "pgchurn",
    "rival's",
    "unit",
)


def as_json(result):
    """Return a result as JSON text."""
    return json.dumps(result, indent=2, default=str)


def as_text(result, figures):
    """Return the circumstances, the table, the notes and the problems."""
    lines = []
    for title, values in result["circumstances"].items():
        lines.append(f"{title}: {listed(values)}")
    lines += ["", table(figures), ""]
    lines += [f"note: {note}" for note in result["notes"]]
    lines += [f"incorrect: {problem}" for problem in result["problems"]]
    lines.append(verdict(figures, result["problems"]))
    return "\n".join(lines)


def table(figures):
    """Return the figures, one line each."""
    rows = [
        (
            figure.workload,
            figure.case,
            figure.rival,
            number(figure.ratio),
            f"{number(min(figure.ratios))}..{number(max(figure.ratios))}",
            figure.ratio_is,
            "" if figure.target is None else str(figure.target),
            {None: "", True: "yes", False: "NO"}[figure.met],
            number(statistics.median(figure.ours)),
            number(statistics.median(figure.theirs)),
            figure.unit,
        )
        for figure in figures
    ]
    return tabulate.tabulate(rows, HEADERS, disable_numparse=True)


def as_page(result, figures):
    """Return the page of a full run."""
    lines = [
        "# What `make bench` measured",
        "",
        f"Written by a full run, which took {result['seconds'] / 60:.0f} minutes. "
        f"{verdict(figures, result['problems']).capitalize()}.",
        "",
        as_markdown(figures),
        "",
        *(f"- {note}" for note in result["notes"]),
        *(f"- incorrect: {problem}" for problem in result["problems"]),
        "",
        "What the figures hold for:",
        "",
        *(
            f"- {title}: {listed(values)}"
            for title, values in result["circumstances"].items()
        ),
    ]
    return "\n".join(lines)


def listed(values):
    """Return names and values as one text."""
    return ", ".join(f"{name} {value}" for name, value in values.items())


def as_markdown(figures):
    """Return the ratios as a table of Markdown."""
    rows = []
    shown = None
    for figure in figures:
        rows.append(
            (
                figure.workload if figure.workload != shown else "",
                figure.case,
                figure.rival,
                f"{number(figure.ratio)} ({number(min(figure.ratios))} to "
                f"{number(max(figure.ratios))})",
                figure.ratio_is,
                "" if figure.target is None else str(figure.target),
                {None: "", True: "yes", False: "no"}[figure.met],
            )
        )
        shown = figure.workload
    headers = ("workload", "case", "rival", "ratio (spread)", "is", "target", "met")
    return tabulate.tabulate(rows, headers, tablefmt="pipe", disable_numparse=True)


def number(value):
    """Return a number with three significant digits, large ones whole."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def verdict(figures, problems):
    """Return one line on targets and correctness."""
    missed = sum(figure.met is False for figure in figures)
    targets = sum(figure.met is not None for figure in figures)
    correct = "everything correct" if not problems else f"{len(problems)} incorrect"
    return f"{targets - missed} of {targets} targets met; {correct}"
