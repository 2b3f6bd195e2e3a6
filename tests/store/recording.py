"""A plugin of pytest: jobs and tests get a store that lets the house ask its faces only."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, get_type_hints

import pytest

from tests.store import making
from watcher.store.ports import Store
from watcher.store.threads import DatabaseThread

_FACES = {name: port for name, port in get_type_hints(Store).items() if name != "place"}


class Recording:
    """A store or a face; what code of the house asks of it beside its port is an error."""

    def __init__(self, inner: object, port: type) -> None:
        vars(self).update(inner=inner, port=port)

    def __getattr__(self, name: str) -> Any:
        inner, port = vars(self)["inner"], vars(self)["port"]
        frame = inspect.currentframe()
        assert frame is not None
        assert frame.f_back is not None
        caller = str(frame.f_back.f_globals.get("__name__"))
        outside = caller.startswith("watcher.") and not caller.startswith("watcher.store.")
        if outside and name not in {*dir(port), *get_type_hints(port)}:
            raise AssertionError(f"{caller} reaches past {port.__name__} for {name}")
        value = getattr(inner, name)
        return Recording(value, _FACES[name]) if port is Store and name in _FACES else value

    def __setattr__(self, name: str, value: object) -> None:
        setattr(vars(self)["inner"], name, value)

    @property
    def __class__(self) -> type:  # what it stands for, to whoever asks
        return type(vars(self)["inner"])

    @__class__.setter
    def __class__(self, _: type) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        vars(self)["inner"].close()


def pytest_configure(config: pytest.Config) -> None:
    """Before the tests are collected: they take what makes their stores from these places."""
    memory, within = making.memory, DatabaseThread.run

    @contextmanager
    def recorded() -> Iterator[Any]:
        with memory() as database:
            yield Recording(database, Store)

    async def run(self: DatabaseThread, job: Callable[[Any], Any]) -> object:
        return await within(self, lambda database: job(Recording(database, Store)))

    making.memory = recorded
    DatabaseThread.run = run  # type: ignore[assignment,method-assign]
