"""Who may open what: every address, every role, every kind of token."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.web.conftest import Furnished
from tests.web.people.visiting import OWNER, REVOKED, TOKENS, Visitors, path_of, visited
from watcher.people import Role, digest_of
from watcher.store.sqlite.database import Database
from watcher.web.routes import ACT, FEEDS, FORMS, READS

ROUTES = {path_of(route): role for route, _handler, role in READS}
POSTED = {path_of(route): role for route, _handler, role in FORMS}
OTHERS = ("nowhere", "static/style.css", "static/icon.svg")
WRONG = ("wrong-token-0123456789", *REVOKED.values(), *map(digest_of, TOKENS.values()), "")


def test_the_tables_name_all_there_is() -> None:
    """Each route stands for an address of its own, and each form for a role that writes."""
    assert len(ROUTES) == len(READS)
    assert len(POSTED) == len(FORMS)
    assert set(POSTED.values()) == {Role.ACT, Role.EDIT}
    assert {path: role for path, role in ROUTES.items() if role is not Role.READ} == {
        "audit": Role.ACT,
        "api/audit.json": Role.ACT,
        "people": Role.EDIT,
        "api/people.json": Role.EDIT,
        "feeds/alerts.atom": Role.FEED,
    }
    assert not any("{" in path for path in (*ROUTES, *POSTED))


@pytest.mark.parametrize("guarded", [True, False])
async def test_every_address_and_role(
    peopled: Path, furnished: Furnished, *, guarded: bool
) -> None:
    """Exactly those whose role is high enough are answered, whether the page has a token of its
    own or not."""
    owner = OWNER if guarded else TOKENS[Role.EDIT]
    async with visited(peopled, furnished, OWNER if guarded else "") as visitors:
        token = await visitors.form(owner)
        for role, given in TOKENS.items():
            for path, needed in (*ROUTES.items(), *((each, Role.READ) for each in OTHERS)):
                status, _ = await visitors.get(path, given)
                assert (status == 403) is (role < needed), (path, role, status)
                assert status in (200, 303, 403, 404), (path, role, status)
            for path, needed in POSTED.items():
                status, text = await visitors.post(path, {"token": token}, given)
                assert (status == 403) is (role < needed), (path, role, status, text)
        for path in (*ROUTES, *OTHERS):
            assert (await visitors.get(path))[0] == 401, path
            for given in WRONG:
                assert (await visitors.get(path, given))[0] == 401, (path, given)
        for path in POSTED:
            assert (await visitors.post(path, {"token": token}))[0] == 401, path
            for given in WRONG:
                assert (await visitors.post(path, {"token": token}, given))[0] == 401, path
        if guarded:
            assert (await visitors.get("people", OWNER))[0] == 200


async def test_a_feed_token_in_an_address(peopled: Path, furnished: Furnished) -> None:
    """It opens feeds and no other address; no other token opens one; a link needs neither."""
    async with visited(peopled, furnished, OWNER) as visitors:
        for route, _handler in FEEDS:
            assert (await visitors.get(path_of(route)))[0] == 200
            for given in (*TOKENS.values(), OWNER, *WRONG[:-1]):
                path = route.replace("{token}", given).removeprefix("/")
                assert (await visitors.get(path))[0] == (
                    200 if given == TOKENS[Role.FEED] else 404
                ), path
                # What is in the address counts, and not what is brought beside it.
                wrong = route.replace("{token}", "x" * 40).removeprefix("/")
                assert (await visitors.get(wrong, given))[0] == 404
        status, text = await visitors.get("alerts", TOKENS[Role.FEED])
        assert (status, text) == (403, "This token opens the feeds of alerts, and nothing else.\n")
        for route, _handler in ACT:
            assert (await visitors.get(path_of(route)))[0] == 404


@pytest.mark.parametrize("role", [Role.READ, Role.ACT])
async def test_a_refusal_says_who_one_is(peopled: Path, furnished: Furnished, role: Role) -> None:
    """And what it takes, in a page; for programs in a line."""
    async with visited(peopled, furnished, OWNER) as visitors:
        status, text = await visitors.get("people", TOKENS[role])
        said = f"You are the {role.word} one, with the role {role.word}; this takes the role edit."
        assert status == 403
        assert said in text
        assert "<h1>This was not done</h1>" in text
        assert (await visitors.get("api/people.json", TOKENS[role])) == (403, f"{said}\n")
        chinese = await visitors.get("people", TOKENS[role], **{"Accept-Language": "zh"})
        assert f"the {role.word} one" in chinese[1]
        assert 'lang="zh-Hans"' in chinese[1]


async def test_a_read_token_writes_nothing(peopled: Path, furnished: Furnished) -> None:
    """Whatever form it sends, whatever stands in it; and no page shows it one."""
    async with visited(peopled, furnished, OWNER) as visitors:
        token = await visitors.form(OWNER)
        before = _dump(peopled)
        fields = {
            "token": token, "id": "2", "all": "dead", "rule": "x", "for": "1d", "product": "1",
            "name": "the act one", "role": "edit",
        }  # fmt: skip
        for path in POSTED:
            assert (await visitors.post(path, fields, TOKENS[Role.READ]))[0] == 403, path
        assert _dump(peopled) == before
        for path in (*ROUTES, "outbox?state=dead", "followed"):
            _, text = await visitors.get(path, TOKENS[Role.READ])
            assert 'method="post"' not in text, path
            assert 'name="token"' not in text, path
        assert '<form method="post"' in (await visitors.get("silences", TOKENS[Role.ACT]))[1]


def _dump(path: Path) -> list[str]:
    with sqlite3.connect(path) as database:
        return [*database.iterdump()]


async def test_to_revoke_takes_effect_at_the_next_request(
    peopled: Path, furnished: Furnished
) -> None:
    """Whoever does it, beside the running page."""
    async with visited(peopled, furnished) as visitors:
        await _revoked(visitors, peopled, furnished.now)


async def _revoked(visitors: Visitors, path: Path, now: int) -> None:
    assert (await visitors.get("", TOKENS[Role.READ]))[0] == 200
    assert (await visitors.get(f"feed/{TOKENS[Role.FEED]}/alerts.atom"))[0] == 200
    with Database.open(path) as store:
        for role in Role:
            person = store.people.find(f"the {role.word} one")
            assert person is not None
            assert store.people.revoke(person.id, now)
    assert (await visitors.get("", TOKENS[Role.READ]))[0] == 401
    assert (await visitors.get(f"feed/{TOKENS[Role.FEED]}/alerts.atom"))[0] == 404
    assert (await visitors.get(""))[0] == 401  # the last one's end opens it to nobody


async def test_on_its_own_machine(copy: Path, furnished: Furnished) -> None:
    """Without people no token is asked for, and whoever asks may edit; readers of feeds change
    nothing about that; from the first one who may look on, it is."""
    async with visited(copy, furnished) as visitors:
        assert "You are local, with the role edit." in (await visitors.get(""))[1]
        form = {"token": await visitors.form()}
        status, text = await visitors.post("people", {**form, "name": "reader", "role": "feed"})
        assert status == 200
        assert "/feed/" in text
        assert (await visitors.get("people"))[0] == 200
        for role in ("read", "act"):
            status, text = await visitors.post("people", {**form, "name": "ann", "role": role})
            assert status == 400, role
            assert "give the first one the role edit" in text
        status, text = await visitors.post("people", {**form, "name": "ann", "role": "edit"})
        assert status == 200
        assert (await visitors.get(""))[0] == 401
        assert (await visitors.get("healthz"))[0] == 401


async def test_behind_a_proxy_nobody_edits_without_a_token(
    copy: Path, furnished: Furnished
) -> None:
    """Whoever comes through one is not at this machine: as before they act, and let nobody in."""
    async with visited(copy, furnished) as visitors:
        assert (await visitors.get("people"))[0] == 200
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"):
            assert (await visitors.get("people", None, **{name: "192.0.2.1"}))[0] == 403, name
            assert (await visitors.get("audit", None, **{name: "192.0.2.1"}))[0] == 200, name
    async with visited(copy, furnished, page_url="https://shop.example/") as visitors:
        assert (await visitors.get("people"))[0] == 403
        assert (await visitors.get("silences"))[0] == 200
    async with visited(copy, furnished, OWNER, page_url="https://shop.example/") as visitors:
        assert (await visitors.get("people", OWNER))[0] == 200
