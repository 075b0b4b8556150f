"""How notebooks choose columns, and of which types they are."""

import numpy as np
from sklearn.compose import (
    ColumnTransformer,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectPercentile
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from .customers import (
    EVERYTHING,
    FEATURES,
    KINDS,
    NUMBERS,
    TEXTS,
    WHOLE_NUMBERS,
    as_categories,
    as_nullable,
    as_queried,
    as_smaller,
    as_values,
    customers,
)
from .notebook import (
    Notebook,
    booleans,
    joblibbed,
    joblibbed_as_gzip,
    joblibbed_small,
    ones,
    rows_without_gaps,
)
from .parts import classified, imputed_and_encoded, imputed_and_scaled, of, prepared

LOGISTIC = LogisticRegression(max_iter=300)
FOREST = RandomForestClassifier(12, max_depth=7, random_state=42)


def hist(**options):
    """Return histogram gradient boosting of a few small trees."""
    return HistGradientBoostingClassifier(
        max_iter=15, max_leaf_nodes=8, random_state=42, **options
    )


def by_their_types():
    """Return a pipeline whose columns ``select_dtypes`` has found."""
    frame, _ = customers()
    numbers = frame[list(FEATURES)].select_dtypes(include=["int64", "float64"]).columns
    texts = frame[list(FEATURES)].select_dtypes(include=["str"]).columns
    return classified(LOGISTIC, prepared(numbers, texts))


def by_what_is_left():
    """Return a pipeline whose columns are those of a frame less some of them."""
    frame, _ = customers()
    texts = frame[list(FEATURES)].columns.difference([*NUMBERS, "paperless"])
    numbers = frame.columns.drop([*texts, "customer", "joined", "paperless"])
    return classified(FOREST, prepared(numbers, texts))


def by_a_series():
    """Return a pipeline whose columns a comparison of types has marked."""
    frame, _ = customers()
    are_texts = frame[list(FEATURES)].dtypes == "str"
    return classified(
        FOREST,
        ColumnTransformer(
            [
                ("cat", imputed_and_encoded(), are_texts),
                ("num", SimpleImputer(), ~are_texts),
            ]
        ),
    )


def by_mask():
    """Return a pipeline whose columns are marked by an array."""
    frame, _ = customers()
    are_texts = np.array([KINDS[name] == "text" for name in frame[list(FEATURES)]])
    return classified(
        FOREST,
        ColumnTransformer(
            [
                ("cat", imputed_and_encoded(), are_texts),
                ("num", SimpleImputer(), ~are_texts),
            ]
        ),
    )


NOTEBOOKS = {
    "columns found by select_dtypes": Notebook(
        "Lilisantika/streamlit_38 train_model.py", by_their_types, save=joblibbed
    ),
    "the key and a date left in, and dropped by the pipeline": Notebook(
        "Pujithasri3112/Titanic_survival src/preprocess.py", of(FOREST), EVERYTHING
    ),
    "selectors of texts and numbers": Notebook(
        "martinlebosspopo/titanic blueprints/pipeline.py",
        lambda: classified(
            LOGISTIC,
            make_column_transformer(
                (
                    imputed_and_scaled(),
                    make_column_selector(dtype_include=["int64", "float64"]),
                ),
                (
                    imputed_and_encoded(),
                    make_column_selector(dtype_include=[object, "str"]),
                ),
                (
                    OneHotEncoder(drop="if_binary"),
                    make_column_selector(dtype_include=bool),
                ),
            ),
        ),
        save=joblibbed_small,
    ),
    "selectors of the type category": Notebook(
        "labex-labs/open-source-labs sklearn/sklearn-official-examples/"
        "lab-plot-column-transformer-mixed-types/pt/step9.md",
        lambda: classified(
            LOGISTIC,
            ColumnTransformer(
                [
                    (
                        "num",
                        imputed_and_scaled(),
                        make_column_selector(dtype_exclude="category"),
                    ),
                    (
                        "cat",
                        OneHotEncoder(handle_unknown="ignore"),
                        make_column_selector(dtype_include="category"),
                    ),
                ]
            ),
        ),
        held=as_categories,
    ),
    "a category's most frequent value": Notebook(
        "measic/gptidy-development Evaluation/all_cells/2802.py",
        of(FOREST),
        held=as_categories,
        labels=booleans,
    ),
    "categories that histogram boosting knows by their type": Notebook(
        "scikit-learn/scikit-learn examples/release_highlights/"
        "plot_release_highlights_1_4_0.py",
        lambda: hist(categorical_features="from_dtype"),
        held=as_categories,
        labels=ones,
    ),
    "categories encoded before histogram boosting, by a mask": Notebook(
        "Novachrono117/telecom-churn-ml-system src/churn/modeling/representation.py",
        of(
            hist(categorical_features=[False] * len(NUMBERS) + [True] * len(TEXTS)),
            prepared(
                for_numbers=StandardScaler(),
                for_texts=OrdinalEncoder(
                    handle_unknown="use_encoded_value", unknown_value=np.nan
                ),
            ),
        ),
    ),
    "categories of histogram boosting named after encoding": Notebook(
        "labex-labs/open-source-labs sklearn/sklearn-official-examples/"
        "lab-plot-gradient-boosting-categorical/de/step4.md",
        lambda: make_pipeline(
            make_column_transformer(
                (
                    OrdinalEncoder(
                        handle_unknown="use_encoded_value", unknown_value=np.nan
                    ),
                    make_column_selector(dtype_include="category"),
                ),
                remainder="passthrough",
                verbose_feature_names_out=False,
            ).set_output(transform="pandas"),
            hist(categorical_features=["contract", "city"]),
        ),
        held=as_categories,
    ),
    "pandas' own nullable types": Notebook(
        "sola-st/Treefix so_snippets_full_with_gpt4omini/snippet_139.py",
        of(LOGISTIC),
        held=as_nullable,
    ),
    "nullable types all passed to an imputer and a forest": Notebook(
        "sola-st/Treefix so_snippets_full_with_gpt4omini/snippet_139.py",
        lambda: classified(
            FOREST,
            ColumnTransformer(
                [("cat", imputed_and_encoded(), ["contract", "internet"])],
                remainder=SimpleImputer(strategy="most_frequent"),
            ),
        ),
        columns=("contract", "internet", "paperless", "tenure", "calls", "total"),
        held=as_nullable,
    ),
    "whole numbers made smaller": Notebook(
        "measic/gptidy-development Evaluation/all_cells/2802.py",
        of(LOGISTIC),
        held=as_smaller,
    ),
    "frames handed on between the steps": Notebook(
        "labex-labs/open-source-labs sklearn/sklearn-official-examples/"
        "lab-plot-set-output/ru/step6.md",
        lambda: make_pipeline(
            prepared(
                for_texts=OneHotEncoder(
                    sparse_output=False, drop="if_binary", handle_unknown="ignore"
                ),
                verbose_feature_names_out=False,
            ),
            SelectPercentile(percentile=50),
            LOGISTIC,
        ).set_output(transform="pandas"),
    ),
    "columns marked by an array": Notebook(
        "Novachrono117/telecom-churn-ml-system src/churn/modeling/representation.py",
        by_mask,
    ),
    "columns marked by a comparison of types": Notebook(
        "Novachrono117/telecom-churn-ml-system src/churn/modeling/representation.py",
        by_a_series,
        save=joblibbed,
    ),
    "columns that a frame has left": Notebook(
        "Symeonw/Telco_churn model.py", by_what_is_left
    ),
    "columns by position and by slice": Notebook(
        "yalcinakin/NNtemplate categorical_data.py",
        lambda: Pipeline(
            [
                (
                    "impute",
                    ColumnTransformer(
                        [
                            ("calls", SimpleImputer(), [3]),
                            (
                                "internet",
                                SimpleImputer(strategy="most_frequent"),
                                [1],
                            ),
                        ],
                        remainder="passthrough",
                    ),
                ),
                (
                    "encode",
                    ColumnTransformer(
                        [
                            (
                                "onehot",
                                OneHotEncoder(
                                    sparse_output=False, handle_unknown="ignore"
                                ),
                                [1, 2],
                            )
                        ],
                        remainder="passthrough",
                    ),
                ),
                (
                    "scale",
                    ColumnTransformer([("scale", StandardScaler(), slice(0, 10))]),
                ),
                ("model", LOGISTIC),
            ]
        ),
        columns=("contract", "internet", "monthly", "calls", "tenure"),
    ),
    "a matrix of texts and numbers, by position": Notebook(
        "florvela/Artificial-Neural-Networks ANN/sample_ann.py",
        lambda: make_pipeline(
            ColumnTransformer(
                [
                    ("encoder", OneHotEncoder(handle_unknown="ignore"), [0, 1]),
                    ("imputer", SimpleImputer(), [3]),
                ],
                remainder="passthrough",
                sparse_threshold=0,
            ),
            StandardScaler(),
            LOGISTIC,
        ),
        columns=("contract", "payment", "tenure", "total", "monthly"),
        held=as_values,
        labels=ones,
    ),
    "a matrix of numbers alone": Notebook(
        "platzi/laboratorio-machine-learning src/models/tpot_exported_pipeline.py",
        lambda: ExtraTreesClassifier(
            15,
            bootstrap=True,
            min_samples_leaf=6,
            min_samples_split=16,
            random_state=42,
        ),
        columns=NUMBERS,
        held=as_values,
        rows=rows_without_gaps,
    ),
    "whole numbers alone, as they are": Notebook(
        "phanh1106/bankchurn.github.io bank_churn.py",
        KNeighborsClassifier,
        columns=WHOLE_NUMBERS,
        labels=ones,
    ),
    "one feature of a query's, without a pipeline": Notebook(
        "samuelmaia-data-analyst/churn-prediction src/modeling/trainer.py",
        lambda: RandomForestClassifier(12, max_depth=10, random_state=42),
        columns=(*NUMBERS, "paperless"),
        held=as_queried,
        save=joblibbed_as_gzip,
    ),
}
