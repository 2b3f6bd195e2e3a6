"""``python -m watcher.keyapi.simulator``: the simulated market as a server of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from datetime import UTC, datetime

import click

from watcher.keyapi.simulator import Market, Simulator, Weather
from watcher.keyapi.simulator.market import REGIONS

_USAGE = """\
A simulated market of {products} products in {regions} is served at {url}, today is {day}.
Read it with the watcher:

    KEYAPI_URL={url} KEYAPI_KEY={key} watcher run --rules rules.yaml

Let a day pass (or start this with --day-seconds 5, and the watcher with --market-clock):

    curl -X POST '{url}/simulator/advance?days=1'

Ctrl-C ends it."""


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=8788, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True)
@click.option("--products", type=click.IntRange(1, 1_000_000), default=5_000, show_default=True)
@click.option("--regions", default=",".join(REGIONS), show_default=True, help="Largest first.")
@click.option("--key", default="demo-key", show_default=True, help="The key that is accepted.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The market's first day.  [default: today]",
)
@click.option(
    "--day-seconds",
    type=click.FloatRange(min=0.1),
    help="Let a day pass every so many seconds.  [default: only on request]",
)
@click.option(
    "--faults",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Of so many requests (0.05: one in twenty) the answer is broken in some way.",
)
def main(
    *,
    port: int,
    seed: int,
    products: int,
    regions: str,
    key: str,
    start: datetime | None,
    day_seconds: float | None,
    faults: float,
) -> None:
    """Serve a simulated market on loopback as KeyAPI would."""
    market = Market(
        seed=seed,
        products=products,
        start=(start or datetime.now(UTC)).date(),
        regions=tuple(name.strip().upper() for name in regions.split(",") if name.strip()),
    )
    try:
        weather = Weather(faults, seed) if faults else None
        simulator = Simulator(market, key, port=port, weather=weather)
        asyncio.run(_serve(simulator, key, day_seconds))
    except OSError as error:
        raise click.ClickException(f"can't serve on 127.0.0.1:{port}: {error.strerror}") from error


async def _serve(simulator: Simulator, key: str, day_seconds: float | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with simulator:
        market = simulator.market
        click.echo(
            _USAGE.format(
                products=len(market),
                regions=", ".join(market.regions),
                url=simulator.url,
                day=market.day,
                key=key,
            )
        )
        sys.stdout.flush()
        days = asyncio.create_task(simulator.pass_days(day_seconds)) if day_seconds else None
        await stop.wait()
        if days is not None:
            days.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await days


if __name__ == "__main__":
    main()
