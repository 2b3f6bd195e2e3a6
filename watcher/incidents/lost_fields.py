"""Fields of the API that are gone or hold something else: rules on them fall silent.

That a watch lost some fields is a cause of its name, with the fields in it: so the store remembers
which, and a restart neither tells again nor forgets. The operator hears of a field once, however
many watches lost it, and of its end when the last of them has it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from watcher.incidents import troubles
from watcher.model import Instant, Scan, ScanState
from watcher.notification.audiences import Audience
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.source.fields import BY_NAME, NUMERIC_INDEX
from watcher.store.ports import Store
from watcher.store.sql.health import Cause

FEWEST = 3  # products that must have had a value before: fewer may lose it by themselves
_SAMPLE = 100  # products asked for what they had before
_NAMED = 3  # fields in a title

# A product without a discount has none to tell: its absence is a value.
_MAY_BE_ABSENT = frozenset(("discount",))

_CAUSE = re.compile(r"fields lost \((.*)\)")


@dataclass(frozen=True, slots=True)
class Lost:
    """The fields that a scan has no values of: ``missing`` in all products, or, in most of them,
    something else than they should hold (``mistyped``: what instead, by field)."""

    missing: AbstractSet[str]
    mistyped: Mapping[str, str]

    @property
    def names(self) -> set[str]:
        return {*self.missing, *self.mistyped} - _MAY_BE_ABSENT


def note_fields(
    database: Store,
    operator: Sequence[Audience],
    book: Rulebook,
    watch: Watch,
    scan: Scan,
    lost: Lost,
    *,
    now: Instant,
) -> None:
    """Tell which fields the watch's scan lost or has again. Before the scan is recorded: then the
    newest values are those of the scans before.
    """
    if scan.state is not ScanState.COMPLETE or not len(scan):
        return
    known = _Known(database, watch)
    begun = _had_before(database, scan, lost.names - known.of_watch)
    over = known.of_watch - lost.names
    if not begun and not over:
        return
    with database.atomic():
        known.change(begun, over, _text(begun, lost, book), now)
        others = known.of_others
        if news := sorted(begun - others):
            text, name = _text(news, lost, book), f"{_titled(news)} lost"
            cause = troubles.watch_cause(watch.name, _key(begun))
            troubles.tell(database, operator, cause, text, now, name=name)
        if back := sorted(over - others):
            text, name = f"KeyAPI gives {', '.join(back)} again.", f"{_titled(back)} lost"
            cause = troubles.watch_cause(watch.name, _key(over))
            troubles.tell(database, operator, cause, text, now, over=True, name=name)


class _Known:
    """The causes that are on, of this watch and of others."""

    def __init__(self, database: Store, watch: Watch) -> None:
        self._health = database.health
        self._watch = watch
        pairs = [(cause, _fields(cause.cause)) for cause in self._health.causes()]
        own = {troubles.watch_cause(watch.name, _key(fields)) for _, fields in pairs}
        self._own = [(cause, fields) for cause, fields in pairs if fields and cause.cause in own]
        self.of_watch: set[str] = set().union(*(fields for _, fields in self._own))
        self.of_others: set[str] = set().union(
            *(fields for cause, fields in pairs if cause.cause not in own)
        )

    def change(
        self, begun: AbstractSet[str], over: AbstractSet[str], text: str, now: Instant
    ) -> None:
        """A set that begins is one cause; one of which some fields are back goes on without."""
        if begun:
            self._raise(begun, text, now)
        for cause, fields in self._own:
            if fields & over:
                self._health.clear_cause(cause.cause, now)
                if rest := fields - over:
                    self._raise(rest, _still(cause), now)

    def _raise(self, fields: AbstractSet[str], text: str, now: Instant) -> None:
        self._health.raise_cause(troubles.watch_cause(self._watch.name, _key(fields)), text, now)


def _had_before(database: Store, scan: Scan, names: AbstractSet[str]) -> set[str]:
    """Those of which at least half of the scan's known products had a value before."""
    if not names:
        return set()
    numbers = sorted(name for name in names if name in NUMERIC_INDEX)
    texts = sorted(name for name in names if name not in NUMERIC_INDEX)
    sample = scan.product_ids[:_SAMPLE]
    stored, counts = database.history.had_values(scan.region, sample, numbers, texts)
    return {name for name, count in counts.items() if count >= max(FEWEST, stored / 2)}


def _text(fields: Iterable[str], lost: Lost, book: Rulebook) -> str:
    told = [
        f"{name} ({BY_NAME[name].label}): "
        + (f"now {lost.mistyped[name]}" if name in lost.mistyped else "gone")
        for name in sorted(fields)
    ]
    rules = [rule.name for rule in book.rules if not _fields_of(rule).isdisjoint(fields)]
    judged = (
        f"Rules that use them have no data and can't fire: {', '.join(rules)}."
        if rules
        else "No rule uses them."
    )
    return f"Fields that KeyAPI no longer gives as before: {'; '.join(told)}. {judged}"


def _still(cause: Cause) -> str:
    return cause.text if cause.text.endswith("(some are back)") else f"{cause.text} (some are back)"


def _fields_of(rule: Rule) -> set[str]:
    """The API's fields that the rule's conditions read."""
    conditions = (rule.when, rule.until) if rule.until is not None else (rule.when,)
    found = {name for each in conditions for metric in each.metrics for name in metric.fields}
    # A condition's canonical text names the texts that it reads.
    words = {word for each in conditions for word in re.findall(r"\w+", each.key)}
    return found | (words & BY_NAME.keys())


def _titled(fields: Sequence[str]) -> str:
    named, more = ", ".join(fields[:_NAMED]), len(fields) - _NAMED
    return f"field{'s' if len(fields) > 1 else ''} {named}" + (f" and {more} more" * (more > 0))


def _key(fields: Iterable[str]) -> str:
    return f"fields lost ({', '.join(sorted(fields))})"


def _fields(cause: str) -> set[str]:
    """The fields that a cause is about; none of other causes."""
    found = _CAUSE.fullmatch(cause.rpartition(": ")[2])
    return set(found[1].split(", ")) if found else set()
