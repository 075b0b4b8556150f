"""A page taken apart into its blocks, headings, links and the steps to run."""

import re
from dataclasses import dataclass, replace
from functools import cached_property

from tests.databases import CHECKOUT
from tests.documents.agreement import ROW_COUNT

FENCE = re.compile(r"^```(\w*)$")
HEADING = re.compile(r"^(#+) (.+)$")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")
VARIES = re.compile(r"^<!-- varies: (.+) -->$")
NOT_RUN = re.compile(r"^<!-- not run: (.+): (tests/[\w/]+\.py::\w+) -->$")
PROMPT = "$ "
# Whose output is a block of text after it.
PRINTING = ("sql", "python")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes
    ----------
    language : str
        Empty where the fence names none.
    first, last : int
        Its lines are ``page.lines[first:last]``.
    varies : tuple of str
        Patterns of what is compared by its form.
    covered_by : str or None
        The test that runs it instead, as pytest names it.
    """

    language: str
    first: int
    last: int
    varies: tuple = ()
    covered_by: str | None = None


@dataclass(frozen=True)
class Step:
    """Something to run, and what it prints.

    Attributes
    ----------
    language : {"sql", "console", "python"}
    command : str
    first, last : int
        What it prints is ``page.lines[first:last]``.
    shown : bool
        Whether the page says what it prints.
    varies : tuple of str
    """

    language: str
    command: str
    first: int
    last: int
    shown: bool
    varies: tuple


class Page:
    """A page.

    Parameters
    ----------
    path : pathlib.Path
    """

    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(CHECKOUT))
        self.lines = path.read_text(encoding="utf-8").splitlines()

    @cached_property
    def blocks(self):
        """The fenced blocks."""
        found = []
        opened = None
        varies, covered_by = (), None
        for number, line in enumerate(self.lines):
            fence = FENCE.match(line)
            if opened is not None:
                if fence:
                    found.append(replace(opened, last=number))
                    opened, varies, covered_by = None, (), None
            elif fence:
                opened = Block(fence[1], number + 1, number + 1, varies, covered_by)
            elif comment := VARIES.match(line):
                varies += (comment[1],)
            elif comment := NOT_RUN.match(line):
                covered_by = comment[2]
            elif line.strip():
                varies, covered_by = (), None
        assert opened is None, f"{self.name}: a block is not closed"
        return found

    @cached_property
    def steps(self):
        """What is to be run, in order."""
        found = []
        for block, following in zip(self.blocks, [*self.blocks[1:], None]):
            if block.covered_by is not None:
                continue
            if block.language == "console":
                found += self.shell_steps(block)
            elif block.language in PRINTING:
                found.append(self.printing_step(block, following))
        return found

    def shell_steps(self, block):
        """Return the commands of a console."""
        starts = [
            number
            for number in range(block.first, block.last)
            if self.lines[number].startswith(PROMPT)
        ]
        for start, end in zip(starts, [*starts[1:], block.last]):
            output = start + 1
            while self.lines[output - 1].endswith("\\"):
                output += 1
            command = "\n".join(self.lines[start:output])
            yield Step(
                "console",
                command.removeprefix(PROMPT),
                output,
                end,
                True,
                block.varies,
            )

    def printing_step(self, block, following):
        """Return what is run of a block, given the one after it."""
        text = self.text_of(block)
        if not self.is_output(block, following):
            return Step(block.language, text, block.last, block.last, False, ())
        return Step(
            block.language,
            text,
            following.first,
            following.last,
            True,
            following.varies,
        )

    def output_of(self, step):
        """Return what a step prints, as the page has it."""
        return "\n".join(self.lines[step.first : step.last])

    def is_output(self, block, following):
        """Tell whether the next block is what a block prints."""
        if following is None or following.language != "text":
            return False
        between = self.lines[block.last + 1 : following.first - 1]
        return all(not line.strip() or VARIES.match(line) for line in between)

    def text_of(self, block):
        """Return what is between a block's fences."""
        return "\n".join(self.lines[block.first : block.last])

    @cached_property
    def prose(self):
        """The lines outside of blocks, by number."""
        inside = set()
        for block in self.blocks:
            inside.update(range(block.first - 1, block.last + 1))
        return {
            number: line
            for number, line in enumerate(self.lines)
            if number not in inside
        }

    @cached_property
    def prose_text(self):
        """What is outside of blocks, on one line."""
        return " ".join(self.prose.values())

    @cached_property
    def headings(self):
        """The headings, as (line, level, text)."""
        return [
            (number, len(match[1]), match[2])
            for number, line in self.prose.items()
            if (match := HEADING.match(line))
        ]

    @cached_property
    def anchors(self):
        """What a link can name after the hash sign, as GitHub derives it."""
        found = []
        for _, _, text in self.headings:
            anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            repeated = sum(
                re.fullmatch(rf"{anchor}(-\d+)?", a) is not None for a in found
            )
            found.append(f"{anchor}-{repeated}" if repeated else anchor)
        return found

    @cached_property
    def links(self):
        """The targets of the links."""
        return LINK.findall(CODE.sub("", self.prose_text))

    @cached_property
    def code(self):
        """What the prose shows as code."""
        return CODE.findall(self.prose_text)

    @cached_property
    def commands(self):
        """What consoles are given, examples that are not run included."""
        return [
            step.command
            for block in self.blocks
            if block.language == "console"
            for step in self.shell_steps(block)
        ]

    def section(self, heading):
        """Return the lines below a heading, down to the next of its level."""
        for number, level, text in self.headings:
            if text == heading:
                ends = [
                    n for n, other, _ in self.headings if n > number and other <= level
                ]
                return "\n".join(self.lines[number + 1 : min(ends, default=None)])
        raise KeyError(heading)

    def named_sections(self, level, prefix):
        """Return the headings of a level that begin with a prefix."""
        return [
            text
            for _, depth, text in self.headings
            if depth == level and text.startswith(prefix)
        ]


def all_pages():
    """Return every page of the checkout."""
    folders = ("", "loader", "migrations", "plpython", "tests")
    paths = (CHECKOUT / folder / "README.md" for folder in folders)
    return [Page(path) for path in paths if path.exists()]


def rewritten(page, outputs):
    """Return a page's text with other output.

    Parameters
    ----------
    page : Page
    outputs : dict of Step to str
    """
    lines = list(page.lines)
    for step in sorted(outputs, key=lambda step: step.first, reverse=True):
        lines[step.first : step.last] = tidy_lines(outputs[step])
    return "\n".join(lines) + "\n"


def tidy_lines(output):
    """Return output as pages show it: no row counts, no blanks at the end of a line."""
    lines = [line.rstrip() for line in output.splitlines() if not ROW_COUNT.match(line)]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return text.strip("\n").splitlines()
