"""The way to a server, as the environment says: through which proxy, and whom to trust.

KeyAPI and the heartbeat are asked by aiohttp, Apprise's services by requests. Each reads the
environment in its own way, and aiohttp's would take a password for the host from ``~/.netrc`` too:
so both ask here.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies_environment

LOOPBACK = ("localhost", "127.0.0.1", "::1")

PORTS = {"http": 80, "https": 443}  # of the schemes that are spoken, by proxies too
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_OF_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def proxy_for(url: str) -> str | None:
    """The address of the proxy for ``url``, by ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and
    ``NO_PROXY`` (lower case counts first); None for a straight way. Raises ValueError, without the
    address: it names no proxy that works here."""
    split = urlsplit(url)
    proxies = getproxies_environment()
    proxy = proxies.get(split.scheme) or proxies.get("all")
    if _is_exempt(split, proxies.get("no", "")) or not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    via = _read(proxy)
    if _is_loopback(split) and not _is_loopback(via):
        return None  # of another machine's proxy this machine's loopback is out of reach
    return proxy


def name_of(proxy: str) -> str:
    """A proxy's host and port, without its password."""
    split = urlsplit(proxy)
    return f"{split.hostname}:{split.port or PORTS.get(split.scheme, 80)}"


def bypass_loopback(environment: dict[str, str] | os._Environ[str]) -> None:
    """Let nothing on this machine be asked through a proxy, wherever that is."""
    for name in ("NO_PROXY", "no_proxy"):
        given = environment.get(name, "")
        environment[name] = ",".join(part for part in (given, *LOOPBACK) if part)


def tls_context() -> ssl.SSLContext | None:
    """The certificates that aiohttp is to trust; None for its own default, where none are named."""
    if not any(map(os.environ.get, (*_OF_OPENSSL, *_BUNDLES))):
        return None
    context = ssl.create_default_context()  # it reads those that OpenSSL knows
    bundle = _requests_bundle()
    if bundle is not None:
        context.load_verify_locations(
            cafile=bundle if bundle.is_file() else None, capath=bundle if bundle.is_dir() else None
        )
    return context


def ca_bundle() -> str | None:
    """The file or folder of certificates that requests is to trust; None for its own."""
    bundle = _requests_bundle() or _first_there(_OF_OPENSSL)
    return str(bundle) if bundle is not None else None


def doubts() -> Iterator[str]:
    """Settings of the environment that can't be meant so, for ``watcher check``."""
    for scheme in PORTS:
        try:
            proxy_for(f"{scheme}://a.example")
        except ValueError as error:
            yield str(error)
    for name in (*_OF_OPENSSL, *_BUNDLES):
        value = os.environ.get(name)
        if value and not os.access(value, os.R_OK):
            yield f"{name} names {value}, which can't be read: it is passed over"


def _requests_bundle() -> Path | None:
    """The one that those that requests knows name, where OpenSSL's name none."""
    return None if any(map(os.environ.get, _OF_OPENSSL)) else _first_there(_BUNDLES)


def _first_there(names: Sequence[str]) -> Path | None:
    paths = [Path(value) for name in names if (value := os.environ.get(name))]
    return next((path for path in paths if path.exists()), None)


def _read(proxy: str) -> SplitResult:
    try:
        split = urlsplit(proxy)
        usable = split.scheme in PORTS and split.hostname and split.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(
            "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names no proxy that works here: write "
            "http://host:port"
        )
    return split


def _is_exempt(place: SplitResult, exempt: str) -> bool:
    host, port = (place.hostname or "").casefold(), place.port or PORTS.get(place.scheme, 0)
    entries = exempt.replace(",", " ").casefold().split()
    return "*" in entries or any(_covers(entry, host, port) for entry in entries)


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether it is of an entry of ``NO_PROXY``: a network, or a host with all below it (:port)."""
    if _is_in(host, entry):
        return True
    name, wanted = _name_and_port(entry)
    if wanted not in (None, str(port)):
        return False
    name = name.strip("[]").removeprefix("*").lstrip(".")
    return _is_in(host, name) or (bool(name) and (host == name or host.endswith(f".{name}")))


def _name_and_port(entry: str) -> tuple[str, str | None]:
    name, colon, port = entry.rpartition(":")
    is_address = ":" in name and not name.endswith("]")  # of IPv6
    return (name, port) if colon and not is_address else (entry, None)


def _is_in(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False


def _is_loopback(place: SplitResult) -> bool:
    host = place.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
