"""The language of a page: what its visitor chose by the switch, or else what the browser asks for.

The switch is a link to the page that one is on, with ``?language=``; the answer remembers it in a
cookie and leads back to the same page without it. So it works without a script, on a replica and
behind any proxy, and writes nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from aiohttp import web
from yarl import URL

from watcher.language import Language
from watcher.web.address import PageUrl

COOKIE = "watcher_language"
FIELD = "language"
NAMES = {Language.ENGLISH: "English", Language.CHINESE: "中文"}  # each in itself
_KEPT = 400 * 86_400  # seconds: browsers keep no cookie for longer
_MOST = 50  # languages of a header that are looked at
# What programs read is English, whoever asks.
_FOR_PROGRAMS = ("/api/", "/static/", "/metrics", "/healthz", "/feed/", "/feeds/", "/events")


@dataclass(frozen=True, slots=True)
class Switch:
    """One choice of the switch: where it leads from the page at hand."""

    language: Language
    name: str
    address: str
    chosen: bool


def is_for_programs(here: str) -> bool:
    """Whether the path is of what no person reads."""
    return here.startswith(_FOR_PROGRAMS)


def language_of(request: web.Request) -> Language:
    """The language that the visitor chose, or else the browser's."""
    chosen = _known(request.cookies.get(COOKIE, ""))
    return chosen or preferred(request.headers.get("Accept-Language", ""))


def preferred(header: str) -> Language:
    """The language of an ``Accept-Language`` that we speak and that is liked best; among equals the
    first. English where there is none: any kind of Chinese counts as Chinese."""
    best, liked = Language.ENGLISH, 0.0
    for name, quality in _ranges(header):
        spoken = Language.ENGLISH if name == "*" else _known(name.split("-")[0])
        if spoken is not None and quality > liked:
            best, liked = spoken, quality
    return best


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    """Yield the languages of a header with their q-values; one that is none counts as 0."""
    for each in header.split(",", _MOST)[:_MOST]:
        name, _, parameters = each.partition(";")
        key, equals, value = parameters.partition("=")
        quality = 1.0
        if parameters.strip():
            quality = _quality(value) if equals and key.strip().lower() == "q" else 0.0
        yield name.strip().lower(), quality


def _quality(text: str) -> float:
    text = text.strip()
    if not (text.isascii() and text.replace(".", "", 1).isdecimal() and len(text) <= 5):
        return 0.0
    quality = float(text)
    return quality if quality <= 1 else 0.0


def _known(name: str) -> Language | None:
    return Language(name) if name in set(Language) else None


def switches(request: web.Request, here: str, now: Language) -> list[Switch]:
    """The choices at the page ``here``: each leads to it with the same query; from the answer to a
    form, to the page that the form is of."""
    first = here.removeprefix("/").partition("/")[0]
    if _is_read(request):
        begin, query = "?", _without_choice(request)
    else:
        begin, query = f"{'../' * (here.count('/') - 1) or './'}{first}?", ""
    kept = f"{query}&" if query else ""
    return [
        Switch(each, name, f"{begin}{kept}{FIELD}={each.value}", each is now)
        for each, name in NAMES.items()
    ]


def _is_read(request: web.Request) -> bool:
    return request.method in ("GET", "HEAD")


def choice(request: web.Request, path: str, page_url: PageUrl | None) -> web.HTTPSeeOther | None:
    """The answer to the switch: the same page without it; None for any other request. ``path`` is
    where the site's own paths begin, as far as the request tells."""
    chosen = _known(request.query.get(FIELD, "")) if _is_read(request) else None
    if chosen is None:
        return None
    last, query = request.rel_url.raw_path.rsplit("/", 1)[1], _without_choice(request)
    answer = web.HTTPSeeOther(URL(f"./{last}{query and f'?{query}'}", encoded=True))
    if page_url is not None and page_url.origin.is_host(request.host):
        path = page_url.path  # a proxy may have taken it off
    answer.set_cookie(
        COOKIE, chosen.value, max_age=_KEPT, path=path, httponly=True, samesite="Lax"
    )  # Lax: who follows a link of a message to the page is spoken to as before
    return answer


def _without_choice(request: web.Request) -> str:
    """The query as it came, but for the switch."""
    parts = request.rel_url.raw_query_string.split("&")
    return "&".join(each for each in parts if each and not _is_choice(each))


def _is_choice(part: str) -> bool:
    return unquote_plus(part.partition("=")[0]) == FIELD


def marks(spoken: Language) -> Mapping[str, str]:
    """The headers of an answer in a language that follows the visitor."""
    return {"Content-Language": spoken.tag, "Vary": "Accept-Language, Cookie"}
