"""Forms that are none of ours: nothing is written, and the answer says why."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote, urlencode

import pytest
from structlog.testing import capture_logs

from tests.web.hostile.conftest import Opened
from tests.web.hostile.market import harmless
from tests.web.hostile.samples import (
    ACTS,
    LINKS,
    READS,
    WRITES,
    address,
    variants,
)
from tests.web.hostile.values import SHARP, TEXTS
from tests.web.hostile.visitor import (
    FORM,
    Visitor,
    leads_out,
    ready,
    token_on,
    tracebacks,
    visiting,
)
from watcher.web.forms import Forms

TOKEN = "0123456789abcdef-token"
Fields: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class Attack:
    """What is sent in place of a form: made of its fields and of a token that the page gave."""

    name: str
    body: Callable[[Fields, str], str | bytes]
    kind: str = FORM
    headers: Mapping[str, str] | None = None
    method: str = "POST"


def _usual(fields: Fields, token: str) -> str:
    return urlencode({**fields, "token": token}, errors="surrogatepass")


def _json(fields: Fields, token: str) -> str:
    return json.dumps({**fields, "token": token})


def _multipart(fields: Fields, token: str) -> str:
    parts = {**fields, "token": token}.items()
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts
    )
    return f"{body}--x--\r\n"


ATTACKS = (
    Attack("without a token", lambda fields, _: urlencode(fields)),
    Attack("with an empty token", lambda fields, _: _usual(fields, "")),
    Attack("with a token that is none", lambda fields, _: _usual(fields, f"{'0' * 16}.{'0' * 64}")),
    Attack("with half a token", lambda fields, token: _usual(fields, token.partition(".")[0])),
    Attack("with a token of many words", lambda fields, token: _usual(fields, f"{token}.{token}")),
    Attack("with a token in odd letters", lambda fields, _: _usual(fields, "ä.ö\ud800")),
    Attack("with another process's token", lambda fields, _: _usual(fields, Forms().token())),
    Attack("as JSON", _json, "application/json"),
    Attack("as JSON that says it is text", _json, "text/plain"),
    Attack("as text", _usual, "text/plain"),
    Attack("as text with another kind beside it", _usual, f"text/plain; {FORM}"),
    Attack("in parts", _multipart, "multipart/form-data; boundary=x"),
    Attack("as no kind at all", _usual, ""),
    Attack("in a charset that is none", _usual, f"{FORM}; charset=nonsense"),
    Attack("in letters that are none",
           lambda fields, token: _usual(fields, token).encode() + b"&\xff=%ff"),
    Attack("larger than may be",
           lambda fields, token: f"{_usual(fields, token)}&x={'x' * 300_000}"),
    Attack("from another site", _usual, headers={"Origin": "https://evil.example"}),
    Attack("from another port", _usual, headers={"Origin": "http://127.0.0.1:1"}),
    Attack("from nowhere", _usual, headers={"Origin": "null"}),
    Attack("from an origin that is none", _usual, headers={"Origin": "http://[bad"}),
    Attack("across sites", _usual, headers={"Sec-Fetch-Site": "cross-site"}),
    Attack("from a neighbour", _usual, headers={"Sec-Fetch-Site": "same-site"}),
    Attack("across sites, in our name", _usual,
           headers={"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"}),
    Attack("by another name", _usual, headers={"Host": "evil.example"}),
    *(Attack(f"by {method}", _usual, method=method)
      for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")),
    Attack("overridden", _usual, method="GET", headers={"X-HTTP-Method-Override": "POST"}),
)  # fmt: skip


@pytest.mark.parametrize("form", [*WRITES, ACTS])
async def test_a_forged_form_writes_nothing(
    opened: Opened, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    """Of any form, in any way; none is refused without a word."""
    with capture_logs() as said, caplog.at_level(logging.DEBUG):
        async with opened() as (page, market), visiting(page) as visitor:
            path = address(form, harmless)
            token = await token_on(visitor, path if form == ACTS else "/silences")
            fields = await ready(visitor, form, token) if form != ACTS else {"do": "snooze"}
            before, woken = market.rows(), page.woken
            # A link's page is told to nobody, so that browsers name no origin for its forms.
            attacks = [each for each in ATTACKS if form != ACTS or each.name != "from nowhere"]
            for attack in attacks:
                headers = {"Content-Type": attack.kind, **(attack.headers or {})}
                body = attack.body(fields, token)
                data = body if isinstance(body, bytes) else body.encode("utf-8", "replace")
                answer = await visitor.send(attack.method, path, data, headers)
                reading = attack.method in ("GET", "HEAD") and form in (*READS, *LINKS)
                assert reading or 400 <= answer.status < 500, (attack.name, answer.status)
                assert attack.method == "HEAD" or len(answer.body) > 10, attack.name
                assert market.rows() == before, attack.name
            query = f"{path}?{_usual(fields, token)}"
            for method in ("GET", "POST"):
                await visitor.send(method, query, b"", {"Content-Type": FORM})
                assert market.rows() == before, f"in the address, by {method}"
            assert page.woken == woken
    assert [line for line in said if line["log_level"] in ("error", "critical")] == []
    assert tracebacks(caplog) == []


@pytest.mark.parametrize("form", WRITES)
async def test_the_true_form_writes(opened: Opened, form: str) -> None:
    """Else the others would prove nothing. A second token, and a second value of a field that takes
    one, make it none."""
    async with opened() as (page, market), visiting(page) as visitor:
        token, path = await token_on(visitor), address(form, harmless)
        fields = await ready(visitor, form, token)
        before = market.rows()
        for foreign in (Forms().token(), ""):
            for pair in ((token, foreign), (foreign, token)):
                body = urlencode([*fields.items(), *(("token", each) for each in pair)])
                answer = await _post(visitor, path, body)
                assert answer[0] in (400, 403), pair
                assert market.rows() == before, pair
        status, _text = await _post(visitor, path, _usual(fields, token))
        assert status in (200, 303)
        assert market.rows() != before


async def _post(visitor: Visitor, path: str, body: str) -> tuple[int, str]:
    answer = await visitor.send("POST", path, body.encode(), {"Content-Type": FORM})
    return answer.status, answer.text


@pytest.mark.parametrize("form", WRITES)
async def test_whatever_a_form_says(
    opened: Opened, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    """Each field, once, twice and 500 times: it is done, or it is said what is wrong."""
    wrong = []
    with capture_logs() as said, caplog.at_level(logging.DEBUG):
        async with opened() as (page, _market), visiting(page) as visitor:
            token, path = await token_on(visitor), address(form, harmless)
            fields = await ready(visitor, form, token)
            bodies = [f"token={token}" + "&x=y" * 10_000, f"token={token}&" + "&" * 60_000]
            for name, usual in (*fields.items(), ("back", "/alerts"), ("nothing", "x")):
                bodies += _bodies({**fields, "token": token}, name, usual)
            bodies += [_usual(other, token) for other in variants(form, harmless)]
            for body in bodies:
                answer = await visitor.send("POST", path, body.encode(), {"Content-Type": FORM})
                if answer.status not in (200, 303, 400, 403, 404, 409, 413, 422):
                    wrong.append(f"{answer.status}: {body[:300]}")
                if leads_out(page, path, answer) or "X-Injected" in answer.headers:
                    wrong.append(f"{dict(answer.headers)}: {body[:300]}")
                if answer.status >= 400 and len(answer.body) < 10:
                    wrong.append(f"no word: {body[:300]}")
            for route in READS:  # with what was written now
                status = (await visitor.get(address(route, harmless))).status
                assert status in (200, 303), route
    assert wrong == []
    assert [line for line in said if line["log_level"] in ("error", "critical")] == []
    assert tracebacks(caplog) == []


def _bodies(fields: Fields, name: str, usual: str) -> Iterator[str]:
    """A form whose field of that name says anything, is missing, or is there several times."""
    rest = urlencode({each: value for each, value in fields.items() if each != name})
    given = f"&{name}={quote(usual)}"
    texts = TEXTS if name in fields else SHARP
    yield from (f"{rest}&{name}={quote(text)}" for text in texts)
    yield from (rest, f"{rest}{given}{given}", f"{rest}&{name}=%ff", rest + given * 500)
    yield rest + "".join(f"&{name}={number}" for number in range(500))


BACKS = (
    "//evil.example", "///evil.example", "https://evil.example", "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example", "/\n/evil.example", "/%09/evil.example", "/.//evil.example",
    "/..//evil.example", "/alerts/..//evil.example", "/alerts//../..//evil.example",
    "javascript:alert(1)", "data:text/html,x", "/alerts?x=\r\nX-Injected: 1", "/@evil.example",
    "evil.example", "?//evil.example",
    "/;//evil.example", "/?x#//evil.example", "//", "/", "", " //evil.example",
    "/\u2028/evil.example",
    "/" + "x" * 499, "http:evil.example", "http:/evil.example", ".//evil.example",
    "..//..//evil.example",
)  # fmt: skip
SWITCHED = (
    "", "alerts", "//evil.example/alerts", "%2f%2fevil.example", "a//evil.example",
    "..//evil.example", "\\\\evil.example", "x?y=//evil.example",
)  # fmt: skip


@pytest.mark.parametrize("base", ["", "tools/watcher/"])
async def test_where_a_form_leads_back_to(opened: Opened, base: str) -> None:
    """To the page, and below the path of a proxy; whatever ``back`` says."""
    outside = f"http://127.0.0.1/{base}" if base else None
    async with (
        opened(page_url=outside, token=TOKEN) as (page, _market),
        visiting(page, Authorization=f"Bearer {TOKEN}") as visitor,
    ):
        token = await token_on(visitor)
        for form in WRITES:
            path = f"/{base}{address(form, harmless).removeprefix('/')}"
            fields = await ready(visitor, form, token, base=f"/{base}".rstrip("/"))
            for back in BACKS:
                body = urlencode({**fields, "token": token, "back": back})
                answer = await visitor.send("POST", path, body.encode(), {"Content-Type": FORM})
                assert answer.status in (200, 303, 400, 404, 409), (form, back)
                there = leads_out(page, path, answer, below=f"/{base}")
                assert not there, (form, back, there)
        for route in SWITCHED:
            mark = "&" if "?" in route else "?"
            path = f"/{base}{route}{mark}language=zh"
            answer = await visitor.get(path)
            assert answer.status in (303, 400, 404), path
            there = leads_out(page, path.partition("?")[0], answer, below="/")
            assert not there, (path, there)
