"""Messages before they are worded and put into a service's format, and the notifications that
queue them. Messages are stored as JSON."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from watcher.evidence import Evidence
from watcher.incident import Incident
from watcher.model import Instant, Severity
from watcher.report import ReportContent


class Also(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another rule's word on a product that stands in a message already: as an item, without what
    is the product's own. ``label`` is the rule's, where it has one."""

    rule: str
    alert: str
    kind: str
    since: Instant
    label: str = ""
    reason: str | None = None
    why: tuple[Evidence, ...] = ()
    now: tuple[Evidence, ...] = ()
    seen: Instant | None = None
    watch: str = ""
    again: tuple[Evidence, ...] = ()
    names: dict[str, str] = {}
    severity: Severity | None = None
    told_as: Severity | None = None
    grade: tuple[Evidence, ...] = ()


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One product in a message, or a group of products.

    ``alert`` is the short id; ``kind`` firing, again, more severe, reminder or resolved; ``since``
    when it fired; ``facts`` are values worth showing, by metric; ``rule`` is given where there are
    several. ``why`` was so when the alert fired, ``now`` as the message is written, where that is
    later; ``seen`` is when the product was seen last, where the message's scan lacks it. ``watch``
    names the list that it is on, where the rule has several. ``seller`` is the seller's id, where
    the user named it; ``names`` are those of the ids that occur here. ``again`` says what moved
    since the channel was last told, where that is why it is told. ``label`` is the rule's; ``also``
    are the words of other rules that the channel is owed now. A group is ``grouped_by`` a field and
    has so many products (``size``); its evidence names the members that did most of it.
    ``severity`` is what the data made it, by ``grade``; ``told_as`` the lower one that was told
    before, where that is why it is told.
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
    label: str = ""
    also: tuple[Also, ...] = ()
    grouped_by: str = ""
    size: int | None = None
    severity: Severity | None = None
    told_as: Severity | None = None
    grade: tuple[Evidence, ...] = ()


def as_item(also: Also, item: Item) -> Item:
    """Another rule's word as an item of its own, of the product that it stands beside."""
    said = {name: getattr(also, name) for name in Also.__struct_fields__}
    return msgspec.structs.replace(item, **said, also=())


class RuleCount(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule's line in a message of several: the products told of, and what ended. ``label``
    stands in the title in place of the rule's name. Of a rule over groups ``grouped_by`` says of
    what."""

    rule: str
    told: int = 0
    ended: int = 0
    description: str = ""
    label: str = ""
    severity: Severity = Severity.INFO
    grouped_by: str = ""

    @property
    def called(self) -> str:
        """The rule's label, or its name."""
        return self.label or self.rule


class Waited(msgspec.Struct, frozen=True, omit_defaults=True):
    """Messages that waited for up to ``seconds`` and are told as one: ``passed`` alerts came and
    went, and are not told one by one; of the watcher's own ``troubles`` go on, ``over`` (causes)
    ended, ``went`` did both, and so did ``others``."""

    messages: int
    seconds: int
    passed: int = 0
    troubles: tuple[Incident | str, ...] = ()
    over: tuple[Incident | str, ...] = ()
    others: int = 0
    went: tuple[Incident | str, ...] = ()


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A notification's content, before it is worded and put into a service's format.

    ``kind``: alerts, digest (of what was collected), joined (what still holds of many that waited),
    report, operator or test. One of alerts has ``items`` in full, counts those beyond the limits in
    ``rest``, names the first of them in ``more``, tells of ``told`` products and the end of
    ``ended``. One of several rules says what each of them tells (``parts``, the most severe first)
    and has no ``rule``, one of a single rule its ``label``; a joined one says what ``waited``. A
    test has ``title`` and ``text``, as had all of earlier versions. ``alerts`` are the ids of all
    alerts that it tells of, also of those that are only counted, by the decision that has them
    told. An operator's is about an ``incident`` (``cause`` is its key); ``over``: that it ended.
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
    label: str = ""
    report: ReportContent | None = None


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

    @property
    def key(self) -> str:
        """A word that tells it from all others, of other databases, too, and stays."""
        named = msgspec.json.encode((self.id, self.target, self.message))
        return hashlib.blake2b(named, digest_size=16).hexdigest()
