"""The page below a path, as behind a proxy: everything that a page names stays there."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.web.conftest import Furnished
from tests.web.serving import Page, leads_to, serving
from tests.web.test_access import TOKEN
from tests.web.test_pages import ODD, PAGES
from watcher.errors import ListenError
from watcher.web.address import Origin, PageUrl, parse_page_url
from watcher.web.app import Site
from watcher.web.rendering import relative
from watcher.web.routes import PATHS

PUBLIC = "https://shop.example:8443/tools/watcher/"
# Paths of forms that are no pages.
FORMS_ALONE = (
    "silences/end", "outbox/retry", "outbox/drop", "alerts/acknowledge", "alerts/silence",
)  # fmt: skip
_NAMED = re.compile(r'(?:href|src|action|formaction)="([^"#]*)"')


def named(text: str) -> set[str]:
    """All addresses of ours that a page names."""
    found = {html.unescape(each) for each in _NAMED.findall(text)}
    return {each for each in found if each and not each.startswith("https://www.tiktok.com/")}


async def crawl(session: aiohttp.ClientSession, root: URL, first: Iterable[str]) -> set[str]:
    """All paths below ``root`` that the pages ``first``, or what they lead to, name; each of them
    answers and none leads out."""
    waiting, seen = list(first), set[str]()
    while waiting:
        path = waiting.pop()
        if path in seen or len(seen) > 400:
            continue
        seen.add(path)
        url = URL(f"{root}{path}", encoded=True)
        async with session.get(url) as answer:
            if path.partition("?")[0] in FORMS_ALONE:
                assert answer.status == 405, path
                continue
            assert answer.status in (200, 404 if path.partition("?")[0] == "nowhere" else 200), (
                path,
                answer.status,
            )
            if "html" not in answer.content_type:
                continue
            text = await answer.text()
        for address in named(text):
            there = leads_to(answer.url, address)  # a form may have led elsewhere
            assert there.startswith(root.path), (path, address)
            waiting.append(there.removeprefix(root.path))
    return seen


@pytest.mark.parametrize("kept", [True, False], ids=["path kept", "path taken off"])
async def test_all_that_pages_name_is_below_the_path(
    furnished: Furnished, tmp_path: Path, *, kept: bool
) -> None:
    """Every page, style, picture, form and datum, whatever the proxy does with the path."""
    copy = Path(shutil.copy(furnished.path, tmp_path))
    async with serving(copy, furnished, page_url=PUBLIC) as page, aiohttp.ClientSession() as client:
        root = URL(page.site.url).join(URL("tools/watcher/")) if kept else URL(page.site.url)
        seen = await crawl(client, root, PAGES)
    assert {"static/style.css", "static/icon.svg", "metrics", "healthz", ""} <= seen
    assert {"api/overview.json", "outbox/retry", "outbox/drop", "silences"} <= seen
    assert len(seen) > 50


async def test_no_page_names_an_absolute_address(furnished_page: Page) -> None:
    """Not even one that nobody links to, or an error."""
    for path in (*PAGES, *ODD, "rules/x/y/z", "//", "a//b/"):
        for address in named((await furnished_page.get(path))[1]):
            assert address.startswith(("./", "../", "?")), (path, address)


async def test_without_its_slash_it_leads_to_the_page(furnished: Furnished, tmp_path: Path) -> None:
    """Else its links would lead beside the path."""
    copy = Path(shutil.copy(furnished.path, tmp_path))
    async with serving(copy, furnished, page_url=PUBLIC) as page, aiohttp.ClientSession() as client:
        async with client.get(f"{page.site.url}tools/watcher", allow_redirects=False) as answer:
            assert answer.status == 308
            assert leads_to(answer.url, answer.headers["Location"]) == "/tools/watcher/"
        assert (await page.get("tools"))[0] == 404


async def test_forms_lead_back_below_the_path(furnished: Furnished, tmp_path: Path) -> None:
    """Each of them, to the page that it was sent from."""
    copy = Path(shutil.copy(furnished.path, tmp_path))
    async with serving(copy, furnished, page_url=PUBLIC) as page:
        token = await page.token("tools/watcher/silences")
        for form, fields, back in (
            ("silences", {"rule": "x", "for": "1d"}, "/silences"),
            ("silences", {"rule": "x", "for": "1d"}, "/rules/taking-off?a=b"),
            ("silences/end", {"id": "1"}, "/products/US/1"),
            ("outbox/retry", {"all": "dead"}, "/outbox?state=dead"),
            ("outbox/drop", {"id": "999"}, "/outbox/2"),
        ):
            status, where = await page.post(
                f"tools/watcher/{form}", {"token": token, "back": back, **fields}
            )
            assert status == 303
            assert where.startswith(f"/tools/watcher{back}")
        text = (await page.get("tools/watcher/outbox?state=sent&before=99"))[1]
        assert 'href="../../outbox' not in text
        text = (await page.get("tools/watcher/outbox/2?x=y"))[1]
        assert 'name="back" value="/outbox/2?x=y"' in text


HOSTS = {  # a Host header, and whether the page of PUBLIC is opened by it
    "127.0.0.1:8787": True,
    "localhost": True,
    "[::1]:1": True,
    "shop.example": True,
    "SHOP.example:8443": True,
    "shop.example:1": True,
    "evil.example": False,
    "shop.example.evil.example": False,
    "evil.example:8443": False,
    "example": False,
    "": False,
}


@pytest.mark.parametrize(("host", "opened"), HOSTS.items())
async def test_whom_the_page_answers(
    furnished: Furnished, tmp_path: Path, host: str, *, opened: bool
) -> None:
    """Its own names; who is refused is told what to do about it."""
    copy = Path(shutil.copy(furnished.path, tmp_path))
    async with serving(copy, furnished, page_url=PUBLIC) as page, aiohttp.ClientSession() as client:
        for header in ({}, {"X-Forwarded-Host": "shop.example", "Forwarded": "host=shop.example"}):
            async with client.get(page.site.url, headers={"Host": host, **header}) as answer:
                text = await answer.text()
                assert answer.status == (200 if opened else 403)
        if not opened:
            assert all(each in text for each in ("--page-url", "WATCHER_PAGE_URL", "--web-token"))


ORIGINS = {  # what a browser says where a form comes from, and whether it is taken
    ("https://shop.example:8443", "127.0.0.1:8787"): True,
    ("https://shop.example:8443", "shop.example:8443"): True,
    ("http://127.0.0.1:8787", "127.0.0.1:8787"): True,
    ("https://shop.example", "shop.example"): True,
    ("https://shop.example", "shop.example:443"): True,
    ("http://shop.example:80", "shop.example"): True,
    ("https://shop.example", "127.0.0.1:8787"): False,
    ("http://shop.example:8443", "127.0.0.1:8787"): False,
    ("https://evil.example:8443", "127.0.0.1:8787"): False,
    ("https://evil.example", "shop.example:8443"): False,
    ("https://shop.example", "shop.example:8443"): False,
    ("https://shop.example:8443.evil.example", "127.0.0.1:8787"): False,
    ("null", "127.0.0.1:8787"): False,
    ("", "127.0.0.1:8787"): False,
    ("file://", "127.0.0.1:8787"): False,
}


async def test_which_forms_are_its_own(furnished: Furnished, tmp_path: Path) -> None:
    """By the address that visitors have, or by the Host where the proxy passes it on; a form from
    elsewhere is told what to do if it was not from elsewhere."""
    copy = Path(shutil.copy(furnished.path, tmp_path))
    async with serving(copy, furnished, page_url=PUBLIC) as page:
        fields = {"token": await page.token(), "rule": "x", "for": "1d"}
        for (origin, host), taken in ORIGINS.items():
            headers = {"Origin": origin, "Host": host}
            status, text = await page.post("silences", fields, headers)
            assert status == (303 if taken else 403), (origin, host)
            assert taken or ("--page-url" in text and "Host" in text)
        crossing = {"Origin": "https://shop.example:8443", "Sec-Fetch-Site": "cross-site"}
        assert (await page.post("silences", fields, crossing))[0] == 403
        assert (await page.post("silences", {"rule": "x"}, {"Origin": PUBLIC}))[0] == 403


async def test_with_a_token_any_name_will_do(furnished: Furnished, tmp_path: Path) -> None:
    """And the path is known all the same."""
    copy = Path(shutil.copy(furnished.path, tmp_path))
    right = {"Authorization": f"Bearer {TOKEN}", "Host": "anything.example"}
    async with (
        serving(copy, furnished, token=TOKEN, page_url=PUBLIC) as page,
        aiohttp.ClientSession(headers=right) as client,
        client.get(f"{page.site.url}tools/watcher/api/overview.json") as answer,
    ):
        assert json.loads(await answer.text())["ill"] is None


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "path"),
    [
        ("https://example.com", "https", "example.com", 443, "/"),
        ("https://example.com/watcher", "https", "example.com", 443, "/watcher/"),
        ("http://EXAMPLE.com:8080/a-b/c_d/~e/", "http", "example.com", 8080, "/a-b/c_d/~e/"),
        ("http://[::1]:80/w/", "http", "::1", 80, "/w/"),
        ("https://münchen.example/", "https", "xn--mnchen-3ya.example", 443, "/"),
    ],
)
def test_page_urls(text: str, scheme: str, host: str, port: int, path: str) -> None:
    """As a browser shows them, or sends their names."""
    assert parse_page_url(text) == PageUrl(Origin(scheme, host, port), path)


@pytest.mark.parametrize(
    "text",
    [
        "", "example.com", "/watcher/", "ftp://example.com/", "https://", "https:///x",
        "https://me@example.com/", "https://example.com/?a=b", "https://example.com/#x",
        "https://example.com:99999/", "https://[::1/", "https://exa mple.com/",
        "https://example.com/a//b/", "https://example.com/../", "https://example.com/%2e/",
        "https://example.com/a b/", "https://example.com/\n", f"https://{'ü' * 80}.example/",
    ],
)  # fmt: skip
def test_what_is_no_page_url(text: str) -> None:
    """One line that names the option."""
    with pytest.raises(ListenError, match="--page-url: "):
        parse_page_url(text)


async def test_a_path_of_the_pages_own_is_refused(furnished_page: Page) -> None:
    """Each of them, for it could not be told from the page below it."""
    own = {path.split("/")[1] for path in PATHS} | {"static"}
    assert {"rules", "api", "metrics"} <= own
    for first in filter(None, own):
        with pytest.raises(ListenError, match=f"/{first}"):
            Site(
                furnished_page.sources,
                "127.0.0.1:0",
                page_url=parse_page_url(f"https://x.example/{first}/more/"),
            )


def test_the_way_from_page_to_page() -> None:
    """In steps up, never from the root."""
    assert relative("/", "/") == "./"
    assert relative("/rules/x", "/") == "./rules/x"
    assert relative("/", "/rules/a%2Fb") == "../"
    assert relative("/rules/x?y=z", "/products/US/1") == "../../rules/x?y=z"
