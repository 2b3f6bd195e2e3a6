"""Pictures of products as commands tell of them: whether they are on and how much is kept
(``watcher status``), and where they are (``watcher source probe``)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watcher.cli.output import Printed
from watcher.daemon.scheduling.picture_cache import LIMIT, PictureCache, cache_folder
from watcher.daemon.scheduling.picture_source import hosts_of, probe_in_force
from watcher.rules.rulebook import Rulebook
from watcher.source.picture_hosts import host_of
from watcher.store.places import Place
from watcher.store.ports import Store
from watcher.words import listing

if TYPE_CHECKING:
    from watcher.source.probing import Finding

_MEGABYTE = 2**20


class PicturesState(Printed, frozen=True, kw_only=True):
    """Whether pictures are ``on``, else ``why`` not; the ``folder`` of those that are kept, as this
    command sees it, their ``bytes`` and the most there may be."""

    on: bool
    why: str | None
    folder: str | None
    bytes: int
    most_bytes: int


def pictures_state(database: Store, book: Rulebook, place: Place) -> PicturesState:
    """For programs and for ``pictures_line``."""
    on = probe_in_force(database, book) is not None
    why = "`watcher source probe` has not found with this key how they are had"
    folder = cache_folder(place, os.environ)
    return PicturesState(
        on=on,
        why=None if on else why if book.api.pictures else "api.pictures is off",
        folder=str(folder) if folder is not None and folder.is_dir() else None,
        bytes=PictureCache(folder).size(),
        most_bytes=LIMIT,
    )


def pictures_line(state: PicturesState) -> str:
    """Say it in words."""
    kept = ""
    if state.folder:
        size = state.bytes / _MEGABYTE
        kept = f"; {size:.1f} of {LIMIT // _MEGABYTE} MB are kept in {state.folder}"
    told = "on" if state.on else f"off ({state.why})"
    return f"Pictures of products: {told}{kept}."


def pictures_found(book: Rulebook, finding: Finding) -> str:
    """Say what follows from an answer that exchanged addresses of pictures; empty of any other."""
    if not finding.covers:
        return ""
    if not book.api.pictures:
        return "Pictures of products can be had, and stay off: api.pictures is off."
    hosts = hosts_of(book.api)
    strange = sorted({host_of(each) for each in finding.covers.values() if not hosts.allow(each)})
    if strange:
        return (
            f"Pictures are at {listing(strange)}, which is not known as the vendor's: nothing is "
            "fetched from there before api.picture_hosts names it."
        )
    return (
        "Pictures of products are on, in mail and on the page: up to 10 of them are counted as 1 "
        "credit (what it costs is not published), each at most once a day, within the caps. Off "
        "with api.pictures: false."
    )
