"""Naive Bayes of every kind."""

from sklearn.impute import SimpleImputer
from sklearn.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    GaussianNB,
    MultinomialNB,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder

from .customers import TEXTS, imputed, on_columns, on_frame, on_gaps, on_numbers


def counted(classifier):
    """Return naive Bayes of counts, fitted on numbers that are none below zero."""
    return on_frame(
        classifier, numbers=make_pipeline(SimpleImputer(), MinMaxScaler(clip=True))
    )


PIPELINES = {
    "gaussian naive bayes": lambda: on_gaps(imputed(GaussianNB())),
    "bernoulli naive bayes": lambda: on_numbers(BernoulliNB()),
    "gaussian naive bayes with priors": lambda: on_frame(
        GaussianNB(priors=[0.6, 0.4], var_smoothing=1e-6), sparse_threshold=0
    ),
    "bernoulli naive bayes of texts": lambda: on_columns(
        make_pipeline(
            OneHotEncoder(handle_unknown="ignore"), BernoulliNB(binarize=None)
        ),
        TEXTS,
    ),
    "multinomial naive bayes": lambda: counted(MultinomialNB(alpha=0.5)),
    "multinomial naive bayes, no prior": lambda: on_numbers(
        make_pipeline(MinMaxScaler(), MultinomialNB(fit_prior=False))
    ),
    "complement naive bayes": lambda: counted(ComplementNB()),
    "complement naive bayes, normalised": lambda: counted(ComplementNB(norm=True)),
    "categorical naive bayes": lambda: on_columns(
        make_pipeline(
            SimpleImputer(strategy="most_frequent"), OrdinalEncoder(), CategoricalNB()
        ),
        TEXTS,
    ),
    "categorical naive bayes of numbers": lambda: on_gaps(
        imputed(
            CategoricalNB(min_categories=10),
            OrdinalEncoder(
                handle_unknown="use_encoded_value", unknown_value=9, max_categories=6
            ),
        )
    ),
}
