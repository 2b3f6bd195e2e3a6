"""Rules that go on with the last good copy of a file beside them, once that can't be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from watcher.errors import RulesError
from watcher.page_text import PageText
from watcher.rules.rulebook import Rulebook


@dataclass(slots=True)
class KeepingLoader:
    """Reads rules with ``read``, which is given the copies of files that were good last; the first
    ones may be ``stored``, by an earlier run. ``read_draft`` reads them with a text for the page's
    rules, of which nothing may be wrong."""

    read: Callable[[Mapping[str, bytes]], Rulebook]
    stored: Callable[[], Mapping[str, bytes]] = dict
    kept: Mapping[str, bytes] = field(default_factory=dict)
    read_draft: Callable[[Mapping[str, bytes], PageText], Rulebook] | None = None

    def __call__(self) -> Rulebook:
        """The rules; raises ``RulesError``."""
        try:
            book = self.read(self.kept)
        except RulesError:
            if self.kept or not (stored := self.stored()):
                raise
            book = self.read(stored)
        self.kept = {each.path: each.content for each in book.beside}
        return book

    def draft(self, page: PageText) -> Rulebook:
        """The rules as they would be with another text of the page; raises ``RulesError``."""
        assert self.read_draft is not None  # noqa: S101 - who has none asks for none
        return self.read_draft(self.kept or self.stored(), page)
