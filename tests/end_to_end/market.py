"""A simulated market in a process of its own, as the README starts it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator

from tests.end_to_end.process import KEY, PATIENCE


@contextlib.asynccontextmanager
async def market(*arguments: str) -> AsyncIterator[str]:
    """A smooth market on a free port, which other ``arguments`` say more of; gives its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "watcher.source.simulator", "--port", "0", "--key", KEY,
        "--preset", "smooth", *arguments,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            said = (await process.stdout.readline()).decode()
        found = re.search(r"http://\S+:\d+", said)
        assert found is not None, said
        yield found[0]
    finally:
        process.terminate()
        await process.wait()
