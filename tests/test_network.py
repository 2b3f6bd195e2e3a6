"""Proxies and certificates of the environment: KeyAPI, the heartbeat and Apprise alike."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from tests.proxies import CA, TLS, VARIABLES, Proxy, Web
from tests.source.scripted import SAMPLE_BODY, FakeTime, Purse
from watcher import network
from watcher.daemon.heartbeat import _ask
from watcher.delivery.apprise.target import Target
from watcher.delivery.rendered import OutcomeKind, Rendered
from watcher.errors import SourceError, SourceUnavailable
from watcher.rules.channel import Secret
from watcher.source.client import Client

NAME = "api.example.test"  # nobody's; the proxy knows it
KEY = "secret-key-0123456789"
HASH = "0dab35c6.0"  # of the authority's name: openssl x509 -subject_hash

Way = Callable[[str], Awaitable[str]]
Set = Callable[[Mapping[str, object]], None]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Sets variables; none of the developer's are there."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)

    def put(variables: Mapping[str, object]) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))

    return put


async def by_keyapi(url: str) -> str:
    """Ask as a scan does; empty, or why it failed."""
    async with Client(url, KEY, tries=1, seams=FakeTime().seams) as client:
        try:
            await client.page({}, 1, Purse())
        except SourceError as error:
            return str(error)
    return ""


async def by_heartbeat(url: str) -> str:
    """Ask as the heartbeat does."""
    return await _ask(Secret(f"{url}/ping")) or ""


async def by_apprise(url: str) -> str:
    """Send as a channel does."""
    target = Target("me/1", Secret(f"{url.replace('http', 'json', 1)}/"))
    outcome = await target.send(Rendered("a title", "a body", "text"))
    return "" if outcome.kind is OutcomeKind.SENT else outcome.detail


WAYS: Mapping[str, Way] = {
    "KeyAPI": by_keyapi,
    "heartbeat": by_heartbeat,
    "Apprise": by_apprise,
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """An open one."""
    async with Proxy() as serving:
        yield serving


@pytest.fixture
async def plain() -> AsyncIterator[Web]:
    """A server without TLS."""
    async with Web(SAMPLE_BODY) as serving:
        yield serving


@pytest.fixture
async def secure() -> AsyncIterator[Web]:
    """A server with a certificate that only our authority signed."""
    async with Web(SAMPLE_BODY, tls=True) as serving:
        yield serving


# ------------------------------------------------------------------ proxies


@ways
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_a_proxy_for_http(
    way: Way, name: str, environment: Set, proxy: Proxy, plain: Web
) -> None:
    """The whole address goes to the proxy, which knows the host."""
    environment({name: proxy.url})
    assert await way(plain.url(NAME)) == ""
    assert len(plain.paths) == 1
    assert f" http://{NAME}:{plain.port}/" in proxy.asked[0]


@ways
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_proxy_for_https(
    way: Way, name: str, environment: Set, proxy: Proxy, secure: Web
) -> None:
    """A tunnel, in which the proxy sees neither the key nor the path."""
    environment({name: proxy.url, "SSL_CERT_FILE": CA})
    assert await way(secure.url(NAME)) == ""
    assert len(secure.paths) == 1
    (asked,) = proxy.asked
    assert asked.startswith(f"CONNECT {NAME}:{secure.port} ")
    assert KEY not in asked


@ways
async def test_the_proxy_of_the_other_scheme(
    way: Way, environment: Set, proxy: Proxy, plain: Web
) -> None:
    """It is not for this one."""
    environment({"HTTPS_PROXY": proxy.url})
    assert await way(plain.url()) == ""
    assert proxy.asked == []


@ways
async def test_a_proxy_with_a_password(way: Way, environment: Set, plain: Web) -> None:
    """It is in the variable; a wrong one is told without it."""
    async with Proxy("me:pa%20ss".replace("%20", "-")) as proxy:
        environment({"HTTP_PROXY": proxy.url})
        assert await way(plain.url(NAME)) == ""
        environment({"HTTP_PROXY": proxy.url.replace("pa-ss", "wrong-word")})
        said = await way(plain.url(NAME))
        assert said
        assert "wrong-word" not in said
    assert len(plain.paths) == 1


@ways
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("exempt", ["127.0.0.1", "*", "127.0.0.0/8", "other.test, 127.0.0.1"])
async def test_no_proxy(
    way: Way, name: str, exempt: str, environment: Set, proxy: Proxy, plain: Web
) -> None:
    """Those hosts are asked straight."""
    environment({"HTTP_PROXY": proxy.url, name: exempt})
    assert await way(plain.url()) == ""
    assert proxy.asked == []
    assert len(plain.paths) == 1


@ways
async def test_loopback_is_out_of_reach_of_other_machines(
    way: Way, environment: Set, proxy: Proxy, plain: Web
) -> None:
    """A proxy elsewhere can't reach it; one on this machine can, and is asked."""
    environment({"HTTP_PROXY": "http://proxy.example.test:3128"})
    assert await way(plain.url()) == ""
    environment({"HTTP_PROXY": proxy.url})
    assert await way(plain.url()) == ""
    assert len(proxy.asked) == 1


@ways
@pytest.mark.parametrize("proxy_url", ["socks5://127.0.0.1:9", "http://", "ftp://a", "http://a:x"])
async def test_a_proxy_that_is_none(way: Way, proxy_url: str, environment: Set) -> None:
    """Told by the variable's name; nothing is asked past it."""
    environment({"HTTP_PROXY": proxy_url})
    async with Web(SAMPLE_BODY) as server:
        assert await way(server.url(NAME))
        assert server.paths == []


async def test_a_proxy_that_is_none_costs_nothing(environment: Set) -> None:
    """Neither a credit nor another try."""
    environment({"HTTP_PROXY": "socks5://127.0.0.1:9"})
    time, purse = FakeTime(), Purse()
    async with Client("http://a.example", KEY, seams=time.seams) as client:
        with pytest.raises(SourceUnavailable, match="HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names"):
            await client.page({}, 1, purse)
    assert purse.spent == 0
    assert time.sleeps == []


async def test_a_proxy_that_is_down(environment: Set, secure: Web, plain: Web) -> None:
    """Its address is told, and no credit counts."""
    async with Proxy() as gone:
        address = f"127.0.0.1:{gone.port}"
    environment({"HTTP_PROXY": f"http://u:pass-word@{address}", "HTTPS_PROXY": f"http://{address}"})
    for url in (plain.url(NAME), secure.url(NAME)):
        purse = Purse()
        async with Client(url, KEY, tries=1) as client:
            with pytest.raises(SourceUnavailable) as caught:
                await client.page({}, 1, purse)
        assert f"can't connect to {NAME} through the proxy {address}: " in str(caught.value)
        assert "pass-word" not in str(caught.value)
        assert purse.spent == 0
    assert await by_apprise(plain.url(NAME)) != ""


async def test_a_proxy_that_refuses_the_tunnel(environment: Set, secure: Web) -> None:
    """The server was not reached."""
    async with Proxy("me:word") as proxy:
        environment({"HTTPS_PROXY": proxy.url.replace("me:word@", ""), "SSL_CERT_FILE": CA})
        purse = Purse()
        async with Client(secure.url(NAME), KEY, tries=1) as client:
            with pytest.raises(SourceUnavailable, match="the proxy answers 407"):
                await client.page({}, 1, purse)
        assert purse.spent == 0


async def test_a_netrc_is_nothing_to_keyapi(
    environment: Set, proxy: Proxy, plain: Web, tmp_path: Path
) -> None:
    """Its password would take the key's place."""
    (tmp_path / "netrc").write_text(f"machine {NAME} login me password other\n", "utf-8")
    environment({"HTTP_PROXY": proxy.url, "NETRC": tmp_path / "netrc"})
    assert await by_keyapi(plain.url(NAME)) == ""
    assert plain.keys == [f"Bearer {KEY}"]


# ------------------------------------------------------------------ which hosts


@pytest.mark.parametrize(
    ("entry", "yes", "no"),
    [
        ("example.com", ["example.com", "a.example.com", "EXAMPLE.com"], ["badexample.com"]),
        (".example.com", ["a.example.com", "example.com"], ["example.org"]),
        ("*.example.com", ["a.example.com"], ["example.org"]),
        ("example.com:8080", ["example.com:8080"], ["example.com:80", "example.com"]),
        ("10.0.0.0/8", ["10.1.2.3"], ["11.1.2.3", "ten.example"]),
        ("10.1.2.3", ["10.1.2.3", "10.1.2.3:99"], ["10.1.2.4"]),
        ("10.1.2.3:99", ["10.1.2.3:99"], ["10.1.2.3:98"]),
        ("fd00::/8", ["[fd00::1]"], ["[fe80::1]"]),
        ("fd00::1", ["[fd00::1]", "[fd00:0::1]"], ["[fd00::2]"]),
        ("[fd00::1]", ["[fd00::1]"], ["[fd00::2]"]),
        ("[fd00::1]:99", ["[fd00::1]:99"], ["[fd00::1]:98"]),
        ("*", ["a.b", "10.1.2.3"], []),
        ("a.b c.d,e.f", ["a.b", "c.d", "e.f"], ["g.h"]),
        (" , ,", [], ["a.b"]),
        (".", [], ["a.b"]),
    ],
)
def test_what_no_proxy_covers(entry: str, yes: list[str], no: list[str], environment: Set) -> None:
    """As curl and requests take it: names with all below, networks, ports."""
    environment({"HTTP_PROXY": "http://proxy.test:1", "NO_PROXY": entry})
    assert [network.proxy_for(f"http://{host}/x") for host in yes] == [None] * len(yes)
    assert all(network.proxy_for(f"http://{host}/x") for host in no)


def test_lower_case_counts_first(environment: Set) -> None:
    """As everywhere."""
    environment({"HTTP_PROXY": "http://upper:1", "http_proxy": "http://lower:1"})
    assert network.proxy_for("http://a.b") == "http://lower:1"
    environment({"http_proxy": ""})
    assert network.proxy_for("http://a.b") is None


def test_a_proxy_without_a_scheme(environment: Set) -> None:
    """Is one that speaks HTTP."""
    environment({"HTTPS_PROXY": "proxy.test:3128"})
    assert network.proxy_for("https://a.b") == "http://proxy.test:3128"
    assert network.name_of("http://u:p@proxy.test") == "proxy.test:80"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "x.localhost"])
def test_loopback(host: str, environment: Set) -> None:
    """Nothing of this machine goes to another's proxy; with the bypass to none."""
    environment({"HTTP_PROXY": "http://proxy.test:1"})
    assert network.proxy_for(f"http://{host}:5/") is None
    environment({"HTTP_PROXY": "http://127.0.0.1:1"})
    assert network.proxy_for(f"http://{host}:5/") == "http://127.0.0.1:1"


def test_the_bypass_of_the_demo(environment: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was exempt stays so."""
    environment({"HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "a.b", "no_proxy": "c.d"})
    found = dict(os.environ)
    network.bypass_loopback(found)
    environment(found)
    for host in ("localhost", "127.0.0.1", "[::1]", "c.d"):
        assert network.proxy_for(f"http://{host}:5/") is None
    assert network.proxy_for("http://e.f")


# ------------------------------------------------------------------ certificates


TRUSTS = {
    "SSL_CERT_FILE": CA,
    "REQUESTS_CA_BUNDLE": CA,
    "CURL_CA_BUNDLE": CA,
}


@ways
@pytest.mark.parametrize("name", TRUSTS)
async def test_an_authority_of_ones_own(way: Way, name: str, environment: Set, secure: Web) -> None:
    """Whichever variable names it."""
    said = await way(secure.url("localhost"))
    assert said
    assert secure.paths == []
    environment({name: TRUSTS[name]})
    assert await way(secure.url("localhost")) == ""
    assert len(secure.paths) == 1


@ways
async def test_a_folder_of_authorities(
    way: Way, environment: Set, secure: Web, tmp_path: Path
) -> None:
    """By the names that OpenSSL gives to their files."""
    (tmp_path / HASH).symlink_to(CA)
    environment({"SSL_CERT_DIR": tmp_path})
    assert await way(secure.url("localhost")) == ""


@ways
async def test_certificates_that_are_not_there(way: Way, environment: Set, secure: Web) -> None:
    """Pass nobody."""
    environment({"SSL_CERT_FILE": TLS / "nowhere.pem"})
    assert "certificate" in (await way(secure.url("localhost"))).casefold()
    assert secure.paths == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
async def test_a_channel_that_verifies_nothing(environment: Set, secure: Web) -> None:
    """``verify=no`` of its URL stays."""
    environment({"SSL_CERT_FILE": TLS / "nowhere.pem"})
    target = Target("me/1", Secret(f"jsons://localhost:{secure.port}/?verify=no"))
    assert (await target.send(Rendered("a title", "a body", "text"))).kind is OutcomeKind.SENT


def test_without_a_word_of_the_environment() -> None:
    """aiohttp's and requests' own."""
    assert network.tls_context() is None
    assert network.ca_bundle() is None


# ------------------------------------------------------------------ check


def test_what_check_doubts(environment: Set) -> None:
    """What can't be meant so, without the proxy's password."""
    assert list(network.doubts()) == []
    environment(
        {
            "HTTPS_PROXY": "socks5://u:pass-word@p:1",
            "SSL_CERT_FILE": TLS / "nowhere.pem",
            "REQUESTS_CA_BUNDLE": CA,
        }
    )
    proxy, certificates = network.doubts()
    assert "names no proxy that works here" in proxy
    assert "pass-word" not in proxy
    assert certificates.startswith("SSL_CERT_FILE names ")
