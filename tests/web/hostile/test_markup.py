"""Texts that are markup: a page with them has the elements of the same page without, and no more."""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote

import pytest

from tests.web.hostile.asked import Asked
from tests.web.hostile.conftest import Opened
from tests.web.hostile.market import Texts, harmless, hostile, lengthy
from tests.web.hostile.samples import FACES, LINKS, READS, address
from tests.web.hostile.structure import read
from tests.web.hostile.visitor import Answer, visiting
from watcher.web.address import CONTENT_POLICY, POLICY

SHOWN = (*READS, *LINKS)


async def _all(opened: Opened, texts: Texts, route: str) -> list[Answer]:
    """All faces of a page."""
    async with opened(texts) as (page, _market), visiting(page) as visitor:
        path = address(route, texts)
        return [await visitor.get(f"{path}{face}") for face in ("", *FACES.get(route, ()))]


@pytest.mark.parametrize("texts", [hostile, lengthy])
@pytest.mark.parametrize("route", SHOWN)
async def test_names_are_never_markup(opened: Opened, route: str, texts: Texts) -> None:
    """Of whatever: the same elements with the same attributes, in the same places."""
    for plain, other in zip(
        await _all(opened, harmless, route), await _all(opened, texts, route), strict=True
    ):
        assert (plain.status, other.status) == (200, 200), other.text[:300]
        assert plain.headers["Content-Type"] == other.headers["Content-Type"]
        assert other.headers[CONTENT_POLICY].startswith("default-src 'none'; style-src 'self'")
        assert set(plain.headers) == set(other.headers)
        if other.is_page:
            known, found = read(plain.text), read(other.text)
            assert found.found - known.found == Counter()
            assert known.found - found.found == Counter()
            assert found.comments == known.comments
            assert [each for each in found.addresses if not is_ours(each)] == []


def is_ours(address: str) -> bool:
    """Whether an address leads to a page of ours, or to a product in its shop."""
    return address.startswith(("./", "../", "?", "#", "https://www.tiktok.com/")) or not address
