"""What the model is, where it is from, and what it reads."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from pgchurn.loader.models.reports import fitted_again_report
from pgchurn.loader.reports.facts import Version, value_of
from pgchurn.loader.reports.markup import Content, Markup, between, joined, tag, value
from pgchurn.loader.reports.sections.elements import (
    cell,
    facts,
    number_cell,
    section,
    table,
)
from pgchurn.loader.reports.sections.head import kind_of_model, what_a_score_is
from pgchurn.loader.reports.wording import (
    count,
    decimal,
    moment,
    number_or_none,
    percent,
    shown,
)

TITLE = "What the model is"
MOST_FEATURES = 250
MOST_LEFT_OUT = 40
MOST_ALGORITHMS = 20


def about(version: Version, typical: dict[str, Any]) -> Markup:
    """Return what there is to say about the model.

    Parameters
    ----------
    version : Version
    typical : dict of str to object
        What is typical of each feature, where that is known.
    """
    return section(
        TITLE,
        facts(entries(version)),
        comparison(version),
        features(version, typical),
        left_out(version),
    )


def entries(version: Version) -> Iterator[tuple[str, Content]]:
    """Yield names of facts and what they are."""
    row = version.row
    yield (
        "Scores",
        joined(
            [
                "the customers in ",
                value(version.profile),
                ": ",
                what_a_score_is(version),
            ]
        ),
    )
    yield "Kind of model", kind_of_model(version)
    if len(members := version.members) > 1:
        yield (
            "Average of",
            between(
                ", ",
                [
                    joined([value(name), f" ({percent(weight)})"])
                    for name, weight in members.items()
                ],
            ),
        )
    if calibration := mended(version):
        yield "Calibration", calibration
    if training := trained_on(version):
        yield "Trained on", training
    if threshold := at_threshold(version):
        yield "At its threshold", threshold
    yield "Comes from", source(version)
    yield (
        "Registered",
        joined([f"on {moment(row['registered_at'])} by ", value(row["registered_by"])]),
    )
    if row["signed_as"] is not None:
        until = "" if row["expires"] is None else f", valid until {row['expires']}"
        yield (
            "Signed",
            joined(
                [
                    "as ",
                    value(row["signed_as"]),
                    f", version {row['signed_version']}{until}",
                ]
            ),
        )
    if found := libraries(version):
        yield "Libraries", found
    yield "How it scores", how_it_scores(version)
    yield "Digest", tag("code", str(row["sha256"]))


def mended(version: Version) -> str | None:
    """Return by what its log odds are divided."""
    recorded = version.recorded("calibration")
    temperature = number_or_none(value_of(recorded, "temperature"))
    if temperature is None:
        return None
    return f"its log odds are divided by {decimal(temperature, 3)}"


def trained_on(version: Version) -> Markup | None:
    """Return which rows and which column it was trained on."""
    if version.label is None:
        return None
    rows = number_or_none(version.recorded("rows"))
    train_rows = number_or_none(version.recorded("train_rows"))
    fitted_rows = number_or_none(version.recorded("fitted_rows"))
    parts: list[Content] = [
        "" if rows is None else f"{count(int(rows), 'customer')} of "
    ]
    parts += [value(shown(version.recorded("table"))), ", by the column "]
    parts += [value(version.label), "."]
    if train_rows is not None and fitted_rows is not None:
        numbers = {"train_rows": int(train_rows), "fitted_rows": int(fitted_rows)}
        parts += [" Its figures: ", lower_first(fitted_again_report(numbers))]
    return joined(parts)


def lower_first(sentence: str) -> str:
    """Return a sentence with a small letter at its beginning."""
    return sentence[:1].lower() + sentence[1:]


def at_threshold(version: Version) -> str | None:
    """Return what the threshold of training gave on the rows held out."""
    numbers = [version.metric(name) for name in ("threshold", "tp", "fn", "fp", "tn")]
    if any(number is None for number in numbers):
        return None
    threshold, *counts = (float(number or 0) for number in numbers)
    found, missed, wrong, right = (f"{one:,.0f}" for one in counts)
    return (
        f"of {percent(threshold, 1)}, which gave the best F1 score in "
        f"cross-validation: {found} found, {missed} missed, {wrong} false alarms, "
        f"{right} rightly left alone"
    )


def source(version: Version) -> Markup:
    """Return where it is from; of a file the name alone, and no one's folders."""
    parts: list[Content] = [value(shown(version.recorded("source") or "not recorded"))]
    if isinstance(file := version.recorded("file"), str):
        parts += [", the file ", value(PurePath(file.replace("\\", "/")).name)]
    if isinstance(estimator := version.recorded("estimator"), str):
        parts += ["; a ", value(estimator)]
    return joined(parts)


def libraries(version: Version) -> Markup:
    """Return the versions of what it depends on."""
    environment = version.row["environment"]
    found = environment if isinstance(environment, dict) else {}
    return between(
        ", ",
        [joined([value(name), " ", value(shown(one))]) for name, one in found.items()],
    )


def how_it_scores(version: Version) -> Markup:
    """Return whether its compiled form scores."""
    compilation = value(version.row["compilation"], 300)
    if version.row["parity"] is None:
        return joined(["by its pickle: ", compilation])
    return joined(
        [
            "by its compiled form: ",
            compilation,
            f", nowhere more than {version.row['parity']:.0e} apart from the pickle",
        ]
    )


def comparison(version: Version) -> Markup:
    """Return the algorithms that training has compared."""
    recorded = version.recorded("comparison")
    scores = value_of(recorded, "scores")
    scores = scores if isinstance(scores, list) else []
    if len(scores) < 2:
        return Markup()
    metrics = ("log_loss", "roc_auc", "average_precision")
    rows = [
        [
            tag("th", value(shown(value_of(one, "algorithm"))), scope="row"),
            *(number_cell(mean_of(one, metric)) for metric in metrics),
        ]
        for one in scores[:MOST_ALGORITHMS]
    ]
    return joined(
        [
            tag("h3", "Algorithms that training compared, by cross-validation"),
            table(
                ["algorithm", "log loss", "ROC AUC", "average precision"],
                rows,
                {1, 2, 3},
            ),
        ]
    )


def mean_of(scores: object, metric: str) -> str:
    """Return the mean of a metric over the folds."""
    return decimal(number_or_none(value_of(value_of(scores, metric), "mean")))


def features(version: Version, typical: dict[str, Any]) -> Markup:
    """Return the columns that it reads."""
    listed = version.row["signature"]["features"]
    rows = [
        [
            tag("th", value(one["name"]), scope="row"),
            cell(value(one["kind"])),
            cell("yes" if one["accepts_null"] else "no: such a row has no score"),
            cell(value(shown(typical[one["name"]])) if one["name"] in typical else "–"),
        ]
        for one in listed[:MOST_FEATURES]
    ]
    left = len(listed) - MOST_FEATURES
    return joined(
        [
            tag("h3", f"It reads {count(len(listed), 'column')}"),
            table(["column", "kind", "may be unknown", "typical"], rows, ()),
            ""
            if left <= 0
            else tag("p", f"{left:,} more are not shown.", class_="soft"),
        ]
    )


def left_out(version: Version) -> Markup:
    """Return the columns that training has left out, with the reason."""
    recorded = version.recorded("left_out")
    if not isinstance(recorded, dict) or not recorded:
        return Markup()
    named = [
        joined([value(name), " (", value(shown(why), 120), ")"])
        for name, why in list(recorded.items())[:MOST_LEFT_OUT]
    ]
    left = len(recorded) - MOST_LEFT_OUT
    more = "" if left <= 0 else f", and {left:,} more"
    return tag("p", "Left out: ", between("; ", named), more, ".", class_="soft")
