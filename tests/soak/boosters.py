"""Boosters' own probabilities, compared with those of what is registered of them.

On real data and on made-up data with categories and gaps, of every kind of tree that
their options make; left out where their libraries are not installed.
"""

import csv
import importlib
import pickle
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from pgchurn.loader.boosters.classifier import classifier_of_columns
from pgchurn.loader.boosters.files import read_booster
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.estimators import load_estimator
from pgchurn.plpython.runtime.signature import Feature, Signature

from tests.databases import CHECKOUT
from tests.soak.bars import Bar

DATA = CHECKOUT.parent / "shared/data/iranian_churn.csv"
LABEL = "Churn"
NOT_FEATURES = (LABEL, "FN", "FP")
LIBRARIES = ("xgboost", "lightgbm", "catboost")
SEEDS = {True: 20, False: 2}
ROWS = {True: 10_000, False: 1_000}
TOLERANCE = 1e-6
TREES = 100
NO_TEXT = "none"
TEXTS = ("contract", "region")
MISSING = 0.05
# By library, what each seed takes one of.
OPTIONS = {
    "xgboost": (
        {},
        {"max_depth": 3},
        {"booster": "dart", "rate_drop": 0.1},
        {"num_parallel_tree": 3, "subsample": 0.7, "n_estimators": 30},
        {"grow_policy": "lossguide", "max_leaves": 31},
    ),
    "lightgbm": (
        {},
        {"zero_as_missing": True},
        {"use_missing": False},
        {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
        {"boosting_type": "dart", "max_cat_to_onehot": 1, "cat_smooth": 1.0},
    ),
    "catboost": (
        {"one_hot_max_size": 20},
        {"one_hot_max_size": 1},
        {"grow_policy": "Lossguide"},
        {"grow_policy": "Depthwise", "nan_mode": "Max"},
        {"loss_function": "CrossEntropy", "depth": 4},
    ),
}


def measure(server, full):
    """Yield a bar for each library and kind of data."""
    for library in LIBRARIES:
        if find_spec(library) is None:
            continue
        for kind, frame_of in (("made-up", made_up), ("real", real)):
            if kind == "made-up" or DATA.exists():
                yield bar(library, kind, frame_of, SEEDS[full], ROWS[full])


def bar(library, kind, frame_of, seeds, rows):
    """Return how far what is registered is from what a library says."""
    largest = max(
        difference(library, *frame_of(rows, seed), seed) for seed in range(seeds)
    )
    return Bar(
        f"{library} on {kind} data, {seeds} seeds of {rows:,} rows",
        f"at most {TOLERANCE:g} from its own predict_proba",
        f"{largest:.1e}",
        bool(largest <= TOLERANCE),
    )


def made_up(rows, seed):
    """Return made-up customers with categories, zeros and gaps, and their labels."""
    rng = np.random.default_rng(seed)
    regions = [f"region {i}" for i in range(12)]
    frame = pd.DataFrame(
        {
            "age": np.round(rng.normal(45, 15, rows)),
            "usage": rng.exponential(3, rows) * (rng.random(rows) < 0.8),
            "balance": rng.normal(0, 1e-3, rows),
            "contract": rng.choice(["month", "one year", "two year"], rows),
            "region": rng.choice(regions, rows),
            "calls": rng.poisson(1, rows).astype(float),
        }
    )
    odds = frame["calls"] + frame["balance"] * 800 - frame["age"] / 40
    odds += 2 * (frame["contract"] == "month") + (frame["region"] < "region 3")
    labels = rng.random(rows) < 1 / (1 + np.exp(-odds))
    for name in frame:
        frame.loc[rng.random(rows) < MISSING, name] = np.nan
    return frame, labels.astype(int)


def real(rows, seed):
    """Return rows of real customers, drawn with repetition, some with gaps."""
    rng = np.random.default_rng(seed)
    with DATA.open(encoding="utf-8-sig", newline="") as file:
        listed = pd.DataFrame(list(csv.DictReader(file))).astype(float)
    drawn = listed.iloc[rng.integers(len(listed), size=rows)].reset_index(drop=True)
    frame = drawn.drop(columns=list(NOT_FEATURES))
    # LightGBM writes spaces in names as underscores.
    frame.columns = ["_".join(name.split()) for name in frame]
    frame = frame.mask(rng.random(frame.shape) < MISSING)
    return frame, drawn[LABEL].to_numpy().astype(int)


def categorical(frame):
    """Return rows whose texts are categories of pandas."""
    texts = [name for name in TEXTS if name in frame]
    return frame.astype(dict.fromkeys(texts, "category"))


def complete(frame):
    """Return rows whose texts are never missing, as CatBoost wants them."""
    texts = [name for name in TEXTS if name in frame]
    return frame.fillna(dict.fromkeys(texts, NO_TEXT))


def of_xgboost(frame, labels, seed, options, folder):
    """Train XGBoost, and save it; return the file, and what it says of all rows."""
    xgboost = importlib.import_module("xgboost")
    given = categorical(frame)
    model = xgboost.XGBClassifier(
        n_estimators=TREES,
        enable_categorical=True,
        n_jobs=1,
        random_state=seed,
    )
    model.set_params(**options).fit(given, labels)
    file = folder / ("model.json" if seed % 2 else "model.ubj")
    model.get_booster().save_model(file)
    return file, model.predict_proba(given)[:, 1]


def of_lightgbm(frame, labels, seed, options, folder):
    """Train LightGBM, and save it; return the file, and what it says of all rows."""
    lightgbm = importlib.import_module("lightgbm")
    given = categorical(frame)
    model = lightgbm.LGBMClassifier(
        n_estimators=TREES, n_jobs=1, verbose=-1, random_state=seed
    )
    model.set_params(**options).fit(given, labels)
    file = folder / "model.txt"
    model.booster_.save_model(file)
    return file, model.predict_proba(given)[:, 1]


def of_catboost(frame, labels, seed, options, folder):
    """Train CatBoost, and save it; return the file, and what it says of all rows."""
    catboost = importlib.import_module("catboost")
    given = complete(frame)
    texts = [name for name in TEXTS if name in frame]
    pool = catboost.Pool(given, labels, cat_features=texts)
    model = catboost.CatBoostClassifier(
        iterations=TREES,
        thread_count=1,
        random_seed=seed,
        verbose=False,
        allow_writing_files=False,
        max_ctr_complexity=1,
    )
    model.set_params(**options).fit(pool)
    file = folder / "model.json"
    model.save_model(str(file), format="json", pool=pool)
    return file, model.predict_proba(given, thread_count=1)[:, 1]


TRAINING = {"xgboost": of_xgboost, "lightgbm": of_lightgbm, "catboost": of_catboost}


def difference(library, frame, labels, seed):
    """Return the largest difference from a library's own probabilities."""
    options = OPTIONS[library][seed % len(OPTIONS[library])]
    with tempfile.TemporaryDirectory() as folder:
        file, expected = TRAINING[library](frame, labels, seed, options, Path(folder))
        booster = read_booster(file.read_bytes(), file.name)
    artifact = pickle.dumps(classifier_of_columns(booster, []), 4)
    estimator = load_estimator(artifact)
    texts = [name for name in TEXTS if name in frame]
    given = complete(frame) if library == "catboost" else frame
    given = given.astype(dict.fromkeys(texts, object))
    found = estimator.predict_proba(given)[:, 1]
    signature = Signature(
        tuple(Feature(n, "text" if n in texts else "number", True) for n in frame),
        *((0, 1), 1, True),
    )
    compiled = CompiledModel(compile_model(estimator, signature), signature)
    served = compiled.probabilities({name: given[name].to_numpy() for name in given})
    return max(np.abs(found - expected).max(), np.abs(served - expected).max())
