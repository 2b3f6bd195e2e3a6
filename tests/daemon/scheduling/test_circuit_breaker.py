"""Whether the source may be asked at all."""

from __future__ import annotations

from watcher.daemon.scheduling.circuit_breaker import TRY_AGAIN, CircuitBreaker

NOW = 1_000_000


def test_shut_for_all_until_one_may_try() -> None:
    """The one is alone until it is through."""
    breaker = CircuitBreaker()
    assert breaker.why_shut("a", NOW) is None
    breaker.shut("no", NOW, NOW + 100)
    assert breaker.why_shut("a", NOW + 99) == "no"
    assert breaker.opens("a", NOW + 99) == NOW + 100
    assert breaker.why_shut("a", NOW + 100) is None
    with breaker.passing() as trying:
        assert trying
        assert breaker.why_shut("b", NOW + 100) is not None
        assert breaker.opens("b", NOW + 100) > NOW + 100
    assert breaker.why_shut("b", NOW + 100) is None
    assert not breaker.answered("a", NOW)
    assert breaker.answered("a", NOW + 100)
    with breaker.passing() as trying:
        assert not trying


def test_a_refused_watch_is_shut_alone() -> None:
    """For a day, or until it is answered."""
    breaker = CircuitBreaker()
    breaker.refuse("a", NOW)
    assert breaker.why_shut("a", NOW + TRY_AGAIN - 1) == "its query is invalid"
    assert breaker.opens("a", NOW) == NOW + TRY_AGAIN
    assert (breaker.why_shut("b", NOW), breaker.opens("b", NOW)) == (None, 0)
    assert breaker.why_shut("a", NOW + TRY_AGAIN) is None
    assert breaker.answered("a", NOW + 1)
    assert breaker.why_shut("a", NOW + 2) is None


def test_a_clock_set_back_opens_it() -> None:
    """Else a clock that was years ahead would shut it for years."""
    breaker = CircuitBreaker()
    breaker.shut("no", NOW, NOW + 100)
    breaker.refuse("a", NOW)
    assert breaker.why_shut("a", NOW - 1) is None
    assert breaker.opens("a", NOW - 1) == 0
