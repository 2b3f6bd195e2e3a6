"""Bodies that are posted as they are: to which addresses, and what becomes of them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from tests.fakes.sink import SECRET, Secret, closed_port, on_loopback, serving
from watcher.delivery.apprise.target import Target, warm_up
from watcher.delivery.rendered import OutcomeKind, Rendered, SendOutcome
from watcher.errors import TargetError

BODY = Rendered("", "{}", "text")


@asynccontextmanager
async def noting() -> AsyncIterator[tuple[int, list[dict[str, Any]]]]:
    """A server's port, and what it is asked."""
    seen: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        told = {"target": request.raw_path, "method": request.method, "headers": request.headers}
        seen.append({**told, "body": await request.text()})
        return web.Response()

    async with on_loopback(answer) as port:
        yield port, seen


@pytest.mark.parametrize(
    ("url", "target", "method"),
    [
        ("http://ann:p%40ss@127.0.0.1:PORT/a%20b/c?x=1&x=2&y=", "/a%20b/c?x=1&x=2&y=", "POST"),
        ("json://ann:p%40ss@127.0.0.1:PORT/c?-x=1&method=put&+X-Token=abc", "/c?x=1", "PUT"),
    ],
)
async def test_addresses(url: str, target: str, method: str) -> None:
    """A web address is asked as it stands; Apprise's form says method, headers and parameters."""
    async with noting() as (port, seen):
        made = Target("crm/1", Secret(url.replace("PORT", str(port))), posts=True)
        assert (await made.send(BODY)).kind is OutcomeKind.SENT
        (request,) = seen
        headers = request["headers"]
        assert (request["target"], request["method"], request["body"]) == (target, method, "{}")
        assert headers["Authorization"] == "Basic YW5uOnBAc3M="
        assert headers["Content-Type"] == "application/json"
        assert headers["User-Agent"].startswith("watcher/")
        assert headers.get("X-Token") == ("abc" if "X-Token" in url else None)
        assert made.doubts() == []
        made.release()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"slack://{SECRET}", "slack:// takes no payload: json"),
        ("mailto://a:b@example.com", "mailto:// takes no payload: json"),
        (
            "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            "the address of a service",
        ),
        (f"https://oapi.dingtalk.com/robot/send?access_token={SECRET}", "write it as jsons://"),
        (f"json://localhost/{SECRET}?method=GET", "POST, PUT or PATCH"),
        (f"https://localhost:99999/{SECRET}", "port"),
        (f"https:///{SECRET}", "names no host"),
        (f"http://:80/{SECRET}", "names no host"),
    ],
)
def test_nothing_else_is_posted_to(url: str, said: str) -> None:
    """The reason repeats nothing of the URL."""
    with pytest.raises(TargetError) as caught:
        Target("crm/1", Secret(url), posts=True)
    assert said in str(caught.value)
    assert str(caught.value).startswith("crm/1: ")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        (":message=text", "its own body"),
        ("overflow=split", '"overflow" is passed over'),
        ("format=markdown", '"format" is passed over'),
        ("methd=PUT", "methd"),
    ],
)
def test_what_has_no_effect_is_told(parameter: str, said: str) -> None:
    """By ``watcher check``."""
    (doubt,) = Target("crm/1", Secret(f"jsons://localhost/?{parameter}"), posts=True).doubts()
    assert said in doubt


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait"),
    [
        (204, {}, OutcomeKind.SENT, None),
        (302, {"Location": "/elsewhere"}, OutcomeKind.RETRY, None),
        (400, {}, OutcomeKind.DEAD, None),
        (410, {}, OutcomeKind.DEAD, None),
        (429, {"Retry-After": "7"}, OutcomeKind.RETRY, 7.0),
        (503, {"Retry-After": "9"}, OutcomeKind.RETRY, 9.0),
    ],
)
async def test_answers(
    status: int, headers: dict[str, str], kind: OutcomeKind, wait: float | None
) -> None:
    """What counts as sent is what counts for any service; a redirect is not followed."""
    async with serving() as service:
        service.status, service.headers = status, headers
        target = Target("crm/1", Secret(f"http://127.0.0.1:{service.port}/hook"), posts=True)
        outcome = await target.send(BODY)
        assert (outcome.kind, outcome.retry_after) == (kind, wait)
        assert service.paths == ["/hook"]
        target.release()


@pytest.mark.parametrize("behave", ["reset", "hang", "drip"])
async def test_no_answer_is_waited_for_longer(behave: str) -> None:
    """One that hangs, drips or hangs up is asked again later."""
    async with serving() as service:
        service.behave = behave
        url = Secret(f"http://127.0.0.1:{service.port}/")
        target = Target("crm/1", url, timeout=0.2, posts=True)
        assert (await target.send(BODY)).kind is OutcomeKind.RETRY
        target.release()


async def test_secrets_stay_out_of_logs(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever becomes of it."""
    warm_up()
    shown = list[SendOutcome]()
    with caplog.at_level(logging.NOTSET):
        async with serving() as service:
            where = f"user:{SECRET}@127.0.0.1:{service.port}/{SECRET}?q={SECRET}"
            for service.behave, service.status in (("answer", 200), ("answer", 500), ("reset", 0)):
                service.body = f"no {SECRET} here"
                shown.append(
                    await Target("crm/1", Secret(f"http://{where}"), posts=True).send(BODY)
                )
        for url in (f"http://127.0.0.1:{closed_port()}/{SECRET}", f"http://{SECRET}.invalid/"):
            shown.append(await Target("crm/1", Secret(url), posts=True).send(BODY))
    kinds = [each.kind for each in shown]
    assert kinds == [OutcomeKind.SENT, *[OutcomeKind.RETRY] * 4]
    assert SECRET not in caplog.text + repr(shown)
    assert SECRET.lower() not in (caplog.text + repr(shown)).lower()
