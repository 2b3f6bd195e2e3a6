"""Pictures of products on the page: where they are shown, what serves them, and what stays out."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from tests.web.conftest import Furnished
from tests.web.serving import Page, serving
from watcher.store.ports import Store

JPEG = b"\xff\xd8\xff small \xff\xd9"
COVER = "https://collector.example/{}.webp"
KEY = "0123456789abcdef0123456789abcde{}"
ID = "1729873073559015752"
LISTS = ("", "alerts", "alerts?state=over", "products?q=e", "followed", f"products/US/{ID}")


class Desk:
    """Knows a picture of the products whose keys are below ten, and has the odd ones here."""

    def __init__(self) -> None:
        self.wanted: list[int] = []
        self.on = True

    def covers(self, _database: Store, products: Sequence[int], /) -> Mapping[int, str]:
        if not self.on:
            return {}
        return {each: COVER.format(each) for each in products if each < 10}

    async def present(self, covers: Mapping[int, str], /) -> Mapping[int, str]:
        return {each: KEY.format(each) for each in covers if each % 2 == 1}

    async def read(self, cover: str, /) -> bytes | None:
        return JPEG + cover.encode()

    def want(self, products: Sequence[int], /) -> None:
        self.wanted += products


@pytest.fixture
def desk() -> Desk:
    """All pictures are on."""
    return Desk()


@pytest_asyncio.fixture
async def page(furnished: Furnished, desk: Desk, tmp_path: Path) -> AsyncIterator[Page]:
    """The page of a copy of the furnished database."""
    path = Path(shutil.copy(furnished.path, tmp_path))
    async with serving(path, furnished, pictures=desk) as served:
        yield served


async def fetched(
    page: Page, path: str, headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    """The answer, whole."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(URL(f"{page.site.url}{path}", encoded=True), headers=headers) as answer,
    ):
        return answer.status, answer.headers, await answer.read()


async def subject(page: Page) -> str:
    """The path of the first product's page."""
    facts = await page.sources.read(lambda db: db.history.facts([1]))
    return f"products/{facts[1].region}/{facts[1].product_id}"


async def test_it_is_shown_where_it_is_here(page: Page, desk: Desk) -> None:
    """From our own address, with its size; the collector's address is on no page."""
    status, text = await page.get(await subject(page))
    assert status == 200
    (image,) = re.findall(r"<img[^>]*>", text)
    assert f'src="../../pictures/1/{KEY.format(1)}.jpg"' in image
    assert 'width="120" height="120" loading="lazy"' in image
    assert 'alt=""' in image  # its name stands beside it
    assert "collector.example" not in text
    assert desk.wanted == []


async def test_lists_have_it_beside_the_names(page: Page, desk: Desk) -> None:
    """Of those that are here; the others are fetched for the next look, and leave no gap."""
    shown = set()
    for path in ("", "alerts", "products?q=a", "rules"):
        _, text = await page.get(path)
        shown |= {*re.findall(r'<img class="thumb" src="[^"]*pictures/(\d+)/', text)}
        assert text.count("<img ") == text.count('width="44" height="44" loading="lazy"')
    assert shown
    assert all(int(each) % 2 == 1 for each in shown)
    assert desk.wanted
    assert all(each % 2 == 0 for each in desk.wanted)


@pytest.mark.parametrize("path", LISTS)
async def test_without_them_nothing_is_another(
    page: Page, desk: Desk, furnished: Furnished, tmp_path: Path, path: str
) -> None:
    """To the byte, whether they are off or nobody has them; but for what each visit has anew."""
    desk.on = False
    (tmp_path / "other").mkdir()
    other = Path(shutil.copy(furnished.path, tmp_path / "other"))
    async with serving(other, furnished) as bare:
        texts = [(await each.get(path))[1] for each in (page, bare)]
    plain = [re.sub(r'name="token" value="[^"]*"', "", each) for each in texts]
    assert plain[0] == plain[1]
    assert "<img" not in plain[0]
    assert desk.wanted == []


async def test_the_picture(page: Page) -> None:
    """As what it is and nothing else, for who may see the page; asked for once."""
    path = f"pictures/1/{KEY.format(1)}.jpg"
    status, headers, body = await fetched(page, path)
    assert (status, body) == (200, JPEG + COVER.format(1).encode())
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, max-age=86400, immutable"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "img-src 'self';" in headers["Content-Security-Policy"]
    etag = headers["ETag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    status, headers, body = await fetched(page, path, {"If-None-Match": etag})
    assert (status, body, headers["ETag"]) == (304, b"", etag)
    assert (await fetched(page, path, {"If-None-Match": '"another"'}))[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        f"pictures/2/{KEY.format(2)}.jpg",  # not here
        f"pictures/1/{KEY.format(3)}.jpg",  # another product's
        f"pictures/99/{KEY.format(1)}.jpg",
        f"pictures/1/{KEY.format(1)}.png",
        f"pictures/1/{KEY.format(1).upper()}.jpg",
        f"pictures/1/..%2f..%2f{KEY.format(1)}.jpg",
        f"pictures/../1/{KEY.format(1)}.jpg",
        "pictures/1/../../../etc/passwd",
        "pictures/1/%2e%2e/%2e%2e/etc/passwd",
        "pictures/-1/" + KEY.format(1) + ".jpg",
        "pictures/" + "9" * 16 + "/" + KEY.format(1) + ".jpg",
        "pictures/",
        "pictures/1/%00.jpg",
    ],
)
async def test_what_is_no_picture(page: Page, path: str) -> None:
    """Is not there."""
    assert (await fetched(page, path))[0] == 404


async def test_off_there_is_none(page: Page, desk: Desk) -> None:
    """Not even under an address that was good."""
    desk.on = False
    assert (await fetched(page, f"pictures/1/{KEY.format(1)}.jpg"))[0] == 404


async def test_it_is_behind_the_pages_token(
    furnished: Furnished, desk: Desk, tmp_path: Path
) -> None:
    """As every page."""
    path, token = Path(shutil.copy(furnished.path, tmp_path)), "a" * 32
    async with serving(path, furnished, token=token, pictures=desk) as page:
        picture = f"pictures/1/{KEY.format(1)}.jpg"
        assert (await fetched(page, picture))[0] == 401
        given = {"Authorization": f"Bearer {token}"}
        assert (await fetched(page, picture, given))[0] == 200
