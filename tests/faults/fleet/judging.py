"""Whether a fleet under faults told and spent what an undisturbed daemon would have.

Nothing may be lost or invented. A message may be repeated only where the mark that it was sent
was cut off by a fault, and the book had another holder for it. Nobody but a book's holder asks or
sends for it; only who was stopped in the middle of a request may still end that one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.fleet.books import CAPPED
from tests.faults.fleet.evidence import BookEvidence, Evidence
from tests.faults.fleet.faulting import Fault
from tests.faults.fleet.leases import Spell
from tests.faults.judging import repeats_of
from tests.faults.sink import Delivery, Fact
from watcher.units import DAY

HELD_AGAIN_SECONDS = 15.0
_MARK_SECONDS = 5.0  # in which a message that was sent is marked, unless its sender is cut off
_RESUMED_SECONDS = 1.5  # in which who was stopped ends what it had begun
_AT_ONCE = 3  # requests, as the rule files say
_CREDITS_IN_DOUBT = 40  # of the scans that one holder leaves behind
_WINDOW = 5.0
_SHOWN, _WIDE = 30, 600
_BLUR = 0.03  # seconds between what two processes of one machine call now


@dataclass
class Judgement:
    """Counts of a run, and every breach of what is promised."""

    faults: Counter[str]
    late: int
    days: dict[str, int]
    facts: int
    messages: int
    repeats: int = 0
    ended_late: int = 0  # requests and messages of who was stopped in the middle of them
    takeovers: int = 0
    longest: float = 0.0  # seconds for which a book had no holder
    silent: float = 0.0  # ... and until it was asked for again
    arrived: int = 0
    used: int = 0
    seconds: float = 0.0
    loud: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        days = ", ".join(f"{name} {count}" for name, count in self.days.items())
        lines = [
            f"{self.faults.total()} faults in {self.seconds:.0f} s; market days: {days}",
            f"  faults: {_counts(self.faults)}; {self.late} of them not at their moment",
            f"  told: {self.facts} facts in {self.messages} messages, {self.repeats} repeated",
            f"  ended by who had been stopped in their middle: {self.ended_late}",
            f"  books had a new holder {self.takeovers} times, after {self.longest:.1f} s at most",
            f"  ... and were asked for again after {self.silent:.1f} s at most",
            f"  requests: {self.arrived}, credits in the ledgers: {self.used}",
            f"  logs: {_counts(self.loud)}",
            f"  breaches: {len(self.breaches)}",
        ]
        return "\n".join([*lines, *(f"  BREACH {each[:_WIDE]}" for each in self.breaches[:_SHOWN])])


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


def judge(faulty: Evidence, calm: Evidence) -> Judgement:
    """Compare, and look for every breach."""
    made = Judgement(
        faults=Counter(f"{fault.kind} {fault.where}" for fault in faulty.faults),
        late=sum(fault.late for fault in faulty.faults),
        days=faulty.days,
        facts=sum(len(_facts(book.taken)) for book in calm.books.values()),
        messages=sum(len(book.taken) for book in faulty.books.values()),
        loud=faulty.loud,
    )
    for name, book in faulty.books.items():
        case = Case(book, calm.books[name], faulty)
        made.breaches += [f"{name}: {breach}" for breach in case.breaches()]
        made.repeats += case.repeats
        made.ended_late += len(case.ended_late)
        gaps = list(case.gaps())
        made.takeovers += len(gaps)
        made.longest = max([made.longest, *(gap for _, gap, _ in gaps)])
        made.silent = max([made.silent, *(silent for _, _, silent in gaps)])
        made.arrived, made.used = made.arrived + len(book.asked), made.used + book.used
        made.breaches += [f"{name}, undisturbed: {each}" for each in calm.books[name].wrong]
    made.breaches += [*faulty.wrong, *calm.wrong]
    return made


def _facts(taken: Iterable[Delivery]) -> set[Fact]:
    """What was told of products: of its own troubles a daemon tells only where there are any."""
    return {fact for each in taken for fact in each.facts() if fact.kind != "operator"}


class Case:
    """One book's evidence against its twin's."""

    def __init__(self, book: BookEvidence, calm: BookEvidence, run: Evidence) -> None:
        self.book, self.calm, self.run = book, calm, run
        self.repeats = 0
        self.ended_late: list[tuple[Fault, str, float]] = []
        self._killed = {fault.who: fault.at for fault in run.faults if fault.kind == "kill"}

    def breaches(self) -> Iterator[str]:
        """All that is wrong."""
        yield from self.book.wrong
        yield from self._strangers()
        yield from self._differences()
        yield from self._repeats()
        yield from self._credits()
        for at, gap, _ in self.gaps():
            if gap > HELD_AGAIN_SECONDS:
                spells = [spell for spell in self.book.spells if at - 20 < spell.since < at + 30]
                yield f"nobody had it for {gap:.1f} s from {at:.1f}: {spells}"
        if fences := [b for a, b in pairwise(self.book.spells) if b.fence < a.fence]:
            yield f"fences fell: {fences}"

    def _strangers(self) -> Iterator[str]:
        """Requests and messages of who did not hold the book."""
        events = [("request", f"for {each.watch}", each.at, each.who) for each in self.book.asked]
        events += [
            ("message", f"to {each.target}", each.at, each.incarnation) for each in self.book.taken
        ]
        for kind, what, at, who in events:
            if who in self._holders(self._earliest(at), at + _BLUR):
                continue
            if (fault := self._resumed(who, at)) is not None:
                self.ended_late.append((fault, f"{kind} {what}", at))
            else:
                holders = self._holders(at, at)
                yield f"{kind} {what} at {at:.2f} by {who}, while it was held by {holders}"
        ended = Counter((fault.number, what) for fault, what, _ in self.ended_late)
        for (number, what), count in ended.items():
            if count > (_AT_ONCE if what.startswith("request") else 1):
                yield f"{count} times {what} by who was stopped in fault {number}"

    def _holders(self, since: float, until: float) -> set[int | None]:
        return {
            spell.who
            for spell in self.book.spells
            if spell.since <= until and (spell.until is None or spell.until >= since)
        }

    def _earliest(self, at: float) -> float:
        """When what was seen at that time may have come: the harness may have stood still."""
        begins = [begin for begin, end in self.run.stalls if begin <= at <= end + 0.2]
        return min([at, *begins]) - _BLUR

    def _resumed(self, who: int, at: float) -> Fault | None:
        for fault in self.run.faults:
            if fault.kind != "stop" or fault.who != who or fault.until is None:
                continue
            if fault.until - _BLUR <= at <= fault.until + _RESUMED_SECONDS:
                return fault
        return None

    def _differences(self) -> Iterator[str]:
        late = {(what, at) for _, what, at in self.ended_late}
        told = _facts(
            each for each in self.book.taken if (f"message to {each.target}", each.at) not in late
        )
        expected = _facts(self.calm.taken)
        for fact in sorted(expected - told):
            yield f"never told: {fact}"
        for fact in sorted(told - expected):
            yield f"told only where faults fell: {fact}"
        calm, here = _settled(self.calm.alerts), _settled(self.book.alerts)
        for what in sorted((calm - here).elements()):
            yield f"no such alert: {what}"
        for what in sorted((here - calm).elements()):
            yield f"an alert only where faults fell: {what}"
        for mark, ids in self.book.rows.items():
            if len(ids) > 1 and not mark[0].startswith("ops/"):
                yield f"told by two notifications: {mark} {ids}"
        for each in _of_products(self.book.taken):
            if each.mark not in self.book.rows:
                yield f"no notification is known of: {each.mark}"
        for mark in repeats_of(_of_products(self.calm.taken)):
            yield f"undisturbed, but repeated: {mark}"

    def _repeats(self) -> Iterator[str]:
        """Those that no mark that was cut off explains."""
        blamed: Counter[tuple[int, str]] = Counter()
        for mark, deliveries in repeats_of(_of_products(self.book.taken)).items():
            row = self.book.rows.get(mark, [0])[0]
            if (marked := self.book.marked.get(row, 0)) != 1:
                yield f"marked sent {marked} times: {mark}"
            for before, after in pairwise(deliveries):
                self.repeats += 1
                if not self._passed_on(before.at, after.at):
                    yield f"repeated by the same holder: {mark}"
                    continue
                fault = self._cut_off(before, row) or self._late(after)
                if fault is None:
                    yield f"repeated though no fault cut its mark off: {mark} {before.at:.2f}"
                else:
                    blamed[fault.number, mark[0]] += 1
        for where, count in blamed.items():
            if count > 1:
                yield f"{count} repeats of one fault: {where}"

    def _passed_on(self, since: float, until: float) -> bool:
        """Whether the book had a new holder meanwhile; or one from before ended what it had
        begun."""
        return any(since <= spell.since <= until for spell in self.book.spells) or any(
            abs(at - each) < _BLUR for _, _, at in self.ended_late for each in (since, until)
        )

    def _cut_off(self, before: Delivery, row: int) -> Fault | None:
        """The fault that its sender had before the row was marked. One that lived on for long after
        it had sent it marked it, or should have."""
        for fault in self.run.faults:
            if fault.who != before.incarnation or fault.kind == "cut":
                continue
            # What is seen of who is dead or stands still was sent before that.
            end = fault.until if fault.until is not None else float("inf")
            during = fault.kind == "hole" and fault.at - _BLUR <= before.at
            waited = (
                row in fault.unsent.get(self.book.name, ())
                and fault.at - _MARK_SECONDS <= before.at
            )
            if (during or waited) and before.at <= end:
                return fault
        return None

    def _late(self, after: Delivery) -> Fault | None:
        return next((fault for fault, _, at in self.ended_late if at == after.at), None)

    def _credits(self) -> Iterator[str]:
        arrived, used = len(self.book.asked), self.book.used
        if not arrived <= used <= arrived + len(self.book.spells) * _CREDITS_IN_DOUBT:
            yield f"{used} credits for {arrived} requests and {len(self.book.spells)} holders"
        if self.book.name in _capped(self.run):
            yield from self._over_the_cap()
        if (pace := self.book.pace) is not None:
            times = sorted(each.at for each in self.book.asked)
            for first, at in enumerate(times):
                count = bisect_left(times, at + _WINDOW) - first
                if count > 1.1 * pace * _WINDOW + 4:
                    yield f"{count} requests in {_WINDOW:g} s from {at:.1f}"
                    return

    def _over_the_cap(self) -> Iterator[str]:
        days: Counter[int] = Counter()
        for each in self.book.asked:
            day = int(each.at // DAY)
            days[day] += 1
            cap = [cap for at, cap in self.run.caps if at <= each.at][-1]
            if days[day] > cap:
                yield f"{days[day]} requests of a day whose cap is {cap}, at {each.at:.2f}"
                return
        if len(days) == 1 and self.book.used > self.run.caps[-1][1]:
            yield f"{self.book.used} credits booked under a cap of {self.run.caps[-1][1]}"

    def gaps(self) -> Iterator[tuple[float, float, float]]:
        """When the book lost a holder, for how many seconds nobody could work for it, and after
        how many it was asked for again."""
        held = [spell for spell in self.book.spells if spell.who is not None]
        for spell, after in pairwise(held):
            lost = self._lost(spell)
            if lost is None or after.since < lost:
                continue
            again = next((each.at for each in self.book.asked if each.at >= after.since), None)
            capped = self.book.name in _capped(self.run)
            silent = again - lost if again is not None and not capped else 0.0
            yield lost, after.since - lost, silent

    def _lost(self, spell: Spell) -> float | None:
        """When its holder could not work for it any more."""
        ends = [spell.until] if spell.until is not None else []
        for fault in self.run.faults:
            if fault.who != spell.who or fault.kind == "cut":
                continue
            until = fault.until if fault.until is not None else float("inf")
            if spell.since <= until and (
                spell.until is None or fault.at <= spell.until <= until + 2
            ):
                ends.append(max(fault.at, spell.since))
        return min(ends, default=None)


def _of_products(taken: Iterable[Delivery]) -> list[Delivery]:
    """The operator may hear the same of two times, in the same words."""
    return [each for each in taken if not each.target.startswith("ops/")]


def _capped(run: Evidence) -> set[str]:
    return {CAPPED} if run.caps else set()


def _settled(alerts: Counter[tuple[str, str, str]]) -> Counter[tuple[str, str, str]]:
    """The alerts by rule, product and state, each that holds for one scan as if that was over:
    whether another scan came before the end is a matter of moments."""
    found: Counter[tuple[str, str, str]] = Counter()
    for (rule, product, state), count in alerts.items():
        found[rule, product, "inactive" if rule == "gone" else state] += count
    return found
