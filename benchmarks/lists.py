"""Lists of any length without a server: pages made in place, read by the real ``read_scan``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import numpy as np

from benchmarks.bodies import CHANGED, Row, days
from watcher.fields import NUMERIC
from watcher.model import Instant, LongTexts, Scan
from watcher.rules.rulebook import Watch
from watcher.source.client import Budget, Client
from watcher.source.decoding import Page, decoder_of
from watcher.source.endpoint import Endpoint
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.scan import ScanOrder, ScanResult, read_scan
from watcher.units import DAY, Unit

_TEMPLATES = 100
_PART = 10_000
_MOVING = np.array(
    [number.unit in (Unit.COUNT, Unit.MONEY) and number.window is not None for number in NUMERIC]
)


class _Free:
    """A budget without end."""

    async def spend(self) -> None:
        """Nothing is counted."""

    async def refund(self) -> None:
        """Nothing was paid."""


class _Canned(Client):
    """Gives pages that are made from some templates when they are asked for."""

    def __init__(self) -> None:
        self.concurrency = 8
        self.percentages = {}
        rows = days(_TEMPLATES * PRODUCT_LIST.page_size)[0]
        pages = (
            rows[start : start + PRODUCT_LIST.page_size]
            for start in range(0, len(rows), PRODUCT_LIST.page_size)
        )
        self._bodies = [_template(page, number) for number, page in enumerate(pages)]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """There is no connection to keep."""
        yield

    async def page(
        self,
        params: Mapping[str, str],
        page_num: int,
        budget: Budget,
        endpoint: Endpoint = PRODUCT_LIST,
    ) -> Page:
        """The page as decoded from its bytes."""
        await budget.spend()
        copy, template = divmod(page_num - 1, _TEMPLATES)
        return decoder_of(PRODUCT_LIST).decode(self._bodies[template].replace(_id(0), _id(copy)))


def _template(rows: list[Row], page: int) -> bytes:
    named = [
        {**row, "product_id": (_id(0) + b"%07d" % (page * PRODUCT_LIST.page_size + place)).decode()}
        for place, row in enumerate(rows)
    ]
    return msgspec.json.encode({"code": 0, "message": "success", "data": named})


def _id(copy: int) -> bytes:
    return b"1729%08d" % copy


def first_scan(watch: Watch, at: Instant) -> Scan:
    """All products that ``watch`` asks for, as a first scan reads them, long texts too."""
    found: list[ScanResult] = []

    async def read() -> None:
        # Not returned: ``asyncio.run`` has the result of its task written out as text.
        pages = watch.query.pages
        order = ScanOrder(watch.query, watch.key, at, known_pages=pages, wants_texts=lambda _: True)
        found.append(await read_scan(order, _Canned(), _Free(), lambda: at))

    asyncio.run(read())
    (result,) = found
    if result.failure is not None:
        raise result.failure
    return result.scan


def next_day(scan: Scan, chance: np.random.Generator) -> Scan:
    """The scan a day later: 30% of the products have other counters, changed in place."""
    for begin in range(0, len(scan), _PART):
        part = scan.numbers[begin : begin + _PART]
        rows = np.flatnonzero(chance.random(len(part)) < CHANGED)
        factors = chance.lognormal(0.02, 0.25, (len(rows), 1))
        part[rows] = np.where(_MOVING, np.rint(part[rows] * factors), part[rows])
    at, texts = scan.at + DAY, dict[str, LongTexts]()
    return replace(scan, at=at, started=at, finished=at, long_texts=texts)
