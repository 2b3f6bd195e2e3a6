"""The page of one alert: why it fired, what was told, what became of it; whatever is stored."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import AsyncIterator, Iterator
from itertools import product
from pathlib import Path

import msgspec
import pytest

from tests.fakes.selling import Shop, steps
from tests.store.making import DAY
from tests.web.acting.message import TOKEN, acting, form_of
from tests.web.alerting.crowd import HOSTILE, Crowd, crowded
from tests.web.conftest import Furnished
from tests.web.serving import Page, serving
from watcher.alert import AlertState
from watcher.audited import Audited
from watcher.evidence import OUTSIDE, Criterion, Evidence, Gap, GapKind, Member, MetricLimit, Peers
from watcher.language import Language, spoken
from watcher.model import Verdict
from watcher.people import Author, Via
from watcher.store.records import Transition
from watcher.store.sqlite.database import Database
from watcher.units import Currencies, Unit
from watcher.web.evidence_table import evidence_lines

_VALUES = (17.0, 0.0, -3.5, math.nan, math.inf, OUTSIDE, HOSTILE, "", None)
_METRICS = {
    Unit.PLACE: "rank",
    Unit.TEXT: "product_name",
    Unit.MONEY: "spu_avg_price",
    Unit.GMV: "total_sale_gmv_7d_amt",
    Unit.FLAG: "sales_trend_flag",
}
_OPERATORS = (
    "appears", "reappears", "disappears", "equals", "not_equals", "in", "not_in", "above", "below",
    "at_least", "at_most", "between", "rises", "falls", "changes", "becomes", "leaves",
    "crosses_above", "crosses_below", "climbs", "drops", "enters_top", "leaves_top", "lowest",
    "highest", "unchanged", "unusual", "contains", "matches",
)  # fmt: skip
_NO_WORDS = re.compile(r"\b(None|nan|inf|Undefined)\b")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[Page, Crowd]]:
    """The page of the crowd."""
    async with crowded(tmp_path) as served:
        yield served


def words(text: str) -> str:
    """A page's text without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def evidence(unit: Unit) -> Iterator[Evidence]:
    """Yield every operator with every pair of values, and whatever else may be known."""
    name = _METRICS.get(unit, f"a_{unit.value}")
    for operator, value, before in product(_OPERATORS, _VALUES, _VALUES):
        limits = ("x", "y") if unit is Unit.TEXT else (10.0, 20.0)
        among = "category_id" if operator in ("lowest", "highest") else ""
        asked = Criterion(operator, limits, baseline="median", seconds=7 * DAY, among=among)
        yield Evidence(name, HOSTILE, unit.value, asked, Verdict.MET, value, before, 1_700_000_000)
    for gap, days, negations in product(GapKind, (None, 3), (0, 2)):
        asked = Criterion(
            "above", (1.0,), measures=(MetricLimit("target", factor=0.9),), floor=0.5, file="a.csv",
            more=3,
        )  # fmt: skip
        yield Evidence(
            name, "x", unit.value, asked, Verdict.NO_DATA, None, None, None, Gap(gap, 9 * DAY),
            "sparse", 3.2, negations, days,
        )  # fmt: skip
    members = tuple(Member(str(n), HOSTILE, each) for n, each in enumerate((1.0, None)))
    yield Evidence(
        name, "x", unit.value, Criterion("highest", (0.1,), among="seller_id"), Verdict.NOT_MET,
        4.0, 2.0, 0, "a gap of an older version", peers=Peers(0.03, 37, 4.0), compared=(3, 4),
        members=members,
    )  # fmt: skip
    yield Evidence(name, "x", unit.value, "words of an older version", Verdict.MET, 4.0)


@pytest.mark.parametrize("unit", Unit)
def test_every_evidence_in_words(unit: Unit) -> None:
    """Then, before and now: what is unknown by no word of a program, in either language."""
    given = [*evidence(unit)]
    for language in Language:
        with spoken(language):
            for now in (given, given[::-1], [], given[:1]):
                lines = evidence_lines(given, now, Currencies("USD", None), {})
                assert len(lines) == len(given)
                assert not [each for each in lines if _NO_WORDS.search(str(_texts(each)))]
            assert evidence_lines((), given, Currencies(None, None), {})


def _texts(line: object) -> list[object]:
    named = {name: getattr(line, name) for name in line.__slots__}  # type: ignore[attr-defined]
    named.pop("before_at")
    return [*named.values()]


async def test_every_evidence_on_the_page(site: tuple[Page, Crowd]) -> None:
    """None breaks it; hostile texts are texts."""
    page, made = site
    (first, *_rest) = made.alerts(AlertState.FIRING)
    everything = [each for unit in Unit for each in [*evidence(unit)][::97]]
    told = msgspec.json.encode(everything).decode()
    made.write(
        lambda database: database.execute(  # type: ignore[attr-defined]
            "UPDATE alerts SET evidence = ? WHERE id = ?", (told, first.id)
        )
    )
    for language in ("en", "zh"):
        status, text = await page.get(f"alerts/{first.id}?language={language}")
        assert status == 200
        assert not _NO_WORDS.search(words(text))
        assert "<script>alert" not in text
        assert "<img src=//evil" not in text
        assert "\u202e" not in text
        assert "\x07" not in text
        assert text.count("<tr data-key") >= len(everything)
    for path in (f"api/alerts/{first.id}.json", "alerts", "api/alerts.csv"):
        assert (await page.get(path))[0] == 200


async def test_all_of_it(site: tuple[Page, Crowd]) -> None:
    """Each alert's page, of any state and rule, is whole, and leads on to what it names."""
    page, made = site
    facts = made.look(lambda database: database.history.facts([a.product for a in made.alerts()]))
    for alert in made.alerts():
        status, text = await page.get(f"alerts/{alert.id}")
        assert status == 200
        told = words(text)
        assert not _NO_WORDS.search(told)
        assert f"../products/US/{facts[alert.product].product_id}" in text
        assert ("../rules/" in text) is (alert.rule != "gone")
        assert ("which is no more" in told) is (alert.rule == "gone")
        assert ("Acknowledge" in told) is (alert.state is AlertState.FIRING)
        data = json.loads((await page.get(f"api/alerts/A{alert.id}.json"))[1])
        assert data["alert"]["alert"]["id"] == alert.id


async def test_why_it_fired(site: tuple[Page, Crowd]) -> None:
    """What it asked, what was before and when, what was found, and what is so now."""
    page, made = site
    rising = [each for each in made.alerts(AlertState.FIRING) if each.rule == "rising"]
    pages = [words((await page.get(f"alerts/{each.id}"))[1]) for each in rising]
    row = "7-day sales rises 20% from last 50 2023-11-15 23:13 300 met 300 met"
    assert len([each for each in pages if row in each]) == 1


async def test_its_messages_and_what_happened(site: tuple[Page, Crowd]) -> None:
    """By target, with what became of each, in their order."""
    page, made = site
    alert = next(each for each in made.alerts(AlertState.FIRING) if each.rule == "rising")
    made.write(
        lambda database: database.silences.add(
            begins=made.now - 60, ends=made.now + DAY, comment="<b>fair</b>", rule="rising"
        )
    )
    made.write(lambda database: database.alerts.acknowledge([alert.id], made.now))
    _, text = await page.get(f"alerts/{alert.id}")
    happened = words(text.split('class="timeline"')[1].split("</ol>")[0])
    order = [
        "Fired", "Told to me/1 that it fires", "Waits to be told to boss/1",
        "Silence 1 began: <b>fair</b>", "Acknowledged: no reminders until it ends",
    ]  # fmt: skip
    places = {each: happened.find(each) for each in order}
    assert -1 not in places.values(), happened
    assert places["Fired"] < min(places[each] for each in order[1:])
    assert len(re.findall(r'href="../outbox/\d+"', text)) >= 4
    assert "it fires me/1 sent" in words(text)


async def test_a_long_life(site: tuple[Page, Crowd]) -> None:
    """Pending, fired, over, and why; a message that failed."""
    page, made = site
    alert = made.alerts(AlertState.INACTIVE)[0]
    fired, over = alert.fired_at or 0, alert.resolved_at or 0
    states = (AlertState.INACTIVE, AlertState.PENDING, AlertState.FIRING, AlertState.INACTIVE)
    made.write(
        lambda database: database.alerts.record(
            [
                Transition(alert.id, at, before, after, reason)
                for at, before, after, reason in (
                    (fired - DAY, *states[:2], None),
                    (fired, *states[1:3], None),
                    (over, *states[2:], "left the list"),
                )
            ]
        )
    )
    happened = words((await page.get(f"alerts/{alert.id}"))[1].split('class="timeline"')[1])
    assert re.match(
        r".*Pending: its condition was met .* Fired .* Over: left the list", happened
    ), happened


async def test_by_whom_it_was_acknowledged(tmp_path: Path) -> None:
    """Where that was by the link of a message, whose it was: each once, also that it was undone."""
    async with acting(tmp_path) as (page, made):
        path = f"act/{TOKEN}/1"
        for what in ("acknowledge", "snooze", "undo"):
            await page.post(path, form_of((await page.get(path))[1], what))
        first = int(made.message.items[0].alert[1:])
        told = words((await page.get(f"alerts/{first}"))[1])
        by = "me/1 acknowledged alert"
        assert told.count(by) == 1
        assert "(by the link of a message)" in told
        assert "Acknowledged: no reminders" not in told
        assert "Acknowledged by the link" not in told
        assert told.count("me/1 began silence") == 1
        assert told.count("me/1 took back the acknowledgement of alert") == 1
        data = json.loads((await page.get(f"api/alerts/{first}.json"))[1])
        deeds = [each["what"] for one in data["messages"] for each in one["deeds"]]
        assert deeds == ["acknowledge", "snooze"]
        assert [each["who"] for each in data["written"]] == ["me/1"] * 3


async def test_who_did_it_on_the_page(site: tuple[Page, Crowd]) -> None:
    """One of many that were done at once, too; of others nothing is said."""
    page, made = site
    alert, *others = made.alerts(AlertState.FIRING)
    now = made.now
    made.write(
        lambda database: Audited(database, Author("Ann <b>", Via.PAGE), now).acknowledge(
            [each.id for each in (*others, alert)]
        )
    )
    made.write(
        lambda database: Audited(database, Author("Bob", Via.PAGE), now).silence_products(
            [{"product": f"{number}"} for number in range(1, 40)], now + DAY, "", [1]
        )
    )
    made.write(lambda database: Audited(database, Author("Eve", Via.PAGE), now).take_back([1_000]))
    told = words((await page.get(f"alerts/{alert.id}"))[1])
    assert told.count("Ann <b> acknowledged alert") == 1
    assert told.count("Bob began silence 1, 2,") == 1
    assert "Acknowledged: no reminders" not in told
    assert not re.search(r"Silence \d+ (began|ended)", told)
    assert "Eve" not in told


async def test_what_became_of_it(tmp_path: Path) -> None:
    """Sales since against before, the fate by its rule's score, and that score."""
    path = tmp_path / "watcher.db"
    rules = "rules:\n  - {name: rising, watch: WATCH, when: {sales_growth: {at_least: 150%}}}\n"
    with Database.open(path) as database:
        flat = {f"flat {number}": steps((200, 10)) for number in range(12)}
        shop = Shop(database, rules, {"up": steps((50, 10), (150, 40)), **flat})
        shop.read(range(40, 80))
        alert = shop.tell("up", 52, "rising", resolved=57)
    scene = Furnished(path, shop.book, shop.morning(80))
    async with serving(path, scene) as page:
        data: dict[str, object] = {}
        while data.get("score") is None:  # it is reckoned beside the page
            data = json.loads((await page.get(f"api/alerts/{alert}.json"))[1])
        assert data["fate"]["outcome"] == "went on"  # type: ignore[index]
        after = data["sold"]["after"]  # type: ignore[index]
        assert [each["days"] for each in after] == [7, 14]
        assert after[1]["times"] == pytest.approx(4)
        _, text = await page.get(f"alerts/{alert}")
    told = words(text)
    assert "By the score of its rule it went on. It sold" in told
    assert "14 days 40 4 times 2024-01-19 09:00" in told
    assert "1 alert told since" in told
    assert "1 went on: 100%" in told


async def test_while_its_score_is_reckoned(tmp_path: Path) -> None:
    """The page does not wait for it."""
    async with crowded(tmp_path) as (page, made):
        (first, *_rest) = made.alerts(AlertState.FIRING)
        context = page.site._shelf.page  # type: ignore[union-attr]  # noqa: SLF001
        context.board._patience = 0  # noqa: SLF001
        _, text = await page.get(f"alerts/{first.id}")
        assert "It is being reckoned" in text


@pytest.mark.parametrize(
    "path", ["999999", "0", "A0", "9" * 15, "x", "1x", "-1", "A", "1/2", "%31%00", "９"]
)
async def test_an_alert_that_is_none(site: tuple[Page, Crowd], path: str) -> None:
    """404, for people and for programs."""
    page, _made = site
    for where in (f"alerts/{path}", f"api/alerts/{path}.json"):
        status, _text = await page.get(where)
        assert status == 404, where


async def test_where_a_number_stands_it_is_a_link(site: tuple[Page, Crowd]) -> None:
    """In lists, on the page of its product and rule, and in what a message says."""
    page, made = site
    alert = next(each for each in made.alerts(AlertState.FIRING) if each.rule == "rising")
    facts = made.look(lambda database: database.history.facts([alert.product]))[alert.product]
    data = json.loads((await page.get(f"api/alerts/{alert.id}.json"))[1])
    message = data["messages"][0]["id"]
    for path, up in (
        ("", "./"), ("alerts", "./"), (f"products/US/{facts.product_id}", "../../"),
        ("rules/rising", "../"), (f"outbox/{message}", "../"), ("alerts/matching", "../"),
    ):  # fmt: skip
        _, text = await page.get(path)
        assert f'href="{up}alerts/{alert.id}"' in text, path
