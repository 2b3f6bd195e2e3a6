"""``watcher product``: what is known of one product, and its past with a plot."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from pathlib import Path

import click
import numpy as np
from rich.text import Text

from watcher.cli import options
from watcher.cli.alerts import alert_json, state_of, told
from watcher.cli.completers import metric_names, product_ids, regions
from watcher.cli.lookup import chosen_metrics, chosen_product
from watcher.cli.output import Output, console, plain, print_json, said, table
from watcher.cli.plot import plot
from watcher.errors import RulesError, WatcherError
from watcher.evaluation.series import Track, levels_of, merged, tracks_of
from watcher.export.text import csv_lines
from watcher.identity import product_page
from watcher.model import Floats, Instant, Ints, ProductFacts
from watcher.rules.metrics import RANK, Catalogue, Metric
from watcher.rules.rulebook import Watch
from watcher.store.ports import Store
from watcher.store.sql.alerts import AlertRow
from watcher.units import (
    DAY,
    NO_CURRENCIES,
    Currencies,
    at,
    format_instant,
    format_iso,
    format_since,
)

_ALERTS = 20  # shown at most
_DEFAULT = (
    "total_sale_7d_cnt",
    "total_sale_gmv_7d_amt",
    "spu_avg_price",
    "sales_trend_flag",
    "total_ifl_cnt",
    "creators_7d",
    "commission",
)


@dataclass(frozen=True, slots=True)
class _Past:
    """A product at ``now``: its tracks, their rows put together, its alerts; times in ``zone``."""

    now: Instant
    days: int
    zone: tzinfo
    product: ProductFacts
    tracks: Sequence[Track]
    at: Ints
    rows: Floats
    alerts: Sequence[AlertRow]
    gmv_currency: str | None = None


@click.command()
@click.argument("product", shell_complete=product_ids)
@click.option(
    "--region", shell_complete=regions, help="The product's market, where several have it."
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC",
    shell_complete=metric_names,
    help="Show and plot this.",
)
@options.days(30, "How far back to look.")
@options.rules
@options.database
@options.as_json
@click.option("--csv", "as_csv", is_flag=True, help="Print the values as CSV.")
def command(
    product: str,
    region: str | None,
    metrics: tuple[str, ...],
    days: int,
    rules: Path,
    database: Path,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show PRODUCT's values of the last days as they changed, a plot, and its alerts.

    PRODUCT is an id, or a part of a name that only one product has. The rule file is read for
    the time zone, metrics of your own, the rank in each of your watches, and api.gmv_currency.

    \b
      watcher product "face serum" --metric rank --days 90
    """
    if as_json and as_csv:
        raise click.UsageError("--json or --csv, not both")
    chosen, catalogue, watches, zone = _metrics(metrics, rules)
    with options.open_to_read(database) as opened, opened.snapshot():
        facts = chosen_product(opened, product, region.upper() if region else None)
        past = _past(opened, facts, chosen, watches, (options.now_of(database), days, zone))
    past = replace(past, gmv_currency=catalogue.gmv_currency)
    if as_json:
        print_json(_json(past))
    elif as_csv:
        _write_csv(past)
    else:
        _show(past, plotted=past.tracks if metrics else past.tracks[:1])


def _metrics(
    names: Sequence[str], rules: Path
) -> tuple[list[Metric], Catalogue, Sequence[Watch], tzinfo]:
    """The metrics of these names, all that there are, the watches, and the time zone.

    A rule file that is broken matters only where something of it is asked for.
    """
    catalogue = Catalogue()
    zone: tzinfo = UTC
    watches: Sequence[Watch] = ()
    wanted = tuple(dict.fromkeys(names)) or _DEFAULT
    if rules.exists():
        try:
            book = options.load_rules(rules)
        except RulesError:
            if any(name == RANK or catalogue.get(name) is None for name in wanted):
                raise
        else:
            catalogue, watches, zone = book.metrics, book.used_watches, book.zone
    return chosen_metrics(catalogue, wanted), catalogue, watches, zone


def _past(
    database: Store,
    product: ProductFacts,
    metrics: Sequence[Metric],
    watches: Sequence[Watch],
    when: tuple[Instant, int, tzinfo],
) -> _Past:
    now, days, zone = when
    since = now - days * DAY
    seen = product.observed_at
    if seen is None or seen < since:
        last = ""
        if seen:
            last = f"; last seen {format_instant(seen, zone)} ({format_since(seen, now)})"
        raise WatcherError(
            f"{product.product_id} ({plain(product.name)}): no scan saw it in the last {days} "
            f"days{last}; give more --days"
        )
    here = [watch for watch in watches if watch.query.region == product.region]
    tracks = tracks_of(database, product, metrics, here, since)
    if not any(len(track.at) for track in tracks):
        ranks = any(metric.name == RANK for metric in metrics)
        why = "no watch of the rule file has ranked it" if ranks else "none of its values are kept"
        raise WatcherError(f"{product.product_id} ({plain(product.name)}): {why}")
    instants, rows = merged(tracks)
    alerts = database.alerts.list(product=product.product, limit=_ALERTS)
    return _Past(now, days, zone, product, tracks, instants, rows, alerts)


def _show(past: _Past, plotted: Sequence[Track]) -> None:
    out = console()
    for line in _head(past):
        out.say(line)
    for track in plotted:
        span = "last day" if past.days == 1 else f"last {past.days} days"
        out.say(f"\n{plain(track.label)}, {span} ({past.zone})")
        drawn = "no values" if track.empty else _plot(track, out, past.zone)
        out.print(Text(drawn, no_wrap=True), soft_wrap=True)
    out.print()
    labels = [track.label for track in past.tracks]
    rows = [
        (format_instant(instant, past.zone)[:16], *_cells(past, row))
        for instant, row in _pairs(past)
    ]
    out.print(table((f"Time ({past.zone})", *labels), rows, numbers=labels))
    if past.alerts:
        out.print()
        columns = ("Alert", "Rule", "State", "Since", "Told")
        out.print(
            table(columns, [_alert(row, past) for row in past.alerts], texts=("Rule", "Told"))
        )
        if len(past.alerts) == _ALERTS:
            out.say(f"The newest {_ALERTS}.")


def _plot(track: Track, out: Output, zone: tzinfo) -> str:
    braille = out.encoding.startswith("utf")
    unit, levels = track.metric.unit, levels_of(track)
    if levels is not None:
        names = levels.names
        return plot(
            _walls(track.line, zone), levels.heights, unit, out.width, braille=braille, names=names
        )
    return plot(_walls(track.line, zone), track.values, unit, out.width, braille=braille)


def _walls(instants: Ints, zone: tzinfo) -> Ints:
    """What the zone's clock shows, as if it were UTC, which is what the plot labels."""
    walls = [at(instant, zone).replace(tzinfo=UTC).timestamp() for instant in instants.tolist()]
    return np.array(walls, np.int64)


def _head(past: _Past) -> list[str]:
    product, now = past.product, past.now
    seen = min(product.observed_at or product.first_seen, now)  # of a clock that was set back
    seller, category = product.seller_id or "unknown", product.category_id or "unknown"
    currencies = Currencies(product.currency, past.gmv_currency)
    facts = [
        f"{track.label} {_said(track, value, currencies)}"
        for track, value in zip(past.tracks, past.rows[-1].tolist(), strict=True)
    ]
    first, last = (format_instant(each, past.zone) for each in (min(product.first_seen, now), seen))
    times = f"first seen {first}, last {last}"
    lines = [
        f"{product.name} ({product.region} {product.product_id})",
        product_page(product.product_id),
        f"seller {seller}, category {category}",
        f"{times} ({format_since(seen, now)})",
        " · ".join(facts),
    ]
    return [plain(line) for line in lines]


def _cells(past: _Past, row: Sequence[float]) -> list[str]:
    return [_said(track, value) for track, value in zip(past.tracks, row, strict=True)]


def _said(track: Track, value: float, currencies: Currencies = NO_CURRENCIES) -> str:
    if math.isnan(value):
        return "-"
    return said(track.metric.name, value, track.metric.unit, currencies)


def _alert(row: AlertRow, past: _Past) -> tuple[str, ...]:
    alert = row.alert
    since = format_since(alert.since, past.now)
    return (
        alert.short_id,
        alert.rule,
        state_of(alert),
        since,
        ", ".join(told(row, past.now, past.zone)) or "not told",
    )


def _pairs(past: _Past) -> list[tuple[Instant, list[float]]]:
    return list(zip(past.at.tolist(), past.rows.tolist(), strict=True))


def _json(past: _Past) -> dict[str, object]:
    names = [track.name for track in past.tracks]
    return {
        "product": past.product,
        "gmv_currency": past.gmv_currency,
        "metrics": [
            {"name": track.name, "label": track.label, "unit": track.metric.unit}
            for track in past.tracks
        ],
        "rows": [
            {"at": instant, "values": dict(zip(names, map(_number, row), strict=True))}
            for instant, row in _pairs(past)
        ],
        "alerts": [alert_json(row) for row in past.alerts],
    }


def _write_csv(past: _Past) -> None:
    """Times as ISO 8601 in UTC; no value is an empty cell."""
    rows: list[list[object]] = [["time", *(track.name for track in past.tracks)]]
    rows += [[format_iso(instant), *map(_number, row)] for instant, row in _pairs(past)]
    sys.stdout.buffer.write(csv_lines(rows))


def _number(value: float) -> float | None:
    """None for no value; a whole number without decimals."""
    if math.isnan(value):
        return None
    return int(value) if value == int(value) else value
