"""``watcher audit``: who wrote what, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import click

from watcher.cli import options
from watcher.cli.output import Printed, answer, as_json, console, prints
from watcher.cli.tables import Cell
from watcher.model import Instant
from watcher.people import AuditRecord, Via, WriteKind
from watcher.text.audit import changes, done
from watcher.units import format_instant

_KINDS = [each.value for each in WriteKind]


class PrintedRecord(Printed, frozen=True, kw_only=True):
    """One write: ``who`` is a person of the page, a target whose message had the link, or the user
    who gave the command; ``before`` and ``after`` are the values that it changed."""

    id: int
    at: Instant
    who: str
    via: Via
    what: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@click.command()
@options.files
@click.option("--who", metavar="NAME", help="Only what this one wrote.")
@click.option(
    "--what", type=click.Choice(_KINDS), metavar="KIND", help=f"Only this: {', '.join(_KINDS)}."
)
@click.option(
    "--since", type=options.MOMENT, metavar="TIME", help="Only from then on: 7d, or 2026-11-01."
)
@options.limit
@as_json
@prints(list[PrintedRecord])
def command(
    files: options.Files, who: str | None, what: str | None, since: str | None, limit: int
) -> None:
    """Show who wrote what, the newest first: people on the page, by the links of messages, and by
    commands. It is known for 400 days.

    \b
      watcher audit --since 7d
      watcher audit --who ann --what silence --json
    """
    first = files.moment(since)
    with files.open() as opened:
        found = opened.audit.list(who=who, what=what, since=first, limit=limit + 1)
    shown = found[:limit]
    answer(
        [PrintedRecord.of(each) for each in shown],
        lambda: _show(shown, files.zone, more=len(found) > limit, limit=limit),
    )


def _show(records: list[AuditRecord], zone: tzinfo, *, more: bool, limit: int) -> None:
    out = console()
    if not records:
        out.say("Nobody wrote anything of that.")
        return
    rows = [_row(each, zone) for each in records]
    out.table(
        ("When", "Who", "Via", "What", "Changed"), rows, names=("Who",), texts=("What", "Changed")
    )
    if more:
        out.say(f"There are more: --limit {10 * limit} shows some of them.")


def _row(record: AuditRecord, zone: tzinfo) -> tuple[Cell, ...]:
    changed = "; ".join(changes(record, zone))
    at = format_instant(record.at, zone)
    return (at, record.who, record.via.value, done(record), changed)
