"""Send by three services with each private part of Apprise or smtplib hidden in turn.

Prints a line of outcomes for each: in a process of its own, for the libraries are wrapped once in
each, and forked of one that has loaded them.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from apprise import Apprise, NotifyBase

from tests.fakes.sink import Secret, receiving, serving
from watcher.delivery.apprise import private
from watcher.delivery.apprise.target import Target
from watcher.delivery.rendered import Rendered


def hide(hidden: str) -> None:
    """Have the one part found nowhere, as if a release had renamed it."""
    owner_of, attribute = private.owner_of, private.attribute

    def without(part: str) -> tuple[Any, str] | None:
        return None if part == hidden else owner_of(part)

    def lacking(plugin: NotifyBase, part: str) -> Any:
        return None if part == hidden else attribute(plugin, part)

    private.owner_of, private.attribute = without, lacking


async def main() -> None:
    """One message that is taken and one that is refused by each."""
    message = Rendered("title", "body", "text")
    async with serving() as service, receiving() as mail:
        slack = Secret("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")
        told = [str(len(Target("hook/1", slack).doubts()))]
        for url in (service.url, mail.url()):
            service.status, mail.data = 200, "250 OK"
            target = Target("hook/1", url)
            target.plugin.request_rate_per_sec = 0  # seconds of sleep show nothing
            told += [str(len(target.doubts())), (await target.send(message)).kind.value]
            service.status, mail.data = 404, "554 looks like spam"
            told.append((await target.send(message)).kind.value)
    sys.stdout.write(" ".join(told))


def outcomes(part: str) -> str:
    """What ``main`` prints in a child of this process, where ``part`` is hidden."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(writer, sys.stdout.fileno())
        hide(part)
        asyncio.run(main())
        sys.stdout.flush()
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as printed:
        told = printed.read()
    return told if os.waitpid(child, 0)[1] == 0 else ""


Apprise().add("json://localhost")  # loads the plugins, once for all
for each in sys.argv[1:]:
    print(each, outcomes(each), flush=True)  # noqa: T201
