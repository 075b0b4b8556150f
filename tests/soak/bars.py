"""What a figure is reported as."""

from collections import namedtuple

Bar = namedtuple("Bar", "what wanted measured ok")
