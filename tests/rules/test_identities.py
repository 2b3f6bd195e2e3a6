"""What is known again by its text is so whatever language is spoken where the text is made."""

from __future__ import annotations

import re
from pathlib import Path

from watcher.language import Language, spoken
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook

EXAMPLE = Path(__file__).parents[2] / "rules.example.yaml"
NAMES = re.findall(r"\$\{(\w+)\}", EXAMPLE.read_text("utf-8"))


def _book() -> Rulebook:
    return load([EXAMPLE], dict.fromkeys(NAMES, "json://localhost/"))


def _identities(book: Rulebook) -> list[object]:
    """All that the store knows again, and all by which conditions are told apart."""
    return [
        *(rule.mark for rule in book.rules),
        *(rule.conditions for rule in book.rules),
        *(watch.mark for watch in book.used_watches),
        *(watch.asks for watch in book.used_watches),
        *(report.schedule for report in book.reports),
    ]


def test_no_identity_speaks() -> None:
    """Read in English and asked in another language, or read in that one: the same."""
    expected = _identities(_book())
    assert len(expected) > 50
    with spoken(Language.CHINESE):
        read_here = _identities(_book())
    assert read_here == expected
    book = _book()
    with spoken(Language.CHINESE):
        assert _identities(book) == expected
