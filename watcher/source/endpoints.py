"""The lists that the vendor gives, a row an endpoint: where, asked by what, answered in what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from watcher.fields import BY_NAME, SALES_TRENDS, SALES_WAYS

ENDPOINT = "/v1/tiktok/product/list/analytics"
PAGE_SIZE = 10
LAST_PAGE = 100_000
SEEN_REGIONS = tuple("US ID TH PH MY VN GB MX SG SA BR ES JP DE IT FR".split())


class Use(StrEnum):
    """The purpose of a parameter."""

    OWN = "own"  # set by the daemon, not by a watch
    FILTER = "filter"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    SORT = "sort"


class ParameterType(StrEnum):
    """The values that a parameter takes."""

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
    type: ParameterType
    use: Use
    meaning: str
    field: str = ""
    names: tuple[tuple[str, int], ...] = ()


def _range(field: str, type_: ParameterType) -> tuple[Parameter, Parameter]:
    label = BY_NAME[field].label
    return (
        Parameter(f"min_{field}", type_, Use.MINIMUM, f"{label}: at least", field),
        Parameter(f"max_{field}", type_, Use.MAXIMUM, f"{label}: at most", field),
    )


def _flag(name: str, names: dict[str, int]) -> Parameter:
    meaning = f"{BY_NAME[name].label}: {BY_NAME[name].meaning}"
    return Parameter(name, ParameterType.FLAG, Use.FILTER, meaning, name, tuple(names.items()))


def _same(name: str) -> Parameter:
    return Parameter(name, ParameterType.TEXT, Use.FILTER, BY_NAME[name].label, name)


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
    Parameter("region", ParameterType.REGION, Use.FILTER, "market code, as US", "region"),
    Parameter("page_num", ParameterType.INTEGER, Use.OWN, "page, from 1"),
    Parameter("page_size", ParameterType.INTEGER, Use.OWN, "products a page, at most 10"),
    _same("category_id"),
    _same("category_l2_id"),
    _same("category_l3_id"),
    _flag("sales_trend_flag", SALES_TRENDS),
    _flag("sales_flag", SALES_WAYS),
    _flag("is_s_shop", _NO_YES),
    _flag("free_shipping", _NO_YES),
    *_range("total_sale_cnt", ParameterType.INTEGER),
    *_range("total_sale_30d_cnt", ParameterType.INTEGER),
    *_range("total_ifl_cnt", ParameterType.INTEGER),
    *_range("total_video_cnt", ParameterType.INTEGER),
    *_range("total_views_cnt", ParameterType.INTEGER),
    *_range("review_count", ParameterType.INTEGER),
    *_range("spu_avg_price", ParameterType.NUMBER),
    *_range("product_commission_rate", ParameterType.NUMBER),
    *_range("product_rating", ParameterType.NUMBER),
    *_range("total_sale_gmv_amt", ParameterType.NUMBER),
    *_range("total_sale_gmv_30d_amt", ParameterType.NUMBER),
    *_range("first_crawl_dt", ParameterType.DAY),
    Parameter("product_sort_field", ParameterType.INTEGER, Use.SORT, "field to sort by, 1 to 7"),
    Parameter("sort_type", ParameterType.INTEGER, Use.SORT, "0 ascending, 1 descending"),
)
PARAMETER_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
