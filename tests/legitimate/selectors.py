"""Pipelines that choose some of their columns."""

from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
    chi2,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
    r_regression,
)
from sklearn.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    Ridge,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC

from .customers import customers, forest, hist, imputed, on_frame, on_gaps, unfitted


def chosen(selector, classifier):
    """Return a pipeline that chooses among the columns of a frame it has encoded."""
    encoded = unfitted(on_frame(classifier))
    encoded.steps.insert(1, ("chosen", selector))
    return encoded.fit(*customers())


def of_whole(selector, classifier, *scalers):
    """Return a pipeline that chooses among numbers with gaps that it has filled."""
    return on_gaps(imputed(classifier, *scalers, selector))


def by_a_model_fitted_before():
    """Return a pipeline whose selector was given a fitted model."""
    model = on_gaps(imputed(LogisticRegression(), StandardScaler()))[-1]
    selector = SelectFromModel(model, prefit=True, threshold="0.5*median")
    return of_whole(selector, LogisticRegression(), StandardScaler())


PIPELINES = {
    "the best columns": lambda: chosen(SelectKBest(k=4), LogisticRegression()),
    "the best columns below trees": lambda: chosen(SelectKBest(k=5), forest()),
    "all columns as the best": lambda: of_whole(
        SelectKBest(f_regression, k="all"), hist()
    ),
    "the best columns by counts": lambda: of_whole(
        SelectKBest(chi2, k=2), LogisticRegression(), MinMaxScaler()
    ),
    "the best columns by information": lambda: of_whole(
        SelectKBest(mutual_info_classif, k=3), hist()
    ),
    "the best columns by information on a number": lambda: of_whole(
        SelectKBest(mutual_info_regression, k=2), forest()
    ),
    "the best columns by correlation": lambda: of_whole(
        SelectKBest(r_regression, k=2), LogisticRegression()
    ),
    "a share of the columns": lambda: chosen(
        SelectPercentile(percentile=60), LogisticRegression()
    ),
    "columns of few false positives": lambda: chosen(
        SelectFpr(alpha=0.3), LogisticRegression()
    ),
    "columns of few false discoveries": lambda: chosen(
        SelectFdr(alpha=0.3), LogisticRegression()
    ),
    "columns of few errors in all": lambda: chosen(
        SelectFwe(alpha=0.9), LogisticRegression()
    ),
    "columns chosen in a general way": lambda: chosen(
        GenericUnivariateSelect(mode="k_best", param=3), forest()
    ),
    "columns that vary": lambda: on_gaps(make_pipeline(VarianceThreshold(0.5), hist())),
    "columns chosen by a forest": lambda: chosen(
        SelectFromModel(ExtraTreesClassifier(8, max_depth=4, random_state=0)),
        LogisticRegression(),
    ),
    "columns chosen by a line": lambda: chosen(
        SelectFromModel(LogisticRegression(C=0.1), threshold="median", norm_order=2),
        forest(),
    ),
    "columns chosen by a linear machine": lambda: chosen(
        SelectFromModel(LinearSVC(C=0.1), max_features=3), LogisticRegression()
    ),
    "columns chosen by a lasso": lambda: chosen(
        SelectFromModel(Lasso(alpha=0.01), importance_getter="coef_"), hist()
    ),
    "columns chosen by a lasso of its own strength": lambda: of_whole(
        SelectFromModel(LassoCV(cv=2), threshold=1e-4),
        LogisticRegression(),
        StandardScaler(),
    ),
    "columns chosen by an elastic net": lambda: chosen(
        SelectFromModel(ElasticNet(alpha=0.01)), LogisticRegression()
    ),
    "columns chosen by an elastic net of its own strength": lambda: of_whole(
        SelectFromModel(ElasticNetCV(cv=2), threshold=-1.0), forest(), StandardScaler()
    ),
    "columns chosen by a regression": lambda: chosen(
        SelectFromModel(LinearRegression(), threshold="mean"), LogisticRegression()
    ),
    "columns chosen by a model fitted before": by_a_model_fitted_before,
    "columns left out one by one": lambda: chosen(
        RFE(LogisticRegression(), n_features_to_select=3, step=2), LogisticRegression()
    ),
    "columns left out as folds say": lambda: of_whole(
        RFECV(forest(), cv=2), forest(), StandardScaler()
    ),
    "columns taken one by one": lambda: of_whole(
        SequentialFeatureSelector(Ridge(), n_features_to_select=2, cv=2),
        LogisticRegression(),
        StandardScaler(),
    ),
}
