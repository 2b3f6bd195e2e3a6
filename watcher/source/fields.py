"""The 100 fields of a product and the 36 parameters of a request, one row each.

Windowed counters come in families: a family's row stands for the field of each window and,
where the API has one, the all-time total without a window. Everything that names a field of
the API (decoding, metrics, the store's columns, the simulator, the documentation) reads this
table; a new field is one row here.

Source: KeyAPI's reference page of ``GET /v1/tiktok/product/list/analytics``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from watcher.units import Unit

ENDPOINT = "/v1/tiktok/product/list/analytics"
PAGE_SIZE = 10
LAST_PAGE = 100_000
WINDOWS = (1, 7, 15, 30, 60, 90)

SALES_TRENDS = {"stable": 0, "rising": 1, "falling": 2}
SALES_WAYS = {"none": 0, "video": 1, "live": 2}

COMMISSION, RATING = "product_commission_rate", "product_rating"

SEEN_REGIONS = tuple("US ID TH PH MY VN GB MX SG SA BR ES JP DE IT FR".split())


class Kind(StrEnum):
    """How a field is kept: as a number, as a short text, or as a long text beside them."""

    NUMBER = "number"
    TEXT = "text"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the answer. ``names`` gives a flag's values by name; ``window`` is in days."""

    name: str
    kind: Kind
    unit: Unit
    label: str
    meaning: str
    family: str = ""
    window: int | None = None
    names: tuple[tuple[str, int], ...] = ()


def _number(
    name: str, unit: Unit, label: str, meaning: str, names: dict[str, int] | None = None
) -> Field:
    return Field(name, Kind.NUMBER, unit, label, meaning, names=tuple((names or {}).items()))


def _text(name: str, label: str, meaning: str) -> Field:
    return Field(name, Kind.TEXT, Unit.TEXT, label, meaning)


def _long(name: str, label: str, meaning: str) -> Field:
    return Field(name, Kind.LONG, Unit.TEXT, label, meaning)


def _family(
    pattern: str, unit: Unit, label: str, meaning: str, *, total: bool = True
) -> tuple[Field, ...]:
    """The windows of ``total_{}_cnt`` and, with ``total``, the field without a window."""
    windowed = tuple(
        Field(
            name=pattern.format(f"{window}d_"),
            kind=Kind.NUMBER,
            unit=unit,
            label=f"{window}-day {label}",
            meaning=f"{meaning}, last {window} day{'s' if window > 1 else ''}",
            family=pattern,
            window=window,
        )
        for window in WINDOWS
    )
    if not total:
        return windowed
    return (
        *windowed,
        Field(
            name=pattern.format(""),
            kind=Kind.NUMBER,
            unit=unit,
            label=f"all-time {label}",
            meaning=f"{meaning}, all time",
            family=pattern,
        ),
    )


FIELDS: tuple[Field, ...] = (
    _text("product_id", "product", "the product's id: digits, kept as text"),
    _text("seller_id", "seller", "the seller's id: digits, kept as text"),
    _text("product_name", "name", "the product's name"),
    _text("region", "region", "market code"),
    _text("category_id", "category", 'category of level 1; "0" is unknown'),
    _text("category_l2_id", "category level 2", 'category of level 2; "0" is unknown'),
    _text("category_l3_id", "category level 3", 'category of level 3; "0" is unknown'),
    _text("discount", "discount", 'the shown discount, as "20%"; may be empty or "-"'),
    _long("cover_url", "pictures", "pictures as JSON in a text: url and index, not in order"),
    _long("desc_detail", "description", "the description as JSON in a text"),
    _long("sale_props", "options", "what a buyer chooses (colour, size), as JSON in a text"),
    _long("skus", "variants", "the variants with their prices, as JSON in a text"),
    _number("min_price", Unit.MONEY, "lowest price", "price of the cheapest variant"),
    _number("max_price", Unit.MONEY, "highest price", "price of the dearest variant"),
    _number("spu_avg_price", Unit.MONEY, "price", "average price over the variants"),
    _number(
        COMMISSION,
        Unit.FRACTION,
        "commission rate",
        "commission as a fraction (10% is 0.1), also where the API's list has percentages",
    ),
    _number(RATING, Unit.SCORE, "rating", "stars; a product without a rating has no value"),
    _number("review_count", Unit.COUNT, "reviews", "number of reviews"),
    _number("free_shipping", Unit.FLAG, "free shipping", "1 yes, 0 no"),
    _number("is_s_shop", Unit.FLAG, "fully managed shop", "1 yes, 0 no"),
    _number("off_mark", Unit.SCORE, "delisting mark", "below 2 the product is on sale"),
    _number("first_crawl_dt", Unit.DAY, "first collected", "day of first collection, yyyymmdd"),
    _number("sales_flag", Unit.FLAG, "main way of selling", "0 none, 1 video, 2 live", SALES_WAYS),
    _number(
        "sales_trend_flag",
        Unit.FLAG,
        "trend",
        "sales trend of the last 7 days: 0 stable, 1 rising, 2 falling",
        SALES_TRENDS,
    ),
    *_family("total_sale_{}cnt", Unit.COUNT, "sales", "units sold"),
    *_family("total_sale_gmv_{}amt", Unit.GMV, "GMV", "value of the units sold"),
    *_family("total_video_{}cnt", Unit.COUNT, "videos", "videos that show the product"),
    *_family("total_video_sale_{}cnt", Unit.COUNT, "video sales", "units sold through videos"),
    *_family("total_video_sale_gmv_{}amt", Unit.GMV, "video GMV", "value sold through videos"),
    *_family("total_live_{}cnt", Unit.COUNT, "live streams", "live streams with the product"),
    *_family("total_live_sale_{}cnt", Unit.COUNT, "live sales", "units sold in live streams"),
    *_family("total_live_sale_gmv_{}amt", Unit.GMV, "live GMV", "value sold in live streams"),
    *_family("total_views_{}cnt", Unit.COUNT, "views", "views of the product's videos"),
    *_family(
        "total_ifl_video_{}cnt",
        Unit.COUNT,
        "video creators",
        "creators with a video of the product",
        total=False,
    ),
    *_family(
        "total_ifl_live_{}cnt",
        Unit.COUNT,
        "live creators",
        "creators with a live stream of the product",
        total=False,
    ),
    _number("total_ifl_cnt", Unit.COUNT, "all-time creators", "creators, all time"),
)

BY_NAME = {field.name: field for field in FIELDS}
NUMERIC = tuple(field for field in FIELDS if field.kind is Kind.NUMBER)
TEXTS = tuple(field for field in FIELDS if field.kind is Kind.TEXT)
LONG_TEXTS = tuple(field for field in FIELDS if field.kind is Kind.LONG)
NUMERIC_NAMES = tuple(field.name for field in NUMERIC)
NUMERIC_INDEX = {name: index for index, name in enumerate(NUMERIC_NAMES)}


def unit_of(metric: str, said: str) -> str:
    """The unit of a metric: the field's own if it is one of the API's, else the one it is ``said``
    to have. What was stored in earlier days took GMV for money."""
    field = BY_NAME.get(metric)
    return field.unit if field is not None else said


class Use(StrEnum):
    """What a parameter is for."""

    OWN = "own"  # set by the daemon, not by a watch
    FILTER = "filter"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    SORT = "sort"


class Type(StrEnum):
    """What a parameter takes."""

    REGION = "region"
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DAY = "day"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter. ``field`` is what it filters; ``names`` gives a flag's values by name."""

    name: str
    type: Type
    use: Use
    meaning: str
    field: str = ""
    names: tuple[tuple[str, int], ...] = ()


def _range(field: str, kind: Type) -> tuple[Parameter, Parameter]:
    label = BY_NAME[field].label
    return (
        Parameter(f"min_{field}", kind, Use.MINIMUM, f"{label}: at least", field),
        Parameter(f"max_{field}", kind, Use.MAXIMUM, f"{label}: at most", field),
    )


def _flag(name: str, names: dict[str, int]) -> Parameter:
    meaning = f"{BY_NAME[name].label}: {BY_NAME[name].meaning}"
    return Parameter(name, Type.FLAG, Use.FILTER, meaning, name, tuple(names.items()))


def _same(name: str) -> Parameter:
    return Parameter(name, Type.TEXT, Use.FILTER, BY_NAME[name].label, name)


SORTS = {
    "total_sale_cnt": 1,
    "total_sale_gmv_amt": 2,
    "spu_avg_price": 3,
    "total_sale_7d_cnt": 4,
    "total_sale_30d_cnt": 5,
    "total_sale_gmv_7d_amt": 6,
    "total_sale_gmv_30d_amt": 7,
}
ASCENDING, DESCENDING = 0, 1

_NO_YES = {"false": 0, "true": 1}

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("region", Type.REGION, Use.FILTER, "market code, as US", "region"),
    Parameter("page_num", Type.INTEGER, Use.OWN, "page, from 1"),
    Parameter("page_size", Type.INTEGER, Use.OWN, "products a page, at most 10"),
    _same("category_id"),
    _same("category_l2_id"),
    _same("category_l3_id"),
    _flag("sales_trend_flag", SALES_TRENDS),
    _flag("sales_flag", SALES_WAYS),
    _flag("is_s_shop", _NO_YES),
    _flag("free_shipping", _NO_YES),
    *_range("total_sale_cnt", Type.INTEGER),
    *_range("total_sale_30d_cnt", Type.INTEGER),
    *_range("total_ifl_cnt", Type.INTEGER),
    *_range("total_video_cnt", Type.INTEGER),
    *_range("total_views_cnt", Type.INTEGER),
    *_range("review_count", Type.INTEGER),
    *_range("spu_avg_price", Type.NUMBER),
    *_range("product_commission_rate", Type.NUMBER),
    *_range("product_rating", Type.NUMBER),
    *_range("total_sale_gmv_amt", Type.NUMBER),
    *_range("total_sale_gmv_30d_amt", Type.NUMBER),
    *_range("first_crawl_dt", Type.DAY),
    Parameter("product_sort_field", Type.INTEGER, Use.SORT, "field to sort by, 1 to 7"),
    Parameter("sort_type", Type.INTEGER, Use.SORT, "0 ascending, 1 descending"),
)
PARAMETER_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
