"""``watcher silence``: what nobody wants to hear of for a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click
from msgspec import UNSET, UnsetType

from watcher.cli import options
from watcher.cli.completion import category_names, product_ids, rule_names, seller_names
from watcher.cli.lookup import chosen_category, chosen_seller, sellers_of
from watcher.cli.output import Printed, as_json, console, json_wanted, print_json, prints
from watcher.cli.writing import audited
from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.store.ports import Store
from watcher.store.sql.silences import LONGEST, Silence
from watcher.units import DAY, format_ago, format_instant, format_since


class PrintedSilence(Printed, frozen=True, kw_only=True):
    """A silence; ``seller`` and ``category`` are the names of those that are meant by an id. What
    has no end has no ``ends``."""

    id: int
    begins: Instant
    ends: Instant | None
    comment: str
    on: bool
    patterns: dict[str, str]
    seller: str | UnsetType = UNSET
    category: str | UnsetType = UNSET


@click.group()
def command() -> None:
    """Hold back what is told of some rules or products, for a while."""


@command.command("add")
@options.files
@click.option("--rule", metavar="PATTERN", shell_complete=rule_names, help="Of rules of this name.")
@click.option(
    "--product", metavar="PATTERN", shell_complete=product_ids, help="Of this product's id or name."
)
@click.option(
    "--seller", metavar="PATTERN", shell_complete=seller_names,
    help="Of products of this seller's id, or of its name in sellers:.",
)  # fmt: skip
@click.option(
    "--category", metavar="PATTERN", shell_complete=category_names,
    help="Of products in the category of this id, or name.",
)  # fmt: skip
@click.option("--for", "duration", type=options.DURATION, required=True, help="How long, as 2d.")
@click.option("--comment", default="", show_default=False, help="Why, for whoever looks later.")
def add(files: options.Files, duration: int, comment: str, **patterns: str | None) -> None:
    """Silence what matches all the patterns given (as in the shell: *serum*, 7495?).

    What still fires when the silence ends is told then. It ends within 90 days; the channels of
    what it covers hear of that a day before.

    \b
      watcher silence add --rule 'beauty-*' --for 2d --comment "sale week"
    """
    given = {name: pattern for name, pattern in patterns.items() if pattern}
    if not given:
        raise click.UsageError("give at least one of --rule, --product, --seller, --category")
    if duration <= 0:
        raise click.UsageError("--for must be longer than 0")
    if duration > LONGEST:
        most = f"--for is at most {LONGEST // DAY}d"
        raise click.UsageError(f"{most}: what is silenced for longer is forgotten")
    sellers = sellers_of(files)
    if "seller" in given:
        given["seller"] = chosen_seller(sellers, given["seller"])
    now = files.now
    over, why = now + duration, comment.strip()
    with options.open_to_write(files.database) as opened:
        if "category" in given:
            given["category"] = chosen_category(opened, given["category"])
        silence = audited(opened, now).silence(ends=over, comment=why, **given)
        names = _names(opened, [silence], sellers)
    until = format_instant(silence.ends, files.zone)
    console().say(
        f"Silence {silence.id} of {silence.in_words(names)} until {until}; "
        f"`watcher silence end {silence.id}` ends it sooner."
    )


@command.command("list")
@options.files
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
@as_json
@prints(list[PrintedSilence])
def list_(files: options.Files, *, everything: bool) -> None:
    """List the silences, the newest first."""
    now, sellers = files.now, sellers_of(files)
    with files.open() as opened:
        silences = [each for each in opened.silences.list() if everything or each.ends > now]
        names = _names(opened, silences, sellers)
    if json_wanted():
        print_json([_json(each, now, names) for each in silences])
    elif not silences:
        over = "" if everything else " now; --all shows those that are over"
        console().say(f"No silences{over}.")
    else:
        columns = ("Id", "Of", "Begins", "Ends", "Comment")
        rows = [_row(each, now, names) for each in silences]
        console().table(columns, rows, numbers=("Id",), texts=("Of", "Comment"))


def _names(
    database: Store, silences: Sequence[Silence], sellers: Mapping[str, str]
) -> Mapping[str, str]:
    """Names of the sellers and categories that they are of, by id."""
    return {**database.categories.names(each.category for each in silences), **sellers}


def _json(silence: Silence, now: Instant, names: Mapping[str, str]) -> PrintedSilence:
    return PrintedSilence.of(
        silence,
        ends=silence.until,
        on=silence.is_on(now),
        patterns=dict(silence.patterns),
        seller=names.get(silence.seller or "", UNSET),
        category=names.get(silence.category or "", UNSET),
    )


def _row(silence: Silence, now: Instant, names: Mapping[str, str]) -> tuple[str, ...]:
    begins = format_since(silence.begins, now)
    ends = "never" if silence.until is None else format_ago(silence.until, now)
    return (str(silence.id), silence.in_words(names), begins, ends, silence.comment)


@command.command("end")
@options.files
@click.argument("number", metavar="ID", type=click.IntRange(1))
def end(files: options.Files, number: int) -> None:
    """End silence ID now; what it held and still fires is told."""
    with options.open_to_write(files.database) as opened:
        silence = opened.silences.get(number)
        if silence is None:
            raise WatcherError(f"no silence {number}; `watcher silence list` shows them")
        names = _names(opened, [silence], sellers_of(files))
        if not audited(opened, files.now).end_silence(number):
            over = format_instant(silence.ends, files.zone)
            raise WatcherError(f"silence {number} is over since {over}")
    console().say(f"Silence {number} of {silence.in_words(names)} is over.")
