"""What requests takes from the environment, for a service of Apprise as for KeyAPI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from requests import exceptions

from watcher import network


def settled(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Around ``Session.merge_environment_settings``."""

    def merge(session: object, url: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        settings = original(session, url, *args, **kwargs)
        try:
            proxy = network.proxy_for(url)
        except ValueError:
            raise exceptions.InvalidProxyURL from None
        settings["proxies"] = {} if proxy is None else {urlsplit(url).scheme.lower(): proxy}
        if settings["verify"] is not False:  # verify=no of a channel's URL
            settings["verify"] = network.ca_bundle() or True
        return settings

    return merge
