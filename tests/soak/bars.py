"""What a long test reports: a figure of the issue, and what was measured."""

from collections import namedtuple

Bar = namedtuple("Bar", "what wanted measured ok")
