"""Fetching pictures: from which hosts, what is taken, and that nothing leads elsewhere."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from watcher.errors import SourceUnavailable
from watcher.source.picture_fetch import LARGEST, PictureFetcher, PictureRefused, PublicOnly
from watcher.source.picture_hosts import PictureHosts, host_of, is_public

API = "https://api.keyapi.ai"
BUCKET = "echosell-images.tos-ap-southeast-1.volces.com"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100

Answerer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Host:
    """A server on loopback that answers as it is told; what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.answer: Answerer | web.Response = web.Response(body=PNG, content_type="image/png")
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return self.answer if isinstance(self.answer, web.Response) else await self.answer(request)


@pytest_asyncio.fixture
async def host() -> AsyncIterator[Host]:
    """It takes the API's place: pictures are at its own address."""
    made, app = Host(), web.Application()
    app.router.add_route("*", "/{path:.*}", made.serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture
async def fetcher(host: Host) -> AsyncIterator[PictureFetcher]:
    """One for that server."""
    made = PictureFetcher(PictureHosts(host.url))
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        (f"https://{BUCKET}/product-cover/1/2_0.webp?X-Tos-Signature=abc", True),
        (f"https://{BUCKET.upper()}/a", True),
        ("https://cdn.keyapi.ai/a.jpg", True),
        ("https://keyapi.ai:443/a.jpg", True),
        ("https://img.echotik.live/a.jpg", True),
        ("https://img.example.com/a.jpg", True),  # named
        (f"http://{BUCKET}/a.jpg", False),
        (f"https://{BUCKET}:8443/a.jpg", False),
        (f"https://me@{BUCKET}/a.jpg", False),
        ("https://other.tos-ap-southeast-1.volces.com/a.jpg", False),
        (f"https://{BUCKET}.evil.example/a.jpg", False),
        ("https://evilkeyapi.ai/a.jpg", False),
        ("https://keyapi.ai.evil.example/a.jpg", False),
        ("https://evil.example/keyapi.ai", False),
        ("https://evil.example#@keyapi.ai/", False),
        ("https://sub.img.example.com/a.jpg", False),
        ("https://127.0.0.1/a.jpg", False),
        ("https://10.0.0.1/a.jpg", False),
        ("https://[::1]/a.jpg", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://2130706433/a.jpg", False),
        ("https://localhost/a.jpg", False),
        ("ftp://cdn.keyapi.ai/a.jpg", False),
        ("file:///etc/passwd", False),
        ("https://[broken", False),
        ("https://cdn.keyapi.ai:99999/a", False),
        ("//cdn.keyapi.ai/a", False),
        ("", False),
    ],
)
async def test_hosts(address: str, *, allowed: bool) -> None:
    """The vendor's and those that are named, encrypted; whoever is refused is not asked."""
    hosts = PictureHosts(API, ["img.example.com"])
    assert hosts.allow(address) is allowed
    if not allowed:
        fetcher = PictureFetcher(hosts)
        with pytest.raises(PictureRefused):
            await fetcher.fetch(address)
        assert not fetcher.is_open


def test_the_apis_own_server_is_one(host: Host) -> None:
    """Wherever it is, and only at that port."""
    hosts = PictureHosts(host.url)
    assert hosts.allow(f"{host.url}/a.png")
    assert not hosts.allow("http://127.0.0.1:1/a.png")
    assert not hosts.allow(host.url.replace("http", "https"))


async def test_a_picture(host: Host, fetcher: PictureFetcher) -> None:
    """The address as it was signed; no key, no cookie, no referrer goes along."""
    assert await fetcher.fetch(f"{host.url}/a%2Fb.png?sign=x%2By+z&e=1") == PNG
    (request,) = host.asked
    assert request.raw_path == "/a%2Fb.png?sign=x%2By+z&e=1"
    assert {*request.headers} == {"Host", "Accept", "Accept-Encoding", "User-Agent"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(host: Host, fetcher: PictureFetcher, status: int) -> None:
    """Not even to a place that may be asked."""
    host.answer = web.Response(status=status, headers={"Location": f"{host.url}/b.png"})
    with pytest.raises(PictureRefused, match=f"answers {status}"):
        await fetcher.fetch(f"{host.url}/a.png")
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, PictureRefused), (404, PictureRefused), (204, PictureRefused)]
    + [(each, SourceUnavailable) for each in (408, 429, 500, 503)],
)
async def test_other_answers(
    host: Host, fetcher: PictureFetcher, status: int, kind: type[Exception]
) -> None:
    """Some pass, some do not."""
    host.answer = web.Response(status=status, content_type="image/png")
    with pytest.raises(kind) as raised:
        await fetcher.fetch(f"{host.url}/a.png?signature=secret")
    assert type(raised.value) is kind
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "application/json", "image/gif", "video/mp4"]
)
async def test_what_is_called_no_picture(host: Host, fetcher: PictureFetcher, kind: str) -> None:
    """Is not read."""
    host.answer = web.Response(body=PNG, content_type=kind)
    with pytest.raises(PictureRefused, match=f"answers with {kind.replace('+', '.')}"):
        await fetcher.fetch(f"{host.url}/a.png")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_huge_one_is_cut_off(
    host: Host, fetcher: PictureFetcher, *, announced: bool
) -> None:
    """Whether it says so before or not."""

    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        if announced:
            response.content_length = LARGEST + 1
        await response.prepare(request)
        while True:  # until it hangs up
            await response.write(b"x" * 2**16)

    host.answer = flood
    with pytest.raises(PictureRefused, match="too large"):
        await fetcher.fetch(f"{host.url}/a.png")


async def test_silence_ends(host: Host) -> None:
    """Of a server that takes the request and says nothing."""

    over = asyncio.Event()

    async def hang(_request: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    host.answer = hang
    fetcher = PictureFetcher(PictureHosts(host.url), aiohttp.ClientTimeout(total=0.1))
    with pytest.raises(SourceUnavailable, match="TimeoutError") as raised:
        await fetcher.fetch(f"{host.url}/a.png")
    assert not isinstance(raised.value, PictureRefused)
    over.set()
    await fetcher.close()


class Told(AbstractResolver):
    """A name server that says so."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=each, port=port, family=family, proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for each in self._addresses
        ]  # fmt: skip

    async def close(self) -> None:
        return


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1"])
async def test_a_name_that_leads_inside(host: Host, address: str) -> None:
    """Is not asked, though it is the vendor's."""
    fetcher = PictureFetcher(PictureHosts(API), resolver=Told(address))
    with pytest.raises(SourceUnavailable):
        await fetcher.fetch("https://cdn.keyapi.ai/a.png")
    assert host.asked == []
    found = PublicOnly(PictureHosts(API), Told(address))
    with pytest.raises(OSError, match="no public address"):
        await found.resolve("cdn.keyapi.ai")
    assert [each["host"] for each in await found.resolve("proxy.internal")] == [address]
    await fetcher.close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("::ffff:8.8.8.8", True),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("192.168.0.1", False),
        ("172.16.0.1", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("localhost", False),
    ],
)
def test_public(address: str, *, public: bool) -> None:
    """An address of the internet."""
    assert is_public(address) is public


def test_a_host_is_said_without_what_is_secret() -> None:
    """For people."""
    assert host_of("https://cdn.keyapi.ai/a?signature=1") == "cdn.keyapi.ai"
    assert host_of("nonsense") == "what is no address"
