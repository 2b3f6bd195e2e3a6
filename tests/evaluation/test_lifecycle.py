"""The life of an alert, told in strings: a character an evaluation, a day apart.

Findings: ``+`` met, ``-`` not met, ``?`` no data, ``x`` absent from a complete scan.
States: ``.`` inactive, ``p`` pending, ``f`` firing.
"""

from __future__ import annotations

import pytest

from watcher.alert import Alert, AlertState
from watcher.evaluation.lifecycle import (
    CONDITION_ENDED,
    LEFT_THE_LIST,
    RULE_CHANGED,
    Terms,
    Verdicts,
    step,
    step_absent,
)
from watcher.model import Verdict
from watcher.units import DAY

VERDICTS = {"+": Verdict.MET, "-": Verdict.NOT_MET, "?": Verdict.NO_DATA}
LETTERS = {AlertState.INACTIVE: ".", AlertState.PENDING: "p", AlertState.FIRING: "f"}
START = 1_000 * DAY


def march(
    findings: str,
    terms: Terms = Terms(),  # noqa: B008 - frozen
    until: str | None = None,
    first: Alert | None = None,
) -> list[Alert | None]:
    """The alert after each finding; a resolved alert is forgotten at the next one."""
    alert = first
    history: list[Alert | None] = []
    for day, letter in enumerate(findings):
        now = START + day * DAY
        if letter == "x":
            live = alert is not None and alert.state is not AlertState.INACTIVE
            alert = step_absent(alert, now) if live and alert is not None else None
        else:
            end = VERDICTS[until[day]] if until is not None else None
            alert = step(alert, "rule", 1, Verdicts(VERDICTS[letter], end), terms, now)
        history.append(alert)
    return history


def states(history: list[Alert | None]) -> str:
    """One letter an evaluation."""
    return "".join("." if alert is None else LETTERS[alert.state] for alert in history)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ("-+++-", ".fff."),
        ("+-+-", "f.f."),
        ("?+?-?+", ".ff..f"),
        ("+???+", "fffff"),
        ("?????", "....."),
    ],
)
def test_without_for_an_alert_fires_while_met(findings: str, expected: str) -> None:
    """With ``for: 0`` the first evaluation that is met fires; no data holds."""
    assert states(march(findings)) == expected


@pytest.mark.parametrize(
    ("days", "findings", "expected"),
    [
        (2, "-+++-", ".ppf."),
        (2, "+-+-+++", "p.p.ppf"),
        (2, "+?+?+", "ppfff"),
        (2, "+??+-", "pppf."),
        (1, "+?-+", "pp.p"),
    ],
)
def test_for_waits(days: int, findings: str, expected: str) -> None:
    """``for`` counts from the first met evaluation; no data neither fires nor resets."""
    assert states(march(findings, Terms(for_=days * DAY))) == expected


def test_until_keeps_it_firing() -> None:
    """A firing alert that is no longer met goes on until ``until`` is met."""
    history = march("+---+--", until="---?-?+")
    assert states(history) == "ffffff."
    assert history[-1] is not None
    assert history[-1].reason == CONDITION_ENDED


def test_until_met_while_still_met_changes_nothing() -> None:
    """``until`` is asked only when ``when`` is not met."""
    assert states(march("++-", until="-++")) == "ff."


def test_keep_firing_for_counts_from_the_last_met() -> None:
    """``keep_firing_for`` bridges gaps shorter than it."""
    assert states(march("+-+---", Terms(keep_firing_for=2 * DAY))) == "ffff.."


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ("+xx", "ff."),
        ("+x+x+", "fffff"),
        ("+x?x", "ffff"),
        ("+xxx+", "ff..f"),
    ],
)
def test_absence_ends_after_two_complete_scans(findings: str, expected: str) -> None:
    """One complete scan without the product proves nothing; being seen starts the count anew."""
    assert states(march(findings)) == expected


def test_absence_says_so() -> None:
    """The reason tells that the product left, and when."""
    ended = march("+xx")[-1]
    assert ended is not None
    assert ended.reason == LEFT_THE_LIST
    assert ended.resolved_at == START + 2 * DAY


def test_absence_of_a_pending_alert_forgets_it() -> None:
    """What never fired ends without a trace."""
    ended = march("+xx", Terms(for_=9 * DAY))[-1]
    assert ended is not None
    assert (ended.state, ended.fired_at, ended.resolved_at) == (AlertState.INACTIVE, None, None)


def test_a_steady_alert_is_the_same_object() -> None:
    """What did not change need not be written."""
    history = march("+++")
    assert history[1] is history[2] is history[0]


def test_times_of_an_alert() -> None:
    """``since`` is when the state began, ``fired_at`` when it fired."""
    pending, still, firing, ended = march("+++-", Terms(for_=2 * DAY))
    assert pending is not None
    assert pending.since == START
    assert still is not None
    assert still.since == START
    assert firing is not None
    assert (firing.fired_at, firing.since) == (START + 2 * DAY, START + 2 * DAY)
    assert ended is not None
    assert ended.resolved_at == START + 3 * DAY


def carried() -> Alert:
    """An alert that an older form of the rule fired."""
    return Alert(
        7, "rule", 1, AlertState.FIRING, START - DAY, START - DAY, START - DAY, carried=True
    )


def test_a_carried_alert_goes_on_if_still_met() -> None:
    """After a change of the rule what holds goes on, whatever the new ``for``."""
    after = march("+", Terms(for_=9 * DAY), first=carried())[0]
    assert after is not None
    assert (after.state, after.carried, after.id) == (AlertState.FIRING, False, 7)


def test_a_carried_alert_ends_silently_if_not_met() -> None:
    """After a change of the rule what no longer holds ends with that reason."""
    after = march("-", Terms(keep_firing_for=9 * DAY), first=carried())[0]
    assert after is not None
    assert (after.state, after.reason) == (AlertState.INACTIVE, RULE_CHANGED)


def test_a_carried_alert_waits_for_data() -> None:
    """No data decides nothing here either."""
    after = march("?", first=carried())[0]
    assert after is not None
    assert after.carried
