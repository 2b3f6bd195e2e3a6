"""The shape of a message for programs. ``docs/payload.schema.json`` is made of it.

A change that a program could trip over (a field goes, or means another thing) is another
``VERSION``; a field more is none.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from watcher.delivery.payload.part import Count, Part, Time
from watcher.delivery.payload.reported import ReportOfMessage
from watcher.evidence import GapKind
from watcher.incident import About, IncidentKind
from watcher.model import Severity, Verdict
from watcher.text.evidence import PATTERNS
from watcher.units import Unit

VERSION: Literal[1] = 1

Kind: TypeAlias = Literal["alerts", "digest", "joined", "operator", "test", "report"]
AlertKind: TypeAlias = Literal["firing", "again", "more severe", "reminder", "resolved"]
Baseline: TypeAlias = Literal["", "last", "ago", "usual", "told", "median", "mean", "min", "max"]
# One that ``PATTERNS`` has words for; the schema lists them.
Operator: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"enum": sorted(PATTERNS)})]


class FactFigure(Part, frozen=True):
    """A value with its unit, and of an amount its currency. Fractions are fractions: 0.12 is
    12%."""

    value: float | None
    unit: Unit
    currency: str | None


class MeasuredLimit(Part, frozen=True):
    """Another metric, or ``factor`` times it, in place of a limit; ``value`` is that metric's."""

    metric: str
    unit: str
    factor: float | None
    value: float | None


class AskedCondition(Part, frozen=True):
    """The operator that is asked of a metric, with its parameters. ``limits`` are in its unit, or
    fractions of a change where ``percent`` is true; ``more`` are limits that are not listed, those
    of ``file`` if that is named. ``seconds`` is how long ago the baseline is, or over how long.
    ``floor`` is the least change; ``among`` is what products are peers by."""

    operator: Operator
    limits: list[float | str | MeasuredLimit | None]
    percent: bool
    more: Count
    file: str | None
    baseline: Baseline
    seconds: Count
    floor: float | None
    among: str | None


class PeersOfValue(Part, frozen=True):
    """The place of a value among ``size`` peers: within the first ``share`` of them, from the end
    that is asked about."""

    share: float
    size: Count
    median: float | None


class MemberOfGroup(Part, frozen=True):
    """A product that did most of what is said of its group."""

    product_id: str
    name: str
    value: float | None


class ComparedProducts(Part, frozen=True):
    """The number of a group's products that a change is of: ``held`` at both times."""

    held: Count
    of: Count


class LongAgo(Part, frozen=True):
    """The reason why a baseline is older than the last scans, and by how much."""

    kind: GapKind
    seconds: Count


class ConditionReason(Part, frozen=True):
    """A condition, and what it found. ``words`` say the same in the channel's language;
    ``negated``: a "not" turned it round. ``condition`` and ``gap`` are null where they were stored
    by an early version, as words alone. ``days`` are those of the baseline's time on which a value
    is known, ``score`` how many standard deviations the value lies from the usual one."""

    metric: str
    label: str
    unit: Unit
    currency: str | None
    form: str | None
    condition: AskedCondition | None
    negated: bool
    verdict: Verdict
    value: float | str | None
    baseline: float | str | None
    baseline_at: Time | None
    gap: LongAgo | None
    score: float | None
    days: Count | None
    peers: PeersOfValue | None
    compared: ComparedProducts | None
    members: list[MemberOfGroup]
    words: str


class Seller(Part, frozen=True):
    """A seller that the rule file gives a name."""

    id: str
    name: str


class PayloadLinks(Part, frozen=True):
    """A product's page in the shop, null of a group; and the page on which one acts on this very
    product or group, where the watcher has one."""

    product: str | None
    act: str | None


class SubjectOfAlert(Part, frozen=True):
    """The product or the group that an alert is about. A group is ``grouped_by`` a field, or by
    ``watch``, and has ``size`` products."""

    type: Literal["product", "group"]
    region: str
    id: str
    name: str
    seller: Seller | None
    grouped_by: str | None
    size: Count | None


class AlertItem(Part, frozen=True):
    """One alert. ``reasons`` are those that it fired for, ``reasons_now`` how they stand as the
    message is written, where that is later; ``reasons_again`` what moved since it was last told,
    ``reasons_severity`` what made it so severe. ``told_as`` is the lower severity that was told
    before; ``ended`` says why it ended. ``seen`` is when the product was seen last, where the
    newest scan lacks it; ``watch`` the list that it is on, where the rule has several."""

    alert: str
    rule: str
    label: str | None
    kind: AlertKind
    severity: Severity
    told_as: Severity | None
    since: Time
    seen: Time | None
    watch: str | None
    ended: str | None
    subject: SubjectOfAlert
    facts: dict[str, FactFigure]
    reasons: list[ConditionReason]
    reasons_now: list[ConditionReason]
    reasons_again: list[ConditionReason]
    reasons_severity: list[ConditionReason]
    links: PayloadLinks


class RuleOfMessage(Part, frozen=True):
    """A rule that tells something: of ``told`` subjects, and the end of ``ended``."""

    name: str
    label: str | None
    description: str | None
    severity: Severity
    grouped_by: str | None
    told: Count
    ended: Count


class OwnTrouble(Part, frozen=True):
    """A trouble of the watcher itself; ``over``: that it ended."""

    kind: IncidentKind
    about: About
    subject: str | None
    fields: list[str]
    since: Time | None
    over: bool


class WaitedFor(Part, frozen=True):
    """The messages that waited and are told as one: how many, for how long, and how many alerts
    began and ended meanwhile."""

    messages: Count
    seconds: Count
    passed: Count


class LinksOfMessage(Part, frozen=True):
    """The page on which one acts on the message, where the watcher has one: it leads to those of
    the items."""

    act: str | None


class PayloadDocument(Part, frozen=True):
    """A message. ``id`` is the same in every try of it, so that one that came twice is known.
    ``title`` and ``text`` are as people are told, in the channel's language. Of ``items`` each is
    an alert; ``rest`` counts the products that are in no item, ``more`` names the first of them;
    ``alerts`` are the ids of all alerts that it tells of, also of those."""

    version: Literal[1]
    id: str
    kind: Kind
    channel: str
    created: Time
    data_at: Time | None
    severity: Severity
    region: str | None
    title: str
    text: str
    rules: list[RuleOfMessage]
    items: list[AlertItem]
    rest: Count
    more: list[str]
    alerts: list[str]
    incident: OwnTrouble | None
    waited: WaitedFor | None
    report: ReportOfMessage | None
    links: LinksOfMessage


def json_schema() -> dict[str, Any]:
    """The document's JSON Schema (2020-12)."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A message of watcher to a program",
    }
    return {**head, **msgspec.json.schema(PayloadDocument)}
