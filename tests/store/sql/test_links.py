"""Links of messages in the store: by digests, with a term, and what was done by them."""

from __future__ import annotations

import pytest

from tests.store.making import DAY, START, contents, firing, memory, raw, with_products
from watcher.message import Message
from watcher.model import Severity
from watcher.store.ports import Store
from watcher.store.sql.links import (
    LIFETIME,
    REMEMBERED,
    TOKEN_LENGTH,
    Deed,
    digest_of,
    new_token,
)
from watcher.store.sql.silences import ENDLESS


def _queued(store: Store) -> int:
    message = Message("test", "A test", Severity.INFO, START)
    (number,) = store.outbox.add("me", ["me/1"], message, START)
    return number


def test_tokens() -> None:
    """128 bits, each another one, safe in an address; the digest is all that is kept."""
    tokens = {new_token() for _ in range(200)}
    assert len(tokens) == 200
    assert {len(each) for each in tokens} == {TOKEN_LENGTH}
    assert all(each.replace("-", "").replace("_", "").isalnum() for each in tokens)
    with memory() as store:
        token = new_token()
        store.links.add(digest_of(token), _queued(store), START)
        assert token not in str(contents(store))
        found = store.links.find(digest_of(token))
        assert found is not None
        assert (found.channel, found.target, found.notification) == ("me", "me/1", 1)
        assert store.links.find(digest_of(new_token())) is None


def test_its_term() -> None:
    """Fourteen days; a while longer it is known that there was one."""
    with memory() as store:
        store.links.add("a", _queued(store), START)
        (link,) = store.links.list()
        end = START + LIFETIME
        assert LIFETIME == 14 * DAY
        assert link.holds(START)
        assert link.holds(end - 1)
        assert not link.holds(end)
        assert (link.state(end - 1), link.state(end)) == ("open", "expired")
        assert store.links.prune(end + REMEMBERED) == 0
        assert store.links.prune(end + REMEMBERED + 1) == 1
        assert store.links.find("a") is None


def test_to_revoke() -> None:
    """Once; what has expired is not revoked."""
    with memory() as store:
        row = _queued(store)
        store.links.add("old", row, START - LIFETIME)
        store.links.add("new", row, START)
        assert store.links.revoke([1, 2, 3], START) == 1
        assert store.links.revoke([1, 2, 3], START + 1) == 0
        new, old = store.links.list()
        assert (new.state(START), old.state(START)) == ("revoked", "expired")


def test_it_goes_with_its_message() -> None:
    """And what was done by it goes with it."""
    with memory() as store:
        store.links.add("a", _queued(store), START)
        store.links.note(1, "form", START, 1, "follow")
        raw(store).execute("DELETE FROM notifications")
        assert store.links.find("a") is None
        assert contents(store)["deeds"] == []


def test_what_was_done() -> None:
    """Each form once; another link of the same message shows it, too."""
    with memory() as store:
        row = _queued(store)
        store.links.add("first try", row, START)
        store.links.add("second try", row, START + 60)
        assert not store.links.was_sent(1, "f")
        store.links.note(1, "f", START + 90, 2, "never", rule="rises", silence=7)
        assert store.links.was_sent(1, "f")
        assert not store.links.was_sent(2, "f")
        assert store.links.deeds(row) == [Deed(1, START + 90, 2, "never", "rises", 7)]
        assert store.links.used() == {1: (1, START + 90)}
        assert store.links.undo(1, START + 99)
        assert not store.links.undo(1, START + 100)
        assert store.links.deeds(row)[0].undone == START + 99


def test_a_clock_that_was_ahead() -> None:
    """A link made under it holds for as long as any."""
    with memory() as store:
        store.links.add("a", _queued(store), START + 900 * DAY)
        assert store.times.ahead(START) == 900 * DAY
        store.silences.add(begins=START + 9 * DAY, ends=ENDLESS, product="1")
        store.times.mend(START)
        (link,) = store.links.list()
        assert (link.made, link.expires) == (START, START + LIFETIME)
        assert store.silences.list()[0].is_endless


def test_to_acknowledge() -> None:
    """Only what fires, once; a scan that saves the alert leaves it so, a new alert is not."""
    with memory() as store:
        (product, *_) = with_products(store)
        (alert,) = store.alerts.save([firing("rises", product)])
        assert store.alerts.acknowledge([alert.id, 99], START + 5) == 1
        assert store.alerts.acknowledge([alert.id], START + 6) == 0
        store.alerts.save([alert])
        (again,) = store.alerts.by_id([alert.id])
        assert again.acknowledged == START + 5
        assert store.alerts.acknowledged([alert.id]) == {alert.id}
        assert store.alerts.take_back([alert.id]) == 1
        assert store.alerts.take_back([alert.id]) == 0
        assert store.alerts.acknowledged([alert.id]) == set()


def test_an_exclusion() -> None:
    """A silence without end lasts for ever, and is said to; any other ends within 90 days."""
    with memory() as store:
        made = store.silences.add(begins=START, ends=ENDLESS, product="1", rule="rises")
        assert made.is_endless
        assert made.is_on(START + 50_000 * DAY)
        with pytest.raises(ValueError, match="90 days"):
            store.silences.add(begins=START, ends=ENDLESS - 1, product="1")
        assert store.silences.end(made.id, START + 1)
        assert not store.silences.list()[0].is_endless
