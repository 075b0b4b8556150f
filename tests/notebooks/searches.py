"""How notebooks search for a model, and choose among columns."""

import numpy as np
from scipy.stats import loguniform, randint
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectKBest,
    chi2,
    mutual_info_classif,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC

from .customers import NUMBERS
from .notebook import Notebook, joblibbed, joblibbed_small, ones, pickled_by_the_newest
from .parts import classified, imputed_and_encoded, of, prepared

LOGISTIC = LogisticRegression(max_iter=300)
FOREST = RandomForestClassifier(12, max_depth=7, random_state=42)
POSITIVE = prepared(for_numbers=make_pipeline(SimpleImputer(), MinMaxScaler()))
DENSE = prepared(for_texts=imputed_and_encoded(sparse_output=False))


def best_of_a_random_search(build, rows, labels):
    """Return the best estimator alone, as many notebooks save it."""
    return build().fit(rows, labels).best_estimator_


NOTEBOOKS = {
    "a search over a whole pipeline, saved as it is": Notebook(
        "FarazMuhammad028/AI-ML-Internship-Tasks Task-2/README.md",
        lambda: GridSearchCV(
            classified(LOGISTIC),
            {"classifier__C": [0.1, 1, 10], "step0__num__imputer__strategy": ["mean"]},
            cv=StratifiedKFold(2, shuffle=True, random_state=42),
            scoring="f1",
            n_jobs=1,
            verbose=1,
        ),
        labels=ones,
        save=joblibbed,
    ),
    "the best of a random search": Notebook(
        "treegem/TitanicProject src/utility/parameter_search.py",
        lambda: RandomizedSearchCV(
            classified(FOREST),
            {"classifier__max_depth": randint(3, 8)},
            n_iter=2,
            cv=2,
            random_state=42,
        ),
        fit=best_of_a_random_search,
        save=joblibbed_small,
    ),
    "a random search, saved as it is": Notebook(
        "treegem/TitanicProject src/utility/parameter_search.py",
        lambda: RandomizedSearchCV(
            classified(LOGISTIC),
            {"classifier__C": loguniform(0.01, 10)},
            n_iter=2,
            cv=2,
            scoring="roc_auc",
            random_state=42,
        ),
        save=pickled_by_the_newest,
    ),
    "a search among classifiers": Notebook(
        "CodedQuen/Machine-learning-with-cookbook_Chris-Abon_2 bestmodmul.py",
        lambda: GridSearchCV(
            classified(FOREST),
            [
                {"classifier": [LOGISTIC], "classifier__C": np.logspace(-1, 1, 2)},
                {"classifier": [FOREST], "classifier__max_features": [1, 2]},
                {"step0__num__scaler": ["passthrough", MinMaxScaler()]},
            ],
            cv=2,
        ),
    ),
    "a tuned threshold around a pipeline": Notebook(
        "CarsonShively/telco-churn src/telco_churn/assets/train/bundle.py",
        lambda: TunedThresholdClassifierCV(
            classified(LOGISTIC), scoring="balanced_accuracy", cv=2
        ),
        labels=ones,
    ),
    "strengths by cross-validation": Notebook(
        "Nicole-DH/AIPStack main.py",
        of(
            LogisticRegressionCV(
                Cs=3,
                cv=3,
                scoring="roc_auc",
                l1_ratios=(0.0,),
                use_legacy_attributes=False,
                max_iter=300,
            )
        ),
    ),
    "principal components": Notebook(
        "hziling/ml pipe.py",
        lambda: make_pipeline(
            SimpleImputer(), StandardScaler(), PCA(n_components=2), LOGISTIC
        ),
        columns=NUMBERS,
    ),
    "principal components that explain most": Notebook(
        "hziling/ml pipe.py", of(LOGISTIC, DENSE, PCA(n_components=0.9))
    ),
    "the columns of the highest chi-squared": Notebook(
        "RubensZimbres/Repo-2021 Google-Cloud-Deploy/random-forest.py",
        of(FOREST, POSITIVE, SelectKBest(chi2, k=8)),
        save=joblibbed,
    ),
    "the columns that tell most": Notebook(
        "carlos-bitencourt/ia-projects teste1.py",
        of(LOGISTIC, DENSE, SelectKBest(mutual_info_classif, k=7)),
    ),
    "the columns that a sparse line keeps": Notebook(
        "dnzdmrcgl/CS6222 python/RandomForestWithFeatureExtraction.py",
        of(
            FOREST,
            prepared(),
            SelectFromModel(LinearSVC(penalty="l1", dual=False, C=0.1)),
        ),
    ),
    "the columns left by elimination": Notebook(
        "ArtemKornev0/DS_skillfactory_projects Project_7/readme.md",
        of(LOGISTIC, DENSE, RFE(LOGISTIC, n_features_to_select=6, step=4)),
        labels=ones,
    ),
}
