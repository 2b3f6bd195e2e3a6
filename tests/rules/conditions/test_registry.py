"""The table of operators."""

from watcher.rules.conditions.other_words import OTHER_WORDS
from watcher.rules.conditions.registry import (
    NUMBER_BY_NAME,
    NUMBER_OPERATORS,
    OPTIONS,
    TEXT_BY_NAME,
    TEXT_OPERATORS,
)


def test_names_are_unique_and_described() -> None:
    """Every row has its own name and a meaning."""
    for rows, by_name in ((NUMBER_OPERATORS, NUMBER_BY_NAME), (TEXT_OPERATORS, TEXT_BY_NAME)):
        assert len(rows) == len(by_name)
        assert all(row.meaning for row in by_name.values())


def test_options_are_known() -> None:
    """An operator's options are described, and other words point to real ones."""
    assert {option for row in NUMBER_OPERATORS for option in row.options} == set(OPTIONS)
    assert set(OTHER_WORDS.values()) <= {*NUMBER_BY_NAME, *TEXT_BY_NAME, *OPTIONS}
