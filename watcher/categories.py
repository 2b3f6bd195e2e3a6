"""Categories by name: which id a name stands for, on which of three levels.

A name stands for an id for good: of names that changed or vanished the source's former ones are
kept, and where one name came to stand for several it is that of the one that had it first. So no
rule file that was ever good is made wrong by the source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from watcher.errors import WatcherError
from watcher.words import Wrong, listing, nearest, quoted

CATEGORY = "category"  # the word of the rule file for a category of whichever level
LEVELS = ("category_id", "category_l2_id", "category_l3_id")
BELOW = ">"  # between the names of a category and the one above it
UNKNOWN = "0"  # the source's id for no category
_COMMA = re.compile(r"\s*,\s*")
_MOST_PARTS = 6  # of a name with commas in it
_FEW = 5


@dataclass(frozen=True, slots=True)
class CategoryName:
    """A name that a category has, or had: since when it is known; ``now`` is the name that the
    category has by now, which the source gave last at ``read``."""

    name: str
    category_id: str
    level: int
    parent: str
    since: int
    now: str
    read: int


@dataclass(frozen=True, slots=True)
class FoundCategory:
    """The category that a text stands for. ``level`` is 0 where it is not known; ``doubt`` is what
    is odd about the name."""

    category_id: str
    level: int = 0
    name: str = ""
    doubt: str = ""


def is_id(text: str) -> bool:
    """Whether it is a category's id: digits."""
    return text.isascii() and text.isdigit()


def _normal(name: str) -> str:
    return _COMMA.sub(", ", " ".join(name.casefold().split()))


class KnownCategories:
    """All names that are known, those of former days among them."""

    def __init__(self, names: Iterable[CategoryName] = ()) -> None:
        self._names = tuple(names)

    def __bool__(self) -> bool:
        return bool(self._names)

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[CategoryName]]:
        found: dict[str, list[CategoryName]] = {}
        for each in self._names:
            found.setdefault(_normal(each.name), []).append(each)
        return found

    @cached_property
    def _by_id(self) -> Mapping[str, Sequence[CategoryName]]:
        found: dict[str, list[CategoryName]] = {}
        for each in self._names:
            found.setdefault(each.category_id, []).append(each)
        return found

    @cached_property
    def _last_read(self) -> Mapping[tuple[int, str], int]:
        """Return when each branch was read last."""
        found: dict[tuple[int, str], int] = {}
        for each in self._names:
            branch = each.level, each.parent
            found[branch] = max(found.get(branch, 0), each.read)
        return found

    def ids(self) -> list[str]:
        """The ids of all that have a name."""
        return [*self._by_id]

    def names(self, level: int = 0) -> list[str]:
        """The names that categories have now, of all levels or of one; those that several have
        stand with the names above them."""
        now = {each.category_id: each for each in self._names if level in (0, each.level)}
        known = Counter(each.now for each in now.values())
        return [
            self.path(each.category_id) if known[each.now] > 1 else each.now
            for each in now.values()
        ]

    def level_of(self, category_id: str) -> int:
        """The level at which an id stands; 0 where it is not known."""
        return next((each.level for each in self._by_id.get(category_id, ())), 0)

    def parent_of(self, category_id: str) -> str:
        """The id of the category above it; empty where it is not known, or there is none."""
        return next((each.parent for each in self._by_id.get(category_id, ())), "")

    def path(self, category_id: str) -> str:
        """``Beauty & Personal Care > Skincare``."""
        names: list[str] = []
        while category_id in self._by_id and len(names) < len(LEVELS):
            names.append(self._by_id[category_id][0].now)
            category_id = self.parent_of(category_id)
        return f" {BELOW} ".join(reversed(names))

    def find(self, text: str, level: int = 0) -> FoundCategory:
        """The category that a name stands for, of any level or of one; with the names above it, as
        ``Beauty > Skincare``, where several have it. Raises ``Wrong``."""
        named = [*self._named(text)]
        there = [each for each in named if level in (0, each.level) or not each.level]
        if not there:
            raise Wrong(
                self._elsewhere(text, level, named) if named else self._unknown(text, level)
            )
        ids = dict.fromkeys(each.category_id for each in there)
        since = {each: min(one.since for one in there if one.category_id == each) for each in ids}
        first = [each for each in ids if since[each] == min(since.values())]
        if len(first) > 1:
            which = " or ".join(f"{quoted(self.path(each))} ({each})" for each in first[:_FEW])
            raise Wrong(
                f"{quoted(text)} is the name of several categories: write {which}, or an id"
            )
        (chosen,) = first
        others = [each for each in ids if each != chosen]
        entry = next(each for each in there if each.category_id == chosen)
        return FoundCategory(chosen, entry.level, entry.name, self._doubt(entry, others))

    def cut_by_comma(self, parts: Sequence[str]) -> str:
        """The name that begins with the first of these texts, which a comma has cut; empty where
        none does."""
        for size in range(min(len(parts), _MOST_PARTS), 1, -1):
            if found := self._by_name.get(_normal(", ".join(parts[:size]))):
                return found[0].name
        return ""

    def _named(self, text: str) -> Iterator[CategoryName]:
        """The names that a text is, with those above them where it says some."""
        whole = self._by_name.get(_normal(text))
        if whole:
            yield from whole
            return
        *above, last = text.split(BELOW)
        for each in self._by_name.get(_normal(last), ()) if above else ():
            if self._stands_below(each, above):
                yield each

    def _stands_below(self, entry: CategoryName, above: Sequence[str]) -> bool:
        parent = entry.parent
        for name in reversed(above):
            known = self._by_id.get(parent, ())
            if _normal(name) not in {_normal(each.name) for each in known}:
                return False
            parent = self.parent_of(parent)
        return True

    def _elsewhere(self, text: str, level: int, named: Sequence[CategoryName]) -> str:
        there = named[0].level
        key = LEVELS[there - 1] if 0 < there <= len(LEVELS) else CATEGORY
        return (
            f"{quoted(text)} is a category of level {there}, not {level}: write {key}, or "
            f"{CATEGORY} for whichever level"
        )

    def _unknown(self, text: str, level: int) -> str:
        what = f"{quoted(text)} is no category's name or id"
        begins = _normal(text) + ","
        longer = next((each for each in self._names if _normal(each.name).startswith(begins)), None)
        if longer is not None:
            return f"{what}{_in_quotes(longer.name)}"
        hint = nearest(text, self.names(level) or self.names())
        return f"{what}{hint or self._where_to_look(level)}"

    def _where_to_look(self, level: int) -> str:
        """The way on where no name is near: those below the first level are read by branches."""
        lists = "`watcher source categories --json` lists those that are known"
        if level == 1:
            return f": {lists}"
        top = next((each.now for each in self._names if each.level == 1), "NAME")
        return f": {lists}, and --below {quoted(top)} reads the names below one, for 1 credit"

    def _doubt(self, entry: CategoryName, others: Sequence[str]) -> str:
        name, stands = quoted(entry.name), f"it stands for {entry.category_id}, as before"
        if others:
            also = listing(f"{self.path(each)} ({each})" for each in others)
            return f"{name} is by now the name of {also}, too: {stands}"
        if _normal(entry.now) != _normal(entry.name):
            return f"{name} is called {quoted(entry.now)} by now: {stands}"
        if entry.read < self._last_read[entry.level, entry.parent]:
            return f"the source lists no category {name} any more: {stands}"
        return ""


def _in_quotes(name: str) -> str:
    return (
        f": a comma ends a text between braces and brackets, so put the whole name in quotes, as "
        f'"{name}"'
    )


@dataclass
class CategoryLookup:
    """The ids that names of categories in a rule file stand for, ``read`` once one is met.
    ``named`` are the categories that were found by their names. One that is ``lenient`` takes a
    name that is not known for itself: for who only reads the rest of the file."""

    read: Callable[[], KnownCategories] = KnownCategories
    lenient: bool = False
    named: dict[str, FoundCategory] = field(default_factory=dict)
    trouble: str = ""

    @cached_property
    def known(self) -> KnownCategories:
        """All names; none where the database can't tell, for which it has ``trouble``."""
        try:
            return self.read()
        except WatcherError as error:
            self.trouble = str(error)
            return KnownCategories()

    def find(self, text: str, level: int = 0) -> FoundCategory:
        """The category that a name or an id stands for. Raises ``Wrong``."""
        written = text.strip()
        if is_id(written):
            return FoundCategory(written, level)
        if self.lenient and not self.known:
            return FoundCategory(written, level)
        if not self.known:
            how = "`watcher source probe --endpoint categories` asks for them, for 1 credit"
            why = f"no names of categories are known here: {self.trouble or how}"
            what = f"{quoted(text)} is no category's id, which is digits"
            raise Wrong(f"{what}, and {why}; or write the id")
        found = self.known.find(written, level)
        self.named[written] = found
        return found

    def cut(self, parts: Sequence[str]) -> str:
        """Say what is wrong with a name that a comma has cut into these parts; empty where it is
        none. Asked only where the first of them is no name."""
        if len(parts) < 2 or any(map(is_id, parts[:2])) or not self.known:
            return ""
        whole = self.known.cut_by_comma(parts)
        return f"{quoted(parts[0])} is no whole name{_in_quotes(whole)}" if whole else ""
