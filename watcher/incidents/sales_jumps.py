"""A list whose sales jumped: the operator hears of it once a region, and what became of it."""

from __future__ import annotations

import numpy as np

from watcher.evaluation.jumps import Jump, sales_of
from watcher.incidents.operator import Operator
from watcher.model import Instant, Scan
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.records import About, Incident
from watcher.units import HOUR, format_instant, format_percent

_JUMPED = "7-day sales jumped"
_NAMED = 3  # lists in a message
_BEFORE = HOUR  # a scan is judged, and told of, a while after it ended


def note_jump(
    operator: Operator, book: Rulebook, watch: Watch, scan: Scan, jump: Jump | None
) -> None:
    """Tell that the sales of a region jumped, once, and what became of it.

    One message is enough for what one cause does to many watches: it is over when none waits.
    """
    if jump is None:
        return
    database, incident = operator.database, _jumped(scan.region)
    if jump.waits and np.isnan(sales_of(scan)).all():
        return  # a field that is lost is told as that
    if jump.waits:
        before = format_instant(jump.before, book.zone)
        text = (
            f'the 7-day sales of the list "{watch.name}" moved by a median of '
            f"{_percent(jump.change)} since {before}: KeyAPI has nulled or "
            "shifted a counter, most likely. Rules that compare with earlier scans wait for the "
            "next scan, and compare it with the scan before"
        )
        operator.begin(incident, text)
    elif not _waits(database, book, scan.region):
        operator.end(incident, outcome=_outcome(database, book, scan.region))


def _outcome(database: Store, book: Rulebook, region: str) -> str:
    """Of lists that jumped together one may stay and another be mended: each is told as it is."""
    cause = _jumped(region).cause
    since = next((on.since for on in database.health.causes() if on.cause == cause), 0)
    names = {watch.key: watch.name for watch in _watches(book, region)}
    became = database.jumps.outcomes(list(names), since - _BEFORE)
    true = sorted(names[key] for key, believed in became.items() if believed)
    if not true:
        return "The values of before are back, so nothing is told of it."
    if len(true) == len(became):
        return "It stays so: it is taken for true, and what follows from it is told."
    named = ", ".join(f'"{name}"' for name in true[:_NAMED])
    more = f" and {len(true) - _NAMED} more" * (len(true) > _NAMED)
    return (
        f"It stays so in {named}{more}: there it is taken for true, and what follows from it is "
        "told. In the other lists the values of before are back, so nothing is told of them."
    )


def forget_jumps(database: Store, book: Rulebook, now: Instant) -> None:
    """What was told of watches that are no more goes on no longer."""
    for region in {watch.query.region for watch in book.used_watches}:
        if not _waits(database, book, region):
            database.health.clear_cause(_jumped(region), now)


def _jumped(region: str) -> Incident:
    return Incident(_JUMPED, About.REGION, region)


def _waits(database: Store, book: Rulebook, region: str) -> bool:
    """Whether some watch of the region waits for its next scan."""
    return database.jumps.waits([watch.key for watch in _watches(book, region)])


def _watches(book: Rulebook, region: str) -> list[Watch]:
    return [watch for watch in book.used_watches if watch.query.region == region]


def _percent(change: float) -> str:
    return format_percent(change, signed=True) if np.isfinite(change) else "nothing to something"
