"""Faults of the simulated server: of one request, to its paging, or now and then to any.

The kinds that change a page stand here by name, so that a test can go through all of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

Row: TypeAlias = dict[str, Any]
Edit: TypeAlias = Callable[[bytes], bytes]

# What an unreadable row holds instead of a product.
UNREADABLE: Mapping[str, Callable[[Row], object]] = {
    "id null": lambda row: {**row, "product_id": None},
    "id float": lambda row: {**row, "product_id": float(row["product_id"])},
    "id object": lambda row: {**row, "product_id": {"id": row["product_id"]}},
    "id list": lambda row: {**row, "product_id": [row["product_id"]]},
    "id bool": lambda row: {**row, "product_id": True},
    "id empty": lambda row: {**row, "product_id": ""},
    "id text": lambda row: {**row, "product_id": "no / id"},
    "id missing": lambda row: {name: row[name] for name in row if name != "product_id"},
    "null": lambda _: None,
    "list": lambda row: [row],
    "number": lambda _: 7,
    "text": lambda _: "broken",
    "bool": lambda _: False,
}


class Paging(StrEnum):
    """The server's reading of ``page_num``: as asked, not at all, or never past its last page."""

    TRUE = "true"
    IGNORED = "ignored"
    CLAMPED = "clamped"


@dataclass(slots=True)
class Fault:
    """A fault of the next ``times`` requests (of ``page``, if given).

    ``delay`` seconds pass first. ``drop`` closes the connection without an answer. With
    ``status`` or ``body`` that is the answer; else it is the page (``instead``: another page),
    changed by ``edit``, in pieces with ``drip`` seconds between them, and cut off after ``cut``
    bytes.
    """

    times: int = 1
    page: int | None = None
    status: int | None = None
    body: bytes | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    drop: bool = False
    edit: Edit | None = None
    instead: int | None = None
    drip: float | None = None
    cut: int | None = None


def rows_edited(change: Callable[[list[Any]], list[Any]]) -> Edit:
    """An edit of a body's list of products."""

    def edit(body: bytes) -> bytes:
        answer = msgspec.json.decode(body)
        if isinstance(answer.get("data"), list):
            answer["data"] = change(answer["data"])
        return msgspec.json.encode(answer)

    return edit


def unreadable(kind: str, place: int | None = None) -> Edit:
    """One row of the page (``place`` from 0), or all of them, as ``UNREADABLE`` says."""
    spoil = UNREADABLE[kind]
    return rows_edited(
        lambda rows: [
            spoil(row) if place is None or number == place else row
            for number, row in enumerate(rows)
        ]
    )


def short(rows: int) -> Edit:
    """So many rows of the page; 0 leaves it empty."""
    return rows_edited(lambda all_: all_[:rows])


class Weather:
    """Faults that come by themselves: each request meets one with a chance of ``rate``.

    The same ``seed`` brings the same ones to the same requests.
    """

    def __init__(self, rate: float, seed: int = 0) -> None:
        self.rate = rate
        self._chance = random.Random(seed)  # noqa: S311 - nothing is secret here

    def next(self, page_num: int) -> Fault | None:
        """The fault of the next request, which is for that page."""
        if self._chance.random() >= self.rate:
            return None
        return self._chance.choice(_WEATHER)(self._chance, page_num)


_WEATHER: tuple[Callable[[random.Random, int], Fault], ...] = (
    lambda chance, _: Fault(edit=unreadable(chance.choice([*UNREADABLE]), chance.randrange(10))),
    lambda chance, _: Fault(edit=unreadable(chance.choice([*UNREADABLE]))),
    lambda chance, _: Fault(edit=short(chance.randrange(1, 10))),
    lambda *_: Fault(edit=short(0)),
    lambda _, page: Fault(instead=max(1, page - 1)),
    lambda *_: Fault(instead=1),
    lambda chance, _: Fault(status=chance.choice((500, 502, 503, 504))),
    lambda *_: Fault(status=429, headers={"Retry-After": "1"}),
    lambda *_: Fault(body="<html><body>maintenance</body></html>"),
    lambda *_: Fault(body=b'{"code": 500, "message": "system busy", "data": null}'),
    lambda chance, _: Fault(cut=chance.randrange(1, 2_000)),
    lambda *_: Fault(drop=True),
)
