"""What ``watcher once`` did: said at once, or kept and printed as JSON at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from watcher.cli.output import Output, console, print_json
from watcher.delivery.message import Style, render
from watcher.evaluation.empty_list_guard import said_of
from watcher.model import Instant, Message, Notification, ScanState
from watcher.pipeline import Judged, Outcome
from watcher.units import count_of, format_ago, format_instant, format_number


@dataclass(slots=True)
class RunReport:
    """Hears of each scan, and of messages that are not sent yet; ``quiet`` says only what went
    wrong."""

    as_json: bool = False
    quiet: bool = False
    zone: tzinfo = UTC
    out: Output = field(default_factory=console)
    scans: list[dict[str, object]] = field(default_factory=list)
    not_due: list[dict[str, object]] = field(default_factory=list)
    held: list[dict[str, object]] = field(default_factory=list)
    undelivered: list[dict[str, object]] = field(default_factory=list)
    _last: Message | None = None

    def later(self, watch: str, due: Instant, now: Instant) -> None:
        """A watch that is not due."""
        self.not_due.append({"watch": watch, "due": due})
        self._say(
            f"{watch}: not due, next {format_ago(due, now)} ({format_instant(due, self.zone)})"
        )

    def scanned(self, watch: str, outcome: Outcome | None, told: Iterable[Message]) -> None:
        """A scan and the messages that it led to; None where it was not begun."""
        messages = [render(message, Style.PLAIN, self.zone) for message in told]
        self.scans.append(
            {
                "watch": watch,
                **(_figures(outcome) if outcome is not None else {"state": "not scanned"}),
                "messages": [{"title": each.title, "text": each.body} for each in messages],
            }
        )
        summary = _summary(outcome) if outcome is not None else "not scanned"
        whole = outcome is not None and outcome.scan.state is ScanState.COMPLETE
        self._say(f"{watch}: {summary}", wrong=not whole)
        if outcome is not None:
            if outcome.scan.error:
                self._say(f"{watch}: {outcome.scan.error}", wrong=not whole)
            if outcome.scan.doubt is not None:
                self._say(f"{watch}: {said_of(outcome.scan.doubt, self.zone)}", wrong=True)
            for judged in outcome.judged:
                self._say(f"  {_verdicts(judged, len(outcome.scan))}")
        for each in messages:
            self._say("")
            self._say(each.title, "bold")
            self._say(each.body)
        if messages:
            self._say("")

    def released(self, row: Notification) -> None:
        """A message that an earlier run held back."""
        said = render(row.message, Style.PLAIN)
        self.held.append({"target": row.target, "title": said.title, "text": said.body})
        self._say(f"{row.target}: held until now: {said.title}")
        if row.message != self._last:  # the targets of a channel get the same
            self._say(said.body)
        self._last = row.message

    def waits(self, target: str, count: int) -> None:
        """So many messages that a target has not taken."""
        self.undelivered.append({"target": target, "messages": count})
        self._say(f"{target}: {count:,} not delivered yet; the daemon tries again", wrong=True)

    def end(self, *, good: bool) -> None:
        """Nothing more comes; ``good`` says whether every scan was complete."""
        if self.as_json and not (self.quiet and good and not self.undelivered):
            print_json(
                {
                    "ok": good,
                    "scans": self.scans,
                    "not_due": self.not_due,
                    "held": self.held,
                    "undelivered": self.undelivered,
                }
            )

    def _say(self, text: str, style: str = "", *, wrong: bool = False) -> None:
        if not self.as_json and (wrong or not self.quiet):
            self.out.say(text, style)


def _figures(outcome: Outcome) -> dict[str, object]:
    scan = outcome.scan
    return {
        "state": scan.state,
        "at": scan.at,
        "products": len(scan),
        "credits": scan.requests,
        "fired": len(outcome.fired),
        "resolved": len(outcome.resolved),
        "error": scan.error,
        "problems": scan.problems,
        "doubt": scan.doubt,
        "rules": [
            {"rule": each.rule, "met": each.met, "no_data": each.no_data} for each in outcome.judged
        ],
    }


def _summary(outcome: Outcome) -> str:
    scan = outcome.scan
    return (
        f"{scan.state.value}, {count_of(len(scan), 'product')}, "
        f"{count_of(scan.requests, 'credit')}, "
        f"{format_number(len(outcome.fired))} began to fire, "
        f"{format_number(len(outcome.resolved))} ended"
    )


def _verdicts(judged: Judged, products: int) -> str:
    text = f"{judged.rule}: met by {judged.met:,} of {count_of(products, 'product')}"
    if not judged.no_data:
        return text
    why = " (it compares with earlier scans)" if judged.compares else ""
    return f"{text}, no data of {judged.no_data:,}{why}"
