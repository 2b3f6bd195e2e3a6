"""An incident: a trouble of the watcher itself, as it is stored and told."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec


class IncidentKind(StrEnum):
    """The values are keys of the store and names in English; ``text/titles.py`` has them marked,
    texts are in ``text/incidents.py``."""

    RULE_FILE = "rule file"
    OWN_FILE = "file of one's own"
    PAGE_RULES = "rules of the page"
    DISK = "disk nearly full"
    DATABASE = "the database fails"
    CLOCK_SET_BACK = "the clock was set back"
    TASK = "task"
    BREAKS = "breaks"
    FAILS = "fails"
    SOURCE_FAILS = "KeyAPI fails"
    PROBLEMS = "read with problems"
    UNSTORED = "waits to be stored"
    INVALID_QUERY = "invalid query"
    KEY_REFUSED = "key refused"
    CREDITS_USED_UP = "credits used up"
    CREDITS_OF_DAY = "credits of the day nearly used"
    CREDITS_OF_MONTH = "credits of the month nearly used"
    DID_NOT_FIT = "credits: a scan did not fit"
    FIELDS_LOST = "fields lost"
    JUMPED = "7-day sales jumped"
    STANDS_STILL = "data stands still"
    NO_REFRESH = "no new data"
    DEAD_MESSAGE = "dead message"
    SILENCE_ENDS = "ends within a day"


class About(StrEnum):
    """The sort of thing that an incident befell."""

    WATCHER = ""
    WATCH = "watch"
    RULE = "rule"
    REGION = "region"
    TARGET = "target"
    PART = "part"
    FILE = "file"
    SILENCE = "silence"


class Incident(msgspec.Struct, frozen=True, omit_defaults=True):
    """Its kind, the ``subject`` that it befell, and the ``fields`` that it is about; ``details``
    are the values that its text names, ``since`` is when one that is on began."""

    kind: IncidentKind
    about: About = About.WATCHER
    subject: str = ""
    fields: tuple[str, ...] = ()
    details: Mapping[str, Any] = {}
    since: int = 0

    @property
    def cause(self) -> str:
        """Its key in the store, and its name. Nothing reads it: the columns say the same."""
        if not self.subject:
            return self.kind
        if self.about in {About.TARGET, About.PART}:
            return f"{self.kind} {self.subject}"
        fields = f" ({', '.join(self.fields)})" if self.fields else ""
        return f"{self.about} {self.subject}: {self.kind}{fields}"

    def with_details(self, **details: Any) -> Incident:
        """A copy with these values, beside its own, for its text."""
        return msgspec.structs.replace(self, details={**self.details, **details})


def moment(instant: int, zone: object) -> dict[str, Any]:
    """An instant among the details, to be told in this zone."""
    return {"at": instant, "zone": str(zone)}


def dead_message(target: str) -> Incident:
    """A target that messages were given up for."""
    return Incident(IncidentKind.DEAD_MESSAGE, About.TARGET, target)
