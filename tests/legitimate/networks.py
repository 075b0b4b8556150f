"""Neural networks, one of each activation."""

from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from .customers import imputed, on_frame, on_gaps, on_numbers


def network(activation, *hidden, **options):
    """Return an unfitted network of a few small layers."""
    options = {"max_iter": 10, "random_state": 0, **options}
    return MLPClassifier(hidden, activation=activation, **options)


PIPELINES = {
    "neural network": lambda: on_numbers(
        MLPClassifier((4,), max_iter=20, random_state=0, early_stopping=True)
    ),
    "neural network by sgd": lambda: on_numbers(
        MLPClassifier((4, 3), max_iter=10, solver="sgd", random_state=0)
    ),
    "neural network of tanh": lambda: on_frame(
        network("tanh", 5, 3, learning_rate_init=0.01)
    ),
    "neural network of the logistic": lambda: on_gaps(
        imputed(network("logistic", 4, batch_size=32), MinMaxScaler())
    ),
    "neural network by lbfgs": lambda: on_gaps(
        imputed(network("relu", 4, solver="lbfgs"), StandardScaler())
    ),
    "neural network without layers": lambda: on_gaps(
        imputed(network("identity", 3, 2, alpha=1.0), StandardScaler())
    ),
}
