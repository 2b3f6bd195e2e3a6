"""``watcher rules page``: the rules that were written in the page, and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watcher.cli import options
from watcher.cli.output import Printed, answer, as_json, console, prints
from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.page_text import PAGE_FILE
from watcher.store.places import Place
from watcher.units import format_bytes, format_since

if TYPE_CHECKING:
    from watcher.store.ports import Store
    from watcher.store.sql.page_rules import PageVersion

_NOTHING = "nothing was written in the page yet"


class PrintedVersion(Printed, frozen=True, kw_only=True):
    """A version of the page's rules: by whom it was saved, and of which older one it is a copy."""

    number: int
    at: Instant
    who: str
    restores: int | None
    size: int
    digest: str


class PrintedPage(Printed, frozen=True, kw_only=True):
    """The ``text`` of a version; 0 is that of before there was any."""

    number: int
    text: str


@click.command("page")
@options.database
@click.option("--version", "number", type=click.IntRange(1), help="Not the one in force, but this.")
@click.option("--history", is_flag=True, help="List the versions, the newest first.")
@options.limit
@click.option("--export", "target", type=options.PATH, metavar="FILE", help="Write it into FILE.")
@click.option("--force", is_flag=True, help="Replace FILE.")
@as_json
@prints(PrintedPage, list[PrintedVersion])
def page(
    database: Place, number: int | None, limit: int, target: Path | None, *, history: bool,
    force: bool,
) -> None:  # fmt: skip
    """Show the rules that were written in the page (page.yaml), or write them into a file.

    They are in force beside your rule files, and every command reads them with these. To make them
    files of your own, write them into one and empty the text in the page.

    \b
      watcher rules page --export more-rules.yaml
    """
    with options.open_to_read(database) as opened:
        if history:
            _list(opened, limit, options.now_of(database))
            return
        found = _text(opened, database, number)
    if target is None:
        answer(found, lambda: click.echo(_shown(found), nl=False))
        return
    if not found.number:
        raise WatcherError(f"{database}: {_NOTHING}: {target} was not written")
    _write(target, found.text, force=force)
    console().say(f"{target}: {PAGE_FILE}, version {found.number}.")


def _shown(found: PrintedPage) -> str:
    """The text as it can be read by who runs the command, and by YAML."""
    if not found.number:
        return f"# {PAGE_FILE}: {_NOTHING}.\n"
    return f"# {PAGE_FILE}, version {found.number}\n{found.text}"


def _text(opened: Store, place: Place, number: int | None) -> PrintedPage:
    if number is None:
        current = opened.page_rules.current()
        return PrintedPage(number=current.number, text=current.text)
    text = opened.page_rules.text(number)
    if text is None:
        raise WatcherError(
            f"{place}: there is no version {number} of {PAGE_FILE}; `watcher rules page --history` "
            "shows them"
        )
    return PrintedPage(number=number, text=text)


def _write(target: Path, text: str, *, force: bool) -> None:
    try:
        with target.open("w" if force else "x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except FileExistsError:
        raise WatcherError(f"{target}: it is there already; --force replaces it") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise WatcherError(f"{target}: can't be written: {why}") from error


def _list(opened: Store, limit: int, now: Instant) -> None:
    found = opened.page_rules.versions(limit=limit)
    rows = [PrintedVersion.of(each) for each in found]
    answer(rows, lambda: _show(found, now))


def _show(found: Sequence[PageVersion], now: Instant) -> None:
    if not found:
        console().say(f"{_NOTHING.capitalize()}.")
        return
    columns = ("Version", "Saved", "By", "Size", "What")
    rows = [
        (
            str(each.number), format_since(each.at, now), each.who, format_bytes(each.size),
            f"version {each.restores} again" if each.restores is not None else "",
        )
        for each in found
    ]  # fmt: skip
    console().table(columns, rows, numbers=("Version", "Size"), names=("By",), texts=("What",))
