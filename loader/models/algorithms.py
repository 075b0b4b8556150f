"""The algorithms that can be trained, by name."""

# In the order in which they are compared, so that what takes little time is there when
# a time budget ends early; it settles ties, too.
COMPARED = (
    "logistic_regression",
    "hist_gradient_boosting",
    "extra_trees",
    "spline_logistic_regression",
    "fine_hist_gradient_boosting",
    "shallow_hist_gradient_boosting",
    "neural_network",
)
# By name only: on the data that was tried an average of the others gave them no weight.
ALGORITHMS = (*COMPARED, "random_forest", "gradient_boosting")
