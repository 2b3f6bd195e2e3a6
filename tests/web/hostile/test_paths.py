"""Tricks with paths, and other names for this machine: as bytes on the line, on every address."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from tests.web.hostile.conftest import Opened
from tests.web.hostile.market import harmless
from tests.web.hostile.samples import (
    ACT_PAGES,
    ACTS,
    READS,
    STREAMS,
    WRITES,
    address,
    fields_of,
    parameters,
)
from tests.web.hostile.values import PARTS
from tests.web.hostile.visitor import Answer, leads_out, line, token_on, tracebacks, visiting
from tests.web.serving import Page

TOKEN = "0123456789abcdef-token"
# What is of the page's own, and of no visitor without the token.
OF_THE_MARKET = ("some product", "some rule", "some seller", "some comment", "[project]", "root:")
AROUND = (
    "//evil.example{path}", "//{path}", "/.{path}", "/..{path}", "/%2e%2e{path}", "{path}/..",
    "{path}/../..", "{path}/.", "{path}//", "{path}%2f..", "{path}%00", "{path}%0d%0aX-Injected:1",
    "{path};x", "{path}.json", "{path}/%2e%2e/%2e%2e/watcher.db", "/static/..{path}",
    "/static/..%2f..%2fapp.py", "/static/%2e%2e/app.py", "/act{path}", "/act/..{path}",
    "/act/%2e%2e{path}", "/act/static/..%2f..{path}", "/act/static/../..{path}", "/healthz{path}",
    "/books/main{path}", "{path}?{path}", "{path}%3f", "{path}%23x", "\\\\evil.example{path}",
    "http://evil.example{path}", "http://localhost@evil.example{path}", "*", "{upper}",
)  # fmt: skip


@pytest.mark.parametrize("token", ["", TOKEN])
async def test_tricks_with_paths(
    opened: Opened, caplog: pytest.LogCaptureFixture, token: str
) -> None:
    """A page of ours or a word of refusal; with a token, who has none sees nothing by any path."""
    wrong = []
    with capture_logs() as said, caplog.at_level(logging.DEBUG):
        async with opened(token=token) as (page, market):
            before = market.rows()
            for path in dict.fromkeys(each for route in READS for each in _tricks(route)):
                answer = await line(page, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n")
                expected = {400, 401} if token else {200, 303, 308, 400, 403, 404, 405}
                if path.startswith("/act"):
                    expected.add(404)  # a link asks for no token but its own
                if answer.status not in expected or "X-Injected" in answer.headers:
                    wrong.append(f"{path[:200]}: {answer.status}")
                if token and any(
                    each in answer.body.decode(errors="replace") for each in OF_THE_MARKET
                ):
                    wrong.append(f"{path[:200]}: shows something")
                if there := leads_out(page, path, answer):
                    wrong.append(f"{path[:200]}: leads to {there}")
            assert market.rows() == before
    assert wrong == []
    assert [line for line in said if line["log_level"] in ("error", "critical")] == []
    assert tracebacks(caplog) == []


def _tricks(route: str) -> Iterator[str]:
    """A route with something else in place of each of its parameters, and around it."""
    for name in parameters(route):
        yield from (address(route, harmless, **{name: part}) for part in PARTS)
    path = address(route, harmless).rstrip("/")
    yield from (each.format(path=path, upper=path.upper()) for each in AROUND)


HOSTS = (
    "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example",
    "evil.example#localhost", "localhost@evil.example", "watcher", "0", "127.1", "2130706433",
    "[::ffff:7f00:1]", "[::2]", "127.0.0.1\x00.evil.example", "", "xn--localhost-x",
)  # fmt: skip


async def test_a_name_that_is_rebound(opened: Opened) -> None:
    """On a page without a token another site's name for this machine opens no address at all, be
    it with the token of a form."""
    async with opened() as (page, market), visiting(page) as visitor:
        given = await token_on(visitor)
        before, wrong = market.rows(), []
        for host in HOSTS:
            for answer, what in [
                *[(await _asked(page, "GET", route, host), route) for route in ALL_READ],
                *[(await _sent(page, route, host, given), f"POST {route}") for route in ALL_SENT],
            ]:
                if answer.status not in (400, 403):
                    wrong.append(f"{what} at {host!r}: {answer.status}")
                if any(each in answer.body.decode() for each in OF_THE_MARKET):
                    wrong.append(f"{what} at {host!r}: shows something")
        assert wrong == []
        assert market.rows() == before


# But for a feed's own address, which nobody opens without its token, and everybody with it.
ALL_READ = (*READS, *STREAMS, *ACT_PAGES, "/static/style.css", "/nowhere")
ALL_SENT = (*WRITES, ACTS)


async def _asked(page: Page, method: str, route: str, host: str, more: str = "") -> Answer:
    path = address(route, harmless)
    return await line(page, f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}")


async def _sent(page: Page, route: str, host: str, token: str) -> Answer:
    fields = {"token": token, **(fields_of(route, harmless) if route in WRITES else {})}
    body = urlencode(fields)
    return await _asked(
        page, "POST", route, host,
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}",
    )  # fmt: skip
