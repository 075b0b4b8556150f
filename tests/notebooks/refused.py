"""What public notebooks leave behind that is not taken, and what they are told.

The libraries of some need not be installed: classes stand in for theirs.
"""

import io
import pickle
from collections.abc import Callable
from typing import NamedTuple

import cloudpickle
import joblib
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from .customers import FEATURES, NUMBERS, WHOLE_NUMBERS, customers
from .libraries import standing_in, written_by
from .notebook import pickled
from .parts import classified, imputed_and_encoded, prepared


class Refused(NamedTuple):
    """What a notebook saves, and what its maker is told."""

    # Repository and path where such a one was read.
    seen: str
    # Makes the bytes of the file.
    written: Callable[[], bytes]
    # What is the matter, and what to do about it, as the message says it.
    cause: str
    way_out: str


class RatioAdder(TransformerMixin, BaseEstimator):
    """A transformer as a notebook defines it for itself."""

    def fit(self, rows, labels=None):
        """Learn nothing."""
        return self

    def transform(self, rows):
        """Return the rows with one column more."""
        return rows.assign(each=rows["total"] / rows["tenure"])


class ChurnModel:
    """What holds a model and its threshold, as a project defines it for itself."""

    def __init__(self, model, threshold):
        self.model = model
        self.threshold = threshold


def add_ratio(rows):
    """Return rows with one column more, as a notebook does."""
    return rows.assign(each=rows["total"] / rows["tenure"])


def fitted(model):
    """Return a model fitted on the customers."""
    frame, churned = customers()
    return model.fit(frame[list(FEATURES)], churned)


def records():
    """Return some customers as dicts, as a DictVectorizer takes them."""
    frame, churned = customers()
    return frame[["contract", "tenure"]].to_dict("records"), churned


def vectorized():
    """Return a fitted DictVectorizer and a model of what it gives."""
    rows, churned = records()
    vectorizer = DictVectorizer()
    return vectorizer, LogisticRegression().fit(vectorizer.fit_transform(rows), churned)


def boosted(module, name):
    """Return the pickle of a pipeline that ends in another library's booster."""
    kind = standing_in(module, name, GradientBoostingClassifier)
    return written_by(pickled, fitted(classified(kind(n_estimators=2))), [kind])


def encoded(module, name):
    """Return the pickle of a pipeline with another library's encoder."""
    kind = standing_in(module, name, OneHotEncoder)
    model = make_pipeline(kind(handle_unknown="ignore"), LogisticRegression())
    frame, churned = customers()
    return written_by(pickled, model.fit(frame[["contract"]], churned), [kind])


def bundled(**more):
    """Return what joblib writes of a dict."""
    file = io.BytesIO()
    joblib.dump({"model": fitted(classified(LogisticRegression())), **more}, file)
    return file.getvalue()


def of_scaled_numbers():
    """Return a bundle of a model and the scaler that stands before it."""
    frame, churned = customers()
    numbers = frame[list(WHOLE_NUMBERS)]
    scaler = StandardScaler().fit(numbers)
    model = LogisticRegression().fit(scaler.transform(numbers), churned)
    return pickle.dumps({"model": model, "scaler": scaler})


OWN = "It is a function or a class of your own, or of a library that is not read"
IN_THE_TABLE = "in the table: a generated column is a feature like any other"
SAVED = 'Save it by model.get_booster().save_model("model.json") and register that'
ALONE = "Pickle the classifier alone; what encodes or scales its features belongs in"
LINES = "CalibratedClassifierCV(LinearSVC()) is taken"
ON_THE_FRAME = "Fit a pipeline on the data frame instead"
# Pipelines, as notebooks make them.
PIPELINES = {
    "a transformer of the notebook's own": Refused(
        "kolombo2407/home_loan_approval model/workdir/model_v.0.1.py",
        lambda: pickled(
            fitted(
                make_pipeline(
                    RatioAdder(), prepared([*NUMBERS, "each"]), LogisticRegression()
                )
            )
        ),
        OWN,
        IN_THE_TABLE,
    ),
    "a function of the notebook's own": Refused(
        "IssaMuiz/Telecom-churn-prediction "
        ".history/src/pipeline/transformers_20260119131636.py",
        lambda: pickled(
            fitted(
                make_pipeline(
                    FunctionTransformer(add_ratio, validate=False),
                    prepared([*NUMBERS, "each"]),
                    LogisticRegression(),
                )
            )
        ),
        OWN,
        IN_THE_TABLE,
    ),
    "XGBoost at the end of a pipeline": Refused(
        "AnshBhanushali/Healytics backend/app/main.py",
        lambda: boosted("xgboost.sklearn", "XGBClassifier"),
        "It holds a XGBClassifier of XGBoost, whose pickles are not read",
        SAVED,
    ),
    "a support vector machine with a kernel": Refused(
        "meijinope/Diabetes-Prediction-using-Supervised-Machine-Learning models/svm.py",
        lambda: pickled(fitted(classified(SVC()))),
        "sklearn.svm._classes.SVC is not permitted",
        LINES,
    ),
    "dicts made columns by a DictVectorizer": Refused(
        "DataTalksClub/machine-learning-zoomcamp "
        "course-zoomcamp/11-kserve/code/churn/churn-train.py",
        lambda: pickled(
            make_pipeline(DictVectorizer(), LogisticRegression()).fit(*records())
        ),
        "DictVectorizer is not permitted",
        ON_THE_FRAME,
    ),
    "encoders of another library": Refused(
        "hironorinakauchi/til scikit-learn/target-encode.md",
        lambda: encoded("category_encoders.target_encoder", "TargetEncoder"),
        "It is of category_encoders, of which this is not read",
        "OneHotEncoder, OrdinalEncoder and TargetEncoder of scikit-learn are taken",
    ),
    "neighbours of a sparse matrix": Refused(
        "Symeonw/Telco_churn model.py",
        lambda: pickled(
            fitted(
                classified(
                    KNeighborsClassifier(3),
                    prepared(for_texts=imputed_and_encoded(), sparse_threshold=1.0),
                )
            )
        ),
        "It has a sparse matrix where a value belongs",
        "sparse_threshold=0",
    ),
}
# Files that hold no pipeline, or more than one.
FILES = {
    "a dict of a pipeline, its features and a threshold": Refused(
        "Kundan857/Customer_Churn_Prediction check_features.py",
        lambda: bundled(features=list(FEATURES), threshold=0.4),
        "a dict of 'model': Pipeline, 'features': list, 'threshold': float",
        ALONE,
    ),
    "a dict of a classifier and its scaler": Refused(
        "Mustafa700aa/Customer-Churn-Prediction-Models README.md",
        of_scaled_numbers,
        "a dict of 'model': LogisticRegression, 'scaler': StandardScaler",
        ALONE,
    ),
    "a DictVectorizer and its model": Refused(
        "nateeatsrice/Churn-Prediction predict.py",
        lambda: pickled(vectorized()),
        "DictVectorizer is not permitted",
        ON_THE_FRAME,
    ),
    "a class of one's own around the model": Refused(
        "CarsonShively/telco-churn src/telco_churn/assets/train/bundle.py",
        lambda: pickled(ChurnModel(fitted(classified(LogisticRegression())), 0.4)),
        OWN,
        IN_THE_TABLE,
    ),
    "a lambda packed by cloudpickle": Refused(
        "irfan-fadhlurrahman/ml-ops 00-pre-requisites/README.md",
        lambda: cloudpickle.dumps(
            fitted(
                make_pipeline(
                    FunctionTransformer(lambda rows: rows),
                    prepared(),
                    LogisticRegression(),
                )
            )
        ),
        "It was written by cloudpickle, which packs code along",
        "Write it with pickle.dump(model, file)",
    ),
    "what prepares the columns alone": Refused(
        "danieleschmidt/customer-churn-predictor-mlops src/preprocess_data.py",
        lambda: pickled(fitted(prepared())),
        "The pickle holds a ColumnTransformer",
        "Pickle a fitted scikit-learn classifier",
    ),
}
