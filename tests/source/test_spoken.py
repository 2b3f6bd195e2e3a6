"""The words of long texts, and the texts that a scan makes of them."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.attributes import MADE
from watcher.source.decoding import decoder_of
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.rows import Rows
from watcher.source.spoken import LONGEST, MOST_VARIANTS, description_of, variants_of

BLOCKS = json.dumps(
    [
        {"type": "text", "text": "One. "},
        {"type": "ul", "content": ["a", "b"]},
        {"type": "image", "image": {"url_list": ["https://x.io/a.webp?token=1"]}},
    ]
)
PROPS = json.dumps(
    [{"prop_name": "Size", "sale_prop_values": [{"prop_value_id": "7", "prop_value": "S"}]}]
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, None), ("", ""), ("[]", ""), (BLOCKS, "One.\na\nb"), ("Plain words", "Plain words"),
        ('[{"text":"bro', '[{"text":"bro'), ("null", ""),
    ],
)  # fmt: skip
def test_description(text: str | None, words: str | None) -> None:
    """What is for people; pictures and their tokens are not."""
    assert description_of(text) == words


@pytest.mark.parametrize(
    ("skus", "names"),
    [
        (None, None), ("broken [", None), ("5", None), ("[]", ""),
        ('[{"sku_id":"70","sale_prop_value_ids":"7"},{"sku_id":"80"}]', "S\n80"),
        ('[{"sku_id":"1","property_value_name":"Red\\nL"}]', "Red L"),
        ("[{}]", "?"),
    ],
)  # fmt: skip
def test_variants(skus: str | None, names: str | None) -> None:
    """One a line, by id where there is no name; what is no list of them is not known."""
    assert variants_of(skus, PROPS) == names


@given(st.text() | st.none(), st.text() | st.none())
def test_any_text(one: str | None, other: str | None) -> None:
    """Nothing in a text is an error."""
    assert (description_of(one) is None) is (one is None)
    variants_of(one, other)


def test_bounded() -> None:
    """However long they are."""
    found = description_of("word\n" * 10_000)
    assert found is not None
    assert len(found) <= LONGEST
    many = variants_of(json.dumps([{"sku_id": str(each)} for each in range(5_000)]), None)
    assert many is not None
    assert len(many.split("\n")) == MOST_VARIANTS


@pytest.mark.parametrize("made", [(), ("variants",), MADE])
def test_made_for_every_product_where_they_are_asked_for(made: tuple[str, ...]) -> None:
    """And the long ones themselves are not kept for that."""
    rows = Rows(20, lambda _: False, made=made)
    for page in (1, 2):
        data = [
            {
                "product_id": f"{page}{place}",
                "desc_detail": BLOCKS,
                "skus": f'[{{"sku_id":"{place}"}}]',
            }
            for place in range(10)
        ]
        body = msgspec.json.encode({"code": 0, "data": data})
        rows.put(page, decoder_of(PRODUCT_LIST).decode(body))
    texts = rows.join().texts
    assert {*MADE} & texts.keys() == {*made}
    for name, first in (("description", "One.\na\nb"), ("variants", "0")):
        if name in made:
            assert (texts[name][0], len(texts[name])) == (first, 20)
    assert rows.long_texts == {}
