"""Every write leaves a record: who, what, when, before, after; each form exactly one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.store.making import contents
from tests.web.conftest import Furnished
from tests.web.people.visiting import OWNER, TOKENS, path_of, visited
from watcher.alert import AlertState
from watcher.message import NotificationState
from watcher.people import AuditRecord, Role, Via, digest_of
from watcher.store.sqlite.database import Database
from watcher.web.routes import FORMS

FIRING = "one that fires"  # in place of its id
DEAD = "a dead one"  # in place of its id
NEW, OLD = "1729873073559015752", "1729873073559015753"


@dataclass(frozen=True)
class Sent:
    """A form with its fields, and the record that it leaves."""

    fields: Mapping[str, str]
    what: str
    subject: str
    before: object
    after: object


SENT = {
    "/followed": Sent({"product": NEW, "note": "<b>"}, "follow", NEW, None,
                      {"note": "<b>"}),
    "/followed/remove": Sent({"product": OLD}, "unfollow", OLD, {"note": "old"},
                             None),
    "/outbox/retry": Sent({"id": DEAD}, "retry", DEAD, {"dead": 1}, {"waiting": 1}),
    "/outbox/drop": Sent({"id": DEAD}, "drop", DEAD, {"dead": 1}, {"dropped": 1}),
    "/silences": Sent({"rule": "x*", "for": "1d", "comment": "sale"}, "silence", "2", None,
                      {"rule": "x*", "ends": 86_400, "comment": "sale"}),
    "/silences/end": Sent({"id": "1"}, "end silence", "1", {"product": "1", "ends": 9_000},
                          {"product": "1", "ends": 0}),
    "/alerts/acknowledge": Sent({"alert": FIRING}, "acknowledge", FIRING, {"acknowledged": None},
                                {"acknowledged": 0}),
    "/alerts/silence": Sent({"alert": FIRING, "for": "1d"}, "silence", "2", None,
                            {"alerts": FIRING, "rules": "taking-off", "products": "1",
                             "ends": 86_400}),
    "/rules/page": Sent({"do": "save", "base": "1", "text": "# new\n"}, "edit rules", "page.yaml",
                        {"version": 1}, {"version": 2, "bytes": 6}),
    "/rules/page/undo": Sent({"base": "1", "version": "0"}, "edit rules", "page.yaml",
                             {"version": 1}, {"version": 2, "as": 0, "bytes": 0}),
    "/people": Sent({"name": "Ann", "role": "read"}, "add person", "Ann", None, {"role": "read"}),
    "/people/revoke": Sent({"name": "the read one"}, "revoke person", "the read one",
                           {"role": "read"}, {"role": "read", "revoked": 0}),
    "/people/forget": Sent({"name": "former read"}, "forget person", "former read",
                           {"role": "read", "revoked": 0}, None),
}  # fmt: skip

# A form that another one has to go before: it has a test of its own.
APART = {"/alerts/undo"}


def _records(path: Path) -> list[AuditRecord]:
    with Database.open(path, readonly=True) as store:
        return store.audit.list()


def test_each_form_is_sent_here_or_apart() -> None:
    """Whoever adds one says what it leaves."""
    assert {*SENT, *APART} == {route for route, _handler, _role in FORMS}


@pytest.mark.parametrize("route", SENT)
async def test_every_form_is_noted(peopled: Path, furnished: Furnished, route: str) -> None:
    """Once, by its sender's name; times are counted from now. Sent again it changes nothing more,
    and leaves no second record, but where it makes something anew."""
    role = next(role for each, _handler, role in FORMS if each == route)
    sent, now = SENT[route], furnished.now
    _prepare(peopled, now)
    ids = _ids(peopled)
    known = {**ids, FIRING: f"A{ids[FIRING]}"}
    async with visited(peopled, furnished, OWNER) as visitors:
        fields = {"token": await visitors.form(OWNER), **sent.fields}
        fields = {name: ids.get(text, text) for name, text in fields.items()}
        status, text = await visitors.post(path_of(route), fields, TOKENS[role])
        assert status in (200, 303), text
        (record,) = _records(peopled)
        assert (record.who, record.via, record.at) == (f"the {role.word} one", Via.PAGE, now)
        assert record.what == sent.what
        assert record.subject == known.get(sent.subject, sent.subject)
        after = _named(sent.after, known)
        assert (_since(record.before, now), _since(record.after, now)) == (sent.before, after)
        status, text = await visitors.post(path_of(route), fields, TOKENS[role])
        assert status in (200, 303, 400, 409), text
        assert len(_records(peopled)) == (2 if route in ("/silences", "/outbox/retry") else 1)


def _prepare(path: Path, now: int) -> None:
    """Something for each form to change."""
    with Database.open(path) as store:
        store.followed.add([OLD], now - 9, "old")
        store.silences.add(begins=now - 9, ends=now + 9_000, product="1")
        store.page_rules.save("# old\n", now - 9, base=0, who="ann")


def _ids(path: Path) -> dict[str, str]:
    """The ids of an alert of taking-off that fires, and of a dead message."""
    with Database.open(path, readonly=True) as store:
        (found, *_) = store.alerts.list("taking-off", AlertState.FIRING)
        (dead, *_) = store.outbox.list([NotificationState.DEAD])
    return {FIRING: str(found.alert.id), DEAD: str(dead.id)}


async def test_to_undo_is_noted(peopled: Path, furnished: Furnished) -> None:
    """As what was done was; once."""
    firing = _ids(peopled)[FIRING]
    async with visited(peopled, furnished, OWNER) as visitors:
        token, given = await visitors.form(OWNER), TOKENS[Role.ACT]
        sent = {"token": token, "alert": firing}
        where = await visitors.leads("alerts/acknowledge", sent, given)
        undo = {"token": token, "done": where.partition("done=")[2]}
        for _ in range(2):
            await visitors.post("alerts/undo", undo, given)
        assert [each.what for each in _records(peopled)] == ["take back", "acknowledge"]
        assert {each.who for each in _records(peopled)} == {"the act one"}


def _named(values: object, known: Mapping[str, str]) -> object:
    """Values with the ids in place of what stands for them."""
    if not isinstance(values, Mapping):
        return values
    return {
        name: known.get(text, text) if isinstance(text, str) else text
        for name, text in values.items()
    }


def _since(values: Mapping[str, object] | None, now: int) -> object:
    """Values with their times counted from now."""
    if values is None:
        return None
    times = ("ends", "revoked", "acknowledged")
    return {
        name: value - now if name in times and isinstance(value, int) else value
        for name, value in values.items()
    }


async def test_what_is_refused_leaves_no_record(peopled: Path, furnished: Furnished) -> None:
    """Nor does a form that is none of ours, or has nothing in it."""
    async with visited(peopled, furnished, OWNER) as visitors:
        token = await visitors.form(OWNER)
        for route, _handler, _role in FORMS:
            full = SENT[route].fields if route in SENT else {}
            for fields in ({"token": token}, {"token": "x", **full}):
                status, _ = await visitors.post(path_of(route), fields, OWNER)
                assert status in (303, 400, 403, 409), route
        assert _records(peopled) == []


@pytest.mark.parametrize("route", SENT)
async def test_no_write_is_done_without_its_record(
    peopled: Path, furnished: Furnished, route: str
) -> None:
    """Where that can't be stored, everything is as it was."""
    _prepare(peopled, furnished.now)
    ids = _ids(peopled)
    before = _refusing_records(peopled)
    async with visited(peopled, furnished, OWNER) as visitors:
        fields = {"token": await visitors.form(OWNER), **SENT[route].fields}
        fields = {name: ids.get(text, text) for name, text in fields.items()}
        assert (await visitors.post(path_of(route), fields, OWNER))[0] >= 500
    assert _contents(peopled) == before


@pytest.mark.parametrize("deed", ["acknowledge", "silence"])
async def test_nothing_is_undone_without_its_record(
    peopled: Path, furnished: Furnished, deed: str
) -> None:
    """Nor that."""
    firing = _ids(peopled)[FIRING]
    async with visited(peopled, furnished, OWNER) as visitors:
        token = await visitors.form(OWNER)
        sent = {"token": token, "alert": firing, "for": "1d"}
        where = await visitors.leads(f"alerts/{deed}", sent, OWNER)
        before = _refusing_records(peopled)
        undo = {"token": token, "done": where.partition("done=")[2]}
        assert (await visitors.post("alerts/undo", undo, OWNER))[0] >= 500
    assert _contents(peopled) == before


def _refusing_records(path: Path) -> object:
    """Have no record be stored from now on; all that is there."""
    with Database.open(path) as store:
        store.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    return _contents(path)


def _contents(path: Path) -> object:
    with Database.open(path, readonly=True) as store:
        return contents(store)


async def test_the_page_of_it(peopled: Path, furnished: Furnished) -> None:
    """The newest first, by name and kind, with hostile texts as they are; its JSON has the same."""
    async with visited(peopled, furnished, OWNER) as visitors:
        token = await visitors.form(OWNER)
        hostile = {"token": token, "rule": "<script>x", "for": "1d", "comment": '"><img src=x>'}
        await visitors.post("silences", hostile, TOKENS[Role.ACT])
        await visitors.post("followed", {"token": token, "product": NEW}, OWNER)
        _, text = await visitors.get("audit", TOKENS[Role.ACT])
        assert text.index(f"followed {NEW}") < text.index("began silence 1")
        assert "the act one" in text
        assert "rule: &lt;script&gt;x" in text
        assert "<script>" not in text
        assert "<img" not in text
        assert "began silence" not in (await visitors.get("audit?who=owner", OWNER))[1]
        assert f"followed {NEW}" not in (await visitors.get("audit?what=silence", OWNER))[1]
        assert "Nobody wrote" in (await visitors.get("audit?who=nobody", OWNER))[1]
        status, data = await visitors.get("api/audit.json?what=silence", TOKENS[Role.ACT])
        assert status == 200
        (record,) = json.loads(data)["records"]
        assert record["who"] == "the act one"
        assert record["after"]["rule"] == "<script>x"
        assert json.loads(data)["next"] is None
        for query, said in (("what=silences", "is none of silence,"), ("before=x", "is no number")):
            status, text = await visitors.get(f"api/audit.json?{query}", OWNER)
            assert (status, said in text) == (400, True)


async def test_it_is_leafed_through(peopled: Path, furnished: Furnished) -> None:
    """Fifty a page; each once."""
    with Database.open(peopled) as store:
        for number in range(120):
            store.execute(
                "INSERT INTO audit (at, who, via, what, subject) "
                "VALUES (?, 'x', 'page', 'retry', ?)",
                (furnished.now, str(number)),
            )
    async with visited(peopled, furnished, OWNER) as visitors:
        seen, before = [], ""
        while True:
            data = json.loads((await visitors.get(f"api/audit.json{before}", OWNER))[1])
            seen += [each["subject"] for each in data["records"]]
            assert len(data["records"]) <= 50
            if data["next"] is None:
                break
            before = f"?before={data['next']}"
        assert seen == [str(number) for number in reversed(range(120))]
        _, text = await visitors.get("audit", OWNER)
        assert "Older" in text


async def test_the_token_is_shown_once(peopled: Path, furnished: Furnished) -> None:
    """By the answer to the form; nothing that is stored or shown later has it."""
    async with visited(peopled, furnished, OWNER) as visitors:
        fields = {"token": await visitors.form(OWNER), "name": "Ann", "role": "read"}
        _, text = await visitors.post("people", fields, OWNER)
        token = text.partition('<pre tabindex="0">')[2].partition("<")[0]
        assert (await visitors.get("", token))[0] == 200
        for path in ("people", "audit", "api/people.json", "api/audit.json"):
            _, shown = await visitors.get(path, OWNER)
            assert "Ann" in shown
            assert token not in shown
            assert digest_of(token) not in shown
    with Database.open(peopled) as store:  # what is in the log goes into the file
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not _holds(peopled, token)
    assert _holds(peopled, digest_of(token))


def _holds(path: Path, text: str) -> bool:
    return text.encode() in path.read_bytes()


@pytest.mark.parametrize(
    "name", ["", " ", "<b>", "a" * 41, "owner", "LOCAL", "the read one", "THE READ ONE", "a\x00b",
             "-x", "\u202egnp"]
)  # fmt: skip
async def test_names_that_are_none(peopled: Path, furnished: Furnished, name: str) -> None:
    """Refused with what is wrong; nobody is let in."""
    async with visited(peopled, furnished, OWNER) as visitors:
        fields = {"token": await visitors.form(OWNER), "name": name, "role": "edit"}
        status, text = await visitors.post("people", fields, OWNER)
        assert status == 400
        assert "Go back and mend it." in text
    assert _records(peopled) == []


async def test_a_name_as_it_may_stand_in_a_database(peopled: Path, furnished: Furnished) -> None:
    """Escaped wherever it is shown, should one ever come there."""
    evil = '<script>alert(1)</script>"><b onmouseover=x>'
    with Database.open(peopled) as store:
        store.people.add(evil, Role.EDIT, digest_of("evil-token-0123456789"), furnished.now)
    async with visited(peopled, furnished, OWNER) as visitors:
        for path in ("", "people", "audit", "feeds", "nowhere"):
            _, text = await visitors.get(path, "evil-token-0123456789")
            assert "<script>" not in text, path
            assert "<b on" not in text, path
            assert "&lt;script&gt;alert(1)" in text, path
