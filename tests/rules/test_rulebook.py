"""Secrets, and the names of targets."""

from watcher.rules.channel import Channel, Secret


def test_a_secret_is_compared_not_shown() -> None:
    """Equal by value; its text is stars."""
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert f"{Secret('a')} {Secret('a')!r}" == "*** ***"
    assert Secret("a").reveal() == "a"


def test_targets_are_named_by_channel_and_number() -> None:
    """The only name of a URL that anyone sees."""
    assert Channel("me", (Secret("x"), Secret("y"))).targets == ("me/1", "me/2")
