"""Tests of the table of fields and parameters."""

from __future__ import annotations

from tests.source.scripted import SAMPLE_PRODUCT
from watcher.fields import (
    BY_NAME,
    FIELDS,
    LONG_TEXTS,
    NUMERIC,
    NUMERIC_INDEX,
    NUMERIC_NAMES,
    TEXTS,
    FieldType,
)
from watcher.source.endpoint import Use
from watcher.source.endpoints import PRODUCT_LIST
from watcher.units import Unit


def test_the_fields_are_those_of_the_sample() -> None:
    """The vendor's sample has exactly the fields of the table."""
    assert {field.name for field in FIELDS} == set(SAMPLE_PRODUCT)
    assert len(FIELDS) == len(BY_NAME) == 100


def test_a_field_is_of_the_kind_in_the_sample() -> None:
    """What is a number in the sample is kept as a number, what is a text as a text."""
    for field in FIELDS:
        is_number = isinstance(SAMPLE_PRODUCT[field.name], int | float)
        assert is_number == (field.type is FieldType.NUMBER), field.name
        assert (field.unit is Unit.TEXT) == (field.type is not FieldType.NUMBER), field.name
        assert field.label, field.name
        assert field.meaning, field.name


def test_the_kinds_share_the_fields() -> None:
    """8 short texts with the id first, 4 long ones, 88 numbers with their columns."""
    assert (len(TEXTS), len(LONG_TEXTS), len(NUMERIC)) == (8, 4, 88)
    assert TEXTS[0].name == "product_id"
    assert [NUMERIC_INDEX[name] for name in NUMERIC_NAMES] == list(range(88))


def test_windows_belong_to_families() -> None:
    """A windowed field's name has its window in the family's pattern."""
    windowed = [field for field in FIELDS if field.window]
    assert len(windowed) == 11 * 6
    assert all(field.name == field.family.format(f"{field.window}d_") for field in windowed)


def test_there_are_36_parameters() -> None:
    """Every parameter once; two are the daemon's own, two are the sort's."""
    names = [parameter.name for parameter in PRODUCT_LIST.parameters]
    assert len(names) == len(set(names)) == 36
    uses = [parameter.use for parameter in PRODUCT_LIST.parameters]
    assert uses.count(Use.OWN) == 2
    assert uses.count(Use.SORT) == 2
    assert uses.count(Use.MINIMUM) == uses.count(Use.MAXIMUM)


def test_parameters_filter_by_fields() -> None:
    """What a watch can filter or sort by is a field of the answer."""
    filters = [parameter for parameter in PRODUCT_LIST.parameters if parameter.is_settable]
    assert all(parameter.field in BY_NAME for parameter in filters)
    assert set(PRODUCT_LIST.sorts) <= set(NUMERIC_NAMES)
    assert sorted(PRODUCT_LIST.sorts.values()) == list(range(1, 8))
    assert len(PRODUCT_LIST.regions) == 16
