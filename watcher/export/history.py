"""The store's history as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from watcher.evidence import Evidence
from watcher.export.table import Column, Export, Kind, Part, cells
from watcher.fields import BY_NAME, NUMERIC_NAMES, SELLER
from watcher.model import LIST_DAY, LIST_SPARSE, Floats
from watcher.rules.metrics import RANK, Catalogue, Metric
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.records import Row
from watcher.store.sql.extracts import OBSERVED_TEXTS, Choice, Extract, Observed
from watcher.text.evidence import NO_NAMES, spelled
from watcher.units import Unit

_decode_evidence = msgspec.json.Decoder(tuple[Evidence, ...]).decode
_WHOLE = (Unit.COUNT, Unit.FLAG, Unit.DAY, Unit.DAYS, Unit.PLACE)
_WATCH = Column("watch", Kind.TEXT, "the watch that looked; its key where no watch has it now")
_REGION = Column("region", Kind.TEXT, BY_NAME["region"].meaning)
_ID = Column("product_id", Kind.DIGITS, BY_NAME["product_id"].meaning)
_NAME = Column("product_name", Kind.TEXT, "the product's name today")
_SELLER_NAME = Column("seller_name", Kind.TEXT, "the seller's name in the rule file")
_RULE = Column("rule", Kind.TEXT, "the rule's name")
_REASON = Column("reason", Kind.TEXT, "why it ended, or what else happened")
_ALERT = Column("alert", Kind.TEXT, "the alert's id, as messages have it")


def observations(
    database: Store,
    choice: Choice,
    metrics: Sequence[Metric],
    watches: Mapping[str, str],
    *,
    every_scan: bool = False,
    gmv_currency: str | None = None,
    sellers: Mapping[str, str] = NO_NAMES,
) -> Export:
    """Observations of products: a row where some number changed, or one for each scan. ``metrics``
    are its columns beside those that say what, where and when; ``watches`` are names by key, and
    ``sellers`` by id: they have a column where there are any."""
    others = [metric for metric in metrics if metric.name != RANK]  # it has its column anyway
    fields = sorted({name for metric in metrics for name in metric.needs} - {RANK})
    stored = database.observations
    extract = (stored.sightings if every_scan else stored.changes)(choice, fields)
    columns = (
        Column("at", Kind.TIME, "when the scan was due"),
        _WATCH,
        Column(RANK, Kind.INTEGER, "place in the watch's list, 1 is first", Unit.PLACE),
        *(_text(name) for name in OBSERVED_TEXTS),
        *(_column(metric, gmv_currency) for metric in others),
    )
    parts = (_part(each, fields, others, watches) for each in extract.parts)
    if not sellers:
        return Export(columns, extract.total, parts)
    place = 1 + next(at for at, column in enumerate(columns) if column.name == SELLER)
    columns = (*columns[:place], _SELLER_NAME, *columns[place:])
    return Export(columns, extract.total, (_with_sellers(part, place, sellers) for part in parts))


def fields() -> list[Metric]:
    """The API's numeric fields, in its order."""
    catalogue = Catalogue()
    return [catalogue[name] for name in NUMERIC_NAMES]


def alerts(database: Store, choice: Choice, watches: Mapping[str, str]) -> Export:
    """Alerts, with why they fired as JSON; ``watches`` are names by key."""
    columns = (
        _ALERT, _RULE, _REGION, _ID, _NAME,
        Column("state", Kind.TEXT, "pending, firing, or inactive: over"),
        Column("since", Kind.TIME, "when the state began"),
        Column("last_met", Kind.TIME, "when its condition was last met"),
        Column("fired_at", Kind.TIME, "when it fired"),
        Column("resolved_at", Kind.TIME, "when it ended"),
        _REASON,
        Column("why", Kind.JSON, "each condition with its value and baseline, as JSON"),
        Column("watch", Kind.TEXT, "the watch that opened it; its key where no watch has it now"),
        Column("acknowledged", Kind.TIME, "since when somebody wants no reminder of it"),
    )  # fmt: skip
    shown = {0: _short, 11: _spelled, 12: lambda key: watches.get(str(key), key) or None}
    return _plain(columns, database.extracts.alerts(choice), shown)


def transitions(database: Store, choice: Choice) -> Export:
    """The alerts' changes of state."""
    columns = (
        Column("id", Kind.INTEGER, "in rising order of time"),
        _ALERT, _RULE, _REGION, _ID, _NAME,
        Column("at", Kind.TIME, "when"),
        Column("before", Kind.TEXT, "the state before"),
        Column("after", Kind.TEXT, "the state after"),
        _REASON,
    )  # fmt: skip
    return _plain(columns, database.extracts.transitions(choice), {1: _short})


def groups(
    database: Store, choice: Choice, watches: Mapping[str, str], book: Rulebook | None
) -> Export:
    """The figures of groups of products at each scan, a row for each. Figures have the
    names that rules' groups give them; what none names any more is said as it is kept."""
    columns = (
        Column("at", Kind.TIME, "when the scan was due"),
        _WATCH,
        Column("region", Kind.TEXT, "the market of the group's products"),
        Column("group", Kind.TEXT, "what its products share, as seller_id=7495981769829615944"),
        Column("figure", Kind.TEXT, "what is said of it"),
        Column("value", Kind.NUMBER, "the figure; empty where it has none"),
    )
    known = {} if book is None else _figure_names(book)
    shown: dict[int, Callable[[object], object]] = {
        1: lambda key: watches.get(str(key), key),
        4: lambda text: known.get(str(text), text),
        5: _whole,
    }
    return _plain(columns, database.extracts.figures(choice), shown)


def _whole(value: object) -> object:
    """A whole number without decimals."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _figure_names(book: Rulebook) -> dict[str, str]:
    """The figures' names by the texts that they are kept by."""
    figures = (each for group in book.groups for each in group.metrics.metrics())
    return {each.figure.canonical: each.name for each in figures if each.figure is not None}


def scans(database: Store, choice: Choice, watches: Mapping[str, str]) -> Export:
    """The scans, those that failed among them."""
    columns = (
        Column("id", Kind.INTEGER, "in rising order of time"),
        _WATCH, _REGION,
        Column("at", Kind.TIME, "when it was due"),
        Column("started", Kind.TIME, "when it began"),
        Column("finished", Kind.TIME, "when it ended"),
        Column("state", Kind.TEXT, "complete, partial or failed"),
        Column("requests", Kind.INTEGER, "requests that it took"),
        Column("pages", Kind.INTEGER, "pages that it read"),
        Column("products", Kind.INTEGER, "products that it listed"),
        Column("changed", Kind.INTEGER, "products of which some number was new"),
        Column("error", Kind.TEXT, "what went wrong"),
        Column("interrupted", Kind.BOOLEAN, "cut off by a stop, a refused key or missing credits"),
        Column(LIST_DAY, Kind.NUMBER, "times its pace that the median product sold yesterday"),
        Column("list_idle", Kind.NUMBER, "share without a sale yesterday, of 20 products at least"),
        Column(LIST_SPARSE, Kind.BOOLEAN, "sales are booked on the day of collection"),
    )  # fmt: skip
    shown: dict[int, Callable[[object], object]] = {
        1: lambda key: watches.get(str(key), key),
        12: bool,
        15: lambda sparse: None if sparse is None else bool(sparse),
    }
    return _plain(columns, database.extracts.scans(choice), shown)


def _with_sellers(part: Part, place: int, sellers: Mapping[str, str]) -> Part:
    """A part with the sellers' names behind their ids."""
    names = [sellers.get(str(each)) for each in part[place - 1]]
    return [*part[:place], names, *part[place:]]


def _text(name: str) -> Column:
    if name == "currency":
        return Column(name, Kind.TEXT, "of the prices; the API does not say what GMV is in")
    kind = Kind.DIGITS if name.endswith("_id") else Kind.TEXT
    return Column(name, kind, BY_NAME[name].meaning)


def _column(metric: Metric, gmv_currency: str | None) -> Column:
    """One of the user's own may have any number, whatever its unit."""
    whole = metric.unit in _WHOLE and not metric.definition
    meaning = metric.meaning
    if metric.unit is Unit.MONEY:
        meaning += ", in the currency"
    elif metric.unit is Unit.GMV and gmv_currency is not None:
        meaning += f", in {gmv_currency}"
    kind = Kind.INTEGER if whole else Kind.NUMBER
    return Column(metric.name, kind, meaning, metric.unit.value)


def _part(
    seen: Observed, fields: Sequence[str], metrics: Sequence[Metric], watches: Mapping[str, str]
) -> Part:
    numbers = {name: seen.numbers[:, place] for place, name in enumerate(fields)}
    numbers[RANK] = seen.ranks
    texts = list(zip(*seen.texts, strict=True)) if seen.texts else [()] * len(OBSERVED_TEXTS)
    ids = texts[OBSERVED_TEXTS.index("product_id")]

    def computed(metric: Metric) -> Floats:
        """The user's own numbers in it are those of today."""
        columns = {name: numbers[name] for name in metric.needs} | metric.owned(ids)
        return metric.compute(columns, seen.at)

    return [
        seen.at.tolist(),
        [None if key is None else watches.get(key, key) for key in seen.watches],
        cells(seen.ranks),
        *texts,
        *(cells(computed(metric)) for metric in metrics),
    ]


def _plain(
    columns: tuple[Column, ...],
    extract: Extract[Sequence[Row]],
    shown: Mapping[int, Callable[[object], object]],
) -> Export:
    return Export(columns, extract.total, _shown(extract.parts, shown))


def _shown(
    parts: Iterable[Sequence[Row]], shown: Mapping[int, Callable[[object], object]]
) -> Iterator[Part]:
    for rows in filter(None, parts):
        values = [list(column) for column in zip(*rows, strict=True)]
        for place, show in shown.items():
            values[place] = [show(value) for value in values[place]]
        yield values


_short = "A{}".format  # an alert's id


def _spelled(evidence: object) -> object:
    """The conditions in words: what programs read does not change with how we store it."""
    found = _decode_evidence(str(evidence))
    return msgspec.json.encode([spelled(each) for each in found]).decode()
