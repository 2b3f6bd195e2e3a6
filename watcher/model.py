"""The nouns that the modules hand to each other: frozen, and free of behaviour. What is stored as
JSON is a msgspec struct (``evidence``, ``alert``, ``message``); what lives in memory only is a
dataclass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from watcher.attributes import TEXT_OF, numbers_of
from watcher.fields import NUMERIC_INDEX

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


class Severity(StrEnum):
    """In rising order; ``rank`` compares."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    def lies_between(self, least: Severity, most: Severity) -> bool:
        """Whether it is one of those from ``least`` to ``most``."""
        return least.rank <= self.rank <= most.rank


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


class LastTexts(NamedTuple):
    """Texts (n,) as a watch knew them last, not older than two weeks, and the instants (n,) of the
    scans that found them; None and 0 for unknown."""

    values: Sequence[str | None]
    at: Ints


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A stored product for people: its texts and newest numbers (by field name, None absent); or a
    group of products, which has none: what it is ``grouped_by``."""

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
    grouped_by: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """State of a watch or a rule, kept apart from alerts: ok where ``failing_since`` is None."""

    kind: str
    name: str
    failing_since: Instant | None = None
    failures: int = 0
    last_error: str | None = None
    last_ok: Instant | None = None
