"""What a measurement says: one row of the table that `make soak` prints."""

from collections import namedtuple

Bar = namedtuple("Bar", "what wanted measured ok")
