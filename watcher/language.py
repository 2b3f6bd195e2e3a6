"""Languages that people are told in, by gettext: a text is written in English where it is used, and
looked up in the catalogue of the language that is spoken.

Which one that is, is the context's (as for Django's ``override``): English, until ``spoken`` says
another. A thread begins with its own context, so what is told is worded where it is told, never on
the store's thread. Commands, errors and logs speak English.
"""

from __future__ import annotations

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
DOMAIN = "watcher"


class Language(StrEnum):
    """A language by its name in the rule file (BCP 47)."""

    ENGLISH = "en"
    CHINESE = "zh"

    @property
    def locale(self) -> str:
        """Its catalogue's folder, and its locale in CLDR."""
        return _LOCALES[self]

    @property
    def tag(self) -> str:
        """Its name for HTML, with the script."""
        return self.locale.replace("_", "-")


_LOCALES = {Language.ENGLISH: "en", Language.CHINESE: "zh_Hans"}
_spoken: ContextVar[tuple[Language, _gettext.NullTranslations | None]] = ContextVar(
    "language", default=(Language.ENGLISH, None)
)


def language() -> Language:
    """The language that is spoken here and now."""
    return _spoken.get()[0]


@contextmanager
def spoken(wanted: Language) -> Iterator[None]:
    """Speak a language within the block."""
    texts = None if wanted is Language.ENGLISH else catalogue(wanted)
    before = _spoken.set((wanted, texts))
    try:
        yield
    finally:
        _spoken.reset(before)


def texts() -> _gettext.NullTranslations | None:
    """The catalogue that is spoken from; None is English. For what remembers texts by it."""
    return _spoken.get()[1]


def gettext(text: str) -> str:
    """A text in the language that is spoken."""
    texts = _spoken.get()[1]
    return text if texts is None else texts.gettext(text)


def pgettext(context: str, text: str) -> str:
    """``gettext`` of a text that means several things, by its ``context``."""
    texts = _spoken.get()[1]
    return text if texts is None else texts.pgettext(context, text)


def ngettext(one: str, several: str, number: float) -> str:
    """``gettext`` of the text for so many."""
    texts = _spoken.get()[1]
    if texts is None:
        return one if number == 1 else several
    # Catalogues know the plurals of whole numbers: 1.5 is neither one nor none.
    return texts.ngettext(one, several, int(number) if number == int(number) else 2)


def gettext_noop(text: str) -> str:
    """The text itself: marks one of a table, which ``gettext`` looks up later."""
    return text


class _Texts(_gettext.GNUTranslations):
    """A catalogue that is asked for hundreds of texts a message: it looks each up at one go."""

    def __init__(self, compiled: BytesIO) -> None:
        super().__init__(compiled)
        found: dict[object, str] = self._catalog  # type: ignore[attr-defined]
        known = _Known((text, said) for text, said in found.items() if isinstance(text, str))
        self.gettext = known.__getitem__  # type: ignore[method-assign,assignment]


class _Known(dict[str, str]):
    """Texts by themselves in English; one that is not here is its own."""

    def __missing__(self, text: str) -> str:
        return text


@cache
def catalogue(wanted: Language) -> _gettext.GNUTranslations:
    """The texts of a language; read once, from what translators write: nothing is to be built."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - only where it is not English
    from babel.messages.pofile import read_po  # noqa: PLC0415

    compiled = BytesIO()
    with path_of(wanted).open("rb") as file:
        write_mo(compiled, read_po(file, locale=wanted.locale, domain=DOMAIN))
    compiled.seek(0)
    return _Texts(compiled)


def path_of(wanted: Language) -> Path:
    """The file of a language's texts."""
    return LOCALES / wanted.locale / "LC_MESSAGES" / f"{DOMAIN}.po"
