"""Groups of products on the page: a page of each, and no list of products that has one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.two_sellers import GLOW, OTHER, SUBJECT, Shelves, shelves
from tests.store.making import DAY
from tests.web.conftest import Furnished
from tests.web.serving import serving
from watcher.store.sqlite.database import Database

NAME = "Glow &lt;Lab&gt;"


@pytest.fixture
def furnished_shelves(tmp_path: Path) -> tuple[Path, Shelves]:
    """A file with a group that fires."""
    path = tmp_path / "shelves.db"
    with Database.open(path) as database:
        return path, shelves(database)


async def test_a_page_of_its_own(furnished_shelves: tuple[Path, Shelves]) -> None:
    """Its figures over time, formulas among them, with its alert on them, its products, and a form
    that silences it; for programs the same."""
    path, made = furnished_shelves
    world = made.world
    async with serving(path, Furnished(path, world.book, world.now + 60)) as page:
        status, text = await page.get(f"groups/us/{SUBJECT}")
        assert status == 200
        for said in (
            f'<h1 dir="auto">{NAME}</h1>', f"<span>{SUBJECT}</span>",
            "3 products on bestsellers", '<a href="../../rules/strong-shelf">strong-shelf</a>',
            '<span class="label">gmv</span> <strong>1,930</strong>',
            '<span class="label">strong</span> <strong>3</strong>',
            '<span class="label">per product</span> <strong>643.33</strong>',
            '<span class="label">products</span> <strong>3</strong>',
            "gmv, last 90 days", "Alert A1 strong-shelf: fired", "Silence this group",
            'href="../../products/US/12" dir="auto">Product 12</a>',
            f'name="product" value="{SUBJECT}"',
        ):  # fmt: skip
            assert said in text, said
        assert text.index("Product 12") < text.index("Product 11") < text.index("Product 10")
        assert "Product 20" not in text
        _, text = await page.get(f"groups/US/{SUBJECT}?figure=strong&days=30")
        assert "strong, last 30 days" in text
        # The other never fired.
        _, text = await page.get(f"groups/US/seller_id={OTHER}")
        assert f'<h1 dir="auto">seller {OTHER}</h1>' in text
        assert "No rule has fired on it." in text
        # Nobody knows its name: what it is, in the visitor's language.
        url = f"{page.site.url}groups/US/seller_id={OTHER}"
        async with (
            aiohttp.ClientSession(headers={"Accept-Language": "zh"}) as visitor,
            visitor.get(url) as answer,
        ):
            assert f'<h1 dir="auto">店铺 {OTHER}</h1>' in await answer.text()
        _, text = await page.get(f"api/groups/US/{SUBJECT}.json")
        found = json.loads(text)
        assert (found["name"], found["by"], found["value"]) == ("Glow <Lab>", "seller_id", GLOW)
        assert [each["name"] for each in found["figures"]] == [
            "gmv", "strong", "per_product", "size",
        ]  # fmt: skip
        assert found["figures"][1]["values"][-2:] == [[world.now - DAY, 3], [world.now, 3]]
        assert [each["size"] for each in found["lists"]] == [3]
        assert [each["alert"]["rule"] for each in found["alerts"]] == ["strong-shelf"]
        _, text = await page.get("metrics")
        assert 'watcher_groups{group="shelves"} 2.0' in text
        # Silenced by the form, as by its seller.
        token = await page.token(f"groups/US/{SUBJECT}")
        fields = {"token": token, "exact": "1", "product": SUBJECT, "for": "1d"}
        assert (await page.post("silences", fields))[0] == 303
        _, text = await page.get(f"groups/US/{SUBJECT}")
        assert f"product {SUBJECT} (Glow &lt;Lab&gt;)" in text


async def test_where_groups_are_and_where_not(furnished_shelves: tuple[Path, Shelves]) -> None:
    """Alerts lead to a group's page, the search finds it beside products, its rule says what it
    judges; it is no product."""
    path, made = furnished_shelves
    world = made.world
    link = f'groups/US/{SUBJECT}" dir="auto">{NAME}</a>'
    async with serving(path, Furnished(path, world.book, world.now + 60)) as page:
        for address in (
            "",
            "alerts",
            "rules/strong-shelf",
            "products?q=glow",
            f"products?q={GLOW}",
        ):
            assert link in (await page.get(address))[1], address
        _, text = await page.get("products?q=product")
        assert "Product 10" in text
        assert "groups/" not in text
        for address, status in (
            (f"products/US/{SUBJECT}", 404), (f"api/products/US/{SUBJECT}.json", 404),
            ("groups/US/10", 404), ("groups/GB/" + SUBJECT, 404), ("groups/US/seller_id=1", 404),
            ("groups/US/seller_id=3", 404),
        ):  # fmt: skip
            assert (await page.get(address))[0] == status, address
        assert "the sellers of bestsellers" in (await page.get("rules"))[1]
        _, text = await page.get("rules/strong-shelf")
        assert "the sellers of bestsellers, each as a whole (shelves)" in text
        rows = json.loads((await page.get("api/alerts.json"))[1])["alerts"]
        assert [(row["product_id"], row["name"]) for row in rows] == [(SUBJECT, "Glow <Lab>")]
        found = json.loads((await page.get("api/overview.json"))[1])["overview"]["rules"]
        assert [rule["watch"] for rule in found] == ["the sellers of bestsellers", "bestsellers"]


async def test_a_group_that_no_rule_speaks_of_any_more(
    furnished_shelves: tuple[Path, Shelves],
) -> None:
    """Its alerts are still there to be read."""
    path, made = furnished_shelves
    book = made.world.book
    bare = replace(book, rules=book.rules[1:], groups=())
    async with serving(path, Furnished(path, bare, made.world.now + 60)) as page:
        status, text = await page.get(f"groups/US/{SUBJECT}")
        assert status == 200
        assert "No rule of the rule file speaks of such a group now." in text
        assert "No figure of it has a value" in text
        assert "strong-shelf" in text
