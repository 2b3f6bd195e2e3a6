"""Channels, to which alerts go, as the rule file has them; and texts that nobody is to see."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.errors import Problem
from watcher.language import Language
from watcher.model import Severity
from watcher.quiet import QuietHours
from watcher.rules.sections.templates import Template
from watcher.schedule import Cron


class Secret:
    """A key or a URL that no log, message or traceback may show."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: only for whom it is meant."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel for alerts: one target for each URL. ``timezone`` is that of the times it shows.
    ``quiet`` are the hours in which it is told nothing; with a ``digest`` it is told at those times
    only, all at once. ``at_most`` is how many messages it is told a day, before the rest waits for
    its end; ``limit`` the products in full in one message; ``by_rule``: each rule has a message of
    its own; they are in its ``language``, and lead to the ``page`` of that address, if any. With
    ``payload`` it gets documents for programs. ``origins`` say where each URL is written, for later
    errors."""

    name: str
    urls: tuple[Secret, ...]
    min_severity: Severity = Severity.INFO
    timezone: str = "UTC"
    origins: tuple[Problem, ...] = ()
    quiet: QuietHours | None = None
    digest: Cron | None = None
    template: Template | None = None
    at_most: int | None = None
    limit: int | None = None
    by_rule: bool = False
    language: Language = Language.ENGLISH
    max_severity: Severity = Severity.CRITICAL
    page: str = ""
    payload: bool = False

    @property
    def takes(self) -> str:
        """The severities that it is told: ``warning``, ``info to warning``."""
        least, most = self.min_severity, self.max_severity
        return least.value if least is most else f"{least} to {most}"

    def hears(self, severity: Severity) -> bool:
        """Whether what is so severe is told here."""
        return severity.lies_between(self.min_severity, self.max_severity)

    @property
    def targets(self) -> tuple[str, ...]:
        """The masked names of the URLs, in order: ``growth/1``, ``growth/2``."""
        return tuple(f"{self.name}/{number}" for number in range(1, len(self.urls) + 1))
