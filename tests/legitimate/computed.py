"""Pipelines whose preprocessing is more than a line or a table of each column."""

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    VotingClassifier,
)
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from .customers import (
    NUMBERS,
    TEXTS,
    customers,
    forest,
    hist,
    imputed,
    on_columns,
    on_complete,
    on_frame,
    on_gaps,
)


def line():
    """Return an unfitted logistic regression."""
    return LogisticRegression(max_iter=500)


def filled(*steps):
    """Return unfitted transformers of numbers that are filled first."""
    return make_pipeline(SimpleImputer(strategy="median"), *steps)


def positive(*steps, method="box-cox"):
    """Return a pipeline of logarithms of numbers that are above zero."""
    frame, labels = customers()
    frame = frame[["age", "charges"]].fillna({"age": 50.0, "charges": 60.0})
    return make_pipeline(PowerTransformer(method), *steps).fit(frame, labels)


def with_splines(classifier=None, scaled=False, **options):
    """Return a pipeline of splines of numbers with gaps that are filled."""
    classifier = line() if classifier is None else classifier
    splines = SplineTransformer(**options)
    steps = [StandardScaler()] if scaled else []
    return on_gaps(make_pipeline(SimpleImputer(), *steps, splines, classifier))


def with_quantiles(classifier, **options):
    """Return a pipeline of quantiles of a frame's numbers with gaps."""
    quantiles = QuantileTransformer(random_state=0, **options)
    return on_frame(classifier, numbers=make_pipeline(quantiles, SimpleImputer()))


def repeated_quantiles():
    """Return a pipeline of quantiles of columns in which a few numbers repeat."""
    names = ["complaint_count", "paperless", "age"]
    steps = SimpleImputer(), QuantileTransformer(n_quantiles=40, random_state=0)
    return on_columns(make_pipeline(*steps, line()), names)


def with_bins(classifier, **options):
    """Return a pipeline of bins of numbers that seldom repeat."""
    options = {"quantile_method": "averaged_inverted_cdf", **options}
    steps = imputed(classifier, KBinsDiscretizer(**options))
    return on_columns(steps, ["age", "charges", "usage"])


def votes_of_bins():
    """Return a vote above what was computed, of pipelines that compute further."""
    votes = VotingClassifier(
        [
            (
                "products",
                make_pipeline(PolynomialFeatures(2), StandardScaler(), line()),
            ),
            ("axes", make_pipeline(PCA(2), forest())),
        ],
        voting="soft",
    )
    return on_gaps(imputed(votes, QuantileTransformer(n_quantiles=20)))


def in_single_precision():
    """Return a pipeline fitted on a matrix in single precision."""
    frame, labels = customers()
    return make_pipeline(
        SimpleImputer(), PowerTransformer(), PCA(2), LogisticRegression()
    ).fit(frame[NUMBERS].to_numpy(np.float32).astype(float), labels)


PIPELINES = {
    "powers": lambda: on_frame(line(), numbers=filled(PowerTransformer())),
    "powers below trees": lambda: on_frame(
        forest(), numbers=filled(PowerTransformer())
    ),
    "powers of gaps": lambda: on_gaps(
        make_pipeline(PowerTransformer(standardize=False), hist())
    ),
    "powers, filled afterwards": lambda: on_gaps(
        make_pipeline(PowerTransformer(), SimpleImputer(add_indicator=True), line())
    ),
    "powers of numbers above zero": lambda: positive(line()),
    "powers of numbers above zero, as they are": lambda: make_pipeline(
        PowerTransformer("box-cox", standardize=False), forest()
    ).fit(customers()[0][["age"]].fillna(40.0), customers()[1]),
    "powers of numbers above zero, with gaps": lambda: on_columns(
        make_pipeline(
            PowerTransformer("box-cox"),
            make_union(SimpleImputer(), MissingIndicator()),
            line(),
        ),
        ["age", "charges"],
    ),
    "bins": lambda: with_bins(line(), n_bins=4),
    "bins below trees": lambda: with_bins(forest(), n_bins=3),
    "bins of equal width": lambda: with_bins(line(), strategy="uniform"),
    "bins around centres": lambda: with_bins(
        GaussianNB(), strategy="kmeans", encode="onehot-dense", n_bins=3
    ),
    "numbers of bins": lambda: with_bins(line(), encode="ordinal"),
    "numbers of bins below trees": lambda: with_bins(
        GradientBoostingClassifier(n_estimators=5), encode="ordinal"
    ),
    "bins scaled": lambda: on_gaps(
        imputed(
            line(),
            KBinsDiscretizer(3, encode="ordinal", strategy="uniform"),
            MinMaxScaler(),
        )
    ),
    "quantiles": lambda: with_quantiles(line(), n_quantiles=50),
    "quantiles below trees": lambda: with_quantiles(forest(), n_quantiles=30),
    "normal quantiles": lambda: with_quantiles(
        line(), n_quantiles=100, output_distribution="normal"
    ),
    "normal quantiles below trees": lambda: with_quantiles(
        hist(), n_quantiles=25, output_distribution="normal"
    ),
    "normal quantiles of neighbours": lambda: on_gaps(
        imputed(
            KNeighborsClassifier(7),
            QuantileTransformer(n_quantiles=40, output_distribution="normal"),
        )
    ),
    "repeated quantiles": repeated_quantiles,
    "rows of length one": lambda: on_gaps(imputed(line(), Normalizer())),
    "rows of sum one": lambda: on_gaps(imputed(forest(), Normalizer("l1"))),
    "rows of greatest one": lambda: on_gaps(
        imputed(MLPClassifier((6,), random_state=0, max_iter=50), Normalizer("max"))
    ),
    "yes or no": lambda: on_gaps(imputed(line(), Binarizer(threshold=10.0))),
    "yes or no below trees": lambda: on_gaps(imputed(forest(), Binarizer())),
    "how often each text churned": lambda: on_frame(line(), texts=TargetEncoder()),
    "how often each text churned, below trees": lambda: on_frame(
        hist(), texts=TargetEncoder(smooth=2.0, cv=3)
    ),
    "how often each of filled texts churned": lambda: on_frame(
        line(),
        texts=make_pipeline(SimpleImputer(strategy="most_frequent"), TargetEncoder()),
    ),
    "how often each number churned": lambda: on_columns(
        make_pipeline(TargetEncoder(target_type="binary"), line()),
        ["complaint_count", "paperless"],
    ),
    "products": lambda: on_gaps(
        imputed(line(), StandardScaler(), PolynomialFeatures(2))
    ),
    "products below trees": lambda: on_gaps(imputed(forest(), PolynomialFeatures(2))),
    "products of different numbers": lambda: on_frame(
        line(),
        numbers=filled(
            StandardScaler(),
            PolynomialFeatures(interaction_only=True, include_bias=False),
        ),
    ),
    "products of three": lambda: on_gaps(
        imputed(line(), MinMaxScaler(), PolynomialFeatures((2, 3)), StandardScaler())
    ),
    "products of texts": lambda: on_columns(
        make_pipeline(
            OneHotEncoder(handle_unknown="ignore"),
            PolynomialFeatures(2, interaction_only=True),
            line(),
        ),
        TEXTS,
    ),
    "splines": with_splines,
    "splines below trees": lambda: with_splines(forest(), n_knots=4),
    "splines of lines": lambda: with_splines(
        degree=1, extrapolation="linear", include_bias=False
    ),
    "splines that end in lines": lambda: with_splines(
        scaled=True, extrapolation="linear", knots="quantile"
    ),
    "splines that go on": lambda: with_splines(
        scaled=True, extrapolation="continue", degree=2
    ),
    "splines that come again": lambda: with_splines(
        extrapolation="periodic", n_knots=6, degree=3
    ),
    "splines that refuse what is beyond": lambda: on_columns(
        imputed(line(), SplineTransformer(extrapolation="error", include_bias=False)),
        ["age", "usage"],
    ),
    "splines of gaps": lambda: on_gaps(
        make_pipeline(SplineTransformer(handle_missing="zeros"), line())
    ),
    "splines as sparse columns": lambda: with_splines(sparse_output=True, n_knots=3),
    "axes": lambda: on_gaps(imputed(line(), StandardScaler(), PCA(2))),
    "axes below trees": lambda: on_gaps(imputed(forest(), StandardScaler(), PCA())),
    "axes of one variance": lambda: on_frame(
        line(), numbers=filled(PCA(3, whiten=True)), sparse_threshold=0
    ),
    "axes by a share": lambda: on_gaps(
        imputed(GaussianNB(), StandardScaler(), PCA(0.9, svd_solver="full"))
    ),
    "axes beside numbers": lambda: on_gaps(
        imputed(line(), StandardScaler(), make_union(PCA(2), FunctionTransformer()))
    ),
    "axes of chance": lambda: on_gaps(
        imputed(line(), PCA(2, svd_solver="randomized", random_state=1))
    ),
    "singular vectors of texts": lambda: on_columns(
        make_pipeline(
            OneHotEncoder(handle_unknown="ignore"),
            TruncatedSVD(3, random_state=0),
            line(),
        ),
        TEXTS,
    ),
    "singular vectors below trees": lambda: on_gaps(
        imputed(hist(), TruncatedSVD(2, random_state=0))
    ),
    "calibrated above axes": lambda: on_gaps(
        imputed(CalibratedClassifierCV(forest(), cv=2), StandardScaler(), PCA(3))
    ),
    "boosted votes above products": lambda: on_gaps(
        imputed(AdaBoostClassifier(n_estimators=4), PolynomialFeatures(2))
    ),
    "many ways side by side": lambda: on_complete(
        make_pipeline(
            ColumnTransformer(
                [
                    ("bins", KBinsDiscretizer(3, strategy="uniform"), ["age"]),
                    ("spline", SplineTransformer(n_knots=3), ["usage"]),
                    ("power", PowerTransformer(), ["charges"]),
                    ("texts", OneHotEncoder(handle_unknown="ignore"), TEXTS),
                ],
                remainder="passthrough",
            ),
            forest(),
        )
    ),
    "votes above quantiles": votes_of_bins,
    "axes of powers": in_single_precision,
}
