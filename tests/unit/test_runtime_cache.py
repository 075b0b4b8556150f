import pytest
from pgchurn.plpython.runtime.bounded_cache import BoundedCache


def never():
    pytest.fail("it was held already")


def test_a_value_is_loaded_once():
    cache = BoundedCache(2)

    assert cache.get("a", lambda: 1) == 1
    assert cache.get("a", never) == 1


def test_a_value_of_none_is_a_value():
    cache = BoundedCache(2)
    cache.get("a", lambda: None)

    assert cache.get("a", never) is None


def test_the_least_recently_used_value_is_let_go():
    cache = BoundedCache(2)
    cache.get("a", lambda: 1)
    cache.get("b", lambda: 2)
    cache.get("a", never)
    cache.get("c", lambda: 3)

    assert cache.get("a", never) == 1
    assert cache.get("c", never) == 3
    assert cache.get("b", lambda: "again") == "again"


@pytest.mark.parametrize("capacity", [1, 3])
def test_no_more_is_held_than_the_capacity(capacity):
    cache = BoundedCache(capacity)

    for key in range(10):
        cache.get(key, lambda key=key: key)

    assert list(cache.values) == list(range(10 - capacity, 10))


def test_what_fails_to_load_is_not_held_and_costs_no_other_value():
    cache = BoundedCache(1)
    cache.get("a", lambda: 1)

    with pytest.raises(ZeroDivisionError):
        cache.get("b", lambda: 1 / 0)

    assert cache.get("a", never) == 1
    assert cache.get("b", lambda: 2) == 2
