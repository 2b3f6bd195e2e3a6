"""Pages of sellers and categories: all of them side by side, and each with its products, sums,
alerts and silences."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC
from html import unescape
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from yarl import URL

from tests.fakes.world import HEAD, World
from tests.store.making import DAY, START, pending
from tests.web.conftest import Furnished
from tests.web.serving import Page, leads_to, serving
from tests.web.shop import BEAUTY, CARE, GLOW, HOSTILE, NAMELESS, ODD, RULES, furnish_shop
from watcher.analysis.assortments import ComparedSums, SumsPast
from watcher.rules.metrics import Catalogue
from watcher.store.sqlite.database import Database
from watcher.web.pages.assortment_past import summed


@dataclass
class Shop:
    """A page of a list of 120 products of one seller and three others', ten days long."""

    page: Page
    world: World

    async def json(self, address: str) -> dict[str, object]:
        found: dict[str, object] = json.loads((await self.page.get(address))[1])
        return found


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """Served."""
    path = tmp_path / "shop.db"
    with Database.open(path) as database:
        world = furnish_shop(database)
    async with serving(path, Furnished(path, world.book, world.now + 600)) as page:
        yield Shop(page, world)


def _names(text: str) -> list[str]:
    """The products of the table, in order."""
    return re.findall(r'<tr data-key="([^"]+)">', text)


async def test_all_sellers(shop: Shop) -> None:
    """By the sales of what lists have now, with the user's names; found by a part of these or by
    id; nobody's products are counted."""
    status, text = await shop.page.get("sellers")
    assert status == 200
    assert _names(text) == [f"US/{GLOW}", "US/" + _shown(HOSTILE), f"US/{ODD}", f"GB/{GLOW}"]
    assert 'dir="auto">Glow &lt;Lab&gt;</a>' in text
    assert "<b>" not in text
    assert "Of 1 listed product no seller is known." in text
    found = await shop.json("api/sellers.json")
    rows = found["sellers"]
    assert isinstance(rows, list)
    first = rows[0]
    assert {k: first[k] for k in ("id", "region", "name", "found", "products", "sales")} == {
        "id": GLOW, "region": "US", "name": "Glow <Lab>", "found": 121, "products": 120,
        "sales": sum(range(1, 121)),
    }  # fmt: skip
    assert first["gmv"] == {"": pytest.approx(sum(range(1, 121)) * 9.99)}
    assert first["firing"] == 6
    assert [row["name"] for row in rows[1:3]] == [None, None]
    assert found["unknown"] == 1
    for query, expected in (
        ("q=glow", [f"US/{GLOW}", f"GB/{GLOW}"]), (f"q={ODD}", [f"US/{ODD}"]), ("q=nobody", []),
        ("region=GB", [f"GB/{GLOW}"]), ("sort=name", [f"GB/{GLOW}", f"US/{GLOW}"]),
        ("sort=sales&order=up&region=US", ["US/" + ODD, "US/" + _shown(HOSTILE), f"US/{GLOW}"]),
        *((f"sort={name}", [f"US/{GLOW}"]) for name in ("found", "alerts", "gmv", "nonsense")),
        ("page=99999999999999999999", [f"US/{GLOW}"]), ("page=-1&order=x", [f"US/{GLOW}"]),
    ):  # fmt: skip
        names = _names((await shop.page.get(f"sellers?{query}"))[1])
        assert names[: len(expected)] == expected, query
        if query.startswith("q="):
            assert len(names) == len(expected)
    assert "None of them is called so." in (await shop.page.get("sellers?q=nobody"))[1]


def _shown(text: str) -> str:
    """A text as the page has it in an attribute."""
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&#34;")
        .replace("\u202e", " ")
    )


async def test_all_categories(shop: Shop) -> None:
    """Of each level, by the names of the source; one without a name by its id."""
    _, text = await shop.page.get("categories")
    assert _names(text) == [f"US/{BEAUTY}", f"US/{NAMELESS}"]
    assert "Beauty &lt;i&gt;" in text
    assert f'dir="auto">{NAMELESS}</a>' in text
    _, text = await shop.page.get("categories?level=2")
    assert _names(text) == [f"US/{CARE}"]
    assert "Beauty &lt;i&gt; &gt; Skin care" in text
    assert "Of 3 listed products no category of this level is known." in text
    assert _names((await shop.page.get("categories?level=3"))[1]) == []
    assert _names((await shop.page.get("categories?level=2&q=beauty"))[1]) == [f"US/{CARE}"]
    # One that is looked for by its id is found on whichever level.
    for query, expected in ((f"q={CARE}", [f"US/{CARE}"]), (f"q={CARE}&level=1", [])):
        assert _names((await shop.page.get(f"categories?{query}"))[1]) == expected
    found = await shop.json("api/categories.json?level=2")
    assert found["categories"][0]["path"] == "Beauty <i> > Skin\u202ecare"  # type: ignore[index]


async def test_a_seller(shop: Shop) -> None:
    """Its products 50 on a page, sorted as one likes; sums of what lists had then; its alerts; a
    form that silences it; and the way to its products on each list."""
    address = f"sellers/us/{GLOW}"
    status, text = await shop.page.get(address)
    assert status == 200
    for said in (
        '<h1 dir="auto">Glow &lt;Lab&gt;</h1>', "120 products on lists now, 121 found",
        f'href="../../watches/bestsellers?seller={GLOW}">120 products on bestsellers</a>',
        f'href="../../sellers/GB/{GLOW}">in GB</a>', "Silence this seller", "page 1 of 3",
        '<span class="label">7-day sales</span> <strong>7,260</strong>',
        '<span class="label">products</span> <strong>120</strong>',
        "of the 120 products that lists had at both times", "7-day sales, last 90 days",
    ):  # fmt: skip
        assert said in text, said
    assert "<b>" not in text
    assert text.count("sells</a>") == 7  # six fire, one is over
    assert _names(text)[:2] == ["US/120", "US/119"]
    assert len(_names(text)) == 50
    for query, expected in (
        ("sort=sales&order=up", ["US/1", "US/2"]), ("sort=rank", ["US/1", "US/2"]),
        ("sort=rank&order=down", ["US/120", "US/119"]), ("page=3", ["US/20", "US/19"]),
        ("page=77", ["US/20", "US/19"]), ("sort=alerts", ["US/115", "US/116"]),
        ("sort=price", ["US/1", "US/2"]), ("all=1", ["US/504", "US/120"]),
        ("sort=gmv&order=up&page=3", ["US/101", "US/102"]),
    ):  # fmt: skip
        _, text = await shop.page.get(f"{address}?{query}")
        assert _names(text)[:2] == expected, query
    assert "not listed" in (await shop.page.get(f"{address}?all=1"))[1]
    _, text = await shop.page.get(f"{address}?sum=products&days=30")
    assert "products, last 30 days" in text
    found = await shop.json(f"api/sellers/us/{GLOW}.json?days=30")
    sums = found["sums"]
    assert isinstance(sums, dict)
    assert sums["products"][-10:] == [121] * 5 + [120] * 5
    assert sums["sales"][-10:] == [8_160] * 5 + [7_260] * 5
    assert sums["compared"]["sales"] == {"then": 7_260, "now": 7_260, "products": 120}
    assert found["lists"] == [
        {"watch": "bestsellers", "at": shop.world.now, "products": 120},
    ]
    assert [row["rank"] for row in found["products"][:2]] == [120, 119]  # type: ignore[index]
    # Silenced by its own form.
    token = await shop.page.token(address)
    fields = {
        "token": token,
        "exact": "1",
        "seller": GLOW,
        "for": "1d",
        "back": f"/sellers/US/{GLOW}",
    }
    status, back = await shop.page.post("silences", fields)
    assert (status, back.split("?")[0]) == (303, f"/sellers/US/{GLOW}")
    _, text = await shop.page.get(address)
    assert "seller Glow &lt;Lab&gt; (" in text
    assert f'href="./sellers?q={GLOW}"' in (await shop.page.get("silences"))[1]
    assert "Silenced" not in (await shop.page.get(f"sellers/US/{ODD}"))[1]
    # One of a rule alone is everybody's.
    assert (await shop.page.post("silences", {"token": token, "rule": "sells", "for": "1d"}))[
        0
    ] == 303
    assert "Silenced" not in (await shop.page.get(f"sellers/US/{ODD}"))[1]


async def test_what_fires_stands_before_what_is_pending(shop: Shop, tmp_path: Path) -> None:
    """However new that is; then what is over."""
    with Database.open(tmp_path / "shop.db") as database:
        (facts, *_) = database.history.find("2")
        database.alerts.save([pending("far", facts.product, shop.world.now)])
    found = await shop.json(f"api/sellers/us/{GLOW}.json")
    states = [row["alert"]["state"] for row in found["alerts"]]  # type: ignore[attr-defined]
    assert states == ["firing"] * 6 + ["pending", "inactive"]


def test_how_sums_moved() -> None:
    """In percent, of the products of both times, since the first time that had some."""
    at = START + DAY * np.arange(4)
    past = SumsPast(
        at, np.array([0, np.nan, 3, 4.0]), np.array([np.nan, np.nan, 100, 200]),
        {"": np.array([np.nan, np.nan, 10, 5])},
        {"sales": ComparedSums(100, 150, 2), "gmv": ComparedSums(10, 4, 2)},
    )  # fmt: skip
    found = summed(past, Catalogue(), "", (START, START + 3 * DAY), UTC)
    assert [(each.name, each.moved) for each in found["cards"][:2]] == [
        ("sales", "+50%"), ("gmv", "-60%"),
    ]  # fmt: skip
    assert found["since"] == at[2]


async def test_what_nobody_is_known_of(shop: Shop) -> None:
    """Is counted in its region."""
    for region, count in (("US", 1), ("GB", 0), ("", 1)):
        assert (await shop.json(f"api/sellers.json?region={region}"))["unknown"] == count


async def test_a_category(shop: Shop) -> None:
    """As a seller's, with those above and below it; a silence of one above covers it."""
    _, text = await shop.page.get(f"categories/US/{BEAUTY}")
    for said in (
        "Beauty &lt;i&gt;", "category of level 1", "Categories below it", "Skin care",
        f'href="../../categories/US/{CARE}"', "121 products on lists now, 122 found",
        f"watches/bestsellers?category={BEAUTY}", "Silence this category",
    ):  # fmt: skip
        assert said in text, said
    _, text = await shop.page.get(f"categories/US/{CARE}")
    assert "category of level 2" in text
    assert 'aria-label="Categories above it"' in text
    _, text = await shop.page.get(f"categories/US/{NAMELESS}")
    assert f"category {NAMELESS}" in text
    token = await shop.page.token(f"categories/US/{CARE}")
    fields = {"token": token, "exact": "1", "category": BEAUTY, "for": "1d"}
    assert (await shop.page.post("silences", fields))[0] == 303
    for category, silenced in ((BEAUTY, True), (CARE, True), (NAMELESS, False)):
        _, text = await shop.page.get(f"categories/US/{category}")
        assert ('id="silenced"' in text) is silenced, category
    found = await shop.json(f"api/categories/US/{CARE}.json")
    assert (found["level"], found["above"], found["name"]) == (2, [BEAUTY], "Skin\u202ecare")


async def test_what_is_not_there(shop: Shop) -> None:
    """Nobody's page: of no such seller, of another region, of a category as a seller; nor of what
    says that nothing is known."""
    for address in (
        "sellers/US/1", f"sellers/GB/{ODD}", f"sellers/US/{BEAUTY}", f"categories/US/{GLOW}",
        "categories/US/0", "sellers/US/..%2f..%2fetc", "api/sellers/US/1.json", "sellers/XX/7495",
        "api/categories/GB/601450.json",
    ):  # fmt: skip
        assert (await shop.page.get(address))[0] == 404, address
    status, text = await shop.page.get(f"sellers/US/{quote(HOSTILE, safe='')}")
    assert status == 200
    assert "<b>" not in text


async def test_every_link_leads_somewhere(shop: Shop) -> None:
    """From the pages of sellers and categories, and to them: of a product, of an alert."""
    first = (
        "sellers",
        "categories",
        f"sellers/US/{GLOW}",
        f"categories/US/{CARE}",
        "products/US/1",
        "alerts",
    )
    led: set[str] = set()
    for address in first:
        url = URL(f"{shop.page.site.url}{address}")
        text = (await shop.page.get(address))[1]
        given = [unescape(each) for each in re.findall(r'href="([^"]+)"', text)]
        own = {leads_to(url, each) for each in given if "://" not in each}
        led |= own
    assert {f"/sellers/US/{GLOW}", f"/categories/US/{BEAUTY}", f"/categories/US/{CARE}"} <= led
    assert any(each.startswith("/sellers/US/%3Cb%3E") for each in led)
    # A list with this seller's products alone.
    assert f"/watches/bestsellers?seller={GLOW}" in led
    _, text = await shop.page.get(f"watches/bestsellers?seller={ODD}")
    assert "Product 501" in text
    assert "Product 502" not in text
    _, text = await shop.page.get(f"watches/bestsellers?category={NAMELESS}")
    assert "Product 502" in text
    assert "Product 501" not in text
    for each in sorted(led):
        assert (await shop.page.get(each[1:]))[0] == 200, each
    text = (await shop.page.get("products/US/1"))[1]
    assert f'href="../../sellers/US/{GLOW}"' in text
    assert f'href="../../categories/US/{BEAUTY}"' in text


async def test_a_rule_that_names_some(shop: Shop) -> None:
    """Leads to the pages of those that were found, in its own region."""
    _, text = await shop.page.get("rules/of-some")
    assert f'href="../sellers/US/{GLOW}"' in text
    assert f'href="../categories/US/{CARE}"' in text
    assert "sellers/GB" not in text
    assert "sellers/US/1" not in text


async def test_an_empty_store(tmp_path: Path) -> None:
    """Says so."""
    path = tmp_path / "empty.db"
    with Database.open(path) as database:
        world = World(database, RULES, head=HEAD)
    async with serving(path, Furnished(path, world.book, world.now)) as page:
        for address in ("sellers", "categories", "categories?level=3"):
            status, text = await page.get(address)
            assert status == 200
            assert "No scan has seen any yet." in text
        assert json.loads((await page.get("api/sellers.json"))[1])["sellers"] == []


async def test_lists_that_are_read_no_more(shop: Shop, tmp_path: Path) -> None:
    """A seller of whose products no list of the rule file has any is still there, with those that
    were found and what they sold then."""
    path = tmp_path / "shop.db"
    book = shop.world.book
    other = World(
        Database.open(tmp_path / "other.db"), RULES.replace("desc", "asc"), head=HEAD
    ).book
    assert {watch.key for watch in other.watches}.isdisjoint({watch.key for watch in book.watches})
    async with serving(path, Furnished(path, other, shop.world.now + 5 * DAY)) as page:
        _, text = await page.get(f"sellers/US/{GLOW}")
        assert "0 products on lists now, 121 found" in text
        assert "these are those of earlier lists" in text
        assert len(_names(text)) == 50
        assert "<strong>7,260</strong>" in text
