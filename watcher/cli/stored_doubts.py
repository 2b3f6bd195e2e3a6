"""Doubts of rule files that only what is stored shows: the database is read, nothing is asked."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.analysis.watch_doubts import watch_doubts
from watcher.cli import options
from watcher.errors import Problem, ProblemCode
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.units import count_of, plural

_DOUBT = ProblemCode.DOUBT
_NAMED = 5  # ids


def stored_doubts(database: Store, files: options.Files, book: Rulebook) -> Iterator[Problem]:
    """All of them."""
    yield from _idle_silences(database, files, book)
    yield from _unseen(database, book)
    yield from _of_watches(database, files, book)


def _idle_silences(database: Store, files: options.Files, book: Rulebook) -> list[Problem]:
    """A mistyped pattern silences nothing, and nobody notices."""
    path, names = str(files.database), [rule.name for rule in book.rules]
    idle = "matches nothing that there is; `watcher silence end {}` ends it"
    found = database.silences.matching_nothing(names, files.now)
    told = {
        f"silence {each.id}": f"{each.in_words(book.sellers)}: {idle.format(each.id)}"
        for each in found
    }
    return [Problem(path, 0, 0, which, text, _DOUBT) for which, text in told.items()]


def _unseen(database: Store, book: Rulebook) -> Iterator[Problem]:
    """Ids in a file of one's own that no scan has ever found: mistyped ones have no effect, and
    nobody notices."""
    table = book.metrics.facts
    ids = list(table.rows) if table is not None else []
    if table is None or not ids:
        return
    known = database.history.known_ids(ids)
    missing = [each for each in ids if each not in known]
    if not missing:
        return
    named = [f"{each} (line {table.line_of(each)})" for each in missing[:_NAMED]]
    more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
    count = f"{len(missing):,} of its {count_of(len(ids), 'product')}"
    were = plural(len(missing), "was", "were")
    text = f"{count} {were} seen by no watch yet: {', '.join(named)}{more}"
    yield Problem(table.file, 0, 0, "", text, _DOUBT)


def _of_watches(database: Store, files: options.Files, book: Rulebook) -> Iterator[Problem]:
    """Doubts of watches by what their scans showed."""
    for watch, text in watch_doubts(database, book):
        yield Problem(files.named, 0, 0, f"watches.{watch.name}", text, _DOUBT)
