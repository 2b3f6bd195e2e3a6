"""``watcher follow``: products onto the list ``followed``."""

from __future__ import annotations

import click

from watcher.cli import options
from watcher.cli.completion import product_ids
from watcher.cli.following import ids_of, readers_of, reading, unread, wake
from watcher.cli.output import console
from watcher.cli.writing import audited
from watcher.errors import WatcherError
from watcher.source.addresses import doubt_of
from watcher.source.query import MOST_PRODUCTS
from watcher.store.sql.followed import LONGEST_NOTE
from watcher.text.sanitize import plain
from watcher.units import format_since


@click.command()
@click.argument(
    "products", metavar="PRODUCT...", nargs=-1, required=True, shell_complete=product_ids
)
@click.option("--note", metavar="TEXT", help="Why, for whoever looks later.")
@options.files
def command(products: tuple[str, ...], note: str | None, files: options.Files) -> None:
    """Follow each PRODUCT: an id, or the address of its page.

    A watch with products: followed reads them. A daemon that runs notices at once, and reads those
    that are new by one request for each ten.

    \b
      watcher follow 1729873073559015752 --note "our bestseller"
      watcher follow https://www.tiktok.com/view/product/1729900000000000001
    """
    ids, note = ids_of(products), None if note is None else " ".join(note.split())
    if note is not None and len(note) > LONGEST_NOTE:
        raise WatcherError(f"the note has {len(note):,} characters: {LONGEST_NOTE} at most")
    with options.open_to_write(files.database) as opened:
        there = {each.product_id: each for each in opened.followed.list()}
        count = len(there.keys() | set(ids))
        if count > MOST_PRODUCTS:
            raise WatcherError(
                f"{count:,} products are too many: {MOST_PRODUCTS:,} can be followed; "
                "`watcher unfollow` makes room"
            )
        audited(opened, files.now).follow(ids, note)
    wake(files.database)
    out, now = console(), files.now
    for each in ids:
        if (before := there.get(each)) is None:
            out.say(f"{each} is followed now.")
        else:
            kept = f" ({plain(before.note)})" if before.note and note is None else ""
            renewed = "; its note is new" if note is not None else ""
            since = format_since(before.since, now)
            out.say(f"{each} is followed already, since {since}{kept}{renewed}.")
    for doubt in filter(None, map(doubt_of, ids)):
        out.say(f"warning: {doubt}", "yellow")
    if missing := unread(files):
        out.say(missing, "yellow")
    else:
        out.say(reading(readers_of(files.book), count))
