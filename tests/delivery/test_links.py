"""Links in messages: in each layout, and within each limit."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from tests.delivery.messages import alerts, operator
from watcher.delivery.message import render
from watcher.delivery.rendered import Bytes, Escaped, Limit, Style
from watcher.redaction import hide_links

LINK = "https://watcher.example.org/path/act/AbCdEfGhIjKlMnOpQrStUv"
ANY = re.compile(re.escape(LINK) + r"(/\d+)?(?![0-9A-Za-z/])")


@pytest.mark.parametrize("style", Style)
def test_each_product_has_one(style: Style) -> None:
    """In every layout, once; in mail as text, too."""
    message = alerts([f"Serum {number}" for number in (1, 2, 3)])
    shown = render(message, style, link=LINK)
    wanted = [f"/{number}" for number in (1, 2, 3)]
    assert ANY.findall(shown.body) == wanted
    if style is Style.EMAIL:
        assert ANY.findall(shown.plain) == wanted
    assert LINK not in render(message, style).body


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("kind", [Bytes, Escaped])
def test_one_where_bytes_count(style: Style, kind: type[Limit]) -> None:
    """The whole message's."""
    message = alerts([f"Serum {number}" for number in (1, 2, 3)])
    assert ANY.findall(render(message, style, limit=kind(9_000), link=LINK).body) == [""]


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("kind", [Limit, Bytes, Escaped])
def test_within_any_limit(style: Style, kind: type[Limit]) -> None:
    """No link is ever cut, and none is too much; a text of one SMS has one."""
    message = alerts([f"商品 <b>{number}</b> & _x_" for number in range(1, 11)])
    for limit in (*range(150, 1_500, 90), *range(1_500, 9_000, 700)):
        shown = render(message, style, limit=kind(limit), link=LINK)
        found = re.findall(r"https://watcher[\w./-]*", shown.body)
        assert all(ANY.fullmatch(each) for each in found), (limit, found)
        if style is Style.PLAIN:
            assert kind(limit).size(shown.title) + kind(limit).size(shown.body) <= limit
        assert len(set(found)) == len(found)
    if style is Style.PLAIN:
        assert LINK in render(message, style, limit=kind(300), link=LINK).body


def test_what_has_none() -> None:
    """Of the watcher's own trouble, and of no product, nothing is to be acted on."""
    assert LINK not in render(operator("trouble"), Style.PLAIN, link=LINK).body
    assert LINK not in render(alerts([]), Style.PLAIN, link=LINK).body


def test_a_token_is_hidden() -> None:
    """Wherever an error or a log may repeat the address, encoded, too."""
    for text in (f"HTTP 400: no {LINK}/1!", LINK, LINK.replace("/", "%2F")):
        hidden = hide_links(text)
        assert "AbCdEf" not in hidden
        assert "***" in hidden
    assert hide_links("/act/short and /actions/AbCdEfGhIjKlMnOpQrStUv") == (
        "/act/short and /actions/AbCdEfGhIjKlMnOpQrStUv"
    )


def test_sizes_rise() -> None:
    """More room never shows less."""
    message = alerts([f"Serum {number}" for number in range(1, 11)])
    shown = [
        len(re.findall(r"\d+\. Serum", render(message, Style.PLAIN, limit=limit, link=LINK).body))
        for limit in range(1_500, 6_000, 300)
    ]
    assert all(a <= b for a, b in pairwise(shown))
    assert shown[-1] == 10
