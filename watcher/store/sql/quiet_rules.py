"""Which rules fired since they are what they are, and which have not fired for long."""

from __future__ import annotations

from watcher.model import Instant
from watcher.store.sqlite.connection import Connection

# Of a rule that fires all day the newest are enough: one of them fired, or none has for long.
_NEWEST = 1_000


def ever_fired(db: Connection) -> set[tuple[str, str]]:
    """Name and fingerprint of each rule that fired since it was written so."""
    rows = db.rows(
        "SELECT r.name, r.fingerprint FROM rules AS r WHERE r.ended IS NULL AND EXISTS "
        "(SELECT 1 FROM alerts AS a WHERE a.rule = r.name AND a.fired_at >= r.began)"
    )
    return {(name, fingerprint) for name, fingerprint in rows}


def not_fired_since(db: Connection, since: Instant) -> set[str]:
    """Names of the rules that are older than ``since``, don't fire, and have not fired from then
    on."""
    rows = db.rows(
        "SELECT r.name FROM rules AS r WHERE r.ended IS NULL AND r.began < ?1 AND NOT EXISTS "
        "(SELECT 1 FROM alerts AS a WHERE a.rule = r.name AND a.state = 'firing') AND NOT EXISTS "
        "(SELECT 1 FROM (SELECT a.fired_at FROM alerts AS a WHERE a.rule = r.name "
        "ORDER BY a.id DESC LIMIT ?2) WHERE fired_at >= ?1)",
        (since, _NEWEST),
    )
    return {name for (name,) in rows}
