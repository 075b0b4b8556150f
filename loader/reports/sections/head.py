"""What the report is of, and the figures to remember."""

from pgchurn.loader.reports.evidence import Evidence
from pgchurn.loader.reports.facts import Version
from pgchurn.loader.reports.markup import Markup, joined, tag, value
from pgchurn.loader.reports.parts import Missing
from pgchurn.loader.reports.wording import count, decimal, moment, percent, shown

TOP_SHARE = 0.1


def head(version: Version, evidence: Evidence | Missing) -> Markup:
    """Return title, summary and figures."""
    title = f"Version {version.number} of "
    return tag(
        "header",
        tag("p", "Report on a churn model", class_="over"),
        tag("h1", title, value(version.profile, 130)),
        tag("p", summary(version), class_="lead"),
        tag("p", at_a_glance(evidence), class_="lead"),
        tiles(version, evidence),
    )


def summary(version: Version) -> Markup:
    """Return a sentence on what the model is and whether it is in use."""
    row = version.row
    if row["deleted_at"] is not None:
        state = f"It was deleted on {moment(row['deleted_at'])} and scores no more."
    elif row["active_since"] is not None:
        since = moment(row["active_since"])
        state = f"It is in use: it has scored this table since {since}."
    elif row["detached_at"] is not None:
        state = "Its table is not attached any more, so it scores nothing."
    elif version.decisions:
        state = "It has been in use, and is not now."
    else:
        state = "It is not in use."
    return joined(
        [
            "This model gives each customer a score, ",
            what_a_score_is(version),
            ". Its kind is ",
            kind_of_model(version),
            f", and it was registered on {moment(row['registered_at'])}. {state}",
        ]
    )


def kind_of_model(version: Version) -> Markup:
    """Return what kind of model it is."""
    if len(version.members) > 1:
        return joined(f"an average of {count(len(version.members), 'model')}")
    return value(version.algorithm)


def what_a_score_is(version: Version) -> Markup:
    """Return what a score is the probability of."""
    if version.positive_class is True:
        return joined("the probability of churn")
    return joined(["the probability of class ", value(shown(version.positive_class))])


def at_a_glance(evidence: Evidence | Missing) -> str:
    """Return what the ranking is worth, in a sentence."""
    if isinstance(evidence, Missing):
        return (
            "How good it is cannot be shown here, because nothing says what came of "
            "customers that it has scored."
        )
    outcomes = evidence.outcomes
    if outcomes.total * TOP_SHARE < 1:
        return (
            f"What came of customers is known of {outcomes.total:,} only, which says "
            "next to nothing about how good it is."
        )
    found = outcomes.found_among(TOP_SHARE)
    customers = count(outcomes.total, "customer")
    who = (
        f"{customers} held out from training"
        if evidence.is_held_out
        else f"{customers} in the table whose outcome is known, many of whom it may "
        "know from its training"
    )
    return (
        f"Of {who}, {percent(outcomes.share, 1)} churned. The tenth with the highest "
        f"scores holds {percent(found)} of those who did, {found / TOP_SHARE:.1f} "
        "times as many as a tenth taken blindly."
    )


def tiles(version: Version, evidence: Evidence | Missing) -> Markup:
    """Return the figures of training, if there are any."""
    share = version.metric("positive_share")
    chance = "" if share is None else f", blind choice has {decimal(share, 2)}"
    known = {
        "roc_auc": ("ROC AUC", "1 is perfect, blind choice has 0.5"),
        "average_precision": ("Average precision", f"1 is perfect{chance}"),
        "log_loss": ("Log loss", "0 is perfect"),
        "brier_score": ("Brier score", "0 is perfect"),
        "expected_calibration_error": (
            "Calibration error",
            "how far probabilities are off on average",
        ),
    }
    shown = [
        tag(
            "div",
            tag("dt", name),
            tag("dd", decimal(version.metric(metric), 3), class_="figure"),
            tag("dd", tag("small", meaning)),
        )
        for metric, (name, meaning) in known.items()
        if version.metric(metric) is not None
    ]
    if not shown:
        return tag(
            "p", "No figures of training are recorded with this version.", class_="soft"
        )
    rows = version.metric("rows")
    whose = (
        "recorded when the version was registered"
        if version.recorded("source") != "pgchurn train" or rows is None
        else f"recorded by training, on {count(int(rows), 'customer')} that it held out"
    )
    return joined(
        [
            tag("dl", shown, class_="tiles"),
            tag("p", f"The model's figures, {whose}.", class_="soft"),
        ]
    )
