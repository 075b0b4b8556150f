"""The sections of a report, each a function from what is known to a piece of HTML."""
