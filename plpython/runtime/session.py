"""What the SQL functions call: one object a session, with a part for each duty."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .errors import Refusals
from .registry import Registry
from .scoring import Scoring

if TYPE_CHECKING:
    from .admission import Admission
    from .comparing import Comparing
    from .diagnostics import Diagnostics
    from .experimenting import Experimenting
    from .explaining import Explaining
    from .monitor_performance import Performance
    from .monitoring import Monitoring
    from .queries import Queries
    from .releasing import Releasing


class Session:
    """Everything that pgchurn does in Python in one session of the server.

    What few sessions need is imported when it is first called.
    """

    def __init__(self, plpy: Any) -> None:
        self.refusals = Refusals(plpy)
        self.registry = Registry(plpy)
        self.scoring = Scoring(self.registry, self.refusals)

    @cached_property
    def queries(self) -> "Queries":
        """Scores values that stand in no profile, under any version."""
        from .queries import Queries

        return Queries(self.registry, self.refusals)

    @cached_property
    def explaining(self) -> "Explaining":
        """Explains scores."""
        from .explaining import Explaining

        return Explaining(self.registry, self.refusals)

    @cached_property
    def monitoring(self) -> "Monitoring":
        """Measures whether scores still tell the truth."""
        from .monitoring import Monitoring

        return Monitoring(self.registry, self.refusals)

    @cached_property
    def comparing(self) -> "Comparing":
        """Compares versions on customers whose outcome is known."""
        from .comparing import Comparing

        return Comparing(self.registry, self.refusals)

    @cached_property
    def releasing(self) -> "Releasing":
        """Measures the guardrails of releases."""
        from .releasing import Releasing

        return Releasing(self.registry, self.refusals)

    @cached_property
    def experimenting(self) -> "Experimenting":
        """Judges experiments, and says how long they take."""
        from .experimenting import Experimenting

        return Experimenting(self.registry, self.refusals)

    @cached_property
    def admission(self) -> "Admission":
        """Checks versions before they are registered or activated."""
        from .admission import Admission

        return Admission(self.registry, self.refusals)

    @cached_property
    def diagnostics(self) -> "Diagnostics":
        """Says what the session has, and loads what it will need."""
        from .diagnostics import Diagnostics

        return Diagnostics(self.registry, self.refusals)

    @cached_property
    def performance(self) -> "Performance":
        """Estimates how well scores do, and judges them by what became of customers."""
        from .monitor_performance import Performance

        return Performance(self.registry, self.refusals)
