"""The algorithms that can be trained, by name."""

# From the simplest to the most elaborate: the order in which ties are settled.
ALGORITHMS = (
    "logistic_regression",
    "random_forest",
    "gradient_boosting",
    "hist_gradient_boosting",
)
