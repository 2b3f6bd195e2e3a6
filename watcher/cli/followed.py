"""``watcher followed``: the products that are followed, with their newest values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click
from msgspec import UNSET, UnsetType

from watcher.analysis.followed import SHOWN, FollowedProduct, followed
from watcher.cli import options
from watcher.cli.following import readers_of, unread
from watcher.cli.output import Printed, answer, as_json, console, prints, said
from watcher.cli.tables import Cell
from watcher.fields import BY_NAME
from watcher.model import Instant
from watcher.units import Currencies, format_since

_NONE = "No product is followed; `watcher follow PRODUCT` begins."


class PrintedFollowed(Printed, frozen=True, kw_only=True):
    """A product that is followed, with its newest values; ``region`` and ``name`` are there once
    it was seen."""

    product_id: str
    since: Instant
    note: str
    region: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    seen: Instant | None
    values: Mapping[str, float | None]
    state: str


@click.command()
@options.files
@as_json
@prints(list[PrintedFollowed])
def command(files: options.Files) -> None:
    """List the products that are followed, the newest first, with what is known of each.

    One that is "not indexed" was asked for, and the source does not have it.
    """
    book = files.book_if_any
    watches = [watch.key for watch in readers_of(book)] if book is not None else []
    with files.open() as opened, opened.snapshot():
        found = followed(opened, watches)
    now = files.now
    answer([*map(_json, found)], lambda: _show(files, found, now))


def _show(files: options.Files, found: Sequence[FollowedProduct], now: Instant) -> None:
    out = console()
    if not found:
        out.say(_NONE)
        return
    labels = [BY_NAME[name].label for name in SHOWN]
    columns = ("Product", *labels, "Seen", "Followed since", "Note")
    rows = [_row(each, now) for each in found]
    out.table(columns, rows, numbers=labels, names=("Product",), texts=("Note",))
    if missing := unread(files):
        out.say(f"\n{missing}", "yellow")


def _row(each: FollowedProduct, now: Instant) -> tuple[Cell, ...]:
    product_id, facts = each.follow.product_id, each.facts
    where = f"{facts.region} {product_id}" if facts is not None else product_id
    currencies = Currencies(facts.currency if facts is not None else None, None)
    values = (
        "-" if value is None else said(name, value, BY_NAME[name].unit, currencies)
        for name, value in each.values.items()
    )
    seen = format_since(each.seen, now) if each.seen is not None else each.state
    product = (each.name or "(no name yet)", where)
    return (product, *values, seen, format_since(each.follow.since, now), each.follow.note)


def _json(each: FollowedProduct) -> PrintedFollowed:
    facts = each.facts
    return PrintedFollowed.of(
        each.follow,
        each,
        region=facts.region if facts is not None else UNSET,
        name=facts.name if facts is not None else UNSET,
        state=each.state or "known",
    )
