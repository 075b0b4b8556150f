"""Print the survey as its page has it."""

from .page import listed

print(listed(), end="")
