"""Naive Bayes as parts that compute the probability of the second class."""

from typing import Any

import numpy as np
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB

from .compile_columns import Column, Columns, Inputs, Lookup, NotCompilable, numeric
from .compile_sums import matrix, weighted_sum
from .form_matrices import Gaussian
from .form_parts import Scalar, Sigmoid


def gaussian_naive_bayes(
    estimator: GaussianNB, columns: Columns, inputs: Inputs
) -> Scalar:
    """Compare the likelihoods of both classes."""
    constants = np.log(estimator.class_prior_)
    constants = constants - 0.5 * np.log(2.0 * np.pi * estimator.var_).sum(axis=1)
    return Sigmoid(
        of=Gaussian(
            of=matrix([numeric(column) for column in columns]),
            means=np.ravel(estimator.theta_),
            variances=np.ravel(estimator.var_),
            constants=constants,
        )
    )


def bernoulli_naive_bayes(
    estimator: BernoulliNB, columns: Columns, inputs: Inputs
) -> Scalar:
    """Add up what each feature, as yes or no, says for the second class."""
    if estimator.binarize is not None:
        columns = [numeric(one).step("above", estimator.binarize) for one in columns]
    negative = np.log(1 - np.exp(estimator.feature_log_prob_))
    weights = estimator.feature_log_prob_ - negative
    constants = estimator.class_log_prior_ + negative.sum(axis=1)
    return Sigmoid(
        of=weighted_sum(
            columns, (weights[1] - weights[0]).tolist(), constants[1] - constants[0]
        )
    )


def multinomial_naive_bayes(estimator: Any, columns: Columns, inputs: Inputs) -> Scalar:
    """Add up what each count says for the second class."""
    first, second = estimator.class_log_prior_.tolist()
    return counted(estimator, columns, second - first)


def complement_naive_bayes(estimator: Any, columns: Columns, inputs: Inputs) -> Scalar:
    """Add up what each count says, how frequent the classes are left aside."""
    return counted(estimator, columns, 0.0)


def counted(estimator: Any, columns: Columns, constant: float) -> Scalar:
    """Return the share of counts, weighted by what they say for the second class."""
    first, second = estimator.feature_log_prob_
    return Sigmoid(of=weighted_sum(columns, (second - first).tolist(), constant))


def categorical_naive_bayes(
    estimator: CategoricalNB, columns: Columns, inputs: Inputs
) -> Scalar:
    """Add up what each category says; those beyond the known ones are refused."""
    first, second = estimator.class_log_prior_.tolist()
    said = [
        category_weights(column, (after - before).tolist(), inputs)
        for column, (before, after) in zip(columns, estimator.feature_log_prob_)
    ]
    return Sigmoid(of=weighted_sum(said, [1.0] * len(said), second - first))


def category_weights(column: Column, weights: list[float], inputs: Inputs) -> Lookup:
    """Return a lookup of one of the weights of categories, by their number.

    What has none of these numbers is refused.
    """
    if not isinstance(column, Lookup):
        raise NotCompilable("CategoricalNB of numbers that no encoder put out")

    def known(category: float) -> bool:
        return category == category and 0 <= int(category) < len(weights)

    def weight(category: float) -> float:
        return weights[int(category)] if known(category) else 0.0

    if not known(column.default):
        keys = {key for key, category in column.values.items() if known(category)}
        if column.codes:
            inputs.vocabularies[column.position].refuse_others(keys)
        else:
            missing: set[float | None] = {None} if known(column.missing) else set()
            inputs.refuse_others(column.position, frozenset(keys | missing))
    elif not all(map(known, (column.missing, *column.values.values()))):
        raise NotCompilable("CategoricalNB that knows what its encoder does not")
    return column.mapped(weight)
