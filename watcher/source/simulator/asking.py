"""Asking a simulated market for its time."""

from __future__ import annotations

import aiohttp
import msgspec

from watcher.errors import WatcherError
from watcher.source.simulator.server import CONTROL

_SECONDS = aiohttp.ClientTimeout(total=10)


class Pace(msgspec.Struct):
    """The market's time, in seconds of Unix, and how many real seconds its days take."""

    now: float
    day_seconds: float


async def pace_of(url: str) -> Pace:
    """The pace of the market served at ``url``; ``WatcherError`` where there is none."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_SECONDS) as session,
            session.get(f"{url}{CONTROL}") as response,
        ):
            return msgspec.json.decode(await response.read(), type=Pace)
    except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError):
        raise WatcherError(
            f"--market-clock: no simulated market whose days pass is at {url} (KEYAPI_URL, or "
            "api.url): start python -m watcher.source.simulator --day-seconds 5"
        ) from None
