"""Asking an endpoint once whether it is there for this key: what is asked, and what the answer
shows. Nothing is asked a second time, whatever comes of the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec

from watcher.errors import BudgetSpent, SourceError
from watcher.model import Instant
from watcher.source.client import Budget, Client
from watcher.source.decoding import plain
from watcher.source.endpoint import Endpoint
from watcher.source.endpoints import (
    CATEGORIES,
    COVER_PATHS,
    COVERS,
    PRODUCT_DETAIL,
    PRODUCT_TRENDS,
    SHOP_PRODUCTS,
    SIBLINGS,
)
from watcher.source.picture_hosts import host_of
from watcher.source.sibling_answers import (
    AnsweredCategory,
    categories_of,
    covers_of,
    first_cover,
)
from watcher.units import count_of, utc_day
from watcher.words import listing

LANGUAGE = "en-US"
_TREND_DAYS = 14
_FEW = 3  # pictures
_NO_ANSWERS = frozenset((301, 302, 303, 307, 308, 401, 402, 408, 425, 429))
_NOTHING_THERE = frozenset((404, 405, 410))
_BROKEN = 500  # the least status that says that the server is in trouble
_WORDS = 500  # characters of the server's own that are kept


@dataclass(frozen=True, slots=True)
class Known:
    """Real ids to ask with; empty where none is known."""

    seller: str = ""
    products: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One request: what an endpoint is asked, at which path; without ``params`` it can't be asked,
    for want of ``lacks``, unless it ``awaits`` what the answers to those before it may have."""

    endpoint: Endpoint
    path: str
    params: Mapping[str, str]
    lacks: str = ""
    awaits: bool = False
    level: int = 1  # of the categories that it asks for
    instead: tuple[str, ...] = ()  # paths to ask where there is nothing at this one

    @property
    def most(self) -> int:
        """The requests that it takes at most."""
        return 0 if self.lacks else 1 + len(self.instead)

    @property
    def next(self) -> Question | None:
        """A question like it, at the next path; None where there is none."""
        if not self.instead:
            return None
        return replace(self, path=self.instead[0], instead=self.instead[1:])

    @property
    def said(self) -> str:
        """The request on a line, as ``/v1/... seller_id=7495...``."""
        if self.awaits:
            return f"{self.path}, with a picture's address from the answers before it, if any"
        asked = "&".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.path}?{asked}" if asked else self.path


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a question: ``words`` are the server's own, word for word, ``shown`` is what
    was found in its answer. ``status`` is None where there was no answer."""

    question: Question
    works: bool
    status: int | None
    words: str
    shown: str = ""
    asked: bool = True
    categories: tuple[AnsweredCategory, ...] = ()
    covers: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()  # addresses that the covers' endpoint can be asked for

    @property
    def decides(self) -> bool:
        """Whether it says something of the endpoint: no answer, and trouble of the server, of the
        key or with the pace, could have come from any."""
        status = self.status
        return self.works or (status is not None and status < _BROKEN and status not in _NO_ANSWERS)

    @property
    def nothing_there(self) -> bool:
        """Whether the server has nothing at that path."""
        return not self.works and self.status in _NOTHING_THERE

    @property
    def state(self) -> str:
        """In a word."""
        if not self.asked:
            return "-"
        return "works" if self.works else "refused" if self.decides else "unclear"


def questions(
    known: Known, now: Instant, paths: Mapping[str, str], chosen: Sequence[str] = ()
) -> Iterator[Question]:
    """One for each endpoint beside the lists, or for those that are ``chosen`` by name; ``paths``
    are others than those of their rows."""
    products = False
    for endpoint in SIBLINGS:
        if not chosen or endpoint.name in chosen:
            lacks, params = _ASKED[endpoint.name](known, now)
            path = paths.get(endpoint.name, endpoint.path)
            awaits = not params and endpoint is COVERS and products
            question = Question(endpoint, path, params, "" if params or awaits else lacks, awaits)
            is_guess = endpoint is COVERS and endpoint.name not in paths
            yield replace(question, instead=COVER_PATHS[1:]) if is_guess else question
            products |= bool(params) and endpoint in (SHOP_PRODUCTS, PRODUCT_DETAIL)


def filled(question: Question, before: Sequence[Finding]) -> Question:
    """The question with what it awaits from the answers ``before`` it."""
    if not question.awaits:
        return question
    pictures = tuple(dict.fromkeys(each for one in before for each in one.pictures))
    lacks, params = _covers(Known(covers=pictures), 0)
    return replace(question, params=params, lacks="" if params else lacks, awaits=False)


def unasked(question: Question) -> Finding:
    """The finding of a question that could not be asked."""
    why = f"not asked: no {question.lacks[2:]} is known"
    return Finding(question, works=False, status=None, words="", shown=why, asked=False)


def _shop(known: Known, _now: Instant) -> tuple[str, dict[str, str]]:
    paged = {"page_num": "1", "page_size": "10"}
    return "a seller's id", {"seller_id": known.seller, **paged} if known.seller else {}


def _detail(known: Known, _now: Instant) -> tuple[str, dict[str, str]]:
    ids = ",".join(known.products[: PRODUCT_DETAIL.page_size])
    return "a product's id", {"product_ids": ids} if ids else {}


def _trends(known: Known, now: Instant) -> tuple[str, dict[str, str]]:
    lacks = "a product's id"
    if not known.products:
        return lacks, {}
    end = utc_day(now)
    begin = end - timedelta(days=_TREND_DAYS)
    dates = {"start_date": begin.isoformat(), "end_date": end.isoformat()}
    return lacks, {"product_id": known.products[0], **dates, "page_num": "1", "page_size": "10"}


def _categories(_known: Known, _now: Instant) -> tuple[str, dict[str, str]]:
    return "", {"language": LANGUAGE}


def _covers(known: Known, _now: Instant) -> tuple[str, dict[str, str]]:
    addresses = ",".join(known.covers[: COVERS.page_size])
    return "a picture's address", {"cover_urls": addresses} if addresses else {}


_ASKED: Mapping[str, Callable[[Known, Instant], tuple[str, dict[str, str]]]] = {
    SHOP_PRODUCTS.name: _shop,
    PRODUCT_DETAIL.name: _detail,
    PRODUCT_TRENDS.name: _trends,
    CATEGORIES.name: _categories,
    COVERS.name: _covers,
}


# ------------------------------------------------------------------ asking


class _Once:
    """A purse that pays for one request: a redirect is not followed at one's own cost."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self.paid = budget, False

    async def spend(self) -> None:
        if self.paid:
            raise BudgetSpent("the server leads elsewhere, which would be a second request")
        await self._budget.spend()
        self.paid = True

    async def refund(self) -> None:
        await self._budget.refund()


async def ask(
    question: Question,
    client: Client,
    budget: Budget,
    owns: Callable[[str], bool] = lambda _address: False,
) -> Finding:
    """Ask once; raises ``BudgetSpent`` where the caps leave no credit for it."""
    purse = _Once(budget)
    try:
        body = await client.answer(question.endpoint, question.params, purse, question.path)
    except BudgetSpent as error:
        if not purse.paid:
            raise
        return Finding(question, works=False, status=None, words=str(error))
    except SourceError as error:
        words = error.said or str(error)
        return Finding(question, works=False, status=error.status, words=words)
    return judged(question, body, owns)


def judged(
    question: Question, body: bytes, owns: Callable[[str], bool] = lambda _address: False
) -> Finding:
    """Judge an answer with status 200; ``owns`` tells the addresses of the API's own server."""
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Finding(question, works=False, status=200, words=plain(_begin(body), _WORDS))
    if not isinstance(answer, dict):
        return Finding(question, works=False, status=200, words=plain(_begin(body), _WORDS))
    words = plain(answer.get("message") or answer.get("msg"), _WORDS)
    if answer.get("code") not in (None, 0, "0"):
        told = f"code {plain(answer['code'], 40)}: {words}"
        return Finding(question, works=False, status=200, words=told)
    data = answer.get("data")
    if question.endpoint is COVERS:
        return _pictures(question, data, words, owns)
    return _JUDGES[question.endpoint.name](question, data, words)


def _begin(body: bytes) -> str:
    return body[:_WORDS].decode("utf-8", "replace")


def _rows(data: object) -> list[Mapping[str, object]]:
    rows = data if isinstance(data, list) else []
    return [row for row in rows if isinstance(row, dict)]


def _finding(question: Question, words: str, wrong: str, shown: str, **found: Any) -> Finding:
    return Finding(question, not wrong, 200, words, wrong or shown, **found)


def _products(question: Question, data: object, words: str) -> Finding:
    """Judge products of a shop, or by their ids: where there are others than asked for, the
    parameter was not understood."""
    rows = [row for row in _rows(data) if row.get("product_id") is not None]
    of_shop = question.endpoint is SHOP_PRODUCTS
    name, asked = next(iter(question.params.items()))
    wanted, column = set(asked.split(",")), name if of_shop else "product_id"
    others = [row for row in rows if str(row.get(column)) not in wanted]
    what = "seller" if of_shop else "product"
    wrong = ""
    if not isinstance(data, list):
        wrong = "no list of products"
    elif others:
        wrong = f"{len(others)} of {len(rows)} products are of another {what}: it ignores {name}"
    elif not rows:
        wrong = f"no product of this {what}: that proves nothing; ask with another id"
    written = (row.get("cover_url") for row in rows)
    found = filter(None, (first_cover(each) for each in written if isinstance(each, str)))
    pictures = tuple(found)[:_FEW]
    return _finding(question, words, wrong, count_of(len(rows), "product"), pictures=pictures)


def _days(question: Question, data: object, words: str) -> Finding:
    rows = [row for row in _rows(data) if row.get("dt") is not None]
    if isinstance(data, dict) and not rows:  # a page in an object
        rows = [row for value in data.values() for row in _rows(value) if "dt" in row]
    return _finding(question, words, "" if rows else "no days", f"{count_of(len(rows), 'day')}")


def _names(question: Question, data: object, words: str) -> Finding:
    found = categories_of(data, question.level, question.params.get("parent_id", ""))
    shown = count_of(len(found), "category", "categories")
    wrong = "" if found else "no ids with names"
    return _finding(question, words, wrong, shown, categories=tuple(found))


def _pictures(question: Question, data: object, words: str, owns: Callable[[str], bool]) -> Finding:
    asked = question.params["cover_urls"].split(",")
    found = covers_of(data, asked, owns)
    wrong = "" if found else "no addresses that can be shown"
    hosts = listing(sorted({host_of(each) for each in found.values()}))
    shown = f"{len(found)} of {count_of(len(asked), 'picture')}, at {hosts}; {question.path}"
    return _finding(question, words, wrong, shown, covers=found)


_JUDGES: Mapping[str, Callable[[Question, object, str], Finding]] = {
    SHOP_PRODUCTS.name: _products,
    PRODUCT_DETAIL.name: _products,
    PRODUCT_TRENDS.name: _days,
    CATEGORIES.name: _names,
}
