"""Report of ``watcher once``: said at once, or kept and printed as JSON at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from watcher.cli.output import Output, Printed, console, print_json
from watcher.delivery.message import render
from watcher.delivery.rendered import Style, Way
from watcher.evaluation.empty_list_guard import said_of
from watcher.language import Language
from watcher.message import Message, Notification
from watcher.model import Doubt, Instant, ScanState
from watcher.pipeline import ScanOutcome
from watcher.units import count_of, format_ago, format_instant


class PrintedText(Printed, frozen=True, kw_only=True):
    """A message as text."""

    title: str
    text: str


class PrintedRelease(Printed, frozen=True, kw_only=True):
    """A message that an earlier run held back."""

    target: str
    title: str
    text: str


class PrintedNotDue(Printed, frozen=True, kw_only=True):
    """A watch that is not due before that time."""

    watch: str
    due: Instant


class PrintedUndelivered(Printed, frozen=True, kw_only=True):
    """The number of messages that a target has not taken."""

    target: str
    messages: int


class PrintedJudged(Printed, frozen=True, kw_only=True):
    """The number of products that met a rule's conditions, and of those without data."""

    rule: str
    met: int
    no_data: int


_STATES = msgspec.Meta(extra_json_schema={"enum": [*ScanState, "not scanned"]})


class PrintedScan(Printed, frozen=True, kw_only=True):
    """A scan, and the messages that it led to; of one that was not begun, only its state."""

    watch: str
    state: Annotated[str, _STATES]
    at: Instant | UnsetType = UNSET
    error: str | UnsetType | None = UNSET
    problems: tuple[str, ...] | UnsetType = UNSET
    doubt: Doubt | UnsetType | None = UNSET
    products: int | UnsetType = UNSET
    credits: int | UnsetType = UNSET
    fired: int | UnsetType = UNSET
    resolved: int | UnsetType = UNSET
    rules: list[PrintedJudged] | UnsetType = UNSET
    messages: list[PrintedText]


class PrintedRun(Printed, frozen=True, kw_only=True):
    """A run; ``ok``: every scan was complete."""

    ok: bool
    scans: list[PrintedScan]
    not_due: list[PrintedNotDue]
    held: list[PrintedRelease]
    undelivered: list[PrintedUndelivered]


@dataclass(slots=True)
class RunReport:
    """Says each scan and message; ``told`` is what the running scan has led to, worded in
    the language of the channels, where all have the same one."""

    as_json: bool = False
    quiet: bool = False
    zone: tzinfo = UTC
    ways: Mapping[str, Way] = field(default_factory=dict)
    out: Output = field(default_factory=console)
    told: list[Message] = field(default_factory=list)
    scans: list[PrintedScan] = field(default_factory=list)
    not_due: list[PrintedNotDue] = field(default_factory=list)
    held: list[PrintedRelease] = field(default_factory=list)
    undelivered: list[PrintedUndelivered] = field(default_factory=list)
    _last: Message | None = None

    @property
    def language(self) -> Language:
        """The language of all channels; English where they have several."""
        spoken = {way.language for way in self.ways.values()}
        return spoken.pop() if len(spoken) == 1 else Language.ENGLISH

    def later(self, watch: str, due: Instant, now: Instant) -> None:
        """A watch that is not due."""
        self.not_due.append(PrintedNotDue(watch=watch, due=due))
        when = f"{format_ago(due, now)} ({format_instant(due, self.zone)})"
        self._say(f"{watch}: not due, next {when}")

    def scanned(self, watch: str, outcome: ScanOutcome | None) -> bool:
        """Whether a scan was complete; without an outcome it was not begun."""
        messages = [
            render(message, Style.PLAIN, self.zone, language=self.language) for message in self.told
        ]
        self.told.clear()
        texts = [PrintedText(title=each.title, text=each.body) for each in messages]
        whole, found = False, PrintedScan(watch=watch, state="not scanned", messages=texts)
        if outcome is None:
            self._say(f"{watch}: not scanned", wrong=True)
        else:
            whole = outcome.scan.state is ScanState.COMPLETE
            found = _figures(watch, outcome, texts)
            self._say_outcome(watch, outcome, whole=whole)
        self.scans.append(found)
        for each in messages:
            self._say(f"\n{each.title}", "bold")
            self._say(each.body)
        if messages:
            self._say("")
        return whole

    def released(self, row: Notification) -> None:
        """A message that an earlier run held back."""
        language = self.ways.get(row.channel, Way()).language
        said = render(row.message, Style.PLAIN, language=language)
        self.held.append(PrintedRelease(target=row.target, title=said.title, text=said.body))
        self._say(f"{row.target}: held until now: {said.title}")
        if row.message != self._last:  # the targets of a channel get the same
            self._say(said.body)
        self._last = row.message

    def waits(self, target: str, count: int) -> None:
        """So many messages that a target has not taken."""
        self.undelivered.append(PrintedUndelivered(target=target, messages=count))
        self._say(f"{target}: {count:,} not delivered yet; the daemon tries again", wrong=True)

    def end(self, *, good: bool) -> None:
        """Nothing more comes; ``good`` says whether every scan was complete."""
        if self.as_json and not (self.quiet and good and not self.undelivered):
            print_json(PrintedRun.of(self, ok=good))

    def _say_outcome(self, watch: str, outcome: ScanOutcome, *, whole: bool) -> None:
        scan = outcome.scan
        products = count_of(len(scan), "product")
        self._say(
            f"{watch}: {scan.state.value}, {products}, {count_of(scan.requests, 'credit')}, "
            f"{len(outcome.fired):,} began to fire, {len(outcome.resolved):,} ended",
            wrong=not whole,
        )
        if scan.error:
            self._say(f"{watch}: {scan.error}", wrong=not whole)
        if scan.doubt is not None:
            self._say(f"{watch}: {said_of(scan.doubt, self.zone)}", wrong=True)
        for judged in outcome.judged:
            text = f"  {judged.rule}: met by {judged.met:,} of {products}"
            if judged.no_data:
                why = " (it compares with earlier scans)" if judged.compares else ""
                text += f", no data of {judged.no_data:,}{why}"
            self._say(text)

    def _say(self, text: str, style: str = "", *, wrong: bool = False) -> None:
        if not self.as_json and (wrong or not self.quiet):
            self.out.say(text, style)


def _figures(watch: str, outcome: ScanOutcome, texts: list[PrintedText]) -> PrintedScan:
    scan = outcome.scan
    return PrintedScan(
        watch=watch,
        state=scan.state,
        at=scan.at,
        error=scan.error,
        problems=scan.problems,
        doubt=scan.doubt,
        products=len(scan),
        credits=scan.requests,
        fired=len(outcome.fired),
        resolved=len(outcome.resolved),
        rules=[PrintedJudged.of(each) for each in outcome.judged],
        messages=texts,
    )
