"""The nouns that the modules hand to each other: frozen, and free of behaviour. What is stored as
JSON (evidence, messages) is a msgspec struct; what lives in memory only is a dataclass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NamedTuple, Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from watcher.attributes import TEXT_OF, numbers_of
from watcher.fields import NUMERIC_INDEX
from watcher.incident import Incident

Instant: TypeAlias = int  # whole Unix seconds, UTC
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

LONGEST_LIST = 1_000_000  # places; of no endpoint more can be asked for


class Verdict(Enum):
    """A condition's answer on a product. No data is not "not met": it changes nothing."""

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
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class LongTexts:
    """A product's long texts as the API gave them: JSON inside a text, plain text, or None."""

    cover_url: str | None = None
    desc_detail: str | None = None
    sale_props: str | None = None
    skus: str | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason why who is missing from a scan may be on the list all the same, ``since`` the first
    of ``turn`` such scans in a row; ``believed``: for so long that absence is proven again."""

    why: str
    since: Instant
    turn: int = 1
    believed: bool = False


# Names of what a list says of itself, where metrics are computed of it; columns of ``scans``.
LIST_DAY, LIST_SPARSE = "list_day", "list_sparse"
OF_LIST = (LIST_DAY, LIST_SPARSE)


@dataclass(frozen=True, slots=True)
class ListFacts:
    """A list's own facts at one scan: ``day``, how many times their pace its products sold
    yesterday, in the median; ``idle``, the share of those that sell which sold nothing, if enough;
    ``sparse``: so many for so long that sales must be booked on the day of collection."""

    day: float = 1.0
    idle: float | None = None
    sparse: bool = False


class Listed(Protocol):
    """A scan of n products as rules judge it: just made, or of the past and read as asked for."""

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
    def texts(self) -> Mapping[str, Sequence[str | None]]:
        """The texts that were read, by name."""

    @property
    def proves_absence(self) -> bool: ...

    @property
    def of_market(self) -> bool: ...

    @property
    def whole(self) -> bool:
        """Whether all that messages show is in memory, so that a column costs nothing."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> Floats:
        """(n,) the numeric field of that name, or the number in a text; NaN is absent."""

    def cell(self, name: str, row: int) -> float:
        """One product's value of it."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One reading of a watch: n products as a table of columns, in the order of the list.

    ``at`` is the instant that the observations carry (the timer's, if one started the scan).
    ``ranks`` counts from 1; 0 where the watch has no sort. ``numbers`` is (n, 88) in the order of
    ``fields.NUMERIC``, NaN is absent; ``texts`` has a column for each of ``fields.TEXTS``;
    those made of long texts (``attributes.MADE``) where they were read. ``long_texts`` are those
    that the reader asked for, by product id; ``followed`` names the texts that rules of the watch
    hold against the past, so that it is noted who lacks them. ``interrupted``: by a stop, a
    refused key or credits, and due again once that is over. ``problems`` is all that was odd,
    ``doubt`` what of it keeps the scan from proving an absence. ``facts`` are given of a stored
    scan that is played once more, perhaps without some of its products.

    Of a shop or of products of one's own, which are no list ``of_market``, ``regions`` has that of
    each product, and ``region`` is that of most. ``asked`` are the ids of a lookup; a shop was
    ``cut`` where it has more products than were read: in an order that nobody knows.
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
    texts: Mapping[str, Sequence[str | None]]
    long_texts: Mapping[str, LongTexts] = field(default_factory=dict)
    error: str | None = None
    problems: tuple[str, ...] = ()
    interrupted: bool = False
    doubt: Doubt | None = None
    facts: ListFacts | None = None
    page_size: int = 10
    followed: frozenset[str] = frozenset()
    of_market: bool = True
    regions: tuple[str, ...] = ()
    asked: tuple[str, ...] | None = None
    cut: bool = False

    def __len__(self) -> int:
        return len(self.product_ids)

    @property
    def proves_absence(self) -> bool:
        """Whether a product that it does not list is not on the list."""
        doubted = self.doubt is not None and not self.doubt.believed
        return self.state is ScanState.COMPLETE and not doubted and not self.cut

    @property
    def whole(self) -> bool:
        return True

    def column(self, name: str) -> Floats:
        if name in TEXT_OF:
            texts = self.texts.get(TEXT_OF[name])
            return numbers_of(name, texts or (None,) * len(self))
        return self.numbers[:, NUMERIC_INDEX[name]]

    def cell(self, name: str, row: int) -> float:
        if name in TEXT_OF:
            return float(self.column(name)[row])
        return float(self.numbers[row, NUMERIC_INDEX[name]])


class MetricLimit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A metric that stands for a limit, or ``factor`` times it; ``value`` is that of the metric for
    one product, None where it has none or where no product is spoken of."""

    metric: str
    unit: str = ""
    factor: float | None = None
    value: float | None = None


class LastTexts(NamedTuple):
    """Texts (n,) as a watch knew them last, not older than two weeks, and the instants (n,) of the
    scans that found them; None and 0 for unknown."""

    values: Sequence[str | None]
    at: Ints


class Criterion(msgspec.Struct, frozen=True, omit_defaults=True):
    """An operator with its parameters: ``limits`` in the metric's unit (fractions, if ``percent``)
    or texts, of very many the first, and ``more`` counts the others; ``baseline`` is last, ago,
    usual or a statistic, ``seconds`` how long ago or over how long; ``floor`` is ``min_change``.
    Of ``measures``, where there are any, each stands in place of its limit; the ``more`` values
    may be those of a ``file``."""

    operator: str
    limits: tuple[float | str, ...] = ()
    more: int = 0
    percent: bool = False
    baseline: str = ""
    seconds: int = 0
    floor: float | None = None
    measures: tuple[MetricLimit | None, ...] = ()
    file: str = ""


class GapKind(StrEnum):
    """Cause of a gap."""

    NO_VALUE = "no_value"
    NOT_LISTED = "not_listed"
    NOT_SEEN = "not_seen"


class Gap(msgspec.Struct, frozen=True):
    """Reason why a baseline is older than the last scans, and its age in ``seconds``."""

    kind: GapKind
    seconds: int


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition's verdict on one product, and the values that it rests on.

    ``negations`` is how often a "not" turned it round; ``baseline_at`` when the baseline was
    observed, for a statistic the begin of its time; ``form`` normal or sparse, where the formula
    has both; ``score`` how many standard deviations the value lies from the usual one; ``days`` on
    how many days a value is known of the time that a baseline is taken over. Words for a criterion
    or a gap were stored by an earlier version.
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
    days: int | None = None


@dataclass(frozen=True, slots=True)
class LatestEvidence:
    """Evidence of the newest scan that saw a product; ``current``: it is the watch's newest."""

    at: Instant
    evidence: tuple[Evidence, ...]
    current: bool = True


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One product in a message.

    ``alert`` is the short id; ``kind`` firing, again, reminder or resolved; ``since`` when it
    fired; ``facts`` are values worth showing, by metric; ``rule`` is given where there are several.
    ``why`` was so when the alert fired, ``now`` as the message is written, where that is later;
    ``seen`` is when the product was seen last, where the message's scan lacks it. ``watch`` names
    the list that it is on, where the rule has several. ``seller`` is the seller's id, where the
    user named it; ``names`` are those of the ids that occur here. ``again`` says what moved since
    the channel was last told, where that is why it is told.
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
    watch: str = ""
    seller: str = ""
    names: dict[str, str] = {}
    again: tuple[Evidence, ...] = ()


class RuleCount(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule's line in a message of several: the products told of, and what ended."""

    rule: str
    told: int = 0
    ended: int = 0
    description: str = ""


class Waited(msgspec.Struct, frozen=True, omit_defaults=True):
    """Messages that waited for up to ``seconds`` and are told as one: ``passed`` alerts came and
    went; of the watcher's own ``troubles`` go on, ``over`` (causes) ended, ``others`` did both."""

    messages: int
    seconds: int
    passed: int = 0
    troubles: tuple[Incident | str, ...] = ()
    over: tuple[Incident | str, ...] = ()
    others: int = 0


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A notification's content, before it is worded and put into a service's format.

    ``kind``: alerts, digest (of several rules), joined (what still holds of many that waited),
    operator or test. One of alerts has ``items`` in full, counts those beyond the rule's limit in
    ``rest``, names the first of them in ``more``, tells of ``told`` products and the end of
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


class NotificationState(StrEnum):
    """Waiting for its service to take it, or done with; joined: another one tells what holds."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"
    JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Notification:
    """One message queued for one target, ``channel/1``. ``planned`` is when ``next_try`` was set,
    ``joined`` who tells it in its place, ``taken`` marks of the recipients that have it."""

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
    """One rule's claim about one product: a row for each time it became pending. ``id`` is 0 before
    the store gives one, ``product`` its key. ``since`` is when the state began, ``last_met`` when
    ``when`` was last met, ``absent`` how many complete scans in a row lack the product.
    ``carried``: an older form of the rule fired it; it goes on without being told again. ``watch``
    is the key of the one that opened it, whose scans alone move it; of a rule of several watches,
    "" is that of none of them."""

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
    watch: str = ""

    @property
    def short_id(self) -> str:
        return f"A{self.id}"

    @property
    def leaves_trace(self) -> bool:
        """Whether it is stored: one that ended without ever having fired is not."""
        return self.state is not AlertState.INACTIVE or self.fired_at is not None

    @property
    def outcome(self) -> str:
        """The state in a word; of an alert that is over, why it ended."""
        return self.reason or "over" if self.state is AlertState.INACTIVE else self.state.value


class ToldWith(msgspec.Struct, frozen=True):
    """Values (by the canonical text of a metric) that a message was told with, of data of ``at``;
    what had no value is left out."""

    at: Instant
    values: dict[str, float]


class NotificationLogEntry(msgspec.Struct, frozen=True, gc=False):
    """A channel's last news of one rule and product: the alert, and the message's first
    ``notification``, None where it was queued for no target. ``told_with`` are the values of which
    the rule's ``again`` speaks; None where it has none, or they were not asked for."""

    rule: str
    product: int
    channel: str
    alert: int
    told_at: Instant
    resolved_told: bool = False
    notification: int | None = None
    told_with: ToldWith | None = None


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
