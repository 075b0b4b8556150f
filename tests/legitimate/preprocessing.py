"""What stands before a classifier, in the combinations that people write."""

import numpy as np
from pgchurn.plpython.runtime.form_functions import FUNCTIONS
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from .customers import (
    BOOLEANS,
    NUMBERS,
    TEXTS,
    customers,
    forest,
    hist,
    imputed,
    matrix,
    on_columns,
    on_complete,
    on_frame,
    on_gaps,
)


def most_frequent():
    """Return an imputer that texts can be given to."""
    return SimpleImputer(strategy="most_frequent")


COUNTS = ["complaint_count", "paperless"]


def with_selectors():
    """Return a pipeline that chooses its columns by their types, and drops the rest."""
    frame, labels = customers()
    return make_pipeline(
        ColumnTransformer(
            [
                (
                    "numbers",
                    make_pipeline(SimpleImputer(add_indicator=True), RobustScaler()),
                    make_column_selector(dtype_include="number"),
                ),
                (
                    "texts",
                    OrdinalEncoder(
                        handle_unknown="use_encoded_value", unknown_value=-1
                    ),
                    make_column_selector(dtype_exclude="number"),
                ),
            ]
        ),
        RandomForestClassifier(8, max_depth=4, random_state=0),
    ).fit(frame, labels)


def with_selectors_of_types():
    """Return a pipeline that chooses its columns by types of Python and of numpy."""
    frame, labels = customers()
    counts = frame["complaint_count"].fillna(0).astype(int)
    frame = frame.assign(complaint_count=counts, paperless=frame["paperless"] == 1)
    texts = OneHotEncoder(handle_unknown="ignore", dtype=np.uint8)
    return make_pipeline(
        ColumnTransformer(
            [
                (
                    "numbers",
                    imputed(StandardScaler()),
                    make_column_selector(dtype_include=np.number),
                ),
                ("wholes", "passthrough", make_column_selector(dtype_include=int)),
                (
                    "flags",
                    OneHotEncoder(drop="if_binary"),
                    make_column_selector(dtype_include=[bool, np.bool_]),
                ),
                ("texts", texts, make_column_selector(dtype_include=object)),
                (
                    "all the same",
                    texts,
                    make_column_selector(
                        dtype_include=np.object_,
                        dtype_exclude=[np.floating, np.integer, float, str],
                    ),
                ),
            ]
        ),
        LogisticRegression(),
    ).fit(frame, labels)


def with_encoders_of_types():
    """Return a pipeline whose encoders put out every type that they can."""
    signed = [np.int8, np.int16, np.int32, np.int64, np.float32, np.float64, float]
    unsigned = [np.uint8, np.uint16, np.uint32, np.uint64, np.bool_, bool, int]
    return on_frame(
        LogisticRegression(),
        texts=FeatureUnion(
            [
                *(
                    (kind.__name__, OneHotEncoder(handle_unknown="ignore", dtype=kind))
                    for kind in unsigned[:-2]
                ),
                ("Python's", OneHotEncoder(handle_unknown="ignore", dtype=bool)),
                *(
                    (
                        kind.__name__,
                        OrdinalEncoder(
                            handle_unknown="use_encoded_value",
                            unknown_value=-1,
                            encoded_missing_value=-2,
                            dtype=kind,
                        ),
                    )
                    for kind in signed
                ),
            ]
        ),
        sparse_threshold=0,
    )


def of_functions():
    """Return a pipeline that applies every function of numpy's that may be applied."""
    # What a function is no number of is scaled before.
    narrow = {"arctanh": [MinMaxScaler((0.1, 0.9))]}
    return on_columns(
        make_pipeline(
            ColumnTransformer(
                [
                    (
                        name,
                        imputed(
                            StandardScaler(),
                            *narrow.get(name, []),
                            FunctionTransformer(function),
                        ),
                        ["age"],
                    )
                    for name, function in FUNCTIONS.items()
                ]
            ),
            LogisticRegression(),
        ),
        ["age", "charges"],
    )


def with_booleans():
    """Return a pipeline that encodes a column of booleans, and drops one of the two."""
    frame, labels = customers()
    frame = frame.assign(paperless=frame["paperless"] == 1)
    return make_pipeline(
        ColumnTransformer(
            [
                ("booleans", OneHotEncoder(drop="if_binary"), BOOLEANS),
                ("numbers", imputed(StandardScaler()), NUMBERS),
            ]
        ),
        LogisticRegression(),
    ).fit(frame, labels)


def within_one_another():
    """Return column transformers and pipelines within each other."""
    numbers = ColumnTransformer(
        [
            ("skewed", imputed(RobustScaler()), ["charges"]),
            ("others", imputed(MinMaxScaler()), slice(0, 1)),
        ],
        remainder=SimpleImputer(strategy="median"),
    )
    return on_frame(
        LogisticRegression(), numbers=make_pipeline(numbers, MaxAbsScaler())
    )


def of_frames_throughout():
    """Return a pipeline whose steps hand data frames on."""
    frame, labels = customers()
    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return (
        make_pipeline(
            ColumnTransformer(
                [
                    ("numbers", imputed(StandardScaler()), NUMBERS),
                    ("texts", texts, TEXTS),
                ],
                verbose_feature_names_out=False,
            ),
            forest(),
        )
        .set_output(transform="pandas")
        .fit(frame, labels)
    )


def by_position():
    """Return a pipeline that names its columns by number, mask and pattern."""
    return on_columns(
        make_pipeline(
            ColumnTransformer(
                [
                    ("one", SimpleImputer(), [0, -1]),
                    ("some", imputed(StandardScaler()), [False, True] + 3 * [False]),
                    ("like", "passthrough", make_column_selector("^usage$")),
                ]
            ),
            hist(),
        ),
        ["age", "charges", "usage", "paperless", "complaint_count"],
    )


def with_an_empty_column():
    """Return a pipeline fitted on a column that was always missing."""
    rows, labels = matrix()
    rows = rows.copy()
    rows[:, 1] = np.nan
    return make_pipeline(
        SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression()
    ).fit(rows, labels)


def of_some_categories():
    """Return a pipeline that is told its categories."""
    told = [["month", "two year"], ["web", "tel", "shop"]]
    return on_frame(
        LogisticRegression(),
        texts=OneHotEncoder(categories=told, handle_unknown="ignore", drop=None),
    )


def turned():
    """Return a forest after weights below zero, which no tree compares by raw value."""
    return on_frame(forest(), transformer_weights={"numbers": -1.0})


PIPELINES = {
    "indicators beside numbers": lambda: on_gaps(
        make_pipeline(
            make_union(SimpleImputer(strategy="constant"), MissingIndicator()),
            MaxAbsScaler(),
            LogisticRegression(),
        )
    ),
    "scaled by quartiles": lambda: on_gaps(
        imputed(LogisticRegression(C=0.5, class_weight="balanced"), RobustScaler())
    ),
    "columns by their types": with_selectors,
    "columns by types of Python and numpy": with_selectors_of_types,
    "encoders of every type": with_encoders_of_types,
    "gaps filled in rounds": lambda: on_gaps(
        make_pipeline(IterativeImputer(), StandardScaler(), LogisticRegression())
    ),
    "gaps filled in rounds within limits": lambda: on_gaps(
        make_pipeline(
            IterativeImputer(
                Ridge(),
                n_nearest_features=2,
                max_iter=3,
                min_value=0,
                max_value=100,
                imputation_order="random",
                add_indicator=True,
                random_state=0,
            ),
            forest(),
        )
    ),
    "gaps of a frame filled in rounds": lambda: on_frame(
        LogisticRegression(),
        numbers=make_pipeline(
            StandardScaler(), IterativeImputer(LinearRegression(), max_iter=2)
        ),
    ),
    "functions of numpy's": of_functions,
    "functions below trees": lambda: on_columns(
        make_pipeline(
            FunctionTransformer(
                np.log1p,
                inverse_func=np.expm1,
                check_inverse=False,
                feature_names_out="one-to-one",
            ),
            FunctionTransformer(np.cos),
            forest(),
        ),
        ["age", "charges", "complaint_count"],
    ),
    "functions of codes": lambda: on_frame(
        hist(),
        texts=make_pipeline(
            OrdinalEncoder(
                handle_unknown="use_encoded_value",
                unknown_value=9,
                encoded_missing_value=8,
            ),
            FunctionTransformer(np.sqrt),
        ),
    ),
    "columns dropped": lambda: on_frame(LogisticRegression(), texts="drop"),
    "columns weighed": lambda: on_frame(
        LogisticRegression(solver="saga", l1_ratio=0.5, max_iter=50),
        transformer_weights={"numbers": 0.5},
        sparse_threshold=1.0,
    ),
    "pipeline of pandas frames": lambda: on_frame(
        LogisticRegression(),
        texts=OneHotEncoder(
            handle_unknown="ignore", drop="if_binary", sparse_output=False
        ),
    ),
    "encoders of other types": lambda: on_frame(
        LogisticRegression(),
        texts=make_union(
            OneHotEncoder(handle_unknown="ignore", dtype=np.float32),
            OrdinalEncoder(
                dtype=np.int64,
                handle_unknown="use_encoded_value",
                unknown_value=-1,
                encoded_missing_value=-2,
            ),
        ),
    ),
    "one-hot numbers": lambda: on_gaps(
        make_pipeline(
            OneHotEncoder(handle_unknown="ignore", max_categories=6, drop="first"),
            LogisticRegression(),
        )
    ),
    "texts of numpy's": lambda: make_pipeline(
        OneHotEncoder(handle_unknown="ignore"), LogisticRegression()
    ).fit(
        customers()[0][["contract"]].fillna("month").map(np.str_).astype(object),
        matrix()[1],
    ),
    "booleans as categories": with_booleans,
    "transformers within one another": within_one_another,
    "frames from step to step": of_frames_throughout,
    "columns by position": by_position,
    "a column that was always missing": with_an_empty_column,
    "categories that were told": of_some_categories,
    "unknown texts refused": lambda: on_frame(
        LogisticRegression(),
        texts=make_pipeline(most_frequent(), OneHotEncoder(drop="first")),
    ),
    "unknown texts refused by numbers": lambda: on_frame(
        forest(),
        texts=make_pipeline(
            SimpleImputer(strategy="constant", fill_value="none"), OrdinalEncoder()
        ),
    ),
    "unknown numbers refused": lambda: on_columns(
        make_pipeline(OneHotEncoder(), LogisticRegression()), COUNTS
    ),
    "unknown numbers refused below trees": lambda: on_columns(
        make_pipeline(most_frequent(), OrdinalEncoder(), forest()), COUNTS
    ),
    "numbers and texts as categories": lambda: on_complete(
        make_pipeline(
            OneHotEncoder(handle_unknown="ignore", min_frequency=0.1),
            LogisticRegression(),
        ),
        [*TEXTS, "complaint_count"],
    ),
    "infrequent texts": lambda: on_frame(
        LogisticRegression(),
        texts=OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=2),
    ),
    "infrequent texts, with a warning": lambda: on_frame(
        hist(),
        texts=OneHotEncoder(handle_unknown="warn", min_frequency=40, drop="first"),
        sparse_threshold=0,
    ),
    "infrequent texts by numbers": lambda: on_frame(
        forest(),
        texts=OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, max_categories=2
        ),
    ),
    "texts with indicators": lambda: on_frame(
        LogisticRegression(),
        texts=make_pipeline(
            SimpleImputer(strategy="most_frequent", add_indicator=True),
            OneHotEncoder(handle_unknown="ignore"),
        ),
    ),
    "texts with indicators below trees": lambda: on_frame(
        forest(),
        numbers=SimpleImputer(strategy="median", add_indicator=True),
        texts=make_pipeline(
            SimpleImputer(strategy="constant", fill_value="none", add_indicator=True),
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        ),
    ),
    "gaps filled and told apart": lambda: on_frame(
        LogisticRegression(),
        texts=make_union(
            make_pipeline(most_frequent(), OneHotEncoder(handle_unknown="ignore")),
            MissingIndicator(features="all"),
        ),
    ),
    "indicators before scaling": lambda: on_gaps(
        make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True),
            StandardScaler(),
            LogisticRegression(),
        )
    ),
    "numbers filled with the most frequent": lambda: on_gaps(
        make_pipeline(most_frequent(), StandardScaler(with_mean=False), forest())
    ),
    "numbers cut to a range": lambda: on_gaps(
        imputed(LogisticRegression(), MinMaxScaler((-1, 1), clip=True))
    ),
    "numbers scaled by other quartiles": lambda: on_gaps(
        imputed(
            forest(),
            RobustScaler(
                with_centering=False, quantile_range=(10.0, 90.0), unit_variance=True
            ),
        )
    ),
    "numbers scaled twice": lambda: on_gaps(
        imputed(hist(), StandardScaler(with_std=False), MaxAbsScaler())
    ),
    "scales before filling": lambda: on_gaps(
        make_pipeline(StandardScaler(), SimpleImputer(), LogisticRegression())
    ),
    "steps that do nothing": lambda: on_gaps(
        Pipeline(
            [
                ("fill", SimpleImputer(strategy="constant", fill_value=-1.0)),
                ("nothing", "passthrough"),
                ("function", FunctionTransformer()),
                ("trees", forest()),
            ]
        )
    ),
    "scales side by side, weighed": lambda: on_gaps(
        make_pipeline(
            SimpleImputer(),
            FeatureUnion(
                [
                    ("one", MinMaxScaler()),
                    ("same", "passthrough"),
                    ("none", "drop"),
                    ("two", RobustScaler()),
                ],
                transformer_weights={"one": 3.0},
            ),
            LogisticRegression(max_iter=500),
        )
    ),
    "what remains is filled": lambda: on_columns(
        make_pipeline(
            ColumnTransformer(
                [("texts", OneHotEncoder(handle_unknown="ignore"), TEXTS)],
                remainder=SimpleImputer(),
            ),
            LogisticRegression(max_iter=300),
        ),
        [*TEXTS, *NUMBERS],
    ),
    "what remains is dropped": lambda: on_frame(
        LogisticRegression(), numbers=imputed(MinMaxScaler()), remainder="drop"
    ),
    "codes encoded again": lambda: on_frame(
        LogisticRegression(),
        texts=make_pipeline(
            OrdinalEncoder(
                handle_unknown="use_encoded_value",
                unknown_value=-1,
                encoded_missing_value=-2,
            ),
            OneHotEncoder(handle_unknown="ignore"),
        ),
    ),
    "a number that stands for missing": lambda: on_complete(
        make_pipeline(SimpleImputer(missing_values=0.0), LogisticRegression()), COUNTS
    ),
    "a forest of turned scales": turned,
}
