"""The endpoints of the vendor, a row each.

Another list is a row, and its name in ``_LISTS``: a watch then says by ``list:`` which it reads. A
shop and products of one's own are no lists to choose: a watch has ``shop:`` or ``products:`` then.
The others are only asked whether they are there.
"""

from __future__ import annotations

from collections.abc import Mapping

from watcher.fields import SALES_TRENDS, SALES_WAYS
from watcher.source.endpoint import (
    Endpoint,
    Gives,
    Parameter,
    ParameterType,
    Use,
    equals,
    flag,
    limits,
)

_NO_YES = {"false": 0, "true": 1}
_INTEGER, _NUMBER = ParameterType.INTEGER, ParameterType.NUMBER
_TEXT, _DAY = ParameterType.TEXT, ParameterType.DAY
_PAGES = (
    Parameter("page_num", _INTEGER, Use.OWN, "page, from 1"),
    Parameter("page_size", _INTEGER, Use.OWN, "rows a page, at most 10"),
)

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
        *_PAGES,
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

# The path is the vendor's. The parameters are those of the same data's other publisher; whether it
# can be sorted is not known, so no sort is sent.
SHOP_PRODUCTS = Endpoint(
    name="shop",
    path="/v1/tiktok/shop/products/analytics",
    gives=Gives.SHOP,
    page_size=10,
    last_page=PRODUCT_LIST.last_page,
    regions=PRODUCT_LIST.regions,
    sorts={},
    parameters=(
        Parameter("seller_id", _TEXT, Use.OWN, "shop", "seller_id", required=True),
        *_PAGES,
    ),
    known="path: the vendor's page; parameters: another publisher of the same data",
    tried=False,
)

# As above. An id that the answer lacks is one that the vendor does not have.
PRODUCT_DETAIL = Endpoint(
    name="detail",
    path="/v1/tiktok/product/detail/analytics",
    gives=Gives.LOOKUP,
    page_size=10,
    last_page=1_000,
    regions=PRODUCT_LIST.regions,
    sorts={},
    page="",
    size="",
    batch="product_ids",
    parameters=(
        Parameter(
            "product_ids", _TEXT, Use.OWN, "up to 10 ids, with commas", "product_id", required=True
        ),
    ),
    known="path: the vendor's page; parameters: another publisher of the same data",
    tried=False,
)


def _asked_only(name: str, path: str, known: str, *parameters: Parameter) -> Endpoint:
    """An endpoint that no watch reads."""
    return Endpoint(
        name=name,
        path=path,
        gives=Gives.OTHER,
        page_size=10,
        last_page=1,
        regions=PRODUCT_LIST.regions,
        sorts={},
        page="",
        size="",
        parameters=parameters,
        known=known,
        tried=False,
    )


PRODUCT_TRENDS = _asked_only(
    "trends",
    "/v1/tiktok/product/trends/analytics",
    "path: the vendor's page; parameters: a public client",
    Parameter("product_id", _TEXT, Use.OWN, "product", "product_id", required=True),
    Parameter("start_date", _TEXT, Use.OWN, "first day, yyyy-MM-dd", required=True),
    Parameter("end_date", _TEXT, Use.OWN, "last day, yyyy-MM-dd", required=True),
    *_PAGES,
)
CATEGORIES = _asked_only(
    "categories",
    "/v1/tiktok/categories/analytics",
    "path: a guess, the likeliest; parameters: another publisher of the same data",
    Parameter("language", _TEXT, Use.OWN, "en-US or zh-CN", required=True),
    Parameter("parent_id", _TEXT, Use.OWN, "the category above"),
)
COVERS = _asked_only(
    "covers",
    "/v1/tiktok/batch_download_cover_images",
    "path: a guess, the likeliest; parameters: another publisher of the same data",
    Parameter("cover_urls", _TEXT, Use.OWN, "up to 10 addresses, with commas", required=True),
)

# Where the exchange of covers may be, the likeliest first: its name at the data's other publisher,
# written as the vendor writes its paths.
COVER_PATHS = (
    COVERS.path,
    "/v1/tiktok/batch_download_cover_images/analytics",
    "/v1/tiktok/batch/download/cover/images",
    "/v1/tiktok/batch/cover/download",
)

_LISTS = (PRODUCT_LIST,)
ENDPOINTS: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in _LISTS}
# Those that are asked with the same key, beside the lists.
SIBLINGS = (SHOP_PRODUCTS, PRODUCT_DETAIL, PRODUCT_TRENDS, CATEGORIES, COVERS)

# All that a watch may say of a list, whichever it reads; which one only where there are several.
# In place of that it has one of ``INSTEAD``.
CHOICE = ("list",) if len(ENDPOINTS) > 1 else ()
INSTEAD = ("shop", "products")
PARAMETERS = {one.name: one for endpoint in ENDPOINTS.values() for one in endpoint.parameters}
SORTS = tuple(dict.fromkeys(sort for endpoint in ENDPOINTS.values() for sort in endpoint.sorts))
REGIONS = tuple(dict.fromkeys(one for endpoint in ENDPOINTS.values() for one in endpoint.regions))
