"""Records that the store is given and gives back, as the house knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from watcher.alert import Alert, AlertState
from watcher.attributes import MADE, TEXT_OF
from watcher.evidence import Evidence, LatestEvidence
from watcher.fields import NUMERIC, TEXTS
from watcher.message import Notification, NotificationState
from watcher.model import (
    OF_LIST,
    Bools,
    Doubt,
    Floats,
    Instant,
    Ints,
    Listed,
    ListFacts,
    Scan,
    ScanState,
    Severity,
)
from watcher.store.packing import positions

Row: TypeAlias = tuple[Any, ...]
RANK = "rank"
# What is asked for like a field, and is no number of one.
OF_SCAN = frozenset([RANK, *OF_LIST, *TEXT_OF])
AFTER_ALL = 1 << 62  # the id of one that looks back on all scans, and doubts none
_SHARED = (
    "watch", "region", "at", "started", "finished", "state", "requests", "pages", "doubt",
    "of_market", "cut",
)  # fmt: skip
# What says why an alert fires.
Why: TypeAlias = Callable[[], tuple[Evidence, ...]]
# An alert without its evidence, as a plain row, for there may be very many: its id, rule and
# product, when it ended, and the watch that opened it.
Brief: TypeAlias = tuple[int, str, int, Instant | None, str]
Progress = Callable[[int, int], None]


class ScanRow(Struct, frozen=True):
    """``products`` is how many it saw, ``changed`` how many rows of numbers it wrote."""

    id: int
    watch: str
    region: str
    at: Instant
    started: Instant
    finished: Instant
    state: ScanState
    requests: int
    pages: int
    products: int
    changed: int
    error: str | None
    interrupted: bool
    problems: tuple[str, ...] = ()
    doubt: Doubt | None = None
    facts: ListFacts | None = None
    of_market: bool = True
    cut: bool = False

    def of(
        self, ids: tuple[str, ...], ranks: Ints, numbers: Floats,
        texts: Mapping[str, Sequence[str | None]],
    ) -> Scan:  # fmt: skip
        """The scan as it was recorded, of some products."""
        shared = {name: getattr(self, name) for name in _SHARED}
        return Scan(product_ids=ids, ranks=ranks, numbers=numbers, texts=texts, **shared)


class Recorded(Struct, frozen=True):
    """A scan of n products after it was recorded: the store's keys of its ``products``, which of
    them the watch had never seen before, whether an earlier scan of it proves an absence, and how
    many rows of numbers were written. ``part``: the scan listed more than these."""

    scan_id: int
    products: Ints
    first_seen: Bools
    had_complete: bool
    changed: int
    facts: ListFacts | None = None
    part: bool = False


class TextChange(Struct, frozen=True):
    """A product's text of that ``name`` was another one until ``at``; None is none."""

    at: Instant
    name: str
    was: str | None
    now: str | None


class Sighting(Struct, frozen=True):
    """Findings of a watch's scan about some products: the ``scan`` as it was recorded, ``row`` and
    ``recorded`` cut to these products."""

    scan: ScanRow
    row: Listed
    recorded: Recorded

    @classmethod
    def absent(cls, scan: ScanRow) -> Sighting:
        """One of a scan that did not list the product: without a row, as after an empty list."""
        keys, numbers = np.zeros(0, np.int64), np.zeros((0, len(NUMERIC)))
        recorded = Recorded(
            scan.id, keys, keys == 0, had_complete=True, changed=0, facts=scan.facts
        )
        names = (*(text.name for text in TEXTS), *MADE)
        texts: dict[str, tuple[str | None, ...]] = dict.fromkeys(names, ())
        return cls(scan, scan.of((), keys, numbers, texts), recorded)


class Baseline(Struct, frozen=True):
    """``values`` is (n, k), NaN is absent; ``at`` (n,) is when it was observed, 0 is never."""

    values: Floats
    at: Ints

    @classmethod
    def nothing(cls, size: int, fields: Sequence[str]) -> Baseline:
        return cls(np.full((size, len(fields)), np.nan), np.zeros(size, np.int64))


class WindowQuery(Struct, frozen=True):
    """All that the scans of a region found in ``within`` (the end does not belong to it), and of
    ``more`` regions, where the products are of several.

    Numbers count from any watch of these (not if ``own``), and from any shop and lookup, whose
    products may be of any region; ranks from ``watch`` only; what
    a list says of itself goes with each scan's numbers. The scan ``scan_id`` is the one that looks
    back: a scan that it doubts has the numbers of the one before, or is left out (if ``own``).
    """

    watch: str
    region: str
    products: Ints
    within: tuple[Instant, Instant]
    fields: Sequence[str]
    scan_id: int = AFTER_ALL
    own: bool = False
    more: tuple[str, ...] = ()

    @property
    def regions(self) -> tuple[str, ...]:
        return (self.region, *self.more)

    @property
    def numbers(self) -> list[str]:
        """The fields that are numbers of products."""
        return of_products(self.fields)

    @property
    def only_own(self) -> bool:
        """Whether other watches' scans have nothing to say: what they have is numbers."""
        return self.own or not self.numbers


def of_products(fields: Sequence[str]) -> list[str]:
    """Return the fields that are numbers of a product, not of a scan of it."""
    return [name for name in fields if name not in OF_SCAN]


class Window(Struct, frozen=True):
    """Some of the products asked for (``rows`` of them, m) in the S scans of a time. ``at`` is
    (S,), when each scan was; ``values`` has (S, m) for each field, NaN where the scan did not see
    the product or the field was absent."""

    rows: slice
    at: Ints
    values: Mapping[str, Floats]


class EarlierList(Struct, frozen=True):
    """The list that a scan at ``at`` read: products (n,) and ranks (n,), 0 for none. ``whole``: to
    its end; else only its first places."""

    at: Instant
    products: Ints
    ranks: Ints
    whole: bool = True

    def and_missing(self, products: Ints, ranks: Ints, *, whole: bool) -> EarlierList:
        """With those that only an earlier list has, at its ranks."""
        missing = positions(self.products, products) < 0
        return EarlierList(
            self.at,
            np.concatenate([self.products, products[missing]]),
            np.concatenate([self.ranks, ranks[missing]]),
            self.whole and whole,
        )

    def ranks_of(self, products: Ints) -> Floats:
        """(m,) infinite for who was not on the list, NaN where the list has no ranks."""
        places = positions(self.products, products)
        ranks = np.append(self.ranks, 0)[places].astype(np.float64)
        return np.where(places < 0, np.inf, np.where(ranks > 0, ranks, np.nan))


class GroupFigures(Struct, frozen=True):
    """The figures of groups of products at a scan: ``groups`` (n,) are their keys, ``values`` has
    (n,) each figure by its canonical text; NaN is no value."""

    scan_id: int
    at: Instant
    groups: Ints
    values: Mapping[str, Floats]

    def of(self, text: str, groups: Ints) -> Floats:
        """(m,) a figure of some groups."""
        if text not in self.values:
            return np.full(len(groups), np.nan)
        return np.asarray(np.append(self.values[text], np.nan)[positions(self.groups, groups)])

    def with_more(self, other: GroupFigures) -> GroupFigures:
        """Another's figures beside these, of the groups of both."""
        groups = np.union1d(self.groups, other.groups)
        values = {text: self.of(text, groups) for text in self.values}
        values |= {text: other.of(text, groups) for text in other.values}
        return GroupFigures(self.scan_id, self.at, groups, values)


class OwnScan(Struct, frozen=True):
    """A scan of a watch that read something; ``proves`` that who is not on it is not on the list.
    A ``complete`` one need not: it may be doubted, or the begin of a longer shop."""

    id: int
    at: Instant
    proves: bool
    complete: bool


class Jumped(Struct, frozen=True):
    """A doubted scan, when it was, and how many products it listed."""

    scan_id: int
    at: Instant
    size: int


class LastChange(Struct, frozen=True):
    """The scan that found a change."""

    scan_id: int
    at: Instant


class Absence(Struct, frozen=True):
    """A product was seen at ``seen`` (0: before the time that is looked at), was not on a complete
    list at ``missing``, and was seen again at ``back``."""

    seen: Instant
    missing: Instant
    back: Instant


_RANKED: Mapping[int, Severity | None] = {-1: None, **dict(enumerate(Severity))}


class Whose(IntEnum):
    """The owner of an alert, as seen by a watch of its rule: it, another, or nobody so far."""

    OTHER = -1
    NOBODY = 0
    OWN = 1


@dataclass(frozen=True)
class Live:
    """The pending and firing alerts of some rules: rule by rule, the oldest first. ``names`` are
    the rules'. Each column is (n,): ``rules`` has an alert's rule by its place in ``names``;
    ``fired_at`` is -1 where an alert is pending; ``whose`` (``Whose``, as
    seen by ``watch``) is given where rules of several watches are among these, ``severities``
    (their ranks, -1 where the data gave none so far) where rules are whose severity the data
    decide."""

    names: Sequence[str]
    rules: Ints
    ids: Ints
    products: Ints
    firing: Bools
    since: Ints
    last_met: Ints
    fired_at: Ints
    absent: Ints
    carried: Bools
    whose: Ints | None = None
    watch: str = ""
    severities: Ints | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def of(self, rule: int) -> slice:
        """Return where the alerts of a rule stand."""
        return slice(*self._bounds[rule : rule + 2])

    def alerts(self, part: slice, mask: Bools) -> Iterator[Alert]:
        """Alerts of a part that the mask (n,) marks as objects, without their stored evidence: of
        ``watch``, where that is given."""
        if part.start == part.stop:  # most rules have none
            return
        which = part.start + np.flatnonzero(mask[part])
        columns = (
            self.rules, self.ids, self.products, self.firing, self.since, self.last_met,
            self.fired_at, self.absent, self.carried,
        )  # fmt: skip
        severities = [-1] * len(which)
        if self.severities is not None:
            severities = self.severities[which].tolist()
        for rule, alert, product, firing, since, last_met, fired_at, absent, carried, rank in zip(
            *(column[which].tolist() for column in columns), severities, strict=True
        ):
            state = AlertState.FIRING if firing else AlertState.PENDING
            yield Alert(
                alert, self.names[rule], product, state, since, last_met,
                fired_at if fired_at >= 0 else None, absent=absent, carried=carried,
                watch=self.watch, severity=_RANKED[rank],
            )  # fmt: skip

    @cached_property
    def _bounds(self) -> list[int]:
        bounds: list[int] = np.searchsorted(self.rules, np.arange(len(self.names) + 1)).tolist()
        return bounds


class Transition(Struct, frozen=True, gc=False):
    """An alert's change of state, or a change that is told (``reason`` names it)."""

    alert: int
    at: Instant
    before: AlertState
    after: AlertState
    reason: str | None = None


class Begun(Struct, frozen=True):
    """An alert of a rule that began to fire."""

    rule: str
    product: int
    fired_at: Instant


class Delivery(Struct, frozen=True):
    """The fate of the last message about an alert: of one target, or not queued at all."""

    channel: str
    told_at: Instant
    target: str | None = None
    state: NotificationState | None = None

    def __str__(self) -> str:
        """``terminal/1 sent``."""
        return f"{self.target or self.channel} {self.state.value if self.state else 'told'}"


class AlertHold(Struct, frozen=True):
    """A reason why a channel is not told of an alert now: ``until`` is when that ends by itself, if
    it does; ``silence`` is the id of the one that holds it."""

    channel: str
    why: str
    until: Instant | None = None
    silence: int | None = None


class AlertRow(Struct, frozen=True):
    """An alert for people, with its product's names and what became of its last messages. ``holds``
    is what is held back of it, ``known`` what is so now, ``watch`` the list that it is on where its
    rule has several, ``names`` those of the ids that occur: they follow from the rules, so that the
    store leaves them empty."""

    alert: Alert
    region: str
    product_id: str
    name: str
    deliveries: tuple[Delivery, ...]
    currency: str | None = None
    holds: tuple[AlertHold, ...] = ()
    known: LatestEvidence | None = None
    watch: str = ""
    seller_id: str | None = None
    names: Mapping[str, str] = {}


class Delivered(Struct, frozen=True):
    """A message that a target of ``channel`` took; ``about`` is the time of its data. ``rule`` is
    empty where it tells of several (``kind``: alerts, digest or joined). ``alerts`` are the ids of
    what it tells of, by the decision that has them told."""

    rule: str
    kind: str
    channel: str
    about: Instant
    alerts: Mapping[str, Sequence[int]]


class FiredAlert(Struct, frozen=True):
    """An alert as it began, by a ``watch``; ``resolved_at`` is None while it lives."""

    id: int
    rule: str
    product: int
    fired_at: Instant
    resolved_at: Instant | None
    watch: str = ""


class RuleChanges(Struct, frozen=True):
    """Names of rules. ``renamed`` maps a changed rule's new name to its old one."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


class Try(Struct, frozen=True):
    """One attempt to send: ``outcome`` is sent, failed or dead."""

    at: Instant
    outcome: str
    detail: str | None


def is_due(notification: Notification, now: Instant) -> bool:
    """Whether one that waits is to be tried now: also where the clock was set back since."""
    return notification.next_try <= now or notification.planned > now + SET_BACK


SET_BACK = 60  # seconds that a clock may be set back before what is planned by it counts no more


class Spent(Struct, frozen=True):
    """Credits of a UTC day and of its month, those set aside included."""

    day: int
    month: int


class Pruned(Struct, frozen=True):
    """Result of one step: ``rows`` of ``kind`` removed, or ``given_back`` bytes of the file.
    ``seconds`` is how long it held the write lock at most, ``more`` whether to go on."""

    more: bool
    kind: str = ""
    rows: int = 0
    given_back: int = 0
    seconds: float = 0.0


class Sizes(Struct, frozen=True):
    """Bytes of the file, of the log beside it, and ``free`` ones that new rows will use first."""

    bytes: int
    wal: int
    free: int


class Stats(Sizes, frozen=True):
    """The sizes, and what is stored from when to when."""

    products: int
    observations: int
    scans: int
    alerts: int
    notifications: int
    oldest: Instant | None
    newest: Instant | None
