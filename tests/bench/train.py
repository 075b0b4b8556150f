"""What `pgchurn train` makes, against AutoML: ``python -m tests.bench.train``.

Every rival trains on the same rows of the real data, on one processor each, and all are
measured on the rows that were kept from them.
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import tabulate
from pgchurn.loader.models.calibration import expected_calibration_error
from pgchurn.loader.models.pipelines import as_features
from pgchurn.loader.models.training import train
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from tests import environments
from tests.databases import CHECKOUT

DATA = CHECKOUT.parent / "shared" / "data" / "iranian_churn.csv"
NOT_FEATURES = ["FN", "FP"]
# Their packages, and how long each may take.
REQUIREMENTS = {
    "flaml": "flaml[automl]==2.7.0\n",
    "autogluon": "autogluon.tabular[lightgbm,catboost,xgboost]==1.6.3\n",
}
SECONDS = {"flaml": 120, "autogluon": 240}
OURS = "pgchurn"
# Of the better rival's log loss, below its ROC AUC, of its time, and what calibration
# may be off by.
MOST_LOG_LOSS, MOST_ROC_AUC_BELOW, MOST_TIME, MOST_ERROR = 1.03, 0.003, 0.25, 0.02


def install():
    """Install the rivals, each in an environment of its own."""
    for rival, requirements in REQUIREMENTS.items():
        environments.install(rival, requirements, rival)


def read_data():
    """Return the real customers' features and whether they left."""
    frame = pd.read_csv(DATA, encoding="utf-8-sig").drop(columns=NOT_FEATURES)
    return frame.drop(columns="Churn"), frame["Churn"].to_numpy().astype(bool)


def fit_ours(train_rows, train_labels, test_rows, seed):
    """Return the seconds and the probabilities of `pgchurn train`."""
    kinds = dict.fromkeys(train_rows, "number")
    started = time.monotonic()
    result = train(train_rows, train_labels, kinds, random_state=seed)
    seconds = time.monotonic() - started
    rows = as_features(test_rows, result.features)
    return seconds, result.pipeline.predict_proba(rows)[:, 1]


def fit_rival(rival, train_rows, train_labels, test_rows):
    """Return the seconds and the probabilities of a rival."""
    asked = {
        "rival": rival,
        "train": train_rows.assign(churned=train_labels.astype(int)).to_dict("list"),
        "test": test_rows.to_dict("list"),
        "seconds": SECONDS[rival],
    }
    done = subprocess.run(
        [environments.python_of(rival), "-P", Path(__file__).with_name("fit_rival.py")],
        input=pickle.dumps(asked),
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    seconds, probabilities = pickle.loads(done.stdout)
    return seconds, np.array(probabilities)


def measure(splits, rivals):
    """Return a dict of figures for each split and side."""
    features, labels = read_data()
    figures = []
    for split in range(splits):
        train_rows, test_rows, train_labels, test_labels = train_test_split(
            features, labels, test_size=0.2, stratify=labels, random_state=split
        )
        for side in (OURS, *rivals):
            if side == OURS:
                found = fit_ours(train_rows, train_labels, test_rows, split)
            else:
                found = fit_rival(side, train_rows, train_labels, test_rows)
            seconds, probabilities = found
            figures.append(
                {
                    "split": split,
                    "side": side,
                    "log_loss": log_loss(test_labels, probabilities),
                    "roc_auc": roc_auc_score(test_labels, probabilities),
                    "calibration_error": expected_calibration_error(
                        test_labels, probabilities
                    ),
                    "seconds": seconds,
                }
            )
            print(figures[-1], file=sys.stderr, flush=True)
    return figures


def means(figures):
    """Return the mean figures of each side."""
    return pd.DataFrame(figures).drop(columns="split").groupby("side").mean()


def failures(mean):
    """Return the bars that are missed, against the better rival in each figure."""
    ours, rivals = mean.loc[OURS], mean.drop(index=OURS)
    missed = []
    if ours["calibration_error"] > MOST_ERROR:
        missed.append(f"calibration error above {MOST_ERROR}")
    if rivals.empty:
        return missed
    better = rivals.loc[rivals["log_loss"].idxmin()]
    if ours["log_loss"] > MOST_LOG_LOSS * better["log_loss"]:
        missed.append(f"log loss above {MOST_LOG_LOSS} of the better one's")
    if ours["roc_auc"] < rivals["roc_auc"].max() - MOST_ROC_AUC_BELOW:
        missed.append(f"ROC AUC more than {MOST_ROC_AUC_BELOW} below the better one's")
    if ours["seconds"] > MOST_TIME * better["seconds"]:
        missed.append(f"more than {MOST_TIME} of the better one's time")
    return missed


def main(arguments=None):
    """Run the comparison; return the exit status: 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.train")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument(
        "--rivals",
        nargs="*",
        choices=REQUIREMENTS,
        default=[
            rival
            for rival, requirements in REQUIREMENTS.items()
            if environments.is_installed(rival, requirements)
        ],
        help="those installed by default",
    )
    parser.add_argument("--json", type=Path, help="where to write every figure")
    options = parser.parse_args(arguments)
    if not DATA.exists():
        parser.error("the real data is not there")
    figures = measure(options.splits, options.rivals)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    mean = means(figures)
    print(tabulate.tabulate(mean, headers="keys", floatfmt=".4f"))
    missed = failures(mean)
    print("\n".join(f"missed: {one}" for one in missed) or "no bar is missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
