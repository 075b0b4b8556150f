"""Fit a rival and print its probabilities; run by its environment's Python.

Reads a pickle from standard input: the rival's name, its seconds, and the rows to train
and to test on as dicts of lists, since pandas is another there. Writes one to standard
output: seconds and probabilities.
"""

import os
import pickle
import sys
import tempfile
import time

import pandas

LABEL = "churned"


def fit_flaml(train, test, seconds):
    """Let FLAML search as long as it may."""
    from flaml import AutoML

    model = AutoML()
    model.fit(
        train.drop(columns=LABEL),
        train[LABEL],
        task="classification",
        metric="log_loss",
        time_budget=seconds,
        n_jobs=1,
        seed=0,
        verbose=0,
    )
    return model.predict_proba(test)[:, 1]


def fit_autogluon(train, test, seconds):
    """Let AutoGluon do its best."""
    from autogluon.tabular import TabularPredictor

    with tempfile.TemporaryDirectory() as folder:
        model = TabularPredictor(
            LABEL, path=folder, eval_metric="log_loss", verbosity=0
        ).fit(train, presets="best_quality", time_limit=seconds, num_cpus=1, num_gpus=0)
        return model.predict_proba(test)[1].to_numpy()


FIT = {"flaml": fit_flaml, "autogluon": fit_autogluon}


def main():
    """Do what standard input asks for."""
    asked = pickle.load(sys.stdin.buffer)
    # What the libraries print is not the answer.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    train, test = pandas.DataFrame(asked["train"]), pandas.DataFrame(asked["test"])
    started = time.monotonic()
    probabilities = FIT[asked["rival"]](train, test, asked["seconds"])
    pickle.dump((time.monotonic() - started, list(map(float, probabilities))), answer)
    answer.close()


if __name__ == "__main__":
    main()
