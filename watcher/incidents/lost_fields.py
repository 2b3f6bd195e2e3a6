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

from watcher.fields import BY_NAME, NUMERIC_INDEX
from watcher.incidents.operator import Operator
from watcher.model import Scan, ScanState
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.sql.health import About, Incident
from watcher.units import plural

FEWEST = 3  # products that must have had a value before: fewer may lose it by themselves
_SAMPLE = 100  # products asked for what they had before
_NAMED = 3  # fields in a title

# A product without a discount has none to tell: its absence is a value.
_MAY_BE_ABSENT = frozenset(("discount",))

_LOST = "fields lost"


@dataclass(frozen=True, slots=True)
class Lost:
    """The fields that a scan has no values of: ``missing`` in all products, or, in most of them,
    something else than they should hold (``mistyped``: what instead, by field)."""

    missing: AbstractSet[str]
    mistyped: Mapping[str, str]

    @property
    def names(self) -> set[str]:
        return {*self.missing, *self.mistyped} - _MAY_BE_ABSENT


def note_fields(operator: Operator, book: Rulebook, watch: Watch, scan: Scan, lost: Lost) -> None:
    """Tell which fields the watch's scan lost or has again. Before the scan is recorded: then the
    newest values are those of the scans before.
    """
    if scan.state is not ScanState.COMPLETE or not len(scan):
        return
    database = operator.database
    known = _Known(operator, watch)
    begun = _had_before(database, scan, lost.names - known.of_watch)
    over = known.of_watch - lost.names
    if not begun and not over:
        return
    with database.atomic():
        known.change(begun, over, _text(begun, lost, book))
        others = known.of_others
        if news := sorted(begun - others):
            text, title = _text(news, lost, book), f"{_titled(news)} lost"
            operator.tell(_incident(watch, begun), text, title=title)
        if back := sorted(over - others):
            text, title = f"KeyAPI gives {', '.join(back)} again.", f"{_titled(back)} lost"
            operator.tell(_incident(watch, over), text, over=True, title=title)


class _Known:
    """The fields that are lost already, in this watch and in others."""

    def __init__(self, operator: Operator, watch: Watch) -> None:
        self._health, self._now = operator.database.health, operator.now
        self._watch = watch
        lost = [each for each in self._health.incidents() if each.kind == _LOST]
        self._own = [each for each in lost if each.subject == watch.name]
        self.of_watch = {name for each in self._own for name in each.fields}
        self.of_others = {
            name for each in lost if each.subject != watch.name for name in each.fields
        }

    def change(self, begun: AbstractSet[str], over: AbstractSet[str], text: str) -> None:
        """Note one incident for a set that begins; one of which some are back goes on without."""
        if begun:
            self._health.raise_cause(_incident(self._watch, begun), text, self._now)
        for incident in self._own:
            if over.isdisjoint(incident.fields):
                continue
            told = self._health.clear_cause(incident, self._now)
            if (rest := set(incident.fields) - over) and told is not None:
                self._health.raise_cause(_incident(self._watch, rest), _still(told), self._now)


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


def _still(text: str) -> str:
    return text if text.endswith("(some are back)") else f"{text} (some are back)"


def _fields_of(rule: Rule) -> set[str]:
    """The API's fields that the rule's conditions read."""
    conditions = (rule.when, rule.until) if rule.until is not None else (rule.when,)
    found = {name for each in conditions for metric in each.metrics for name in metric.fields}
    # A condition's canonical text names the texts that it reads.
    words = {word for each in conditions for word in re.findall(r"\w+", each.key)}
    return found | (words & BY_NAME.keys())


def _titled(fields: Sequence[str]) -> str:
    named, more = ", ".join(fields[:_NAMED]), len(fields) - _NAMED
    return f"{plural(len(fields), 'field')} {named}" + (f" and {more} more" * (more > 0))


def _incident(watch: Watch, fields: Iterable[str]) -> Incident:
    return Incident(_LOST, About.WATCH, watch.name, tuple(sorted(fields)))
