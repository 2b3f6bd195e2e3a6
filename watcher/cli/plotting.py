"""A plot of steps and the alerts of a product or a group, as `watcher product` shows them."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from typing import TypeAlias

import numpy as np
from rich.text import Text
from uniplot import plot_to_string

from watcher.charts.scale import level_axis, value_axis
from watcher.cli.alerts import PrintedAlert, alert_cells, alert_json
from watcher.cli.output import Output, Printed, said
from watcher.evaluation.series import Track, heights_of, number
from watcher.export.formats import iso
from watcher.model import Floats, Instant, Ints
from watcher.store.records import AlertRow
from watcher.text.sanitize import plain
from watcher.text.spreadsheets import BOM, csv_lines, no_formula
from watcher.units import NO_CURRENCIES, Currencies, Unit, at, format_instant

# Each time with its values, one of each track.
Rows: TypeAlias = Iterable[tuple[Instant, Sequence[float]]]

ALERTS = 20  # shown at most
_WIDTH = 80  # of a plot, at most
_HEIGHT = 13  # of the usual axes, of three to seven ticks, each stands in a row's middle


def show_alerts(out: Output, rows: Sequence[AlertRow], now: Instant, zone: tzinfo) -> None:
    """Print alerts of one subject in a table."""
    columns = ("Alert", "Rule", "State", "Since", "Told")
    alerts = [alert_cells(row, now, zone) for row in rows]
    out.table(columns, alerts, apart=True, texts=("Rule", "Told"))
    if len(rows) == ALERTS:
        out.say(f"The newest {ALERTS}.")


def alerts_json(rows: Sequence[AlertRow]) -> list[PrintedAlert]:
    """Alerts of one subject for programs."""
    return [*map(alert_json, rows)]


def show_values(out: Output, tracks: Sequence[Track], rows: Rows, zone: tzinfo) -> None:
    """Print the values of tracks from each time on in a table."""
    labels = [track.label for track in tracks]
    lines = [
        (format_instant(instant, zone)[:16], *map(said_of, tracks, values))
        for instant, values in rows
    ]
    out.table((f"Time ({zone})", *labels), lines, apart=True, numbers=labels)


def said_of(track: Track, value: float, currencies: Currencies = NO_CURRENCIES) -> str:
    """A track's value with its unit; a dash where it has none."""
    if math.isnan(value):
        return "-"
    return said(track.metric.name, value, track.metric.unit, currencies)


class PrintedTrack(Printed, frozen=True, kw_only=True):
    """The name of a metric or a figure in rows, and its unit."""

    name: str
    label: str
    unit: Unit


class PrintedRow(Printed, frozen=True, kw_only=True):
    """The values from a time on, by name."""

    at: Instant
    values: dict[str, int | float | None]


def tracks_json(tracks: Sequence[Track]) -> list[PrintedTrack]:
    """The names of tracks for programs."""
    return [PrintedTrack.of(each, unit=each.metric.unit) for each in tracks]


def rows_json(tracks: Sequence[Track], rows: Rows) -> list[PrintedRow]:
    """Their values from each time on."""
    names = [track.name for track in tracks]
    return [
        PrintedRow(at=instant, values=dict(zip(names, map(number, values), strict=True)))
        for instant, values in rows
    ]


def print_csv(tracks: Sequence[Track], rows: Rows, decimal: str) -> None:
    """Print the values of tracks from each time on: times as ISO 8601 in UTC, no value is an empty
    cell; with a ``decimal`` comma for a spreadsheet that has one."""
    lines: list[list[object]] = [["time", *(no_formula(track.name) for track in tracks)]]
    lines += [[iso(instant), *map(number, values)] for instant, values in rows]
    comma = decimal == "comma"
    sys.stdout.buffer.write((BOM if comma else b"") + csv_lines(lines, comma=comma))


def show_plot(out: Output, track: Track, days: int, zone: tzinfo) -> None:
    """Print a track's plot below its name."""
    span = "last day" if days == 1 else f"last {days} days"
    out.say(f"\n{plain(track.label)}, {span} ({zone})")
    drawn = "no values" if track.empty else _plot(track, out, zone)
    out.print(Text(drawn, no_wrap=True), soft_wrap=True)


def _plot(track: Track, out: Output, zone: tzinfo) -> str:
    # Walls: what the zone's clock shows, as if it were UTC, which is what the plot labels.
    walls = [at(each, zone).replace(tzinfo=UTC).timestamp() for each in track.line.tolist()]
    (heights, names), braille = heights_of(track), out.encoding.startswith("utf")
    instants, unit = np.array(walls, np.int64), track.metric.unit
    return plot(instants, heights, unit, out.width, braille=braille, names=names)


def plot(
    at: Ints, values: Floats, unit: Unit, width: int = _WIDTH, *,
    braille: bool = True, names: Sequence[str] = (),
) -> str:  # fmt: skip
    """Values (m,) in steps, each from its instant (m,; UTC) until the next; NaN leaves a gap. Some
    value must be there. Of places the first is at the top; ``names`` are those of the values 0, 1,
    2 ..., where these are levels. Lines are at most ``width`` (and 80) characters long."""
    axis = level_axis(names) if names else value_axis(values[np.isfinite(values)].tolist(), unit)
    last, half = _HEIGHT - 1, 0.5 / (_HEIGHT - 1)  # an axis ends in the middle of the outer rows
    drawn: str = plot_to_string(
        xs=np.repeat(at, 2)[1:].astype("datetime64[s]"),
        ys=np.repeat(axis.places(values), 2)[:-1],
        lines=True,
        color=False,
        character_set="braille" if braille else "ascii",
        width=_WIDTH,
        height=_HEIGHT,
        line_length_hard_cap=min(width, _WIDTH) - 1 - max(len(label) for _, label in axis.ticks),
        y_gridlines=[],  # one at 0 would be taken for values in a gap
        y_labels=False,
        y_min=-half,
        y_max=1 + half,
    )
    # The first line is the frame's.
    labels = {_HEIGHT - round(axis.place(value) * last): f" {label}" for value, label in axis.ticks}
    lines = enumerate(drawn.splitlines())
    return "\n".join(f"{line.rstrip()}{labels.get(row, '')}" for row, line in lines)
