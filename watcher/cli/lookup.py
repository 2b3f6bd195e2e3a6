"""What a command's argument means: a rule, watch or metric by name, a product by id or name."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.cli.output import plain
from watcher.cli.tables import shortened
from watcher.errors import WatcherError
from watcher.model import ProductFacts
from watcher.rules.metrics import Catalogue, Metric
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.store.ports import Store
from watcher.words import listing, nearest, quoted

_SHOWN = 8
_NAME = 50  # cells of a name among several


def no_such(what: str, name: str, names: Sequence[str]) -> WatcherError:
    """That there is none of that name, with the nearest ones, or all where none is near."""
    hint = nearest(name, names) or f"; there are {listing(names)}"
    return WatcherError(f"no {what} {quoted(name)}{hint}")


def chosen_rule(book: Rulebook, name: str) -> Rule:
    """The rule of that name; raises ``WatcherError`` with the nearest names."""
    for rule in book.rules:
        if rule.name == name:
            return rule
    raise no_such("rule", name, [rule.name for rule in book.rules])


def chosen_product(database: Store, wanted: str, region: str | None) -> ProductFacts:
    """The product of that id, or the only one whose name has the words in it.

    Raises ``WatcherError`` for none, and for several: with their ids.
    """
    wanted = wanted.strip()
    where = f" in {region}" if region else ""
    found = database.history.find(wanted, region)
    if not found and wanted:
        matches = database.history.named(wanted, region, _SHOWN + 1)
        if len(matches) > 1:
            raise WatcherError(_several(wanted, where, matches))
        found = [each for at, key, _ in matches for each in database.history.find(key, at)]
    if not found:
        raise WatcherError(
            f"no product {quoted(wanted)}{where}: no scan has seen one of that id, "
            "or with that in its name"
        )
    if len(found) > 1:
        regions = ", ".join(each.region for each in found)
        raise WatcherError(f"{quoted(wanted)} is sold in {regions}: say which with --region")
    return found[0]


def chosen_watch(book: Rulebook, name: str) -> Watch:
    """The watch of that name; raises ``WatcherError`` with the nearest names."""
    for watch in book.watches:
        if watch.name == name:
            return watch
    raise no_such("watch", name, [watch.name for watch in book.watches])


def chosen_metrics(catalogue: Catalogue, names: Sequence[str]) -> list[Metric]:
    """The metrics of these names; raises ``WatcherError`` for what is none."""
    found = []
    for name in names:
        metric = catalogue.get(name)
        if metric is None:
            if catalogue.attribute(name) is not None:
                raise WatcherError(f"{quoted(name)} is a text: only numbers have a past")
            hint = catalogue.suggest(name) or "; `watcher metrics` lists them"
            raise WatcherError(f"no metric {quoted(name)}{hint}")
        found.append(metric)
    return found


def _several(wanted: str, where: str, matches: list[tuple[str, str, str]]) -> str:
    lines = [
        f"  {region} {key}  {shortened(plain(name), _NAME)}"
        for region, key, name in matches[:_SHOWN]
    ]
    more = ["  ..."] if len(matches) > _SHOWN else []
    return "\n".join(
        [f"several products{where} have {quoted(wanted)} in their name:", *lines, *more]
    )
