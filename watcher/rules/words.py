"""Words that the messages share: nearest names, kinds of values, lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class Wrong(ValueError):
    """What the user wrote does not fit; the text says why, and what would."""


class WrongOption(Wrong):
    """The same of an option beside an operator, as ``from``."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


_LONGEST_GUESS = 80  # a longer text is no mistyped name, and comparing it takes time


def nearest(name: str, names: Iterable[str], count: int = 3) -> str:
    """``, did you mean "x" or "y"?`` with the nearest names; empty where none is near."""
    if len(name) > _LONGEST_GUESS:
        return ""
    by_folded = {candidate.casefold().replace("-", "_"): candidate for candidate in names}
    wanted = name.casefold().replace("-", "_").replace(" ", "_")
    found = get_close_matches(wanted, by_folded, n=count, cutoff=0.7)
    if not found:
        return ""
    # Only what is about as near as the nearest: a long list helps nobody.
    return f", did you mean {either([quoted(by_folded[match]) for match in found])}?"


def printable(text: str) -> str:
    """The text on one line, without what a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "�" for letter in " ".join(text.split()))


def quoted(text: str) -> str:
    """The text in double quotes, cut where it is long, on one line."""
    line = printable(text)
    return f'"{line[:77]}..."' if len(line) > 80 else f'"{line}"'


def either(words: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def kind(value: object) -> str:
    """What a YAML value is, in words: "a list", "text", "the number 5"."""
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
