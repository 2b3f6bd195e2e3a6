"""A watch's filters by category: by id, or by name, on a level or on whichever the name stands."""

from __future__ import annotations

from collections.abc import Mapping

from watcher.categories import CATEGORY, LEVELS, CategoryLookup, FoundCategory, is_id
from watcher.identity import digest
from watcher.rules.files.rule_file import Entry
from watcher.words import kind, quoted

_KEYS = (CATEGORY, *LEVELS)


class CategoryFilters:
    """Turns the names in a watch into ids. ``written`` says under which key each filter stands,
    ``wrong`` whether something was reported."""

    def __init__(self, lookup: CategoryLookup, entry: Entry) -> None:
        self._lookup = lookup
        self._entry = entry
        self.written: dict[str, str] = {}
        self.wrong = False

    def with_ids(self, asked: Mapping[str, object]) -> dict[str, object]:
        """The keys of a watch with ids in place of names; what was reported is left out."""
        read = dict(asked)
        for key in _KEYS:
            if key in asked:
                self._read(key, read)
        return read

    def _read(self, key: str, read: dict[str, object]) -> None:
        value = read[key]
        if key == CATEGORY:
            del read[key]
            self._of_any_level(value, read)
        elif isinstance(value, str) and not is_id(value.strip()) and value.strip():
            found = self._found(key, value, LEVELS.index(key) + 1)
            read[key] = found.category_id if found is not None else "0"

    def _of_any_level(self, value: object, read: dict[str, object]) -> None:
        if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
            takes = f'takes the name or id of one category, as {CATEGORY}: "Beauty"'
            several = "; for several write a watch for each, and name them all in the rule"
            self._report(CATEGORY, f"{takes}, not {kind(value)}{several}")
            return
        text = str(value).strip()
        found = self._found(CATEGORY, text, 0)
        if found is None:
            return
        level = found.level or self._lookup.known.level_of(text)
        if not level:
            self._entry[CATEGORY].warn(
                f"the level of {quoted(text)} is not known here, so it is taken for 1: write "
                f"{LEVELS[1]} or {LEVELS[2]} where it is another"
            )
        name = LEVELS[max(1, min(level, len(LEVELS))) - 1]
        if name in read:
            self._report(
                CATEGORY,
                f"{quoted(text)} is a category of level {level or 1}: {name} stands beside it",
            )
            return
        self.written[name] = CATEGORY
        read[name] = found.category_id

    def _found(self, key: str, text: str, level: int) -> FoundCategory | None:
        try:
            found = self._lookup.find(text, level)
        except ValueError as error:
            self._report(key, str(error))
            return None
        if found.doubt:
            self._entry[key].warn(found.doubt)
        if is_id(found.category_id):
            return found
        # Nobody knows it, and nobody is going to ask for it: another name is another list.
        return FoundCategory(str(int(digest(text)[:12], 16)), found.level)

    def _report(self, key: str, message: str) -> None:
        self._entry[key].report(message)
        self.wrong = True
