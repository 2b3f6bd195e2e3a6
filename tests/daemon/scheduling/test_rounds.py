"""Rounds of scans: when one is over, and whether it was good."""

from __future__ import annotations

from watcher.daemon.workers import Rounds


def test_a_round_ends_when_nothing_is_queued() -> None:
    """Good where all of it was."""
    rounds = Rounds()
    assert rounds.ended("a", {"b"}, good=True) is None
    assert rounds.ended("b", set(), good=True) is True
    assert rounds.ended("a", {"b"}, good=False) is None
    assert rounds.ended("b", set(), good=True) is False
    assert rounds.ended("a", set(), good=True) is True


def test_a_round_ends_though_some_watch_is_always_queued() -> None:
    """Each of them had its turn; a long list is waited for, however often a short one is read."""
    rounds = Rounds()
    assert [rounds.ended("short", {"long"}, good=True) for _ in range(3)] == [None] * 3
    assert rounds.ended("long", {"short"}, good=True) is True
    assert rounds.ended("short", {"long"}, good=True) is None
    assert rounds.ended("long", {"short"}, good=True) is True


def test_one_bad_scan_is_not_made_good_by_the_next() -> None:
    """Within the round: its watch was not read when it was due."""
    rounds = Rounds()
    rounds.ended("short", {"long"}, good=False)
    rounds.ended("short", {"long"}, good=True)
    assert rounds.ended("long", {"short"}, good=True) is False
