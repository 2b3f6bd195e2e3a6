"""Targets of the channels that a rulebook names, and how each is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from watcher.delivery.apprise.target import Concealed, Target
from watcher.delivery.rendered import Way
from watcher.errors import Problem, RulesError, TargetError
from watcher.rules.rulebook import Channel, Rulebook


def targets_of(book: Rulebook) -> dict[str, Target]:
    """A target for each URL of the channels, by masked name. Raises ``RulesError`` with every URL
    that Apprise can't use, and where it is written."""
    targets: dict[str, Target] = {}
    problems: list[Problem] = []
    posts = {
        each for channel in book.channels.values() if channel.payload for each in channel.targets
    }
    for name, url, origin in _addresses(book):
        try:
            targets[name] = Target(name, url, posts=name in posts)
        except TargetError as error:
            problems.append(replace(origin, message=str(error)))
    if problems:
        raise RulesError(tuple(problems))
    return targets


def address_of(book: Rulebook, target: str) -> object:
    """The URL, which tells two targets apart, whatever their books call them. The name of one that
    is no more."""
    return next((url for name, url, _ in _addresses(book) if name == target), target)


def doubts_of(book: Rulebook, targets: Mapping[str, Target]) -> list[Problem]:
    """Warnings of URLs that Apprise takes, and where they are written."""
    return [
        replace(origin, message=f"{name}: {doubt}")
        for name, _, origin in _addresses(book)
        for doubt in targets[name].doubts()
    ]


def _addresses(book: Rulebook) -> Iterator[tuple[str, Concealed, Problem]]:
    """The channels' targets: masked name, URL, and where it is written."""
    for channel in book.channels.values():
        yield from zip(channel.targets, channel.urls, channel.origins, strict=True)


def ways_of(book: Rulebook) -> dict[str, Way]:
    """The way of each channel."""
    return {name: way_of(channel) for name, channel in book.channels.items()}


def way_of(channel: Channel) -> Way:
    """The way of one channel."""
    return Way(
        ZoneInfo(channel.timezone),
        channel.quiet,
        channel.template,
        language=channel.language,
        page=channel.page,
        payload=channel.payload,
        channel=channel.name,
    )
