"""Pictures that somebody wants to see: the collector's addresses are exchanged for such as can be
shown for a day. Nothing is asked before the probe found the endpoint that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import msgspec
import structlog

from watcher.daemon.scheduling.budget import LedgerBudget
from watcher.daemon.scheduling.scanner import Scanner
from watcher.delivery.marking import StoreThread
from watcher.errors import SourceError
from watcher.model import Instant
from watcher.source.endpoints import COVERS
from watcher.source.sibling_answers import covers_of, first_cover
from watcher.store.ports import Store
from watcher.store.sql.siblings import Picture, Probe
from watcher.units import DAY, HOUR

LEDGER = "pictures"  # what its credits are booked on
GOOD_FOR = DAY - HOUR  # seconds: an address holds for a day, and a page may stay open

log = structlog.get_logger("watcher.scan")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Products whose pictures are to be asked for, by the address that the source has."""

    probe: Probe
    products: Mapping[str, Sequence[int]]


@dataclass
class PictureExchange:
    """Exchanges the addresses of pictures that are wanted, up to ten by a request."""

    scanner: Scanner
    writer: StoreThread
    moved: Callable[[], None] = lambda: None

    async def turn(self) -> None:
        """Ask for all that is wanted now."""
        wanted = await self.writer.run(self._wanted)
        while wanted is not None and wanted.products:
            asked = [*wanted.products][: COVERS.page_size]
            now = self.scanner.now()
            found, error = await self._ask(wanted.probe, asked)
            pictures = [
                _picture(product, found.get(address), error, now)
                for address in asked
                for product in wanted.products[address]
            ]
            await self.writer.run(partial(_keep, pictures))
            rest = {each: of for each, of in wanted.products.items() if each not in asked}
            wanted = _Wanted(wanted.probe, rest)

    def _wanted(self, database: Store) -> _Wanted | None:
        keys = database.pictures.wanted()
        if not keys:
            return None
        now, probe = self.scanner.now(), database.probes.found(COVERS.name)
        database.pictures.forget(now)
        products: dict[str, list[int]] = {}
        for product in keys:
            texts = database.history.long_texts(product)
            address = first_cover(texts.cover_url if texts is not None else None)
            if probe is None or not address:
                why = "no picture is known of it" if probe is not None else "they are off"
                database.pictures.put([_picture(product, None, why, now)])
            else:
                products.setdefault(address, []).append(product)
        return _Wanted(probe, products) if probe is not None else None

    async def _ask(self, probe: Probe, asked: Sequence[str]) -> tuple[Mapping[str, str], str]:
        """The addresses that can be shown, by those that were asked for, and what went wrong."""
        scanner = self.scanner
        budget = LedgerBudget(
            self.writer, scanner.clock, scanner.book.api, LEDGER, self.moved, tenure=scanner.tenure
        )
        if not await self.writer.run(lambda db: budget.begin(db, 1, scanner.now())):
            return {}, "the rule file's cap on credits leaves none for it"
        try:
            params = {"cover_urls": ",".join(asked)}
            body = await scanner.client.answer(COVERS, params, budget, probe.path)
        except SourceError as error:
            log.warning("no pictures", error=str(error))
            return {}, str(error)
        finally:
            await self.writer.run(budget.settle)
            budget.close()
        data: object = None
        with suppress(msgspec.DecodeError, RecursionError):
            answer = msgspec.json.decode(body)
            data = answer.get("data") if isinstance(answer, dict) else None
        return covers_of(data, asked), "the source gave no address that can be shown"


def _keep(pictures: Sequence[Picture], database: Store) -> None:
    database.pictures.put(pictures)


def _picture(product: int, address: str | None, error: str, now: Instant) -> Picture:
    until = now + GOOD_FOR if address else 0
    return Picture(product, now, address, until, None if address else error)
