"""``watcher source categories``: names of the categories that are known by their ids."""

from __future__ import annotations

import click

from watcher.cli import options
from watcher.cli.asking import ask_all, refuse_without_key
from watcher.cli.logs import configure
from watcher.cli.output import answer, as_json, console, json_wanted
from watcher.cli.probing import confirm
from watcher.daemon.scheduling.category_names import LEDGER, keep_names
from watcher.errors import SourceError, WatcherError
from watcher.model import Instant
from watcher.source.category_branches import nameless
from watcher.source.endpoints import CATEGORIES
from watcher.source.probing import Finding
from watcher.store.ports import Store
from watcher.units import count_of


@click.command("categories")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.files
@as_json
def categories(files: options.Files, *, yes: bool) -> None:
    """Read the names of the categories of products that are known, where they have none yet.

    One credit for the first level, and one for each category above some that have no name. They
    are shown beside the ids, on the page, in messages and by commands. Only where `watcher source
    probe` has found the endpoint.
    """
    configure("text", "warning")
    files = files.without_names
    refuse_without_key(files)
    with files.open() as opened:
        probe = opened.probes.found(CATEGORIES.name)
        names, triples = opened.categories.names(), opened.history.categories()
    if probe is None:
        raise WatcherError(
            "the endpoint was not found to work: `watcher source probe --endpoint categories` asks"
        )
    branches = [*nameless(triples, names)]
    out = console(stderr=json_wanted())
    if branches:
        times, url = count_of(len(branches), "time"), files.book.api.url
        out.say(f"This asks {url}{probe.path} {times}, for 1 credit each.")
        if not yes:
            confirm(len(branches))
        ask_all(files, LEDGER, [each.question(probe.path) for each in branches], _keep)
    with files.open() as opened:
        found = opened.categories.names()
    number = count_of(len(found), "category", "categories")
    said = f"{number} with a name, {len(found) - len(names)} new."
    answer(dict(found), lambda: console().say(said))


def _keep(database: Store, finding: Finding, now: Instant) -> None:
    """The names of a branch; one that was refused ends it, for the next would be, too."""
    if finding.status != 200:
        raise SourceError(finding.words, status=finding.status)
    with database.atomic():
        keep_names(database, finding, now)
