"""A service that takes every message and remembers who sent it, to which target, on which day."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from aiohttp import web

from tests.fakes.sink import on_loopback
from tests.faults.lockstep import write

_SUBJECT = re.compile(r"^\d+\. ([^\n]*)((?:\n   [^\n]*)*)", re.MULTILINE)
_LINK = re.compile(r"shop/pdp/(\d+)$", re.MULTILINE)  # a group of products has none
_TITLE = re.compile(r"\[\w+\] ([\w-]+): ")
# Over its products, perhaps with its description.
_RULE = re.compile(r"^\[([\w-]+)(?: \(\w+\))?\](?: [^\n]*)?$", re.MULTILINE)
_ALSO = re.compile(r"^   also ([\w-]+)((?: ended| \(on|:)[^\n]*)$", re.MULTILINE)
_ONLY_NAMED = re.compile(r"^   also ([\w-]+(?:(?:, | and )[\w-]+)*)$", re.MULTILINE)
_NAME = re.compile(r"(?!and\b)[\w-]+")
# As in "again: 18.90, told with 19.90 on 12 Nov".
_AGAIN = re.compile(
    r"^ +(?:also [\w-]+: )?again: .*?([\d,.]+)[^\d\n]*, told with [^\d\n]*([\d,.]+)", re.MULTILINE
)
_RAISED = re.compile(r"^(?: {3}|: )now \w+, told as \w+", re.MULTILINE)
_ALERTS = re.compile(r"alerts? (A\d+(?:, A\d+)*)$")


class Fact(NamedTuple):
    """One thing that one target was told: what must be the same in both worlds.

    ``kind`` is ``firing``, ``again``, ``more severe`` or ``resolved``; of a group the ``product``
    is its name; the operator's messages have their title as the rule.
    """

    target: str
    rule: str
    product: str
    kind: str
    day: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that came: by which incarnation of the daemon, on which day of the market."""

    incarnation: int
    target: str
    day: int
    title: str
    body: str
    at: float = 0.0  # Unix seconds

    @property
    def mark(self) -> tuple[str, str, str]:
        """What tells a notification from all others: its target, title and alerts."""
        return self.target, self.title, alerts_in(self.body)

    def facts(self) -> list[Fact]:
        """What it tells, product by product, of one rule or of several."""
        parts = [*_RULE.finditer(self.body)]
        if parts:
            ends = [*(each.start() for each in parts[1:]), len(self.body)]
            return [
                fact
                for part, end in zip(parts, ends, strict=True)
                for fact in self._of(part[1], self.body[part.end() : end])
            ]
        rule = _TITLE.match(self.title)
        if rule is None:
            return [Fact(self.target, self.title, "", "operator", self.day)]
        return [*self._of(rule[1], self.body)]

    def _of(self, rule: str, text: str) -> Iterator[Fact]:
        """The rule's word on each product, and what other rules say beside it."""
        for each in _SUBJECT.finditer(text):
            link = _LINK.search(each[2])
            subject = link[1] if link else each[1]
            yield Fact(self.target, rule, subject, _kind(_ALSO.sub("", each[0])), self.day)
            for also in _ALSO.finditer(each[0]):
                yield Fact(self.target, also[1], subject, _kind_of_other(also[2]), self.day)
            for also in _ONLY_NAMED.finditer(each[0]):
                for name in _NAME.findall(also[1]):
                    yield Fact(self.target, name, subject, "firing", self.day)


def alerts_in(body: str) -> str:
    """The alert ids of a message's last line, and what moved of those that are told again; of a
    message without alerts, all of it."""
    found = _ALERTS.search(body.strip())
    if found is None:
        return body.strip()
    steps = ((float(each.replace(",", "")) for each in step) for step in _AGAIN.findall(body))
    return ", ".join((found[1], *(moved(*step) for step in steps)))


def moved(value: float, before: float) -> str:
    """How a price that is told again differs from what was told."""
    return f"{before:.2f} to {value:.2f}"


def _kind(block: str) -> str:
    if _AGAIN.search(block):
        return "again"
    if _RAISED.search(block):
        return "more severe"
    return "resolved" if re.search(r"^   ended", block, re.MULTILINE) else "firing"


def _kind_of_other(said: str) -> str:
    """What another rule says beside: the text after its name."""
    if said.startswith(": again: "):
        return "again"
    if _RAISED.search(said):
        return "more severe"
    return "resolved" if " ended" in said[:6] else "firing"


@dataclass
class Sink:
    """Answers 200 to ``POST /INCARNATION/CHANNEL/N`` and keeps what came.

    ``hear`` is told of a message when it is taken and not yet answered, and once it is answered.
    ``refusal`` gives a status with which the target's next one is refused (0: it is taken).
    """

    day: Callable[[], int]
    hear: Callable[[str, int], None]
    port: int = 0
    taken: list[Delivery] = field(default_factory=list)
    refusal: Callable[[str], int] = lambda _target: 0

    def url(self, incarnation: int) -> str:
        """An Apprise URL to which a rule file adds the target, as ``/me/1``."""
        return f"json://127.0.0.1:{self.port}/{incarnation}"

    async def take(self, request: web.Request) -> web.StreamResponse:
        try:
            said = await request.json()
        except ConnectionError:  # killed in the middle of its message: that is none
            return web.Response(status=400)
        target = request.match_info["target"].strip("/")
        if status := self.refusal(target):
            return web.Response(status=status)
        who = int(request.match_info["incarnation"])
        self.taken.append(
            Delivery(who, target, self.day(), said["title"], said["message"], time.time())
        )
        self.hear("taken", who)
        response = web.Response(text="ok")
        await write(request, response)
        self.hear("acknowledged", who)
        return response


@asynccontextmanager
async def sinking(day: Callable[[], int], hear: Callable[[str, int], None]) -> AsyncIterator[Sink]:
    """A sink on a free port."""
    sink = Sink(day, hear)
    async with on_loopback(sink.take, "/{incarnation}/{target:.+}", "POST") as sink.port:
        yield sink
