"""A market that does not exist, served on loopback as KeyAPI serves the real one.

For the demo, the tests and the benchmarks: no key, no account, no network.

    market = Market(start=date(2026, 11, 23), behaviour=SMOOTH)  # REAL unless said
    async with Simulator(market, key="demo-key") as simulator:
        ...  # read simulator.url with the ordinary client
        simulator.market.advance(1)
"""

from watcher.source.simulator.behaviour import PRESETS, REAL, SMOOTH, Behaviour
from watcher.source.simulator.market import Market
from watcher.source.simulator.server import Fault, Simulator, Weather

__all__ = ["PRESETS", "REAL", "SMOOTH", "Behaviour", "Fault", "Market", "Simulator", "Weather"]
