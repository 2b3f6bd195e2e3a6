"""What a rulebook's channels are told by: a target for each URL, and each one's way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from watcher.delivery.apprise.target import Target
from watcher.delivery.courier import Way
from watcher.errors import Problem, RulesError, TargetError
from watcher.rules.rulebook import Rulebook


def targets_of(book: Rulebook) -> dict[str, Target]:
    """A target for each URL of the channels, by masked name.

    Raises ``RulesError`` with every URL that Apprise can't use, and where it is written.
    """
    targets: dict[str, Target] = {}
    problems: list[Problem] = []
    for channel in book.channels.values():
        for name, url, origin in zip(channel.targets, channel.urls, channel.origins, strict=True):
            try:
                targets[name] = Target(name, url)
            except TargetError as error:
                problems.append(replace(origin, message=str(error)))
    if problems:
        raise RulesError(tuple(problems))
    return targets


def doubts_of(book: Rulebook, targets: Mapping[str, Target]) -> list[Problem]:
    """What to say of URLs that Apprise takes, and where they are written."""
    return [
        replace(origin, message=f"{name}: {doubt}")
        for channel in book.channels.values()
        for name, origin in zip(channel.targets, channel.origins, strict=True)
        for doubt in targets[name].doubts()
    ]


def ways_of(book: Rulebook) -> dict[str, Way]:
    """How each channel is told."""
    return {
        name: Way(ZoneInfo(channel.timezone), channel.quiet, channel.template)
        for name, channel in book.channels.items()
    }
