"""``watcher product``: what is known of one product, and its past with a plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import click
from msgspec import UNSET, UnsetType

from watcher.cli import options
from watcher.cli.alerts import PrintedAlert
from watcher.cli.completion import metric_names, product_ids, regions
from watcher.cli.group import PrintedGroupPast, show_group
from watcher.cli.lookup import categories_said, chosen_metrics, chosen_product, is_group, with_name
from watcher.cli.output import Output, Printed, as_json, console, json_wanted, print_json, prints
from watcher.cli.plotting import (
    ALERTS,
    PrintedRow,
    PrintedTrack,
    alerts_json,
    print_csv,
    rows_json,
    said_of,
    show_alerts,
    show_plot,
    show_values,
    tracks_json,
)
from watcher.errors import WatcherError
from watcher.evaluation.series import Track, merged, tracks_of
from watcher.identity import product_page
from watcher.model import Floats, Instant, Ints, ProductFacts
from watcher.rules.metrics import RANK, Catalogue
from watcher.store.records import AlertRow, TextChange
from watcher.text.sanitize import plain
from watcher.units import (
    DAY,
    Currencies,
    Unit,
    format_instant,
    format_since,
    format_value,
)

_TEXTS = 20  # changes of texts
_DEFAULT = (
    "total_sale_7d_cnt total_sale_gmv_7d_amt spu_avg_price sales_trend_flag total_ifl_cnt "
    "creators_7d commission"
).split()


@dataclass(frozen=True, slots=True)
class _Past:
    """A product at ``now``: its tracks, their rows put together, its alerts; times in ``zone``."""

    now: Instant
    days: int
    zone: tzinfo
    gmv_currency: str | None
    product: ProductFacts
    tracks: Sequence[Track]
    at: Ints
    rows: Floats
    alerts: Sequence[AlertRow]
    categories: Sequence[str]  # from level 1 on
    names: Mapping[str, str]  # of its seller and categories, as far as they are known
    own: Mapping[str, float | str]  # the user's own numbers and texts of it
    texts: Sequence[TextChange] = ()

    @property
    def pairs(self) -> list[tuple[Instant, list[float]]]:
        """Each time with its values, one of each track."""
        return list(zip(self.at.tolist(), self.rows.tolist(), strict=True))


class PrintedPast(Printed, frozen=True, kw_only=True):
    """A product, its values as they changed, its texts, and its alerts; ``facts`` are the user's
    own."""

    product: ProductFacts
    gmv_currency: str | None
    metrics: list[PrintedTrack]
    rows: list[PrintedRow]
    alerts: list[PrintedAlert]
    facts: Mapping[str, float | str]
    texts: Sequence[TextChange]
    categories: list[str]
    names: Mapping[str, str] | UnsetType = UNSET


@click.command()
@click.argument("product", shell_complete=product_ids)
@click.option("--region", shell_complete=regions, help="Its market, where several have it.")
@options.several("--metric", "metrics", metric_names, "Show and plot this.", "METRIC")
@options.days(30, "How far back to look.")
@options.files
@as_json
@prints(PrintedPast, PrintedGroupPast)
@click.option("--csv", "as_csv", is_flag=True, help="Print the values as CSV.")
@options.decimal
def command(
    product: str, region: str | None, metrics: tuple[str, ...], days: int, files: options.Files,
    decimal: str, *, as_csv: bool,
) -> None:  # fmt: skip
    """Show PRODUCT's values of the last days as they changed, a plot, and its alerts.

    PRODUCT is an id, or a part of a name that only one product has; or a group of products, as
    seller_id=7495981769829615944, which has figures in place of metrics. Your metrics and the rank
    in each of your watches are the rule file's.

    \b
      watcher product "face serum" --metric rank --days 90
    """
    if json_wanted() and as_csv:
        raise click.UsageError("--json or --csv, not both")
    if decimal == "comma" and not as_csv:
        raise click.UsageError("--decimal goes with --csv")
    if is_group(product):
        figures = list(dict.fromkeys(metrics))
        show_group(files, (product, region), figures, days, csv=decimal if as_csv else None)
        return
    past = _past(files, (product, region), list(dict.fromkeys(metrics)) or _DEFAULT, days)
    if json_wanted():
        print_json(_json(past))
    elif as_csv:
        print_csv(past.tracks, past.pairs, decimal)
    else:
        _show(past, plotted=past.tracks if metrics else past.tracks[:1])


def _past(
    files: options.Files, wanted: tuple[str, str | None], names: Sequence[str], days: int
) -> _Past:
    """The past of a product, ``wanted`` by name and region, in the metrics of these names."""
    own = Catalogue()
    book = files.book_where(needed=any(name == RANK or own.get(name) is None for name in names))
    catalogue = book.metrics if book is not None else own
    metrics = chosen_metrics(catalogue, names)
    now, zone = files.now, files.zone
    since = now - days * DAY
    with files.open() as database, database.snapshot():
        product = chosen_product(database, *wanted)
        if (product.observed_at or 0) < since:
            raise _missing(product, _unseen(product.observed_at, now, days, zone))
        here = book.watches_in(product.region) if book is not None else ()
        tracks = tracks_of(database, product, metrics, here, since)
        alerts = database.alerts.list(product=product.product, limit=ALERTS)
        texts = database.history.text_changes(product.product, since)
        categories = database.categories.of_product(product.product)
        known = {**database.categories.names(categories), **catalogue.sellers}
    if not any(len(track.at) for track in tracks):
        why = "no watch of the rule file has ranked it"
        raise _missing(product, why if RANK in names else "none of its values are kept")
    at_, rows = merged(tracks)
    table = catalogue.facts
    facts = {} if table is None else dict(table.of(product.product_id))
    currency = catalogue.gmv_currency
    return _Past(
        now, days, zone, currency, product, tracks, at_, rows, alerts, categories, known, facts,
        texts,
    )  # fmt: skip


def _unseen(seen: Instant | None, now: Instant, days: int, zone: tzinfo) -> str:
    last = f"; last seen {format_instant(seen, zone)} ({format_since(seen, now)})" if seen else ""
    return f"no scan saw it in the last {days} days{last}; give more --days"


def _missing(product: ProductFacts, why: str) -> WatcherError:
    return WatcherError(f"{product.product_id} ({plain(product.name)}): {why}")


def _show(past: _Past, plotted: Sequence[Track]) -> None:
    out = console()
    for line in _head(past):
        out.say(line)
    for track in plotted:
        show_plot(out, track, past.days, past.zone)
    show_values(out, past.tracks, past.pairs, past.zone)
    if past.texts:
        _show_texts(out, past)
    if past.alerts:
        show_alerts(out, past.alerts, past.now, past.zone)


def _show_texts(out: Output, past: _Past) -> None:
    """Show what its texts were and became, both in full."""
    rows = [
        (
            format_instant(each.at, past.zone)[:16],
            each.name,
            *(plain(text or "none") for text in (each.was, each.now)),
        )
        for each in past.texts[:_TEXTS]
    ]
    columns = (f"Time ({past.zone})", "Text", "Was", "Is")
    out.table(columns, rows, apart=True, texts=("Was", "Is"))


def _head(past: _Past) -> list[str]:
    product, now = past.product, past.now
    seen = min(product.observed_at or product.first_seen, now)  # of a clock that was set back
    seller = with_name(product.seller_id or "unknown", past.names)
    own = " · ".join(
        f"{name} {format_value(value, Unit.SCORE)}" for name, value in past.own.items()
    )
    first, last = (format_instant(each, past.zone) for each in (min(product.first_seen, now), seen))
    return [
        plain(f"{product.name} ({product.region} {product.product_id})"),
        product_page(product.product_id),
        plain(f"seller {seller}, category {categories_said(past.categories, past.names)}"),
        f"first seen {first}, last {last} ({format_since(seen, now)})",
        plain(" · ".join(_newest(past))),
        *([plain(f"your own: {own}")] if own else []),
    ]


def _newest(past: _Past) -> Iterator[str]:
    """The newest values."""
    currencies = Currencies(past.product.currency, past.gmv_currency)
    for track, value in zip(past.tracks, past.rows[-1].tolist(), strict=True):
        yield f"{track.label} {said_of(track, value, currencies)}"


def _json(past: _Past) -> PrintedPast:
    levels = dict(zip(("category", "category_l2", "category_l3"), past.categories, strict=False))
    ids = {"seller": past.product.seller_id, **levels}
    known = {what: name for what, each in ids.items() if (name := past.names.get(each or ""))}
    return PrintedPast.of(
        past,
        metrics=tracks_json(past.tracks),
        rows=rows_json(past.tracks, past.pairs),
        alerts=alerts_json(past.alerts),
        facts=past.own,
        texts=past.texts,
        categories=[*past.categories],
        names=known or UNSET,
    )
