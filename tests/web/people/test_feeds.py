"""Feeds of alerts: Atom as its specification has it, with the words of messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.web.conftest import Furnished
from tests.web.furnished import BAD_RULE
from tests.web.people.visiting import OWNER, TOKENS, Visitors, visited
from watcher.alert import Alert, AlertState
from watcher.model import Severity
from watcher.people import Role
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database
from watcher.web.atom import AtomFeed, FeedEntry, stable_id

ATOM = "{http://www.w3.org/2005/Atom}"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FEED = f"feed/{TOKENS[Role.FEED]}/alerts.atom"
EVIL = 'a\x00\x08\x1b[31m\ufffe\ud800<script>alert(1)</script>&amp;"\u202egnp]]>'


def parsed(text: str) -> ET.Element:
    """The feed, if it is one: what RFC 4287 (4.1.1, 4.1.2) asks of each."""
    feed = ET.fromstring(text)
    assert feed.tag == f"{ATOM}feed"
    assert [len(feed.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated")] == [1, 1, 1]
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    ids = [each.findtext(f"{ATOM}id") for each in (feed, *entries(feed))]
    assert len(set(ids)) == len(ids)
    assert all(each is not None and each.startswith("urn:uuid:") for each in ids)
    for each in entries(feed):
        for name in ("id", "title", "updated", "content"):
            assert len(each.findall(f"{ATOM}{name}")) == 1, name
        for name in ("published", "updated"):
            assert STAMP.fullmatch(each.findtext(f"{ATOM}{name}") or "")
        links = [(link.get("rel"), link.get("href")) for link in each.findall(f"{ATOM}link")]
        assert len({relation for relation, _ in links}) == len(links)
        assert all(str(href).startswith(("http://", "https://")) for _, href in links)
    return feed


def entries(feed: ET.Element) -> list[ET.Element]:
    """The feed's entries in their order."""
    return feed.findall(f"{ATOM}entry")


def texts(found: Iterable[ET.Element], name: str) -> list[str]:
    """An element of each entry."""
    return [each.findtext(f"{ATOM}{name}") or "" for each in found]


async def told(visitors: Visitors, query: str = "") -> ET.Element:
    """The feed that a reader gets."""
    status, text = await visitors.get(f"{FEED}{query}")
    assert status == 200, text
    return parsed(text)


async def test_the_newest_alerts(peopled: Path, furnished: Furnished) -> None:
    """Each alert that fired is an entry, what fired last first; hostile names are text."""
    async with visited(peopled, furnished, OWNER) as visitors:
        feed = await told(visitors)
        found = entries(feed)
        assert found
        times = texts(found, "published")
        assert times == sorted(times, reverse=True)
        assert feed.findtext(f"{ATOM}updated") == max(texts(found, "updated"))
        assert any("alert(1)" in each for each in texts(found, "title"))
        for content in texts(found, "content"):
            assert "<script" not in content
            assert re.fullmatch(r"(<p>[^<]*</p>)+", content), content
        (link, *_) = found[0].findall(f"{ATOM}link")
        assert str(link.get("href")).startswith(f"{visitors.page.site.url}products/US/")
        assert parsed((await visitors.get("feeds/alerts.atom", TOKENS[Role.READ]))[1]) is not None


async def test_the_part_that_is_asked_for(peopled: Path, furnished: Furnished) -> None:
    """Of one rule, of a channel, of both; of what is none 404, in a line that tells no more."""
    with Database.open(peopled) as store:
        rules = {each.alert.rule for each in store.alerts.list(limit=500)}
    assert {"taking-off", BAD_RULE} <= rules
    async with visited(peopled, furnished, OWNER) as visitors:
        found = entries(await told(visitors, "?rule=taking-off"))
        assert found
        assert {each.findall(f"{ATOM}category")[0].get("term") for each in found} == {"taking-off"}
        ids = texts(entries(await told(visitors)), "id")
        assert set(texts(found, "id")) <= set(ids)  # it is the same alert, wherever it stands
        assert (await visitors.get(f"{FEED}?rule=nobody"))[0] == 404
        status, text = await visitors.get(f"{FEED}?channel=nobody")
        assert (status, text) == (404, "There is no such channel.\n")
        heard = texts(entries(await told(visitors, "?channel=me")), "id")
        assert heard == ids  # all rules tell it, and it hears of every severity


async def test_what_a_channel_hears(peopled: Path, furnished: Furnished) -> None:
    """The rules that tell it, as far as they are severe enough for it; in its language, and with
    the address of the page that its messages lead to."""
    book = load_text("""
api: {key: k-1234567}
channels:
  me: {url: "json://localhost/", min_severity: warning, language: zh, page: "https://w.example/x"}
  all: {url: "json://localhost/"}
defaults: {region: US}
rules:
  - name: taking-off
    watch: {sort: total_sale_7d_cnt desc}
    when: {total_sale_7d_cnt: {at_least: 100}}
    severity: critical
    notify: [me, all]
  - name: quiet
    watch: {sort: total_sale_7d_cnt desc}
    when: {total_sale_7d_cnt: {at_least: 1}}
    notify: [me, all]
""")
    with Database.open(peopled) as store:
        (known, *_) = store.alerts.list(limit=1)
        at = furnished.now - 60
        store.alerts.save(
            [Alert(0, "quiet", known.alert.product, AlertState.INACTIVE, at, at, fired_at=at,
                   resolved_at=at, reason="condition ended")]
        )  # fmt: skip
    shown = Furnished(furnished.path, book, furnished.now)
    async with visited(peopled, shown, OWNER) as visitors:
        feed = await told(visitors, "?channel=me")
        assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-Hans"
        assert all("taking-off" in each for each in texts(entries(feed), "title"))
        link = entries(feed)[0].find(f"{ATOM}link")
        assert link is not None
        assert str(link.get("href")).startswith("https://w.example/x/products/US/")
        feed = await told(visitors, "?channel=all&language=en")
        assert "quiet" in texts(entries(feed), "title")[0]
        assert texts(entries(feed), "title")[0].endswith("(over)")
        assert "ended: condition ended" in texts(entries(feed), "content")[0]
        feed = await told(visitors, "?channel=all&rule=quiet")
        assert len(entries(feed)) == 1


async def test_what_a_channel_hears_seldom(peopled: Path, furnished: Furnished) -> None:
    """Of a rule whose severity the data say, as old as it may be among what is not told there."""
    book = load_text("""
api: {key: k-1234567}
channels:
  me: {url: "json://localhost/", min_severity: critical}
defaults: {region: US}
rules:
  - name: graded
    watch: {sort: total_sale_7d_cnt desc}
    when: {total_sale_7d_cnt: {at_least: 1}}
    severity: {critical: {total_sale_7d_cnt: {at_least: 100}}}
    notify: [me]
""")
    with Database.open(peopled) as store:
        (known, *_) = store.alerts.list(limit=1)
        for number in range(600):
            at = furnished.now - 600 + number
            severity = Severity.CRITICAL if number < 3 else Severity.INFO
            store.alerts.save(
                [Alert(0, "graded", known.alert.product, AlertState.INACTIVE, at, at, fired_at=at,
                       resolved_at=at, severity=severity)]
            )  # fmt: skip
    shown = Furnished(furnished.path, book, furnished.now)
    async with visited(peopled, shown, OWNER) as visitors:
        assert len(entries(await told(visitors, "?channel=me"))) == 3
        assert len(entries(await told(visitors, "?rule=graded"))) == 50


async def test_fifty_at_most(peopled: Path, furnished: Furnished) -> None:
    """The newest of them."""
    with Database.open(peopled) as store:
        (known, *_) = store.alerts.list(limit=1)
        times = [furnished.now - 600 + number for number in range(70)]
        for at in times:
            store.alerts.save(
                [Alert(0, "gone", known.alert.product, AlertState.INACTIVE, at, at, fired_at=at,
                       resolved_at=at)]
            )  # fmt: skip
    async with visited(peopled, furnished, OWNER) as visitors:
        found = entries(await told(visitors, "?rule=gone"))
        assert len(found) == 50
        assert len(entries(await told(visitors))) == 50
        assert texts(found, "published") == sorted(texts(found, "published"), reverse=True)


async def test_it_is_sent_once(peopled: Path, furnished: Furnished) -> None:
    """A reader that has it is told so, by its tag or its time, and hears of what is new."""
    async with visited(peopled, furnished, OWNER) as visitors:
        url = f"{visitors.page.site.url}{FEED}"
        async with visitors.session.get(url) as answer:
            tag, changed = answer.headers["ETag"], answer.headers["Last-Modified"]
            assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
            assert answer.headers["Cache-Control"] == "private, no-cache"
        for name, value, status in (
            ("If-None-Match", tag, 304), ("If-None-Match", f'"x", W/{tag}', 304),
            ("If-None-Match", "*", 304), ("If-None-Match", '"x"', 200),
            ("If-Modified-Since", changed, 304),
            ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
            ("If-Modified-Since", "nonsense", 200), ("If-None-Match", "nonsense", 200),
        ):  # fmt: skip
            async with visitors.session.get(url, headers={name: value}) as answer:
                assert answer.status == status, (name, value)
                assert (await answer.read() == b"") is (status == 304)
                assert answer.headers["ETag"] == tag
        # A tag that is another one counts, whatever the time says.
        both = {"If-None-Match": '"x"', "If-Modified-Since": changed}
        async with visitors.session.get(url, headers=both) as answer:
            assert answer.status == 200
        with Database.open(peopled) as store:
            (known, *_) = store.alerts.list(limit=1)
            store.alerts.save(
                [Alert(0, "new", known.alert.product, AlertState.FIRING, furnished.now,
                       furnished.now, fired_at=furnished.now)]
            )  # fmt: skip
        for name, value in (("If-None-Match", tag), ("If-Modified-Since", changed)):
            async with visitors.session.get(url, headers={name: value}) as answer:
                assert answer.status == 200, name
        async with visitors.session.head(url) as answer:
            assert answer.status == 200


async def test_no_log_has_a_token(
    peopled: Path, furnished: Furnished, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a feed that can't be made, or of one that nobody has."""
    async with visited(peopled, furnished, OWNER) as visitors:
        await told(visitors)
        with Database.open(peopled) as store:
            store.execute("ALTER TABLE products RENAME COLUMN product_name TO gone")
        status, text = await visitors.get(FEED)
        assert status >= 500
        assert TOKENS[Role.FEED] not in text
        guess = "feed/" + "5" * 40 + "/alerts.atom"
        assert (await visitors.get(guess))[0] == 404
    said = "".join(capsys.readouterr())
    assert "a wrong feed was asked for" in said
    assert TOKENS[Role.FEED] not in said
    assert "5" * 40 not in said


async def test_the_page_says_how(peopled: Path, furnished: Furnished) -> None:
    """With each feed that there is; who may let people in has a form for it there."""
    async with visited(peopled, furnished, OWNER) as visitors:
        status, text = await visitors.get("feeds", TOKENS[Role.READ])
        assert status == 200
        assert f"{visitors.page.site.url}feed/TOKEN/alerts.atom" in text
        assert "watcher people add NAME --role feed" in text
        for path in re.findall(r'href="\./(feeds/alerts.atom[^"]*)"', text):
            assert (await visitors.get(path.replace("&amp;", "&"), TOKENS[Role.READ]))[0] == 200
        assert 'action="./people"' in (await visitors.get("feeds", OWNER))[1]
        for path in ("alerts", "alerts?rule=taking-off", "rules/taking-off", "feeds"):
            _, text = await visitors.get(path, TOKENS[Role.READ])
            assert '<link rel="alternate" type="application/atom+xml"' in text, path


def test_what_xml_can_t_hold() -> None:
    """Control characters, halves of pairs, marks of direction: a feed stays one, and each text
    stands in it once."""
    entry = FeedEntry(stable_id(1), EVIL, 0, 0, [EVIL, EVIL], "https://x.example/?a&b", "", [EVIL])
    feed = AtomFeed(
        stable_id(2),
        EVIL,
        EVIL,
        "en",
        "https://x.example/",
        [
            entry,
        ],
    )
    found = parsed(feed.xml().decode())
    assert '<script>alert(1)</script>&amp;"' in texts(entries(found), "title")[0]
    assert "<p>a   [31m  &lt;script&gt;" in texts(entries(found), "content")[0]
    assert "\u202e" not in feed.xml().decode()
    empty = parsed(AtomFeed(stable_id(2), "x", "x", "en", "", []).xml().decode())
    assert empty.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"


def test_ids_stay() -> None:
    """An id of the same things is the same for ever: readers know entries by it."""
    assert stable_id("alert", "", 7) == "urn:uuid:0a2f1308-1904-5f4c-94f8-768f167e5bfe"
    assert stable_id("alert", "", 7) != stable_id("alert", "7", "")


async def test_another_database_has_other_entries(peopled: Path, furnished: Furnished) -> None:
    """Also where it begins anew with the numbers of its alerts: a reader would take one of the same
    rule and product for the one that it has."""
    async with visited(peopled, furnished, OWNER) as visitors:
        before = texts(entries(await told(visitors)), "id")
        assert texts(entries(await told(visitors, "?rule=taking-off")), "id")[0] in before
        with Database.open(peopled) as store:
            store.execute("UPDATE alerts SET fired_at = fired_at + 3600")
        assert not {*before}.intersection(texts(entries(await told(visitors)), "id"))


async def test_what_it_does_not_hear_crowds_nothing_out(
    peopled: Path, furnished: Furnished
) -> None:
    """A channel's feed has the newest of what the channel hears, however many are newer that are
    not severe enough for it: of rules that never are, and of alerts whose data decide."""
    book = load_text("""
api: {key: k-1234567}
channels:
  me: {url: "json://localhost/", min_severity: warning}
defaults: {region: US, notify: [me]}
rules:
  - name: quiet
    watch: {sort: total_sale_7d_cnt desc}
    when: {total_sale_7d_cnt: {at_least: 1}}
  - name: graded
    watch: {sort: total_sale_7d_cnt desc}
    when: {total_sale_7d_cnt: {at_least: 1}}
    severity: {critical: {total_sale_7d_cnt: {at_least: 100}}}
""")
    with Database.open(peopled) as store:
        (known, *_) = store.alerts.list(limit=1)
        least = ("quiet", Severity.INFO), ("graded", Severity.INFO)
        rows = [("graded", Severity.CRITICAL), *(each for each in least for _ in range(60))]
        store.alerts.save(
            [
                Alert(0, rule, known.alert.product, AlertState.INACTIVE, at, at, fired_at=at,
                      resolved_at=at, severity=severity)
                for at, (rule, severity) in enumerate(rows, furnished.now - 600)
            ]
        )  # fmt: skip
    shown = Furnished(furnished.path, book, furnished.now)
    async with visited(peopled, shown, OWNER) as visitors:
        (entry,) = entries(await told(visitors, "?channel=me"))
        assert "graded" in (entry.findtext(f"{ATOM}title") or "")
        assert [each.get("term") for each in entry.findall(f"{ATOM}category")][1] == "critical"
