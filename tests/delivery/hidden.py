"""Send by three services with one private part of Apprise or smtplib hidden; prints each outcome.

In a process of its own, for the libraries are wrapped once in each.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from apprise import NotifyBase

from tests.delivery.ends import Secret, receiving, serving
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
            told += [str(len(target.doubts())), (await target.send(message)).kind.value]
            service.status, mail.data = 404, "554 looks like spam"
            told.append((await target.send(message)).kind.value)
    sys.stdout.write(" ".join(told))


hide(sys.argv[1])
asyncio.run(main())
