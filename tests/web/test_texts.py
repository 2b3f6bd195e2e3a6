"""A product's long texts as lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.model import LongTexts
from watcher.web.pages.product_texts import Texts, Variant, texts_of


def test_what_the_api_sends() -> None:
    """Texts and lists in order; options and variants by name; no pictures, no addresses."""
    texts = texts_of(
        LongTexts(
            cover_url='[{"url":"https://p16.example/a.webp","index":0}]',
            desc_detail='[{"type":"text","text":"One.\\nTwo."},{"type":"ul","content":["a","b"]},'
            '{"type":"image","image":{"url_list":["https://p16.example/b.webp"]}}]',
            sale_props='[{"prop_name":"Size","sale_prop_values":[{"prop_value_id":"7",'
            '"prop_value":"S"},{"image":"https://x","prop_value_id":"8","prop_value":"M"}]}]',
            skus='[{"sku_id":"70","sale_prop_value_ids":"7","real_price":{"price_str":"$1.99"}},'
            '{"sku_id":"80","sale_prop_value_ids":"9","real_price":{"sale_price_decimal":"2",'
            '"currency_name":"USD"}},{"sku_id":"90"}]',
        )
    )
    assert texts.description == ("One.", "Two.", "a", "b")
    assert texts.options == ("Size: S, M",)
    assert texts.variants == (Variant("S", "$1.99"), Variant("80", "2 USD"), Variant("90", ""))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (None, ()),
        ("", ()),
        ("Plain words.", ("Plain words.",)),
        ('[{"type":"text","te', ('[{"type":"text","te',)),
        ("null", ()),
        ("12", ()),
        ("[" * 100_000, None),
    ],
)
def test_what_is_no_json(text: str | None, lines: tuple[str, ...] | None) -> None:
    """Shown as it stands, as far as it is a text."""
    found = texts_of(LongTexts(desc_detail=text)).description
    if lines is not None:
        assert found == lines
    assert sum(map(len, found)) < 5_000


def test_long_ones_are_cut() -> None:
    """A description of a megabyte, a thousand variants."""
    texts = texts_of(
        LongTexts(
            desc_detail="word " * 200_000, skus="[" + ",".join(['{"sku_id":"1"}'] * 1_000) + "]"
        )
    )
    assert sum(map(len, texts.description)) <= 4_001
    assert len(texts.variants) == 61
    assert texts_of(None) == Texts()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON, JSON, JSON)
@settings(max_examples=40, deadline=None)
def test_any_json(description: object, options: object, variants: object) -> None:
    """Whatever the API sends one day."""
    texts_of(LongTexts(None, json.dumps(description), json.dumps(options), json.dumps(variants)))


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        ('{"price_str":"$1.99","currency":"USD"}', "$1.99"),
        ('{"price_val":"1.99","currency":"USD"}', "1.99 USD"),
        ('{"sale_price_format":"1.290,50","currency_name":"EUR","currency":"€"}', "1.290,50 EUR"),
        ('{"sale_price_format":"Rp5.000","currency_name":"IDR"}', "Rp5.000"),
        ('{"price_val":"1.99","currency":"$"}', "1.99"),
        ('{"currency":"USD"}', ""),
    ],
)
def test_a_price_says_its_currency_once(price: str, shown: str) -> None:
    """By a sign or by its code."""
    (variant,) = texts_of(LongTexts(skus=f'[{{"sku_id":"1","real_price":{price}}}]')).variants
    assert variant == Variant("1", shown)


def test_variants_with_names_of_their_own() -> None:
    """The other form: no list of options beside them."""
    texts = texts_of(
        LongTexts(
            skus='[{"sku_id":"1","property_value_id":"7_9","property_value_name":"Red_L",'
            '"real_price":{"sale_price_decimal":"2","currency_name":"USD","currency":"$"}}]'
        )
    )
    assert texts.variants == (Variant("Red, L", "2 USD"),)
