"""The rules of a book that are in force: the newest that were pushed and can be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from watcher.errors import RulesError
from watcher.store.control import LOOK_BACK, Control, Revision

T = TypeVar("T")


class ControlPlane(Protocol):
    """Runs a function where the control plane lives."""

    async def run(self, job: Callable[[Control], T], /) -> T: ...


class InForce(Struct, Generic[T], frozen=True):
    """``rules`` and the ``files`` that they were read from, none where no revision can be read;
    ``broken`` is what is wrong with the ``newest``."""

    newest: Revision | None
    broken: RulesError | None = None
    files: Mapping[str, bytes] = {}
    rules: T | None = None


async def files_of(control: ControlPlane, revision: Revision) -> Mapping[str, bytes]:
    """The rule files of a revision, by name."""
    return await control.run(lambda each: each.books.files(revision.book, revision.number))


async def in_force(
    control: ControlPlane, book: str, read: Callable[[str, Mapping[str, bytes]], T]
) -> InForce[T]:
    """The book's rules, as a daemon has them in force that ran all the time. ``read`` raises
    ``RulesError``; it runs off the event loop."""
    history = await control.run(lambda each: each.books.history(book))
    newest = history[0] if history else None
    broken: RulesError | None = None
    for revision in history[:LOOK_BACK]:
        files = await files_of(control, revision)
        try:
            rules = await asyncio.to_thread(read, book, files)
        except RulesError as error:
            broken = broken or error
        else:
            return InForce(newest, broken, files, rules)
    return InForce(newest, broken)
