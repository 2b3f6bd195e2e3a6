"""The pages and their JSON, over real HTTP, with hostile texts everywhere."""

from __future__ import annotations

import html
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from yarl import URL

from tests.web.conftest import Furnished
from tests.web.furnished import BAD_RULE, HOSTILE
from tests.web.hostile.structure import read
from tests.web.serving import Page, but_our_script, leads_to, serving
from watcher.rules.files.fact_files import read_facts
from watcher.rules.metrics import Catalogue
from watcher.units import format_instant

PAGES = (
    "",
    "watches",
    "rules",
    "scores",
    "rules/taking-off",
    f"rules/{quote(BAD_RULE, safe='')}",
    "alerts",
    "alerts?state=pending",
    "alerts?state=over",
    "alerts?state=all&q=serum&severity=critical&from=2023-01-01",
    "alerts/matching?state=all",
    "alerts/1",
    "alerts/2",
    "alerts/3",
    "alerts/A4",
    "products",
    "products?q=serum",
    "products/US/1",
    "products/US/3?metric=commission",
    "outbox",
    "outbox?state=dead",
    "outbox/2",
    "silences",
    "nowhere",
)


@pytest.fixture
def page(furnished_page: Page) -> Page:
    """The page of the furnished database."""
    return furnished_page


async def test_texts_are_never_markup(page: Page) -> None:
    """No script, no style of its own, no handler, nothing from outside, whatever names say."""
    for path in PAGES:
        _, text = await page.get(path)
        assert "<script" not in but_our_script(text), path
        attributes = {name for _place, names in read(text).found for name in names}
        assert [each for each in attributes if each.startswith("on") or each == "style"] == []
        assert "<b onmouseover" not in text, path
        assert "<img" not in text, path
        assert not re.search(r'(src|href)="(?!\.|\?|#|https://www\.tiktok\.com/shop/pdp/)', text)


async def test_no_object_is_shown_as_python_writes_it(page: Page) -> None:
    """What became of an alert's message is said in words, and so is all else."""
    for path in PAGES:
        _, text = await page.get(path)
        assert not re.search(r"\b[A-Z]\w+\(\w+=", text), path
    assert ">me/1 waiting" in (await page.get("products/US/1"))[1]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("api/alerts.json", "alerts"),
        ("api/overview.json", "alerts"),
        ("api/rules/taking-off.json", "firing"),
        ("api/products/US/1.json", "alerts"),
    ],
)
async def test_conditions_are_words_for_programs_too(page: Page, path: str, key: str) -> None:
    """As they were before evidence was stored as operators and values."""
    rows = json.loads((await page.get(path))[1])[key]
    told = [each for row in rows for each in row["alert"]["evidence"]]
    told += [each for row in rows if row["known"] for each in row["known"]["evidence"]]
    assert told
    assert {type(each["condition"]) for each in told} == {str}


async def test_every_link_leads_somewhere(page: Page) -> None:
    """Each address on each page answers."""
    addresses = set[str]()
    for path in PAGES:
        here = URL(f"{page.site.url}{path}", encoded=True)
        found = re.findall(r'(?:href|src)="([.?][^"#]*)"', (await page.get(path))[1])
        assert len(found) > 10, path
        addresses |= {leads_to(here, html.unescape(each)) for each in found}
    assert "/rules/taking-off" in addresses
    for address in addresses:
        status, answer = await page.get(address.removeprefix("/"))
        wanted = 404 if address.startswith("/nowhere?language=") else 200
        assert status == wanted, (address, answer)


async def test_the_overview(page: Page) -> None:
    """What fires comes first, then messages, credits and watches; troubles above all."""
    page.ill = "delivery stands still"
    _, text = await page.get()
    order = [
        text.index(part)
        for part in (
            "delivery stands still",
            "The rule file can&#39;t be used.",
            "503: &lt;i&gt;later&lt;/i&gt;",
            "Firing now",
            html.escape(HOSTILE).replace("&quot;", "&#34;"),
            "Last messages",
            "Credits",
            "US, by 7-day sales",
        )
    ]
    assert order == sorted(order)
    assert "460" in text
    assert "no cap" in text


async def test_a_rule(page: Page) -> None:
    """As it is written and in words, with its alerts and what was told of them."""
    status, text = await page.get("rules/taking-off")
    assert status == 200
    assert "7-day sales at least 100" in text
    assert "name contains &#34;serum&#34;" in text
    assert "any of these" in text
    assert "until: {total_sale_7d_cnt: {below: 50}}" in text
    assert "secret.example" not in text  # an address in a comment may be a secret
    assert "a comment between rules" not in text
    assert "Recently resolved" in text
    assert "[critical] taking-off" in text
    assert "me/1" in text
    assert 'href="../watches/taking-off"' in text  # the list that it reads


async def test_a_rule_of_any_name(page: Page) -> None:
    """Slashes, question marks and all."""
    name = quote("a/b ?#%.json", safe="")
    assert "a/b ?#%.json" in (await page.get(f"rules/{name}"))[1]
    data = json.loads((await page.get(f"api/rules/{name}.json"))[1])
    assert data["name"] == "a/b ?#%.json"


async def test_a_products_own_numbers(furnished: Furnished, tmp_path: Path) -> None:
    """What stands in its row of the user's file, as text; of a product without one nothing."""
    file = read_facts(f"product_id,target,note\n1,19.90,{HOSTILE!r}\n".encode(), "products.csv")
    book = replace(furnished.book, metrics=Catalogue(furnished.book.metrics.own, None, file.table))
    path = Path(shutil.copy(furnished.path, tmp_path))
    async with serving(path, replace(furnished, book=book)) as page:
        _, text = await page.get("products/US/1")
        assert "<dt>target</dt><dd>19.9</dd>" in text
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;alert(1)" in text
        found = json.loads((await page.get("api/products/US/1.json"))[1])
        assert found["facts"]["target"] == 19.9
        assert json.loads((await page.get("api/products/US/2.json"))[1])["facts"] == {}


async def test_a_product(page: Page) -> None:
    """Its values are in the plot, in the table and in the JSON; its alerts are marked."""
    status, text = await page.get("products/us/1?days=90")
    assert status == 200
    assert text.count('class="mark"') == 2
    assert "still firing" in text
    assert '<td class="n">150</td>' in text
    assert "soft" in text
    assert "&lt;i&gt;red&lt;/i&gt;" in text
    assert "$1.99" in text
    assert "2.99 USD" in text
    assert "1 change of its texts" in text
    assert '<td data-label="Was" dir="auto">Old &lt;' in text
    _, other = await page.get("products/US/1?metric=earnings&days=400")
    assert "earnings, last 400 days" in other
    _, flag = await page.get("products/US/1?metric=sales_trend_flag")
    assert "rising" in flag
    _, rank = await page.get("products/US/1?metric=rank")
    assert "rank in" in rank


async def test_a_product_without_values(page: Page) -> None:
    """A metric that has none says so; one that there is not is refused, and the usual one shown."""
    assert "Commission has no value" in (await page.get("products/US/3?metric=commission"))[1]
    _, text = await page.get("products/US/3?metric=nonsense&days=7")
    assert "7-day sales, last 7 days" in text
    assert "No metric is called &#34;nonsense&#34;." in text


async def test_what_is_not_there(page: Page) -> None:
    """404, as a page that leads back, or as a line for programs."""
    for path in ("rules/none", "products/US/99", "products/XX/1", "outbox/999", "nowhere"):
        status, text = await page.get(path)
        assert status == 404, path
        assert ">Overview</a>" in text
    assert (await page.get("api/rules/none.json"))[0] == 404
    assert (await page.get("api/products/US/99.json"))[0] == 404


async def test_alerts_a_page_at_a_time(page: Page) -> None:
    """``next`` leads on to the older ones."""
    data = json.loads((await page.get("api/alerts.json?state=over"))[1])
    ids = [row["alert"]["id"] for row in data["alerts"]]
    assert ids == sorted(ids, reverse=True)
    assert data["next"] is None
    older = json.loads((await page.get(f"api/alerts.json?state=over&before={ids[0]}"))[1])
    assert [row["alert"]["id"] for row in older["alerts"]] == ids[1:]
    one = json.loads((await page.get("api/alerts.json?state=firing&rule=taking-off"))[1])
    assert {row["alert"]["rule"] for row in one["alerts"]} == {"taking-off"}


async def test_the_outbox(page: Page) -> None:
    """Dead ones first, with why; a message with its tries."""
    _, text = await page.get("outbox")
    assert text.index("404: &lt;b&gt;no such hook&lt;/b&gt;") < text.index("Recently sent")
    assert "Retry all 2 dead" in text
    numbers = {
        each["target"]: each["id"]
        for each in json.loads((await page.get("api/outbox.json?state=dead"))[1])["notifications"]
    }
    _, message = await page.get(f"outbox/{numbers['me/2']}")
    assert "503: try later" in message
    assert "Line one\nLine two" in message


async def test_the_json_of_a_product(page: Page) -> None:
    """Values by metric, as pairs of time and value."""
    data = json.loads((await page.get("api/products/US/1.json"))[1])
    assert data["product"]["product_id"] == "1"
    by_name = {each["name"]: each for each in data["metrics"]}
    assert by_name["total_sale_7d_cnt"]["values"][-1][1] == 150
    (change,) = data["text_changes"]
    assert (change["name"], change["was"][:4]) == ("product_name", "Old ")
    assert data["texts"]["variants"][0] == {"name": "gold", "price": "$1.99"}


ODD = (
    "alerts?state=%ff&before=x",
    "alerts?before=99999999999999999999",
    "products?q=%ff%00",
    "products?q=%ed%a0%80",
    "products/%ff/%00",
    "products/US/1?metric=%00&days=-1",
    "outbox?state=nonsense&before=-1",
    "outbox/99999999999999999999999",
    "rules/%ed%a0%80",
    "?notice=%3Cb%3E&n=1",
    "?notice=retried&n=%C2%B2",
)


async def test_addresses_that_nobody_links_to(page: Page) -> None:
    """An answer, never an error of ours."""
    for path in ODD:
        assert (await page.get(path))[0] in (200, 400, 404), path


async def test_every_answer_is_strict(page: Page) -> None:
    """The headers stand on pages, errors and data alike."""
    async with aiohttp.ClientSession() as session:
        for path in ("", "nowhere", "api/overview.json", "static/icon.svg"):
            async with session.get(f"{page.site.url}{path}") as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
        async with session.post(page.site.url) as answer:
            assert answer.status == 405
            assert answer.headers["Allow"] == "GET,HEAD"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
async def test_times_are_of_the_rule_files_zone(
    furnished: Furnished, tmp_path: Path, zone: str
) -> None:
    """On every page, by the zone's name; the plot's days begin at its midnights."""
    path = Path(shutil.copy(furnished.path, tmp_path))
    world = replace(furnished, book=replace(furnished.book, timezone=zone))
    seen = format_instant(furnished.now, ZoneInfo(zone))
    async with serving(path, world) as page:
        for address in PAGES:
            _, text = await page.get(address)
            shown = re.findall(r'title="\d{4}-\d\d-\d\d \d\d:\d\d ([^"]*)"', text)
            assert set(shown) <= {zone}, address
            assert not re.search(r"\b(UTC|CST|EST|EDT)\b", text), address
        _, text = await page.get("products/US/1")
        assert f'title="{seen}"' in text
        assert f"<td>{seen[:16]}</td>" not in text  # unchanged since
        assert f"From ({zone})" in text
        _, text = await page.get("products/US/1?metric=total_sale_gmv_7d_amt")
        assert f"<td>{seen[:16]}</td>" in text
        _, text = await page.get("outbox/1")
        assert zone in text
