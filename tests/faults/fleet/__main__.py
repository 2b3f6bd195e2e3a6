"""Three daemons with six books under faults, beside an undisturbed one.

    python -m tests.faults.fleet --kills 200 --promotions 6 --seed 1

prints what was done, what was repeated and why, and every breach; exit code 1 if any.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.faults.fleet.promotion import promoted
from tests.faults.fleet.run import run
from tests.postgres import binaries, cluster


def main() -> int:
    """The long run by hand."""
    parser = argparse.ArgumentParser(description="Disturb three daemons with six books.")
    parser.add_argument("--kills", type=int, default=200, help="faults of all kinds")
    parser.add_argument("--promotions", type=int, default=0, help="of a synchronous replica")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="kept afterwards; default: a temporary one")
    chosen = parser.parse_args()
    if binaries() is None:
        sys.stderr.write("no PostgreSQL server is installed (Debian: postgresql)\n")
        return 1

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="watcher-fleet-") as temporary, cluster() as server:
        folder = chosen.folder or Path(temporary)
        urls = server.create_database("faulty"), server.create_database("calm")
        judgement = asyncio.run(run(folder, urls, chosen.kills, chosen.seed, say=say))
        say(str(judgement))
        breaches = len(judgement.breaches)
        for seed in range(chosen.seed, chosen.seed + chosen.promotions):
            promotion = asyncio.run(promoted(folder / f"promoted-{seed}", seed, places=3))
            say(str(promotion))
            breaches += len(promotion.breaches)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
