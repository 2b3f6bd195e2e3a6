"""``watcher explain``: why a rule fired on a product, did not fire, or was not told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import click
from msgspec import structs
from rich.text import Text
from rich.tree import Tree

from watcher.alert import Alert, AlertState
from watcher.analysis.explain import Explanation, explain
from watcher.analysis.reasons import Reason, unrounded
from watcher.cli import options
from watcher.cli.completion import product_ids, regions, rule_names
from watcher.cli.lookup import chosen, chosen_subject, is_group
from watcher.cli.output import as_json, console, json_wanted, print_json, prints, said
from watcher.evaluation.empty_list_guard import said_of
from watcher.evidence import Evidence
from watcher.fields import IDS, unit_of
from watcher.model import Instant, Verdict
from watcher.notification.deferral import ChannelStatus, TargetQueue
from watcher.rules.conditions.registry import WORDS
from watcher.text.evidence import (
    compared_of,
    condition_of,
    days_of,
    gap_of,
    label_of,
    members_of,
    named,
    peers_of,
    spelled,
    with_name,
)
from watcher.text.sanitize import plain
from watcher.units import Currencies, Unit, format_ago, format_duration, format_instant

_STYLES = {Verdict.MET: "green", Verdict.NOT_MET: "red", Verdict.NO_DATA: "yellow"}
_GROUPS = {"all": "all of these", "any": "any of these", "not": "not this"}


@click.command()
@click.argument("rule_name", metavar="RULE", shell_complete=rule_names)
@click.argument("product", shell_complete=product_ids)
@click.option("--region", shell_complete=regions, help="Its market; by default the rule's.")
@options.files
@as_json
@prints(Explanation)
def command(rule_name: str, product: str, region: str | None, files: options.Files) -> None:
    """Explain why RULE fired on PRODUCT, did not fire, or was not told.

    PRODUCT is an id, or a part of a name that only one product has; of a rule over groups a
    seller's or category's id or name, or all of seller_id=7495981769829615944. Shown are its
    conditions on the newest scan that lists it, its alert, and what each channel was told or why
    not.

    \b
      watcher explain beauty-rising 1729382256910270485
      watcher explain shelf-heats-up GlowLab
    """
    book = files.book
    rule = chosen("rule", rule_name, book.rules)
    with files.open() as opened, opened.snapshot():
        facts = chosen_subject(opened, book, rule, product, region)
        explanation = explain(opened, book, rule, facts, files.now)
    if json_wanted():
        print_json(_worded(explanation))
    else:
        show(explanation)


def _worded(explained: Explanation) -> Explanation:
    """Word all evidence, for programs."""
    alert, until, names = explained.alert, explained.until, explained.names
    if alert is not None:
        evidence = tuple(spelled(each, names) for each in alert.evidence)
        alert = structs.replace(alert, evidence=evidence)
    when = _worded_reason(explained.when, names)
    until = _worded_reason(until, names) if until is not None else None
    again = tuple(
        replace(each, reason=_worded_reason(each.reason, names)) for each in explained.again
    )
    grades = tuple(
        replace(each, reason=_worded_reason(each.reason, names)) for each in explained.grades
    )
    return replace(explained, when=when, until=until, alert=alert, again=again, grades=grades)


def _worded_reason(reason: Reason, names: Mapping[str, str]) -> Reason:
    evidence = spelled(reason.evidence, names) if reason.evidence is not None else None
    parts = tuple(_worded_reason(part, names) for part in reason.parts)
    return replace(reason, evidence=evidence, parts=parts)


def show(explained: Explanation) -> None:
    """Print an explanation as text, its conditions as a tree."""
    out = console()
    facts = explained.product
    out.say(f"{explained.rule}: {plain(facts.name)} ({facts.region} {facts.product_id})")
    seller = facts.seller_id or ""
    if seller in explained.names and not is_group(facts.product_id):
        out.say(plain(f"seller {with_name(seller, explained.names)}"))
    out.say(f"{_data(explained)}\n")
    for word, reason in _reasons(explained):
        out.print(_tree(word, reason, explained))
    out.say(f"\nAlert: {_state(explained)}")
    for line in _fired_on(explained):
        out.say(f"  fired on: {line}")
    for note in explained.notes:
        out.say(f"Note: {plain(note)}")
    again = {each.channel: each.reason for each in explained.again}
    for gate in explained.gates:
        out.say(f"Channel {gate.channel}: {_gate(gate, explained)}")
        if gate.channel in again:
            out.print(_tree("  told again when", again[gate.channel], explained))
        for target in gate.targets:
            if text := _target(target, explained.now):
                out.say(f"  {target.target}: {plain(text)}")


def _reasons(explained: Explanation) -> Iterator[tuple[str, Reason]]:
    yield "when", explained.when
    if explained.until is not None:
        yield "until", explained.until
    for grade in explained.grades:
        yield f"{grade.severity} when", grade.reason


def _data(explained: Explanation) -> str:
    scan = explained.scan
    of = f" of {explained.watch}" if explained.watch else ""
    newest = f"newest scan{of}: {_past(scan.at, explained)}, {scan.state.value}"
    if explained.listed:
        return f"Judged on the {newest}."
    if scan.doubt is not None:
        newest += f", with problems: {plain(said_of(scan.doubt, explained.zone))}"
    if explained.judged_at == scan.at:
        return f"Judged on the {newest}, whose list it has left."
    judged = _past(explained.judged_at, explained)
    return f"Not in the {newest}.\nJudged on the last scan that lists it: {judged}."


def _tree(word: str, reason: Reason, explained: Explanation) -> Tree:
    tree = Tree(Text.assemble(f"{word}: ", _verdict(reason)))
    # A mapping's own "all" is how everybody writes; only what nests needs its name.
    for part in reason.parts if reason.word == "all" else (reason,):
        _grow(tree, part, explained)
    return tree


def _grow(tree: Tree, reason: Reason, explained: Explanation) -> None:
    evidence = reason.evidence
    leaf = _GROUPS[reason.word] if evidence is None else _leaf(reason, evidence, explained)
    branch = tree.add(Text.assemble(_verdict(reason), "  ", leaf))
    if evidence is None:
        for part in reason.parts:
            _grow(branch, part, explained)
    else:
        for line in filter(None, (_members(evidence, explained), reason.meant)):
            branch.add(Text(plain(line), style="dim"))


def _members(evidence: Evidence, explained: Explanation) -> str:
    """``most of it: Serum +1,200, Cream +800``, of a group."""
    currencies = Currencies(None, explained.gmv_currency)
    told = (f"{name} {part}".strip() for name, part in members_of(evidence, currencies))
    said_of = ", ".join(told)
    return f"most of it: {said_of}" if said_of else ""


def _verdict(reason: Reason) -> tuple[str, str]:
    return reason.verdict.value, _STYLES[reason.verdict]


def _leaf(reason: Reason, evidence: Evidence, explained: Explanation) -> str:
    """``sales growth at least 50%: 84%``, with the baseline and its age where there is one."""
    # The condition names its own baseline: "price falls 10% from median 14d".
    label = evidence.label if evidence.score is None else label_of(evidence)
    if evidence.metric in WORDS:
        more = ", ".join(filter(None, (gap_of(evidence), reason.why)))
        return f"{label}: {condition_of(evidence)}{more and f': {more}'}"
    values = (*_values(evidence, explained, reason), _peers(evidence, explained), reason.why)
    told = ", ".join(filter(None, values))
    asked = condition_of(evidence, explained.names) if evidence.metric in IDS else reason.condition
    return plain(f"{label}{_form(evidence)} {asked}{told and f': {told}'}")


def _peers(evidence: Evidence, explained: Explanation) -> str:
    return peers_of(evidence, _currencies(explained))


def _form(evidence: Evidence) -> str:
    return f" ({evidence.form} form)" if evidence.form else ""


def _fired_on(explained: Explanation) -> Iterator[str]:
    """Conditions as the alert fired, where that is not what is shown above."""
    alert = explained.alert
    if alert is None or alert.fired_at in (None, explained.judged_at):
        return
    for each in alert.evidence:
        if each.verdict is Verdict.MET:
            found = (*_values(each, explained), _peers(each, explained))
            values = ", ".join(filter(None, found)) or "met"
            asked = condition_of(each, explained.names)
            yield plain(f"{label_of(each)}{_form(each)} {asked}: {values}")


def _values(evidence: Evidence, explained: Explanation, reason: Reason | None = None) -> list[str]:
    """The value; the baseline with its age on the scan that was judged, if that is ``reason``'s."""
    value = _said(evidence, evidence.value, explained)
    baseline = _said(evidence, evidence.baseline, explained)
    texts = [unrounded(evidence, value)] if value is not None else []
    if baseline is None:
        return texts
    since = evidence.baseline_at
    if since is None:
        return [*texts, f"was {baseline}"]
    when = format_instant(since, explained.zone)
    if reason is None:
        gap = f", {gap_of(evidence)}" if evidence.gap else ""
        return [*texts, f"baseline {baseline} ({when}{gap})"]
    if reason.over:
        known = "".join(f", {each}" for each in (days_of(evidence), compared_of(evidence)) if each)
        return [*texts, f"{reason.over} {baseline} (since {when}{known})"]
    before = f"{format_duration(explained.judged_at - since)} before"
    more = filter(None, (compared_of(evidence), gap_of(evidence)))
    return [*texts, f"was {baseline} {before} ({when})", *more]


def _currencies(explained: Explanation) -> Currencies:
    return Currencies(explained.product.currency, explained.gmv_currency)


def _said(evidence: Evidence, value: float | str | None, explained: Explanation) -> str | None:
    if value is None:
        return None
    currencies = _currencies(explained)
    if isinstance(value, str) and evidence.unit == Unit.TEXT:
        return plain(named(evidence.metric, value, explained.names))
    return said(evidence.metric, value, unit_of(evidence.metric, evidence.unit), currencies)


def _state(explained: Explanation) -> str:
    alert = explained.alert
    if alert is None:
        return "none; the rule has not fired on it"
    since = _past(alert.since, explained)
    match alert.state:
        case AlertState.FIRING:
            severe = f", {explained.severity}" if explained.severity is not None else ""
            heard = alert.acknowledged
            known = f", acknowledged {_past(heard, explained)}" if heard is not None else ""
            return f"{alert.short_id} fires since {since}{severe}{known}"
        case AlertState.PENDING:
            return f"{alert.short_id} is pending since {since}; {_held(alert, explained)}"
        case _:
            why = f": {alert.reason}" if alert.reason else ""
            return f"none now; {alert.short_id} ended {since}{why}"


def _held(alert: Alert, explained: Explanation) -> str:
    """The time at which a pending alert fires; a data day begins when its data comes."""
    at = format_instant(explained.fires_at or alert.since, explained.zone)
    if days := explained.data_days:
        data = "on the next data day" if days == 1 else f"{days} data days from now"
        return f'"for" holds it: fires if still met {data}, about {at}'
    return f'"for" holds it: fires if still met at a scan from {at} on'


def _gate(gate: ChannelStatus, explained: Explanation) -> str:
    text, owed = gate.decision.value, "owed ({}): told at the next scan at the latest"
    text = owed.format(text) if gate.decision.owed else text
    if silence := gate.silence:
        comment = f' "{silence.comment}"' if silence.comment else ""
        said_of_it = silence.in_words(explained.names)
        text += f" by silence {silence.id} ({said_of_it}){comment}"
    if gate.muted_by:
        text += f" by {gate.muted_by}, which this channel was told instead"
        return plain(text)
    return plain(f"{text}{_opens(gate, explained)}{_last_told(gate, explained)}")


def _opens(gate: ChannelStatus, explained: Explanation) -> str:
    if gate.opens is None:
        return ""
    until = ", a reminder is due" if gate.reminds else " until"
    about = " about" if explained.by_data_days and gate.opens > explained.now else ""
    return f"{until}{about} {_when(gate.opens, explained)}"


def _last_told(gate: ChannelStatus, explained: Explanation) -> str:
    if gate.told_at is None:
        return ""
    told = "its end" if gate.told_end else "it"
    severe = f" as {gate.told_as}" if gate.told_as is not None and not gate.told_end else ""
    return f"; last told of {told}{severe} {_past(gate.told_at, explained)}"


def _target(target: TargetQueue, now: Instant) -> str:
    last, dead, error = target.last, target.dead, target.error
    parts = [f"the message is {last.value}" if last is not None else ""]
    if target.waiting and target.next_try is not None:
        parts.append(f"{target.waiting} waiting, next try {format_ago(target.next_try, now)}")
    parts += [f"{dead} dead" if dead else "", error or "" if target.waiting or dead else ""]
    return ", ".join(filter(None, parts))


def _past(instant: Instant, explained: Explanation) -> str:
    """A time of what has happened: never one to come, as where the clock was ahead."""
    return _when(min(instant, explained.now), explained)


def _when(instant: Instant, explained: Explanation) -> str:
    return f"{format_instant(instant, explained.zone)} ({format_ago(instant, explained.now)})"
