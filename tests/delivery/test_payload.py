"""Documents for programs, taken by a program that knows only their schema."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from msgspec.structs import replace

from tests.delivery.couriers import Store, clock_at, courier_of, turn
from tests.delivery.messages import NOW, alerts
from tests.delivery.programs import BASELINES, KINDS, messages
from tests.fakes.sink import Secret, serving
from tools.reference import DOCS
from watcher.delivery.apprise.target import Target
from watcher.delivery.payload import document as shapes
from watcher.delivery.payload.building import document_of, document_text
from watcher.delivery.rendered import OutcomeKind, Rendered, SendOutcome, Way
from watcher.notification.policy import Decision
from watcher.notification.products import FACTS
from watcher.report import FateOfAlert, ListTrouble
from watcher.rules.conditions.change import STATISTICS
from watcher.rules.report import PARTS
from watcher.store.sql.links import digest_of
from watcher.text.evidence import PATTERNS
from watcher.text.messages import title_of
from watcher.units import HOUR

SCHEMA = DOCS / "payload.schema.json"
MESSAGES = dict(messages())
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def receiver() -> Iterator[int]:
    """The port of a process that takes what is valid."""
    script = Path(__file__).with_name("receiver.py")
    process = subprocess.Popen([sys.executable, str(script), str(SCHEMA)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    yield int(process.stdout.readline())
    process.kill()
    process.communicate()


def _body(text: str) -> Rendered:
    return Rendered("", text, "text")


async def test_a_program_takes_every_kind(receiver: int) -> None:
    """Of every message, with every operator, unit, verdict and trouble that there is."""
    target = Target("crm/1", Secret(f"http://127.0.0.1:{receiver}/hook"), posts=True)
    for name, message in MESSAGES.items():
        outcome = await target.send(_body(document_text(message, "crm", "7", BERLIN)))
        assert outcome == SendOutcome(OutcomeKind.SENT, "json took it"), (name, outcome.detail)
    outcome = await target.send(_body('{"version": 1}'))
    assert outcome.kind is OutcomeKind.DEAD
    target.release()


def test_all_words_occur_there() -> None:
    """What the schema lists is what there is, and each is in some message."""
    said = {name: _document(name) for name in MESSAGES}
    items = [item for each in said.values() for item in each["items"]]
    told = [reason for item in items for reason in item["reasons"] + item["reasons_now"]]
    asked = [reason["condition"] for reason in told if reason["condition"]]
    assert {each["operator"] for each in asked} == set(PATTERNS)
    assert (
        {each["baseline"] for each in asked} == {"", *BASELINES} == set(get_args(shapes.Baseline))
    )
    assert {*STATISTICS} < {*BASELINES}
    assert {each["kind"] for each in items} == {*KINDS} == set(get_args(shapes.AlertKind))
    assert {*KINDS} == {each.value for each in (*Decision,)[:5]}
    assert {each["kind"] for each in said.values()} == set(get_args(shapes.Kind))
    assert {each["type"] for each in (item["subject"] for item in items)} == {"product", "group"}
    units = {name: each["unit"] for item in items for name, each in item["facts"].items()}
    assert units.keys() == {*FACTS}
    assert "score" not in units.values()  # what a fact's own unit would be taken for


def _document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document_text(MESSAGES[name], "crm", "7", BERLIN))
    return found


def _first_of_each(here: Any) -> Any:
    """The document with the first of each list alone: those beside it would only be read."""
    if isinstance(here, list):
        return [_first_of_each(each) for each in here[:1]]
    if isinstance(here, dict):
        return {name: _first_of_each(value) for name, value in here.items()}
    return here


def _broken(whole: Any, here: Any) -> Iterator[Any]:
    """Yield the document with each of its fields gone, misnamed, or of another kind; mended at
    the next."""
    if isinstance(here, list):
        for each in here:
            yield from _broken(whole, each)
    if not isinstance(here, dict):
        return
    for name, value in [*here.items()]:
        del here[name]
        yield whole
        here[f"{name}_"] = value
        yield whole
        del here[f"{name}_"]
        here[name] = [[value]]
        yield whole
        here[name] = value
        yield from _broken(whole, value)


def test_the_schema_sees_what_is_wrong() -> None:
    """A field that is not there, is another, or of another kind, wherever it is."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    seen = 0
    for name in ("alerts", "several rules", "joined", "nothing holds", "report"):
        whole = _document(name)
        whole["items"] = [
            {**each, "facts": {}, "reasons": each["reasons"][-1:]} for each in whole["items"]
        ]
        whole = _first_of_each(whole)
        assert validator.is_valid(whole)
        for each in _broken(whole, whole):
            seen += 1
            assert not validator.is_valid(each), json.dumps(each)[:300]
        assert validator.is_valid(whole)
    assert seen > 300
    assert not validator.is_valid({**_document("test"), "created": "yesterday"})
    assert not validator.is_valid({**_document("test"), "severity": "urgent"})


def test_what_it_says() -> None:
    """Of one alert, in figures and in words; times in UTC, whatever the channel's zone."""
    found = _document("alerts")
    assert found["title"] == title_of(MESSAGES["alerts"])
    assert (found["created"], found["rest"]) == ("2026-11-23T15:00:00Z", 7)
    assert {"A1", "A900", "A70", "A71"} < {*found["alerts"]}
    (item,) = [each for each in found["items"] if each["alert"] == "A7"]
    assert item["subject"]["seller"] == {"id": "7495", "name": "GlowLab"}
    assert item["facts"]["commission"] == {"value": 0.12, "unit": "fraction", "currency": None}
    assert item["facts"]["total_sale_gmv_7d_amt"]["currency"] == "USD"
    assert item["facts"]["rank"]["value"] is None
    assert "views" not in item["facts"]
    assert item["reasons_again"][0]["words"] == "7-day GMV 1,200 → 4,830 USD (+303%) since 16 Nov"
    beside = [each for each in found["items"] if each["alert"] in ("A70", "A71")]
    assert [each["rule"] for each in beside] == ["other", "named"]
    assert {each["subject"]["id"] for each in beside} == {item["subject"]["id"]}
    group = found["items"][-1]
    assert group["subject"]["size"] == 12
    assert group["links"] == {"product": None, "act": None}
    shown = json.dumps(found, ensure_ascii=False)
    assert not any(ord(each) in range(0x202A, 0x202F) for each in shown)


def test_a_report() -> None:
    """Its parts in figures; what people read above them is its text."""
    found = _document("report")
    assert found["items"] == found["alerts"] == found["rules"] == []
    assert (found["region"], found["rest"]) == ("US", 0)
    assert found["title"].startswith("weekly: 7 products moved, 12 new, 2 gone")
    assert found["text"].startswith("For 2026-11-23 15:00 Europe/Berlin, told late.")
    assert "3 products rose and 4 products fell" in found["text"]
    report = found["report"]
    assert (report["due"], report["compare"]) == ("2026-11-23T14:00:00Z", 7 * 86_400)
    assert report["movers"]["rising"] == 3
    mover, unknown = report["movers"]["rows"]
    assert (mover["value"], mover["before"], mover["currency"]) == (19.9, 24.9, "USD")
    assert mover["link"] == "https://www.tiktok.com/shop/pdp/1729"
    assert (unknown["value"], unknown["seller"], unknown["list"]) == (None, None, None)
    assert (report["entered"]["all"], report["entered"]["rows"][0]["before"]) == (12, None)
    (gone,) = report["left"]["rows"]
    assert (gone["value"], gone["before"]) == (None, 19.9)
    assert report["prices"]["all"] == 5
    assert report["sellers"]["rows"][0]["name"] == "GlowLab"
    assert report["sellers"]["rows"][1]["now"] is None
    assert report["sums"][0]["regions"] == ["GB", "US"]
    assert {each["became"] for each in report["alerts"]["rows"]} == {*FateOfAlert}
    assert report["alerts"]["rows"][-1]["metric"]["unit"] == "score"
    assert {each["troubles"][0] for each in report["lists"]} == {*ListTrouble}
    bare = _document("bare report")["report"]
    assert [name for name, each in bare.items() if each is None] == [*PARTS[1:]]
    assert bare["lists"][0]["at"] is None
    assert _document("report of parts")["report"]["entered"] == {"all": None, "rows": []}
    assert all(each["report"] is None for each in map(_document, ("alerts", "digest", "test")))


def test_act() -> None:
    """The page to act on is named where there is one; each product has its own, and so has what
    other rules say of it."""
    act = "https://watch.example.com/act/token"
    two = document_of(alerts(["Lamp", "Hat"]), "crm", "7", UTC, act)
    assert two.links.act == act
    assert [each.links.act for each in two.items] == [f"{act}/1", f"{act}/2"]
    beside = document_of(MESSAGES["alerts"], "crm", "7", UTC, act).items
    assert {each.links.act for each in beside if each.alert in ("A7", "A70", "A71")} == {f"{act}/6"}
    bare = document_of(alerts(["Lamp"]), "crm", "7", UTC)
    assert bare.links.act is None
    assert bare.items[0].links.act is None


async def test_the_link_is_sent() -> None:
    """By the courier, to a channel with a page: the token of the document is one that holds."""
    async with serving() as service:
        line = Target("crm/1", Secret(f"http://127.0.0.1:{service.port}/"), posts=True)
        store = Store()
        store.database.outbox.add("crm", ["crm/1"], alerts(["Lamp", "Hat"]), NOW)
        ways = {"crm": Way(payload=True, channel="crm", page="https://watch.example.com/w")}
        courier = courier_of(store, {"crm/1": line}, clock_at(), ways=ways)
        await turn(courier)
        (found,) = service.taken
        act = found["links"]["act"]
        assert act.startswith("https://watch.example.com/w/act/")
        assert [each["links"]["act"] for each in found["items"]] == [f"{act}/1", f"{act}/2"]
        link = store.database.links.find(digest_of(act.rpartition("/")[2]))
        assert link is not None
        assert link.holds(NOW)
        await courier.abandon()


async def test_the_same_id_in_every_try() -> None:
    """And another one of another message, of another channel, or of another row of the queue."""
    ways = {name: Way(payload=True, channel=name) for name in ("growth", "other")}
    async with serving() as service:
        service.status = 503
        address = Secret(f"http://127.0.0.1:{service.port}/")
        store, clock = Store(), clock_at()
        lines = {f"{name}/1": Target(f"{name}/1", address, posts=True) for name in ways}
        for name in (*ways, *ways):
            store.database.outbox.add(name, [f"{name}/1"], alerts(["Lamp"]), NOW)
        courier = courier_of(store, lines, clock, ways=ways)
        await turn(courier)
        failed = [each["id"] for each in service.taken]
        service.status = 200
        clock.instant = NOW + HOUR
        await turn(courier)
        ids = [each["id"] for each in service.taken][len(failed) :]
        assert {*failed} < {*ids}
        assert len(ids) == len({*ids}) == 4
        assert {each["channel"] for each in service.taken} == {*ways}
        await courier.abandon()


async def test_nothing_is_cut() -> None:
    """A document of half a megabyte goes out whole: Apprise would cut it at 32 kB."""
    one = alerts(["Lamp"])
    many = replace(one, items=one.items * 500)
    async with serving() as service:
        target = Target("crm/1", Secret(f"http://127.0.0.1:{service.port}/"), posts=True)
        sent = document_text(many, "crm", "7", UTC)
        assert (await target.send(_body(sent))).kind is OutcomeKind.SENT
        assert len(service.taken[0]["items"]) == 500
        assert not target.takes_files
        target.release()
