"""The examples of docs/proxy.md, run: a real nginx and a real Caddy before the real page."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from tests.web.acting.message import PAGE, TOKEN, Told, form_of, told
from tests.web.conftest import Furnished
from tests.web.serving import PATIENT, Page, leads_to, serving
from tests.web.streams import EAGER, Stream
from tests.web.test_below import crawl
from tests.web.test_pages import PAGES
from watcher.web.accept_errors import VisitorLimits

GUIDE = (Path(__file__).parents[2] / "docs" / "proxy.md").read_text("utf-8")
NGINX = re.findall(r"```nginx\n(.*?)```", GUIDE, re.DOTALL)
CADDY = re.findall(r"```caddyfile\n(.*?)```", GUIDE, re.DOTALL)
LISTENS = "127.0.0.1:8787"
PATIENCE = 30.0

pytestmark = pytest.mark.end_to_end


@dataclass(frozen=True)
class Example:
    """A proxy's configuration as the guide has it, and the address that visitors have then."""

    program: str
    text: str
    url: str

    @property
    def secure(self) -> bool:
        return self.url.startswith("https")

    def with_port(self, port: int) -> str:
        """The address where it listens on that port."""
        return str(URL(self.url).with_port(port))


EXAMPLES = (
    Example("nginx", NGINX[0], "https://example.com/watcher/"),
    Example("nginx", NGINX[1], "http://watcher.example.com/"),
    Example("caddy", CADDY[0], "https://example.com/watcher/"),
    Example("caddy", CADDY[0].replace("handle ", "handle_path "), "https://example.com/watcher/"),
    Example("caddy", CADDY[1], "http://watcher.example.com/"),
    # What the guide does not say, and people have: without the Host, or with the path taken off.
    Example(
        "nginx",
        re.sub(r"proxy_set_header Host .*", "", NGINX[0]),
        "https://example.com/watcher/",
    ),
    Example(
        "nginx",
        re.sub(r"(proxy_pass .*8787)", r"\1/", NGINX[0]).replace("443 ssl", "80"),
        "http://example.com/watcher/",
    ),
    Example(
        "nginx",
        re.sub(r"proxy_set_header Host .*", "", NGINX[1]),
        "http://watcher.example.com/",
    ),
)


def test_the_guide_has_examples_of_both() -> None:
    """At the root of a name, and below a path."""
    assert (len(NGINX), len(CADDY)) == (3, 2)
    assert all(LISTENS in each for each in (*NGINX, *CADDY))


def program(name: str) -> str:
    """Where it is; the test is skipped where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        package = "nginx-light" if name == "nginx" else name
        pytest.skip(f"no {name} here: install the package {package} to run the proxies' tests")
    return found


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def nginx_of(example: Example, port: int, page: URL, folder: Path) -> list[str]:
    """The command; its configuration is the example's, with our ports and files."""
    text = example.text.replace(LISTENS, page.authority)
    text = re.sub(r"listen \d+", f"listen 127.0.0.1:{port}", text)
    text = text.replace("/etc/ssl", str(folder))
    temporary = "".join(
        f"{kind}_temp_path {folder / kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; master_process off; pid {folder / 'pid'}; error_log stderr;"
        f"events {{}} http {{ access_log off; {temporary} {text} }}"
    )
    return [program("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(path)]


def caddy_of(example: Example, port: int, page: URL, folder: Path) -> list[str]:
    """The command; its configuration is the example's, with our ports and certificates."""
    other = free_port()
    ports = f"https_port {port}\nhttp_port {other}"
    if not example.secure:
        ports = f"https_port {other}\nhttp_port {port}"
    path = folder / "Caddyfile"
    path.write_text(
        f"{{\nadmin off\nlocal_certs\nskip_install_trust\nauto_https disable_redirects\n"
        f"default_bind 127.0.0.1\nstorage file_system {folder}\n{ports}\n}}\n"
        f"{example.text.replace(LISTENS, page.authority)}"
    )
    return [program("caddy"), "run", "--config", str(path), "--adapter", "caddyfile"]


COMMANDS: dict[str, Callable[[Example, int, URL, Path], list[str]]] = {
    "nginx": nginx_of,
    "caddy": caddy_of,
}


async def certify(folder: Path) -> None:
    """A certificate for example.com, that nobody but this test need trust."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here: install the package openssl to run the proxies' tests")
    made = await asyncio.create_subprocess_exec(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-subj", "/CN=example.com", "-days", "2", "-keyout", folder / "example.com.key",
        "-out", folder / "example.com.pem", stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await made.wait() == 0


@asynccontextmanager
async def before(
    example: Example,
    furnished: Furnished | Told,
    folder: Path,
    *,
    port: int = 0,
    token: str = "",
    page_url: bool = True,
    limits: VisitorLimits = PATIENT,
) -> AsyncIterator[tuple[Page, str]]:
    """A page, and the address by which it is found through the example's proxy."""
    copy = Path(shutil.copy(furnished.path, folder / "copy.db"))
    port = port or free_port()
    url = example.with_port(port)
    address = url if page_url else None
    async with serving(copy, furnished, token=token, page_url=address, limits=limits) as page:
        command = COMMANDS[example.program](example, port, URL(page.site.url), folder)
        if "ssl_certificate" in example.text:
            await certify(folder)
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=folder, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL,
                env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
            )  # fmt: skip
            try:
                await _listening(process, URL(url), folder / "log")
                yield page, url
            finally:
                if process.returncode is None:
                    process.terminate()
                await process.wait()


async def _listening(process: asyncio.subprocess.Process, url: URL, log: Path) -> None:
    """Wait until the proxy answers: Caddy opens its port before it has its certificate."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    secure = url.scheme == "https"
    async with asyncio.timeout(PATIENCE):
        while True:
            assert process.returncode is None, await asyncio.to_thread(log.read_text)
            try:
                _, writer = await asyncio.open_connection(
                    "127.0.0.1",
                    url.port,
                    ssl=trusting if secure else None,
                    server_hostname=url.host if secure else None,
                )
            except (ConnectionError, ssl.SSLError):
                await asyncio.sleep(0.02)  # another process's port gives no event to wait for
                continue
            writer.transport.abort()
            return


class _Here(AbstractResolver):
    """Every name is this machine's."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


def visitor() -> aiohttp.ClientSession:
    """A client that finds every name here, and trusts it; it keeps no cookie, as who follows every
    link follows the switch of languages, too."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=_Here(), ssl=False),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"{each.program}{n}" for n, each in enumerate(EXAMPLES)]
)
async def test_through_a_proxy(furnished: Furnished, tmp_path: Path, example: Example) -> None:
    """Every page and all that it names, by links that stay below the proxy's path; its forms are
    its own, with or without HTTPS; those of another site are not."""
    async with before(example, furnished, tmp_path) as (_, url), visitor() as client:
        root = URL(url)
        if root.path != "/":
            async with client.get(str(root).removesuffix("/")) as answer:
                assert (answer.status, answer.url) == (200, root)
        # A name with a slash in it is lost where nginx takes the path off: it decodes it.
        odd = "rules/a%2Fb%20%3F%23%25.json"
        decodes = "8787/" in example.text and example.program == "nginx"
        first = [path for path in PAGES if not decodes or "%" not in path]
        if not decodes:
            async with client.get(URL(f"{url}{odd}", encoded=True)) as answer:
                assert answer.status == 200
            seen = await crawl(client, root, first)
            assert {"static/style.css", "api/overview.json", "metrics", "silences/end"} <= {
                *seen, "silences/end",
            }  # fmt: skip
        await _check_forms(client, root, secure=example.secure)
        async with client.get(f"{url}api/overview.json") as answer:
            assert (await answer.json())["ill"] is None


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"{each.program}{n}" for n, each in enumerate(EXAMPLES)]
)
async def test_events_pass_at_once(furnished: Furnished, tmp_path: Path, example: Example) -> None:
    """No proxy keeps an event until there are more of them, or asks for the page less often."""
    async with (
        before(example, furnished, tmp_path, limits=EAGER) as (page, url),
        asyncio.timeout(PATIENCE),
        visitor() as client,
        client.get(f"{url}events?of=alerts") as answer,
    ):
        assert answer.status == 200
        stream = Stream(answer)
        assert (await stream.line()).startswith("retry: ")
        for rule in "xyz":
            fields = {"token": await page.token(), "rule": rule, "for": "1d"}
            assert (await page.post("silences", fields))[0] == 303
            assert await stream.kinds() == ["alerts"]


async def _check_forms(client: aiohttp.ClientSession, root: URL, *, secure: bool) -> None:
    async with client.get(f"{root}silences") as answer:
        token = re.search(r'name="token" value="([^"]+)"', await answer.text())
    assert token is not None
    fields = {"token": token[1], "rule": "x", "for": "1d", "back": "/silences"}
    ours = {"Origin": str(root.origin())}
    browsers = [ours, {**ours, "Sec-Fetch-Site": "same-origin"}] if secure else [ours]
    for headers in browsers:
        async with client.post(
            f"{root}silences", data=fields, headers=headers, allow_redirects=False
        ) as answer:
            assert answer.status == 303, await answer.text()
            where = leads_to(answer.url, answer.headers["Location"])
        assert where.startswith(f"{root.path}silences?notice=silenced")
        async with client.get(root.join(URL(where))) as answer:
            assert "is on." in await answer.text()
    for origin in ("http://evil.example", f"{root.origin()}.evil.example", "null"):
        async with client.post(
            f"{root}silences", data=fields, headers={"Origin": origin}
        ) as answer:
            assert answer.status == 403


@pytest.mark.parametrize("example", EXAMPLES[:2], ids=["nginx0", "nginx1"])
async def test_a_name_that_is_not_the_pages(
    furnished: Furnished, tmp_path: Path, example: Example
) -> None:
    """A web site that rebinds its name to the proxy: passed on, and refused with what to do."""
    async with (
        before(example, furnished, tmp_path) as (_, url),
        visitor() as client,
        client.get(url, headers={"Host": "evil.example"}) as answer,
    ):
        assert answer.status == 403
        assert "--page-url" in await answer.text()


# What is open to phones, and nothing else: the guide's third one.
_ONLY_LINKS = Example(
    "nginx",
    f"server {{ listen 80; server_name example.com; {NGINX[2]} }}",
    "http://example.com/watcher/",
)


@pytest.mark.parametrize("guarded", [False, True], ids=["open", "token"])
@pytest.mark.parametrize(
    "example",
    [*EXAMPLES, _ONLY_LINKS],
    ids=[*(f"{each.program}{n}" for n, each in enumerate(EXAMPLES)), "links"],
)
async def test_a_messages_link(tmp_path: Path, example: Example, *, guarded: bool) -> None:
    """Opens and acts through each proxy, also where the page has a token; another site's form, the
    form of another link and a changed link do nothing."""
    await _follow(tmp_path, example, token="0123456789abcdef-token" if guarded else "")


@pytest.mark.parametrize("example", [EXAMPLES[3], EXAMPLES[6]], ids=["caddy", "nginx"])
async def test_a_messages_link_without_page_url(tmp_path: Path, example: Example) -> None:
    """Where the proxy takes the path off, the rule file's ``page`` is enough."""
    await _follow(tmp_path, example, page_url=False)


async def _follow(
    folder: Path, example: Example, *, token: str = "", page_url: bool = True
) -> None:
    port = free_port()
    page = example.with_port(port).removesuffix("/")
    made = told(folder / "watcher.db")
    channels = {name: replace(each, page=page) for name, each in made.book.channels.items()}
    assert all(each.page == PAGE for each in made.book.channels.values())
    made = replace(made, book=replace(made.book, channels=channels))
    async with (
        before(example, made, folder, port=port, token=token, page_url=page_url) as (_, url),
        visitor() as client,
    ):
        here = URL(f"{url}act/{TOKEN}/1")
        made = replace(made, path=folder / "copy.db")
        before_it = made.rows()
        for method in ("GET", "HEAD"):
            async with client.request(method, here, headers={"Sec-Purpose": "prefetch"}) as answer:
                assert answer.status == 200
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
        async with client.get(here) as answer:
            text = await answer.text()
        for path in re.findall(r'href="([^"]*/static/[^"]*)"', text):
            async with client.get(here.join(URL(path))) as answer:
                assert answer.status == 200, path
        form = form_of(text, "snooze")
        wrong = [
            ({"Origin": "https://evil.example"}, form, 403),
            ({}, form | {"token": "x.y"}, 403),
        ]
        for headers, fields, status in wrong:
            async with client.post(here, data=fields, headers=headers) as answer:
                assert answer.status == status
        async with client.get(f"{url}act/{TOKEN[:-1]}B/1") as answer:
            assert answer.status == 404
        assert made.rows() == before_it
        # A page that browsers tell nobody of has the origin "null".
        for done in ("snooze", "again"):
            async with client.post(
                here, data=form, headers={"Origin": "null"}, allow_redirects=False
            ) as answer:
                assert answer.status == 303
                way = leads_to(answer.url, answer.headers["Location"])
                assert way == f"{URL(url).path}act/{TOKEN}/1?done={done}"
        assert len(made.look(lambda database: database.silences.list())) == 1
        if token:
            async with client.get(f"{url}alerts") as answer:
                assert answer.status in (401, 404)
