"""Every error that this package raises on purpose: with data, and a text that says what happened,
where, and what to do, and never holds a key or a channel's URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class WatcherError(Exception):
    """A fault of the user's input or of the work, in one clear line; the command exits 1."""


class ProblemCode(StrEnum):
    """A kind of problem, for programs: a problem's message may be worded anew at any time."""

    UNREADABLE = "unreadable"  # there is no text to read
    SYNTAX = "syntax"  # the text is no YAML that can be used
    UNFILLED = "unfilled"  # a ${NAME} that has no value, or none that fits
    INVALID = "invalid"  # a value does not fit
    MISSING = "missing"
    UNKNOWN_SECTION = "unknown_section"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_METRIC = "unknown_metric"
    UNKNOWN_CHANNEL = "unknown_channel"
    UNKNOWN_WATCH = "unknown_watch"
    NAME_TAKEN = "name_taken"
    NO_RULES = "no_rules"
    TOO_MANY = "too_many"  # nothing was looked for after this
    DOUBT = "doubt"  # a warning: allowed, and perhaps not meant


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with a rule file; line and column count from 1, 0 is unknown."""

    file: str
    line: int
    column: int
    path: str
    message: str
    code: ProblemCode = field(default=ProblemCode.INVALID, compare=False)

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(filter(None, (where, self.path, self.message)))


class RulesError(WatcherError):
    """The rule files can't be used; ``problems`` are all the reasons, in the order of the files."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class SourceError(WatcherError):
    """KeyAPI did not give a page of products; ``retry_after`` are seconds, where it named them,
    ``said`` are its own words."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        said: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.said = said
        self.retry_after = retry_after


class InvalidQuery(SourceError):
    """The server refuses the watch's parameters (400): permanent for this watch."""


class KeyRefused(SourceError):
    """The key is missing, invalid or not allowed here (401, 403): stop asking with it."""


class CreditsUsedUp(SourceError):
    """The account has no credits left (402, or a text about quota): stop until the next day."""


class BudgetSpent(SourceError):
    """The caps of the rule file leave no credit for this request; it was not sent."""


class SourceUnavailable(SourceError):
    """A failure that passes (429, 5xx, connection faults, unreadable bodies): worth another try."""


class StoreError(WatcherError):
    """The database can't be used; ``place`` is which one: a file's path, or a book on a server."""

    def __init__(self, message: str, place: object) -> None:
        super().__init__(message)
        self.place = place


class StoreAway(StoreError):
    """The database can't be reached, or not be written, for now: it passes by itself."""


class LeaseUncertain(StoreAway):
    """The lease of a book could not be renewed in time: nothing is begun for it until it is."""


class NotADatabase(StoreError):
    """The file is no SQLite database of ours, or is damaged."""


class NotReady(StoreError):
    """The database is empty, or an older version wrote it: whoever writes it next prepares it."""


class NoSuchBook(StoreError):
    """The server has no book of that name."""


class NewerDatabase(StoreError):
    """A newer version of watcher wrote the database."""


class UnfinishedCopy(StoreError):
    """A copy of another store into this one is under way, or was cut off."""


class DatabaseHeld(StoreError):
    """Another process owns the database: ``pid``, where known."""

    def __init__(self, message: str, place: object, pid: int | None = None) -> None:
        super().__init__(message, place)
        self.pid = pid


class TargetError(WatcherError):
    """A channel's URL that Apprise can't read; the text never holds the URL."""


class ListenError(WatcherError):
    """The address of the web page can't be bound."""
