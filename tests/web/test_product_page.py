"""A product's page: what its address asks for, what is refused, and the rules that look at it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from tests.fakes.world import World
from tests.store.making import DAY, SALES, START, scan
from tests.web.serving import Page, serving
from watcher.alert import Alert, AlertState
from watcher.evidence import Evidence
from watcher.model import ScanState, Verdict
from watcher.store.sqlite.database import Database
from watcher.units import Unit

HOSTILE = '<script>alert(1)</script>"><b onmouseover=x>' * 5
RULES = f"""
rules:
- name: rising
  watch: {{sort: total_sale_7d_cnt desc}}
  when: {{any: [{{{SALES}: {{at_least: 100}}}}, {{{SALES}: {{rises: 50%, from: 1d ago}}}}]}}
  until: {{{SALES}: {{below: 3}}}}
- {{name: pricey, watch: {{sort: total_sale_7d_cnt desc}}, when: {{spu_avg_price: {{above: 20}}}}}}
- {{name: unknown, watch: {{sort: total_sale_7d_cnt desc}}, when: {{review_count: {{above: 5}}}}}}
- {{name: long, watch: {{sort: total_sale_7d_cnt desc}}, when: {{{SALES}: {{above: 1}}}}, for: 90d}}
"""
PLOT = re.compile(r'<svg class="plot lines".*?</svg>\s*(?=<ul class="legend")', re.DOTALL)


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """Six products over 30 days; the third is missed for a while, the fourth has other prices."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES)
        for day in range(30):
            found: dict[str, Mapping[str, float]] = {}
            for key in range(1, 8):
                week = float(10 * key + day)
                found[str(key)] = {
                    SALES: 150.0 if key == 1 and day == 29 else week, "spu_avg_price": 9.99 + key,
                    "max_price": 20.0 + key,
                    "total_sale_gmv_7d_amt": 10 * week, "sales_trend_flag": day % 3,
                    "product_commission_rate": 0.1,
                    **{f"total_sale_{days}d_cnt": week * days / 7 for days in (1, 30, 60, 90)},
                }  # fmt: skip
            found["7"] = {**found["7"], "total_views_7d_cnt": 70.0}
            if 10 <= day < 14:
                found.pop("3")
            world.scan(found)
        for named, name in {"2": HOSTILE, "4": "美白精华液"}.items():
            database.execute(
                "UPDATE products SET product_name = ? WHERE product_id = ?", (name, named)
            )
        for key in range(1, 8):
            currency = {4: "THB", 5: "VND"}.get(key, "USD")
            database.execute(
                "UPDATE products SET currency = ? WHERE product_id = ?", (currency, str(key))
            )
        async with serving(path, world) as served:
            yield served


async def got(page: Page, address: str) -> str:
    """A page that answers."""
    status, text = await page.get(address)
    assert status == 200, address
    return text


def refused(text: str) -> list[str]:
    """What a page says it does not show."""
    return [html.unescape(each) for each in re.findall(r'error refused">([^<]*)<', text)]


def titles(text: str) -> list[str]:
    """The headings of the plots."""
    return [html.unescape(each) for each in re.findall(r"<figcaption><h3>([^<]*)<", text)]


def lines(text: str) -> list[str]:
    """What the legends name."""
    return [html.unescape(each) for each in re.findall(r'class="name" dir="auto">([^<]*)<', text)]


async def test_several_metrics_in_one_plot(page: Page) -> None:
    """Of one unit on one axis, of two on two."""
    text = await got(
        page, f"products/US/1?metric={SALES}&metric=spu_avg_price&metric=max_price&days=30"
    )
    assert titles(text) == ["7-day sales, price, highest price, last 30 days (UTC)"]
    assert lines(text) == ["7-day sales", "price", "highest price"]
    assert "price, highest price (USD)" in text
    assert text.count("right axis") == 2
    assert not refused(text)
    assert await got(page, f"products/US/1?metric={SALES},spu_avg_price&days=30")


async def test_a_third_unit_is_refused(page: Page) -> None:
    """In words; the others are shown."""
    text = await got(
        page, f"products/US/1?metric={SALES}&metric=spu_avg_price&metric=commission&metric=rank"
    )
    assert refused(text) == [
        "A plot has two axes, each for values of one unit: there is none left for commission, rank."
    ]
    assert lines(text) == ["7-day sales", "price"]


async def test_more_is_refused(page: Page) -> None:
    """Too many lines, what is no metric, a day, a time that is none."""
    many = "&".join(f"metric=total_sale_{days}d_cnt" for days in (1, 7, 15, 30, 60, 90))
    text = await got(page, f"products/US/1?{many}&metric=review_count")
    assert refused(text) == ["A plot has 6 lines at most: left out is reviews."]
    text = await got(
        page, "products/US/1?metric=first_crawl_dt&metric=%3Cb%3E&days=x&from=2023-99-01"
    )
    assert len(refused(text)) == 4
    assert 'No metric is called "<b>".' in refused(text)
    assert "<b>" not in text
    assert titles(text) == ["7-day sales, last 90 days (UTC)"]


async def test_a_metric_is_added(page: Page) -> None:
    """By the form, beside those that are there; by a card's own link, and taken out again."""
    text = await got(page, f"products/US/1?metric=spu_avg_price&beside={SALES}&add=1")
    assert lines(text) == ["7-day sales", "price"]
    text = await got(page, f"products/US/1?metric=spu_avg_price&beside={SALES}")
    assert lines(text) == ["price"]
    (more,) = re.findall(r'class="more" href="([^"]*)" aria-label="Add 7-day sales to', text)
    both = await got(page, f"products/US/1{html.unescape(more)}")
    assert lines(both) == ["price", "7-day sales"]
    (less,) = re.findall(r'class="more" href="([^"]*)" aria-label="Leave price out', both)
    assert lines(await got(page, f"products/US/1{html.unescape(less)}")) == ["7-day sales"]


async def test_products_are_compared(page: Page) -> None:
    """Five at most, each once; what can't be is said."""
    text = await got(page, "products/US/1?compare=2&compare=3,us/6&compare=1&compare=2&days=30")
    assert lines(text)[0] == "Product 1"
    assert len(lines(text)) == 4
    assert not refused(text)
    assert "<script" not in text.replace('<script src="', "")
    assert text.count('<path class="line s') == 4
    more = await got(page, "products/US/1?" + "&".join(f"compare={key}" for key in "234567"))
    assert len(lines(more)) == 5
    assert refused(more) == ["5 products are compared at most: left out is 6, 7."]
    odd = await got(
        page, "products/US/1?compare=99&compare=%3Cb%3E&compare=seller_id%3D5&compare=TH/2"
    )
    assert refused(odd)[0].startswith('"<b>" is no product')
    assert refused(odd)[-1] == "No scan has seen 99, TH/2."
    address = quote("https://www.tiktok.com/shop/pdp/1729382256910270485", safe="")
    assert refused(await got(page, f"products/US/1?compare={address}")) == [
        "No scan has seen 1729382256910270485."
    ]


async def test_each_metric_of_a_comparison_has_its_plot(page: Page) -> None:
    """Two at most, whatever their units."""
    asked = f"metric={SALES}&metric=sales_trend_flag&metric=commission"
    text = await got(page, f"products/US/1?compare=2&{asked}")
    assert [title.partition(",")[0] for title in titles(text)] == ["7-day sales", "trend"]
    assert "left out is commission" in refused(text)[0]
    assert len(set(re.findall(r' id="([^"]*)"', text))) == len(re.findall(r' id="([^"]*)"', text))


async def test_prices_of_three_currencies(page: Page) -> None:
    """Two have an axis each, named by its currency; the third is refused."""
    text = await got(page, "products/US/1?compare=4&compare=5&metric=spu_avg_price")
    assert "price (USD)" in text
    assert "price (THB)" in text
    assert refused(text) == ["A plot has two axes: there is none left for Product 5 in VND."]
    assert len(lines(text)) == 2


async def test_one_to_compare_is_found_and_left_out(page: Page) -> None:
    """By a search; the address holds all that is shown."""
    text = await got(page, "products/US/1?find=%E7%BE%8E%E7%99%BD&metric=spu_avg_price&days=30")
    (link,) = re.findall(r'<li><a href="(\?[^"]*)" dir="auto">美白精华液<', text)
    text = await got(page, f"products/US/1{html.unescape(link)}")
    assert lines(text) == ["Product 1", "美白精华液"]
    assert titles(text) == ["price, last 30 days (UTC)"]
    (without,) = re.findall(r'<a href="(\?[^"]*)" aria-label="Compare no more with 美白', text)
    assert lines(await got(page, f"products/US/1{html.unescape(without)}")) == ["price"]
    assert "No scan has seen such a product." in await got(page, "products/US/1?find=nothing")


async def test_from_a_list_to_a_comparison(page: Page) -> None:
    """Boxes beside what is found lead to the first with the others."""
    text = await got(page, "products?q=Product")
    assert 'name="product" value="US/3" form="compare"' in text
    text = await got(page, "products/compare?product=US/3&product=US/6&product=US/3&product=x")
    assert lines(text) == ["Product 3", "Product 6"]
    text = await got(page, "products/compare")
    assert "<h1>Products" in text
    assert "No product was chosen: tick the boxes of some to compare." in text
    assert (await page.get("products/compare?product=US/99"))[0] == 404


async def test_a_gap_is_marked(page: Page) -> None:
    """The line ends, a hatched field says why, and so does the legend."""
    text = await got(page, "products/US/3?days=30")
    (plot,) = PLOT.findall(text)
    assert len(re.findall(r'class="gap"', plot)) == 1
    (path,) = re.findall(r'<path class="line s0" d="([^"]*)"', plot)
    assert path.count("M") == 2
    assert "gap: no scan saw it" in text
    (several,) = PLOT.findall(await got(page, f"products/US/3?days=30&metric={SALES},max_price"))
    assert len(re.findall(r'class="gap"', several)) == 1
    assert "gap: no scan saw it" not in await got(page, "products/US/1?days=30")


def gaps(text: str) -> list[tuple[str, float, float]]:
    """The style, begin and end of each gap in a comparison, in percent."""
    found = re.findall(r'class="gap (s\d)" x="([\d.]+)%" y="\d+" width="([\d.]+)%"', text)
    return [(style, float(x), float(x) + float(width)) for style, x, width in found]


async def test_who_comes_and_goes(tmp_path: Path) -> None:
    """Since a complete list lacks it a product has a gap, alone and beside others; not before it
    was seen first, and not by a list that was cut off. Up to a day of the past its line goes on."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES)
        for day in range(20):
            found = {"1": {SALES: 10.0}, "2": {SALES: 20.0}, "3": {SALES: 30.0}, "4": {SALES: 9.0}}
            gone = {"2": day > 9, "3": day < 10, "4": day > 18}
            listed = {key: each for key, each in found.items() if not gone.get(key)}
            world.scan(listed, ScanState.PARTIAL if day > 18 else ScanState.COMPLETE)
        async with serving(path, world) as page:
            text = await got(page, "products/US/1?compare=2&compare=3&compare=4&days=20")
            ((style, begin, end),) = gaps(text)
            assert style == "s1"
            assert [begin, end] == pytest.approx([50, 100], abs=2)
            (plot,) = PLOT.findall(await got(page, "products/US/2?days=20"))
            assert plot.count('class="gap"') == 1
            for key in "34":
                assert 'class="gap"' not in await got(page, f"products/US/{key}?days=20")
            twin = json.loads(await got(page, "api/products/US/1.json?compare=2&days=20"))
            assert [len(each["gaps"]) for each in twin["series"]] == [0, 1]
            past = await got(page, "products/US/1?days=5&to=2023-11-25")
            (path_,) = re.findall(r'<path class="line s0" d="([^"]*)"', past)
            assert "H1000" in path_


async def test_alerts_are_marked(page: Page) -> None:
    """In the plot and its legend."""
    text = await got(page, "products/US/1?days=30")
    (plot,) = PLOT.findall(text)
    assert 'class="mark"' in plot
    assert "alert, and for how long it fired" in text
    assert 'class="marked name"' in plot


async def test_alerts_of_a_time_in_the_past(tmp_path: Path) -> None:
    """Are marked, however many fired since; those that were over before, or came later, are not."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES)
        for _day in range(60):
            world.scan({"1": {SALES: 1.0}})
        (facts,) = database.history.find("1")
        over = [
            Alert(0, "gone", facts.product, AlertState.INACTIVE, at, at, at, at + DAY // 2, "over")
            for at in range(START + DAY, START + 50 * DAY, DAY)
        ]
        first, *_ = (each.id for each in database.alerts.save(over))
        async with serving(path, world) as page:
            text = await got(page, "products/US/1?from=2023-11-18&to=2023-11-20")
            found = re.findall(r'aria-label="Alert A(\d+)', text)
            assert [int(each) - first for each in found] == [2, 3, 4, 5]


async def test_alerts_are_those_of_the_pages_own_product(page: Page) -> None:
    """Beside others, too: where it has no value itself, as well."""
    for asked, shown in ((SALES, ["1", "7"]), ("total_views_7d_cnt", ["7"])):
        text = await got(page, f"products/US/1?compare=7&days=30&metric={asked}")
        assert lines(text) == [f"Product {key}" for key in shown]
        assert 'class="mark"' in text
        assert "alert of Product 1<" in text
    text = await got(page, f"products/US/1?compare=7&days=30&metric={SALES},max_price")
    assert ['class="mark"' in plot for plot in PLOT.findall(text)] == [True, False]


async def test_the_time_before_it_was_watched(page: Page) -> None:
    """Dashed, in the legend, and in a table of its own: a steady pace is one level."""
    text = await got(page, "products/US/1?days=all")
    (plot,) = PLOT.findall(text)
    assert '<path class="line before s0"' in plot
    assert "average before it was watched" in text
    assert re.findall(r'<th scope="row">([\d–]+)</th>', text) == [
        "1", "2–7", "8–30", "31–60", "61–90",
    ]  # fmt: skip
    assert ": average " in plot
    some = await got(page, "products/US/1?days=50")
    assert re.findall(r'<th scope="row">([\d–]+)</th>', some) == ["1", "2–7", "8–30"]
    assert text.count("90 days, all that is stored") == 0
    assert "average before" not in await got(page, "products/US/1?days=7")
    assert "average before" not in await got(page, "products/US/1?days=all&metric=spu_avg_price")


async def test_days_of_the_zone(page: Page) -> None:
    """From one day to another, and both in the form."""
    text = await got(page, "products/US/1?from=2023-11-20&to=2023-11-25")
    assert titles(text) == ["7-day sales, 2023-11-20 to 2023-11-25 (UTC)"]
    assert 'name="from" value="2023-11-20"' in text
    rows = re.findall(r"<tr><td>(\d{4}-\d\d-\d\d) \d\d:\d\d</td>", text)
    assert (rows[-1], rows[0]) == ("2023-11-20", "2023-11-25")


async def test_every_rule_with_its_verdict(page: Page) -> None:
    """Which condition is met, which not, and with which values."""
    text = await got(page, "products/US/1")
    rules = re.findall(r'<li data-key="([^"]*)">(.*?)\n</li>', text, re.DOTALL)
    said = {name: html.unescape(re.sub(r"<[^>]*>", " ", shown)).split() for name, shown in rules}
    assert [*said][:2] == ["rising", "long"], "what fires comes first"
    rising, pricey = " ".join(said["rising"]), " ".join(said["pricey"])
    assert "rising firing info" in rising
    assert "met any of these" in rising
    assert "met 7-day sales at least 100: 150" in rising
    assert "met 7-day sales rises 50% from 1d ago: 150, was 38 1d before (2023-12-13" in rising
    assert "It ends when not met 7-day sales below 3: 150" in rising
    assert "not met price above 20: 10.99 USD" in pricey
    assert "no data reviews above 5: the product has no review_count" in " ".join(said["unknown"])
    assert "it fires if it is still met at a scan from 2024-0" in " ".join(said["long"])


async def test_the_json_twin(page: Page) -> None:
    """The same series, what was before, the gaps, what is refused, and the verdicts."""
    data = json.loads(
        await got(page, f"api/products/US/3.json?days=all&metric={SALES}&compare=4&compare=77")
    )
    one, other = data["series"]
    assert (one["product_id"], other["product_id"]) == ("3", "4")
    values = [value for _at, value in one["values"]]
    assert (values[0], values[-1]) == (30, 59)
    assert None in values
    assert [each["value"] for each in one["before"]] == pytest.approx([30] * 5)
    (gap,) = one["gaps"]
    assert gap[1] - gap[0] == 5 * DAY
    assert other["gaps"] == []
    assert data["refused"] == ["No scan has seen 77."]
    by_name = {each["rule"]: each for each in data["rules"]}
    pricey = by_name["pricey"]
    assert (pricey["verdict"], pricey["when"]["value"]) == ("not met", 12.99)
    assert pricey["when"]["text"] == "price above 20: 12.99 USD"


async def test_variants_and_nothing(page: Page) -> None:
    """What was not read is said in words."""
    text = await got(page, "products/US/1")
    assert "Its variants have not been read" in text
    assert "Has no value" not in text
    empty = await got(page, "products/US/1?metric=review_count&days=7")
    assert "Reviews has no value: last 7 days." in empty
    assert not PLOT.findall(empty)


@pytest.fixture
async def year(tmp_path: Path) -> AsyncIterator[Page]:
    """400 days of five products that change daily, 200 rules that look at them, hostile names, many
    alerts and silences."""
    path, random = tmp_path / "year.db", np.random.default_rng(1)
    rules = "rules:\n" + "\n".join(
        f"- {{name: a-rule-of-some-length-{n}, watch: {{sort: total_sale_7d_cnt desc}}, when: "
        f"{{{SALES}: {{at_least: {n}}}, total_sale_gmv_7d_amt: {{rises: 50%, from: 7d ago}}}}}}"
        for n in range(200)
    )
    with Database.open(path) as database:
        world = World(database, rules)
        (watch,) = world.book.used_watches
        for day in range(400):
            table = random.lognormal(6, 1, (5, 4)).round(2)
            found = {
                str(key + 1): {
                    SALES: float(round(row[0])), "total_sale_gmv_7d_amt": row[1],
                    "spu_avg_price": row[2], "total_views_7d_cnt": float(round(row[3])),
                    "total_sale_30d_cnt": float(round(row[0] * 5)), "product_rating": 4.5,
                    "total_video_7d_cnt": float(round(row[3])), "review_count": float(day),
                    "product_commission_rate": 0.1, "first_crawl_dt": 20200101,
                }
                for key, row in enumerate(table)
                if (day + key) % 50
            }  # fmt: skip
            database.history.record(scan(START + day * DAY, found, watch=watch.key))
        world.day = 400
        database.execute("UPDATE products SET product_name = ?", (HOSTILE,))
        since, product = START + 300 * DAY, database.history.keys_of([("US", "1")])["US", "1"]
        why = (Evidence(SALES, "7-day sales", Unit.COUNT, "at least 1", Verdict.MET, 5.0),) * 3
        database.alerts.save([
            Alert(
                0, f"a-rule-of-some-length-{n}", product, AlertState.FIRING, since + n * DAY, since,
                since + n * DAY, evidence=why,
            )
            for n in range(60)
        ])  # fmt: skip
        for n in range(40):
            database.silences.add(begins=world.now, ends=world.now + DAY, rule=f"a-rule-*{n}*")
        async with serving(path, world) as served:
            yield served


_OTHERS = "&".join(f"compare={key}" for key in "2345")
_METRICS = "&".join(
    f"metric={name}"
    for name in (SALES, "total_views_7d_cnt", "total_video_7d_cnt", "review_count", "spu_avg_price")
)


@pytest.mark.parametrize(
    "query",
    [
        "days=400",
        f"days=all&{_METRICS}&metric=total_sale_30d_cnt",
        f"days=400&{_OTHERS}",
        f"days=all&{_OTHERS}&{_METRICS}",
        f"days=400&{_OTHERS}&find=script&rules=3",
    ],
)
async def test_a_year_is_no_large_page(year: Page, query: str) -> None:
    """150 KB at most, in English and in Chinese, with everything on it."""
    for language in ("", "&language=zh"):
        text = await got(year, f"products/US/1?{query}{language}")
        assert PLOT.findall(text)
        assert text.count('class="mark"') == 12
        assert text.count('<li class="alert firing"') == 20
        assert len(text.encode()) <= 150_000, query


async def test_rules_come_page_by_page(year: Page) -> None:
    """All 200 are there, each once."""
    names = list[str]()
    for number in range(1, 11):
        text = await got(year, f"products/US/1?rules={number}")
        names += re.findall(r'<li data-key="(a-rule[^"]*)">', text)
    assert len(names) == len(set(names)) == 200
    assert await got(year, "products/US/1?rules=99")
