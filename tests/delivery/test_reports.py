"""A report as services show it: tables in mail, a list in chats, the rows as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from tests.delivery.messages import HOSTILE
from tests.fakes.reported import GLOW, HEAD, Market, P
from tests.store.making import DAY, START, memory
from watcher.delivery.message import render
from watcher.delivery.rendered import Limit, Style
from watcher.delivery.report_tables import in_words
from watcher.language import Language, spoken
from watcher.message import Message
from watcher.model import Severity
from watcher.report import ReportContent
from watcher.store.ports import Store
from watcher.text.report_csv import HEAD as COLUMNS
from watcher.text.report_csv import report_csv
from watcher.text.reports import report_title
from watcher.text.spreadsheets import BOM

WIDE = "reports: {r: {at: '08:00', watch: best}}"
SPOKEN = "api: {gmv_currency: USD}\n" + HEAD
MOST = (None, 300, 700, 1_500, 4_000, 12_000)
_NUMBERED = re.compile(r"^(?:<[^>]*>|\W)*\d+\W{0,2}(?:\.| ·) ", re.MULTILINE)
_REST = re.compile(r"and (\d+) more|(\d+) rows")
# 28 moved, one came, two left, two sellers, 28 prices; 10, 1, 2, 2 and 5 are shown.
_ALL, _ALL_SHOWN = 61, 20


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty store in memory."""
    with memory() as database:
        yield database


def _report(store: Store, names: tuple[str, ...] = ("Lamp",), reports: str = WIDE) -> ReportContent:
    """30 products, most of which moved."""
    market = Market(store, reports, SPOKEN)
    before = {
        str(key): P(100.0 * key, 10, seller=GLOW if key % 2 else "71", name=names[key % len(names)])
        for key in range(1, 31)
    }
    now = {
        key: P((each.gmv or 0) * 1.5, 9, seller=each.seller, name=each.name)
        for key, each in before.items()
        if key not in ("3", "9")
    } | {"77": P(7_000, 5, name=names[-1])}  # fmt: skip
    market.weeks(before, now)
    return market.report("r")


def _message(report: ReportContent) -> Message:
    return Message("report", "", Severity.INFO, report.made, data_at=report.data_at, report=report)


class _Tables(HTMLParser):
    """The cells of a page's tables."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: set[str] = set()
        self._open = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.tables[-1][-1][-1] += data


def test_a_mail_has_tables(store: Store) -> None:
    """Each part with its heads; who is not shown is counted; beside it the same as text."""
    rendered = render(_message(_report(store)), Style.EMAIL)
    page = _Tables()
    page.feed(rendered.body)
    movers, entered, left, sellers, prices = page.tables
    assert movers[0] == ["Product", "7 days before", "Now", "Change"]
    assert movers[1] == ["Lamp", "3,000", "4,500 USD", "+50%"]
    assert (len(movers), len(entered), len(left), len(sellers), len(prices)) == (11, 2, 3, 3, 6)
    assert sellers[1][0].startswith("GlowLab")
    assert sellers[1][1:] == ["38,950 USD", "+50%"]
    assert prices[1][1:] == ["10", "9 USD", "-10%"]
    assert "and 18 more" in rendered.body
    assert '<div class="pictures"></div>' in rendered.body
    assert "No alert was told." in rendered.body
    assert "3,000 → 4,500 USD (+50%)" in rendered.plain
    assert rendered.title == "r: +50% 7-day GMV of best, 1 new, 2 gone (US)"


@pytest.mark.parametrize("limit", MOST)
@pytest.mark.parametrize("style", Style)
def test_every_service_gets_it_whole_or_cut_at_a_row(
    store: Store, style: Style, limit: int | None
) -> None:
    """Within its limit; of each part the first rows, and how many more there are."""
    report = _report(store)
    rendered = render(_message(report), style, UTC, limit or 30_000)
    size = Limit(1).size
    if limit is not None and (limit >= 4_000 or style is not Style.EMAIL):  # a mail has a frame
        assert size(rendered.title) + size(rendered.body) <= limit
    if style is Style.EMAIL:
        page = _Tables()
        page.feed(rendered.body)
        shown = sum(len(table) - 1 for table in page.tables)
        assert shown == _ALL_SHOWN or limit in (300, 700, 1_500, 4_000)
        return
    shown = len(_NUMBERED.findall(rendered.body))
    assert shown == _ALL_SHOWN if limit is None else shown <= _ALL_SHOWN
    rest = _REST.search(rendered.body)
    assert (int((rest[1] or rest[2]) if rest else 0) + shown == _ALL) or limit == 300


def test_a_mail_in_chinese(store: Store) -> None:
    """Its shares stand in their columns, its metrics are named as in every message."""
    rendered = render(_message(_report(store)), Style.EMAIL, language=Language.CHINESE)
    page = _Tables()
    page.feed(rendered.body)
    movers, _entered, _left, sellers, prices = page.tables
    assert movers[0] == ["商品", "7天前", "现在", "变化"]
    assert movers[1] == ["Lamp", "3,000", "US$4,500", "+50%"]
    assert sellers[1][1:] == ["US$38,950", "+50%"]
    assert prices[1][1:] == ["10", "US$9", "-10%"]
    assert "US$38,950（+50%）" in rendered.plain
    assert "7-day" not in rendered.body + rendered.plain + rendered.title
    assert rendered.title == "r：best 近7天GMV +50%，新上榜 1 个，掉榜 2 个（US）"


def test_a_thread_for_each_report(store: Store) -> None:
    """Each Monday's mail stands below the last one, and no other report's."""
    report = _report(store)
    next_one, other = replace(report, made=report.made + DAY), replace(report, name="other")
    threads = [render(_message(each), Style.EMAIL).thread for each in (report, next_one, other)]
    assert threads[0] == threads[1] != threads[2]


def test_a_little_room_shows_something_of_each_part(store: Store) -> None:
    """Not the first part alone."""
    body = render(_message(_report(store)), Style.PLAIN, UTC, 1_400).body
    heads = ("Moved most", "New on the list", "Left the list", "Sellers by", "Prices that moved")
    assert all(f"[{each}" in body for each in heads)
    assert len(_NUMBERED.findall(body)) + int(_REST.search(body)[1]) == _ALL  # type: ignore[index]


@pytest.mark.parametrize("style", Style)
def test_hostile_names_do_nothing(store: Store, style: Style) -> None:
    """No mention, no markup, no control character, wherever a name stands."""
    report = _report(store, HOSTILE)
    rendered = render(_message(report), style, UTC, 30_000)
    for body in (rendered.body, rendered.plain, rendered.title):
        assert "<script" not in body
        assert 'evil.example/x.png">' not in body
        assert "@everyone" not in body
        assert "<!channel>" not in body
        assert "\u202e" not in body
        assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in body)
    if style is Style.EMAIL:
        page = _Tables()
        page.feed(rendered.body)
        assert page.tags.isdisjoint({"script", "img", "b"})


def test_hostile_names_of_lists_and_sellers(store: Store) -> None:
    """They are the user's own, and no more trusted than a seller's."""
    name = "<b>@everyone</b> x"
    head = SPOKEN.replace("best", f'"{name}"').replace("GlowLab", '"=1+1 @here"')
    market = Market(store, f"reports: {{r: {{at: '08:00', watch: '{name}'}}}}", head)
    market.scan(START, {"1": P(5)}, watch=name)
    market.scan(START + 7 * DAY, {"1": P(9)}, watch=name)
    report = market.report("r")
    for style in Style:
        rendered = render(_message(report), style)
        assert "<b>@" not in rendered.body + rendered.title
        assert "@everyone" not in rendered.body + rendered.title
    (row,) = [each for each in _rows(report) if each["part"] == "sellers"]
    assert row["name"] == "'=1+1 @here"


def _rows(report: ReportContent) -> list[dict[str, str]]:
    content = report_csv(report)
    assert content.startswith(BOM)
    return [*csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))]


def test_the_rows_as_csv(store: Store) -> None:
    """Numbers as they are; texts on one line, and those that a spreadsheet would reckon with an
    apostrophe before them."""
    bad = (
        "=1+1",
        "+2",
        "-3",
        "@SUM(A1)",
        "\t=4",
        "\r=5",
        "\tplain",
        "＝6",
        'a "quoted", name\nof two lines',
    )
    report = _report(store, bad)
    rows = _rows(report)
    assert list(rows[0]) == list(COLUMNS)
    movers = [each for each in rows if each["part"] == "movers"]
    assert (movers[0]["before"], movers[0]["now"], movers[0]["change"]) == ("3000", "4500", "1500")
    assert (movers[0]["change_percent"], movers[0]["currency"]) == ("50", "USD")
    assert movers[0]["product_id"] == "30"
    assert movers[0]["link"].endswith("/30")
    names = {each["name"] for each in rows}
    assert all(not name.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for name in names)
    assert {"'=1+1", "'+2", "'-3", "'@SUM(A1)", bad[-1].replace("\n", " ")} <= names
    left = [each for each in rows if each["part"] == "left"]
    assert {(each["before"], each["now"]) for each in left} == {("300", ""), ("900", "")}
    price = next(each for each in rows if each["part"] == "prices")
    assert (price["before"], price["now"], price["currency"]) == ("10", "9", "USD")
    seller = next(each for each in rows if each["part"] == "sellers")
    assert (seller["name"], seller["seller_id"]) == ("GlowLab", GLOW)


def test_an_empty_week_reads_well(store: Store) -> None:
    """Nothing moved, nobody came or went: it says so."""
    market = Market(store, WIDE, SPOKEN)
    same = {"1": P(100, 10), "2": P(500, 20)}
    market.weeks(same, same)
    report = market.report("r")
    body = render(_message(report), Style.PLAIN).body
    assert report_title(report) == "r: nothing moved (US)"
    for line in ("Nothing moved.", "New on the list: None.", "No price moved."):
        assert line in body
    assert "7-day GMV of 2 products listed at both times (US): 600 → 600 USD" in body


def test_a_list_that_was_never_read(store: Store) -> None:
    """Said in every style."""
    message = _message(Market(store, WIDE).report("r"))
    for style in Style:
        assert "was never read: nothing is known of it." in render(message, style).body


def test_every_fate_and_trouble_has_words(store: Store) -> None:
    """And no part is without a title."""
    words = in_words(_report(store), UTC)
    assert [table.part for table in words.tables] == [
        "movers", "entered", "left", "sellers", "prices", "alerts",
    ]  # fmt: skip
    assert all(table.title and table.empty for table in words.tables)
    with spoken(Language.CHINESE):
        assert in_words(_report_again(store), UTC).tables


def _report_again(store: Store) -> ReportContent:
    return Market(store, WIDE, SPOKEN).report("r")
