"""Short runs of the fleet's harnesses; ``make kills`` has the long ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.fleet.away import absence
from tests.faults.fleet.books import CAPPED
from tests.faults.fleet.promotion import promoted
from tests.faults.fleet.run import run
from tests.postgres import create_database, needed

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

FAULTS = 6


async def test_a_fleet_under_faults(tmp_path: Path, postgres_server: str) -> None:
    """Three daemons: nothing is lost, repeated without a cause, or sent by who has not the book."""
    urls = (
        create_database(postgres_server, "fleet_faulty"),
        create_database(postgres_server, "fleet_calm"),
    )
    judgement = await run(tmp_path, urls, FAULTS, seed=9, names=("amber", "cedar", CAPPED))
    assert not judgement.breaches, str(judgement)
    assert judgement.faults.total() == FAULTS
    assert judgement.facts


async def test_a_replica_is_promoted(tmp_path: Path) -> None:
    """No commit that was seen is lost; the books are scanned again within seconds."""
    needed()
    promotion = await promoted(tmp_path / "it", seed=2, names=("amber",))
    assert not promotion.breaches, str(promotion)
    assert promotion.seen


async def test_the_database_is_away(tmp_path: Path, postgres_url: str) -> None:
    """For longer than a lease: nothing is bought meanwhile, nothing lost."""
    outcome = await absence(tmp_path / "it", postgres_url, 15, seed=3, names=("amber",))
    assert not outcome.breaches, str(outcome)
