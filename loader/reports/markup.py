"""HTML and SVG, of which every text is escaped unless it has been made here."""

import html
import re
from collections.abc import Iterable, Sequence

LONGEST_TEXT = 60
LONGEST_TITLE = 300
# Controls, and what turns the direction of a text or cannot be seen: a name that holds
# such a character must not change how the text around it reads.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


class Markup(str):
    """Text that is HTML already, and not escaped again."""

    __slots__ = ()


Content = str | Iterable["Content"]


def tag(name: str, /, *content: Content, **attributes: str | float | None) -> Markup:
    """Return an element.

    Parameters
    ----------
    name : str
        Of the element.
    *content : str, Markup or iterable of these
        Texts are escaped.
    **attributes : str, float or None
        Named with underscores in place of hyphens, and at the end where Python has the
        name for itself; None leaves one out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in ("meta", "br"):
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(content)}</{name}>")


def joined(content: Content) -> Markup:
    """Return texts and elements one after another, the texts escaped."""
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(html.escape(content, quote=False))
    return Markup("".join(joined(part) for part in content))


def between(separator: str, parts: Sequence[Content]) -> Markup:
    """Return parts with something between them."""
    return joined([[separator if i else "", part] for i, part in enumerate(parts)])


def listed_in_words(parts: Sequence[Content]) -> Markup:
    """Return parts as in a sentence: "a, b and c"."""
    *first, last = parts
    return joined([between(", ", first), " and ", last] if first else last)


def value(text: object, longest: int = LONGEST_TEXT) -> Markup:
    """Return what stands in the database so that it can do nothing to the page.

    Parameters
    ----------
    text : object
        A name, a category, a key: of any length and any characters.
    longest : int
        Characters that are shown; a longer text is cut, and stands in a title.

    Returns
    -------
    Markup
        Isolated from the direction of what stands around it (`bdi`).
    """
    whole = visible(str(text))
    parts = (cut(whole, longest) or "(empty)").split("_")
    # Names of columns are one word to the browser, which would break them anywhere.
    shown = [[Markup("_<wbr>") if i else "", part] for i, part in enumerate(parts)]
    title = cut(whole, LONGEST_TITLE) if len(whole) > longest else None
    return tag("bdi", shown, title=title)


def cut(text: str, longest: int) -> str:
    """Return a text of no more than so many characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def visible(text: str) -> str:
    """Return a text whose unseen characters are written as Python writes them."""
    return UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)
