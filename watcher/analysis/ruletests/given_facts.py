"""The user's own numbers and texts as a rule test gives them, in place of those of the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from watcher.categories import CategoryLookup, CategoryName, KnownCategories, is_id
from watcher.rules.files.cells import Decimals, cell_of, plain_number
from watcher.rules.files.fact_files import FactFile
from watcher.rules.own_facts import FactTable
from watcher.words import Wrong, kind, quoted

Given = Mapping[str, Mapping[str, object]]  # by product, the values by column


def with_given(table: FactTable, given: Given) -> FactFile:
    """A table in which these products have exactly these values, and others what they had."""
    rows = {key: place for key, place in table.rows.items() if key not in given}
    kept = list(rows.values())
    rows = {key: place for place, key in enumerate(rows)}
    rows |= {key: len(kept) + place for place, key in enumerate(given)}
    numbers = {
        name: np.array([*values[kept], *_numbers(name, given)], np.float64)
        for name, values in table.numbers.items()
    }
    texts = {
        name: [*(values[place] for place in kept), *_texts(name, given)]
        for name, values in table.texts.items()
    }
    lines = [*(table.lines[place] for place in kept), *[0] * len(given)]
    return FactFile(FactTable(table.file, rows, numbers, texts, lines, table.units), ())


def fact_value(table: FactTable, name: str, value: object) -> object:
    """A value of a column as a test writes it; ``Wrong`` of what does not fit."""
    if value is None or (isinstance(value, str) and value.strip() in ("", "_")):
        return None
    if isinstance(value, list | dict | bool):
        raise Wrong(f"takes one value for all scans, not {kind(value)}")
    text = str(value).strip()
    if name in table.texts:
        return text
    number = plain_number(text)
    cell = cell_of(text) if number is None else None
    number = cell.value(Decimals.DOT) if cell is not None else number
    if number is None:
        raise Wrong(f"{quoted(text)} is no number: one value holds for all scans, as 19.90")
    return number


def _numbers(name: str, given: Given) -> Sequence[object]:
    values = (each.get(name) for each in given.values())
    return [np.nan if value is None else value for value in values]


def _texts(name: str, given: Given) -> Sequence[str | None]:
    values = (each.get(name) for each in given.values())
    return [None if value is None else str(value) for value in values]


def given_categories(
    named: Mapping[str, object], report: Callable[[tuple[str | int, ...], str], object]
) -> Callable[[], CategoryLookup]:
    """The names of categories that the tests give, by id; what is none goes to ``report``. Without
    any, a name in the rules stands for itself: products have it in place of the id."""
    names: dict[str, str] = {}
    for each, name in named.items():
        if is_id(str(each)) and isinstance(name, str) and name.strip():
            names[str(each)] = name.strip()
        else:
            report(("categories", each), 'takes names by ids, as "601450": Beauty')
    rows = (CategoryName(name, each, 0, "", 0, name, 0) for each, name in names.items())
    known = KnownCategories(rows)
    return lambda: CategoryLookup(lambda: known, lenient=True)
