"""Variants in every form that was seen, and in any mixture of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.source.skus import Sku, options_of, skus_of

PROPS = [
    {
        "prop_name": "Colour",
        "sale_prop_values": [
            {"prop_value_id": "7", "prop_value": "Red"},
            {"prop_value_id": "8", "prop_value": "Sea, blue"},
        ],
    },
    {"prop_name": "Size", "sale_prop_values": [{"prop_value_id": 9, "prop_value": "L"}]},
]
OTHER_PROPS = [
    {
        "property_name": "Colour",
        "property_values": [
            {"property_value_id": "7", "property_value_name": "Red"},
            {"property_value_id": "8", "property_value_name": "Sea, blue"},
        ],
    },
    {
        "property_name": "Size",
        "property_values": [{"property_value_id": "9", "property_value_name": "L"}],
    },
]
FLAT_PROPS = [
    {"property_name": "Colour", "property_value_id": "7", "property_value_name": "Red"},
    {"property_name": "Colour", "property_value_id": "8", "property_value_name": "Sea, blue"},
    {"property_name": "Size", "property_value_id": "9", "property_value_name": "L"},
]


def options(sku: object, props: object = None) -> tuple[str, ...]:
    """Of the one variant."""
    (found,) = skus_of([sku], props)
    return found.options


@pytest.mark.parametrize("props", [PROPS, OTHER_PROPS, FLAT_PROPS], ids=["first", "other", "flat"])
@pytest.mark.parametrize("key", ["sale_prop_value_ids", "property_value_ids", "property_value_id"])
@pytest.mark.parametrize("ids", ["8_9", "8,9", "8, 9", "8;9", "8|9", ["8", 9], "8_9_77"])
def test_ids_whose_names_stand_in_the_options(props: object, key: str, ids: object) -> None:
    """Whichever key has them, whatever joins them; an id without a name is left out."""
    assert options({"sku_id": "1", key: ids}, props) == ("Sea, blue", "L")


@pytest.mark.parametrize(
    ("sku", "said"),
    [
        ({"property_value_id": "7", "property_value_name": "Red"}, ("Red",)),
        ({"property_value_id": "7_9", "property_value_name": "Red_L"}, ("Red", "L")),
        ({"property_value_id": "7_9", "property_value_name": "Red, L"}, ("Red", "L")),
        ({"property_value_id": "7_9", "property_value_name": "Red and L"}, ("Red and L",)),
        ({"property_value_name": "Red_L"}, ("Red_L",)),
        ({"sale_prop_value_ids": "7_9", "sku_name": "Red L"}, ("Red L",)),
        (
            {
                "sale_prop_value_ids": "7_9",
                "sku_sale_props": [
                    {"prop_name": "Colour", "prop_value_id": "7", "prop_value": "Red"},
                    {"prop_name": "Size", "prop_value_id": "9", "prop_value": "L"},
                ],
            },
            ("Red", "L"),
        ),
        (
            {
                "properties": [
                    {"property_value_id": "7", "property_value_name": "Red"},
                    {"property_value_id": "9", "property_value_name": "L"},
                ]
            },
            ("Red", "L"),
        ),
        (
            {"property_pairs": [{"sku_property_value_id": 7, "sku_property_value_name": "Red"}]},
            ("Red",),
        ),
        ({"sku_id": "1"}, ()),
        ({"sale_prop_value_ids": None, "property_value_name": ""}, ()),
        ({"sale_prop_value_ids": True, "property_value_name": ["Red"]}, ()),
    ],
)
def test_names_that_stand_in_the_variant(sku: dict[str, Any], said: tuple[str, ...]) -> None:
    """Without any list of options beside it."""
    assert options(sku) == said


def test_a_joined_id_of_the_sku() -> None:
    """Variants by the ids that make them, or with such an id themselves."""
    assert options({"sku_id": "7_9"}, PROPS) == ("Red", "L")
    by_ids = {"7_9": {"real_price": "1"}, "8_9": {"sku_id": "5"}}
    assert [(sku.sku_id, sku.options) for sku in skus_of(by_ids, PROPS)] == [
        ("7_9", ("Red", "L")),
        ("5", ("Sea, blue", "L")),
    ]


def test_an_id_with_an_underscore_of_its_own() -> None:
    """Is looked for whole too."""
    props = [{"prop_name": "A", "sale_prop_values": [{"prop_value_id": "7_9", "prop_value": "x"}]}]
    assert options({"sale_prop_value_ids": "7_9"}, props) == ("x",)


@pytest.mark.parametrize("props", [PROPS, OTHER_PROPS, FLAT_PROPS], ids=["first", "other", "flat"])
def test_options_with_their_values(props: object) -> None:
    """By name, each value once."""
    assert options_of(props) == {"Colour": ["Red", "Sea, blue"], "Size": ["L"]}


@pytest.mark.parametrize("key", ["real_price", "price", "sale_price"])
@pytest.mark.parametrize(
    ("price", "amount", "currency"),
    [
        ({"price_str": "$1.99", "price_val": "1.99", "currency": "USD"}, "$1.99", "USD"),
        ({"price_val": "1.99", "currency": "usd "}, "1.99", "USD"),
        (
            {
                "currency_name": "GBP",
                "sale_price_decimal": "2.9",
                "sale_price_format": "2.90",
                "currency": "£",
            },
            "2.90",
            "GBP",
        ),
        ({"sale_price_decimal": 2.9, "currency_name": "GBP"}, "2.9", "GBP"),
        ({"currency": "£", "price_str": ""}, "", None),
        ({"real_price": {"price_str": "$1"}, "discount": "-5%"}, "$1", None),
        ("12.5", "12.5", None),
        (12.5, "12.5", None),
        (None, "", None),
        ([], "", None),
    ],
)
def test_prices(key: str, price: object, amount: str, currency: str | None) -> None:
    """As the API writes them, and the code of their currency."""
    (found,) = skus_of([{"sku_id": "1", key: price}])
    assert (found.price, found.currency) == (amount, currency)


def test_a_price_in_the_variant_itself() -> None:
    """Beside its other keys."""
    (found,) = skus_of([{"sku_id": "1", "price_str": "$5", "currency_name": "USD"}])
    assert found == Sku("1", (), "$5", "USD")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["sku_id", "sale_prop_value_ids", "property_value_id", "property_value_name",
                 "prop_value_id", "prop_value", "real_price", "currency", "price_str", "values"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON, JSON)
@settings(max_examples=100, deadline=None)
def test_any_json(skus: object, props: object) -> None:
    """Never breaks."""
    for sku in skus_of(skus, props):
        assert isinstance(sku.price, str)
    options_of(props)
