"""Whatever a query says, a page is answered: never by an error of ours, nor by another header."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from tests.web.hostile.asked import Asked
from tests.web.hostile.conftest import Opened
from tests.web.hostile.market import harmless
from tests.web.hostile.samples import LINKS, READS, address
from tests.web.hostile.values import RAW, SHARP, TEXTS
from tests.web.hostile.visitor import (
    Answer,
    Visitor,
    leads_out,
    line,
    queries_of,
    tracebacks,
    visiting,
)

LONGEST = 7_500  # characters of a query: of more, the request is refused before it is read
LARGEST = 400_000  # bytes of a page of a small market


@pytest.mark.parametrize("route", [*READS, *LINKS])
async def test_whatever_a_query_says(
    opened: Opened, asked: Asked, caplog: pytest.LogCaptureFixture, route: str
) -> None:
    """Of each name that the page reads: 200, or what is wrong in words."""
    path = address(route, harmless)
    with capture_logs() as said, caplog.at_level(logging.DEBUG):
        async with opened() as (page, market), visiting(page) as visitor:
            before = market.rows()
            usual = set((await visitor.get(path)).headers)
            names = await queries_of(visitor, path, asked, route)
            wrong = [
                f"{query[:200]}: {each}"
                for query in _queries(names)
                for each in await _troubles(visitor, path, query, usual)
            ]
            assert market.rows() == before
    assert wrong == []
    assert [line for line in said if line["log_level"] in ("error", "critical")] == []
    assert tracebacks(caplog) == []


def _queries(names: Sequence[str]) -> Iterator[str]:
    """Sharp values one by one; all others at once, so that each name has each of them."""
    for name in map(quote, names[:40]):
        yield from (f"{name}={quote(text)}" for text in SHARP)
    values = (*map(quote, TEXTS), *RAW) if names != ["nothing"] else RAW
    for first in range(len(values)):
        given = zip(map(quote, names), islice(cycle(values), first, None), strict=False)
        query = "&".join(f"{name}={value.replace('{name}', name)}" for name, value in given)
        yield query if len(query) < LONGEST else f"{names[0]}={values[first]}"


async def _troubles(visitor: Visitor, path: str, query: str, usual: set[str]) -> list[str]:
    """What is wrong with the answer."""
    answer = await visitor.get(f"{path}?{query}")
    found = []
    if answer.status not in (200, 303, 400, 404):
        found.append(f"{answer.status}")
    if len(answer.body) > LARGEST:
        found.append(f"{len(answer.body)} bytes")
    if answer.status >= 400 and not _says_why(answer):
        found.append(f"{answer.status} without a word")
    if more := set(answer.headers) - usual - {"Location", "Set-Cookie", "Allow", "Connection"}:
        found.append(f"headers {more}")
    if there := leads_out(visitor.page, path, answer):
        found.append(f"leads to {there}")
    return found


def _says_why(answer: Answer) -> bool:
    """Whether there is something to be read, and nothing of Python's."""
    return len(answer.body) > 10 and b"Traceback" not in answer.body


HEADERS: tuple[tuple[str, str], ...] = (
    ("Accept-Language", "zh;q=" + "9" * 400), ("Accept-Language", ",;" * 2_000),
    ("Cookie", 'watcher_language="; x=\\"' + "y" * 4_000), ("Cookie", "watcher_language=../zh"),
    ("If-None-Match", 'W/"' + "x" * 2_000), ("If-None-Match", "*, nonsense"),
    ("If-Modified-Since", "Thu, 99 Foo 99999 99:99:99 GMT"), ("If-Modified-Since", "nan"),
    ("Range", "bytes=99999999999999999999-,-1"), ("Accept", "text/html;q=nan"),
    ("X-Watcher-Live", "1" + "0" * 400), ("Last-Event-ID", "1.1e9.-1.NaN"),
    ("Authorization", "Basic " + "=" * 2_000), ("Authorization", "Bearer \xff\xfe"),
    ("X-Forwarded-For", "evil, evil"), ("X-Forwarded-Proto", "javascript"),
    ("X-Forwarded-Host", "evil.example"), ("Forwarded", 'for="[::' + ":" * 500),
    ("Referer", "https://evil.example/"), ("Accept-Encoding", "gzip;q=x, br;q=-1"),
    ("Upgrade", "websocket"), ("Content-Encoding", "gzip"),
    ("X-HTTP-Method-Override", "DELETE"), ("Host", "localhost:99999999999"),
)  # fmt: skip


async def test_whatever_headers_say(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """A page is shown, or the visitor is told why not; nothing of them comes back. Each page has
    some of them."""
    wrong = []
    with capture_logs() as said, caplog.at_level(logging.DEBUG):
        async with opened() as (page, market):
            before = market.rows()
            for number, route in enumerate((*READS, *LINKS)):
                path = address(route, harmless)
                for name, value in islice(cycle(HEADERS), number, number + 8):
                    host = "" if name == "Host" else "Host: localhost\r\n"
                    head = f"GET {path} HTTP/1.1\r\n{host}{name}: {value}\r\n"
                    answer = await line(page, head)
                    if answer.status not in (200, 303, 304, 400, 401, 403, 417):
                        wrong.append(f"{route} {name}: {answer.status}")
                    if b"evil" in answer.body or leads_out(page, path, answer):
                        wrong.append(f"{route} {name} comes back")
            assert market.rows() == before
    assert wrong == []
    assert [line for line in said if line["log_level"] in ("error", "critical")] == []
    assert tracebacks(caplog) == []
