"""Whether a message may be sent is asked right before each request, on the thread that sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.delivery.sending import PLAIN, send
from tests.fakes.sink import receiving, serving
from watcher.delivery.apprise.observing import Accepted, Limited, observed
from watcher.delivery.apprise.target import Target
from watcher.delivery.permission import may_send
from watcher.delivery.rendered import OutcomeKind

ANN, BOB = "ann@example.com", "bob@example.com"


@contextmanager
def asked_of(permission: Callable[[], bool]) -> Iterator[None]:
    """Whoever sends in this context asks it."""
    token = may_send.set(permission)
    try:
        yield
    finally:
        may_send.reset(token)


async def test_no_request_where_it_may_not() -> None:
    """Nothing arrives, and it is no refusal: another daemon sends it, or this one later."""
    async with serving() as service:
        with asked_of(lambda: False):
            outcome = await send(service.url)
        assert (outcome.kind, outcome.taken) == (OutcomeKind.RETRY, frozenset())
        assert service.taken == []
        with asked_of(lambda: True):
            assert (await send(service.url)).kind is OutcomeKind.SENT
        assert len(service.taken) == 1


async def test_no_mail_where_it_may_not() -> None:
    """Also where the server was greeted by then."""
    async with receiving() as mail:
        with asked_of(lambda: False):
            outcome = await send(mail.url())
        assert (outcome.kind, outcome.taken) == (OutcomeKind.RETRY, frozenset())
        assert mail.taken == []
        with asked_of(lambda: True):
            assert (await send(mail.url())).kind is OutcomeKind.SENT
        assert len(mail.taken) == 1


async def test_a_right_that_is_lost_between_two_mails() -> None:
    """The second recipient gets none; the next try knows that the first has it."""
    async with receiving() as mail:
        target = Target("me/1", mail.url([ANN, BOB]))
        with asked_of(lambda: not mail.delivered):
            outcome = await target.send(PLAIN)
        assert outcome.kind is OutcomeKind.RETRY
        assert len(mail.delivered) == 1
        assert (await target.send(PLAIN, taken=outcome.taken)).kind is OutcomeKind.SENT
        assert sorted(mail.delivered) == [ANN, BOB]
        target.release()


async def test_a_right_that_is_lost_between_two_requests() -> None:
    """Of one message, as of a plugin that sends its picture by itself."""
    async with serving() as service:

        def ask() -> None:
            with observed(Accepted("secret")) as seen:
                url = f"http://127.0.0.1:{service.port}/"
                assert requests.post(url, json={}, timeout=5).status_code == 200
                with pytest.raises(Limited):
                    requests.post(url, json={}, timeout=5)
                assert seen.held == 1
                seen.close()

        with asked_of(lambda: not service.paths):
            await asyncio.to_thread(ask)
        assert len(service.paths) == 1
