"""Train boosters, and write their files with what their libraries say of rows."""

import json

import catboost
import lightgbm
import xgboost
from pgchurn.loader.demonstration.simulation import simulate
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder

from tests.databases import CHECKOUT
from tests.legitimate.boosters import EXPECTED, FOLDER, ROWS, frame_of, preprocessing
from tests.legitimate.customers import COLUMNS, NUMBERS, TEXTS, customers

ROUNDS = 6
DOCUMENTS = CHECKOUT / "tests/boosters/documents"
# What the pages' models read of the demonstration's customers.
DEMONSTRATED = ["tenure_months", "support_calls", "contract", "complaint_count"]
MIXED = [name for name in COLUMNS if name != "paperless"]


def of_xgboost(file, features, early_stopping=None, **options):
    """Write a model of XGBoost; return what is expected of it."""
    frame, labels = categorical(features)
    model = xgboost.XGBClassifier(
        **{"n_estimators": ROUNDS, "max_depth": 3, "n_jobs": 1, **options},
        enable_categorical=True,
        early_stopping_rounds=early_stopping,
    )
    half = len(frame) // 2
    watched = [(frame[half:], labels[half:])] if early_stopping else None
    kept = half if early_stopping else len(frame)
    model.fit(frame[:kept], labels[:kept], eval_set=watched, verbose=False)
    model.get_booster().save_model(FOLDER / file)
    rows = categorical(features, **ROWS)[0]
    return described("xgboost", xgboost, features, model.predict_proba(rows))


def of_lightgbm(file, features, **options):
    """Write a model of LightGBM; return what is expected of it."""
    frame, labels = categorical(features)
    model = lightgbm.LGBMClassifier(
        n_estimators=ROUNDS,
        num_leaves=7,
        min_data_per_group=5,
        **{"n_jobs": 1, "verbose": -1, **options},
    )
    model.fit(frame, labels)
    model.booster_.save_model(FOLDER / file)
    rows = categorical(features, **ROWS)[0]
    return described("lightgbm", lightgbm, features, model.predict_proba(rows))


def of_catboost(file, features, classes=(False, True), **options):
    """Write a model of CatBoost; return what is expected of it."""
    frame = frame_of(features, complete=True)
    labels = [classes[int(one)] for one in customers()[1]]
    texts = [name for name in features if name in TEXTS]
    pool = catboost.Pool(frame, labels, cat_features=texts)
    model = catboost.CatBoostClassifier(
        **{"iterations": ROUNDS, "depth": 3, "max_ctr_complexity": 1, **options},
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(pool)
    model.save_model(str(FOLDER / file), format="json", pool=pool)
    rows = frame_of(features, complete=True, **ROWS)
    found = model.predict_proba(rows, thread_count=1)
    return described("catboost", catboost, features, found, complete=True)


def categorical(features, **options):
    """Return customers whose texts are categories of pandas, and labels."""
    frame = frame_of(features, complete=False, **options)
    known = frame_of(features, complete=False)
    for name in set(features) & set(TEXTS):
        categories = sorted(known[name].dropna().unique())
        frame[name] = frame[name].astype("category").cat.set_categories(categories)
    return frame, customers(**options)[1]


def behind_preprocessing(file, library, module, model):
    """Write a model of what preprocessing puts out; return what is expected of it."""
    fitted = preprocessing()
    frame, labels = customers()
    model.fit(fitted.transform(frame), labels)
    booster = model.get_booster() if library == "xgboost" else model.booster_
    booster.save_model(FOLDER / file)
    rows = frame_of(COLUMNS, complete=False, **ROWS)
    found = model.predict_proba(fitted.transform(rows))
    return described(library, module, COLUMNS, found, encoded=True)


def described(library, module, features, found, complete=False, encoded=False):
    """Return what is written of a file."""
    return {
        "encoded": encoded,
        "library": f"{library} {module.__version__}",
        "features": features,
        "complete": complete,
        "probabilities": [float(one) for one in found[:, 1]],
    }


def of_documents():
    """Write the models that the pages register on the demonstration's customers."""
    simulated = simulate()
    counts = simulated.complaints["customer_id"].value_counts()
    found = simulated.profiles["customer_id"].map(counts).fillna(0)
    profiles = simulated.profiles.assign(complaint_count=found)
    known = profiles[profiles["churned"].notna()]
    frame, labels = known[DEMONSTRATED], known["churned"].astype(int)
    model = xgboost.XGBClassifier(
        n_estimators=30, max_depth=3, n_jobs=1, enable_categorical=True
    )
    model.fit(frame.astype({"contract": "category"}), labels)
    model.get_booster().save_model(DOCUMENTS / "churn.json")
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["contract"]), remainder="passthrough"
    )
    other = lightgbm.LGBMClassifier(n_estimators=30, num_leaves=7, n_jobs=1, verbose=-1)
    other.fit(encoder.fit_transform(frame), labels)
    other.booster_.save_model(DOCUMENTS / "churn.txt")


def main():
    """Write all files."""
    for folder in (FOLDER, DOCUMENTS):
        folder.mkdir(exist_ok=True)
    of_documents()
    written = {
        "xgboost.json": of_xgboost("xgboost.json", MIXED),
        "xgboost.ubj": of_xgboost("xgboost.ubj", MIXED, num_parallel_tree=2),
        "xgboost-dart.ubj": of_xgboost(
            "xgboost-dart.ubj", NUMBERS, booster="dart", rate_drop=0.5
        ),
        "xgboost-best.json": of_xgboost(
            "xgboost-best.json", NUMBERS, early_stopping=2, learning_rate=2.0
        ),
        "xgboost-encoded.json": behind_preprocessing(
            *("xgboost-encoded.json", "xgboost", xgboost),
            xgboost.XGBClassifier(n_estimators=ROUNDS, max_depth=3, n_jobs=1),
        ),
        "lightgbm-encoded.txt": behind_preprocessing(
            *("lightgbm-encoded.txt", "lightgbm", lightgbm),
            lightgbm.LGBMClassifier(
                n_estimators=ROUNDS, num_leaves=7, n_jobs=1, verbose=-1
            ),
        ),
        "lightgbm.txt": of_lightgbm("lightgbm.txt", MIXED),
        "lightgbm-zeros.txt": of_lightgbm(
            "lightgbm-zeros.txt", NUMBERS, zero_as_missing=True
        ),
        "lightgbm-nothing.txt": of_lightgbm(
            "lightgbm-nothing.txt", NUMBERS, use_missing=False
        ),
        "lightgbm-forest.txt": of_lightgbm(
            *("lightgbm-forest.txt", MIXED),
            boosting_type="rf",
            bagging_freq=1,
            bagging_fraction=0.5,
        ),
        "catboost.json": of_catboost(
            "catboost.json", MIXED, ("kept", "left"), one_hot_max_size=10
        ),
        "catboost-statistics.json": of_catboost(
            "catboost-statistics.json",
            *(MIXED, (0, 1)),
            one_hot_max_size=1,
            simple_ctr=["Borders", "Buckets", "Counter", "BinarizedTargetMeanValue"],
        ),
        "catboost-leaves.json": of_catboost(
            "catboost-leaves.json", MIXED, (0, 1), grow_policy="Lossguide"
        ),
    }
    EXPECTED.write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
