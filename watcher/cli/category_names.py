"""``watcher source categories``: names of the categories that are known by their ids."""

from __future__ import annotations

import click

from watcher.categories import LEVELS, FoundCategory, KnownCategories, is_id
from watcher.cli import options
from watcher.cli.asking import ask_all, refuse_without_key
from watcher.cli.logs import configure
from watcher.cli.output import answer, as_json, console, json_wanted, prints
from watcher.cli.probing import confirm
from watcher.daemon.scheduling.category_names import LEDGER, keep_names
from watcher.errors import SourceError, WatcherError
from watcher.source.category_branches import Branch, nameless
from watcher.source.endpoints import CATEGORIES
from watcher.source.probing import Finding
from watcher.store.ports import Store
from watcher.units import count_of
from watcher.words import quoted


@click.command("categories")
@click.option(
    "--below",
    multiple=True,
    metavar="CATEGORY",
    help="Read what stands below this one, by its name or id; repeatable.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.files
@as_json
@prints(dict[str, str])
def categories(files: options.Files, below: tuple[str, ...], *, yes: bool) -> None:
    """Read the names of the categories of products that are known, where they have none yet.

    One credit for the first level, and one for each category above some that have no name. They
    are shown beside the ids, on the page, in messages and by commands. With --below the names below
    a category are read before any product of them was seen, to write them into rules. Only where
    `watcher source probe` has found the endpoint.

    \b
      watcher source categories
      watcher source categories --below "Beauty & Personal Care"
    """
    configure("text", "warning")
    files = files.without_names
    refuse_without_key(files)
    with files.open() as opened:
        probe = opened.probes.found(CATEGORIES.name)
        names, triples = opened.categories.names(), opened.history.categories()
        known = opened.categories.known()
    if probe is None:
        raise WatcherError(
            "the endpoint was not found to work: `watcher source probe --endpoint categories` asks"
        )
    branches = [*(_below(each, known) for each in below)] or [*nameless(triples, names)]
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


def _below(text: str, known: KnownCategories) -> Branch:
    """The branch under a category, which is named or an id."""
    try:
        above = FoundCategory(text.strip()) if is_id(text.strip()) else known.find(text)
    except ValueError as error:
        raise WatcherError(f"--below: {error}") from None
    level = above.level or known.level_of(above.category_id)
    if level >= len(LEVELS):
        raise WatcherError(f"--below: {quoted(text)} is of level {level}, and nothing is below it")
    return Branch(above.category_id, level + 1 if level else 2)


def _keep(database: Store, finding: Finding, now: int) -> None:
    """The names of a branch; one that was refused ends it, for the next would be, too."""
    if finding.status != 200:
        raise SourceError(finding.words, status=finding.status)
    with database.atomic():
        keep_names(database, finding, now)
