"""Whether pictures of products are on, and where the source has them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec
import structlog

from watcher.rules.rulebook import Api, Rulebook
from watcher.source.endpoints import COVERS
from watcher.source.picture_hosts import PictureHosts, host_of
from watcher.source.sibling_answers import covers_of, first_cover
from watcher.store.ports import Store
from watcher.store.sql.siblings import Probe

log = structlog.get_logger("watcher.scan")


def probe_in_force(database: Store, book: Rulebook) -> Probe | None:
    """The probe that found where pictures are had with this key; None: they are off."""
    if not book.api.pictures:
        return None
    probe = database.probes.found(COVERS.name)
    return probe if probe is not None and probe.credential == book.api.credential else None


def covers_in(database: Store, book: Rulebook, products: Sequence[int]) -> dict[int, str]:
    """The source's addresses of these products' pictures; none where pictures are off."""
    if not products or probe_in_force(database, book) is None:
        return {}
    return known_covers(database, products)


def known_covers(database: Store, products: Sequence[int]) -> dict[int, str]:
    """The source's addresses of these products' pictures, of those that have one."""
    texts = database.history.long_texts_of(products)
    covers = {product: first_cover(each.cover_url) for product, each in texts.items()}
    return {product: cover for product, cover in covers.items() if cover}


def hosts_of(api: Api) -> PictureHosts:
    """The hosts that pictures may come from, by the rules."""
    return PictureHosts(api.url, api.picture_hosts)


def addresses_in(body: bytes, covers: Sequence[str], hosts: PictureHosts) -> dict[str, str]:
    """The addresses in the source's answer at which pictures may be fetched, by the covers that
    were asked for."""
    data: object = None
    with suppress(msgspec.DecodeError, RecursionError):
        answer = msgspec.json.decode(body)
        data = answer.get("data") if isinstance(answer, dict) else None
    given = covers_of(data, covers, hosts.owns)
    strange = {host_of(each) for each in given.values() if not hosts.allow(each)}
    if strange:
        log.warning("pictures are at hosts that are not asked", hosts=sorted(strange))
    return {cover: each for cover, each in given.items() if hosts.allow(each)}
