"""The catalogues of texts: ``python -m tools.catalogue`` (``make texts``) brings them up to date.

Texts that are marked in the program and its templates are added, those that are gone are left out,
and what is still to be translated is printed. ``--merge FILE...`` takes translations from other
catalogues. Needs only Babel.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from watcher.language import DOMAIN, Language, path_of

ROOT = Path(__file__).parents[1]
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "N_": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "counted": (1, 2),
}
METHODS = [
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.j2", "jinja2"),
    ("**/templates/**.svg", "jinja2"),
    ("**.py", "python"),
]
OPTIONS = {"**/templates/**": {"trimmed": "true", "newstyle_gettext": "true"}}
HEADER = """\
# Texts of watcher. Written by `make texts`: translate what it prints.
msgid ""
msgstr ""
"Language: {locale}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""
# A field of a text that the program fills in: {count}, %(count)s.
FIELD = re.compile(r"\{[a-z_0-9.]*(?:\[[^\]]*\])?(?:![rs])?(?::[^}]*)?\}|%\([a-z_]+\)s")


def extracted() -> Catalog:
    """All texts that are marked. Raises where one has a plural in one place and none in another:
    gettext would find it in one of them only."""
    found, plural = Catalog(domain=DOMAIN), dict[tuple[str, str | None], bool]()
    options = {pattern: OPTIONS["**/templates/**"] for pattern, kind in METHODS if kind == "jinja2"}
    for file, line, text, comments, context in extract_from_dir(
        ROOT / "watcher", METHODS, options, KEYWORDS, comment_tags=("Translators:",)
    ):
        key = (_first(text), context)
        if plural.setdefault(key, isinstance(text, tuple)) is not isinstance(text, tuple):
            raise ValueError(f"{file}:{line}: {key[0]!r} is marked with a plural and without one")
        # Lines of source would change the catalogue with each edit of the program.
        found.add(text, auto_comments=comments, context=context)
    return found


def read(path: Path) -> Catalog:
    """A catalogue as it is on disk; an empty one where there is none."""
    if not path.exists():
        return Catalog(domain=DOMAIN)
    with path.open("rb") as file:
        return read_po(file, domain=DOMAIN)


def updated(language: Language, others: Sequence[Catalog] = ()) -> Catalog:
    """A language's catalogue with all texts of the program, translated as far as that is known."""
    known = read(path_of(language))
    made = Catalog(locale=language.locale, domain=DOMAIN, fuzzy=False)
    for message in sorted(_texts(extracted()), key=lambda each: (str(each.id), each.context or "")):
        made.add(
            message.id,
            _first_said((*others, known), message),
            auto_comments=message.auto_comments,
            context=message.context,
        )
    return made


def _first_said(catalogues: Sequence[Catalog], message: Message) -> str | list[str]:
    for each in catalogues:
        if said := _said(each, message):
            return said
    return ""


def _said(catalogue: Catalog, message: Message) -> str | list[str]:
    found = catalogue.get(message.id, message.context)
    if found is None or not is_translated(found):
        return ""
    return [*_each(found.string)] if message.pluralizable else _first(found.string or "")


def _texts(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def is_translated(message: Message) -> bool:
    """Whether it has a translation in full."""
    return all(_each(message.string)) and not message.fuzzy


def untranslated(catalogue: Catalog) -> list[str]:
    """Texts that have no translation."""
    return [_first(message.id) for message in _texts(catalogue) if not is_translated(message)]


def unlike(catalogue: Catalog) -> list[str]:
    """Texts whose translation has other fields."""
    return [
        _first(message.id)
        for message in _texts(catalogue)
        if is_translated(message) and not _fits(message)
    ]


def _fits(message: Message) -> bool:
    """Whether each translation has the fields of the text (of that for one or for several)."""
    allowed = [set(FIELD.findall(each)) for each in _each(message.id)]
    return all(set(FIELD.findall(each)) in allowed for each in _each(message.string))


def _each(texts: str | Sequence[str] | None) -> Sequence[str]:
    """The text, or those for one and for several; of a plural without them one that is empty."""
    return (texts or "",) if isinstance(texts, str | None) else texts or ("",)


def _first(text: str | Sequence[str]) -> str:
    return text if isinstance(text, str) else text[0]


def as_file(catalogue: Catalog) -> bytes:
    """A catalogue as it stands on disk: without dates and versions, so that the same texts give the
    same bytes."""
    written = BytesIO()
    write_po(written, catalogue, width=100, omit_header=True)
    header = HEADER.format(plurals=catalogue.plural_forms, locale=catalogue.locale_identifier)
    return header.encode() + written.getvalue()


def main(words: Sequence[str]) -> int:
    """Write the catalogues; 1 where texts are left to translate."""
    others = [read(Path(each)) for each in words if each != "--merge"]
    left = 0
    for language in Language:
        if language is Language.ENGLISH:
            continue
        made = updated(language, others)
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_file(made))
        for text in untranslated(made):
            print(f"{path.relative_to(ROOT)}: not translated: {text!r}")
            left += 1
        for text in unlike(made):
            print(f"{path.relative_to(ROOT)}: other fields in the translation of {text!r}")
            left += 1
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
