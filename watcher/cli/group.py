"""``watcher product seller_id=...``: what is known of a group of products, and its past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from watcher.analysis.groups import SHOWN, GroupHistory, GroupMember, group_history
from watcher.cli import options
from watcher.cli.alerts import PrintedAlert
from watcher.cli.lookup import chosen_product, chosen_tracks
from watcher.cli.output import Output, Printed, console, json_wanted, print_json, said
from watcher.cli.plotting import (
    ALERTS,
    PrintedRow,
    PrintedTrack,
    alerts_json,
    print_csv,
    rows_json,
    show_alerts,
    show_plot,
    show_values,
    tracks_json,
)
from watcher.evaluation.names import names_in, subject_name
from watcher.evaluation.series import Track, merged
from watcher.fields import BY_NAME
from watcher.model import Instant, ProductFacts
from watcher.store.records import AlertRow
from watcher.subjects import subject_parts
from watcher.text.sanitize import plain
from watcher.units import DAY, Currencies, count_of, format_since


@dataclass(frozen=True, slots=True)
class _Shown:
    """A group at ``now``, with the figures that are asked for; times in ``zone``."""

    now: Instant
    zone: tzinfo
    days: int
    facts: ProductFacts
    name: str
    past: GroupHistory
    tracks: Sequence[Track]
    alerts: Sequence[AlertRow]
    names: Mapping[str, str]
    gmv_currency: str | None

    @property
    def rows(self) -> list[tuple[Instant, list[float]]]:
        """Each time at which a figure changed, with the value of each from then on."""
        if not self.tracks:
            return []
        at, values = merged(self.tracks)
        return list(zip(at.tolist(), values.tolist(), strict=True))


def show_group(
    files: options.Files, wanted: tuple[str, str | None], figures: Sequence[str], days: int,
    *, csv: str | None,
) -> None:  # fmt: skip
    """Print a group, ``wanted`` by id and region: its ``figures``, or all of them; as CSV with this
    decimal sign."""
    shown = _read(files, wanted, figures, days)
    if json_wanted():
        print_json(_json(shown))
    elif csv is not None:
        print_csv(shown.tracks, shown.rows, csv)
    else:
        _show(shown, shown.tracks if figures else shown.tracks[:1])


def _read(
    files: options.Files, wanted: tuple[str, str | None], figures: Sequence[str], days: int
) -> _Shown:
    book, now = files.book, files.now
    with files.open() as database, database.snapshot():
        facts = chosen_product(database, *wanted)
        past = group_history(database, book, facts, now - days * DAY)
        names = names_in(database.history, book.sellers, (), facts.product_id)
        alerts = database.alerts.list(product=facts.product, limit=ALERTS)
    return _Shown(
        now=now,
        zone=files.zone,
        days=days,
        facts=facts,
        name=subject_name(facts.product_id, facts.name, names),
        past=past,
        tracks=chosen_tracks(past.tracks, figures),
        alerts=alerts,
        names=names,
        gmv_currency=book.metrics.gmv_currency,
    )


def _show(shown: _Shown, plotted: Sequence[Track]) -> None:
    out, facts = console(), shown.facts
    out.say(plain(f"{shown.name} ({facts.region} {facts.product_id})"))
    for group in shown.past.groups:
        out.say(plain(f"one of {group.said} ({group.name})"))
    for each in shown.past.lists:
        when = format_since(each.at, shown.now)
        out.say(plain(f"{count_of(each.size, 'product')} on {each.watch}, {when}"))
    if not shown.past.groups:
        out.say("no rule of the rule file speaks of such a group now")
    for track in plotted:
        show_plot(out, track, shown.days, shown.zone)
    _show_values(out, shown)
    _show_members(out, shown)
    if shown.alerts:
        show_alerts(out, shown.alerts, shown.now, shown.zone)


def _show_values(out: Output, shown: _Shown) -> None:
    if not shown.tracks:
        out.say(f"no figure of it is kept of the last {count_of(shown.days, 'day')}")
        return
    show_values(out, shown.tracks, shown.rows, shown.zone)


def _show_members(out: Output, shown: _Shown) -> None:
    labels = [BY_NAME[name].label for name in SHOWN]
    currencies = Currencies(None, shown.gmv_currency)
    for each in shown.past.lists:
        rows = [
            (
                (member.name, f"{member.region} {member.product_id}"),
                *(
                    said(name, value, BY_NAME[name].unit, currencies) if value is not None else "-"
                    for name, value in member.values.items()
                ),
            )
            for member in each.members
        ]
        heads = (f"Products on {each.watch}", *labels)
        out.table(heads, rows, apart=True, names=heads[:1], numbers=labels)
        if each.size > len(rows):
            out.say(f"The {len(rows)} with the most of {each.size:,}.")


def _json(shown: _Shown) -> PrintedGroupPast:
    by, value = subject_parts(shown.facts.product_id) or ("", "")
    return PrintedGroupPast(
        group=PrintedGroup.of(
            shown.facts,
            id=shown.facts.product_id,
            name=shown.name,
            by=by,
            value=value,
            groups=[each.name for each in shown.past.groups],
        ),
        gmv_currency=shown.gmv_currency,
        figures=tracks_json(shown.tracks),
        rows=rows_json(shown.tracks, shown.rows),
        lists=[PrintedGroupList.of(each, products=each.members) for each in shown.past.lists],
        alerts=alerts_json(shown.alerts),
    )


class PrintedGroup(Printed, frozen=True, kw_only=True):
    """A group of products: ``groups`` of the rule file that speak of it."""

    id: str
    region: str
    name: str
    by: str
    value: str
    groups: list[str]
    first_seen: Instant


class PrintedGroupList(Printed, frozen=True, kw_only=True):
    """A list's newest scan, and the products of the group on it."""

    watch: str
    at: Instant
    size: int
    products: tuple[GroupMember, ...]


class PrintedGroupPast(Printed, frozen=True, kw_only=True):
    """A group's figures as they changed, its newest products, and its alerts."""

    group: PrintedGroup
    gmv_currency: str | None
    figures: list[PrintedTrack]
    rows: list[PrintedRow]
    lists: list[PrintedGroupList]
    alerts: list[PrintedAlert]
