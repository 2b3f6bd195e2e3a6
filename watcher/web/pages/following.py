"""The forms by which products are followed, and followed no more."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from watcher.audited import Audited
from watcher.language import gettext as _
from watcher.source.addresses import PRODUCT, id_of
from watcher.source.query import MOST_PRODUCTS
from watcher.store.sql.followed import LONGEST_NOTE
from watcher.web.context import PageContext
from watcher.web.forms import to_mend


async def add(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /followed``: the ``product``, by id or address, with a ``note``."""
    fields = await context.forms.read(request)
    product, note = _id(fields), " ".join(fields.get("note", "").split())
    if len(note) > LONGEST_NOTE:
        raise web.HTTPBadRequest(
            text=_("A note has {most} characters at most.").format(most=LONGEST_NOTE)
        )
    new = await context.write(request, lambda audited: _add(audited, product, note))
    context.sources.wake()
    raise context.see(request, fields, "followed" if new else "followed_already", 1)


async def remove(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /followed/remove``: the ``product``."""
    fields = await context.forms.read(request)
    product = _id(fields)
    gone = await context.write(request, lambda audited: audited.unfollow([product]))
    context.sources.wake()
    raise context.see(request, fields, "unfollowed" if gone else "not_followed", 1)


def _id(fields: Mapping[str, str]) -> str:
    try:
        return id_of(fields.get("product", ""), PRODUCT)
    except ValueError as error:
        raise to_mend(error) from None


def _add(audited: Audited, product: str, note: str) -> bool:
    if len({*audited.database.followed.ids(), product}) > MOST_PRODUCTS:
        text = _("{most} products are followed, and no more can.")
        raise web.HTTPBadRequest(text=text.format(most=MOST_PRODUCTS))
    return bool(audited.follow([product], note or None))
