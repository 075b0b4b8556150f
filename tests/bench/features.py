"""How a rival's user reads features out of a profile row."""

CASTS = {
    "number": "coalesce({name}::float8, 'NaN') AS {name}",
    "boolean": "coalesce({name}::int::float8, 'NaN') AS {name}",
    "text": "{name}",
}


def select_list(kinds):
    """Return the columns of a SELECT, cast to what the pipelines were fitted on."""
    return ", ".join(CASTS[kind].format(name=name) for name, kind in kinds.items())


def select_list_after_complaint(kinds):
    """Return the same with one complaint more than is stored."""
    return select_list(kinds).replace(
        "complaint_count::float8", "(complaint_count + 1)::float8"
    )
