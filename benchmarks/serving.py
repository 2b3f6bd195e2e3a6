"""The server of the benchmarks: a process of its own, with all its answers ready in memory.

``/1`` and ``/2`` before the endpoint's path choose the day.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from benchmarks.bodies import bodies, days
from watcher.source.endpoints import PRODUCT_LIST

_FIELDS = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"}


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server that runs within the block."""
    command = [sys.executable, "-m", "benchmarks.serving"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("the server has no output")
            yield str(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()


async def _serve() -> None:
    ready = [bodies(rows) for rows in days()]

    async def page(request: web.Request) -> web.Response:
        pages = ready[int(request.match_info["day"]) - 1]
        body = pages[int(request.query["page_num"]) - 1]
        return web.Response(body=body, headers=_FIELDS)

    app = web.Application()
    app.router.add_get("/{day}" + PRODUCT_LIST.path, page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
