"""Trees, forests and boosted trees."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from .customers import (
    BOOLEANS,
    NUMBERS,
    TEXTS,
    customers,
    forest,
    hist,
    on_columns,
    on_frame,
    on_gaps,
    on_numbers,
    seeded,
)


def with_categories():
    """Return histogram gradient boosting with an encoder of its own."""
    frame, labels = customers()
    frame = frame.assign(**{name: frame[name].astype("category") for name in TEXTS})
    return HistGradientBoostingClassifier(
        max_iter=6, categorical_features="from_dtype"
    ).fit(frame, labels)


def passing_on(**options):
    """Return a pipeline whose column transformer passes columns on."""
    frame, labels = customers()
    return make_pipeline(
        ColumnTransformer(
            [("texts", OneHotEncoder(handle_unknown="ignore"), TEXTS)],
            remainder="passthrough",
            **options,
        ),
        HistGradientBoostingClassifier(max_iter=5),
    ).fit(frame, labels)


def with_categories_by_name():
    """Return histogram gradient boosting told which of its columns are categories."""
    frame, labels = customers()
    return hist(categorical_features=["complaint_count", "paperless"]).fit(
        frame[NUMBERS + BOOLEANS], labels
    )


def with_ordinal_categories():
    """Return histogram gradient boosting whose categories an encoder numbers."""
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=50
    )
    features = ColumnTransformer(
        [("texts", encoder, TEXTS)], remainder="passthrough", sparse_threshold=0
    )
    return on_columns(
        make_pipeline(features, hist(categorical_features=[0, 1])), TEXTS + NUMBERS
    )


PIPELINES = {
    "decision tree": lambda: on_numbers(DecisionTreeClassifier(max_depth=6)),
    "decision tree with gaps": lambda: on_gaps(
        DecisionTreeClassifier(max_depth=6, random_state=0, ccp_alpha=0.001)
    ),
    "extra tree": lambda: on_numbers(ExtraTreeClassifier(max_depth=6, random_state=0)),
    "random forest": lambda: on_numbers(forest()),
    "random forest of many jobs": lambda: on_numbers(forest(n_jobs=2, oob_score=True)),
    "random forest of a generator": lambda: on_numbers(seeded(forest())),
    "balanced forest of a frame": lambda: on_frame(
        forest(class_weight={False: 1.0, True: 3.0})
    ),
    "extra trees of a frame": lambda: on_frame(
        ExtraTreesClassifier(6, max_depth=5, bootstrap=True, random_state=0),
        texts=make_pipeline(
            SimpleImputer(strategy="most_frequent"),
            OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5),
        ),
    ),
    "gradient boosting": lambda: on_numbers(
        GradientBoostingClassifier(n_estimators=8, random_state=0)
    ),
    "gradient boosting, exponential": lambda: on_numbers(
        GradientBoostingClassifier(
            n_estimators=8, loss="exponential", init="zero", subsample=0.7
        )
    ),
    "gradient boosting of a generator": lambda: on_numbers(
        seeded(GradientBoostingClassifier(n_estimators=4))
    ),
    "gradient boosting of a frame": lambda: on_frame(
        GradientBoostingClassifier(n_estimators=8, n_iter_no_change=3),
        texts=OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            encoded_missing_value=-2,
        ),
    ),
    "hist gradient boosting": lambda: on_numbers(hist()),
    "hist gradient boosting with gaps": lambda: on_gaps(
        hist(early_stopping=True, random_state=0, max_bins=16)
    ),
    "hist gradient boosting of a generator": lambda: on_gaps(
        seeded(hist(early_stopping=True))
    ),
    "hist gradient boosting, monotonic": lambda: on_numbers(
        hist(monotonic_cst=[1, 0, -1, 0], interaction_cst="pairwise")
    ),
    "hist gradient boosting with categories": with_categories,
    "hist gradient boosting with category numbers": lambda: on_numbers(
        hist(categorical_features=[3])
    ),
    "hist gradient boosting of what passes": passing_on,
    "what passes, names kept short": lambda: passing_on(
        verbose_feature_names_out=False, sparse_threshold=0
    ),
    "decision tree of few leaves": lambda: on_frame(
        DecisionTreeClassifier(
            max_leaf_nodes=9, criterion="log_loss", class_weight="balanced"
        )
    ),
    "decision tree, monotonic": lambda: on_numbers(
        DecisionTreeClassifier(max_depth=4, monotonic_cst=[-1, 0, 0, 1])
    ),
    "forest, monotonic": lambda: on_numbers(
        forest(monotonic_cst=[-1, 0, 0, 1], criterion="entropy")
    ),
    "forest of samples with gaps": lambda: on_gaps(
        forest(max_samples=0.6, class_weight="balanced_subsample", max_features=None)
    ),
    "forest of infrequent texts": lambda: on_frame(
        forest(), texts=OneHotEncoder(handle_unknown="ignore", max_categories=3)
    ),
    "extra trees, every row": lambda: on_numbers(
        ExtraTreesClassifier(6, max_depth=5, max_features=1, random_state=0)
    ),
    "gradient boosting of random columns": lambda: on_frame(
        GradientBoostingClassifier(
            n_estimators=6, max_features="sqrt", max_depth=2, subsample=0.8, init="zero"
        )
    ),
    "hist gradient boosting, weighted classes": lambda: on_gaps(
        hist(class_weight="balanced", l2_regularization=1.0, max_features=0.5)
    ),
    "hist gradient boosting of a frame": lambda: on_frame(
        hist(interaction_cst="no_interactions"),
        texts=make_pipeline(
            SimpleImputer(strategy="constant", fill_value="none"),
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        ),
        sparse_threshold=0,
    ),
    "hist gradient boosting, categories by name": with_categories_by_name,
    "hist gradient boosting of ordinal categories": with_ordinal_categories,
}
