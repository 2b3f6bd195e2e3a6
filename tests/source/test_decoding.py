"""Tests of reading answers: strict about what is a page, tolerant of what is on it."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.source.scripted import SAMPLE_BODY, SAMPLE_PRODUCT, body_of, product
from watcher.errors import CreditsUsedUp, SourceError, SourceUnavailable
from watcher.fields import FIELDS, LONG_TEXTS, NUMERIC, NUMERIC_NAMES, TEXTS
from watcher.model import LongTexts
from watcher.source.decoding import Page, ProductRow, decoder_of, number_table
from watcher.source.endpoints import PRODUCT_LIST


def only(page: Page) -> ProductRow:
    """The one product of a page."""
    (found,) = page.products
    return found


def decoded(**changed: object) -> tuple[Any, tuple[str, ...]]:
    """A product with these fields after decoding, and the page's problems."""
    page = decoder_of(PRODUCT_LIST).decode(body_of([product(1, **changed)]))
    return only(page), page.problems


def same(one: Page, other: Page) -> bool:
    """Whether two pages say the same, long texts decoded."""

    def told(page: Page) -> object:
        rows = [(each.texts(), each.numbers(), each.long_texts()) for each in page.products]
        return rows, page.positions, page.rows, page.problems

    return told(one) == told(other)


# ------------------------------------------------------------------ a good page


def test_the_sample_is_read_whole_and_fast() -> None:
    """All 100 fields of the vendor's sample, without a problem, on the fast way."""
    page = decoder_of(PRODUCT_LIST).decode_fast(SAMPLE_BODY)
    assert page is not None
    assert (page.rows, page.positions, page.problems) == (1, (0,), ())
    read: Any = only(page)
    for field in (*TEXTS, *NUMERIC):
        assert getattr(read, field.name) == SAMPLE_PRODUCT[field.name], field.name
    for field in LONG_TEXTS:
        assert getattr(read.long_texts(), field.name) == SAMPLE_PRODUCT[field.name]


def test_products_are_frozen_and_typed() -> None:
    """Numbers are floats in the table's order, the id is the first text."""
    read: Any = only(decoder_of(PRODUCT_LIST).decode(SAMPLE_BODY))
    assert len(read.numbers()) == len(NUMERIC)
    assert all(isinstance(number, float) for number in read.numbers())
    assert read.texts()[0] == read.product_id == "1729873073559015752"
    with pytest.raises(AttributeError):
        read.total_sale_cnt = 5


def test_the_number_table() -> None:
    """Products by fields; what is absent is NaN."""
    page = decoder_of(PRODUCT_LIST).decode(
        body_of([product(1, total_sale_cnt=7), product(2, total_sale_cnt=None)])
    )
    table = number_table(page.products)
    column = table[:, NUMERIC_NAMES.index("total_sale_cnt")]
    assert table.shape == (2, len(NUMERIC))
    assert table.dtype == np.float64
    assert column[0] == 7.0
    assert math.isnan(column[1])
    assert number_table(()).shape == (0, len(NUMERIC))


def test_an_empty_page() -> None:
    """No products are a page: the list's end."""
    assert decoder_of(PRODUCT_LIST).decode(body_of([])) == Page((), (), 0)


def test_unknown_fields_are_ignored() -> None:
    """The API may grow."""
    page = decoder_of(PRODUCT_LIST).decode_fast(
        body_of([product(1, brand_new={"a": [1]})], extra=1)
    )
    assert page is not None
    assert only(page).product_id == "1"


# ------------------------------------------------------------------ quirks


@pytest.mark.parametrize(
    ("given_as", "number"),
    [
        (12, 12.0),
        ("12", 12.0),
        ("12.50", 12.5),
        (" 12 ", 12.0),
        ("1e3", 1000.0),
        ("+5", 5.0),
        (".5", 0.5),
        ("-3", -3.0),
        (None, None),
        (..., None),
        ("null", None),
        ("", None),
        ("-", None),
        (1e15, 1e15),
    ],
)
def test_numbers(given_as: object, number: float | None) -> None:
    """Numbers may be texts, null or missing."""
    read, problems = decoded(total_sale_cnt=given_as)
    assert read.total_sale_cnt == number
    assert problems == ()


@pytest.mark.parametrize(
    "given_as",
    ["many", "1_0", "1,000", "0x10", "nan", "inf", "１２", True, [], [5], {}, 2e15, "1e400"],
)
def test_numbers_that_are_none(given_as: object) -> None:
    """Another type, or no finite number of a possible size: absent, and said."""
    read, problems = decoded(total_sale_cnt=given_as)
    assert read.total_sale_cnt is None
    assert read.total_sale_7d_cnt == 0.0
    assert [problem.split(":")[0] for problem in problems] == ["total_sale_cnt of product 1"]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5_000])
def test_numbers_beyond_json(literal: str) -> None:
    """What strict JSON or Python refuses loses a field, not the page."""
    body = body_of([product(1, total_sale_cnt="@"), product(2)]).replace(b'"@"', literal.encode())
    page = decoder_of(PRODUCT_LIST).decode(body)
    assert [each.product_id for each in page.products] == ["1", "2"]
    assert number_table(page.products)[0, NUMERIC_NAMES.index("total_sale_cnt")] != 0
    assert len(page.problems) == 1


@pytest.mark.parametrize(
    ("given_as", "text"),
    [("5", "5"), (5, "5"), (7495981769829615944, "7495981769829615944"), ("", ""), (None, None)],
)
def test_texts(given_as: object, text: str | None) -> None:
    """Ids given as numbers become their digits."""
    read, problems = decoded(seller_id=given_as)
    assert read.seller_id == text
    assert problems == ()


@pytest.mark.parametrize("given_as", [True, 7.495981769829616e18, 1.5, [], {"id": 1}])
def test_texts_that_are_none(given_as: object) -> None:
    """Another type is absent and said; a float has lost digits of an id."""
    read, problems = decoded(seller_id=given_as)
    assert read.seller_id is None
    assert "seller_id of product 1" in problems[0]


@pytest.mark.parametrize("discount", ["", "-", "20%", None])
def test_discounts(discount: str | None) -> None:
    """A discount stays the text that it is."""
    read, problems = decoded(discount=discount)
    assert read.discount == discount
    assert problems == ()


def test_an_id_given_as_a_number() -> None:
    """A product's id may be a number too."""
    page = decoder_of(PRODUCT_LIST).decode(body_of([product(1, product_id=1729873073559015752)]))
    assert only(page).product_id == "1729873073559015752"


@pytest.mark.parametrize(
    "row",
    [
        product(1, product_id=...),
        product(1, product_id=None),
        product(1, product_id=""),
        product(1, product_id="../7"),
        product(1, product_id="1\n"),
        product(1, product_id=1.5),
        product(1, product_id=[1]),
        None,
        "text",
        [],
    ],
)
def test_one_broken_product_does_not_lose_the_page(row: object) -> None:
    """It is dropped and said; the places of the others stay what they are."""
    page = decoder_of(PRODUCT_LIST).decode(body_of([product(7), row, product(8)]))
    assert [each.product_id for each in page.products] == ["7", "8"]
    assert (page.positions, page.rows) == ((0, 2), 3)
    assert len(page.problems) == 1
    assert page.problems[0].startswith("product 2 of the page is dropped: ")


def test_control_characters() -> None:
    """A raw control character breaks strict JSON, not the page."""
    body = body_of([product(1, product_name="a@b", skus="x@y")]).replace(b"@", b"\x01")
    assert decoder_of(PRODUCT_LIST).decode_fast(body) is None
    read: Any = only(decoder_of(PRODUCT_LIST).decode(body))
    assert read.product_name == "a\x01b"
    assert read.long_texts().skus == "x\x01y"


def test_broken_characters() -> None:
    """Bytes that are no UTF-8 and half surrogates become the replacement character."""
    body = body_of([product(1, product_name="a@b", discount="\ud800")]).replace(b"@", b"\xff")
    read: Any = only(decoder_of(PRODUCT_LIST).decode(body))
    assert read.product_name == "a\ufffdb"
    assert read.discount == "\ufffd"


def test_a_byte_order_mark() -> None:
    """A mark before the JSON is no reason to lose a page."""
    assert (
        only(decoder_of(PRODUCT_LIST).decode(b"\xef\xbb\xbf" + SAMPLE_BODY)).product_id
        == "1729873073559015752"
    )


@pytest.mark.parametrize(
    ("given_as", "text"),
    [
        ("[broken", "[broken"),
        ("plain words", "plain words"),
        ("", ""),
        (None, None),
        (..., None),
        ([{"sku_id": "é"}], '[{"sku_id": "\\u00e9"}]'),
        ({"a": 1.50}, '{"a": 1.5}'),
        ("half \ud800", "half \ufffd"),
    ],
)
def test_long_texts(given_as: object, text: str | None) -> None:
    """JSON inside a text, plain text, broken JSON, null, and JSON itself."""
    read, problems = decoded(skus=given_as)
    assert read.long_texts() == LongTexts(
        **{field.name: SAMPLE_PRODUCT[field.name] for field in LONG_TEXTS} | {"skus": text}
    )
    assert problems == ()


def test_a_long_text_nested_without_end_is_absent() -> None:
    """JSON that is given as itself and too deep to be read costs that text only."""
    deep = msgspec.structs.replace(
        only(decoder_of(PRODUCT_LIST).decode(SAMPLE_BODY)), skus=msgspec.Raw(b"[" * 100_000)
    )
    assert deep.long_texts().skus is None


# ------------------------------------------------------------------ what is no page


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "it is empty"),
        (b"<html><body>Bad gateway</body></html>", "an HTML page"),
        (b"Service unavailable", '"Service unavailable"'),
        (SAMPLE_BODY[:-200], "cut off"),
        (SAMPLE_BODY + b"x", "no JSON"),
        (SAMPLE_BODY.replace(b"Halloween", b"\\q"), "no JSON"),
        (b"[]", "a list, not an object"),
        (b'"text"', "not an object"),
        (b"null", "null, not an object"),
        (body_of({}), '"data" is an object'),
        (body_of({"list": []}), '"data" is an object'),
        (body_of("[]"), '"data" is the text'),
        (body_of(None), '"data" is null'),
        (b'{"code": 0, "message": "success"}', '"data" is missing'),
        (b'{"a":' * 100_000, "nested too deeply"),
        (body_of([], code=500, message="internal"), "code 500: internal"),
        (body_of([product(1)], code=1, message=None), "code 1: no message"),
        (body_of([], code=False), "code False"),
        (body_of([], code="x", message="a\nb\x00c" + "y" * 500), "code x: a b cyyy"),
    ],
)
def test_what_is_no_page_is_an_error(body: bytes, message: str) -> None:
    """It is never an empty list, and the reason is short and printable."""
    with pytest.raises(SourceUnavailable) as caught:
        decoder_of(PRODUCT_LIST).decode(body)
    assert message in str(caught.value)
    assert caught.value.status == 200
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (402, "pay"),
        ("402", None),
        (1, "Quota exceeded"),
        (9, "not enough credits"),
        (5, "Usage limit"),
    ],
)
def test_answers_about_credits(code: object, message: object) -> None:
    """A code 402, or a message about quota or credits, means that the credits are used up."""
    with pytest.raises(CreditsUsedUp):
        decoder_of(PRODUCT_LIST).decode(body_of(None, code=code, message=message))


@pytest.mark.parametrize("code", [0, "0", 0.0, None])
def test_codes_of_success(code: object) -> None:
    """0 is success, also as text; a list without a code is one."""
    assert decoder_of(PRODUCT_LIST).decode(body_of([], code=code)).rows == 0


def test_a_message_about_credits_with_code_0_is_no_failure() -> None:
    """Only a code other than 0 makes the message one of failure."""
    assert (
        decoder_of(PRODUCT_LIST).decode(body_of([product(1)], message="99 credits left")).rows == 1
    )


# ------------------------------------------------------------------ properties

_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_FINITE = st.floats(-1e15, 1e15) | st.integers(-(10**15), 10**15)
_GOOD = {
    **{field.name: st.none() | _FINITE | _FINITE.map(json.dumps) for field in NUMERIC},
    **{field.name: st.none() | _TEXT for field in (*TEXTS, *LONG_TEXTS)},
    "product_id": st.from_regex(r"\A[0-9]{1,19}\Z"),
}
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _FINITE,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)
_NAMES = st.lists(st.sampled_from([field.name for field in FIELDS]), max_size=6, unique=True)


@st.composite
def _rows(draw: st.DrawFn, *, good: bool) -> list[dict[str, object]]:
    """Up to three products, some of their fields drawn: as they should be, or anything."""
    rows = []
    for number in range(draw(st.integers(0, 3))):
        names = draw(_NAMES)
        drawn = {name: draw(_GOOD[name] if good else _GOOD[name] | _ANYTHING) for name in names}
        rows.append({**product(number), **drawn})
    return rows


@given(_rows(good=True))
@settings(max_examples=60, deadline=None)
def test_good_pages_are_read_fast_and_alike(rows: list[dict[str, object]]) -> None:
    """A page without a blemish takes the fast way, and the tolerant one says the same."""
    fast = decoder_of(PRODUCT_LIST).decode_fast(body_of(rows))
    assert fast is not None
    assert same(fast, decoder_of(PRODUCT_LIST).decode_tolerantly(body_of(rows)))


@given(_rows(good=False))
@settings(max_examples=60, deadline=None)
def test_any_page_is_read_alike(rows: list[dict[str, object]]) -> None:
    """Where the fast way gives a page, it is the tolerant one's; every row is kept or named."""
    body = body_of(rows)
    tolerant, fast = (
        decoder_of(PRODUCT_LIST).decode_tolerantly(body),
        decoder_of(PRODUCT_LIST).decode_fast(body),
    )
    assert fast is None or same(fast, tolerant)
    assert tolerant.rows == len(rows)
    dropped = [problem for problem in tolerant.problems if "is dropped" in problem]
    assert len(tolerant.products) + len(dropped) == len(rows)
    table = number_table(tolerant.products)
    assert not np.isinf(table).any()


@given(st.binary(max_size=40) | _ANYTHING.map(msgspec.json.encode))
def test_whatever_comes_is_a_page_or_an_error(body: bytes) -> None:
    """No body raises anything but an error of the source."""
    try:
        page = decoder_of(PRODUCT_LIST).decode(body)
    except SourceError:
        return
    assert page.rows >= len(page.products)


@given(st.integers(1, len(SAMPLE_BODY) - 1))
@settings(max_examples=50)
def test_a_cut_answer_is_never_a_page(size: int) -> None:
    """Wherever the answer was cut, it is an error."""
    with pytest.raises(SourceUnavailable):
        decoder_of(PRODUCT_LIST).decode(SAMPLE_BODY.rstrip()[:size])


def test_a_page_that_is_longer_than_asked_is_cut() -> None:
    """The next page begins at its own place, so what is beyond ten has none; both ways agree."""
    body = body_of([product(number) for number in range(25)])
    for page in (
        decoder_of(PRODUCT_LIST).decode(body),
        decoder_of(PRODUCT_LIST).decode_tolerantly(body),
    ):
        assert page.rows == len(page.products) == 10
        assert page.positions == tuple(range(10))
        assert page.problems == (
            "the page has 25 products where 10 were asked for: the first 10 are read",
        )


def test_an_endless_name_is_cut() -> None:
    """Rules search it, and messages show it; both ways agree."""
    body = body_of([product(1, product_name="\u0e49" * 8_000_000)])
    for page in (
        decoder_of(PRODUCT_LIST).decode(body),
        decoder_of(PRODUCT_LIST).decode_tolerantly(body),
    ):
        (name,) = (text for text in page.products[0].texts() if text and "\u0e49" in text)
        assert name == "\u0e49" * 1_000
        assert page.problems == ()


def test_values_without_number_are_refused_before_they_take_memory() -> None:
    """A page of small values takes many times its size once it is read."""
    body = b'{"data":[' + b"[]," * 400_000 + b"[]]}"
    with pytest.raises(SourceUnavailable, match="too many values for a page"):
        decoder_of(PRODUCT_LIST).decode(body)
