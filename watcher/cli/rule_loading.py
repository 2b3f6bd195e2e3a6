"""Rule files as a command loads them: with the environment, and with what its database knows of
categories, of files beside them, and of rules of the page. Their secrets are kept out of logs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from watcher.categories import CategoryLookup
from watcher.cli.category_lookup import lookup_for, lookup_in
from watcher.cli.page_rules import page_in
from watcher.errors import WatcherError
from watcher.page_text import PageText
from watcher.redaction import log_redaction
from watcher.rules.files.keeping import KeepingLoader
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook
from watcher.store.places import Place


def load_rules(
    path: Path,
    kept: Mapping[str, bytes] | None = None,
    categories: CategoryLookup | None = None,
    page: PageText | None = None,
    *,
    strict: bool = False,
) -> Rulebook:
    """The rules at ``path``, with the environment; raises ``RulesError``. ``kept`` are copies of
    files that they name; ``categories`` knows which ids names stand for; ``page`` and ``strict``
    are as for ``load``."""
    book = load([path], os.environ, kept, categories=categories, page=page, strict=strict)
    learn_secrets(book)
    return book


def keeping_loader(
    path: Path, database: Place, *, lenient: bool = False, page_needed: bool = False
) -> KeepingLoader:
    """A reader of the rules at ``path``, which go on with what the database keeps of a file that
    they name, once that can't be used; which may name categories as the database does; and beside
    which the rules of the page are read. Who needs those hears where the database can't tell."""

    if page_needed:  # a daemon may have no file handle left when its database is there
        import watcher.store.stored_page  # noqa: F401, PLC0415 - not for who reads rules only

    def read(kept: Mapping[str, bytes]) -> Rulebook:
        page = page_in(database, needed=page_needed)
        return load_rules(path, kept, lookup_for(database, asking=lenient), page)

    def read_draft(kept: Mapping[str, bytes], page: PageText) -> Rulebook:
        return load_rules(path, kept, lookup_in(database), page, strict=True)

    return KeepingLoader(read, lambda: _kept_files(database), read_draft=read_draft)


def _kept_files(place: Place) -> Mapping[str, bytes]:
    if isinstance(place, Path) and not place.exists():
        return {}
    from watcher.store.engine import open_store  # noqa: PLC0415 - not for who reads rules only

    try:
        with open_store(place, readonly=True) as database:
            return database.rules.kept_files()
    except WatcherError:  # a database that can't tell: the file's own trouble is said
        return {}


def learn_secrets(book: Rulebook) -> None:
    """Keep the key and the URLs of ``book`` out of logs and errors, from now on."""
    urls = [url for channel in book.channels.values() for url in channel.urls]
    if book.heartbeat is not None:
        urls.append(book.heartbeat)
    key = book.api.key.reveal() if book.api.key is not None else ""
    log_redaction.learn_rules(key, (url.reveal() for url in urls))
