"""Forms that change something: only our own pages may send them.

A form carries a token that only pages of this process hold (and that no other site can read), and
the browser's own word for where it comes from must not contradict it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Mapping

from aiohttp import web

from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.text.retold import retold
from watcher.web.address import Origin, PageUrl

FIELD = "token"
LARGEST = 64 * 1024  # bytes of a form
LARGEST_TEXT = 256 * 1024  # of one with a long text, of which most signs take three
_TYPE = "application/x-www-form-urlencoded"
_TEXT = 500  # characters of a field
_NUMBER = re.compile("[0-9]{1,15}")
_OWN = re.compile(r"/(?!/)[^\\]*")  # two slashes begin another host's name
_STEP = re.compile(r"/(?:\.|%2e){1,2}(?:[/?#]|$)", re.IGNORECASE)  # one up, or none
_FROM_ELSEWHERE = N_(
    "This form was sent by another site. Where it was this one, through a proxy: start watcher "
    "with --page-url and the address that the browser shows (or WATCHER_PAGE_URL), or have the "
    "proxy pass on the Host."
)


class OldForm(web.HTTPForbidden):
    """A form of our own page that was made before the process was: what was written into it, its
    ``fields``, need not be lost."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = fields
        super().__init__(
            text=_(
                "This form is older than the running watcher. Go back, reload the page, "
                "and send it again."
            )
        )


class Forms:
    """Gives out tokens and checks them. They hold as long as the process; nothing is kept."""

    def __init__(self, page_url: PageUrl | None = None) -> None:
        self._secret = secrets.token_bytes(32)
        self._page_url = page_url

    def token(self) -> str:
        """A new one: different each time, so that nothing of it can be guessed from a page."""
        salt = secrets.token_hex(8)
        return f"{salt}.{self._sign(salt)}"

    async def read(
        self, request: web.Request, holds: Callable[[str], bool] | None = None,
        pages: Collection[str] = (), whole: Collection[str] = (),
    ) -> Mapping[str, str]:  # fmt: skip
        """The form's fields, cut but for those that are ``whole``. Raises 403 where it is not
        ours (``OldForm`` where it may have been), 400 for what is no form. A page that
        browsers tell nobody of has tokens of its own, which ``holds`` knows, and may be found at
        one of the addresses ``pages``."""
        if not self._is_from_here(request, pages, untold=holds is not None):
            raise web.HTTPForbidden(text=_(_FROM_ELSEWHERE))
        if request.content_type != _TYPE:
            raise web.HTTPUnsupportedMediaType(
                text=_("A form is sent as {type}.").format(type=_TYPE)
            )
        try:
            data = await request.post()
        except (ValueError, LookupError):  # no text in the charset that it names, or no charset
            raise web.HTTPBadRequest(text=_("This is no form.")) from None
        fields = {
            name: text if name in whole else text[:_TEXT]
            for name, text in data.items()
            if isinstance(text, str)
        }
        tokens = data.getall(FIELD, [""])
        if len(tokens) > 1 or not (holds or self._holds)(fields.get(FIELD, "")):
            raise OldForm(fields)
        return fields

    @staticmethod
    async def numbers(request: web.Request, name: str) -> list[int]:
        """All numbers that a form which was read gives by that name, one or several in a field,
        each once. Raises 400 for what is none."""
        given = (await request.post()).getall(name, [])
        texts = [text for each in given if isinstance(each, str) for text in each.split(" ")]
        if not all(map(_NUMBER.fullmatch, texts)):
            raise web.HTTPBadRequest(text=_("This is no form."))
        return [*dict.fromkeys(map(int, texts))]

    def _is_from_here(self, request: web.Request, pages: Collection[str], *, untold: bool) -> bool:
        """Judge by Sec-Fetch-Site, which browsers send where nobody can listen, or else by Origin;
        programs send neither and have only the token. Of a page that is ``untold`` to anybody the
        origin is "null", be it of its own forms."""
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site in ("same-origin", "none")
        if "Origin" not in request.headers:
            return True
        given = request.headers["Origin"]
        if untold and given == "null":
            return True
        origin = Origin.of(given)
        if origin is None:
            return False
        known = self._page_url is not None and origin == self._page_url.origin
        known = known or origin in map(Origin.of, pages)
        return known or origin.is_host(request.host)

    def _sign(self, salt: str) -> str:
        return hmac.new(self._secret, salt.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _holds(self, token: str) -> bool:
        salt, _dot, signature = token.partition(".")
        return hmac.compare_digest(signature.encode("utf-8", "replace"), self._sign(salt).encode())


def to_mend(error: ValueError) -> web.HTTPBadRequest:
    """The answer to who wrote what can't be: what is wrong with it, and what to do."""
    text = _("{error}. Go back and mend it.")
    return web.HTTPBadRequest(text=text.format(error=retold(str(error))))


def own_path(text: str, otherwise: str) -> str:
    """A path on this page to go back to; ``otherwise`` for an address of anywhere else, as one
    above the path that a proxy has for the page."""
    is_own = text.isprintable() and _OWN.fullmatch(text) and not _STEP.search(text)
    return text if is_own else otherwise
