"""Settings of all tests."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator

import pytest
import structlog
from hypothesis import settings

from tests.ordering import is_slow, spread
from tests.postgres import postgres_server, postgres_url
from tests.store import making
from watcher.store.sqlite.database import Database

__all__ = ["postgres_server", "postgres_url"]

# How long one example takes says more of the machine than of the code.
settings.register_profile("watcher", deadline=None)
settings.load_profile("watcher")

# Usually a logged error has each of its frames in colours, with all that its names stand for: more
# work than the test that it is logged in.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)


@pytest.fixture
def store() -> Iterator[Database]:
    """An empty store in memory."""
    with making.memory() as database:
        yield database


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several workers share the tests, all but one begin with those that wait most."""
    workers = int(getattr(config, "workerinput", {"workercount": 1})["workercount"])
    if workers > 1:
        long = [item for item in items if item.get_closest_marker("long")]
        slow = [item for item in items if item not in long and is_slow(item.nodeid)]
        first = {id(item) for item in (*long, *slow)}
        others = [item for item in items if id(item) not in first]
        items[:] = spread([*long, *slow], others, workers)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """The thousands of tests stay to the end: no collection of garbage needs to look at them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
