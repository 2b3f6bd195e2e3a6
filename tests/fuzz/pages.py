"""Bodies that a hostile or broken API could answer with, grown from the vendor's sample."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.fuzz.words import LITERALS
from tests.source.scripted import SAMPLE_BODY, SAMPLE_PRODUCT
from watcher.fields import LONG_TEXTS, NUMERIC_NAMES, TEXTS

_FIELDS = (*NUMERIC_NAMES, *(field.name for field in (*TEXTS, *LONG_TEXTS)))

_LITERALS = [
    *LITERALS,
    '" "',
    '"a\nb"',
    '"a\x00b"',
    "9" * 5_000,
    "1" + "0" * 400 + ".5",
    "-" + "9" * 320,
    '"' + "9" * 5_000 + '"',
    "[" * 60 + "]" * 60,
]

_numbers = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.integers(-3, 3)
)
_values = st.one_of(
    st.sampled_from(_LITERALS),
    _numbers.map(json.dumps),
    _numbers.map(lambda number: json.dumps(str(number))),
    st.text(max_size=20).map(json.dumps),
    st.text(max_size=20).map(lambda text: json.dumps(text, ensure_ascii=False)),
)
_ids = st.one_of(
    st.sampled_from(('"1"', '"2"', "2", "1.0", '"../x"', '"a b"', '""', "null", '"7\\n"', "[1]")),
    _values,
)


def _with_surrogates(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@st.composite
def products(draw: st.DrawFn) -> str:
    """A product as JSON text: an id, some fields with odd values, some keys twice."""
    pairs = [("product_id", draw(_ids))]
    if draw(st.integers(0, 9)) == 0:
        pairs += [(name, json.dumps(value)) for name, value in SAMPLE_PRODUCT.items()]
    names = st.one_of(st.sampled_from(_FIELDS), st.sampled_from(("new_field", "product_id")))
    pairs += draw(st.lists(st.tuples(names, _values), max_size=6))
    pairs = draw(st.permutations(pairs)) if len(pairs) < 10 else pairs
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in pairs) + "}"


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """A whole answer: an envelope of products, perhaps with another code, order or shape."""
    rows = draw(st.lists(st.one_of(products(), products(), products(), _values), max_size=4))
    data = "[" + ",".join(rows) + "]"
    pairs = [("code", draw(st.sampled_from(_CODES))), ("data", data)]
    if draw(st.integers(0, 5)) == 0:
        pairs.append(draw(st.tuples(st.sampled_from(("data", "code", "message", "x")), _values)))
    if draw(st.integers(0, 3)) == 0:
        pairs.append(("message", draw(st.sampled_from(_MESSAGES))))
    pairs = draw(st.permutations(pairs))
    return _with_surrogates(
        "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in pairs) + "}"
    )


_CODES = ("0", "0", "0", "0", "null", '"0"', "0.0", "false", "402", '"402"', "-1", "1e0", "{}")
_MESSAGES = ('"success"', '"quota"', '"a\\u001b[2Jb\\nc"', '"no credit"', '["x"]', "null")

_pieces = st.one_of(
    st.sampled_from(
        (
            b"",
            b"{",
            b"}",
            b"[",
            b"]",
            b",",
            b":",
            b'"',
            b"\\",
            b"\\u",
            b"\xff",
            b"\xed\xa0\x80",
            b"\x00",
            b"\xef\xbb\xbf",
            b"null",
            b"NaN",
            b"1e999",
        )
    ),
    st.binary(max_size=6),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An answer (or the vendor's sample) with a cut, or bytes put in or taken out anywhere."""
    body = draw(st.one_of(answers(), st.just(SAMPLE_BODY)))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(body)))
        length = draw(st.one_of(st.integers(0, 8), st.integers(0, len(body) - start)))
        body = body[:start] + draw(_pieces) + body[start + length :]
    return body


def bombs(size: int = 4_000_000) -> tuple[bytes, ...]:
    """Bodies of about ``size`` bytes and little meaning: what costs time or memory if any does."""
    half = size // 2
    deep = b'{"data":' + b"[" * half + b"]" * half + b"}"
    deep_text = json.dumps({"data": [{"product_id": "1", "skus": "[" * size}]}).encode()
    raw = b'{"data":[{"product_id":"1","skus":' + b"[" * half + b"]" * half + b"}]}"
    names = ("\u0e49" * (size // 6), "x\x00" * (size // 7))
    named = ({"product_id": "1", "product_name": name} for name in names)
    keys = ",".join(f'"k{number}":{number}' for number in range(size // 13))
    same = '"product_name":"x",' * (size // 19)
    return (
        deep,
        deep_text,
        raw,
        b"[" * size,
        b'{"a":' * (size // 5),
        b"9" * size,
        b'{"code":' + b"9" * size + b"}",
        b'{"data":[' + b'{"product_id":"1","total_sale_cnt":' + b"9" * size + b"}]}",
        b'{"data":[{"product_id":"1","total_sale_cnt":"' + b"9" * size + b'"}]}',
        f'{{"data":[{{{keys}}}]}}'.encode(),
        f'{{"data":[{{{same}"product_id":"1"}}]}}'.encode(),
        b'{"data":[' + b",".join(b"{}" for _ in range(size // 3)) + b"]}",
        b'{"data":[' + b",".join(b"[]" for _ in range(size // 3)) + b"]}",
        b'{"data":[{"product_id":"' + b"x" * size + b'"}]}',
        *(json.dumps({"data": [row]}).encode() for row in named),
        b'{"message":"' + b"\\ud800" * (size // 7) + b'","code":1}',
        b"<html>" + b"x" * size,
    )
