"""Many alerts acknowledged or silenced at once: ticked ones, and all that match; and the undoing of
it. A form is data from outside: what it names may be forged, over, or another book's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from tests.store.making import DAY, raw
from tests.web.alerting.crowd import Crowd, boxes, crowded, token
from tests.web.library import Library, holding, served
from tests.web.serving import Page, leads_to
from watcher.alert import AlertState
from watcher.store.engine import open_store
from watcher.store.places import Server
from watcher.store.ports import Store
from watcher.store.sql.silences import Silence
from watcher.units import format_instant
from watcher.web.app import Site
from watcher.web.bulk import MOST

FIRING, PENDING, OVER = AlertState.FIRING, AlertState.PENDING, AlertState.INACTIVE
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_NOTICE = re.compile(r'<div class="notice" role="status"><p>(.*?)</p>')


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[Page, Crowd]]:
    """The page of the crowd."""
    async with crowded(tmp_path) as served:
        yield served


async def send(page: Page, path: str, alerts: Sequence[object], **fields: str) -> tuple[int, str]:
    """Status, and where it leads to or else the text: a form with each alert in a field of its
    own, as a browser sends ticked boxes."""
    given = {"token": await page.token("alerts"), "back": "/alerts?state=all", **fields}
    data = [*given.items(), *(("alert", str(each)) for each in alerts)]
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{page.site.url}{path}", data=data, allow_redirects=False) as answer,
    ):
        if "Location" in answer.headers:
            return answer.status, leads_to(answer.url, answer.headers["Location"])
        return answer.status, await answer.text()


async def notice(page: Page, where: str) -> str:
    """The words of the page that a form leads to."""
    found = _NOTICE.search((await page.get(where.removeprefix("/")))[1])
    return found[1] if found else ""


def silences(made: Crowd) -> Sequence[Silence]:
    """All that there are, the oldest first."""
    return made.look(lambda database: database.silences.list())[::-1]


def acknowledged(made: Crowd) -> set[int]:
    """The alerts that are."""
    return made.look(lambda database: database.alerts.acknowledged(range(500)))


async def test_acknowledge_what_is_ticked(site: tuple[Page, Crowd]) -> None:
    """As far as it fires; the notice counts the rest; the view is the one before; undone once."""
    page, made = site
    firing = [each.id for each in made.alerts(FIRING)]
    pending, over = made.alerts(PENDING)[0].id, made.alerts(OVER)[0].id
    made.write(lambda database: database.alerts.acknowledge(firing[:1], made.now - 9))
    ids = [*firing[:3], pending, over, 99_999]
    status, where = await send(page, "alerts/acknowledge", ids, back="/alerts?state=all&q=r")
    assert status == 303
    assert where.startswith("/alerts?state=all&q=r&done=")
    assert page.woken == 1
    assert acknowledged(made) == set(firing[:3])
    assert await notice(page, where) == (
        "2 alerts were acknowledged: there are no reminders until they end. 1 was acknowledged "
        "already. 1 was over already. 1 does not fire yet. 1 is not there any more."
    )
    _, again = await send(page, "alerts/acknowledge", firing[:2])
    assert await notice(page, again) == "No alert was acknowledged. 2 were acknowledged already."
    fields = {"token": await page.token("alerts"), "done": where.split("done=")[1], "back": where}
    for _ in range(2):
        status, back = await page.post("alerts/undo", fields)
        assert (status, back) == (303, where)
        assert acknowledged(made) == {firing[0]}  # that one was nobody's to undo here
        assert await notice(page, back) == "Undone: 2 alerts are reminded of again."
    assert "alerts/undo" not in (await page.get(where.removeprefix("/")))[1]


@pytest.mark.parametrize("of", ["rule", "all"])
async def test_silence_what_is_ticked(site: tuple[Page, Crowd], of: str) -> None:
    """Just these products, each once: by the rule of its alert, or by all rules."""
    page, made = site
    alerts = [each for each in made.alerts(FIRING) if each.rule in ("rising", "sells [well]")]
    names = made.look(lambda database: database.history.facts([a.product for a in alerts]))
    pairs = {(each.rule, names[each.product].product_id) for each in alerts}
    assert len({product for _, product in pairs}) < len(pairs)
    ids = [each.id for each in alerts]
    fields = {"for": "3d", "of": of, "comment": " <b>fair</b> "}
    status, where = await send(page, "alerts/silence", ids, **fields)
    assert status == 303
    made_ = silences(made)
    wanted = {(rule if of == "rule" else None, product) for rule, product in pairs}
    assert len(made_) == len(wanted)
    for each in made_:
        assert (each.begins, each.ends, each.comment) == (
            made.now, made.now + 3 * DAY, "<b>fair</b>",
        )  # fmt: skip
        assert any(
            each.product == product
            and (each.rule is None if rule is None else each.covers_rule(rule))
            for rule, product in wanted
        )
    assert not any(each.covers_rule("sells w") for each in made_ if each.rule)  # no pattern
    assert await notice(page, where) == (
        f"{len(wanted)} silences were made, until 2023-11-20 00:13 Europe/Berlin."
    )
    # Once more: what is on is left as it is. For longer it is made anew.
    _, where = await send(page, "alerts/silence", ids, **fields)
    assert len(silences(made)) == len(wanted)
    assert await notice(page, where) == (
        f"No silence was made. {len(wanted)} silences were on already."
    )
    _, where = await send(page, "alerts/silence", ids, **{**fields, "for": "1w"})
    assert len(silences(made)) == 2 * len(wanted)
    undo = {"token": await page.token("alerts"), "done": where.split("done=")[1]}
    _, where = await page.post("alerts/undo", undo)
    assert where.startswith("/alerts?done=")
    assert [each.is_on(made.now) for each in silences(made)] == [True] * len(wanted) + [
        False
    ] * len(wanted)
    assert await notice(page, where) == f"Undone: {len(wanted)} silences were ended."


async def test_what_is_over_can_be_silenced(site: tuple[Page, Crowd]) -> None:
    """It is the product that nobody wants to hear of; the notice says what is over."""
    page, made = site
    over = [each.id for each in made.alerts(OVER)][:6]
    _, where = await send(page, "alerts/silence", over, **{"for": "1d", "of": "all"})
    assert len(silences(made)) == 2
    until = format_instant(made.now + DAY, ZoneInfo("Europe/Berlin"))
    assert await notice(page, where) == (
        f"2 silences were made, until {until}. 6 of the alerts were "
        "over already; their products are silenced all the same."
    )
    _, where = await send(page, "alerts/silence", over[:1], **{"for": "1d", "of": "all"})
    assert await notice(page, where) == (
        "No silence was made. 1 silence was on already. 1 of the alerts was over already; its "
        "product is silenced all the same."
    )


async def test_sent_twice(site: tuple[Page, Crowd]) -> None:
    """The very same form does its thing once, also both at one time; the same page's form with
    other ticks is another one."""
    page, made = site
    firing = [each.id for each in made.alerts(FIRING)]
    given = await page.token("alerts")
    both = await asyncio.gather(
        *(send(page, "alerts/acknowledge", firing[:2], token=given) for _ in range(2))
    )
    assert both[0] == both[1]
    again = await send(page, "alerts/acknowledge", firing[:2][::-1], token=given)
    assert again == both[0]
    assert (await notice(page, again[1])).startswith("2 alerts were acknowledged")
    _, other = await send(page, "alerts/acknowledge", firing[1:3], token=given)
    assert (await notice(page, other)).startswith("1 alert was acknowledged")
    assert acknowledged(made) == set(firing[:3])
    made_once = {"for": "1d", "of": "all", "token": given}
    for _ in range(2):
        await send(page, "alerts/silence", firing[:1], **made_once)
    assert len(silences(made)) == 1


async def test_what_another_one_undid_meanwhile(site: tuple[Page, Crowd]) -> None:
    """Is not undone once more, nor counted."""
    page, made = site
    firing = [each.id for each in made.alerts(FIRING)][:3]
    _, where = await send(page, "alerts/acknowledge", firing)
    made.write(lambda database: database.alerts.take_back(firing[:1]))
    undo = {"token": await page.token("alerts"), "done": where.split("done=")[1]}
    _, back = await page.post("alerts/undo", undo)
    assert acknowledged(made) == set()
    assert await notice(page, back) == "Undone: 2 alerts are reminded of again."


async def test_once_more_after_it_was_undone(site: tuple[Page, Crowd]) -> None:
    """As who goes back to the page from before does it: the form is the same, and meant anew."""
    page, made = site
    firing = [each.id for each in made.alerts(FIRING)][:2]
    given = await page.token("alerts")
    _, where = await send(page, "alerts/acknowledge", firing, token=given)
    await page.post("alerts/undo", {"token": given, "done": where.split("done=")[1]})
    assert acknowledged(made) == set()
    _, again = await send(page, "alerts/acknowledge", firing, token=given)
    assert acknowledged(made) == set(firing)
    assert (await notice(page, again)).startswith("2 alerts were acknowledged")


@pytest.mark.parametrize("path", ["alerts/acknowledge", "alerts/silence"])
async def test_forms_that_are_none(site: tuple[Page, Crowd], path: str) -> None:
    """400 or 403 and why, and nothing is done."""
    page, made = site
    firing = [each.id for each in made.alerts(FIRING)]
    for ids, fields, status, said in (
        ([], {}, 400, "No alert was ticked."),
        ([" ".join(map(str, range(1, MOST + 2)))], {}, 400, "At most 1,000 alerts at once."),
        (range(1, MOST + 2), {}, 413, "more than the form may have"),
        ([""], {}, 400, "This is no form."),
        (["1; DROP TABLE alerts"], {}, 400, "This is no form."),
        (["-1"], {}, 400, "This is no form."),
        (["9" * 16], {}, 400, "This is no form."),
        (["\u0661"], {}, 400, "This is no form."),
        (firing, {"token": "forged.0"}, 403, "older than the running watcher"),
        (firing, {"token": ""}, 403, "older than the running watcher"),
    ):  # fmt: skip
        answer, text = await send(page, path, ids, **{"for": "1d", **fields})
        assert (answer, said in text) == (status, True), said
    if path.endswith("silence"):
        for lasts in ("", "0s", "tomorrow", "91d", "-1d"):
            assert (await send(page, path, firing, **{"for": lasts}))[0] == 400
    assert acknowledged(made) == set()
    assert silences(made) == []


async def test_a_deed_that_nobody_did(site: tuple[Page, Crowd]) -> None:
    """An address alone says nothing, and undoes nothing."""
    page, _made = site
    for mark in ("", "x", "0" * 32, "<b>"):
        assert await notice(page, f"/alerts?done={mark}") == ""
        status, text = await page.post(
            "alerts/undo", {"token": await page.token("alerts"), "done": mark}
        )
        assert (status, "is not known any more" in text) == (400, True)


async def test_back_to_nowhere_else(site: tuple[Page, Crowd]) -> None:
    """A form leads to no other site, whatever it says."""
    page, made = site
    (first, *_rest) = made.alerts(FIRING)
    for back in ("https://evil.example/", "//evil.example/", "/\\evil.example", ""):
        _, where = await send(page, "alerts/acknowledge", [first.id], back=back)
        assert where.startswith("/alerts?done="), back


async def test_a_thousand(site: tuple[Page, Crowd]) -> None:
    """As many as may be; those that are not there are counted."""
    page, made = site
    firing = [each.id for each in made.alerts(FIRING)]
    known = {each.id for each in made.alerts()}
    others = [each for each in range(10_000, 12_000) if each not in known]
    ids = [*firing, *others][:MOST]
    status, where = await send(page, "alerts/acknowledge", [" ".join(map(str, ids))])
    assert status == 303
    told = await notice(page, where)
    assert told.startswith(f"{len(firing)} alerts were acknowledged")
    assert f"{MOST - len(firing)} are not there any more." in told


async def test_all_that_match(site: tuple[Page, Crowd]) -> None:
    """Counted first, with those that fire; nothing is done by looking; then just these."""
    page, made = site
    sells = {each.id for each in made.alerts(FIRING) if each.rule == "rising"}
    made.write(lambda database: database.alerts.acknowledge([min(sells)], made.now - 9))
    _, text = await page.get("alerts?state=all&rule=rising")
    assert "./alerts/matching?state=all&amp;rule=rising" in text
    _, text = await page.get("alerts/matching?state=all&rule=rising")
    first, second = (value for name, value in _HIDDEN.findall(text) if name == "alert")
    assert first == second
    chosen = {*map(int, first.split())}
    assert chosen == {each.id for each in made.alerts() if each.rule == "rising"}
    words = " ".join(re.sub(r"<[^>]*>", "", text).split())
    assert (
        f"{len(chosen)} alerts match. {len(sells)} of them fire. "
        f"{len(chosen) - len(sells)} of them are over. 1 is acknowledged already." in words
    )
    assert f"Acknowledge {len(sells) - 1} alerts" in words
    assert f"Silence the products of {len(chosen)} alerts" in words
    assert len(acknowledged(made)) == 1
    back = dict(_HIDDEN.findall(text))["back"].replace("&amp;", "&")
    _, where = await send(page, "alerts/acknowledge", sorted(chosen), back=back, token=token(text))
    assert where.startswith("/alerts?state=all&rule=rising&done=")
    assert acknowledged(made) == sells


async def test_more_than_can_be_done_at_once(
    site: tuple[Page, Crowd], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest are offered, and that there are more is said."""
    page, made = site
    monkeypatch.setattr("watcher.web.pages.alert_list.MOST", 20)
    _, text = await page.get("alerts/matching?state=over")
    assert "More than 20 alerts match: these are the newest 20." in text
    (chosen,) = (value for name, value in _HIDDEN.findall(text) if name == "alert")
    newest = sorted(made.alerts(OVER), key=lambda each: (each.fired_at or 0, each.id))[::-1]
    assert chosen == " ".join(str(each.id) for each in newest[:20])


async def test_one_by_one(site: tuple[Page, Crowd]) -> None:
    """On its own page an alert is acknowledged, and reminded of again."""
    page, made = site
    (first, *_rest) = made.alerts(FIRING)
    path = f"alerts/{first.id}"
    assert "Remind again" not in (await page.get(path))[1]
    _, where = await send(page, "alerts/acknowledge", [first.id], back=f"/{path}")
    _, text = await page.get(where.removeprefix("/"))
    assert "<span>acknowledged</span>" in text
    assert "1 alert was acknowledged: there are no reminders until it ends." in text
    assert 'name="again" value="1"' in text
    _, where = await send(page, "alerts/acknowledge", [first.id], back=f"/{path}", again="1")
    assert acknowledged(made) == set()
    assert await notice(page, where) == "1 alert is reminded of again."
    undo = {"token": await page.token(path), "done": where.split("done=")[1], "back": f"/{path}"}
    _, where = await page.post("alerts/undo", undo)
    assert acknowledged(made) == {first.id}
    assert await notice(page, where) == "Undone: 1 alert is acknowledged again."


async def test_a_replica(site: tuple[Page, Crowd]) -> None:
    """Nothing can be ticked or sent; it is looked at all the same."""
    primary, made = site
    (first, *_rest) = made.alerts(FIRING)
    replica = Site(replace(primary.sources, readonly=True), "127.0.0.1:0")
    await replica.start()
    page = Page(replica, primary.sources)
    try:
        for path in ("alerts", "alerts/matching?state=firing", f"alerts/{first.id}"):
            status, text = await page.get(path)
            assert status == 200
            assert "Read-only: this page reads a replica" in text
            assert boxes(text) == []
            assert 'method="post"' not in text
        for path in ("alerts/acknowledge", "alerts/silence", "alerts/undo"):
            status, _text = await page.post(path, {"token": "x", "alert": str(first.id)})
            assert status == 409
    finally:
        await replica.stop()
    assert acknowledged(made) == set()


async def test_another_books_alerts(library: Library) -> None:
    """A book's form knows no alert of another one, and no deed of it; its token opens none."""
    places = {book: Server(library.url, book) for book in ("a", "b")}
    for place in places.values():
        with open_store(place) as store:
            raw(store).execute("UPDATE alerts SET acknowledged = NULL")
            ids = [each.alert.id for each in store.alerts.list(state=FIRING)]
    with open_store(places["b"]) as store:  # of b none has a number that a has, too
        raw(store).execute("DELETE FROM told")
        raw(store).execute("DELETE FROM transitions")
        raw(store).execute("UPDATE alerts SET id = id + 1000")
    async with holding(library, "b") as held, served(library, held=held) as page:
        given = await page.form("books/a/alerts")
        fields = {"token": given, "alert": str(1_000 + ids[0]), "back": "/alerts"}
        status, where = await page.post("books/a/alerts/acknowledge", fields)
        assert status == 303
        assert where.startswith("/books/a/alerts?done=")
        assert "1 is not there any more." in (await page.get(where.removeprefix("/")))[1]
        assert (await page.post("books/b/alerts/acknowledge", fields))[0] == 403
        mark = where.split("done=")[1]
        assert "not there any more" not in (await page.get(f"books/b/alerts?done={mark}"))[1]
        other = {"token": await page.form("books/b/alerts"), "done": mark}
        assert (await page.post("books/b/alerts/undo", other))[0] == 400
    for place in places.values():
        with open_store(place, readonly=True) as store:
            assert store.alerts.acknowledged(range(2_000)) == set()


async def test_each_deed_is_one_record(site: tuple[Page, Crowd]) -> None:
    """By whom, with all alerts that it was about, however many; what changes nothing leaves
    none."""
    page, made = site
    firing = [each.id for each in made.alerts(FIRING)]
    names = ", ".join(f"A{each}" for each in sorted(firing))
    _, where = await send(page, "alerts/acknowledge", firing)
    await send(page, "alerts/acknowledge", firing, comment="again")
    undo = {"token": await page.token("alerts"), "done": where.split("done=")[1]}
    await page.post("alerts/undo", undo)
    _, where = await send(page, "alerts/silence", firing, **{"for": "1d", "comment": "fair"})
    await page.post("alerts/undo", {**undo, "done": where.split("done=")[1]})
    records = made.look(lambda database: database.audit.list())[::-1]
    assert [(each.what, each.who, each.via) for each in records] == [
        (what, "local", "page") for what in ("acknowledge", "take back", "silence", "end silence")
    ]
    first, second, third, last = records
    assert first.subject == second.subject == names
    assert (first.before, first.after) == ({"acknowledged": None}, {"acknowledged": made.now})
    assert third.after is not None
    assert third.after["alerts"] == names
    assert (third.after["rules"], third.after["comment"]) == ("rising, sells [[]well]", "fair")
    assert set(third.after["products"].split(", ")) == {"1", "2", "3", "4"}
    assert third.subject == last.subject


async def test_very_many_silences(site: tuple[Page, Crowd]) -> None:
    """Their page has a hundred at a time, a rule's the first of its own: neither grows without
    end; all can be reached."""
    page, made = site

    def add(database: Store) -> None:
        with database.atomic():
            for number in range(250):
                database.silences.add(
                    begins=made.now, ends=made.now + DAY, rule="rising", product=f"{number}"
                )

    made.write(add)
    seen, path = list[int](), "silences"
    while path:
        _, text = await page.get(path)
        assert len(text) < 150_000
        assert '<span class="count">250</span>' in text
        seen += map(int, re.findall(r"<strong>Silence (\d+)</strong>", text))
        more = re.search(r'href="\./(silences\?before=\d+)" rel="next"', text)
        path = more[1] if more else ""
    assert seen == list(range(250, 0, -1))
    _, text = await page.get("rules/rising")
    assert text.count("<strong>Silence ") == 20
    assert "230 silences more" in text
