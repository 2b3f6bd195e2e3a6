"""The source that a rulebook names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from watcher.delivery.apprise.doubts import doubts
from watcher.delivery.apprise.target import Target
from watcher.delivery.ports import Way
from watcher.errors import Problem, RulesError, TargetError, WatcherError
from watcher.rules.rulebook import Rulebook
from watcher.source.client import Client


def client_of(book: Rulebook) -> Client:
    """A client as the rule file's ``api:`` says; ``WatcherError`` without a key."""
    if book.api.key is None:
        raise WatcherError(
            "no key: set the environment variable KEYAPI_KEY (or KEYAPI_TOKEN), or api.key in the "
            "rule file"
        )
    return Client(
        book.api.url,
        book.api.key.reveal(),
        requests_per_second=book.api.requests_per_second,
        concurrency=book.api.concurrency,
    )


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
        for name, url, origin in zip(channel.targets, channel.urls, channel.origins, strict=True)
        for doubt in doubts(targets[name], url)
    ]


def ways_of(book: Rulebook) -> dict[str, Way]:
    """How each channel is told."""
    return {
        name: Way(ZoneInfo(channel.timezone), channel.quiet, channel.template)
        for name, channel in book.channels.items()
    }
