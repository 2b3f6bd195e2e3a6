"""Before the source is asked by a command: real ids to ask with (those that are given, else of the
rule file, else of the database), and whether it may cost."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click

from watcher.cli.output import json_wanted
from watcher.errors import WatcherError
from watcher.rules.rulebook import Rulebook
from watcher.source.probing import Known
from watcher.source.sibling_answers import first_cover
from watcher.store.ports import Store
from watcher.units import count_of

_FEW = 2  # ids to ask with: that they are joined by a comma is to be tried, too
_LOOKED_AT = 50  # products of the database


def confirm(cost: int) -> None:
    """Ask whether to spend so much; whoever can't be asked must have said ``--yes``."""
    if not sys.stdin.isatty():
        raise WatcherError(f"this costs {count_of(cost, 'credit')}; say --yes to do it")
    click.confirm("Go on?", abort=True, err=json_wanted())


def known_ids(
    database: Store | None, book: Rulebook, seller: str, products: Sequence[str]
) -> Known:
    """Ids to ask with, as few as will do."""
    shops = [watch.query.seller for watch in book.watches if watch.query.seller]
    own = [each for watch in book.watches for each in watch.query.ids]
    stored = database.history.some_products(_LOOKED_AT) if database is not None else ()
    followed = database.followed.ids() if database is not None else ()
    sellers = [seller, *shops, *book.sellers, *(each.seller_id or "" for each in stored)]
    ids = products or own or followed or [each.product_id for each in stored]
    covers: list[str] = []
    if database is not None:
        for each in stored:
            covers += covers_in(database, each.product)
            if len(covers) >= _FEW:
                break
    return Known(next(filter(None, sellers), ""), tuple(ids[:_FEW]), tuple(covers[:_FEW]))


def covers_in(database: Store, product: int) -> Iterator[str]:
    """The address of a product's first picture, where there is one that can be asked about."""
    texts = database.history.long_texts(product)
    first = first_cover(texts.cover_url if texts is not None else None)
    if first:
        yield first
