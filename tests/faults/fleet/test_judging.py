"""The judge of the fleets before cooked runs: each breach is found, and nothing else is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.faults.fleet.books import CAPPED
from tests.faults.fleet.evidence import BookEvidence, Evidence
from tests.faults.fleet.faulting import Fault
from tests.faults.fleet.judging import Judgement, judge
from tests.faults.fleet.leases import spells_of
from tests.faults.fleet.source import Asked
from tests.faults.sink import Delivery

BOOK = "amber"
KILL, STOP, HOLE, CUT = "kill", "stop", "hole", "cut"


def message(who: int, alert: int, at: float, target: str = "pair/1") -> Delivery:
    """One product's alert, as the service took it."""
    product = 1_000 + alert
    body = f"1. A\n   https://www.tiktok.com/shop/pdp/{product}\n\nalert A{alert}"
    return Delivery(who, target, 0, f"[info] selling: {product}", body, at)


def evidence(**changes: object) -> BookEvidence:
    """Incarnation 1 held the book until 100, was killed, and 2 has it from 110: it told of three
    alerts, two of them for 1."""
    taken = [message(1, 1, 10), message(1, 2, 99), message(2, 3, 120)]
    made = BookEvidence(
        name=BOOK,
        taken=taken,
        asked=[Asked(9, 1, "w"), Asked(98, 1, "w"), Asked(111, 2, "w")],
        spells=spells_of([(1, 1, 0), (2, 2, 110)]),
        rows={each.mark: [number] for number, each in enumerate(taken, 1)},
        marked={1: 1, 2: 1, 3: 1},
        alerts=Counter({("selling", "1001", "firing"): 1}),
        used=4,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def fault(kind: str = KILL, at: float = 100, until: float | None = None, **more: object) -> Fault:
    """One of incarnation 1, at which the second notification waited."""
    made = Fault(1, kind, "any", 1, at, until, unsent={BOOK: {2}})
    return replace(made, **more)  # type: ignore[arg-type]


def judged(book: BookEvidence, *faults: Fault, **more: object) -> Judgement:
    """That book against an undisturbed one that told the same."""
    calm = evidence(
        taken=[message(1, alert, 10 * alert) for alert in (1, 2, 3)],
        asked=[], used=0, spells=spells_of([(1, 1, 0)]),
    )  # fmt: skip
    book.name = name = str(more.pop("name", BOOK))
    run = Evidence({name: book}, faults or (fault(),), **more)  # type: ignore[arg-type]
    return judge(run, Evidence({name: calm}))


def repeated(at: float = 111, by: int = 2) -> BookEvidence:
    """Incarnation ``by`` tells the second alert again."""
    taken = [message(1, 1, 10), message(1, 2, 99), message(by, 2, at), message(2, 3, 120)]
    return evidence(taken=taken)


def test_a_good_run() -> None:
    """A kill, and an heir who goes on: nothing is said but how long nobody had the book."""
    judgement = judged(evidence())
    assert not judgement.breaches
    assert (judgement.takeovers, judgement.longest, judgement.silent) == (1, 10, 11)
    assert str(judgement).endswith("breaches: 0")


def test_a_lost_message() -> None:
    """What the twin was told and the fleet's service was not."""
    book = evidence(taken=[message(1, 1, 10), message(2, 3, 120)])
    (breach,) = judged(book).breaches
    assert "never told" in breach
    assert "1002" in breach


def test_an_invented_message() -> None:
    """What only the fleet told, of which the outbox does not even know."""
    book = evidence(taken=[*evidence().taken, message(2, 4, 125)])
    first, second = judged(book).breaches
    assert "told only where faults fell" in first
    assert "no notification is known of" in second


def test_a_repeat_whose_mark_was_cut_off() -> None:
    """It waited to be marked when its sender died: the heir could not know."""
    judgement = judged(repeated())
    assert not judgement.breaches
    assert judgement.repeats == 1


@pytest.mark.parametrize(
    ("falls", "says"),
    [
        (fault(unsent={BOOK: set()}), "no fault cut its mark off"),
        (fault(CUT, until=100.5), "no fault cut its mark off"),
        (fault(who=7), "no fault cut its mark off"),
        (fault(at=108), "no fault cut its mark off"),
        (fault(STOP, at=97, until=98), "no fault cut its mark off"),
    ],
    ids=["marked before", "only a connection", "another's", "long after it", "over before it"],
)
def test_a_repeat_that_nothing_explains(falls: Fault, says: str) -> None:
    """The mark was there, or its sender lived on and remembered it."""
    assert any(says in breach for breach in judged(repeated(), falls).breaches)


def test_a_repeat_by_the_same_holder() -> None:
    """Nobody else had the book meanwhile: it knew that it had sent it."""
    book = evidence(
        taken=[message(1, 1, 10), message(1, 2, 98), message(1, 2, 99), message(2, 3, 120)]
    )
    (breach,) = judged(book).breaches
    assert "repeated by the same holder" in breach


def test_two_repeats_of_one_fault() -> None:
    """A target has one message on its way at a time."""
    taken = [
        message(1, 1, 98), message(1, 2, 99), message(2, 1, 111), message(2, 2, 112),
        message(2, 3, 120),
    ]  # fmt: skip
    (breach,) = judged(evidence(taken=taken), fault(unsent={BOOK: {1, 2}})).breaches
    assert "2 repeats of one fault" in breach


def test_a_mark_that_is_missing_or_double() -> None:
    """What was repeated was marked as sent once, in the end."""
    for marked in (0, 2):
        book = replace(repeated(), marked={1: 1, 2: marked, 3: 1})
        (breach,) = judged(book).breaches
        assert f"marked sent {marked} times" in breach


def test_who_was_stopped_ends_what_it_began() -> None:
    """One message or request that was on its way; not two, not later, not after a hole."""
    stopped = fault(STOP, until=112)
    judgement = judged(repeated(112.4, by=1), stopped)
    assert not judgement.breaches
    assert judgement.ended_late == 1
    assert judged(repeated(114, by=1), stopped).breaches
    assert judged(repeated(112.4, by=1), fault(HOLE, until=112)).breaches
    taken = [*repeated(112.4, by=1).taken, message(1, 2, 112.6)]
    breaches = judged(evidence(taken=taken), stopped).breaches
    assert any("2 times message to pair/1" in breach for breach in breaches)


def test_a_hole_cuts_marks_off() -> None:
    """The service is reached past it, and nothing can be marked then."""
    book = evidence(
        taken=[message(1, 1, 10), message(1, 2, 99), message(2, 2, 111), message(2, 3, 120)]
    )
    assert not judged(book, fault(HOLE, at=98, until=105, unsent={})).breaches


def test_a_double_scan() -> None:
    """One that does not hold the book asks for it, before or after its time."""
    for extra in (Asked(105, 2, "w"), Asked(115, 1, "w")):
        (breach,) = judged(evidence(asked=[*evidence().asked, extra])).breaches
        assert f"by {extra.who}, while it was held by" in breach


def test_what_is_seen_late_may_have_come_before() -> None:
    """The harness stood still: it saw a request of the holder of before after the take-over."""
    book = evidence(asked=[*evidence().asked, Asked(110.5, 1, "w")])
    assert judged(book).breaches
    assert not judged(book, stalls=[(109.8, 110.4)]).breaches


def test_a_passed_cap() -> None:
    """A request more than the cap that was in force then, or a ledger that says so."""
    book = evidence(used=3)
    assert not judged(book, name=CAPPED, caps=[(0, 2), (110.5, 3)]).breaches
    (breach,) = judged(book, name=CAPPED, caps=[(0, 2), (112, 3)]).breaches
    assert "3 requests of a day whose cap is 2" in breach
    (breach,) = judged(evidence(used=5), name=CAPPED, caps=[(0, 4)]).breaches
    assert "5 credits booked under a cap of 4" in breach


def test_credits_that_were_not_booked() -> None:
    """What the source counted is in the ledger; what is in doubt counts as spent, within bounds."""
    for used in (2, 500):
        (breach,) = judged(evidence(used=used)).breaches
        assert f"{used} credits for 3 requests" in breach


def test_a_broken_pace() -> None:
    """Two who ask at their pace are too many for the source."""
    asked = [Asked(10 + n / 4, 1, "w") for n in range(80)]
    (breach,) = judged(evidence(asked=asked, used=80, pace=2)).breaches
    assert "requests in 5 s" in breach
    assert not judged(evidence(asked=asked, used=80, pace=4)).breaches


def test_a_book_that_nobody_has() -> None:
    """For longer than is promised, from the fault on."""
    late = evidence(spells=spells_of([(1, 1, 0), (2, 2, 116)]), asked=[], used=0)
    (breach,) = judged(late).breaches
    assert "nobody had it for 16.0 s from 100.0" in breach


def test_fences_that_fall() -> None:
    """Each holder has a higher one than the one before it."""
    (breach,) = judged(evidence(spells=spells_of([(1, 2, 0), (2, 1, 110)]))).breaches
    assert "fences fell" in breach


def test_other_alerts() -> None:
    """States are compared, too."""
    other = evidence(alerts=Counter({("selling", "1001", "inactive"): 1}))
    first, second = judged(other).breaches
    assert "no such alert: ('selling', '1001', 'firing')" in first
    assert "an alert only where faults fell: ('selling', '1001', 'inactive')" in second
