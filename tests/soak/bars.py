"""One figure that is promised, and what was measured."""

from collections import namedtuple

Bar = namedtuple("Bar", "what wanted measured ok")
