"""Throughput without warm-up."""

import pytest

from tests.bench.pgbench import transaction_ends
from tests.bench.throughput import WARM_UP, steady_throughput


def client(first, each, count):
    return [first + each * i for i in range(count)]


def test_loading_the_model_does_not_count():
    slow_start = client(5.0, 0.01, WARM_UP + 100)
    assert steady_throughput([slow_start]) == pytest.approx(100)


def test_only_the_time_when_all_clients_work_counts():
    early, late = client(0.0, 0.01, 1_000), client(3.0, 0.01, 1_000)
    assert steady_throughput([early, late]) == pytest.approx(200, rel=0.01)


def test_clients_that_never_work_at_once_are_refused():
    with pytest.raises(RuntimeError, match="measure for longer"):
        steady_throughput([client(0.0, 0.01, 100), client(3.0, 0.01, 100)])


@pytest.mark.parametrize("transactions", [1, WARM_UP - 1, WARM_UP])
def test_a_client_that_was_never_warm_is_refused(transactions):
    with pytest.raises(RuntimeError, match="measure for longer"):
        steady_throughput([client(0.0, 0.01, 100), client(0.0, 0.5, transactions)])


def test_log_lines_are_sorted_by_client():
    log = "0 1 300 0 10 250000\n1 1 300 0 10 500000\n0 2 300 0 11 0\n"
    assert transaction_ends(log) == [[10.25, 11.0], [10.5]]
