"""Whether the lists that something speaks of are sorted, so that their products have ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from watcher.rules.conditions.compiling import NO_SORT, SORT, Compiler
from watcher.rules.conditions.registry import WORDS
from watcher.rules.files.rule_file import Entry
from watcher.rules.metrics import Catalogue
from watcher.rules.rulebook import Watch
from watcher.words import listing


@dataclass(frozen=True, slots=True)
class Sorted:
    """Whether all of a rule's watches have a sort, so that there are ranks; where they are several
    ``not_these`` names those that have none. ``how`` says how they get one."""

    all: bool
    not_these: str
    how: str = SORT

    @classmethod
    def of(cls, watches: Sequence[Watch]) -> Self:
        names = [watch.name for watch in watches if not watch.query.ranked]
        how = SORT if all(watch.query.of_market for watch in watches) else NO_SORT
        return cls(not names, listing(names) if len(watches) > 1 else "", how)

    def compiler(self, entry: Entry, catalogue: Catalogue, *, words: bool = True) -> Compiler:
        """A compiler of conditions in ``entry`` on what these lists have; without ``words`` each
        speaks of a metric or a text."""
        file = entry.file
        return Compiler(
            catalogue, file.report, self.all, self.how, lists=file.values,
            unsorted=self.not_these, warn=file.warn, words=WORDS if words else {},
        )  # fmt: skip
