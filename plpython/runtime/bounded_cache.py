"""A bounded memory of things that never change."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class BoundedCache:
    """Keep the most recently used values of a session, ``capacity`` at most.

    A session's memory outlives its transactions and is not undone by a rollback, so a
    key must hold all that its value depends on: for a model its version together with
    the digest of its bytes, since a version number alone can come to mean other bytes
    after a restore or a migration down and up again.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.values: OrderedDict[Hashable, Any] = OrderedDict()

    def find(self, key: Hashable) -> Any:
        """Return the value of a key, or None when it is not held."""
        value = self.values.get(key)
        if value is not None:
            self.values.move_to_end(key)
        return value

    def get(self, key: Hashable, load: Callable[[], Any]) -> Any:
        """Return the value of a key, calling ``load()`` when it is not held."""
        if key in self.values:
            self.values.move_to_end(key)
            return self.values[key]
        value = self.values[key] = load()
        if len(self.values) > self.capacity:
            self.values.popitem(last=False)
        return value
