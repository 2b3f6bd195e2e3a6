"""The nouns that the modules hand to each other: frozen, and free of behaviour.

Instants are whole Unix seconds (UTC). What is stored as JSON (evidence, messages) is a msgspec
struct; what lives in memory only is a dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from watcher.fields import NUMERIC_INDEX
from watcher.incident import Incident

Instant: TypeAlias = int
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

LONGEST_LIST = 1_000_000  # places; of no endpoint more can be asked for


class Verdict(Enum):
    """What a condition says of a product. No data is not "not met": it changes nothing."""

    MET = "met"
    NOT_MET = "not met"
    NO_DATA = "no data"


class ScanState(StrEnum):
    """Complete: read to ``top`` or to the list's end. Partial: some page failed for good."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


class AlertState(StrEnum):
    """State of one rule for one product. "Resolved" is a time and an event, no state."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


class Severity(StrEnum):
    """In rising order; ``rank`` compares."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class LongTexts:
    """A product's long texts as the API gave them: JSON inside a text, plain text, or None."""

    cover_url: str | None = None
    desc_detail: str | None = None
    sale_props: str | None = None
    skus: str | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why who is missing from a scan may be on the list all the same.

    ``since`` is when the first of ``turn`` such scans in a row was made. ``believed``: that goes
    on for so long that absence is proven again.
    """

    why: str
    since: Instant
    turn: int = 1
    believed: bool = False


# Names of what a list says of itself, where metrics are computed of it; columns of ``scans``.
LIST_DAY, LIST_SPARSE = "list_day", "list_sparse"
OF_LIST = (LIST_DAY, LIST_SPARSE)


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What a list says of itself at one scan.

    ``day`` is how many times their pace its products sold yesterday, in the median. ``idle`` is
    the share of those that sell which sold nothing yesterday; None where they are too few.
    ``sparse``: so many for so long that sales must be booked on the day of collection.
    """

    day: float = 1.0
    idle: float | None = None
    sparse: bool = False


class Listed(Protocol):
    """A scan of n products as rules judge it: one just made, or one of the past, of which only
    what is asked for is read."""

    @property
    def watch(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def at(self) -> Instant: ...

    @property
    def state(self) -> ScanState: ...

    @property
    def ranks(self) -> Ints: ...

    @property
    def texts(self) -> Mapping[str, Sequence[str | None]]: ...

    @property
    def proves_absence(self) -> bool: ...

    @property
    def whole(self) -> bool:
        """Whether all that messages show is in memory, so that a column costs nothing."""
        ...

    def __len__(self) -> int: ...

    def column(self, name: str) -> Floats:
        """(n,) the numeric field of that name; NaN is absent."""
        ...

    def cell(self, name: str, row: int) -> float:
        """One product's value of it."""
        ...


@dataclass(frozen=True, slots=True)
class Scan:
    """One reading of a watch: n products as a table of columns, in the order of the list.

    ``at`` is the instant that the observations carry (the timer's, if one started the scan),
    ``started`` and ``finished`` are the clock's. ``ranks`` counts from 1 over the positions of
    the list; 0 where the watch has no sort. ``numbers`` is (n, 88) in the order of
    ``fields.NUMERIC``, NaN is absent. ``texts`` has a column for each of ``fields.TEXTS``.
    ``long_texts`` holds, by product id, only those that the reader asked for. ``interrupted``:
    cut off by a stop, a refused key or credits, and no failure of the list: it is due again as
    soon as the hindrance is gone. ``problems`` is all that was odd about it, ``doubt`` what of
    that keeps it from proving an absence. ``facts`` are given where they are known already: of a
    stored scan that is played once more, perhaps without some of its products.
    """

    watch: str
    region: str
    at: Instant
    started: Instant
    finished: Instant
    state: ScanState
    requests: int
    pages: int
    product_ids: tuple[str, ...]
    ranks: Ints
    numbers: Floats
    texts: Mapping[str, tuple[str | None, ...]]
    long_texts: Mapping[str, LongTexts] = field(default_factory=dict)
    error: str | None = None
    problems: tuple[str, ...] = ()
    interrupted: bool = False
    doubt: Doubt | None = None
    facts: ListFacts | None = None
    page_size: int = 10

    def __len__(self) -> int:
        return len(self.product_ids)

    @property
    def proves_absence(self) -> bool:
        """Whether a product that it does not list is not on the list."""
        doubted = self.doubt is not None and not self.doubt.believed
        return self.state is ScanState.COMPLETE and not doubted

    @property
    def whole(self) -> bool:
        """All of it is in memory."""
        return True

    def column(self, name: str) -> Floats:
        """(n,) the numeric field of that name."""
        return self.numbers[:, NUMERIC_INDEX[name]]

    def cell(self, name: str, row: int) -> float:
        """One product's value of it."""
        return float(self.numbers[row, NUMERIC_INDEX[name]])


class Criterion(msgspec.Struct, frozen=True, omit_defaults=True):
    """An operator of the rule language with its parameters, as a condition asks it of a metric.

    ``limits`` are numbers in the metric's unit (a fraction, if ``percent``) or texts; of very many
    only the first, and ``more`` counts the others. ``baseline`` is last, ago, usual or the name of
    a statistic, ``seconds`` how long ago or over how long; ``floor`` is ``min_change``.
    """

    operator: str
    limits: tuple[float | str, ...] = ()
    more: int = 0
    percent: bool = False
    baseline: str = ""
    seconds: int = 0
    floor: float | None = None


class GapKind(StrEnum):
    """Cause of a baseline that is older than the last scans."""

    NO_VALUE = "no_value"
    NOT_LISTED = "not_listed"
    NOT_SEEN = "not_seen"


class Gap(msgspec.Struct, frozen=True):
    """Reason why a baseline is older than the last scans, and its age in ``seconds``."""

    kind: GapKind
    seconds: int


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition's verdict on one product, and the values that it rests on.

    ``condition`` is what was asked, ``negations`` how often a "not" turned it round;
    ``baseline_at`` is when the baseline was observed, for a statistic the begin of its time.
    ``form`` is that of the formula, where a metric has two: normal or sparse. ``score`` is how many
    standard deviations the value lies from the usual one, where that was asked. Words in place of
    a criterion or a gap were stored by an earlier version.
    """

    metric: str
    label: str
    unit: str
    condition: Criterion | str
    verdict: Verdict
    value: float | str | None = None
    baseline: float | str | None = None
    baseline_at: Instant | None = None
    gap: Gap | str | None = None
    form: str = ""
    score: float | None = None
    negations: int = 0


@dataclass(frozen=True, slots=True)
class LatestEvidence:
    """What a rule's conditions say of a product by the newest scan, at ``at``, that saw it;
    ``current``: that is the watch's newest scan."""

    at: Instant
    evidence: tuple[Evidence, ...]
    current: bool = True


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One product in a message.

    ``alert`` is the short alert id; ``kind`` is firing, reminder or resolved; ``since`` is when
    the alert fired; ``facts`` are the values worth showing, by metric. ``currency`` is that of
    prices, ``gmv_currency`` that of GMV. ``rule`` is given where the message holds several rules.
    ``why`` is what was so when the alert fired, ``now`` what is so as the message is written, where
    that is later; ``seen`` is when the product was seen last, where the message's scan lacks it.
    """

    alert: str
    kind: str
    region: str
    product_id: str
    name: str
    since: Instant
    currency: str | None = None
    reason: str | None = None
    why: tuple[Evidence, ...] = ()
    facts: dict[str, float | None] = {}
    rule: str = ""
    gmv_currency: str | None = None
    now: tuple[Evidence, ...] = ()
    seen: Instant | None = None


class RuleCount(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule's line in a message of several: how many products it tells of, and of what ended."""

    rule: str
    told: int = 0
    ended: int = 0
    description: str = ""


class Waited(msgspec.Struct, frozen=True, omit_defaults=True):
    """Messages that waited for up to ``seconds`` and are told as one.

    ``passed`` alerts began and ended meanwhile; of the watcher's own, ``troubles`` go on,
    ``over`` are over (words of an earlier version), and ``others`` came and went.
    """

    messages: int
    seconds: int
    passed: int = 0
    troubles: tuple[Incident | str, ...] = ()
    over: tuple[Incident | str, ...] = ()
    others: int = 0


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A notification's content, before it is worded and put into a service's format.

    ``kind``: alerts, digest (of several rules), joined (what still holds of many that waited),
    operator or test. One of alerts has ``items`` in full; ``rest`` counts those beyond the rule's
    limit and ``more`` names the first of them. It tells of ``told`` products, and of the end of
    ``ended``. A digest has a line for each rule (``parts``), a joined one what ``waited`` too; an
    test has ``title`` and ``text``, as had all of earlier versions. ``alerts``
    are the ids of all alerts that it tells of, also of those that are only counted, by the
    decision that has them told. An operator's is about an
    ``incident`` (``cause`` is its key); ``over``: that it ended.
    """

    kind: str
    title: str
    severity: Severity
    created: Instant
    rule: str = ""
    description: str = ""
    region: str = ""
    data_at: Instant | None = None
    items: tuple[Item, ...] = ()
    more: tuple[str, ...] = ()
    rest: int = 0
    text: str = ""
    alerts: dict[str, tuple[int, ...]] = {}
    cause: str = ""
    over: bool = False
    incident: Incident | None = None
    told: int = 0
    ended: int = 0
    parts: tuple[RuleCount, ...] = ()
    waited: Waited | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One product's values of a metric, for a picture: ``points`` are instants and values, None
    where the product had none; ``marks`` are when its alert fired. ``number`` is its place in the
    message, ``evidence`` why it is there."""

    number: int
    name: str
    product_id: str
    points: tuple[tuple[Instant, float | None], ...]
    marks: tuple[Instant, ...]
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A metric of the strongest products of a message, up to ``at``; ``currency`` is that of all
    its amounts, where it is known and the same."""

    label: str
    unit: str
    at: Instant
    series: tuple[Series, ...]
    currency: str | None = None


class NotificationState(StrEnum):
    """A notification waits until its service took it, or it is dead or dropped.

    One that waited with dozens of others is joined with them: another one tells what holds.
    """

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"
    JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Notification:
    """One message queued for one target. ``target`` is its masked name: ``channel/1``.

    ``planned`` is when ``next_try`` was set, as far as that is known. ``joined`` is the one that
    tells this one's message in its place. ``taken`` are marks of those of the target's recipients
    that have it already.
    """

    id: int
    channel: str
    target: str
    state: NotificationState
    created: Instant
    next_try: Instant
    tries: int
    message: Message
    error: str | None = None
    finished: Instant | None = None
    first_try: Instant | None = None
    planned: Instant = 0
    joined: int | None = None
    taken: frozenset[str] = frozenset()


class Alert(msgspec.Struct, frozen=True, gc=False):
    """One rule's claim about one product: a row for each time it became pending.

    ``id`` is 0 before the store has given one; ``product`` is the store's key of the product.
    ``since`` is when the state began, ``last_met`` when ``when`` was last met, ``absent`` how
    many complete scans in a row did not list the product. ``carried`` marks an alert that an
    older form of the rule fired: it goes on without being told again.
    """

    id: int
    rule: str
    product: int
    state: AlertState
    since: Instant
    last_met: Instant
    fired_at: Instant | None = None
    resolved_at: Instant | None = None
    reason: str | None = None
    absent: int = 0
    carried: bool = False
    evidence: tuple[Evidence, ...] = ()

    @property
    def short_id(self) -> str:
        return f"A{self.id}"


class NotificationLogEntry(msgspec.Struct, frozen=True, gc=False):
    """What one channel was last told about one rule and product: of which alert, and when.

    ``notification`` is the first of the message's; None where it was queued for no target.
    """

    rule: str
    product: int
    channel: str
    alert: int
    told_at: Instant
    resolved_told: bool = False
    notification: int | None = None


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A stored product for people: its texts and newest numbers (by field name, None absent)."""

    product: int
    region: str
    product_id: str
    name: str
    seller_id: str | None
    category_id: str | None
    currency: str | None
    first_seen: Instant
    observed_at: Instant | None
    numbers: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Health:
    """State of a watch or a rule, kept apart from alerts: ok where ``failing_since`` is None."""

    kind: str
    name: str
    failing_since: Instant | None = None
    failures: int = 0
    last_error: str | None = None
    last_ok: Instant | None = None
