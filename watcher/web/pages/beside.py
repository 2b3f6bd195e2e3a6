"""Things beside the values on a product's page, and the form by which a picture is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Instant, ProductFacts
from watcher.rules.rulebook import Rulebook
from watcher.source.endpoints import COVERS
from watcher.store.ports import Store
from watcher.store.sql.followed import Follow
from watcher.store.sql.siblings import Picture
from watcher.web.address import CONTENT_POLICY, content_policy
from watcher.web.context import PageContext
from watcher.web.pages.common import number_of


@dataclass(frozen=True, slots=True)
class Beside:
    """Things beside the values on a product's page: since when it is ``followed``, and its
    ``picture``, where the source was found to give some."""

    follow: Follow | None
    picture: Picture | None
    has_pictures: bool

    def allowed(self, response: web.Response) -> web.Response:
        """The page, with leave to load its picture and no other."""
        if self.picture is not None and self.picture.address:
            response.headers[CONTENT_POLICY] = content_policy(self.picture.address)
        return response


def beside(database: Store, facts: ProductFacts, now: Instant) -> Beside:
    """Read it."""
    follow, found = database.followed.get(facts.product_id), False
    if database.probes.found(COVERS.name) is not None:
        texts = database.history.long_texts(facts.product)
        found = texts is not None and bool(texts.cover_url)
    picture = database.pictures.of(facts.product, now) if found else None
    return Beside(follow, picture, found)


def unread(book: Rulebook) -> str:
    """The reason why what is followed is not read; empty where it is."""
    if any(watch.query.followed for watch in book.used_watches):
        return ""
    if any(watch.query.followed for watch in book.watches):
        return _("No rule uses the watch that reads what is followed, so it is not read.")
    return _("No watch reads what is followed yet.")


async def picture(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /pictures``: the picture of the product whose key is ``id``."""
    fields = await context.forms.read(request)
    key, now = number_of(fields, N_("Which product?")), context.sources.now()
    known = await context.sources.write(lambda database: _want(database, key, now))
    if not known:
        raise web.HTTPBadRequest(text=_("There is no such product, or pictures are off."))
    context.sources.wake()
    raise context.see(request, fields, "picture", 1)


def _want(database: Store, product: int, now: Instant) -> bool:
    if database.probes.found(COVERS.name) is None or not database.history.facts([product]):
        return False
    database.pictures.want(product, now)
    return True
