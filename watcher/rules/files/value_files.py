"""A text file with a value a line, as ``{file: authorised.txt}`` names it. An address of a seller's
or a product's page is its id."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from watcher.errors import Problem, RulesError
from watcher.rules.files.plain_text import text_of
from watcher.source.addresses import PRODUCT, SELLER, Ruined, id_in_cell, id_of
from watcher.words import Wrong

MOST_VALUES = 1_000_000
_LONGEST = 1_000


def read_values(content: bytes, file: str) -> Mapping[str, int]:
    """The values, each with its line; lines that are empty or begin with # are none, nor is what
    follows a #. Raises ``RulesError``."""
    try:
        text, _ = text_of(content)
    except Wrong as error:
        raise _refused(file, str(error)) from None
    found: dict[str, int] = {}
    for line, raw in enumerate(text.splitlines(), start=1):
        value = _value(raw, file, line)
        if value:
            found.setdefault(value, line)
    if not found:
        raise _refused(file, "has no value in it: write one a line")
    if len(found) > MOST_VALUES:
        raise _refused(file, f"has more than {MOST_VALUES:,} values")
    return found


def _value(raw: str, file: str, line: int) -> str:
    plain = raw.strip().lstrip("\ufeff")
    if plain.startswith("#"):
        return ""
    plain = plain.partition(" #")[0].partition("\t#")[0].rstrip().rstrip(",;").rstrip()
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'":
        plain = plain[1:-1]
    if len(plain) > _LONGEST:
        raise _refused(file, f"has more than {_LONGEST:,} characters", line)
    try:
        id_in_cell(plain)
    except Ruined as error:
        raise _refused(file, str(error), line) from None
    except Wrong:
        pass  # any text may stand there
    return _id_in(plain)


def _id_in(value: str) -> str:
    """The id in an address of a seller's or a product's page; any other value as it is."""
    is_address = "/" in value and not any(letter.isspace() for letter in value)
    for thing in (SELLER, PRODUCT) if is_address else ():
        with suppress(Wrong):
            return id_of(value, thing)
    return value


def _refused(file: str, message: str, line: int = 0) -> RulesError:
    return RulesError((Problem(file, line, 1 if line else 0, "", message),))
