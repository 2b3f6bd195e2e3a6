"""``watcher explain``: why a rule fired on a product, did not fire, or was not told."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text
from rich.tree import Tree

from watcher.analysis.explain import Explanation, explain
from watcher.analysis.reasons import Reason, unrounded
from watcher.cli import options
from watcher.cli.completers import product_ids, regions, rule_names
from watcher.cli.lookup import chosen_product, chosen_rule
from watcher.cli.output import console, plain, print_json, said
from watcher.errors import WatcherError
from watcher.evaluation.empty_list_guard import said_of
from watcher.fields import unit_of
from watcher.model import AlertState, Evidence, Instant, Verdict
from watcher.notification.deferral import ChannelStatus, TargetQueue
from watcher.notification.policy import Decision
from watcher.rules.conditions.appears import APPEARS
from watcher.text.evidence import condition_of, gap_of, label_of
from watcher.units import (
    Currencies,
    Unit,
    format_ago,
    format_duration,
    format_instant,
    format_since,
)

_STYLES = {Verdict.MET: "green", Verdict.NOT_MET: "red", Verdict.NO_DATA: "yellow"}
_GROUPS = {"all": "all of these", "any": "any of these", "not": "not this"}


@click.command()
@click.argument("rule_name", metavar="RULE", shell_complete=rule_names)
@click.argument("product", shell_complete=product_ids)
@click.option(
    "--region", shell_complete=regions, help="The product's market; the rule's own if left out."
)
@options.rules
@options.database
@options.as_json
def command(
    rule_name: str,
    product: str,
    region: str | None,
    rules: Path,
    database: Path,
    *,
    as_json: bool,
) -> None:
    """Explain why RULE fired on PRODUCT, did not fire, or was not told.

    PRODUCT is an id, or a part of a name that only one product has. Shown are, on the newest scan
    that lists it, every condition with its value, its baseline and its verdict; then the alert,
    and what each channel was told or which gate holds a message back.

    \b
      watcher explain beauty-rising 1729382256910270485
    """
    book = options.load_rules(rules)
    rule = chosen_rule(book, rule_name)
    market = rule.watch.query.region
    if region is not None and region.upper() != market:
        raise WatcherError(f'rule "{rule.name}" watches {market}, not {region.upper()}')
    with options.open_to_read(database) as opened, opened.snapshot():
        facts = chosen_product(opened, product, market)
        explanation = explain(opened, book, rule, facts, options.now_of(database))
    if as_json:
        print_json(explanation)
    else:
        show(explanation)


def show(explained: Explanation) -> None:
    """Print an explanation as text, its conditions as a tree."""
    out = console()
    facts, now = explained.product, explained.now
    out.say(f"{explained.rule}: {plain(facts.name)} ({facts.region} {facts.product_id})")
    out.say(f"{_data(explained)}\n")
    out.print(_tree("when", explained.when, explained))
    if explained.until is not None:
        out.print(_tree("until", explained.until, explained))
    out.say(f"\nAlert: {_state(explained)}")
    for line in _fired_on(explained):
        out.say(f"  fired on: {line}")
    for note in explained.notes:
        out.say(f"Note: {plain(note)}")
    for gate in explained.gates:
        out.say(f"Channel {gate.channel}: {_gate(gate, explained)}")
        for target in gate.targets:
            if text := _target(target, now):
                out.say(f"  {target.target}: {plain(text)}")


def _data(explained: Explanation) -> str:
    scan = explained.scan
    newest = f"newest scan: {_when(scan.at, explained)}, {scan.state.value}"
    if explained.listed:
        return f"Judged on the {newest}."
    if scan.doubt is not None:
        newest += f", with problems: {plain(said_of(scan.doubt, explained.zone))}"
    if explained.judged_at == scan.at:
        return f"Judged on the {newest}, whose list it has left."
    return (
        f"Not in the {newest}.\n"
        f"Judged on the last scan that lists it: {_when(explained.judged_at, explained)}."
    )


def _tree(word: str, reason: Reason, explained: Explanation) -> Tree:
    root = Tree(Text.assemble(f"{word}: ", _verdict(reason)))
    # A mapping's own "all" is how everybody writes; only what nests needs its name.
    parts = reason.parts if reason.word == "all" else (reason,)
    for part in parts:
        _grow(root, part, explained)
    return root


def _grow(tree: Tree, reason: Reason, explained: Explanation) -> None:
    if reason.evidence is None:
        branch = tree.add(Text.assemble(_verdict(reason), f"  {_GROUPS[reason.word]}"))
        for part in reason.parts:
            _grow(branch, part, explained)
        return
    leaf = _leaf(reason, reason.evidence, explained)
    branch = tree.add(Text.assemble(_verdict(reason), "  ", leaf))
    if reason.meant:
        branch.add(Text(plain(reason.meant), style="dim"))


def _verdict(reason: Reason) -> tuple[str, str]:
    return reason.verdict.value, _STYLES[reason.verdict]


def _leaf(reason: Reason, evidence: Evidence, explained: Explanation) -> str:
    """``sales growth at least 50%: 84%``, with the baseline and its age where there is one."""
    # The condition names its own baseline: "price falls 10% from median 14d".
    label = evidence.label if evidence.score is None else label_of(evidence)
    if evidence.metric == APPEARS:
        return f"{label}: {condition_of(evidence)}{f': {reason.why}' if reason.why else ''}"
    parts = [*_values(evidence, explained, reason), reason.why]
    told = ", ".join(part for part in parts if part)
    told = f": {told}" if told else ""
    return plain(f"{label}{_form(evidence)} {reason.condition}{told}")


def _form(evidence: Evidence) -> str:
    return f" ({evidence.form} form)" if evidence.form else ""


def _fired_on(explained: Explanation) -> list[str]:
    """What was so when the alert fired, where that is not what is shown above."""
    alert = explained.alert
    if alert is None or alert.fired_at in (None, explained.judged_at):
        return []
    return [
        plain(
            f"{label_of(each)}{_form(each)} {condition_of(each)}: "
            f"{', '.join(_values(each, explained)) or 'met'}"
        )
        for each in alert.evidence
        if each.verdict is Verdict.MET
    ]


def _values(evidence: Evidence, explained: Explanation, reason: Reason | None = None) -> list[str]:
    """The value; the baseline with its age on the scan that was judged, if that is ``reason``'s."""

    currencies = Currencies(explained.product.currency, explained.gmv_currency)

    def text(value: float | str) -> str:
        unit = unit_of(evidence.metric, evidence.unit)
        shown = said(evidence.metric, value, unit, currencies)
        return f'"{shown}"' if evidence.unit == Unit.TEXT else shown

    value = evidence.value
    texts = [unrounded(evidence, text(value))] if value is not None else []
    if evidence.baseline is None:
        return texts
    since, baseline = evidence.baseline_at, text(evidence.baseline)
    if since is None:
        return [*texts, f"was {baseline}"]
    when = format_instant(since, explained.zone)
    if reason is None:
        gap = f", {gap_of(evidence)}" if evidence.gap else ""
        return [*texts, f"baseline {baseline} ({when}{gap})"]
    if reason.over:
        return [*texts, f"{reason.over} {baseline} (since {when})"]
    age = format_duration(explained.judged_at - since)
    return [*texts, f"was {baseline} {age} before ({when})", *filter(None, [gap_of(evidence)])]


def _state(explained: Explanation) -> str:
    alert = explained.alert
    if alert is None:
        return "none; the rule has not fired on it"
    match alert.state:
        case AlertState.FIRING:
            return f"{alert.short_id} fires since {_when(alert.since, explained)}"
        case AlertState.PENDING:
            at = explained.fires_at or alert.since
            return (
                f"{alert.short_id} is pending since {_when(alert.since, explained)}; "
                '"for" holds it: fires if still met at a scan from '
                f"{format_instant(at, explained.zone)} on"
            )
        case _:
            why = f": {alert.reason}" if alert.reason else ""
            return f"none now; {alert.short_id} ended {_when(alert.since, explained)}{why}"


def _gate(gate: ChannelStatus, explained: Explanation) -> str:
    text = gate.decision.value
    if gate.decision.owed:
        text = f"owed ({text}): told at the next scan at the latest"
    if gate.silence is not None:
        comment = f' "{gate.silence.comment}"' if gate.silence.comment else ""
        text += f" by silence {gate.silence.id} ({gate.silence}){comment}"
    if gate.opens is not None:
        # What was told already is not held back: it is told once more as a reminder.
        until = ", a reminder is due" if gate.decision is Decision.ALREADY_TOLD else " until"
        text += f"{until} {_comes(gate.opens, explained)}"
    if gate.told_at is not None:
        what = "its end" if gate.told_end else "it"
        text += f"; last told of {what} {_when(gate.told_at, explained)}"
    return plain(text)


def _target(target: TargetQueue, now: Instant) -> str:
    parts = []
    if target.last is not None:
        parts.append(f"the message is {target.last.value}")
    if target.waiting and target.next_try is not None:
        parts.append(f"{target.waiting} waiting, next try {format_ago(target.next_try, now)}")
    if target.dead:
        parts.append(f"{target.dead} dead")
    if target.error and (target.waiting or target.dead):
        parts.append(target.error)
    return ", ".join(parts)


def _when(instant: Instant, explained: Explanation) -> str:
    """Of what has happened."""
    now = explained.now
    return f"{format_instant(min(instant, now), explained.zone)} ({format_since(instant, now)})"


def _comes(instant: Instant, explained: Explanation) -> str:
    return f"{format_instant(instant, explained.zone)} ({format_ago(instant, explained.now)})"
