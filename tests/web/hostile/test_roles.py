"""What each person may read and write: by the role that the table gives each address."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from tests.web.hostile.conftest import Opened
from tests.web.hostile.market import FEED_TOKEN, Market, harmless
from tests.web.hostile.samples import STREAMS, WRITES, address, fields_of
from tests.web.hostile.visitor import FORM, Answer, line, ready, token_on, visiting
from tests.web.serving import Page
from watcher.people import Role, digest_of
from watcher.store.ports import Store
from watcher.web.routes import FORMS, READS

TOKENS: Mapping[Role, str] = {role: role.word[0] * 39 + "0" for role in Role}
REVOKED = "9" * 40
KIND = {"Content-Type": FORM}
FEED = "/feed/{}/alerts.atom"


async def let_in(page: Page, market: Market) -> None:
    """One person of each role, and one who had the highest."""

    def write(database: Store) -> None:
        for role, token in TOKENS.items():
            database.people.add(f"who may {role.word}", role, digest_of(token), market.now)
        gone = database.people.add("nobody", Role.EDIT, digest_of(REVOKED), market.now)
        database.people.revoke(gone.id, market.now)

    await page.sources.write(write)


def bearer(token: str) -> dict[str, str]:
    """As programs bring a token."""
    return {"Authorization": f"Bearer {token}"}


def test_which_role_takes_what() -> None:
    """The table itself, of which all other tests here are: nothing is written by who only looks,
    and rules and people are for who may edit."""
    forms = {path: role for path, _handler, role in FORMS}
    assert {path for path, role in forms.items() if role < Role.ACT} == set()
    editing = {path for path in forms if path.startswith(("/people", "/rules"))}
    assert {path for path, role in forms.items() if role is Role.EDIT} == editing
    assert len(editing) >= 5
    reads = {path: role for path, _handler, role in READS}
    others = {path: role.word for path, role in reads.items() if role is not Role.READ}
    assert others == {
        "/feeds/alerts.atom": "feed",
        **dict.fromkeys(("/audit", "/api/audit.json"), "act"),
        **dict.fromkeys(("/people", "/api/people.json"), "edit"),
    }


async def test_who_reads_what(opened: Opened) -> None:
    """No role reads what takes a higher one; who has a wrong, a revoked or no token reads nothing.
    The refusal shows nothing of the page."""
    async with opened() as (page, market), visiting(page) as visitor:
        await let_in(page, market)
        wrong = []
        for route, _handler, needed in READS:
            path = address(route, harmless)
            for role, token in TOKENS.items():
                answer = await visitor.get(path, bearer(token))
                if (answer.status in (200, 303)) != (role >= needed):
                    wrong.append(f"{route} by {role.word}: {answer.status}")
                if answer.status == 403 and shows_something(answer):
                    wrong.append(f"{route} by {role.word} shows something")
            for headers in ({}, bearer(REVOKED), bearer("x"), bearer("")):
                answer = await visitor.get(path, headers)
                if answer.status != 401 or shows_something(answer):
                    wrong.append(f"{route} by {headers}: {answer.status}")
    assert wrong == []


def shows_something(answer: Answer) -> bool:
    """Whether an answer names anything of the market."""
    return b"some " in answer.body


@pytest.mark.parametrize(("route", "needed"), [(path, role) for path, _handler, role in FORMS])
async def test_who_writes_what(opened: Opened, route: str, needed: Role) -> None:
    """With the token of a form that somebody else was given: no role sends what takes a higher one,
    and nothing is written, nor recorded."""
    async with opened() as (page, market), visiting(page) as visitor:
        await let_in(page, market)
        form = await token_on(visitor, "/silences", bearer(TOKENS[Role.EDIT]))
        fields = await ready(visitor, route, form, bearer(TOKENS[Role.EDIT]))
        path, before = address(route, harmless), market.rows()
        body = urlencode({**fields, "token": form}).encode()
        for role, token in TOKENS.items():
            if role < needed:
                answer = await visitor.send("POST", path, body, {**KIND, **bearer(token)})
                assert answer.status == 403, role
                assert not shows_something(answer), role
        for headers in ({}, bearer(REVOKED), bearer("x")):
            answer = await visitor.send("POST", path, body, {**KIND, **headers})
            assert answer.status == 401, headers
        assert market.rows() == before
        answer = await visitor.send("POST", path, body, {**KIND, **bearer(TOKENS[needed])})
        assert answer.status in (200, 303)
        assert market.rows() != before


async def test_no_page_offers_what_its_visitor_may_not(opened: Opened) -> None:
    """Who only looks finds no form that writes."""
    async with opened() as (page, market), visiting(page) as visitor:
        await let_in(page, market)
        for route, _handler, needed in READS:
            if needed <= Role.READ:
                answer = await visitor.get(address(route, harmless), bearer(TOKENS[Role.READ]))
                assert b'method="post"' not in answer.body, route
                assert b'name="token"' not in answer.body, route


async def test_a_feeds_address(opened: Opened) -> None:
    """Takes the token of a feed that holds, and no other one, whoever it is of; it opens nothing
    else, and is no way to another page."""
    async with opened() as (page, market), visiting(page) as visitor:
        await let_in(page, market)
        assert (await visitor.get(FEED.format(FEED_TOKEN))).status == 200
        for token in (*TOKENS.values(), "g" * 40, REVOKED, "x", "%00", "%ff", "..", "x" * 4_000):
            status = (await visitor.get(FEED.format(token))).status
            assert status == (200 if token == TOKENS[Role.FEED] else 404), token
        for path in ("", "/", "/alerts.atom/../../..", "/%2e%2e/alerts", "/alerts", "/alerts.json"):
            answer = await visitor.get(f"/feed/{FEED_TOKEN}{path}")
            assert answer.status in (401, 404), path
            assert not shows_something(answer)


async def test_streams(opened: Opened) -> None:
    """Of who may look; a revoked token opens none."""
    async with opened() as (page, market):
        await let_in(page, market)
        for route in STREAMS:
            for token, status in (
                *((TOKENS[role], 200 if role >= Role.READ else 403) for role in Role),
                (REVOKED, 401), ("x", 401), ("", 401),
            ):  # fmt: skip
                head = f"GET {route} HTTP/1.1\r\nHost: localhost\r\n"
                answer = await line(page, f"{head}Authorization: Bearer {token}\r\n")
                assert answer.status == status, (route, token)


async def test_a_token_that_is_revoked(opened: Opened) -> None:
    """Opens nothing from the next request on: no page, no form that was open, no feed."""
    async with opened() as (page, market), visiting(page) as visitor:
        await let_in(page, market)
        for role, token in TOKENS.items():
            own, seen = bearer(token), "/feeds/alerts.atom"
            assert (await visitor.get(seen, own)).status == 200
            form = ""
            if role >= Role.ACT:
                form = await token_on(visitor, "/silences", own)

            def revoke(database: Store, name: str = f"who may {role.word}") -> None:
                person = database.people.find(name)
                assert person is not None
                assert database.people.revoke(person.id, market.now)

            await page.sources.write(revoke)
            before = market.rows()
            assert (await visitor.get(seen, own)).status == 401
            assert (await visitor.get(FEED.format(token))).status == 404
            for route in WRITES:
                body = urlencode({**fields_of(route, harmless), "token": form}).encode()
                path = address(route, harmless)
                assert (await visitor.send("POST", path, body, {**KIND, **own})).status == 401
            assert market.rows() == before
