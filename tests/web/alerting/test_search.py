"""The search for alerts: what is asked, in the address and in its form; pages, JSON and CSV."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import product
from pathlib import Path
from random import Random
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import pytest

from tests.store.making import DAY, START, raw, with_products
from tests.web.alerting.crowd import (
    HEAD,
    HOSTILE,
    PAST,
    RULES,
    Crowd,
    boxes,
    crowded,
    found,
    shown,
)
from tests.web.serving import Page
from watcher.alert import Alert, AlertState
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store
from watcher.store.sql.siblings import Category
from watcher.web.searching import asked_of, begun_at, search_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = 1_790_000_000


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[Page, Crowd]]:
    """The page of the crowd."""
    async with crowded(tmp_path) as served:
        yield served


def _oracle(made: Crowd, query: dict[str, str]) -> list[int]:
    """The ids that a query means, by a plain look at each alert."""
    rules = {rule.name: rule for rule in made.book.rules}
    silences = made.look(lambda database: database.silences.active(made.now))
    facts = made.look(lambda database: database.history.facts([a.product for a in made.alerts()]))

    def meant(alert: Alert) -> bool:
        rule, known = rules.get(alert.rule), facts[alert.product]
        began = alert.fired_at or alert.since
        texts = (known.product_id, known.name, known.seller_id)
        state = {"over": "inactive"}.get(query.get("state", "firing"), query.get("state", "firing"))
        silenced = alert.state is not AlertState.INACTIVE and any(
            each.covers_rule(alert.rule) and each.covers((*texts, None, None, None))
            for each in silences
        )
        day = f"{datetime.fromtimestamp(began, BERLIN):%Y-%m-%d}"
        yes = {"yes": True, "no": False}
        return (
            (state in ("all", alert.state.value))
            and query.get("rule", alert.rule) == alert.rule
            and ("severity" not in query or (
                rule is not None and rule.severity_of(alert).value == query["severity"]
            ))
            and ("channel" not in query or (rule is not None and query["channel"] in rule.notify))
            and query.get("from", "") <= day <= query.get("to", "9")
            and ("silenced" not in query or silenced is yes[query["silenced"]])
            and ("acknowledged" not in query
                 or (alert.acknowledged is not None) is yes[query["acknowledged"]])
            and ("q" not in query or _is_about(alert, texts, query["q"]))
        )  # fmt: skip

    chosen = filter(meant, made.alerts())
    return [a.id for a in sorted(chosen, key=lambda a: (a.fired_at or a.since, a.id))][::-1]


def _is_about(alert: Alert, texts: tuple[str | None, ...], text: str) -> bool:
    product_id, name, seller = texts
    wanted = text.casefold()
    seller_name = "glowlab" if seller == "7495" else ""
    return (
        text in (product_id, seller)
        or wanted in (name or "").casefold()
        or (bool(seller_name) and wanted in seller_name)
        or wanted in alert.rule.casefold()
        or wanted in (f"a{alert.id}", str(alert.id))
    )


CHOICES: dict[str, tuple[str, ...]] = {
    "state": ("firing", "pending", "over", "all", "all"),
    "q": ("serum", "ÉTÉ", "7495", "glow", "A64", "7", "rising", "面", "nothing", HOSTILE[:9], "1"),
    "rule": ("rising", "sells [well]", "gone", "never"),
    "severity": ("info", "warning", "critical"),
    "channel": ("me", "boss"),
    "from": ("2023-10-01", "2023-11-14", "2023-11-15", "2030-01-01"),
    "to": ("2023-10-20", "2023-11-15", "2023-11-16"),
    "acknowledged": ("yes", "no"),
    "silenced": ("yes", "no"),
}


def _changed(made: Crowd) -> None:
    def change(database: object) -> None:
        firing = [each.id for each in made.alerts(AlertState.FIRING)]
        database.alerts.acknowledge(firing[::2], made.now)  # type: ignore[attr-defined]
        database.silences.add(  # type: ignore[attr-defined]
            begins=made.now, ends=made.now + DAY, product="2", rule="rising"
        )

    made.write(change)


async def test_any_question(site: tuple[Page, Crowd]) -> None:
    """Each filter with each other, as the JSON has it: what a plain look at each alert says."""
    page, made = site
    _changed(made)
    random, some = Random(7), 0
    alone = [{"state": "all", name: each} for name, all_ in CHOICES.items() for each in all_]
    mixed = [
        {name: random.choice(all_) for name, all_ in CHOICES.items() if random.random() < 0.35}
        for _ in range(120)
    ]
    for query in (*alone, *mixed):
        expected = _oracle(made, query)
        some += bool(expected)
        assert await found(page, **query) == expected[:50], query
    assert some > 40


async def test_pages_both_ways(site: tuple[Page, Crowd]) -> None:
    """Fifty at a time, older and newer, each alert once; the addresses hold all that is asked."""
    page, made = site
    everything = _oracle(made, {"state": "all", "q": "r"})
    assert len(everything) > 50
    first = json.loads((await page.get("api/alerts.json?state=all&q=r"))[1])
    assert first["newer"] is None
    assert first["asked"] == {"q": "r", "state": "all"}
    assert f"before={first['next']}&" in first["older"]
    second = json.loads((await page.get(f"api/alerts.json?{first['older']}"))[1])
    ids = [each["alert"]["id"] for each in (*first["alerts"], *second["alerts"])]
    assert ids == everything
    assert second["next"] is None
    back = json.loads((await page.get(f"api/alerts.json?{second['newer']}"))[1])
    assert back["alerts"] == first["alerts"]
    _, text = await page.get("alerts?state=all&q=r")
    assert shown(text) == boxes(text) == everything[:50]
    assert 'rel="next"' in text
    assert 'rel="prev"' not in text
    _, text = await page.get(f"alerts?{first['older']}")
    assert shown(text) == everything[50:]
    assert f'href="./alerts?{html.escape(second["newer"])}" rel="prev"' in text


async def test_a_page_after_its_neighbour_is_gone(site: tuple[Page, Crowd]) -> None:
    """A pending alert that ended without a trace is no end of the way: its time is in the address.
    By the number alone nothing is found."""
    page, made = site
    (pending, *_rest) = made.alerts(AlertState.PENDING)
    older = await found(page, state="all", before=pending.id)
    assert older
    made.write(lambda database: database.execute("DELETE FROM alerts WHERE id = ?", (pending.id,)))  # type: ignore[attr-defined]
    assert await found(page, state="all", before=pending.id, at=pending.since) == older
    assert await found(page, state="all", before=pending.id) == []


async def test_beyond_the_last_there_is_a_way_back(site: tuple[Page, Crowd]) -> None:
    """Nothing is on that page, as where the oldest were pruned since."""
    page, _ = site
    first = json.loads((await page.get("api/alerts.json?state=all"))[1])
    second = json.loads((await page.get(f"api/alerts.json?{first['older']}"))[1])
    assert second["older"] is None
    last = second["alerts"][-1]["alert"]
    beyond = f"state=all&before={last['id']}&at={last['fired_at']}"
    empty = json.loads((await page.get(f"api/alerts.json?{beyond}"))[1])
    assert (empty["alerts"], empty["older"]) == ([], None)
    back = json.loads((await page.get(f"api/alerts.json?{empty['newer']}"))[1])
    assert [each["alert"]["id"] for each in back["alerts"]][-1] == last["id"]


async def test_the_first_page_is_whole(site: tuple[Page, Crowd]) -> None:
    """The way back never ends in a page of two alerts."""
    page, _made = site
    ids = await found(page, state="all")
    assert await found(page, state="all", after=ids[2]) == ids


async def test_the_form_says_again_what_is_asked(site: tuple[Page, Crowd]) -> None:
    """So that the next question goes on from there; without a script."""
    page, _made = site
    query = {
        "q": '"><b>', "state": "all", "severity": "critical", "rule": "gone", "channel": "boss",
        "from": "2023-10-01", "to": "2023-12-01", "acknowledged": "no", "silenced": "no",
    }  # fmt: skip
    status, text = await page.get(f"alerts?{urlencode(query)}")
    assert status == 200
    assert 'value="&#34;&gt;&lt;b&gt;"' in text
    assert '<input type="hidden" name="state" value="all">' in text
    for chosen in ('value="critical" selected', "<option selected>gone", 'value="boss" selected'):
        assert chosen in text
    assert text.count('value="no" selected') == 2
    assert 'name="from" value="2023-10-01"' in text
    assert "<details open>" in text
    assert "No alert matches." in text
    for name, value in query.items():  # the tabs keep it
        if name != "state":
            assert f"{name}={quote(value, safe='')}".replace("%20", "+") in html.unescape(text)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("severity", "<b>", "is none of info, warning, critical."),
        ("channel", "nobody", "is none of me, boss."),
        ("acknowledged", "maybe", "is none of yes, no."),
        ("silenced", "1", "is none of yes, no."),
        ("state", "inactive", "is none of firing, pending, over, all."),
        ("before", "A7", "is no number."),
        ("after", "-1", "is no number."),
        ("at", "2026-01-01", "is no number."),
        ("from", "2026-13-01", "is no day and no time"),
        ("to", "9999-12-31", "is no day and no time"),
        ("from", "soon <i>", "is no day and no time"),
    ],
)
async def test_what_is_not_understood(
    site: tuple[Page, Crowd], name: str, value: str, said: str
) -> None:
    """The page says so, and leaves it out; a program is not given what it did not ask for."""
    page, _made = site
    _, text = await page.get(f"alerts?{urlencode({'state': 'all', name: value})}")
    assert said in text
    assert html.escape(value, quote=False) in text
    _, without = await page.get("alerts" if name == "state" else "alerts?state=all")
    assert shown(text) == shown(without)
    for path in ("api/alerts.json", "api/alerts.csv"):
        status, told = await page.get(f"{path}?{urlencode({name: value})}")
        assert (status, said in told) == (400, True)


async def test_odd_addresses(site: tuple[Page, Crowd]) -> None:
    """None breaks the page: numbers that are none, control characters, texts without end."""
    page, _made = site
    odd = (
        "%00",
        "%ff%fe",
        "%F0%9F%98%80",
        "'%22%3B--",
        "9" * 400,
        "%E2%80%AE",
        "A" + "9" * 15,
        "%",
    )
    names = ("q", "state", "rule", "before", "after", "at", "from", "to", "severity", "channel")
    for name, value in product(names, odd):
        status, text = await page.get(f"alerts?state=all&before=3&{name}={value}")
        assert status == 200, (name, value)
        assert "\x00" not in text


async def test_an_alert_by_its_number(site: tuple[Page, Crowd]) -> None:
    """Of any state: where it is not among what is found, the way to it is shown."""
    page, made = site
    (past, *_rest) = made.alerts(AlertState.INACTIVE)
    _, text = await page.get(f"alerts?q=A{past.id}")
    assert shown(text) == []
    assert f'The alert <a href="./alerts/{past.id}">A{past.id}</a> is there' in text
    _, text = await page.get(f"alerts?state=all&q=a{past.id}")
    assert past.id in shown(text)
    assert "is there, and not" not in text
    assert "is there" not in (await page.get("alerts?q=A99999"))[1]


async def test_csv(site: tuple[Page, Crowd]) -> None:
    """All that match, in their order; texts of others are no formulas and no lines of their own."""
    page, made = site
    made.write(
        lambda database: database.execute(  # type: ignore[attr-defined]
            "UPDATE products SET product_name = ? WHERE product_id = '1'", ("=cmd|' \r\n/C'!A0",)
        )
    )
    status, text = await page.get("api/alerts.csv?state=all")
    assert status == 200
    head, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert [int(row[0].removeprefix("A")) for row in rows] == _oracle(made, {"state": "all"})
    assert len(rows) > PAST
    by = [dict(zip(head, row, strict=True)) for row in rows]
    assert {each["name"] for each in by} >= {"'=cmd|'   /C'!A0", "面膜"}
    assert {each["state"] for each in by} == {"firing", "pending", "inactive"}
    assert "7-day sales 50 → 150 (+200%) since 15 Nov" in {each["why"] for each in by}
    assert not [each for row in rows for each in row if each in ("None", "nan")]
    assert "me/1 sent" in {each["told"] for each in by}
    empty = (await page.get("api/alerts.csv?q=nothing+at+all"))[1]
    assert empty.removeprefix("\ufeff").strip().split(",") == head


async def test_nothing_at_all(tmp_path: Path) -> None:
    """An empty book's page says so, and has nothing to tick."""
    async with crowded(tmp_path) as (page, made):
        made.write(lambda database: database.execute("DELETE FROM alerts"))  # type: ignore[attr-defined]
        for path in (
            "alerts",
            "alerts?state=all",
            "alerts?state=over",
            "alerts/matching?state=all",
        ):
            status, text = await page.get(path)
            assert status == 200
            assert 'class="empty"' in text
            assert 'id="bulk"' not in text
        assert (await page.get("api/alerts.csv?state=all"))[0] == 200


@pytest.mark.parametrize(
    ("zone", "day", "hours", "first"),
    [
        ("Europe/Berlin", "2026-03-29", 23, "2026-03-28T23:00Z"),
        ("Europe/Berlin", "2026-10-25", 25, "2026-10-24T22:00Z"),
        ("America/Sao_Paulo", "2018-11-04", 23, "2018-11-04T03:00Z"),  # has no midnight
        ("America/Sao_Paulo", "2018-02-17", 25, "2018-02-17T02:00Z"),  # has 23:30 twice
        ("America/Havana", "2026-11-01", 25, "2026-11-01T04:00Z"),  # has midnight twice
        ("Pacific/Apia", "2011-12-30", 0, "2011-12-30T10:00Z"),  # was left out
        ("Asia/Shanghai", "2026-06-01", 24, "2026-05-31T16:00Z"),
        ("Asia/Kolkata", "2026-06-01", 24, "2026-05-31T18:30Z"),
    ],
)
def test_days_of_a_zone(zone: str, day: str, hours: int, first: str) -> None:
    """From the day's first instant to before the next day's."""
    begin = begun_at(day, NOW, ZoneInfo(zone))
    assert begin == int(datetime.fromisoformat(first).timestamp())
    assert begun_at(day, NOW, ZoneInfo(zone), end=True) - begin == hours * 3_600


def test_times() -> None:
    """With an hour, with a zone of its own, or so long ago; however far away, one that is stored
    can be compared with it."""
    assert begun_at("2026-06-01T09:30", NOW, BERLIN) == begun_at(
        "2026-06-01T07:30+00:00", NOW, BERLIN
    )
    assert begun_at("2026-06-01T09:30", NOW, BERLIN, end=True) == begun_at(
        "2026-06-01T09:30", NOW, BERLIN
    )
    assert begun_at("7d", NOW, BERLIN) == NOW - 7 * DAY
    for text in ("0001-01-02", "9999-12-30", "999d"):
        assert abs(begun_at(text, NOW, BERLIN)) <= 1 << 40
    for text in ("", "x", "2026-02-30", "2026-1-1", "yesterday", "-7d", "nan"):
        with pytest.raises(ValueError, match=r"."):
            begun_at(text, NOW, BERLIN)


async def test_edges_of_a_day(site: tuple[Page, Crowd]) -> None:
    """One that began in a day's first second is of it, the second before is the day before's."""
    page, made = site
    zone = made.book.zone
    edge = begun_at("2023-10-29", NOW, zone)  # 25 hours
    last = begun_at("2023-10-29", NOW, zone, end=True) - 1
    past = made.alerts(AlertState.INACTIVE)[:4]
    times = (edge - 1, edge, last, last + 1)
    made.write(
        lambda database: database.many(  # type: ignore[attr-defined]
            "UPDATE alerts SET fired_at = ? WHERE id = ?",
            [(at, each.id) for at, each in zip(times, past, strict=True)],
        )
    )
    ids = set(await found(page, state="over", **{"from": "2023-10-29", "to": "2023-10-29"}))
    assert [each.id in ids for each in past] == [False, True, True, False]


def test_groups_by_the_name_of_their_category(store: Store) -> None:
    """And by that of their seller; of whatever has the text in it."""
    one, two, _ = with_products(store)
    store.categories.put([Category("601450", 1, "Beauty & Care")], START)
    rows = (("category_id", "601450", one), ("seller_id", "7495", two))
    for by, value, key in rows:
        raw(store).execute(
            "UPDATE products SET product_id = ?, grouped_by = ? WHERE id = ?",
            (f"{by}={value}", by, key),
        )
    book = load_text(HEAD + RULES)
    for text, key in (("beauty", one), ("glowl", two)):
        about = asked_of(search_of({"q": text}, book, START), store, book, START).about
        assert about is not None
        assert [*about.products] == [key]
