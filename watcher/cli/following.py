"""The list ``followed``, as the commands about it have it in common."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.cli import options
from watcher.cli.servers import control_of
from watcher.errors import StoreError, WatcherError
from watcher.rules.rulebook import Rulebook, Watch
from watcher.source.addresses import PRODUCT, id_of
from watcher.source.endpoints import PRODUCT_DETAIL
from watcher.store.places import Place, Server
from watcher.text.sanitize import plain
from watcher.units import count_of
from watcher.words import Wrong


def ids_of(products: Sequence[str]) -> list[str]:
    """The ids that are meant, each once; raises ``WatcherError`` with all that is wrong."""
    found, wrong = dict[str, None](), list[str]()
    for each in products:
        try:
            found[id_of(each, PRODUCT)] = None
        except Wrong as error:
            wrong.append(plain(str(error)))
    if wrong:
        raise WatcherError("\n".join(wrong))
    return [*found]


def wake(place: Place) -> None:
    """Have the daemon of a book look now; that of a file looks by itself, every few seconds."""
    if isinstance(place, Server):
        control_of(place.url).tell("wake", place.book)


def readers_of(book: Rulebook) -> list[Watch]:
    """The watches that read what is followed, and that some rule uses."""
    return [watch for watch in book.used_watches if watch.query.followed]


def unread(files: options.Files) -> str:
    """The reason why nobody reads what is followed, with what to write; empty where it is read."""
    try:
        book = files.book
    except StoreError:
        raise
    except WatcherError:
        return f"The rules can't be read: `watcher check` says why ({files.named})."
    if readers_of(book):
        return ""
    line = "followed: {products: followed}"
    named = [watch.name for watch in book.watches if watch.query.followed]
    if named:
        return (
            f'No rule uses the watch "{named[0]}", so what is followed is not read: give a rule '
            f"watch: {named[0]} in {files.named}."
        )
    return (
        f"No watch reads what is followed. Write under watches: in {files.named}\n"
        f"  {line}\n"
        "and give a rule watch: followed."
    )


def reading(watches: Sequence[Watch], count: int) -> str:
    """Say when the followed products are read, and what it costs."""
    credits_ = count_of(-(-count // PRODUCT_DETAIL.page_size), "credit")
    by = ", ".join(f"{watch.name} ({watch.schedule})" for watch in watches)
    return f"Followed are {count_of(count, 'product')}: {credits_} a scan of {by}."
