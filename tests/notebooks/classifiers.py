"""The classifiers that notebooks compare behind the same preparation."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from .customers import NUMBERS
from .notebook import Notebook, joblibbed, joblibbed_small, ones
from .parts import classified, imputed_and_encoded, of, prepared

LOGISTIC = LogisticRegression(max_iter=300)
FOREST = RandomForestClassifier(12, max_depth=7, random_state=42)
BOOSTING = GradientBoostingClassifier(n_estimators=15, random_state=42)
DENSE = prepared(for_texts=imputed_and_encoded(sparse_output=False))
COMPARED = "Symeonw/Telco_churn model.py"


def calibrated_afterwards(build, rows, labels):
    """Return a pipeline fitted on some rows, and calibrated on the others."""
    half = len(rows) // 2
    fitted = build().fit(rows[:half], labels[:half])
    calibrated = CalibratedClassifierCV(FrozenEstimator(fitted), method="isotonic")
    return calibrated.fit(rows[half:], labels[half:])


def decided_afterwards(build, rows, labels):
    """Return a fitted pipeline with a threshold of one's own."""
    fitted = build().fit(rows, labels)
    decided = FixedThresholdClassifier(FrozenEstimator(fitted), threshold=0.3)
    return decided.fit(rows, labels)


NOTEBOOKS = {
    "twelve neighbours": Notebook(
        COMPARED, of(KNeighborsClassifier(12), DENSE), save=joblibbed
    ),
    "a shallow tree": Notebook(COMPARED, of(DecisionTreeClassifier(max_depth=4))),
    "a forest that weighs its classes": Notebook(
        "LeoMT05/-Churn-Prediction-triple-10 README.md",
        of(
            RandomForestClassifier(
                12, class_weight="balanced_subsample", n_jobs=-1, random_state=42
            )
        ),
        labels=ones,
    ),
    "a forest with weights of one's own": Notebook(
        "LeoMT05/-Churn-Prediction-triple-10 README.md",
        of(
            RandomForestClassifier(
                12, max_depth=7, class_weight={"No": 1, "Yes": 3}, random_state=42
            )
        ),
    ),
    "ada boost": Notebook(COMPARED, of(AdaBoostClassifier(n_estimators=12))),
    "gradient boosting": Notebook(COMPARED, of(BOOSTING), save=joblibbed_small),
    "a linear discriminant": Notebook(
        COMPARED, of(LinearDiscriminantAnalysis(), DENSE)
    ),
    "naive Bayes": Notebook(
        "PCART-tools/PCBench Benchmark/sklearn/calibration.CalibratedClassifierCV@"
        "1.1.3-1.2.0/calibration.CalibratedClassifierCV",
        of(GaussianNB(), DENSE),
    ),
    "a logistic regression by descent": Notebook(
        "Vicorhe/ProgramOne Algorithms/LogisticSGD.py",
        of(SGDClassifier(loss="log_loss", random_state=6117)),
    ),
    "a small network": Notebook(
        "sjmignot/dogsbody content/coding/notebooks/sklearn_pipeline.md",
        of(MLPClassifier((8,), max_iter=60, random_state=1)),
        save=joblibbed,
    ),
    "a support vector machine, calibrated": Notebook(
        "Smart-Call-Center/Model src/train_tfidf.py",
        of(CalibratedClassifierCV(LinearSVC())),
    ),
    "a tree, calibrated": Notebook(
        "raul23/testing-datasets "
        "datasets/titanic/default_configs/model_configs/calib_config.py",
        of(
            CalibratedClassifierCV(
                DecisionTreeClassifier(max_depth=5, random_state=1), cv=3
            )
        ),
    ),
    "a whole pipeline, calibrated on rows that it has not seen": Notebook(
        "koaning/skdocs-demo _static/marimo/gallery/plot_frozen_examples.py",
        of(FOREST),
        fit=calibrated_afterwards,
    ),
    "a whole pipeline with a threshold of one's own": Notebook(
        "koaning/skdocs-demo _static/marimo/gallery/plot_frozen_examples.py",
        of(LOGISTIC),
        fit=decided_afterwards,
    ),
    "bagged trees": Notebook(
        "akshayaithal98/Classifier_Model_Web_App README.md",
        of(BaggingClassifier(DecisionTreeClassifier(max_depth=5), 8, random_state=0)),
    ),
    "a soft vote of pipelines": Notebook(
        "sjmignot/dogsbody content/coding/notebooks/sklearn_pipeline.md",
        lambda: VotingClassifier(
            [
                ("lr", classified(LOGISTIC)),
                ("rf", classified(FOREST, prepared(texts=["contract", "city"]))),
                ("gb", classified(BOOSTING)),
            ],
            voting="soft",
            weights=[2, 1, 1],
        ),
        save=joblibbed,
    ),
    "a stack of a line and a forest": Notebook(
        "panos1998/Thesis_Code fz/Stacking.py",
        of(
            StackingClassifier(
                [("lr", LOGISTIC), ("rf", FOREST)], final_estimator=FOREST, cv=3
            )
        ),
    ),
    "a stack of pipelines": Notebook(
        "samsonafo/ensemble_methods README.md",
        lambda: StackingClassifier(
            [
                ("rf", classified(FOREST)),
                ("gb", classified(BOOSTING, prepared(NUMBERS[:3], ["contract"]))),
            ],
            final_estimator=LogisticRegression(),
            cv=3,
        ),
        labels=ones,
    ),
}
