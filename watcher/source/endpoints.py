"""The endpoints that lists are read from, a row each.

Another one of the vendor is a row, and its name in ``_ALL``: a watch then says by ``list:`` which
it reads.
"""

from __future__ import annotations

from collections.abc import Mapping

from watcher.fields import SALES_TRENDS, SALES_WAYS
from watcher.source.endpoint import Endpoint, Parameter, ParameterType, Use, equals, flag, limits

_NO_YES = {"false": 0, "true": 1}
_INTEGER, _NUMBER = ParameterType.INTEGER, ParameterType.NUMBER

# As KeyAPI's reference page of the path describes it.
PRODUCT_LIST = Endpoint(
    name="products",
    path="/v1/tiktok/product/list/analytics",
    page_size=10,
    last_page=100_000,
    regions=tuple("US ID TH PH MY VN GB MX SG SA BR ES JP DE IT FR".split()),
    sorts={
        "total_sale_cnt": 1,
        "total_sale_gmv_amt": 2,
        "spu_avg_price": 3,
        "total_sale_7d_cnt": 4,
        "total_sale_30d_cnt": 5,
        "total_sale_gmv_7d_amt": 6,
        "total_sale_gmv_30d_amt": 7,
    },
    parameters=(
        Parameter("region", ParameterType.REGION, Use.FILTER, "market code, as US", "region"),
        Parameter("page_num", _INTEGER, Use.OWN, "page, from 1"),
        Parameter("page_size", _INTEGER, Use.OWN, "products a page, at most 10"),
        *equals("category_id", "category_l2_id", "category_l3_id"),
        flag("sales_trend_flag", SALES_TRENDS),
        flag("sales_flag", SALES_WAYS),
        flag("is_s_shop", _NO_YES),
        flag("free_shipping", _NO_YES),
        *limits(_INTEGER, "total_sale_cnt", "total_sale_30d_cnt", "total_ifl_cnt"),
        *limits(_INTEGER, "total_video_cnt", "total_views_cnt", "review_count"),
        *limits(_NUMBER, "spu_avg_price", "product_commission_rate", "product_rating"),
        *limits(_NUMBER, "total_sale_gmv_amt", "total_sale_gmv_30d_amt"),
        *limits(ParameterType.DAY, "first_crawl_dt"),
        Parameter("product_sort_field", _INTEGER, Use.SORT, "field to sort by, 1 to 7"),
        Parameter("sort_type", _INTEGER, Use.SORT, "0 ascending, 1 descending"),
    ),
)

_ALL = (PRODUCT_LIST,)
ENDPOINTS: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in _ALL}

# All that a watch may say, whichever list it reads; which one only where there are several.
CHOICE = ("list",) if len(ENDPOINTS) > 1 else ()
PARAMETERS = {one.name: one for endpoint in ENDPOINTS.values() for one in endpoint.parameters}
SORTS = tuple(dict.fromkeys(sort for endpoint in ENDPOINTS.values() for sort in endpoint.sorts))
REGIONS = tuple(dict.fromkeys(one for endpoint in ENDPOINTS.values() for one in endpoint.regions))
