"""NumPy, imported when something is first computed with it.

That takes half of a session's first score, and the score of a single row, by sums and
trees written out as Python, needs nothing of it.
"""

from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["Array", "np"]

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray
else:
    # Annotations are evaluated, and would import it.
    Array = Any

    class Later(ModuleType):
        """A module that stands for another one until that is needed."""

        def __getattr__(self, name: str) -> Any:
            """Import the module, and keep what is asked for."""
            import numpy

            value = getattr(numpy, name)
            setattr(self, name, value)
            return value

    np = Later("numpy")
