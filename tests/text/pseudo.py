"""A language that shows what is not marked: every text of a catalogue comes in Cyrillic letters, so
that a Latin one which is left is no text of a catalogue. For tests of what is told."""

from __future__ import annotations

import gettext
import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from tools.catalogue import FIELD
from watcher import language
from watcher.language import Language, spoken

# Fonts have them, and nothing takes them for Latin ones, as it does those of full width.
_OTHER = {
    first + place: begin + place for first, begin in ((0x41, 0x410), (0x61, 0x430))
    for place in range(26)
}  # fmt: skip
_KEPT = re.compile(rf"{FIELD.pattern}|\{{\d*\}}|<[^<>]*>|&\w+;")  # fields, and markup in a text
_UNSEEN = re.compile(r"<(style|script|head)\b.*?</\1>|<[^>]*>", re.DOTALL)
_LATIN = re.compile(r"[A-Za-z][A-Za-z'-]*")


class Pseudo(gettext.NullTranslations):
    """A catalogue that has every text, in other letters."""

    def gettext(self, message: str) -> str:
        assert message, "the header of a catalogue is no text"
        return respelled(message)

    def pgettext(self, context: str, message: str) -> str:
        return respelled(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return respelled(msgid1 if n == 1 else msgid2)


def respelled(text: str) -> str:
    """A text in other letters; the fields in it stay."""
    pieces, end = [], 0
    for kept in _KEPT.finditer(text):
        pieces += [text[end : kept.start()].translate(_OTHER), kept[0]]
        end = kept.end()
    return "".join([*pieces, text[end:].translate(_OTHER)])


@contextmanager
def pseudo() -> Iterator[Language]:
    """Speak it within the block, also where the language that this yields is asked for."""
    with patch.object(language, "catalogue", lambda _wanted: Pseudo()), spoken(Language.CHINESE):
        yield Language.CHINESE


def unmarked(text: str, *data: str) -> list[str]:
    """Words in Latin letters that are neither of a catalogue nor ``data``."""
    for known in sorted(data, key=len, reverse=True):
        text = text.replace(known, "")
    return _LATIN.findall(text)


def visible(page: str) -> str:
    """What HTML shows of itself."""
    return html.unescape(_UNSEEN.sub(" ", page))
