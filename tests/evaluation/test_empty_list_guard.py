"""Which scans prove an absence, and for how long they are doubted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

import pytest

from tests.store.making import DAY, START, scan
from watcher.evaluation.empty_list_guard import Before, doubted, said_of
from watcher.model import Doubt, Instant, Scan, ScanState
from watcher.store.records import ScanRow
from watcher.units import HOUR

GAP = "page 2 is short, but the list goes on"


def row(found: Scan) -> ScanRow:
    """A scan as the store has it."""
    return ScanRow(
        1, "w", "US", found.at, found.at, found.at, found.state, 1, 1, len(found), 0, found.error,
        interrupted=False, doubt=found.doubt,
    )  # fmt: skip


def listing(size: int, at: Instant, *, flawed: bool = False) -> Scan:
    """A complete scan of so many products."""
    found = scan(at, dict.fromkeys(map(str, range(size)), 1.0))
    return replace(found, doubt=Doubt(GAP, at)) if flawed else found


def judged(scans: Sequence[Scan]) -> list[Scan]:
    """A watch's scans, one after another, as they are believed."""
    found: list[Scan] = []
    for each in scans:
        back = [row(one) for one in reversed(found) if one.state is ScanState.COMPLETE]
        last = next(iter(back), None)
        proof = next((one for one in back if one.doubt is None or one.doubt.believed), None)
        expected = proof.at + DAY if proof is not None else 0
        found.append(doubted(each, Before(last, proof, expected)))
    return found


def proofs(*sizes: int, step: int = DAY, flawed: Sequence[int] = ()) -> str:
    """By scan of these sizes: ``+`` proves, ``-`` doesn't, ``f`` failed."""
    made = [
        listing(size, START + turn * step, flawed=turn in flawed) for turn, size in enumerate(sizes)
    ]
    return "".join(
        "f" if each.state is ScanState.FAILED else "+" if each.proves_absence else "-"
        for each in judged(made)
    )


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([200, 134], "++"),  # two thirds and more
        ([200, 133], "+-"),
        ([200, 133, 133], "+-+"),
        ([200, 133, 133, 133], "+-++"),
        ([200, 5, 5], "+-+"),  # a list that collapsed obeys the same rule
        ([200, 5, 200, 5], "+-+-"),  # not in a row
        ([200, 100, 50], "+-+"),  # two in a row say that it is short, if not how
        ([200, 100, 190, 100], "+-+-"),
        ([12, 8, 7], "+++"),
        ([12, 7, 7], "+-+"),
        ([10, 1], "+-"),
        ([9, 0], "++"),  # so few may well be gone in a day
        ([0, 200], "++"),
        ([5, 200], "++"),
    ],
)
def test_a_list_that_is_suddenly_short(sizes: list[int], said: str) -> None:
    """Under two thirds of the last one that proved is believed at the second time in a row."""
    assert proofs(*sizes) == said


def test_an_empty_list_counts_as_not_read() -> None:
    """Of a list of many, until it lasts for a week longer than the next scan was due."""
    assert proofs(200, *[0] * 9) == "+fffffff++"
    assert proofs(10, 0) == "+f"
    (_, empty) = judged([listing(200, START), listing(0, START + DAY)])
    assert "the list has no products, and had 200" in (empty.error or "")


@pytest.mark.parametrize(("step", "doubts"), [(DAY, 7), (HOUR, 168), (8 * DAY, 1)])
def test_what_is_broken_for_ever_is_believed_after_a_week(step: int, doubts: int) -> None:
    """A flawed scan proves nothing; after seven days of such scans every one proves again."""
    said = proofs(*[200] * 200, step=step, flawed=range(1, 200))
    assert said == "+" + "-" * doubts + "+" * (199 - doubts)
    assert proofs(*[200] * 10, flawed=range(10)) == "-------+++"


def test_a_clean_scan_ends_the_week() -> None:
    """It begins anew with the next flaw."""
    flawed = {*range(1, 5), *range(6, 20)}
    assert proofs(*[200] * 20, flawed=sorted(flawed)) == "+----+-------" + "+" * 7


def test_a_short_list_with_flaws() -> None:
    """Its length is no second witness for the flaws; a clean one after it may be."""
    assert proofs(200, 10, 10, 10, flawed=[1, 2]) == "+--+"
    scans = judged([listing(200, START), listing(10, START + DAY, flawed=True)])
    assert scans[1].doubt is not None
    assert scans[1].doubt.why == f"{GAP}; the list has 10 products, and had 200"


def test_turns_are_counted_and_begin_somewhere() -> None:
    """For the operator, and for the week."""
    scans = judged([listing(20, START + turn * DAY, flawed=True) for turn in range(9)])
    assert [each.doubt and each.doubt.turn for each in scans] == list(range(1, 10))
    assert {each.doubt and each.doubt.since for each in scans} == {START}
    assert [each.doubt and each.doubt.believed for each in scans] == [False] * 7 + [True] * 2


def test_a_doubt_of_the_future_began_now() -> None:
    """The clock was ahead and is set back: the week is one from now on."""
    ahead = replace(listing(20, START + 400 * DAY), doubt=Doubt(GAP, START + 400 * DAY))
    now = listing(20, START, flawed=True)
    found = doubted(now, Before(row(ahead), None))
    assert found.doubt is not None
    assert (found.doubt.since, found.doubt.believed) == (START, False)


def test_what_is_not_complete_is_not_judged() -> None:
    """It proves nothing anyway."""
    cut = scan(START, {}, state=ScanState.PARTIAL)
    before = row(listing(200, START - DAY))
    assert doubted(cut, Before(before, before, START)) is cut
    assert not cut.proves_absence
    flawed = replace(cut, doubt=Doubt(GAP, START))
    assert doubted(flawed, Before(None, None)).doubt is None


def test_a_doubt_in_words() -> None:
    """Until when, or that it has gone on for too long."""
    assert "until 2023-" in said_of(Doubt(GAP, START), UTC)
    assert "counts as gone" in said_of(Doubt(GAP, START, 9, believed=True), UTC)
