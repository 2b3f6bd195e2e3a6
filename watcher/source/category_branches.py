"""Branches of the tree of categories: which to ask for, to have the names that are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from watcher.categories import LEVELS, UNKNOWN, KnownCategories
from watcher.source.endpoints import CATEGORIES
from watcher.source.probing import LANGUAGE, Question

Triple = Sequence[str | None]  # the categories of a product, of level 1, 2 and 3


@dataclass(frozen=True, slots=True)
class Branch:
    """Categories below ``parent`` ("" for those of level 1)."""

    parent: str
    level: int

    def question(self, path: str) -> Question:
        """The request that asks for it."""
        below = {"parent_id": self.parent} if self.parent else {}
        return Question(CATEGORIES, path, {"language": LANGUAGE, **below}, level=self.level)


def nameless(triples: Sequence[Triple], names: Mapping[str, str]) -> Iterator[Branch]:
    """The branches of products' categories that have no name yet: each once, the upper ones
    first."""
    if not names or any(_lacks(first, names) for first, *_ in triples):
        yield Branch("", 1)
    for level in range(2, len(LEVELS) + 1):
        above = {each[level - 2] for each in triples if _lacks(each[level - 1], names)}
        for parent in sorted(each for each in above if each and each != UNKNOWN):
            yield Branch(parent, level)


def around(ids: Iterable[str], known: KnownCategories) -> Iterator[Branch]:
    """The branches in which these categories stand, and those above: each once, the upper ones
    first."""
    branches = {Branch("", 1)}
    for each in ids:
        category_id = each
        while parent := known.parent_of(category_id):
            branch = Branch(parent, known.level_of(category_id))
            if branch in branches:  # and those above it; an answer may even go round in circles
                break
            branches.add(branch)
            category_id = parent
    yield from sorted(branches, key=lambda each: (each.level, each.parent))


def _lacks(category: str | None, names: Mapping[str, str]) -> bool:
    return bool(category) and category != UNKNOWN and category not in names
