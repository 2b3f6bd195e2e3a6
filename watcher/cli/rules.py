"""``watcher rules``: the rule files of a book on a server, pushed and looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from watcher.cli import options
from watcher.cli.category_lookup import lookup_in
from watcher.cli.output import Printed, answer, as_json, console, prints
from watcher.cli.page_rules import page_in
from watcher.cli.rule_folder import FileChange, RuleFolder, changes, compared
from watcher.cli.rules_page import page
from watcher.cli.server_options import book_of_server, opened, pusher
from watcher.errors import Problem, WatcherError
from watcher.model import Instant
from watcher.store.control import Control, Raced, Revision, described
from watcher.store.places import Server, shown
from watcher.units import count_of, format_bytes, format_since

_SHORT = 12  # digits of a digest that are shown, and taken
_comment = click.option(
    "--comment", default="", show_default=False, help="Why, for whoever looks later."
)
_by = options.variable("--by", metavar="NAME", help="Who pushes; else USER@HOST.")


class PrintedRevision(Printed, frozen=True, kw_only=True):
    """A revision with its ``files`` by name."""

    book: str
    number: int
    digest: str
    pushed: Instant
    by: str
    comment: str
    files: Mapping[str, str]


class PrintedInForce(Printed, frozen=True, kw_only=True):
    """The revision that a book has now: ``new``, or the one that it had."""

    book: str
    number: int
    digest: str
    pushed: Instant
    by: str
    comment: str
    new: bool
    changes: Sequence[FileChange]


class PrintedPush(PrintedInForce, frozen=True, kw_only=True):
    """The revision that a book has after a push; ``unset`` are the variables that are not set
    here."""

    unset: Sequence[str]
    warnings: Sequence[Problem]


@click.group()
def command() -> None:
    """Push rule files to a book on a server; show, compare or roll back what was pushed; show the
    rules that were written in the page."""


command.add_command(page)


@command.command("push")
@book_of_server
@click.argument("folder", type=options.PATH)
@_comment
@_by
@click.option("--expect", metavar="DIGEST", help="Follow these rules, which FOLDER has not seen.")
@click.option("--force", is_flag=True, help="Follow whatever rules the book has.")
@as_json
@prints(PrintedPush)
def push(
    place: Server, folder: Path, comment: str, by: str | None, expect: str | None, *, force: bool
) -> None:
    """Make the *.yaml, *.csv and *.txt files in FOLDER the rules of a book; daemons load them.

    A book that is not there is made. Broken rules are refused; a ${NAME} need not be set here.
    Rules that somebody else pushed are not replaced unseen: FOLDER must have been pushed or written
    (`watcher rules show --to`) since, which it keeps in .watcher-seen.json, or --expect names them.
    Who says who pushes (--by, as a CI does) may follow whatever that name pushed last.

    \b
      watcher rules push rules/ --book shops --comment "less noise"
      watcher rules push rules/ --book shops --by ci
    """
    source = RuleFolder.existing(folder)
    files = source.read()
    warnings, unset = _checked(source, files, place)
    with opened(place.url) as control:
        is_new = place.book not in control.books.names()
        if is_new:
            control.books.create(place.book)
        newest = control.books.current(place.book)
        old = control.books.files(place.book, newest.number) if newest else {}
        if newest and old != files and not force:
            _refuse_unseen(newest, source, by, expect)
        made = control.books.push(
            place.book, files, expected=newest.digest if newest else None,
            by=by or pusher(), comment=comment,
        )  # fmt: skip
        held = {each.book for each in control.leases.all() if each.held}
    source.note(place.book, made.digest)
    changed = changes(old, files)
    found = PrintedPush.of(
        made, new=made != newest, changes=changed, unset=unset, warnings=warnings
    )

    def show() -> None:
        name = f"{place}{' (new)' if is_new else ''}"
        head = f"{name}: revision {made.number}, {made.digest[:_SHORT]}."
        _show_made(place, made, newest, head, changed, _told(place.book in held))
        if unset:
            names = ", ".join(unset)
            console().say(f"Not set here; daemons that run the book need them: {names}.")
        for each in warnings:
            console(stderr=True).say(f"warning: {each}")

    answer(found, show)


def _told(held: bool) -> str:
    if held:
        return "The daemon that holds the book loads them now."
    return "No daemon runs the book now; the next one that does begins with them."


def _checked(
    source: RuleFolder, files: Mapping[str, bytes], place: Server
) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """Warnings, and names that are not set here; raises ``RulesError``."""
    from watcher.rules.files.push_check import refuse_broken  # noqa: PLC0415 - pydantic
    from watcher.store.control import refuse_files  # noqa: PLC0415

    refuse_files(files)
    # Of a book that is not there yet no names of categories are known: its daemon asks for them.
    names = lambda: lookup_in(place, lenient=True)  # noqa: E731
    return refuse_broken(source.name, files, os.environ, names, page_in(place))


def _refuse_unseen(
    newest: Revision, source: RuleFolder, by: str | None, expect: str | None
) -> None:
    """Raise ``Raced`` where the newest rules are not known to who pushes."""
    if expect is not None:
        if len(expect) >= _SHORT and newest.digest.startswith(expect.lower()):
            return
        words = f"which are not those that --expect names ({expect})"
    elif newest.digest == source.seen(newest.book) or (by is not None and newest.by == by):
        return
    else:
        words = f"which {source.path} has not seen"
    raise Raced(
        f"the book {newest.book} has {described(newest)}, {words}; nothing was pushed. Look at "
        f"them: `watcher rules diff {source.path} --book {newest.book}`; to push all the same "
        f"add --expect {newest.digest[:_SHORT]}",
        newest.book,
    )


@command.command("diff")
@book_of_server
@click.argument("folder", type=options.PATH, required=False)
@click.option("--revision", type=click.IntRange(1), help="Not the newest, but this one.")
def diff(place: Server, folder: Path | None, revision: int | None) -> None:
    """Show what a push of FOLDER would change; without FOLDER, what the newest revision did."""
    with opened(place.url, readonly=True) as control:
        made = _revision(control, place, revision)
        files = control.books.files(place.book, made.number)
        if folder is None:
            number = made.number - 1
            old = control.books.files(place.book, number) if number else {}
            lines = list(compared(old, files, f"revision {number}", f"revision {made.number}"))
            nothing = f"Revision {made.number} changed nothing."
        else:
            source = RuleFolder.existing(folder)
            lines = list(compared(files, source.read(), f"revision {made.number}", source.name))
            nothing = f"{folder} has the rules of {described(made)}."
    out = console()
    if not lines:
        out.say(nothing)
        return
    out.say(f"R{described(made)[1:]}:" if folder is None else f"From {described(made)}:")
    for line in lines:
        out.say(line, _style(line))


def _style(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")


@command.command("history")
@book_of_server
@options.limit
@as_json
@prints(list[Revision])
def history(place: Server, limit: int) -> None:
    """List the revisions of a book's rules, the newest first."""
    with opened(place.url, readonly=True) as control:
        revisions = control.books.history(place.book)[:limit]
        now = int(control.now())
    answer([*revisions], lambda: _list(place, revisions, now))


def _list(place: Server, revisions: Sequence[Revision], now: Instant) -> None:
    if not revisions:
        console().say(f"{place}: no rules were pushed yet.")
        return
    rows = [
        (str(each.number), each.digest[:12], format_since(each.pushed, now), each.by, each.comment)
        for each in revisions
    ]
    columns = ("Number", "Digest", "Pushed", "By", "Comment")
    console().table(columns, rows, numbers=("Number",), names=("By",), texts=("Comment",))


@command.command("rollback")
@book_of_server
@click.argument("number", type=click.IntRange(1))
@_comment
@_by
@as_json
@prints(PrintedInForce)
def rollback(place: Server, number: int, comment: str, by: str | None) -> None:
    """Make the rules of revision NUMBER the newest ones again; daemons load them."""
    with opened(place.url) as control:
        newest = _revision(control, place, None)
        files = control.books.files(place.book, number)
        old = control.books.files(place.book, newest.number)
        made = control.books.push(
            place.book, files, expected=newest.digest, by=by or pusher(),
            comment=comment or f"back to revision {number}",
        )  # fmt: skip
    changed = changes(old, files)
    head = f"{place}: revision {made.number} has the rules of revision {number} again."
    answer(
        PrintedInForce.of(made, new=made != newest, changes=changed),
        lambda: _show_made(place, made, newest, head, changed),
    )


def _show_made(
    place: Server, made: Revision, newest: Revision | None, head: str,
    changed: Sequence[FileChange], end: str = "",
) -> None:  # fmt: skip
    """Say what was made, unless the book had these rules already."""
    if made == newest:
        console().say(f"{place}: these are its rules already, {described(made)}.")
        return
    console().say(head)
    _show_changes(changed)
    if end:
        console().say(end)


@command.command("show")
@book_of_server
@click.argument("number", type=click.IntRange(1), required=False)
@click.option("--to", "folder", type=options.PATH, help="Write the files into this folder.")
@click.option("--force", is_flag=True, help="Replace what differs in that folder.")
@as_json
@prints(PrintedRevision)
def show(place: Server, number: int | None, folder: Path | None, *, force: bool) -> None:
    """Show the rule files of revision NUMBER, or of the newest, or write them into a folder."""
    with opened(place.url, readonly=True) as control:
        made = _revision(control, place, number)
        files = control.books.files(place.book, made.number)
    if folder is not None:
        target = RuleFolder(folder)
        target.write(files, force=force)
        target.note(place.book, made.digest)
        console().say(f"{folder}: {count_of(len(files), 'file')} of {described(made)}.")
        return
    texts = {name: content.decode(errors="replace") for name, content in files.items()}
    answer(PrintedRevision.of(made, files=texts), lambda: _print(made, files, texts))


def _print(made: Revision, files: Mapping[str, bytes], texts: Mapping[str, str]) -> None:
    out = console()
    out.say(f"# {described(made)}", "bold")
    for name, text in texts.items():
        out.say(f"\n# ---- {name} ({format_bytes(len(files[name]))})", "bold")
        out.say(text.rstrip("\n"))


def _revision(control: Control, place: Server, number: int | None) -> Revision:
    """A revision of the book, or the newest; raises ``WatcherError``."""
    found = control.books.history(place.book)
    made = next((each for each in found if number in (None, each.number)), None)
    if made is None:
        what = "no rules yet" if number is None else f"no revision {number}"
        raise WatcherError(
            f"{shown(place.url)}: the book {place.book} has {what}; `watcher rules history --book "
            f"{place.book}` shows what was pushed"
        )
    return made


def _show_changes(changed: Sequence[FileChange]) -> None:
    rows = [
        (each.file, each.state, _amount("+", each.added), _amount("-", each.removed))
        for each in changed
    ]
    console().table(
        ("File", "Change", "Lines", "Gone"), rows, numbers=("Lines", "Gone"), names=("File",)
    )


def _amount(sign: str, lines: int | None) -> str:
    return f"{sign}{lines:,}" if lines else ""
