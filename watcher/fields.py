"""The 100 fields of a product, one row each: the columns of a scan, of the store, of metrics.

A family's row stands for a counter's fields of each window and, where there is one, the all-time
total. An endpoint that names a field otherwise says so in its own row (``source.endpoints``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from watcher.attributes import DESCRIPTION, VARIANTS
from watcher.language import gettext_noop as N_
from watcher.units import Unit, count_of

WINDOWS = (1, 7, 15, 30, 60, 90)

SALES_TRENDS = {N_("stable"): 0, N_("rising"): 1, N_("falling"): 2}
SALES_WAYS = {N_("none"): 0, N_("video"): 1, N_("live"): 2}

COMMISSION, RATING = "product_commission_rate", "product_rating"
PRICE = "spu_avg_price"


class FieldType(StrEnum):
    """A number, a short text, or a long text, which is kept apart from them."""

    NUMBER = "number"
    TEXT = "text"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a product. ``names`` gives a flag's values by name; ``window`` is in days.
    ``demand``: more of it is more demand; of a family's field ``counter`` is the label of all."""

    name: str
    type: FieldType
    unit: Unit
    label: str
    meaning: str
    family: str = ""
    window: int | None = None
    names: tuple[tuple[str, int], ...] = ()
    demand: bool = False
    counter: str = ""


def _number(
    name: str, unit: Unit, label: str, meaning: str, names: dict[str, int] | None = None
) -> Field:
    return Field(name, FieldType.NUMBER, unit, label, meaning, names=tuple((names or {}).items()))


def _text(name: str, label: str, meaning: str) -> Field:
    return Field(name, FieldType.TEXT, Unit.TEXT, label, meaning)


def _long(name: str, label: str, meaning: str) -> Field:
    return Field(name, FieldType.LONG, Unit.TEXT, label, meaning)


def _family(
    pattern: str, unit: Unit, label: str, meaning: str, *, total: bool = True
) -> tuple[Field, ...]:
    """The windows of ``total_{}_cnt`` and, with ``total``, the field without a window."""
    rows: list[tuple[str, str, str, int | None]] = [
        (f"{days}d_", f"{days}-day", f"last {count_of(days, 'day')}", days) for days in WINDOWS
    ]
    if total:
        rows.append(("", "all-time", "all time", None))
    return tuple(
        Field(
            pattern.format(part),
            FieldType.NUMBER,
            unit,
            f"{span} {label}",
            f"{meaning}, {over}",
            pattern,
            window,
            demand=True,
            counter=label,
        )
        for part, span, over, window in rows
    )


FIELDS: tuple[Field, ...] = (
    _text("product_id", N_("product"), "the product's id: digits, kept as text"),
    _text("seller_id", N_("seller"), "the seller's id: digits, kept as text"),
    _text("product_name", N_("name"), "the product's name"),
    _text("region", N_("region"), "market code"),
    _text("category_id", N_("category"), 'category of level 1; "0" is unknown'),
    _text("category_l2_id", N_("category level 2"), 'category of level 2; "0" is unknown'),
    _text("category_l3_id", N_("category level 3"), 'category of level 3; "0" is unknown'),
    _text("discount", N_("discount"), 'the shown discount, as "20%"; may be empty or "-"'),
    _long("cover_url", N_("pictures"), "pictures as JSON in a text: url and index, not in order"),
    _long("desc_detail", N_("description"), "the description as JSON in a text"),
    _long("sale_props", N_("options"), "what a buyer chooses (colour, size), as JSON in a text"),
    _long("skus", N_("variants"), "the variants with their prices, as JSON in a text"),
    _number("min_price", Unit.MONEY, N_("lowest price"), "price of the cheapest variant"),
    _number("max_price", Unit.MONEY, N_("highest price"), "price of the dearest variant"),
    _number(PRICE, Unit.MONEY, N_("price"), "average price over the variants"),
    _number(
        COMMISSION,
        Unit.FRACTION,
        N_("commission rate"),
        "commission as a fraction (10% is 0.1), also where the API's list has percentages",
    ),
    _number(RATING, Unit.SCORE, N_("rating"), "stars; a product without a rating has no value"),
    _number("review_count", Unit.COUNT, N_("reviews"), "number of reviews"),
    _number("free_shipping", Unit.FLAG, N_("free shipping"), "1 yes, 0 no"),
    _number("is_s_shop", Unit.FLAG, N_("fully managed shop"), "1 yes, 0 no"),
    _number("off_mark", Unit.SCORE, N_("delisting mark"), "below 2 the product is on sale"),
    _number("first_crawl_dt", Unit.DAY, N_("first collected"), "day of first collection, yyyymmdd"),
    _number(
        "sales_flag", Unit.FLAG, N_("main way of selling"), "0 none, 1 video, 2 live", SALES_WAYS
    ),
    _number(
        "sales_trend_flag",
        Unit.FLAG,
        N_("trend"),
        "sales trend of the last 7 days: 0 stable, 1 rising, 2 falling",
        SALES_TRENDS,
    ),
    *_family("total_sale_{}cnt", Unit.COUNT, N_("sales"), "units sold"),
    *_family("total_sale_gmv_{}amt", Unit.GMV, N_("GMV"), "value of the units sold"),
    *_family("total_video_{}cnt", Unit.COUNT, N_("videos"), "videos that show the product"),
    *_family("total_video_sale_{}cnt", Unit.COUNT, N_("video sales"), "units sold through videos"),
    *_family("total_video_sale_gmv_{}amt", Unit.GMV, N_("video GMV"), "value sold through videos"),
    *_family("total_live_{}cnt", Unit.COUNT, N_("live streams"), "live streams with the product"),
    *_family("total_live_sale_{}cnt", Unit.COUNT, N_("live sales"), "units sold in live streams"),
    *_family("total_live_sale_gmv_{}amt", Unit.GMV, N_("live GMV"), "value sold in live streams"),
    *_family("total_views_{}cnt", Unit.COUNT, N_("views"), "views of the product's videos"),
    *_family(
        "total_ifl_video_{}cnt",
        Unit.COUNT,
        N_("video creators"),
        "creators with a video of the product",
        total=False,
    ),
    *_family(
        "total_ifl_live_{}cnt",
        Unit.COUNT,
        N_("live creators"),
        "creators with a live stream of the product",
        total=False,
    ),
    replace(
        _number("total_ifl_cnt", Unit.COUNT, N_("all-time creators"), "creators, all time"),
        demand=True,
    ),
)

SELLER = "seller_id"
REGION = "region"
# Texts that are ids, and may have names beside them.
IDS = (SELLER, "category_id", "category_l2_id", "category_l3_id")
CATEGORIES = IDS[1:]

# Made of the long texts: no fields of the API's.
MADE_TEXTS = (
    _text(DESCRIPTION, N_("description"), "the words of desc_detail"),
    _text(VARIANTS, N_("variants"), "the names of the variants, one a line"),
)
BY_NAME = {field.name: field for field in FIELDS}
NUMERIC = tuple(field for field in FIELDS if field.type is FieldType.NUMBER)
TEXTS = tuple(field for field in FIELDS if field.type is FieldType.TEXT)
LONG_TEXTS = tuple(field for field in FIELDS if field.type is FieldType.LONG)
NUMERIC_NAMES = tuple(field.name for field in NUMERIC)
NUMERIC_INDEX = {name: index for index, name in enumerate(NUMERIC_NAMES)}


def unit_of(metric: str, said: str) -> str:
    """The unit of a metric: the field's own if it is one of the API's, else the one it is ``said``
    to have. What was stored in earlier days took GMV for money."""
    field = BY_NAME.get(metric)
    return field.unit if field is not None else said
