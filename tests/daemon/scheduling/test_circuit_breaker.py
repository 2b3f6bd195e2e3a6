"""Whether the source may be asked at all."""

from __future__ import annotations

from watcher.daemon.scheduling.circuit_breaker import TRY_AGAIN, Gate

NOW = 1_000_000


def test_shut_for_all_until_one_may_try() -> None:
    """The one is alone until it is through."""
    gate = Gate()
    assert gate.why_shut("a", NOW) is None
    gate.shut("no", NOW, NOW + 100)
    assert gate.why_shut("a", NOW + 99) == "no"
    assert gate.opens("a", NOW + 99) == NOW + 100
    assert gate.why_shut("a", NOW + 100) is None
    with gate.passing() as trying:
        assert trying
        assert gate.why_shut("b", NOW + 100) is not None
        assert gate.opens("b", NOW + 100) > NOW + 100
    assert gate.why_shut("b", NOW + 100) is None
    assert not gate.answered("a", NOW)
    assert gate.answered("a", NOW + 100)
    with gate.passing() as trying:
        assert not trying


def test_a_refused_watch_is_shut_alone() -> None:
    """For a day, or until it is answered."""
    gate = Gate()
    gate.refuse("a", NOW)
    assert gate.why_shut("a", NOW + TRY_AGAIN - 1) == "its query is invalid"
    assert gate.opens("a", NOW) == NOW + TRY_AGAIN
    assert (gate.why_shut("b", NOW), gate.opens("b", NOW)) == (None, 0)
    assert gate.why_shut("a", NOW + TRY_AGAIN) is None
    assert gate.answered("a", NOW + 1)
    assert gate.why_shut("a", NOW + 2) is None


def test_a_clock_set_back_opens_it() -> None:
    """Else a clock that was years ahead would shut it for years."""
    gate = Gate()
    gate.shut("no", NOW, NOW + 100)
    gate.refuse("a", NOW)
    assert gate.why_shut("a", NOW - 1) is None
    assert gate.opens("a", NOW - 1) == 0
