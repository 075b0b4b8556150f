"""Train models, and write them as ONNX files: some that are read, others refused."""

import numpy as np
import onnx
from pgchurn.loader.demonstration.simulation import simulate
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.ensemble import AdaBoostClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    PowerTransformer,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC

from tests.databases import CHECKOUT
from tests.exports import exporting
from tests.legitimate.onnx import FOLDER, KINDS, REFUSED, frame_of

DOCUMENTS = CHECKOUT / "tests/exports/documents"
SEED = 0
FEW_ROWS = 30
ROWS = 200


def refused():
    """Yield the name of a file that is refused, and the model that it holds."""
    frame, labels = frame_of("network", rows=ROWS)
    few, few_labels = frame[:FEW_ROWS], labels[:FEW_ROWS]
    logistic = LogisticRegression(max_iter=500)
    classes = np.arange(len(frame)) % 3
    yield "three-classes", exporting.of_matrix(logistic, frame, classes)
    yield "scores", exporting.of_matrix(logistic, frame, labels, raw_scores=True)
    yield "linear-machine", exporting.of_matrix(LinearSVC(), frame, labels)
    yield (
        "regressor",
        exporting.of_matrix(
            RandomForestRegressor(2, max_depth=2, random_state=SEED), frame, labels
        ),
    )
    machine = SVC(probability=True, random_state=SEED)
    yield "machine", exporting.of_matrix(machine, few, few_labels)
    yield "neighbours", exporting.of_matrix(KNeighborsClassifier(3), few, few_labels)
    yield "bayes", exporting.of_matrix(GaussianNB(), frame, labels)
    yield (
        "votes",
        exporting.of_matrix(AdaBoostClassifier(n_estimators=2), frame, labels),
    )
    for name, step in (
        ("powers", PowerTransformer()),
        ("bins", KBinsDiscretizer(3, encode="ordinal", quantile_method="linear")),
    ):
        pipeline = make_pipeline(step, logistic)
        yield name, exporting.of_matrix(pipeline, frame, labels)


def of_documents():
    """Return the model that the pages register on the demonstration's customers."""
    simulated = simulate()
    counts = simulated.complaints["customer_id"].value_counts()
    found = simulated.profiles["customer_id"].map(counts).fillna(0)
    profiles = simulated.profiles.assign(complaint_count=found)
    known = profiles[profiles["churned"].notna()]
    numbers = ["tenure_months", "support_calls", "complaint_count"]
    frame = known[["contract", *numbers]]
    pipeline = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["contract"]),
            (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        ),
        LogisticRegression(max_iter=500),
    ).fit(frame, known["churned"].astype(int))
    types = [
        ("contract", StringTensorType([None, 1])),
        *((name, FloatTensorType([None, 1])) for name in numbers),
    ]
    return convert_sklearn(
        pipeline, initial_types=types, target_opset=exporting.OPERATOR_SETS
    )


def main():
    """Write all files."""
    exporting.register_boosters()
    for folder in (FOLDER, REFUSED, DOCUMENTS):
        folder.mkdir(exist_ok=True)
    onnx.save(of_documents(), DOCUMENTS / "churn.onnx")
    for kind in KINDS:
        file = FOLDER / f"{kind}.onnx"
        frame, labels = frame_of(kind, rows=ROWS)
        onnx.save(exporting.exported(kind, frame, labels, SEED, file), file)
    for name, model in refused():
        onnx.save(model, REFUSED / f"{name}.onnx")


if __name__ == "__main__":
    main()
