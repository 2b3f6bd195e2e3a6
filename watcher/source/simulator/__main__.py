"""``python -m watcher.source.simulator``: the simulated market as a server of its own."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import click

from watcher.source.simulator.behaviour import PRESETS, Behaviour
from watcher.source.simulator.market import REGIONS, Market
from watcher.source.simulator.renewing import Hours, Renewing
from watcher.source.simulator.server import Simulator, Weather
from watcher.units import HOUR, MINUTE

_USAGE = """\
A simulated market of {products} products in {regions} is served at {url}, today is {day}.
Read it with the watcher:

    KEYAPI_URL={url} KEYAPI_KEY={key} watcher run --rules rules.yaml

Let a day pass (or start this with --day-seconds 5, and the watcher with --market-clock):

    curl -X POST '{url}/simulator/advance?days=1'

Ctrl-C ends it."""


_CHANCE, _DAY = click.FloatRange(0, 1), click.DateTime(["%Y-%m-%d"])
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Closed(click.ParamType[Mapping[str, Any]]):
    """Weekdays and days, as the settings of a ``Behaviour``."""

    name = "days"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Mapping[str, Any]:
        weekdays, days = set[int](), set[date]()
        for word in str(value).lower().split(","):
            try:
                if word.strip() in _WEEKDAYS:
                    weekdays.add(_WEEKDAYS.index(word.strip()))
                else:
                    days.add(date.fromisoformat(word.strip()))
            except ValueError:
                self.fail(f"{word!r} is neither a weekday (sun) nor a day (2026-12-25)", param, ctx)
        return {"closed_weekdays": frozenset(weekdays), "closed_days": frozenset(days)}


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=8788, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True)
@click.option("--products", type=click.IntRange(1, 1_000_000), default=5_000, show_default=True)
@click.option("--regions", default=",".join(REGIONS), show_default=True, help="Largest first.")
@click.option("--key", default="demo-key", show_default=True, help="The key that is accepted.")
@click.option("--start", type=_DAY, help="The market's first day.  [default: today]")
@click.option(
    "--day-seconds",
    type=click.FloatRange(min=0.1),
    help="Let a day pass every so many seconds.  [default: only on request]",
)
@click.option(
    "--faults",
    type=_CHANCE,
    default=0.0,
    help="Of so many requests (0.05: one in twenty) the answer is broken in some way.",
)
@click.option(
    "--preset",
    type=click.Choice([*PRESETS]),
    default="real",
    show_default=True,
    help="How the market moves. real: as real sales do; flat: next to nothing moves; stormy: the "
    "worst case; sparse: as a source tells it that looks at a part of it a day; smooth: slow "
    "waves. The options below change it.",
)
@click.option("--bulk-orders", type=_CHANCE, help="A product's chance of a large order a day.")
@click.option("--bulk-units", type=click.FloatRange(min=1), help="The least size of one.")
@click.option(
    "--closed", type=_Closed(), help="When nobody sells: sun, or sat,2026-12-25.  [default: never]"
)
@click.option(
    "--collected",
    type=click.FloatRange(0, 1, min_open=True),
    help="The share of products that the source looks at on a day; what the others sold is booked "
    "when it does.",
)
@click.option(
    "--absent", is_flag=True, default=None, help="... or they are not on that day's list."
)
@click.option("--late", type=_CHANCE, help="The share of days that bring nothing new.")
@click.option(
    "--refresh",
    type=click.DateTime(["%H:%M"]),
    help="Give a day's data from about this hour (UTC) on, with --day-seconds; with 40 minutes of "
    "deviation, one day in 20 left out, one in 60 in halves.  [default: midnight]",
)
def main(
    *, port: int, key: str, day_seconds: float | None, faults: float, seed: int,
    refresh: datetime | None, **asked: Any,
) -> None:  # fmt: skip
    """Serve a simulated market on loopback as KeyAPI would."""
    weather = Weather(faults, seed) if faults else None
    simulator = Simulator(_market(seed=seed, **asked), key, port=port, weather=weather)
    if refresh is not None:
        middle = refresh.hour * HOUR + refresh.minute * MINUTE
        hours = Hours(middle=middle, spread=40 * MINUTE, left_out=1 / 20, halves=1 / 60, seed=seed)
        simulator.answer = Renewing(simulator.market, simulator.now, hours).answer
    try:
        asyncio.run(_serve(simulator, key, day_seconds))
    except OSError as error:
        raise click.ClickException(f"can't serve on 127.0.0.1:{port}: {error.strerror}") from error


def _market(
    *,
    seed: int,
    products: int,
    regions: str,
    start: datetime | None,
    preset: str,
    **settings: Any,
) -> Market:
    return Market(
        seed=seed,
        products=products,
        start=(start or datetime.now(UTC)).date(),
        regions=tuple(name.strip().upper() for name in regions.split(",") if name.strip()),
        behaviour=_behaviour(preset, **settings),
    )


def _behaviour(preset: str, closed: Mapping[str, Any] | None, **settings: Any) -> Behaviour:
    """The preset with those of the settings that are given."""
    given = {name: value for name, value in settings.items() if value is not None}
    try:
        return replace(PRESETS[preset], **given, **(closed or {}))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


async def _serve(simulator: Simulator, key: str, day_seconds: float | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with simulator:
        market, regions = simulator.market, ", ".join(simulator.market.regions)
        told = {"products": len(market), "regions": regions, "day": market.day}
        click.echo(_USAGE.format(url=simulator.url, key=key, **told))
        sys.stdout.flush()
        days = asyncio.create_task(simulator.pass_days(day_seconds)) if day_seconds else None
        await stop.wait()
        if days is not None:
            days.cancel()
            await asyncio.wait({days})


if __name__ == "__main__":
    main()
