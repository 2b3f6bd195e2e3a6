"""Properties of characters, by Unicode, that decide about their font."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_EAST_ASIAN = frozenset(
    "cjk hiragana katakana katakana-hiragana hangul ideographic bopomofo fullwidth halfwidth "
    "kangxi left right".split()
)
# Scripts of which letters are joined, stacked, moved, or read from the right.
_SHAPED = ((0x0590, 0x109F), (0x1780, 0x18AF), (0x1900, 0x1CFF), (0xA800, 0xABFF),
           (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF), (0x10800, 0x11FFF), (0x1E800, 0x1EFFF))  # fmt: skip
_JOINERS = "\u200c\u200d"


def script(character: str) -> str:
    """A word that the file names of fonts for it have: ``thai``, ``cjk``, ``devanagari``."""
    name = unicodedata.name(character, "").lower().split(" ")[0]
    return "cjk" if name in _EAST_ASIAN else name


def is_shaped(character: str) -> bool:
    """Whether it is broken where letters are only set one after the other: a currency's sign
    among them is not."""
    code = ord(character)
    within = any(first <= code <= last for first, last in _SHAPED)
    return within and unicodedata.category(character) != "Sc"


def is_right_to_left(character: str) -> bool:
    """Whether it turns the reading direction."""
    return unicodedata.bidirectional(character) in ("R", "AL", "AN")


def is_ornament(character: str) -> bool:
    """Pictograms and what stands only with them: a name says the same without."""
    return unicodedata.category(character) in ("So", "Sk", "Cn", "Cf")


def is_letter(character: str) -> bool:
    """Whether a name can't be read without it."""
    return unicodedata.category(character)[0] in "LN"


def clusters(text: str) -> Iterator[str]:
    """Characters with the marks upon them, and with the joiners that shape them."""
    held = ""
    for character in text:
        stays = unicodedata.category(character)[0] == "M" or (
            character in _JOINERS and is_shaped(held[:1] or " ")
        )
        if held and not stays:
            yield held
            held = ""
        held += character
    if held:
        yield held
