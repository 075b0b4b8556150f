"""Reading JSON that may be from anybody, within limits."""

import json
from typing import Any

from pgchurn.loader.boosters.parts import Part, check_size, refused, shown

# What is read takes up to 24 times its size, and up to 100 bytes for each value.
MOST_BYTES = 32 << 20
MOST_VALUES = 2_000_000
MOST_OBJECTS = 150_000
MOST_MEMBERS = 500_000


def read_json(content: bytes) -> Part:
    """Return the object that a text in JSON describes.

    Raises
    ------
    LoaderError
        If it is none, has a member twice, or is too large.
    """
    check_size(content, MOST_BYTES, "JSON")
    objects = content.count(b"{")
    members = content.count(b":")
    values = content.count(b",") + content.count(b"[") + objects
    for count, most, what in (
        (values, MOST_VALUES, "values"),
        (objects, MOST_OBJECTS, "objects"),
        (members, MOST_MEMBERS, "members of objects"),
    ):
        if count > most:
            raise refused(
                "the file",
                f"has up to {count:,} {what}, and {most:,} are allowed of JSON",
            )
    try:
        read = json.loads(content, object_pairs_hook=without_repetition)
    except RecursionError:
        raise refused("the file", "is nested too deep") from None
    except ValueError as error:
        raise refused("the file", f"is no JSON: {str(error)[:200]}") from None
    return Part(read, "")


def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, each of whose members occurs once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        seen = set()
        for name, _ in pairs:
            if name in seen:
                raise refused(shown(name), "is twice in one object")
            seen.add(name)
    return found
