"""The hosts that pictures of products may be fetched from, and what an address is of."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from watcher import network

# Those who run the API and who publish the same data, with all below them; and the collector's
# bucket, whose neighbours on the same service are anybody's.
_DOMAINS = ("keyapi.ai", "echotik.live")
_BUCKETS = ("echosell-images.tos-ap-southeast-1.volces.com",)


class PictureHosts:
    """The hosts that pictures come from: the vendor's, those that the user ``named``, and the
    API's own server."""

    def __init__(self, api_url: str, named: Iterable[str] = ()) -> None:
        self._named = frozenset((*_BUCKETS, *(each.casefold() for each in named)))
        self._own = _origin(api_url)

    def owns(self, address: str) -> bool:
        """Whether the API's own server has it: that is wherever the user said."""
        return self._own is not None and _origin(address) == self._own

    def allow(self, address: str) -> bool:
        """Whether it may be asked for."""
        if self.owns(address):
            return True
        scheme, host, port = _origin(address) or ("", "", 0)
        return (scheme, port) == ("https", 443) and self.names(host)

    def names(self, host: str) -> bool:
        """Whether it is the vendor's, or the user named it; an address without a name never is."""
        if _is_number(host):
            return False
        return host in self._named or any(
            host == each or host.endswith(f".{each}") for each in _DOMAINS
        )


def is_public(address: str) -> bool:
    """Whether it is an address of the internet, and of no private network."""
    try:
        number = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = number.ipv4_mapped or number.sixtofour if isinstance(number, IPv6Address) else None
    return (inner or number).is_global and not (inner or number).is_multicast


def host_of(address: str) -> str:
    """The host of an address, for people; its path and query are none of theirs."""
    origin = _origin(address)
    return origin[1][:80] if origin is not None else "what is no address"


def _origin(address: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or network.PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in network.PORTS or not parts.hostname or parts.username is not None:
        return None
    return parts.scheme, parts.hostname.casefold(), port


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return not host.isascii() or host.rpartition(".")[2].isdigit()  # 127.1 is one, too
    return True
