"""The two ends that every test here has: a market, and a service that takes messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest

from tests.end_to_end.process import KEY
from tests.fakes.sink import Service, serving
from watcher.source.simulator import SMOOTH, Market, Simulator


@pytest.fixture
async def sink() -> AsyncIterator[Service]:
    """An HTTP service that takes messages."""
    async with serving() as service:
        yield service


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A small market."""
    # Calm: these tests are about processes, and bring about by themselves what they tell of.
    market = Market(
        seed=3, products=200, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH
    )
    async with Simulator(market, key=KEY) as serving_market:
        yield serving_market
