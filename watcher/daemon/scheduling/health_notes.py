"""A scan's news of the watcher's own health, told to the operator."""

from __future__ import annotations

from watcher.daemon.scheduling.circuit_breaker import CircuitBreaker, note_source
from watcher.evaluation.jumps import Jump
from watcher.incidents import failing
from watcher.incidents.data import note_changes, note_fields, note_jump
from watcher.incidents.operator import Operator
from watcher.rules.rulebook import Rulebook, Watch
from watcher.source.scan import ScanResult


def note_read(operator: Operator, book: Rulebook, watch: Watch, result: ScanResult) -> None:
    """Tell which fields a scan lost or has again, before it is stored: the newest values are still
    those of the scans before."""
    note_fields(operator, book, watch, result.scan, result)


def note_stored(
    operator: Operator,
    book: Rulebook,
    watch: Watch,
    result: ScanResult,
    jump: Jump | None,
    breaker: CircuitBreaker,
) -> None:
    """Begin and end the incidents that the scan of ``watch`` tells of, once it is stored."""
    scan = result.scan
    note_jump(operator, book, watch, scan, jump)
    note_source(operator, breaker, watch, result)
    failing.note_watch(operator, book, watch, scan, result.failure)
    failing.note_problems(operator, watch, scan)
    failing.note_rules(operator, book.rules_of(watch))
    note_changes(operator, scan, book.zone)
    failing.note_credits(operator, book.api)
    operator.end(failing.unstored_of(watch))
