"""Models that are trained and exported to ONNX, by what each of them stands for."""

import catboost
import lightgbm
import numpy as np
import onnx
import onnxmltools
import xgboost
from onnxmltools.convert.common import data_types
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from tests.legitimate.onnx import COUNTS, GAPS, TEXTS, WHOLE

# What the exporters of boosters cover.
OPERATOR_SETS = {"": 18, "ai.onnx.ml": 3}
NO_MAPS = {"zipmap": False}
OPTIONS = {"nocl": [True, False], "zipmap": [True, False, "columns"]}


def register_boosters():
    """Let pipelines with boosters be exported."""
    for model, name, convert in (
        (xgboost.XGBClassifier, "XGBoostXGBClassifier", convert_xgboost),
        (lightgbm.LGBMClassifier, "LightGbmLGBMClassifier", convert_lightgbm),
    ):
        update_registered_converter(
            model,
            name,
            calculate_linear_classifier_output_shapes,
            convert,
            options=OPTIONS,
        )


def of_frame(model, frame, labels, **options):
    """Return a model of named columns, exported with an input for each."""
    model.fit(frame, labels)
    types = [(name, type_of(name)) for name in frame]
    made = {id(model): options} if options else None
    return convert_sklearn(
        model, initial_types=types, options=made, target_opset=OPERATOR_SETS
    )


def type_of(name):
    """Return the type of a column's input."""
    if name in TEXTS:
        return StringTensorType([None, 1])
    return (Int64TensorType if name in COUNTS else FloatTensorType)([None, 1])


def of_matrix(model, frame, labels, double=False, **options):
    """Return a model of a matrix, exported with one input."""
    matrix = frame.to_numpy(float if double else np.float32)
    model.fit(matrix, labels)
    kind = DoubleTensorType if double else FloatTensorType
    made = {id(model): options} if options else None
    return convert_sklearn(
        model,
        initial_types=[("X", kind([None, matrix.shape[1]]))],
        options=made,
        target_opset=OPERATOR_SETS,
    )


def of_booster(convert, model, frame, labels, **options):
    """Return a booster of a matrix, exported by onnxmltools."""
    model.fit(frame.to_numpy(np.float32), labels, **options)
    types = [("input", data_types.FloatTensorType([None, frame.shape[1]]))]
    return convert(model, initial_types=types)


def of_catboost(frame, labels, file):
    """Return a model of CatBoost, exported by itself."""
    model = catboost.CatBoostClassifier(
        iterations=8, depth=3, verbose=False, allow_writing_files=False, thread_count=1
    )
    model.fit(frame.to_numpy(np.float32), labels)
    model.save_model(str(file), format="onnx")
    return onnx.load(str(file))


def prepared(numbers=None, **options):
    """Return preprocessing of numbers with gaps and of texts."""
    numbers = numbers or make_pipeline(SimpleImputer(), StandardScaler())
    return make_column_transformer(
        (numbers, list(GAPS)),
        (OneHotEncoder(handle_unknown="ignore"), list(TEXTS)),
        **options,
    )


def exported(name, frame, labels, seed, file):
    """Return a model of a kind, trained and exported.

    Parameters
    ----------
    name : str
        In ``tests.legitimate.onnx.KINDS``.
    frame : pandas.DataFrame
        What `frame_of` that kind returns.
    labels : ndarray of int, shape (n_rows,)
    seed : int
    file : pathlib.Path
        Which a library may write.
    """
    forest = RandomForestClassifier(4, max_depth=5, random_state=seed)
    boosting = GradientBoostingClassifier(n_estimators=6, random_state=seed)
    logistic = LogisticRegression(max_iter=500)
    texts = np.where(labels, "left", "kept")
    if name == "logistic":
        return of_frame(make_pipeline(prepared(), logistic), frame, labels)
    if name == "forest":
        pipeline = make_pipeline(prepared(remainder="passthrough"), forest)
        return of_frame(pipeline, frame, texts)
    if name == "ordinal":
        encoder = make_column_transformer(
            (OrdinalEncoder(), ["contract"]),
            (
                OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
                ["channel"],
            ),
            remainder="passthrough",
        )
        pipeline = make_pipeline(encoder, boosting)
        return of_frame(pipeline, frame, labels, zipmap="columns")
    if name == "strict":
        encoder = make_column_transformer(
            (OneHotEncoder(drop="first"), ["contract"]),
            (OneHotEncoder(), ["complaint_count"]),
            (Normalizer(), list(WHOLE)),
        )
        return of_frame(make_pipeline(encoder, logistic), frame, labels)
    if name == "counts":
        encoder = make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["complaint_count"]),
            (make_pipeline(RobustScaler(), Binarizer(threshold=0.5)), ["usage"]),
            remainder="passthrough",
        )
        return of_frame(make_pipeline(encoder, logistic), frame, labels, **NO_MAPS)
    if name == "double":
        pipeline = make_pipeline(StandardScaler(), logistic)
        return of_matrix(pipeline, frame, labels, double=True, **NO_MAPS)
    if name == "network":
        network = MLPClassifier((6, 4), max_iter=60, random_state=seed)
        return of_matrix(make_pipeline(StandardScaler(), network), frame, labels)
    if name == "logistic-network":
        network = MLPClassifier((5,), "logistic", max_iter=60, random_state=seed)
        return of_matrix(make_pipeline(MinMaxScaler(clip=True), network), frame, texts)
    if name == "descent":
        descent = SGDClassifier(loss="log_loss", random_state=seed)
        return of_matrix(make_pipeline(StandardScaler(), descent), frame, labels)
    if name == "stack":
        members = [("linear", logistic), ("forest", forest)]
        return of_matrix(StackingClassifier(members), frame, labels)
    if name == "calibrated":
        return of_matrix(CalibratedClassifierCV(forest, cv=2), frame, labels)
    if name == "calibrated-linear":
        return of_matrix(CalibratedClassifierCV(logistic, cv=2), frame, labels)
    if name == "bagging":
        bagging = BaggingClassifier(logistic, n_estimators=3, random_state=seed)
        return of_matrix(bagging, frame, labels)
    if name == "axes":
        axes = make_pipeline(StandardScaler(), PCA(2, random_state=seed), logistic)
        return of_matrix(axes, frame, labels)
    if name == "extra-trees":
        trees = ExtraTreesClassifier(4, max_depth=5, random_state=seed)
        return of_matrix(make_pipeline(StandardScaler(), trees), frame, labels)
    if name == "xgboost":
        model = xgboost.XGBClassifier(n_estimators=8, max_depth=3, random_state=seed)
        return of_booster(onnxmltools.convert_xgboost, model, frame, labels)
    if name == "lightgbm":
        model = lightgbm.LGBMClassifier(
            n_estimators=8, num_leaves=7, verbose=-1, n_jobs=1, random_state=seed
        )
        return of_booster(onnxmltools.convert_lightgbm, model, frame, labels)
    if name == "lightgbm-categories":
        model = lightgbm.LGBMClassifier(
            n_estimators=8,
            num_leaves=7,
            verbose=-1,
            n_jobs=1,
            random_state=seed,
            min_data_per_group=1,
            cat_smooth=1,
            min_child_samples=5,
        )
        place = list(frame).index("complaint_count")
        return of_booster(
            *(onnxmltools.convert_lightgbm, model, frame, labels),
            categorical_feature=[place],
        )
    if name == "catboost":
        return of_catboost(frame, texts, file)
    if name == "xgboost-pipeline":
        model = xgboost.XGBClassifier(n_estimators=8, max_depth=3, random_state=seed)
        return of_frame(make_pipeline(prepared(), model), frame, labels)
    if name == "lightgbm-pipeline":
        model = lightgbm.LGBMClassifier(
            n_estimators=8, num_leaves=7, verbose=-1, n_jobs=1, random_state=seed
        )
        pipeline = make_pipeline(prepared(), model)
        return of_frame(pipeline, frame, labels, zipmap="columns")
    raise ValueError(name)
