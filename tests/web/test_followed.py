"""What is followed: the pages, and the forms that change them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.web.conftest import Furnished
from tests.web.serving import Page, serving
from watcher.rules.files.loading import load_text

ID, OTHER = "1729873073559015752", "1729900000000000001"
READING = """
watches: {followed: {products: followed}}
rules: [{name: cheap, watch: followed, when: {spu_avg_price: {below: 9}}}]
"""


@pytest.fixture
def page(furnished_page: Page) -> Page:
    """The page of the furnished database, whose rules read nothing that is followed."""
    return furnished_page


async def followed(page: Page) -> list[tuple[str, str]]:
    """Ids and notes."""
    found = await page.sources.read(lambda database: database.followed.list())
    return [(each.product_id, each.note) for each in found]


async def test_follow_by_address_and_let_go(page: Page) -> None:
    """The daemon is woken each time; twice is a word."""
    token = await page.token("followed")
    fields = {"token": token, "product": f"tiktok.com/view/product/{ID}?x=1", "note": " <b>ours"}
    assert await page.post("followed", fields) == (303, "/followed?notice=followed&n=1")
    assert await followed(page) == [(ID, "<b>ours")]
    assert "notice=followed_already" in (await page.post("followed", fields))[1]
    status, text = await page.get("followed?notice=followed&n=1")
    assert status == 200
    assert "The product is followed, and read in a moment." in text
    assert ID in text
    assert "&lt;b&gt;ours" in text
    assert "not read yet" in text
    assert "7-day GMV" in text
    gone = {"token": token, "product": ID, "back": "/followed"}
    assert await page.post("followed/remove", gone) == (303, "/followed?notice=unfollowed&n=1")
    assert "notice=not_followed" in (await page.post("followed/remove", gone))[1]
    assert await followed(page) == []
    assert page.woken == 4


async def test_a_products_own_page(page: Page) -> None:
    """It has the button, and says since when; and that nobody reads it, with what to write."""
    await page.sources.write(
        lambda db: db.execute("UPDATE products SET product_id = ? WHERE id = 1", (ID,))  # type: ignore[attr-defined]
    )
    here = f"products/US/{ID}"
    _, text = await page.get(here)
    assert ">Follow</button>" in text
    fields = {"token": await page.token(here), "product": ID, "back": f"/{here}?days=30"}
    assert await page.post("followed", fields) == (303, f"/{here}?days=30&notice=followed&n=1")
    _, text = await page.get(here)
    assert ">Unfollow</button>" in text
    assert "followed since" in text
    assert "No watch reads what is followed yet." in text
    _, text = await page.get("followed")
    assert "<code>followed: {products: followed}</code>" in text
    assert f'products/US/{ID}"' in text
    answer = json.loads((await page.get("api/followed.json"))[1])
    assert answer["read"] is False
    (product,) = answer["products"]
    assert (product["product_id"], product["region"], product["state"]) == (ID, "US", "known")
    assert product["values"]["spu_avg_price"] == 12.99


async def test_where_a_watch_reads_them(furnished: Furnished, tmp_path: Path) -> None:
    """Nothing is to be written."""
    path = tmp_path / "watcher.db"
    path.write_bytes(furnished.path.read_bytes())
    async with serving(path, replace(furnished, book=load_text(READING))) as page:
        assert "No watch reads" not in (await page.get("followed"))[1]
        assert json.loads((await page.get("api/followed.json"))[1])["read"] is True


@pytest.mark.parametrize("path", ["followed", "followed/remove"])
async def test_only_our_own_forms(page: Page, path: str) -> None:
    """As every form: no token, another site, no such product."""
    token = await page.token("followed")
    fields = {"product": ID, "id": "1"}
    assert (await page.post(path, fields))[0] == 403
    elsewhere = {"Origin": "https://evil.example"}
    assert (await page.post(path, {**fields, "token": token}, elsewhere))[0] == 403
    bad = {"token": token, "product": "https://vt.tiktok.com/ZS1/", "id": "999"}
    status, text = await page.post(path, bad)
    assert status == 400
    assert "short link" in text or "no such product" in text
    assert await followed(page) == []


async def test_names_of_sellers_and_categories(furnished: Furnished, tmp_path: Path) -> None:
    """Beside the ids, as far as they are known."""
    from watcher.store.sql.siblings import Category

    path = tmp_path / "watcher.db"
    path.write_bytes(furnished.path.read_bytes())
    named = load_text('sellers: {"7495981769829615944": Glow & Lab}\n' + READING)
    async with serving(path, replace(furnished, book=named)) as page:
        ids = "seller_id = '7495981769829615944', category_id = '601450'"
        await page.sources.write(
            lambda db: db.execute(f"UPDATE products SET {ids} WHERE id = 1")  # type: ignore[attr-defined]
        )
        _, text = await page.get("products/US/1")
        assert "Glow &amp; Lab (7495981769829615944)" in text
        assert ">601450</a></dd>" in text
        await page.sources.write(lambda db: db.categories.put([Category("601450", 1, "Care")], 1))
        assert "Care (601450)" in (await page.get("products/US/1"))[1]
        token = await page.token()
        fields = {"token": token, "seller": "glow & lab", "for": "1d"}
        assert (await page.post("silences", fields))[0] == 303
        (silence,) = await page.sources.read(lambda db: db.silences.list())
        assert silence.seller == "7495981769829615944"
        assert "seller Glow &amp; Lab (7495981769829615944)" in (await page.get("silences"))[1]


async def test_many_are_followed(page: Page) -> None:
    """A hundred on a page, the newest first; a form leads back to the page that it is on."""
    ids = [str(1_729_000_000_000_000_000 + number) for number in range(250)]
    await page.sources.write(lambda database: database.followed.add(ids, page.sources.now()))
    seen = list[str]()
    for number, ways in ((1, ["next"]), (2, ["prev", "next"]), (3, ["prev"])):
        _, text = await page.get(f"followed?page={number}")
        seen += re.findall(r'<tr data-key="(\d+)"', text)
        assert re.findall(r'<a rel="(\w+)" href="\./followed', text) == ways
        assert f"page {number} of 3" in text
        back = "/followed" if number == 1 else f"/followed?page={number}"
        assert f'name="back" value="{back}"' in text
    assert {*ids} <= {*seen}
    assert len(seen) == len({*seen})
    for beyond in ("4", "0", "-1", "9" * 30, "x"):
        assert (await page.get(f"followed?page={beyond}"))[0] == 200
    assert "page 3 of 3" in (await page.get("followed?page=999"))[1]
