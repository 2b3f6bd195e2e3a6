"""``watcher source``: the source's other endpoints, and whether they are there for this key."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial

import click

from watcher.cli import options
from watcher.cli.asking import ask_all, refuse_without_key
from watcher.cli.category_names import categories
from watcher.cli.completion import product_ids, seller_names
from watcher.cli.findings import PrintedFinding, printed, show
from watcher.cli.following import ids_of
from watcher.cli.logs import configure
from watcher.cli.lookup import seller_id_of
from watcher.cli.output import answer, as_json, console, json_wanted, prints
from watcher.cli.probing import confirm, keep_finding, known_ids
from watcher.errors import WatcherError
from watcher.source.endpoints import SIBLINGS
from watcher.source.probing import Question, questions, unasked
from watcher.text.sanitize import plain
from watcher.units import count_of

LEDGER = "probe"  # what its credits are booked on
_NAMES = [endpoint.name for endpoint in SIBLINGS]


@click.group()
def command() -> None:
    """Ask the source's other endpoints whether they are there for this key, and read names."""


command.add_command(categories)


@command.command("probe")
@click.option(
    "--endpoint", "chosen", type=click.Choice(_NAMES), multiple=True, help="Only this one."
)
@click.option(
    "--seller",
    metavar="ID",
    shell_complete=seller_names,
    help="Ask with this seller's id, or name.",
)
@click.option(
    "--product", "products", multiple=True, metavar="ID", shell_complete=product_ids,
    help="Ask with this product's id, or the address of its page.",
)  # fmt: skip
@click.option(
    "--path", "paths", multiple=True, metavar="NAME=PATH",
    help="Ask another path: those of categories and covers are guesses.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.files
@as_json
@prints(list[PrintedFinding])
def probe(
    files: options.Files, chosen: tuple[str, ...], seller: str | None, products: tuple[str, ...],
    paths: tuple[str, ...], *, yes: bool,
) -> None:  # fmt: skip
    """Ask each endpoint beside the lists once, and keep which of them work: one credit each. The
    one for covers (pictures of products) is looked for at a few paths, one credit each.

    None of them was tried with a key by us. They are asked with real ids: of the rule file or the
    database, unless they are given. What each answers is shown in the server's own words. Where
    that says nothing of the endpoint (no answer, a server in trouble, the key, the pace), the state
    is unclear, and what is known of it stays. The exit code is 1 unless all that were asked work.

    \b
      watcher source probe
      watcher source probe --endpoint shop --seller 7495981769829615944 --yes
    """
    configure("text", "warning")
    files = files.without_names
    book, others = files.whole_book, _paths_of(paths)
    refuse_without_key(files)  # then nothing is announced either
    given = seller_id_of(book.sellers, seller) if seller else ""
    known = known_ids(files, given, ids_of(products))
    asked = [*questions(known, files.now, others, chosen)]
    ready = [each for each in asked if not each.lacks]
    most = sum(each.most for each in ready)
    _announce(asked, most, book.api.url)
    if not ready:
        raise WatcherError("there is nothing to ask with: give --seller ID and --product ID")
    if not yes:
        confirm(most, up_to=most > len(ready))
    kept = partial(keep_finding, credential=book.api.credential)
    findings = ask_all(files, LEDGER, ready, kept)
    skipped = [unasked(each) for each in asked if each.lacks]
    told = [*findings, *skipped]
    answer([*map(printed, told)], lambda: show(book, told))
    # Of several paths that an endpoint may have the last one says what it is.
    last = {each.question.endpoint.name: each for each in findings if each.asked}
    sys.exit(0 if all(each.works for each in last.values()) else 1)


def _paths_of(given: Sequence[str]) -> Mapping[str, str]:
    """``categories=/v1/...`` by name."""
    found: dict[str, str] = {}
    for each in given:
        name, equals, path = each.partition("=")
        if name not in _NAMES or not equals:
            raise click.UsageError(f"--path {each}: write NAME=PATH; a NAME is {', '.join(_NAMES)}")
        if not path.startswith("/") or not path.isascii() or not path.isprintable():
            raise click.UsageError(f"--path {each}: a path begins with a slash, as /v1/...")
        found[name] = path
    return found


def _announce(asked: Sequence[Question], most: int, url: str) -> None:
    """Say what will be asked, and what it costs: on stderr, where a program reads the answer."""
    out = console(stderr=json_wanted())
    up_to = "up to " if any(each.instead for each in asked if not each.lacks) else ""
    out.say(f"This asks {url} {up_to}{count_of(most, 'time')}, for 1 credit each:")
    for each in asked:
        what = each.said if not each.lacks else f"not asked: no {each.lacks[2:]} is known"
        out.say(plain(f"  {each.endpoint.name}: {what}"))
        if each.endpoint.known and not each.lacks:
            out.say(f"    ({each.endpoint.known})")
        if each.instead and not each.lacks:
            out.say(f"    (or, where nothing is there: {', '.join(each.instead)})")
