"""Classifiers of classifiers: calibrated, bagged, boosted and voting."""

import numpy as np
from pgchurn.loader.models.calibration import weigh_log_odds, with_weights
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import OrdinalEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from .customers import (
    customers,
    forest,
    hist,
    imputed,
    matrix,
    on_frame,
    on_gaps,
    on_numbers,
    unfitted,
)


def votes_of_frames():
    """Return a vote of two pipelines, each with its own preprocessing."""
    line = unfitted(on_frame(LogisticRegression()))
    boosted = unfitted(
        on_frame(
            hist(),
            numbers="passthrough",
            texts=OrdinalEncoder(
                handle_unknown="use_encoded_value", unknown_value=-1, min_frequency=5
            ),
        )
    )
    return VotingClassifier(
        [("line", line), ("boosted", boosted), ("none", "drop")], voting="soft"
    ).fit(*customers())


def stacked(*members, final=None, **options):
    """Return a stack of members, by default above a forest and a line."""
    members = members or (("forest", forest()), ("line", LogisticRegression()))
    return StackingClassifier(list(members), final, cv=2, **options)


def stack_of_fitted(classifier):
    """Return a stack of a classifier that was fitted before."""
    return StackingClassifier(
        [
            ("before", on_numbers(classifier)),
            ("line", on_numbers(LogisticRegression())),
        ],
        cv="prefit",
    )


def weighed_log_odds():
    """Return what `pgchurn train` makes of several algorithms."""
    frame, churned = customers()
    members = [
        ("line", unfitted(on_frame(LogisticRegression())).fit(frame, churned)),
        ("forest", unfitted(on_frame(forest())).fit(frame, churned)),
    ]
    said = np.column_stack([one.predict_proba(frame)[:, 1] for _, one in members])
    return with_weights(members, weigh_log_odds(churned, said), frame, churned)


def stack_of_frames():
    """Return a stack of pipelines, each with its own preprocessing."""
    line = unfitted(on_frame(LogisticRegression()))
    trees = unfitted(on_frame(hist(), numbers="passthrough"))
    return stacked(("line", line), ("trees", trees), ("none", "drop")).fit(*customers())


PIPELINES = {
    "stack": lambda: on_numbers(stacked()),
    "stack below trees": lambda: on_numbers(stacked(final=forest())),
    "stack that passes columns through": lambda: on_numbers(
        stacked(final=hist(), passthrough=True)
    ),
    "stack of decisions": lambda: on_numbers(
        stacked(
            ("machine", LinearSVC()),
            ("line", LogisticRegression()),
            stack_method="decision_function",
        )
    ),
    "stack of what is predicted": lambda: on_numbers(
        stacked(stack_method="predict", final=GaussianNB())
    ),
    "stack of what was fitted before": lambda: on_numbers(stack_of_fitted(forest())),
    "stack within a frame's pipeline": lambda: on_frame(
        stacked(passthrough=True), sparse_threshold=0
    ),
    "stack of frames": stack_of_frames,
    "weighed log odds": weighed_log_odds,
    "calibrated stack": lambda: on_numbers(
        CalibratedClassifierCV(stacked(final=LogisticRegression()), cv=2)
    ),
    "vote of stacks": lambda: on_gaps(
        imputed(
            VotingClassifier([("a", stacked()), ("b", GaussianNB())], voting="soft")
        )
    ),
    "sigmoid of a linear machine": lambda: on_numbers(
        CalibratedClassifierCV(LinearSVC(), cv=2)
    ),
    "sigmoid of a forest": lambda: on_numbers(CalibratedClassifierCV(forest(), cv=2)),
    "isotonic of gradient boosting": lambda: on_numbers(
        CalibratedClassifierCV(
            GradientBoostingClassifier(n_estimators=4), method="isotonic", cv=2
        )
    ),
    "isotonic within a frame's pipeline": lambda: on_frame(
        CalibratedClassifierCV(
            SGDClassifier(random_state=0), method="isotonic", cv=2, ensemble=False
        )
    ),
    "temperature of a logistic": lambda: on_numbers(
        CalibratedClassifierCV(LogisticRegression(), method="temperature", cv=2)
    ),
    "sigmoid around a frame's pipeline": lambda: CalibratedClassifierCV(
        FrozenEstimator(on_frame(hist()))
    ).fit(*customers()),
    "ada boost": lambda: on_numbers(AdaBoostClassifier(n_estimators=5)),
    "bagged trees": lambda: on_numbers(
        BaggingClassifier(n_estimators=4, max_features=3, random_state=0)
    ),
    "vote": lambda: on_numbers(
        VotingClassifier(
            [("line", LogisticRegression()), ("forest", forest())],
            voting="soft",
            weights=[1, 2],
            n_jobs=2,
        )
    ),
    "sigmoid of one linear machine": lambda: on_gaps(
        imputed(
            CalibratedClassifierCV(LinearSVC(C=0.5), cv=3, ensemble=False),
            StandardScaler(),
        )
    ),
    "isotonic around what was fitted before": lambda: CalibratedClassifierCV(
        FrozenEstimator(on_numbers(forest())), method="isotonic"
    ).fit(*matrix()),
    "isotonic of histograms, whole pipelines": lambda: CalibratedClassifierCV(
        unfitted(on_frame(hist())), method="isotonic", cv=2
    ).fit(*customers()),
    "sigmoid of naive Bayes": lambda: on_numbers(
        CalibratedClassifierCV(GaussianNB(), cv=2)
    ),
    "temperature of a network": lambda: on_gaps(
        imputed(
            CalibratedClassifierCV(
                MLPClassifier((3,), max_iter=10, random_state=0),
                method="temperature",
                cv=2,
            ),
            StandardScaler(),
        )
    ),
    "ada boost of small trees": lambda: on_frame(
        AdaBoostClassifier(
            DecisionTreeClassifier(max_depth=2), n_estimators=6, learning_rate=0.5
        )
    ),
    "ada boost of lines": lambda: on_numbers(
        AdaBoostClassifier(LogisticRegression(), n_estimators=4)
    ),
    "sigmoid of ada boost": lambda: on_numbers(
        CalibratedClassifierCV(AdaBoostClassifier(n_estimators=4), cv=2)
    ),
    "bagged lines of random columns": lambda: on_gaps(
        imputed(
            BaggingClassifier(
                LogisticRegression(),
                n_estimators=4,
                max_features=0.5,
                bootstrap_features=True,
                random_state=0,
            ),
            StandardScaler(),
        )
    ),
    "bagged pipelines": lambda: on_gaps(
        BaggingClassifier(
            imputed(LogisticRegression(), StandardScaler()),
            n_estimators=3,
            random_state=0,
        )
    ),
    "bagged linear machines": lambda: on_numbers(
        BaggingClassifier(LinearSVC(), n_estimators=4, random_state=0)
    ),
    "vote of whole pipelines": votes_of_frames,
    "vote of votes": lambda: on_numbers(
        VotingClassifier(
            [
                ("bayes", GaussianNB()),
                (
                    "inner",
                    VotingClassifier(
                        [
                            ("line", LogisticRegression()),
                            ("tree", DecisionTreeClassifier(max_depth=3)),
                        ],
                        voting="soft",
                    ),
                ),
            ],
            voting="soft",
        )
    ),
    "vote of calibrated members": lambda: on_frame(
        VotingClassifier(
            [
                ("line", CalibratedClassifierCV(SGDClassifier(random_state=0), cv=2)),
                ("boosted", GradientBoostingClassifier(n_estimators=4)),
            ],
            voting="soft",
            weights=[0.3, 0.7],
        )
    ),
}
