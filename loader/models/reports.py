"""What ``pgchurn`` prints of trainings and registrations."""

from typing import Any

from pgchurn.loader import output
from pgchurn.loader.errors import listed


def training_report(result: dict[str, Any]) -> str:
    """Return the report on a training."""
    metrics = result["evaluation"]
    lines = [
        comparison_report(result),
        "",
        f"{result['algorithm']} on {metrics['rows']:,} held-out rows, "
        f"{metrics['positive_share']:.1%} of them churned:",
        f"  ROC AUC            {metrics['roc_auc']:.4f}",
        f"  average precision  {metrics['average_precision']:.4f}",
        f"  log loss           {metrics['log_loss']:.4f}",
        f"  Brier score        {metrics['brier_score']:.4f}",
        f"  calibration error  {metrics['expected_calibration_error']:.4f}",
        f"  at threshold {metrics['threshold']:.3f}: {metrics['tp']} found, "
        f"{metrics['fn']} missed, {metrics['fp']} false alarms, "
        f"{metrics['tn']} rightly left alone",
        fitted_again_report(result),
        "",
        f"Features: {', '.join(result['features'])}",
        "Left out: "
        + "; ".join(f"{name} ({why})" for name, why in result["left_out"].items()),
        "",
        registration_report(result),
    ]
    return "\n".join(lines)


def comparison_report(result: dict[str, Any]) -> str:
    """Return what algorithms were compared, and what was made of them."""
    comparison = result["comparison"]
    weights = {
        member["algorithm"]: member["weight"] for member in result["average"]["members"]
    }
    sample = (
        f"a sample of {comparison['rows']:,} of {comparison['rows_available']:,}"
        if comparison["sampled"]
        else f"{comparison['rows']:,}"
    )
    choice = "; the average of the lowest log loss wins" if len(weights) > 1 else ""
    lines = [
        f"{comparison['folds']}-fold cross-validation on {sample} training rows"
        f"{choice}:",
        output.table(
            [
                {
                    "algorithm": one["algorithm"],
                    "log loss": one["log_loss"]["mean"],
                    "ROC AUC": one["roc_auc"]["mean"],
                    "average precision": one["average_precision"]["mean"],
                    "fit seconds": one["fit_seconds"]["mean"],
                    "weight": f"{weights.get(one['algorithm'], 0):.0%}",
                }
                for one in comparison["scores"]
            ]
        ),
    ]
    if len(weights) > 1:
        lines.append(
            f"Their average has a log loss of {result['average']['log_loss']:.4f}."
        )
    if result["calibration"]["log_odds_weights"] is not None:
        lines.append(mended_report(result["calibration"]))
    if comparison["skipped"]:
        skipped = (f"{name} ({why})" for name, why in comparison["skipped"].items())
        lines.append(f"Not compared: {'; '.join(skipped)}.")
    return "\n".join(lines)


def mended_report(calibration: dict[str, Any]) -> str:
    """Return a line about the weights of log odds."""
    weights = ", ".join(
        f"{weight:.2f} of {algorithm}"
        for algorithm, weight in calibration["log_odds_weights"].items()
    )
    return (
        f"Log odds are weighed instead ({weights}): the calibration error was "
        f"{calibration['error_before']:.4f} out of fold and is "
        f"{calibration['error_after']:.4f}."
    )


def fitted_again_report(result: dict[str, Any]) -> str:
    """Return a line about which model the figures on held-out rows hold for."""
    if result["fitted_rows"] == result["train_rows"]:
        return (
            "That is the model registered: there was no time to fit it again on all "
            "rows."
        )
    return (
        f"These are of the model fitted on {result['train_rows']:,} rows. The one "
        f"registered is the same, fitted again on all {result['fitted_rows']:,}."
    )


def registration_report(result: dict[str, Any]) -> str:
    """Return the report on a registration."""
    expected = (
        f"It gives the {result['rows_expected']:,} probabilities that were expected.\n"
        if result["rows_expected"]
        else ""
    )
    return (
        f"Registered as version {result['version']}: the server reproduced "
        f"{result['rows_replayed']:,} rows to 1e-9. The score is the probability of "
        f"class {result['positive_class']!r}.\n"
        f"{best_estimator_report(result)}"
        f"{dropped_columns_report(result)}"
        f"{expected}"
        f"{compilation_report(result)}\n"
        f"{changed_features_report(result)}"
        f"Next: pgchurn activate {result['version']}"
    )


def recalibration_report(result: dict[str, Any]) -> str:
    """Return the report on a recalibration."""
    cohort = result["cohort"]
    acted_upon = (
        f", but for {cohort['acted_upon']:,} who were acted upon"
        if cohort["acted_upon"]
        else ""
    )
    return (
        f"Of {cohort['rows']:,} customers whom version {result['recalibrated']} scored "
        f"from {cohort['since'][:10]} until {cohort['until'][:10]}{acted_upon}, "
        f"{cohort['left'] / cohort['rows']:.1%} left, {cohort['mean_score']:.1%} by "
        "the scores.\n"
        f"Log odds are multiplied by {result['slope']:.3f}, and "
        f"{result['intercept']:+.3f} is added: on customers that this was not fitted "
        f"on, the log loss falls from {result['log_loss_before']:.4f} to "
        f"{result['log_loss_after']:.4f}, by no less than {result['least_gain']:.4f}.\n"
        f"{registration_report(result)}"
    )


def best_estimator_report(result: dict[str, Any]) -> str:
    """Return a line about searches that were brought, if any."""
    if not result["best_of"]:
        return ""
    searches = " and ".join(result["best_of"])
    threshold = "Threshold" in searches
    kept = "; no threshold is kept, since a score is a probability" if threshold else ""
    return f"The best estimator of {searches} was taken{kept}.\n"


def dropped_columns_report(result: dict[str, Any]) -> str:
    """Return a line about columns that a model was fitted on and drops, if any."""
    if not result["dropped_columns"]:
        return ""
    return f"It drops, and does not need, {listed(result['dropped_columns'])}.\n"


def changed_features_report(result: dict[str, Any]) -> str:
    """Return a line about features that change when pgchurn writes a score, if any."""
    changed = result["changed_by_writing"]
    if not changed:
        return ""
    return (
        f"Changed by a trigger or the like with each score: {', '.join(changed)}. "
        "Train without them, or no score stays fresh.\n"
    )


def signing_report(result: dict[str, Any]) -> str:
    """Return the report on the signing of a model."""
    until = f", until {result['expires']}" if result["expires"] else ""
    form = (
        "Its compiled form is signed with it."
        if result["compiled_sha256"]
        else f"It has no compiled form: {result['not_compiled']}."
    )
    positive = result["classes"][result["positive_class"]]
    return (
        f"Signed as {result['name']!r}, version {result['version']}{until}, with key\n"
        f"{result['key']}.\n"
        f"Features: {', '.join(result['features'])}\n"
        f"The score is the probability of class {positive!r}. {form}\n"
        f"Next: pgchurn register FILE --attestation {result['file']}"
    )


def compilation_report(result: dict[str, Any]) -> str:
    """Return a line about the compiled form."""
    if result["parity"] is None:
        return f"The pickle scores: {result['compilation']}."
    return (
        f"The compiled form scores: {result['compilation']}, nowhere more than "
        f"{result['parity']:.0e} apart from the pickle."
    )
