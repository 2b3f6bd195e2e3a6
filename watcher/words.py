"""Words that the messages share: nearest names, kinds of values, lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TypeGuard

from watcher.errors import ProblemCode


class Wrong(ValueError):
    """A text or value of the user's does not fit; the message says why, and what would."""

    def __init__(self, message: str, code: ProblemCode = ProblemCode.INVALID) -> None:
        super().__init__(message)
        self.code = code


class WrongOption(Wrong):
    """An option beside an operator does not fit, as ``from``."""

    def __init__(self, option: str, message: str, code: ProblemCode = ProblemCode.INVALID) -> None:
        super().__init__(message, code)
        self.option = option


def code_of(error: ValueError) -> ProblemCode:
    """The kind of problem that an error is."""
    return error.code if isinstance(error, Wrong) else ProblemCode.INVALID


_LONGEST_GUESS = 80  # a longer text is no mistyped name, and comparing it takes time
_MOST_GUESSES = 300  # names that one is compared with, those of about its length
MOST_LISTED = 20
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]{1,30}://).+", re.DOTALL)


def nearest(name: str, names: Iterable[str], count: int = 3) -> str:
    """``, did you mean "x" or "y"?`` with the nearest names; empty where none is near."""
    if len(name) > _LONGEST_GUESS:
        return ""
    wanted = name.casefold().replace("-", "_").replace(" ", "_")
    known = list(names)
    if len(known) > _MOST_GUESSES:
        known = [one for one in known if abs(len(one) - len(wanted)) <= 2][:_MOST_GUESSES]
    by_folded = {candidate.casefold().replace("-", "_"): candidate for candidate in known}
    found = get_close_matches(wanted, by_folded, n=count, cutoff=0.7)
    return did_you_mean([by_folded[match] for match in found])


def did_you_mean(names: Sequence[str]) -> str:
    """``, did you mean "x" or "y"?``; empty without a name."""
    return f", did you mean {either([quoted(name) for name in names])}?" if names else ""


def listing(names: Iterable[str]) -> str:
    """``a, b, c``; of many the first ones and how many more there are."""
    every = list(names)
    more = f" and {len(every) - MOST_LISTED:,} more" if len(every) > MOST_LISTED else ""
    return ", ".join(printable(masked(name)) for name in every[:MOST_LISTED]) + more


def masked(text: str) -> str:
    """The text without what follows ``service://``: whatever a user takes for a name may be a
    channel's URL that slipped to the wrong place."""
    return _ADDRESS.sub(r"\1***", text)


def printable(text: str) -> str:
    """The text on one line, without what a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "�" for letter in " ".join(text.split()))


def quoted(text: str) -> str:
    """The text in double quotes, as ``told``."""
    return f'"{told(text)}"'


def told(text: str) -> str:
    """The text on one line, cut where it is long; an address is masked."""
    return shortened(masked(text[:1_000]))


def shortened(text: str) -> str:
    """The text on one line, cut where it is long."""
    line = printable(text[:1_000])
    return f"{line[:77]}..." if len(line) > 80 else line


def either(words: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number of the file's: true and false are none, though Python counts them."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def kind(value: object) -> str:
    """A YAML value in words: "a list", "text", "the number 5"."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {quoted(value)}"
        case list():
            return "a list"
        case _:
            return "a mapping"
