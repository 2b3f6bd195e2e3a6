"""Pages of lists: the table of watches, one watch's products, the rule that is made of a view, and
the same for programs."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from tests.analysis.views.drawing import shown
from tests.fakes.listed import NUMBERS, RULES, Product, Shelf, random_days
from tests.store.making import firing
from tests.web.conftest import Furnished
from tests.web.furnished import BAD_RULE, HOSTILE
from tests.web.library import Library, lease_all, served
from tests.web.serving import Page, serving
from watcher.analysis.views.asked import MOST_COLUMNS, asked_view
from watcher.analysis.views.columns import ListColumns
from watcher.model import ScanState
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store
from watcher.store.sqlite.database import Database
from watcher.web.pages import list_words

SERUM = "1729000000000000001"
_ROW = re.compile(r'<tr data-key="([^"]+)">')
_SORT = re.compile(
    r'<th scope="col"(?: class="n")?(?: aria-sort="(\w+)")?><a href="([^"]*)">([^<]+)</a>'
)


@pytest.fixture
def shelf_file(tmp_path: Path) -> tuple[Path, Shelf]:
    """A file with two days of a list of 120 products, on one of which an alert fires."""
    path = tmp_path / "lists.db"
    with Database.open(path) as store:
        shelf = Shelf(store)
        for day in random_days(4, 133):
            shelf.scan(day)
        key = store.history.keys_of([("US", next(iter(shelf.days[-1])))])
        store.alerts.save([firing("sells", one, shelf.now) for one in key.values()])
        return path, shelf


def scene(path: Path, shelf: Shelf) -> Furnished:
    """What the page is served with."""
    return Furnished(path, shelf.book, shelf.now + 60)


def keys(text: str) -> list[str]:
    """The products of the rows, in order."""
    return [key.partition("/")[2] for key in _ROW.findall(text)]


def heads(text: str) -> dict[str, tuple[str, str]]:
    """By label how a column is sorted, and where its head leads."""
    return {label: (order, html.unescape(to)) for order, to, label in _SORT.findall(text)}


async def test_the_table_of_watches(shelf_file: tuple[Path, Shelf]) -> None:
    """Each with its list, its state, its size, and how many alerts fire; programs get the same."""
    path, shelf = shelf_file
    async with serving(path, scene(path, shelf)) as page:
        _, text = await page.get("watches")
        assert '<a href="./watches/best" dir="auto">best</a>' in text
        assert 'href="./watches/inline%20%26%20odd"' in text
        row = text[text.index('data-key="best"') :]
        cells = re.findall(r'data-label="(\w[\w ]*)"[^>]*>([^<]*)', row[: row.index("</tr>")])
        assert dict(cells)["Products"] == str(len(shelf.days[-1]))
        assert dict(cells)["Alerts"] == "0"  # of alerts that name no watch
        found = json.loads((await page.get("api/watches.json"))[1])["watches"]
        assert {each["name"]: each["firing"] for each in found}["best"] == 0
        assert {each["name"] for each in found} == {watch.name for watch in shelf.book.watches}
        assert 'href="./watches"' in (await page.get(""))[1]


async def test_sort_filter_and_leaf_through(shelf_file: tuple[Path, Shelf]) -> None:
    """By the links of the page alone: each leads to what it says."""
    path, shelf = shelf_file
    order = [*shelf.days[-1]]
    async with serving(path, scene(path, shelf)) as page:
        _, text = await page.get("watches/best")
        assert keys(text) == order[:50]
        assert heads(text)["rank"] == ("ascending", "?sort=-rank")
        assert f"Page 1 of {-(-len(order) // 50)}" in text
        (to,) = re.findall(r'<a href="([^"]+)" rel="next">', text)
        assert to == "?page=2"
        _, text = await page.get(f"watches/best{to}")
        assert keys(text) == order[50:100]
        assert re.findall(r'<a href="([^"]+)" rel="prev">', text) == ["../watches/best"]
        sort = heads(text)["price"][1]
        assert sort == "?sort=-spu_avg_price"
        _, text = await page.get(f"watches/best{sort}&q=serum")
        prices = {key: product.get("spu_avg_price") for key, product in shelf.days[-1].items()}
        shown = [prices[key] for key in keys(text)]
        known = [each for each in shown if isinstance(each, float)]
        assert known == sorted(known, reverse=True)
        assert len(known) > 3
        assert shown[len(known) :] == [None] * (len(shown) - len(known))
        assert heads(text)["price"] == ("descending", "?q=serum&sort=spu_avg_price")
        assert heads(text)["rank"] == ("", "?q=serum")
        assert '<option value="-spu_avg_price" selected>price, highest first</option>' in text
        assert 'name="q" value="serum"' in text
        assert re.search(r"\d+ of \d+ products", text)
        _, text = await page.get("watches/best?min.alerts.firing=1")
        assert keys(text) == order[:1]
        assert f'products/US/{order[0]}#alerts" title="sells">1</a>' in text
        _, text = await page.get("watches/best?page=99")
        assert "There is no page 99: this is the last." in text
        _, text = await page.get("watches/best?cols=rank,nothing")
        assert text.index("has no column &#34;nothing&#34;") < text.index("<form")
        assert "<details open" not in text


async def test_the_form_leads_to_the_one_address(shelf_file: tuple[Path, Shelf]) -> None:
    """What a browser sends, with fields that are empty and boxes one by one, becomes short; what
    is wrong is shown as it was typed."""
    path, shelf = shelf_file
    async with serving(path, scene(path, shelf)) as page, aiohttp.ClientSession() as browser:
        url = f"{page.site.url}watches/best"
        sent = [("q", " serum "), ("seller", ""), ("when", ""), ("min.rank", ""), ("col", "rank"),
                ("col", "spu_avg_price"), ("sort", "-rank")]  # fmt: skip
        async with browser.get(url, params=sent, allow_redirects=False) as answer:
            assert answer.status == 303
            assert answer.headers["Location"] == (
                "../watches/best?q=serum&cols=rank,spu_avg_price&sort=-rank"
            )
        async with browser.get(url, params=[("q", "")], allow_redirects=False) as answer:
            assert answer.headers["Location"] == "../watches/best"
        wrong = [("q", ""), ("when", "rank: {belw: 1}"), ("min.spu_avg_price", "<i>")]
        async with browser.get(url, params=wrong, allow_redirects=False) as answer:
            assert answer.status == 200
            text = html.unescape(await answer.text())
        assert 'line 1, column 8: rank: unknown operator "belw", did you mean "below"?' in text
        assert "rank: {belw: 1}</textarea>" in text
        assert '"<i>" is no number' in text
        assert text.count("<details open>") == 1
        assert len(keys(text)) == 50  # what is wrong filters nothing


async def test_each_row(tmp_path: Path) -> None:
    """Its values in words, its seller by name, what is new, alerts; nothing of a name is markup."""
    path = tmp_path / "one.db"
    with Database.open(path) as store:
        shelf = Shelf(store)
        product: Product = {
            "product_name": HOSTILE, "seller_id": "7000000000000000001", "spu_avg_price": 12.5,
            "total_sale_7d_cnt": 100, "product_commission_rate": 0.1, "sales_trend_flag": 1,
            "total_sale_gmv_7d_amt": 0,
        }  # fmt: skip
        shelf.scan({"9": product, SERUM: product})
        product |= {"total_sale_7d_cnt": 130, "product_commission_rate": 0.125,
                    "total_sale_gmv_7d_amt": 5}  # fmt: skip
        shelf.scan({SERUM: product, "9": {}, "8": {"product_name": "新品"}})
    async with serving(path, scene(path, shelf)) as page:
        _, text = await page.get("watches/best?cols=rank,rank.change,total_sale_7d_cnt.change,"
                                 "total_sale_gmv_7d_amt.change,commission,commission.change,"
                                 "sales_trend_flag,spu_avg_price")  # fmt: skip
        first, second, third = text.split("<tr data-key=")[1:]
        values = re.findall(r"<td data-label=[^>]*>([^<]*)</td>", first)
        assert values == ["#1", "+1", "+30%", "from 0", "12.5%", "+2.5 points", "rising", "12.50"]
        assert re.findall(r"<td data-label=[^>]*>([^<]*)</td>", second)[1:4] == ["-1", "–", "–"]
        assert 'class="n up"' in first
        assert 'class="n down beside"' in second
        assert HOSTILE in html.unescape(first)
        assert "<script>alert" not in text
        assert '?seller=7000000000000000001" dir="auto">GlowLab</a>' in first
        assert "new on the list" in third
        assert "new on the list" not in first + second
        assert 'href="../products/US/1729000000000000001"' in first
        assert "from 1d ago" in text
        said = re.findall(r'">([^<]*)</span><span class="unseen">([^<]*)</span></a><small>', text)
        assert said == [("change", "rank, change"), ("change", "commission, change")]
        assert ">7-day sales, change</a><small>" in text  # which does not stand beside its metric
        assert 'name="product" value="US/9" form="compare"' in second
        async with (
            aiohttp.ClientSession(headers={"Accept-Language": "zh"}) as visitor,
            visitor.get(f"{page.site.url}watches/best?is.sales_trend_flag=rising") as answer,
        ):
            assert keys(await answer.text()) == [SERUM]


async def test_the_rule_of_a_view(shelf_file: tuple[Path, Shelf]) -> None:
    """Stands in a text field, to be copied; without a filter there is none, nor of alerts."""
    path, shelf = shelf_file
    async with serving(path, scene(path, shelf)) as page:
        _, text = await page.get("watches/best?q=serum&max.rank=30")
        (way,) = re.findall(r'<a href="([^"]+)">Make a rule of this', text)
        assert html.unescape(way) == "../watches/best/rule?q=serum&max.rank=30"
        _, text = await page.get("watches/best/rule?q=serum&max.rank=30")
        (written,) = re.findall(r"<textarea[^>]*readonly[^>]*>\n(.*?)</textarea>", text, re.DOTALL)
        lines = html.unescape(written).removeprefix("rules:\n").splitlines()
        made = load_text(RULES + "".join(f"  {line}\n" for line in lines))
        (rule,) = (each for each in made.rules if each.name == "best")
        assert rule.when.key == 'all(product_name contains "serum"; rank at_most 30.0)'
        _, text = await page.get("watches/best/rule")
        assert "choose a filter of the list first" in text
        assert "<textarea" not in text
        _, text = await page.get("watches/best/rule?min.alerts.firing=1")
        assert "this filter is left out" in text
        _, text = await page.get("watches/best/rule?q=%3C/textarea%3E%3Cscript%3E")
        assert "<script>" not in text


async def test_for_programs_and_spreadsheets(shelf_file: tuple[Path, Shelf]) -> None:
    """All rows that the filters pick, in the order of the view."""
    path, shelf = shelf_file
    query = "min.spu_avg_price=10&sort=-spu_avg_price&cols=spu_avg_price,earnings"
    prices = {key: product.get("spu_avg_price") for key, product in shelf.days[-1].items()}
    expected = sorted(
        (each for each in prices.values() if isinstance(each, float) and each >= 10), reverse=True
    )
    async with serving(path, scene(path, shelf)) as page:
        status, text = await page.get(f"api/watches/best.json?{query}")
        found = json.loads(text)
        assert status == 200
        assert [row["values"]["spu_avg_price"] for row in found["rows"]] == expected
        assert len(expected) > 50
        assert (found["found"], found["watch"]) == (len(expected), "best")
        assert found["scan"] == {
            "at": shelf.now, "state": "complete", "size": len(prices), "doubt": False,
        }  # fmt: skip
        assert [column["name"] for column in found["columns"]] == ["spu_avg_price", "earnings"]
        async with aiohttp.ClientSession() as session:
            url = f"{page.site.url}api/watches/best.csv?{query}&comma=1"
            async with session.get(url) as answer:
                assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
                assert answer.headers["Content-Disposition"] == (
                    "attachment; filename*=UTF-8''best.csv"
                )
                text = (await answer.read()).decode("utf-8-sig")
        lines = [*csv.DictReader(io.StringIO(text), delimiter=";")]
        assert [float(line["spu_avg_price"].replace(",", ".")) for line in lines] == expected
        for wrong in ("foo=1", "min.rank=x", "when=a", "page=0"):
            for kind in ("json", "csv"):
                status, text = await page.get(f"api/watches/best.{kind}?{wrong}")
                assert status == 400
                assert text.strip()
        assert (await page.get("api/watches/plain.json"))[0] == 404
        assert (await page.get("api/watches/none.csv"))[0] == 404
        assert (await page.get("watches/none"))[0] == 404
        assert (await page.get("watches/none/rule"))[0] == 404


async def test_a_list_that_says_little(tmp_path: Path) -> None:
    """Never read, read in part, failed since, empty, or of what no rule reads."""
    path = tmp_path / "little.db"
    with Database.open(path) as store:
        shelf, plain = Shelf(store), Shelf(store, "plain")
        shelf.scan({"1": {}, "2": {}}, ScanState.PARTIAL)
        shelf.scan({}, ScanState.FAILED)
        plain.scan({})
        unread = shelf.book
    rules = RULES.replace("watch: weekly", "watch: plain")
    async with serving(path, Furnished(path, load_text(rules), shelf.now + 60)) as page:
        _, text = await page.get("watches/best")
        assert "Not all of the list could be read" in text
        assert "A newer scan" in text
        assert keys(text) == ["1", "2"]
        _, text = await page.get("watches/plain")
        assert "The list is empty." in text
        _, text = await page.get("watches/plain?q=x")
        assert "No product of the list meets the filters." in text
        _, text = await page.get("watches/weekly?q=x&sort=-nope")
        assert "No scan of this watch has read anything yet." in text
        assert "No rule reads this watch" in text
        assert unread.watches


async def test_names_of_watches(furnished: Furnished, furnished_page: Page) -> None:
    """Whatever a watch is called, its links lead to it."""
    for watch in furnished.book.watches:
        name = quote(watch.name, safe="")
        assert (await furnished_page.get(f"watches/{name}"))[0] == 200
        assert (await furnished_page.get(f"watches/{name}/rule?q=x"))[0] == 200
        assert (await furnished_page.get(f"api/watches/{name}.json"))[0] == 200
        assert (await furnished_page.get(f"api/watches/{name}.csv"))[0] == 200
    assert BAD_RULE not in (await furnished_page.get("watches"))[1]


@pytest.mark.parametrize("path", ["", "watches/", "api/watches/"])
async def test_each_book_has_its_lists(library: Library, path: str) -> None:
    """Below its own path, and of its own products."""
    lease_all(library)
    async with served(library) as page:
        if not path:
            status, text = await page.get("books/a/watches")
            assert status == 200
            assert 'href="./watches/taking-off"' in text
            return
        suffix = ".json" if path.startswith("api") else ""
        status, text = await page.get(f"books/a/{path}taking-off{suffix}?sort=-rank")
        assert status == 200
        if not suffix:
            assert keys(text) == ["3", "2", "1"]
            assert 'href="../products/US/1"' in text
            assert (await page.get("books/c/watches/taking-off"))[0] in (404, 503)


async def test_no_page_is_large(tmp_path: Path) -> None:
    """As many columns as there may be, of long names in letters that take three bytes: 150 KB."""
    path = tmp_path / "long.db"
    with Database.open(path) as store:
        shelf = Shelf(store)
        product: Product = dict.fromkeys(NUMBERS[:8], 123_456.78)
        product |= {
            "product_name": "补水面膜" * 100, "seller_id": "7000000000000000002",
            "category_id": "601450", "discount": "折扣" * 200,
        }  # fmt: skip
        shelf.scan({str(10**18 + number): product for number in range(60)})
    known = ListColumns(shelf.book.metrics, shelf.list)
    texts = [column.name for column in known.offered["texts"]]
    names = [*texts, *(column.name for column in known.default)]
    names += [column.name for column in known.offered["changes"]]
    query = f"cols={','.join(names[:MOST_COLUMNS])}"
    long = f"{query}&when={quote('any: [' + 'rank: {at_least: 1}, ' * 40 + ']')}"
    async with (
        serving(path, scene(path, shelf)) as page,
        aiohttp.ClientSession(headers={"Accept-Language": "zh"}) as visitor,
    ):
        for each, most in ((query, 140_000), (long, 150_000)):
            async with visitor.get(f"{page.site.url}watches/best?{each}") as answer:
                body = await answer.read()
            assert len(keys(body.decode())) == 50
            assert 90_000 < len(body) < most
        assert heads(body.decode()) == {}


def test_ways_and_moves_in_words(store: Store) -> None:
    """No page is named twice; what stayed as it was went neither up nor down."""
    shelf = Shelf(store)
    for sales in (10.0, 5.0):
        kept: dict[str, Product] = {str(n): {"total_sale_7d_cnt": 5.0} for n in range(129)}
        shelf.scan({"200": {"total_sale_7d_cnt": sales}, **kept})
    known = ListColumns(shelf.book.metrics, shelf.list)
    for page, expected in ((1, ["next", "last"]), (2, ["prev", "next"]), (3, ["first", "prev"])):
        found = shown(shelf, f"page={page}")
        view, _ = asked_view([("page", f"{page}")], known)
        assert [way for way, *_ in list_words.pages(view, known, found)] == expected
    found = shown(shelf, "cols=total_sale_7d_cnt.change")
    lines = list_words.lines(found, [known["total_sale_7d_cnt.change"]], None)
    cells = [line.cells[0] for line in lines[:2]]
    assert [(each.text, each.way) for each in cells] == [("-50%", "down"), ("0%", "")]
