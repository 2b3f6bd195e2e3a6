"""Before the source is asked by a command: real ids to ask with (those that are given, else of the
rule file, else of the database), and whether it may cost."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click

from watcher.cli.options import Files
from watcher.cli.output import json_wanted
from watcher.daemon.scheduling.category_names import keep_names
from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.source.endpoints import CATEGORIES
from watcher.source.probing import Finding, Known
from watcher.source.sibling_answers import first_cover
from watcher.store.engine import open_store
from watcher.store.ports import Store
from watcher.store.sql.siblings import Probe
from watcher.units import count_of

_FEW = 2  # ids to ask with: that they are joined by a comma is to be tried, too
_LOOKED_AT = 50  # products of the database


def confirm(cost: int, *, up_to: bool = False) -> None:
    """Ask whether to spend so much; whoever can't be asked must have said ``--yes``."""
    if not sys.stdin.isatty():
        most = "up to " if up_to else ""
        raise WatcherError(f"this costs {most}{count_of(cost, 'credit')}; say --yes to do it")
    click.confirm("Go on?", abort=True, err=json_wanted())


def known_ids(files: Files, seller: str, products: Sequence[str]) -> Known:
    """Ids to ask with, as few as will do. The database is made where there is none yet: what comes
    of it is kept there."""
    with open_store(files.database) as database, database.snapshot():
        return _known(database, files.whole_book, seller, products)


def _known(database: Store, book: Rulebook, seller: str, products: Sequence[str]) -> Known:
    shops = [watch.query.seller for watch in book.watches if watch.query.seller]
    own = [each for watch in book.watches for each in watch.query.ids]
    stored = database.history.some_products(_LOOKED_AT)
    followed = database.followed.ids()
    sellers = [seller, *shops, *book.sellers, *(each.seller_id or "" for each in stored)]
    ids = products or own or followed or [each.product_id for each in stored]
    covers: list[str] = []
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


def keep_finding(database: Store, finding: Finding, now: Instant, *, credential: str) -> None:
    """Store what an endpoint answered to the key that ``credential`` stands for, and what it
    gave; what says nothing of the endpoint leaves what is known of it."""
    if not finding.decides:
        return
    question = finding.question
    name, works, status = question.endpoint.name, finding.works, finding.status
    words = ": ".join(filter(None, (finding.words, "" if works else finding.shown)))
    with database.atomic():
        database.probes.put(Probe(name, now, works, status, words, question.path, credential))
        if works and question.endpoint is CATEGORIES:
            keep_names(database, finding, now)
