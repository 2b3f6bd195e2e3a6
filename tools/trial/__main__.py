"""``python -m tools.trial [PLACE ...]`` (``make trial``): all places if none is named.

Ends with 0 where nothing failed. What can't be tried on this machine is skipped, with the reason.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from tools.trial.debian import try_fleet, try_systemd
from tools.trial.environments import try_pip, try_pipx
from tools.trial.image import try_image
from tools.trial.readme import NoSuchBlock
from tools.trial.stage import Failed, Skipped, staged

PLACES = {
    "pip": try_pip, "pipx": try_pipx, "systemd": try_systemd, "fleet": try_fleet,
    "image": try_image,
}  # fmt: skip


def main() -> None:
    """Try the places that are named."""
    parser = argparse.ArgumentParser(prog="python -m tools.trial", description=__doc__)
    parser.add_argument("places", nargs="*", metavar="PLACE", help=", ".join(PLACES))
    named = parser.parse_args().places or list(PLACES)
    unknown = sorted(set(named) - set(PLACES))
    if unknown:
        parser.error(f"there is no place {unknown[0]}; there are {', '.join(PLACES)}")
    sys.exit(0 if all(asyncio.run(attempts(named))) else 1)


async def attempts(names: list[str]) -> list[bool]:
    """Try all at once: each waits for others' servers most of the time, and knows no other."""
    return await asyncio.gather(*map(attempt, names))


async def attempt(name: str) -> bool:
    """Try one place and say how that went; False where it failed."""
    began = time.monotonic()
    try:
        async with staged() as stage:
            what, good = await PLACES[name](stage), True
    except Skipped as reason:
        what, good = f"skipped: {reason}", True
    except (Failed, NoSuchBlock) as error:
        what, good = f"FAILED: {error}", False
    print(f"trial {name}: {what} ({time.monotonic() - began:.0f} s)", flush=True)
    return good


if __name__ == "__main__":
    main()
