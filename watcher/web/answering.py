"""The way of each request to its handler and back: the visitor is let in and spoken to in their
language, the request is taken in, and the answer is sent, a refusal as a page that says why."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import structlog
from aiohttp import web

from watcher.errors import StoreError
from watcher.language import Language, spoken
from watcher.language import gettext as _
from watcher.redaction import hide_links
from watcher.text.retold import retold
from watcher.web.accept_errors import Connections, Malformed
from watcher.web.access import TooLow, visitor_of
from watcher.web.address import CONTENT_POLICY, SCRIPTED, PageUrl
from watcher.web.admission import Admission, Answerer
from watcher.web.forms import LARGEST_TEXT
from watcher.web.live import EVENTS
from watcher.web.routes import LONG_FORMS
from watcher.web.shelf import OneBook, SeveralBooks
from watcher.web.speaking import choice, is_for_programs, language_of, marks

log = structlog.get_logger("watcher.web")

# Nothing from outside, no script but our own file, no frame: a hostile product name finds nothing
# to work with. The referrer stays on this page: without any, a browser sends its own forms' origin
# as "null".
HEADERS = {
    CONTENT_POLICY: SCRIPTED,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Answering:
    """Answers requests by their handlers. ``base`` is the path below which visitors find the page,
    at ``page_url``, if that is not where it listens."""

    def __init__(
        self,
        shelf: OneBook | SeveralBooks,
        admission: Admission,
        connections: Connections,
        malformed: Malformed,
        base: str,
        page_url: PageUrl | None,
    ) -> None:
        self._shelf, self._admission = shelf, admission
        self._connections, self._malformed = connections, malformed
        self._base, self._page_url = base, page_url

    @web.middleware
    async def guarded(self, request: web.Request, handler: Answerer) -> web.StreamResponse:
        """Answer a request, and send the answer, an error as any other."""
        for_programs = is_for_programs(self._shelf.here(request))
        language = Language.ENGLISH if for_programs else language_of(request)
        with spoken(language):  # one task serves all requests of a connection
            try:
                await self._admission.check(request)
                if not for_programs:
                    self._turn_to_another(request)
                response = await self._answer(request, handler)
            except TooLow as low:
                response = self._refused(request, low.status, low.text or "")
            except web.HTTPException as answer:
                await self._send(request, answer, {} if for_programs else marks(language))
                raise
        await self._send(request, response, {} if for_programs else marks(language))
        return response

    def _turn_to_another(self, request: web.Request) -> None:
        """Raise the answer to who chooses a language."""
        passed_on = request.rel_url.raw_path.startswith(self._base)
        answer = choice(request, self._base if passed_on else "/", self._page_url)
        if answer is not None:
            raise answer

    async def _send(
        self, request: web.Request, response: web.StreamResponse, marks: Mapping[str, str]
    ) -> None:
        """Here, and not by the server after us, to know when the visitor has taken it all."""
        for name, value in (*HEADERS.items(), *marks.items()):
            response.headers.setdefault(name, value)  # a picture may be kept
        with suppress(ConnectionError):  # the server finds that out for itself
            await response.prepare(request)
            await response.write_eof()
        self._connections.answered(request.protocol)

    async def _receive(self, request: web.Request) -> None:
        """Have all of the request here; only now it takes up the daemon's time."""
        try:
            await request.read()
        except web.RequestPayloadError as error:
            self._malformed.note(error, request.remote)
            raise web.HTTPBadRequest(text=_("The request can't be read.")) from None
        except ConnectionError:  # it was too slow, or went away: nobody hears this
            raise web.HTTPBadRequest(text="The request broke off.") from None
        self._connections.arrived(request.protocol)

    async def _answer(self, request: web.Request, handler: Answerer) -> web.StreamResponse:
        try:
            if request.method == "POST" and self._shelf.here(request) in LONG_FORMS:
                request = request.clone(client_max_size=LARGEST_TEXT)
            await self._receive(request)
            return await handler(request)
        except StoreError as error:
            log.error("the page can't be made", path=hide_links(request.path), error=str(error))  # noqa: TRY400
            return self._refused(request, 503, self._shelf.worded(error))
        except web.HTTPException as answer:
            if answer.status < 400:
                raise
            response = self._refused(request, answer.status, words_of(answer))
            if "Allow" in answer.headers:
                response.headers["Allow"] = answer.headers["Allow"]
            return response

    def _refused(self, request: web.Request, status: int, text: str) -> web.Response:
        """An error as a page, or as a line for programs and for who has only a feed's token, who is
        to learn nothing of the page."""
        here, programs = self._shelf.here(request), ("/api/", "/static/", EVENTS)
        if visitor_of(request).is_reader_of_feeds or here.startswith(programs):
            return web.Response(text=f"{text}\n", status=status)
        return self._shelf.refused(request, status, text)


def words_of(answer: web.HTTPException) -> str:
    """The words of a refusal, in the language that is spoken."""
    if answer.text == f"{answer.status}: {answer.reason}":  # aiohttp's own word
        return _("There is no such page.") if answer.status == 404 else retold(answer.reason)
    if isinstance(answer, web.HTTPRequestEntityTooLarge):  # its size, or its fields
        return _("This is more than the form may have. Go back and shorten it.")
    return retold(answer.text or "")  # worded on the store's thread, which speaks English
