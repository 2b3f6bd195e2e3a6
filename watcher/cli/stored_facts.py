"""Facts of the database that ``watcher check`` has to tell, where there is a database yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.cli import options
from watcher.cli.endpoints import category_ids, credits_for_names
from watcher.errors import Problem, StoreError
from watcher.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from watcher.analysis.depth import Shallower
    from watcher.analysis.unmet import Unmet
    from watcher.store.records import Spent
    from watcher.store.sql.siblings import Probe


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """Facts of the database, where there is one, or the ``trouble`` why it can't tell."""

    pages: Mapping[str, int] = field(default_factory=dict)
    spent: Spent | None = None
    unmet: Sequence[Unmet] = ()
    shallower: Sequence[Shallower] = ()
    doubts: Sequence[Problem] = ()
    followed: tuple[str, ...] = ()
    probes: Mapping[str, Probe] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    branches: int = 0  # credits for which names of categories are read again
    trouble: str = ""


def stored_facts(files: options.Files, book: Rulebook) -> StoredFacts:
    """All that the database says of the rules, where there is one."""
    if isinstance(files.database, Path) and not files.database.exists():
        return StoredFacts()
    from watcher.analysis.depth import shallower  # noqa: PLC0415 - not without a database
    from watcher.analysis.unmet import unmet  # noqa: PLC0415 - not without a database
    from watcher.cli.stored_doubts import stored_doubts  # noqa: PLC0415 - not without a database

    keys = [watch.key for watch in book.used_watches]
    try:
        with files.open() as database:
            pages = {key: database.history.expected_pages(key) for key in keys}
            return StoredFacts(
                pages,
                database.ledger.spent(files.now),
                list(unmet(database, book)),
                list(shallower(database, book, pages, files.now)),
                list(stored_doubts(database, files, book)),
                database.followed.ids(),
                database.probes.all(),
                database.categories.names(category_ids(book)),
                credits_for_names(database, book),
            )
    except StoreError as error:
        # The rules are right or wrong whatever the database is.
        return StoredFacts(trouble=str(error))
