"""A market that does not exist, served on loopback as KeyAPI serves the real one.

For the demo, the tests and the benchmarks: no key, no account, no network.

    async with Simulator(Market(start=date(2026, 11, 23)), key="demo-key") as simulator:
        ...  # read simulator.url with the ordinary client
        simulator.market.advance(1)
"""

from watcher.keyapi.simulator.faults import Fault, Paging, Weather
from watcher.keyapi.simulator.listing import BadParameter
from watcher.keyapi.simulator.market import Market
from watcher.keyapi.simulator.server import Simulator

__all__ = ["BadParameter", "Fault", "Market", "Paging", "Simulator", "Weather"]
