"""A scan that was read, before it is judged: whose it is by now, and how far it is believed."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from watcher import plan
from watcher.evaluation.empty_list_guard import Before, doubted
from watcher.model import Scan
from watcher.rules.rulebook import Watch
from watcher.source.scan import ScanResult, only_of
from watcher.store.ports import Store


def arrived(database: Store, watch: Watch, result: ScanResult) -> ScanResult:
    """The result as that of the watch, whose key may have changed since the scan began, without the
    ids that the user took out meanwhile, and with its doubt where it proves no absence."""
    scan = result.scan
    if scan.asked is not None:
        ids = frozenset(plan.with_followed(database, watch).query.ids)
        scan = scan if ids.issuperset(scan.asked) else only_of(scan, ids)
    if scan.watch != watch.key:
        scan = replace(scan, watch=watch.key)
    return replace(result, scan=believed(database, watch, scan))


def is_stored(database: Store, scan: Scan) -> bool:
    """Whether its row is there: nobody else gives an instant after all earlier ones to a scan."""
    last = database.history.last_scan(scan.watch)
    return last is not None and (last.at, last.started) == (scan.at, scan.started)


def believed(database: Store, watch: Watch, scan: Scan) -> Scan:
    """The scan, with its doubt where it can't prove that who is missing from it is gone."""
    last = database.history.last_complete(watch.key)
    proof = database.history.last_proof(watch.key)
    expected = watch.schedule.next(proof.at) if proof is not None else 0
    if proof is not None and scan.asked is not None:  # what the user took out is not missing
        still = database.history.still_asked(proof.id, scan.asked)
        proof = structs.replace(proof, products=still)
    return doubted(scan, Before(last, proof, expected))
