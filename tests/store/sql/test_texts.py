"""Long texts by meaning, currencies, half characters."""

from __future__ import annotations

import pytest

from watcher.model import LongTexts
from watcher.store.nul import clean, clean_all
from watcher.store.sql.recording import (
    currency_of,
    meaning,
    pack_texts,
    unpack_texts,
)


@pytest.mark.parametrize(
    ("skus", "currency"),
    [
        ('[{"real_price":{"price_str":"$1.99","price_val":"1.99","currency":"USD"}}]', "USD"),
        ('[{"real_price":{"currency_name":"GBP","currency":"£"}}]', "GBP"),
        ('[{"real_price":{"currency":"$"}},{"real_price":{"currency":"sgd"}}]', "SGD"),
        ('[{"real_price":null},{"real_price":7},4,{"other":1}]', None),
        ("[]", None),
        ("{}", None),
        ("null", None),
        ("plain text", None),
        ('[{"real_price":{"currency":', None),
        ("[" * 100_000, None),
        ('[{"real_price":{"currency":"\ud800"}}]', None),
        ("", None),
        (None, None),
    ],
)
def test_currency_in_any_form(skus: str | None, currency: str | None) -> None:
    """Both forms of the API, and nothing from what is neither."""
    assert currency_of(skus) == currency


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[{"url":"https://a.b/1.webp?sig=1&t=2"}]', '[{"url":"https://a.b/1.webp?sig=9"}]'),
        (
            '[{"url":"u1","index":1},{"url":"u2","index":2}]',
            '[{"index":2,"url":"u2"},{"index":1,"url":"u1"}]',
        ),
        ("see https://a.b/c?x=1 there", "see https://a.b/c?y=2 there"),
        ('{"a":1}', '{ "a": 1 }'),
    ],
)
def test_tokens_and_order_have_no_meaning(before: str, after: str) -> None:
    """Rotating tokens, the order of pictures and spacing do not count as a change."""
    assert meaning(LongTexts(cover_url=before)) == meaning(LongTexts(cover_url=after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[{"url":"https://a.b/1.webp?s=1"}]', '[{"url":"https://a.b/2.webp?s=1"}]'),
        ("What? This", "What? That"),
        (None, ""),
    ],
)
def test_other_texts_are_a_change(before: str | None, after: str) -> None:
    """A question mark outside an address cuts nothing off."""
    assert meaning(LongTexts(desc_detail=before)) != meaning(LongTexts(desc_detail=after))


def test_texts_come_back() -> None:
    """Packed and unpacked they are what they were, but for half characters."""
    texts = LongTexts("a", None, "ü 🎃", "x\ud800y")
    assert unpack_texts(pack_texts(texts)) == LongTexts("a", None, "ü 🎃", "x?y")


@pytest.mark.parametrize("text", [None, "", "plain", "ü 🎃"])
def test_whole_texts_stay(text: str | None) -> None:
    """Only what SQLite can't hold is replaced."""
    assert clean(text) == text


@pytest.mark.parametrize("bad", [0, 1, 2, 3])
def test_a_column_is_cleaned_text_by_text(bad: int) -> None:
    """Wherever half a character stands, also where the next text begins with the other half."""
    texts = [None, "ü 🎃", "", "plain", "\ude00 end"]
    assert clean_all(texts[:-1]) == texts[:-1]
    texts[bad] = "half \ud83d"
    assert clean_all(texts) == [clean(text) for text in texts]
    assert "\ud83d" not in "".join(filter(None, clean_all(texts)))
