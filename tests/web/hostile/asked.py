"""What a page reads of its query, found by looking on while it does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from aiohttp import web
from multidict import MultiDict, MultiDictProxy

ANY = "*"  # it looks at all that there is


@dataclass
class Asked:
    """The names that pages looked for, by route."""

    by_route: dict[str, set[str]] = field(default_factory=partial(defaultdict, set))

    def of(self, request: web.BaseRequest) -> set[str]:
        """Where to note what this request's page looks for."""
        found = getattr(request, "match_info", None)
        resource = found.route.resource if found is not None else None
        return self.by_route[resource.canonical if resource is not None else ""]


class _Query(MultiDictProxy[str]):
    """A query that says what it is asked for."""

    def __init__(self, query: MultiDictProxy[str], asked: set[str]) -> None:
        super().__init__(MultiDict(query))
        self._asked = asked


def _named(name: str) -> Any:
    def ask(self: _Query, key: str, *given: Any, **named: Any) -> Any:
        self._asked.add(key)
        return getattr(MultiDictProxy, name)(self, key, *given, **named)

    return ask


def _all(name: str) -> Any:
    def ask(self: _Query, *given: Any) -> Any:
        self._asked.add(ANY)
        return getattr(MultiDictProxy, name)(self, *given)

    return ask


for _name in ("get", "getone", "getall", "__getitem__", "__contains__"):
    setattr(_Query, _name, _named(_name))
for _name in ("keys", "values", "items", "__iter__", "copy"):
    setattr(_Query, _name, _all(_name))


@contextmanager
def recorded() -> Iterator[Asked]:
    """Have all queries note what is asked of them."""
    asked = Asked()

    def query(self: web.BaseRequest) -> _Query:
        return _Query(MultiDictProxy(MultiDict(self.rel_url.query)), asked.of(self))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web.BaseRequest, "query", property(query))
        yield asked
