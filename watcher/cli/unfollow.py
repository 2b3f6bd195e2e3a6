"""``watcher unfollow``: products off the list ``followed``."""

from __future__ import annotations

import click

from watcher.cli import options
from watcher.cli.completion import followed_ids
from watcher.cli.following import ids_of, wake
from watcher.cli.output import console
from watcher.cli.writing import audited
from watcher.errors import WatcherError
from watcher.words import listing


@click.command()
@click.argument(
    "products", metavar="PRODUCT...", nargs=-1, required=True, shell_complete=followed_ids
)
@options.files
def command(products: tuple[str, ...], files: options.Files) -> None:
    """Follow each PRODUCT no more: an id, or the address of its page.

    It is not read any more, and what fires on it because it was followed ends without a word. The
    exit code is 1 where one was not followed; the others are let go all the same.
    """
    ids = ids_of(products)
    with options.open_to_write(files.database) as opened:
        gone = audited(opened, files.now).unfollow(ids)
    wake(files.database)
    for each in gone:
        console().say(f"{each} is followed no more.")
    if missing := [each for each in ids if each not in gone]:
        raise WatcherError(
            f"not followed: {listing(missing)}; `watcher followed` shows those that are"
        )
