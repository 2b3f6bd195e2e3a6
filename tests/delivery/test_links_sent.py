"""The tokens of links that are sent: one a message and try, of which only the digest is kept."""

from __future__ import annotations

import re

from tests.delivery.couriers import AGAIN, Breaking, Line, Store, clock_at, courier_of, turn
from tests.delivery.messages import alerts, operator
from tests.store.making import contents
from watcher.delivery.rendered import OutcomeKind, SendOutcome, Way
from watcher.errors import StoreError
from watcher.store.sql.links import TOKEN_LENGTH, digest_of

PAGE = "https://watcher.example.org/path"
WAYS = {"growth": Way(page=PAGE)}
_LINK = re.compile(re.escape(PAGE) + r"/act/([A-Za-z0-9]+)/(\d+)")


def _tokens(line: Line, number: int = 0) -> set[str]:
    found = _LINK.findall(line.taken[number].body)
    assert [place for _, place in found] == ["1", "2"]
    return {token for token, _ in found}


async def test_each_target_gets_its_own(store: Store) -> None:
    """One message, one token: of two targets two, of which none is stored."""
    lines = {"growth/1": Line(), "growth/2": Line()}
    store.add(alerts(["Serum", "Cream"]), *lines)
    await turn(courier_of(store, lines, clock_at(), ways=WAYS))
    tokens = [*_tokens(lines["growth/1"]), *_tokens(lines["growth/2"])]
    assert len({*tokens}) == 2
    assert {len(each) for each in tokens} == {TOKEN_LENGTH}
    links = [store.database.links.find(digest_of(each)) for each in tokens]
    assert sorted(each.target for each in links if each is not None) == [*lines]
    stored = str(contents(store.database))
    assert not any(each in stored for each in tokens)


async def test_a_retry_leaves_what_was_sent_in_force(store: Store) -> None:
    """A service may have taken the try that failed."""
    clock, line = clock_at(), Line([AGAIN])
    store.add(alerts(["Serum", "Cream"]), "growth/1")
    courier = courier_of(store, {"growth/1": line}, clock, ways=WAYS)
    await turn(courier)
    clock.instant += 10
    await turn(courier)
    (first,), (second,) = _tokens(line), _tokens(line, 1)
    assert first != second
    for token in (first, second):
        link = store.database.links.find(digest_of(token))
        assert link is not None
        assert link.holds(clock.instant)


async def test_what_needs_none_has_none(store: Store) -> None:
    """No page, or nothing to act on: nothing is stored either."""
    line = Line()
    store.add(operator("trouble"), "growth/1")
    await turn(courier_of(store, {"growth/1": line}, clock_at(), ways=WAYS))
    store.add(alerts(["Serum", "Cream"]), "growth/1")
    await turn(courier_of(store, {"growth/1": line}, clock_at(), ways={"growth": Way()}))
    assert len(line.taken) == 2
    assert not any("/act/" in each.body for each in line.taken)
    assert store.database.links.list() == []


async def test_a_service_that_repeats_it() -> None:
    """What its answer says is kept without the token."""
    store = Store()

    class Repeating(Line):
        async def send(self, rendered, *_given, taken=()):  # type: ignore[no-untyped-def]
            self.taken.append(rendered)
            return SendOutcome(OutcomeKind.RETRY, f"HTTP 400: {rendered.body}")

    line = Repeating()
    (row,) = store.add(alerts(["Serum", "Cream"]), "growth/1")
    await turn(courier_of(store, {"growth/1": line}, clock_at(), ways=WAYS))
    (token,) = _tokens(line)
    assert token not in str(contents(store.database))
    assert "/act/***" in str(store.row(row).error)
    store.database.close()


async def test_a_full_disk_costs_the_link_only() -> None:
    """It is told all the same."""
    store = Breaking(StoreError("disk full", "watcher.db"))
    line = Line()
    store.add(alerts(["Serum", "Cream"]), "growth/1")
    store.broken = 1
    await turn(courier_of(store, {"growth/1": line}, clock_at(), ways=WAYS))
    (sent,) = line.taken
    assert "Serum" in sent.body
    assert "/act/" not in sent.body
