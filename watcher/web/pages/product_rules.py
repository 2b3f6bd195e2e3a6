"""The rules that look at a product, each with its verdict now and, in words, why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from watcher.alert import AlertState
from watcher.analysis.reasons import Reason, unrounded
from watcher.analysis.verdicts import RuleVerdict
from watcher.evidence import Criterion, Evidence
from watcher.fields import unit_of
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Instant, Severity, Verdict
from watcher.rules.conditions.registry import WORDS
from watcher.text.evidence import (
    NO_NAMES,
    baseline_said,
    compared_of,
    condition_of,
    days_of,
    gap_of,
    label_of,
    named,
    peers_of,
    said,
)
from watcher.text.retold import retold
from watcher.text.sanitize import neutralise, neutralise_name
from watcher.units import Currencies, Unit, enumerated, format_duration, format_instant
from watcher.web.pages.product_past import RULES, ProductPast, pages_of

_TEXT = 120  # characters of a text that a condition is about
_STATES = {Verdict.MET: N_("met"), Verdict.NOT_MET: N_("not met"), Verdict.NO_DATA: N_("no data")}
_KINDS = {Verdict.MET: "met", Verdict.NOT_MET: "unmet", Verdict.NO_DATA: "unknown"}
_GROUPS = {"all": N_("all of these"), "any": N_("any of these"), "not": N_("not this")}


@dataclass(frozen=True, slots=True)
class ConditionLine:
    """A condition in a tree, ``depth`` deep: whether it holds, and with which values."""

    depth: int
    kind: str
    holds: str
    text: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule: ``kind`` is firing, pending, met, unmet, unknown or off, ``state`` that in words.
    ``conditions`` are those of ``when``, ``until`` those that end it."""

    name: str
    kind: str
    state: str
    severity: Severity
    watch: str
    since: Instant | None
    notes: tuple[str, ...]
    conditions: tuple[ConditionLine, ...]
    until: tuple[ConditionLine, ...]


@dataclass(frozen=True, slots=True)
class RuleLines:
    """A page of rules: ``first`` to ``last`` of ``count``, of which so many are ``firing`` and
    ``pending``. ``groups`` are rules that judge the product among others, with the id of that
    group; ``elsewhere`` is the number of those whose lists never had it."""

    lines: Sequence[RuleLine]
    first: int
    last: int
    count: int
    page: int
    pages: int
    firing: int
    pending: int
    groups: Sequence[tuple[str, str]]
    elsewhere: int


def rule_lines(past: ProductPast, currencies: Currencies, zone: tzinfo) -> RuleLines:
    """The page of rules that the view asks for: what fires first, then what is pending."""
    words, lookers, page = Words(currencies, past.names, zone), past.lookers, past.view.rules
    lines = [words.line(each) for each in past.verdicts]
    first = (page - 1) * RULES
    return RuleLines(
        lines,
        first + 1 if lines else 0,
        first + len(lines),
        len(lookers.rules),
        page,
        pages_of(len(lookers.rules), RULES),
        lookers.of_state(AlertState.FIRING),
        lookers.of_state(AlertState.PENDING),
        [(rule.name, group) for rule, group in lookers.groups],
        lookers.elsewhere,
    )


def _kind_of(each: RuleVerdict) -> str:
    if not each.rule.enabled:
        return "off"
    if each.alert is not None and each.alert.state is not AlertState.INACTIVE:
        return each.alert.state.value
    return _KINDS[each.verdict]


def _state_of(each: RuleVerdict) -> str:
    kind = _kind_of(each)
    if kind == "off":
        return _("switched off")
    return retold(kind) if kind in ("firing", "pending") else _(_STATES[each.verdict])


@dataclass(frozen=True, slots=True)
class Words:
    """Words of verdicts on a product whose prices are in these ``currencies``; times in ``zone``.
    ``names`` are those of ids."""

    currencies: Currencies
    names: Mapping[str, str]
    zone: tzinfo

    def line(self, each: RuleVerdict) -> RuleLine:
        rule, looked = each.rule, each.looked
        severity = rule.severity_of(each.alert) if each.alert is not None else rule.severity
        at = looked.at if looked is not None else 0
        return RuleLine(
            name=rule.name,
            kind=_kind_of(each),
            state=_state_of(each),
            severity=severity,
            watch=each.watch.name,
            since=each.alert.since if each.alert is not None else None,
            notes=tuple(self._notes(each)),
            conditions=tuple(self._tree(looked.when, at)) if looked is not None else (),
            until=tuple(self._tree(looked.until, at)) if looked and looked.until else (),
        )

    def _notes(self, each: RuleVerdict) -> Iterator[str]:
        looked, alert = each.looked, each.alert
        if each.trouble:
            yield _("It can't be judged: {error}").format(error=each.trouble)
        elif looked is None:
            yield _("No scan of its list has read the product yet.")
        elif looked.fallen:
            yield _("Judged on the newest scan, whose list the product has left.")
        elif looked.added:
            yield _("Read when it was added to the list; no scan has judged it yet.")
        elif not each.listed:
            text = _("Not on the newest list: judged on the last scan that has it, of {time}.")
            yield text.format(time=format_instant(looked.at, self.zone))
        if each.fires_at is not None:
            text = _('"for" holds it back: it fires if it is still met at a scan from {time} on.')
            yield text.format(time=format_instant(each.fires_at, self.zone))
        if alert is not None and alert.state is AlertState.FIRING and looked is not None:
            yield from self._holding(each, looked.when.verdict)
        elif alert is None and each.listed and each.rule.enabled and each.verdict is Verdict.MET:
            yield _("Met, and no alert: the rule as it stands was not judged yet at this scan.")

    def _holding(self, each: RuleVerdict, when: Verdict) -> Iterator[str]:
        """Yield why it fires although it is not met."""
        if each.alert is not None and each.alert.absent:
            yield _("Missing from the newest complete scan: a second such scan ends the alert.")
        elif when is Verdict.NO_DATA:
            yield _("No data changes nothing: the alert stays as it is.")
        elif when is Verdict.NOT_MET and each.rule.until is not None:
            yield _('Not met any more, but it fires until "until" is met.')
        elif when is Verdict.NOT_MET and each.rule.keep_firing_for:
            text = _("Not met any more, but it fires for {time} after it was (keep_firing_for).")
            yield text.format(time=format_duration(each.rule.keep_firing_for))

    def _tree(self, reason: Reason, at: Instant, depth: int = 0) -> Iterator[ConditionLine]:
        """Yield the conditions; a mapping's own "all" is how everybody writes."""
        inside = reason.evidence is None and reason.parts
        if not (inside and reason.word == "all" and not depth):
            text = _(_GROUPS[reason.word]) if inside else self.leaf(reason, at)
            kind = _KINDS[reason.verdict]
            yield ConditionLine(depth, kind, _(_STATES[reason.verdict]), text)
            depth += 1
        for part in reason.parts:
            yield from self._tree(part, at, depth if inside else depth + 1)

    def leaf(self, reason: Reason, at: Instant) -> str:
        """``sales growth at least 50%: 84%``, with the baseline where there is one."""
        evidence = reason.evidence
        if evidence is None:
            return neutralise(reason.condition, 300)
        label = neutralise(self._label(evidence), 80)
        asked = neutralise(condition_of(evidence, self.names or NO_NAMES), 300)
        if evidence.metric in WORDS:
            head = _("{label}: {condition}").format(label=label, condition=asked)
            found: tuple[str, ...] = (gap_of(evidence), reason.why)
        else:
            head = _("{label} {condition}").format(label=label, condition=asked)
            found = (
                *self._values(evidence, reason, at),
                peers_of(evidence, self.currencies),
                reason.why,
            )
        told = enumerated(filter(None, found))
        return _("{condition}: {found}").format(condition=head, found=told) if told else head

    def _label(self, evidence: Evidence) -> str:
        # The condition names its own baseline: "price falls 10% from median 14d".
        plain = evidence.score is None
        label = label_said(evidence.metric, evidence.label) if plain else label_of(evidence)
        form = {"normal": N_("{label} (normal form)"), "sparse": N_("{label} (sparse form)")}
        return _(form[evidence.form]).format(label=label) if evidence.form in form else label

    def _values(self, evidence: Evidence, reason: Reason, at: Instant) -> Iterator[str]:
        value, before = (self._said(evidence, each) for each in (evidence.value, evidence.baseline))
        if value is not None:
            yield unrounded(evidence, value)
        if before is None:
            return
        since, asked = evidence.baseline_at, evidence.condition
        if since is None:
            yield _("was {value}").format(value=before)
            return
        time = format_instant(since, self.zone)
        if reason.over and isinstance(asked, Criterion):
            over = baseline_said(asked.baseline, asked.seconds) if asked.baseline else reason.over
            yield _("{baseline} {value} (since {time})").format(
                baseline=over, value=before, time=time
            )
            yield from filter(None, (days_of(evidence), compared_of(evidence)))
            return
        ago = format_duration(max(at - since, 0))
        yield _("was {value} {ago} before ({time})").format(value=before, ago=ago, time=time)
        yield from filter(None, (compared_of(evidence), gap_of(evidence)))

    def _said(self, evidence: Evidence, value: float | str | None) -> str | None:
        if value is None:
            return None
        if isinstance(value, str) and evidence.unit == Unit.TEXT:
            return named(evidence.metric, neutralise_name(value, _TEXT), self.names)
        unit = unit_of(evidence.metric, evidence.unit)
        return (
            said(evidence.metric, value, unit, self.currencies)
            if not isinstance(value, str)
            else value
        )


def verdicts_json(verdicts: Sequence[RuleVerdict], words: Words) -> list[dict[str, object]]:
    """The rules for programs."""
    return [
        {
            "rule": each.rule.name,
            "state": _kind_of(each),
            "verdict": each.verdict.value,
            "enabled": each.rule.enabled,
            "watch": each.watch.name,
            "alert": each.alert.short_id if each.alert is not None else None,
            "judged_at": each.looked.at if each.looked is not None else None,
            "listed": each.listed,
            "trouble": each.trouble,
            "when": _reason_json(each.looked.when, words, each.looked.at) if each.looked else None,
            "until": _reason_json(each.looked.until, words, each.looked.at)
            if each.looked and each.looked.until
            else None,
        }
        for each in verdicts
    ]


def _reason_json(reason: Reason, words: Words, at: Instant) -> dict[str, object]:
    evidence = reason.evidence
    if evidence is None:
        parts = [_reason_json(part, words, at) for part in reason.parts]
        return {"verdict": reason.verdict.value, "word": reason.word, "parts": parts}
    return {
        "verdict": reason.verdict.value,
        "metric": evidence.metric,
        "condition": condition_of(evidence, words.names),
        "value": evidence.value,
        "baseline": evidence.baseline,
        "baseline_at": evidence.baseline_at,
        "why": reason.why,
        "text": words.leaf(reason, at),
    }
