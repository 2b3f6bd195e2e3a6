"""The language of the page: by the browser and by the switch, for one visitor only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie

import aiohttp
import pytest
from yarl import URL

from tests.web.conftest import Furnished
from tests.web.furnished import BAD_RULE, HOSTILE
from tests.web.library import Library, lease_all
from tests.web.library import served as served_books
from tests.web.pseudo_pages import BEGIN, PseudoTexts, unmarked
from tests.web.serving import Page, serving
from watcher.language import Language
from watcher.web import speaking
from watcher.web.routes import DATA, INDEX, PAGES
from watcher.web.speaking import COOKIE, preferred

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
ENGLISH = {"Accept-Language": "en"}
EXAMPLES = {
    "{name}": "taking-off", "{region}": "US", "{id}": "1", r"{id:\d{1,15}}": "2",
    r"{id:A?[0-9]{1,15}}": "A4",
}  # fmt: skip
# These have worlds of their own (``test_told_on_pages``, ``hostile``), or no words at all.
_ELSEWHERE = ("groups/", "reports/", "pictures/", "sellers/", "categories/")
# What a page shows that is no text of ours: names, ids, texts of services and of the rule file.
DATA_SHOWN = (
    "spu_avg_price: {below: 20}",
    HOSTILE, BAD_RULE, "taking-off", "a/b ?#%.json", "watcher", "English", "US",
    "me/1", "me/2", "me/3",
    "A sample <message>", "page.yaml", "410: gone", "404: <b>no such hook</b>", "503: <i>later</i>",
    "503: try later", "200 <ok>", "it breaks", "Products that sell", "me", "boss", "UTC",
    "2.99 USD",
    "Line one Line two", "The rule file can't be used.", "earnings", "Product 3", "Product 2",
    "Colour: gold, <i>red</i>",
)  # fmt: skip


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text has a translation: itself, in brackets."""
    monkeypatch.setattr("watcher.language.catalogue", lambda _wanted: PseudoTexts())


def every_path() -> Iterator[str]:
    """All pages, by their routes; of those with several faces, each."""
    for route, _handler in PAGES:
        path = route.removeprefix("/")
        for name, example in EXAMPLES.items():
            path = path.replace(name, example)
        if not path.startswith(_ELSEWHERE):
            yield path
    yield from ("alerts?state=over", "alerts?rule=taking-off", "outbox?state=joined", "nowhere")
    yield from ("alerts/1", "alerts/2", "alerts/3", "alerts?q=A3&severity=info&from=2023-01-01")
    yield from ("alerts?state=over&acknowledged=no", "alerts/matching?state=over&q=serum")
    yield from ("products?q=serum", "products?q=nothing", "products/US/3?metric=commission")
    yield from (f"silences?notice={each}&n=1" for each in ("silenced", "retried", "picture"))


@asynccontextmanager
async def visitor(headers: Mapping[str, str] = CHINESE) -> AsyncIterator[aiohttp.ClientSession]:
    """One browser, on one connection, that keeps cookies."""
    jar = aiohttp.CookieJar(unsafe=True)
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(
        headers=headers, cookie_jar=jar, connector=connector
    ) as session:
        yield session


@pytest.mark.parametrize("path", [*every_path()])
@pytest.mark.usefixtures("pseudo")
async def test_every_text_of_every_page(furnished_page: Page, path: str) -> None:
    """Is marked; the page says in which language it is, and follows the browser and the cookie."""
    async with visitor() as browser, browser.get(f"{furnished_page.site.url}{path}") as answer:
        text = await answer.text()
        assert answer.status == (404 if path == "nowhere" else 200)
        assert answer.headers["Content-Language"] == "zh-Hans"
        assert answer.headers["Vary"] == "Accept-Language, Cookie"
    assert '<html lang="zh-Hans">' in text
    assert f"{BEGIN}Skip to the content" in text
    assert [each for each in unmarked(text) if not _is_data(each)] == []


def _is_data(text: str) -> bool:
    """Whether it is made of data, of times, and of what messages say."""
    for known in sorted(DATA_SHOWN, key=len, reverse=True):
        text = text.replace(" ".join(known.split()), " ")
    text = re.sub(r"rules\.yaml:\d+|r\.yaml:3:5: <b>", " ", text)
    return not re.search(r"[A-Za-z]{2,}", text)


@pytest.mark.parametrize("path", [*every_path()])
async def test_english_is_the_text_itself(furnished_page: Page, path: str) -> None:
    """Without a language, and for one that nobody speaks here."""
    found = set()
    for headers in ({}, ENGLISH, {"Accept-Language": "tlh, de;q=0.5"}):
        url = f"{furnished_page.site.url}{path}"
        async with visitor(headers) as browser, browser.get(url) as answer:
            assert answer.headers["Content-Language"] == "en"
            found.add(re.sub(r'value="[0-9a-f]{16}\.[0-9a-f]{64}"', "", await answer.text()))
    (text,) = found
    assert '<html lang="en">' in text
    assert "Skip to the content" in text


@pytest.mark.usefixtures("pseudo")
async def test_programs_are_answered_in_english(furnished_page: Page) -> None:
    """Whatever they say that they read; the switch is no word to them."""
    for route, _handler in DATA:
        path = route.replace("{name}", "taking-off").replace("{region}", "US")
        path = path.replace("{id}", "1").removeprefix("/")
        for query in ("", "?language=zh"):
            url = f"{furnished_page.site.url}{path}{query}"
            async with visitor() as browser, browser.get(url, allow_redirects=False) as answer:
                assert answer.status in (200, 404), path
                assert BEGIN not in await answer.text(), path
                assert not {"Vary", "Set-Cookie", "Content-Language"} & set(answer.headers)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-Hans-CN", "zh"),
        ("zh-TW", "zh"),
        ("ZH-hk", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.8, zh;q=0.9", "zh"),
        ("de-DE,de;q=0.9,zh;q=0.1", "zh"),
        ("de, fr", "en"),
        ("zh;q=0", "en"),
        ("zh;q=0, *;q=0.5", "en"),
        ("*, zh;q=0.5", "en"),
        ("zh, en", "zh"),
        ("en, zh", "en"),
        ("zh ; q=0.5 , en ; Q = 0.4", "zh"),
        ("zh;q=1.000", "zh"),
        # What is none of HTTP's counts for nothing.
        ("zh;q=2", "en"),
        ("zh;q=nan", "en"),
        ("zh;q=-1", "en"),
        ("zh;q=1e9", "en"),
        ("zh;q=", "en"),
        ("zh;q", "en"),
        ("zh;level=1", "en"),
        ("zhx", "en"),
        ("zh_CN", "en"),
        (";;;,,,=;q=", "en"),
        ("../../etc/passwd", "en"),
        ("en;q=0.1," * 2_000 + "zh", "en"),
        ("\x00zh", "en"),
        ("٣zh;q=٣", "en"),
    ],
)
def test_the_browsers_language(header: str, language: str) -> None:
    """By its q-values, any Chinese as Chinese; English for all else."""
    assert preferred(header) is Language(language)


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize(
    "path", ["", "alerts?state=over&rule=a%2Fb", "rules/a%2Fb%20%3F%23%25.json"]
)
async def test_the_switch(furnished_page: Page, path: str) -> None:
    """Leads to the same page with the same query, and is remembered."""
    page = URL(f"{furnished_page.site.url}{path}", encoded=True)
    async with visitor(ENGLISH) as browser:
        text = await _text(browser, page)
        assert BEGIN not in text
        for wanted, is_chinese in (("zh", True), ("en", False), ("zh", True)):
            url = page.join(URL(_way(text, wanted), encoded=True))
            async with browser.get(url, allow_redirects=False) as answer:
                assert answer.status == 303
                there = url.join(URL(answer.headers["Location"], encoded=True))
                cookie = answer.headers["Set-Cookie"]
            assert there.raw_path_qs == page.raw_path_qs
            for part in ("HttpOnly", "SameSite=Lax", "Path=/;", "Max-Age="):
                assert part in f"{cookie};"
            text = await _text(browser, page)
            assert (BEGIN in text) is is_chinese
        assert (BEGIN in await _text(browser, URL(f"{furnished_page.site.url}rules"))) is True


@pytest.mark.usefixtures("pseudo")
async def test_the_switch_after_a_form_that_was_refused(furnished_page: Page) -> None:
    """The address is the form's own, which nobody can read: it leads to the page of the form."""
    async with visitor(ENGLISH) as browser:
        url = URL(f"{furnished_page.site.url}outbox/retry")
        async with browser.post(url, data={"id": "1"}) as answer:
            assert answer.status == 403
            text = await answer.text()
        async with browser.get(url.join(URL(_way(text, "zh"), encoded=True))) as answer:
            assert (answer.status, answer.url.path) == (200, "/outbox")
            assert BEGIN in await answer.text()


@pytest.mark.parametrize("value", ["xx", "", "zh-CN", "../zh", "\u4e2d", "z" * 4_000])
@pytest.mark.usefixtures("pseudo")
async def test_a_cookie_or_choice_that_is_none(furnished_page: Page, value: str) -> None:
    """Is as if there were none; a choice that is none is kept nowhere."""
    address = furnished_page.site.url
    async with visitor(ENGLISH) as browser:
        headers = {"Cookie": f"{COOKIE}={value}"} if value.isascii() else {}
        async with browser.get(address, headers=headers) as answer:
            assert (answer.status, answer.headers["Content-Language"]) == (200, "en")
        url = URL(address).with_query({"language": value})
        async with browser.get(url, allow_redirects=False) as answer:
            assert (answer.status, "Set-Cookie" in answer.headers) == (200, False)


@pytest.mark.usefixtures("pseudo")
async def test_nothing_leaks_to_the_next(furnished_page: Page) -> None:
    """Requests of one connection, and of many at once, are each answered in their own language."""
    url = f"{furnished_page.site.url}alerts"
    async with visitor({}) as browser:
        for headers in (CHINESE, ENGLISH, {}, CHINESE, {}):
            async with browser.get(url, headers=headers) as answer:
                assert (BEGIN in await answer.text()) is (headers is CHINESE)
    # After an error, too.
    async with visitor({}) as browser:
        async with browser.post(f"{url}/nowhere", headers=CHINESE) as answer:
            assert BEGIN in await answer.text()
        async with browser.get(url) as answer:
            assert BEGIN not in await answer.text()
    async with aiohttp.ClientSession() as session:

        async def ask(headers: Mapping[str, str]) -> bool:
            async with session.get(url, headers=headers) as answer:
                return (BEGIN in await answer.text()) is (headers is CHINESE)

        asked = (ask(each) for each in (CHINESE, ENGLISH) * 20)
        assert all(await asyncio.gather(*asked))


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.usefixtures("pseudo")
async def test_below_a_path_of_a_proxy(furnished: Furnished, kept: bool) -> None:
    """The cookie is of that path, whether the proxy passes it on or takes it off."""
    outside = "http://shop.example/tools/watcher/"
    async with serving(furnished.path, furnished, page_url=outside) as served:
        base = f"{served.site.url}tools/watcher/" if kept else served.site.url
        headers = {**ENGLISH, "Host": "shop.example"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{base}alerts?state=over&language=zh", allow_redirects=False) as answer,
        ):
            cookie = SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]
            assert cookie["path"] == "/tools/watcher/"
            assert answer.headers["Location"] == "./alerts?state=over"
        # Who asks this machine itself has no such path.
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{served.site.url}?language=zh", allow_redirects=False) as answer,
        ):
            assert SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]["path"] == "/"


@pytest.mark.usefixtures("pseudo")
async def test_the_word_to_who_has_no_token(furnished: Furnished) -> None:
    """Is in the browser's language; nobody chooses anything without a token."""
    token = "0123456789abcdef-token"
    async with serving(furnished.path, furnished, token=token) as served, visitor() as browser:
        for query in ("", "?language=zh"):
            url = f"{served.site.url}{query}"
            async with browser.get(url, allow_redirects=False) as answer:
                assert answer.status == 401
                assert (await answer.text()).startswith(BEGIN)
                assert "Set-Cookie" not in answer.headers


@pytest.mark.usefixtures("pseudo")
async def test_books(library: Library) -> None:
    """The index and each book follow one choice, made on any of them."""
    lease_all(library)
    async with served_books(library) as served, visitor(ENGLISH) as browser:
        root = URL(served.site.url)
        text = await _text(browser, root.join(URL("books/a/alerts?state=over")))
        url = root.join(URL("books/a/alerts")).join(URL(_way(text, "zh"), encoded=True))
        async with browser.get(url) as answer:
            assert answer.url.path_qs == "/books/a/alerts?state=over"
            assert BEGIN in await answer.text()
        for route, _handler in INDEX[:1]:
            index = await _text(browser, root.join(URL(route)))
            assert '<html lang="zh-Hans">' in index
            left = [each for each in unmarked(index) if not _is_data(each)]
            assert [each for each in left if "script" not in each and " by " not in each] == []
        async with browser.get(root.join(URL("books/nowhere/"))) as answer:
            assert answer.status == 404
            assert f"{BEGIN}There is no such book.{'⟧'}" in await answer.text()


def test_each_language_has_a_name_in_the_switch() -> None:
    """And a tag that HTML knows."""
    assert set(speaking.NAMES) == set(Language)
    assert [each.tag for each in Language] == ["en", "zh-Hans"]


async def _text(browser: aiohttp.ClientSession, url: URL) -> str:
    async with browser.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


def _way(text: str, language: str) -> str:
    """The switch's address for a language."""
    found = re.search(rf'<a href="([^"]*language={language})"', text)
    assert found is not None
    return found[1].replace("&amp;", "&")
