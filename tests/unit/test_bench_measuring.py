"""The figures of the benchmark."""

import pytest

from tests.bench.measuring import Figure, Target, interleave


def figure(**changes):
    values = {"ours": [2.0, 4.0, 9.0], "theirs": [4.0, 4.0, 3.0], **changes}
    return Figure("workload", "case", "rival", "seconds", **values)


def test_sides_take_turns_and_are_prepared():
    order = []
    sides = {name: lambda name=name: order.append(name) or len(order) for name in "ab"}
    values = interleave(sides, 2, lambda name: order.append(f"before {name}"))
    assert order == ["before a", "a", "before b", "b"] * 2
    assert values == {"a": [2, 6], "b": [4, 8]}


def test_ratio_is_the_median_of_the_rounds_pairs():
    assert figure().ratios == [0.5, 1.0, 3.0]
    assert figure().ratio == 1.0


def test_speed_from_times_turns_the_ratio_around():
    assert figure(as_speed=True).ratios == pytest.approx([2, 1, 1 / 3])


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (None, None),
        (Target(1.0), True),
        (Target(1.1), False),
        (Target(1.0, at_least=False), True),
        (Target(0.9, at_least=False), False),
    ],
)
def test_target_is_held_against_the_median(target, met):
    assert figure(target=target).met is met
    assert figure(target=target).to_json()["met"] is met
