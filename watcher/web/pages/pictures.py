"""Pictures of products, as the pages name them. They come from here, and from nowhere else."""

from __future__ import annotations

from hashlib import sha256

from aiohttp import web
from aiohttp.helpers import ETag

from watcher.web.context import PageContext

# A picture does not change, for another one has another key; and who may see it is asked anew.
_CACHE = "private, max-age=86400, immutable"


async def picture(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /pictures/PRODUCT/KEY.jpg``: only of a product of this book, whose picture it is."""
    desk, product = context.sources.pictures, int(request.match_info["product"])
    missing = web.HTTPNotFound(text="There is no such picture.")
    if desk is None:
        raise missing
    covers = await context.sources.read(lambda database: desk.covers(database, [product]))
    key = (await desk.present(covers)).get(product)
    content = await desk.read(covers[product]) if key == request.match_info["key"] else None
    if content is None:
        raise missing
    etag = sha256(content).hexdigest()[:32]
    headers = {"Cache-Control": _CACHE, "Cross-Origin-Resource-Policy": "same-origin"}
    if request.if_none_match and ETag(etag) in request.if_none_match:
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(body=content, content_type="image/jpeg", headers=headers)
    response.etag = etag
    return response
