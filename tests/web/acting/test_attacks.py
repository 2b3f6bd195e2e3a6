"""Whoever has no link, or another one, and what opens links without being asked: nothing is
written, and nothing is learned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from structlog.testing import capture_logs
from yarl import URL

from tests.web.acting.message import OLD, OTHER, TOKEN, Told, acting, form_of, offered
from tests.web.raw import visiting
from tests.web.serving import Page
from watcher.store.sql.links import new_token

Acting = tuple[Page, Told]
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
# The requests of those that open links by themselves: method and headers, as their makers describe
# them (api.slack.com/robots, core.telegram.org/bots/webapps, developer.x.com, developers.facebook
# .com/docs/sharing/webmasters/crawler, discord.com/developers) or as servers see them.
VISITORS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Slack": ("GET", {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
                      "Accept": "*/*", "Range": "bytes=0-32768"}),
    "Telegram": ("GET", {"User-Agent": "TelegramBot (like TwitterBot)"}),
    "X": ("GET", {"User-Agent": "Twitterbot/1.0", "Accept-Encoding": "gzip, deflate"}),
    "Facebook": ("GET", {"User-Agent": "facebookexternalhit/1.1 (+http://www.facebook.com/"
                         "externalhit_uatext.php)", "Range": "bytes=0-524287"}),
    "WhatsApp": ("GET", {"User-Agent": "WhatsApp/2.23.20.0 A", "Accept-Language": "en"}),
    "Discord": ("GET", {"User-Agent": "Mozilla/5.0 (compatible; Discordbot/2.0; "
                        "+https://discordapp.com)"}),
    "Outlook SafeLinks": ("HEAD", {"User-Agent": BROWSER, "X-MS-SafeLinks": "1"}),
    "Proofpoint": ("GET", {"User-Agent": BROWSER, "Accept": "text/html,*/*;q=0.8",
                           "Via": "1.1 urldefense.proofpoint.com"}),
    "Mimecast": ("HEAD", {"User-Agent": "Mozilla/5.0 (compatible; Mimecast)"}),
    "Barracuda": ("GET", {"User-Agent": "BarracudaCentral/1.0", "Connection": "close"}),
    "Chrome prefetches": ("GET", {"User-Agent": BROWSER, "Sec-Purpose": "prefetch;prerender",
                                  "Purpose": "prefetch", "Sec-Fetch-Site": "none"}),
    "Firefox prefetches": ("GET", {"User-Agent": BROWSER, "X-Moz": "prefetch"}),
    "Safari previews": ("GET", {"User-Agent": BROWSER, "X-Purpose": "preview"}),
    "asks what it may": ("OPTIONS", {"Origin": "https://mail.example",
                                     "Access-Control-Request-Method": "POST"}),
}  # fmt: skip


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Acting]:
    """A page with a message's links."""
    async with acting(tmp_path) as made:
        yield made


@pytest.mark.parametrize("visitor", VISITORS)
async def test_to_look_writes_nothing(site: Acting, visitor: str) -> None:
    """Of any part of it, with the fields of each form in the address, too."""
    page, made = site
    forms = [form_of((await page.get(f"act/{TOKEN}/1"))[1], "snooze")]
    before = made.rows()
    method, headers = VISITORS[visitor]
    async with aiohttp.ClientSession(headers=headers) as session:
        for path in (f"act/{TOKEN}", f"act/{TOKEN}/1", f"act/{TOKEN}/2", f"act/{OLD}"):
            for query in ("", *map(urlencode, forms)):
                url = f"{page.site.url}{path}?{query}"
                async with session.request(method, url, allow_redirects=True) as answer:
                    assert answer.status in {200, 405, 410}
                    assert answer.headers["Cache-Control"] == "no-store"
    assert made.rows() == before
    assert page.woken == 0


async def test_posts_without_a_form_write_nothing(site: Acting) -> None:
    """As of scanners that send forms, and of programs that guess."""
    page, made = site
    before = made.rows()
    async with aiohttp.ClientSession() as session:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            for data in ({}, {"do": "snooze"}, {"do": "snooze", "token": "x.y"}, b"{}", b"\xff"):
                for path in (f"act/{TOKEN}", f"act/{TOKEN}/1"):
                    url = f"{page.site.url}{path}"
                    async with session.request(method, url, data=data) as answer:
                        assert answer.status in {400, 403, 405, 415}, (method, data, path)
    assert made.rows() == before


async def test_a_thousand_guesses(site: Acting) -> None:
    """All are answered alike, and none of them tells the token that is looked for."""
    page, made = site
    before, answers = made.rows(), set[tuple[int, str]]()
    headers = set[tuple[str, ...]]()
    near = [TOKEN[:-1] + sign for sign in "BCabc0"]
    strange = [TOKEN.lower(), TOKEN[:-1], f"{TOKEN}A", "x", "%00" * 22, "%2e%2e", "é" * 22]
    guesses = [*near, *strange, *(new_token() for _ in range(1_000))]
    async with aiohttp.ClientSession() as session:
        for guess in guesses:
            url = URL(f"{page.site.url}act/{guess}", encoded=guess.startswith("%"))
            async with session.get(url) as answer:
                answers.add((answer.status, await answer.text()))
                headers.add(tuple(sorted(answer.headers.keys() - {"Date"})))
    assert len(answers) == 1
    assert {status for status, _ in answers} == {404}
    assert len(headers) == 1
    assert made.rows() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "watcher.example.org.evil.example"},
        {"Host": "evil.example", "X-Forwarded-Host": "watcher.example.org"},
    ],
    ids=str,
)
async def test_from_elsewhere(site: Acting, headers: Mapping[str, str]) -> None:
    """Another site's form, and another name for this machine, even where they know it all."""
    page, made = site
    form = form_of((await page.get(f"act/{TOKEN}/1"))[1], "snooze")
    before = made.rows()
    status, text = await page.post(f"act/{TOKEN}/1", form, headers)
    assert status == 403
    assert TOKEN not in text
    assert made.rows() == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://watcher.example.org"},
        {"Host": "watcher.example.org", "Origin": "https://watcher.example.org"},
        {"Origin": "https://watcher.example.org"},  # a proxy that does not pass on the Host
        {"Host": "watcher.example.org", "Origin": "null"},  # of a page without a referrer
    ],
    ids=str,
)
async def test_from_its_own_page(site: Acting, headers: Mapping[str, str]) -> None:
    """By the address that messages name, whatever else is said of where the page is."""
    page, _ = site
    form = form_of((await page.get(f"act/{TOKEN}/1"))[1], "snooze")
    assert (await page.post(f"act/{TOKEN}/1", form, headers))[0] == 303


async def test_the_other_pages_ask_for_their_token(tmp_path: Path) -> None:
    """The link opens its own page alone, by whatever name."""
    async with acting(tmp_path, token="sesame-open-sesame") as (page, made):
        status, text = await page.get(f"act/{TOKEN}/1", "any.name.example")
        assert status == 200
        assert (await page.get("act/static/style.css"))[0] == 200
        assert (await page.post(f"act/{TOKEN}/1", form_of(text, "snooze")))[0] == 303
        before = made.rows()
        for path in ("", "products/US/1", "silences", "act", f"act/{TOKEN}/1/x", "healthz",
                     f"act/{TOKEN}/../../alerts", "static/style.css"):  # fmt: skip
            assert (await page.get(path))[0] == 401, path
        assert (await page.get(f"act/{new_token()}"))[0] == 404
        form = form_of(text, "follow") | {"rule": "x", "for": "1d", "product": "1"}
        for path in ("silences", "followed", "silences/end"):
            assert (await page.post(path, form))[0] == 401
        assert made.rows() == before


TRICKS = (
    f"/act/{TOKEN}/../../alerts", f"/act/{TOKEN}/..%2f..%2falerts", f"/act//{TOKEN}",
    f"//act/{TOKEN}", f"/act/{TOKEN}/1/../../../silences", "/act/%2e%2e/alerts", "/act/../alerts",
    f"/act/{TOKEN}/0", f"/act/{TOKEN}/-1", f"/act/{TOKEN}/1e1", f"/act/{TOKEN}/99999",
    f"/act/{TOKEN}%00", f"/act/{TOKEN};/1", f"/act/{TOKEN}/1%2f2", "/act/static/../../alerts",
    "/act/static/forms.py", "/act/static/..%2fapp.py", f"/act/{TOKEN}/1/",
)  # fmt: skip


@pytest.mark.parametrize("path", TRICKS)
async def test_tricks_with_paths(tmp_path: Path, path: str) -> None:
    """None leads to a page that asks for a token, as bytes on the line."""
    async with acting(tmp_path, token="sesame-open-sesame") as (page, made):
        before = made.rows()
        async with visiting(page.site.url) as visitor:
            visitor.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = await visitor.answer()
        assert answer.split()[1] in {b"400", b"401", b"404"}, answer[:200]
        assert b"Product" not in answer
        assert made.rows() == before


async def test_its_address_stays_with_it(site: Acting) -> None:
    """No other site, no search engine, no cache and no log learns it."""
    page, _ = site
    with capture_logs() as logs:
        async with aiohttp.ClientSession() as session:
            for path, status in ((f"act/{TOKEN}", 200), (f"act/{OLD}", 410), ("act/x", 404)):
                async with session.get(f"{page.site.url}{path}") as answer:
                    assert answer.status == status
                    assert answer.headers["Referrer-Policy"] == "no-referrer"
                    assert "noindex" in answer.headers["X-Robots-Tag"]
                    assert answer.headers["Cache-Control"] == "no-store"
                    policy = answer.headers["Content-Security-Policy"]
                    assert policy.startswith("default-src 'none'; style-src 'self'")
                    assert "http" not in policy
            url = f"{page.site.url}act/{TOKEN}/1"
            form = form_of((await page.get(f"act/{TOKEN}/1"))[1], "snooze")
            async with session.post(url, data=form, allow_redirects=False) as answer:
                assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert TOKEN not in str(logs)
    for path in ("", "outbox", "outbox/1", "silences", "alerts", "metrics", "api/outbox.json"):
        assert TOKEN not in (await page.get(path))[1]


async def test_many_at_once(site: Acting) -> None:
    """A double click, and ten of them: one silence."""
    page, made = site
    form = form_of((await page.get(f"act/{TOKEN}/1"))[1], "snooze")
    answers = await asyncio.gather(*(page.post(f"act/{TOKEN}/1", form) for _ in range(10)))
    assert {status for status, _ in answers} == {303}
    assert len(made.look(lambda database: database.silences.list())) == 1


async def test_a_wrong_link_takes_its_time(site: Acting) -> None:
    """Wrong ones are counted, as wrong tokens are."""
    page, _ = site
    await page.get(f"act/{new_token()}")
    await page.get(f"act/{OTHER}")
    _, text = await page.get("metrics")
    assert "watcher_page_wrong_tokens_total 1.0" in text
    assert offered((await page.get(f"act/{OTHER}/1"))[1])
