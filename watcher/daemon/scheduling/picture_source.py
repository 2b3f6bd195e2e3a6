"""Whether pictures of products are on, and where the source has them."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.rules.rulebook import Api, Rulebook
from watcher.source.endpoints import COVERS
from watcher.source.picture_hosts import PictureHosts
from watcher.source.sibling_answers import first_cover
from watcher.store.ports import Store
from watcher.store.sql.siblings import Probe


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
    texts = database.history.long_texts_of(products)
    covers = {product: first_cover(each.cover_url) for product, each in texts.items()}
    return {product: cover for product, cover in covers.items() if cover}


def hosts_of(api: Api) -> PictureHosts:
    """The hosts that pictures may come from, by the rules."""
    return PictureHosts(api.url, api.picture_hosts)
