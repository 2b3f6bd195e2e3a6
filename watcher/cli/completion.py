"""``watcher completion``, and completions of a half-typed name of a rule, channel, metric, product.

They come from the rule file as it stands, also one with errors. Whatever can't be read offers
nothing, and never a message: it would stand in the middle of what is being typed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import click
from click.shell_completion import CompletionItem, get_completion_class

from watcher.cli.page_rules import page_in
from watcher.cli.url_secrets import filled_in
from watcher.errors import WatcherError
from watcher.page_text import PAGE_FILE
from watcher.source.endpoints import REGIONS
from watcher.store.places import MAIN, Place, Server, parse_place
from watcher.text.sanitize import plain

VARIABLE = "_WATCHER_COMPLETE"
Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

# What may be typed without quotes: no shell puts them around another for every user.
_TYPED = re.compile(r"[\w.@%+/=-]+")
_MOST = 100  # products


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script that teaches the shell to complete commands, options and your names.

    The names of rules, channels and metrics are those of --rules, WATCHER_RULES or rules.yaml.

    \b
      bash:  echo 'eval "$(watcher completion bash)"' >> ~/.bashrc
      zsh:   echo 'eval "$(watcher completion zsh)"' >> ~/.zshrc      (after compinit)
      fish:  watcher completion fish > ~/.config/fish/completions/watcher.fish
    """
    complete = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if complete is None:
        raise WatcherError(f"there is no completion for {shell} here")
    click.echo(complete(root, {}, "watcher", VARIABLE).source())


def _completer(offer: Callable[[click.Context], Iterable[tuple[str, str]]]) -> Completer:
    """A function for ``shell_complete``; ``offer`` gives names, each with a word about it."""

    def complete(
        ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            offered = dict(offer(ctx))
        except Exception:  # noqa: BLE001 - nothing may be said while somebody types
            return []
        return [
            CompletionItem(name, help=" ".join(plain(said).split()) or None)
            for name, said in offered.items()
            if name.startswith(incomplete) and _TYPED.fullmatch(name)
        ]

    return complete


def _rules(ctx: click.Context) -> Iterator[tuple[str, str]]:
    for rules in _sections(ctx, "rules"):
        for rule in rules if isinstance(rules, list) else ():
            if isinstance(rule, Mapping) and isinstance(rule.get("name"), str):
                yield rule["name"], str(rule.get("description", ""))


def _entries(ctx: click.Context, section: str) -> Iterator[tuple[str, str]]:
    """The names in a section that is a mapping, with what stands there."""
    for found in _sections(ctx, section):
        if isinstance(found, Mapping):
            yield from ((name, str(value)) for name, value in found.items())


def _keys(section: str) -> Completer:
    return _completer(lambda ctx: ((name, "") for name, _ in _entries(ctx, section)))


def _sellers(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Sellers by the names that the rule file gives them, and by their ids."""
    for seller_id, name in _entries(ctx, "sellers"):
        yield name, seller_id
        yield seller_id, name


def _categories(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Categories by id, with their names: a name has spaces, which no shell quotes for everyone."""
    from watcher.cli.category_lookup import known_in  # noqa: PLC0415 - only for who asks for it

    place = _place(ctx)
    known = known_in(place, lenient=True)
    yield from ((each, known.path(each)) for each in known.ids())


def _metrics(ctx: click.Context) -> Iterator[tuple[str, str]]:
    from watcher.rules.metrics import Catalogue  # noqa: PLC0415 - only for who asks for it

    yield from _entries(ctx, "metrics")
    yield from _columns(ctx)
    yield from ((metric.name, metric.meaning) for metric in Catalogue().metrics())


def _columns(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """The columns of numbers of the user's own file."""
    from watcher.rules.files.fact_files import read_facts  # noqa: PLC0415 - where there is one
    from watcher.rules.files.side_files import content_of  # noqa: PLC0415

    path = _path(ctx, "rules", "WATCHER_RULES", "rules.yaml")
    folder = path if path.is_dir() else path.parent
    for section in _sections(ctx, "facts"):
        name = section.get("file") if isinstance(section, Mapping) else None
        if isinstance(name, str):
            with suppress(WatcherError, OSError, ValueError):
                table = read_facts(content_of(folder / name), name).table
                yield from ((column, f"your own, from {name}") for column in table.numbers)


def _products(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Products that alerts were about, the newest first."""
    from watcher.store.engine import open_store  # noqa: PLC0415 - only for who asks for it

    with open_store(_place(ctx), readonly=True) as database:
        for row in database.alerts.list(limit=_MOST):
            yield row.product_id, row.name


def _people(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """The people whose tokens hold, or did."""
    from watcher.store.engine import open_store  # noqa: PLC0415 - only for who asks for it

    with open_store(_place(ctx), readonly=True) as database:
        for each in database.people.list():
            yield each.name, each.role.word


def _followed(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Products that are followed, the newest first."""
    from watcher.store.engine import open_store  # noqa: PLC0415 - only for who asks for it

    with open_store(_place(ctx), readonly=True) as database:
        found = database.followed.list()[:_MOST]
        names = {each.product_id: each.name for each in database.history.find_all(
            [each.product_id for each in found])}  # fmt: skip
    for each in found:
        yield each.product_id, names.get(each.product_id, each.note)


def _books(ctx: click.Context) -> Iterator[tuple[str, str]]:
    from watcher.cli.servers import control_of  # noqa: PLC0415 - only for who asks for it

    place = _place(ctx)
    if isinstance(place, Server):
        for book in control_of(place.url).books.names():
            yield book, ""


def _sections(ctx: click.Context, name: str) -> Iterator[object]:
    """A section of each rule file, as it is written."""
    for value in _values(ctx):
        if isinstance(value, Mapping):
            yield value.get(name)


def _values(ctx: click.Context) -> Iterator[object]:
    """The values of the rule files, or of those that were pushed to the book that is named."""
    place = _place(ctx)
    if isinstance(place, Server) and not ctx.params.get("rules"):
        from watcher.cli.servers import pushed_rules  # noqa: PLC0415 - only for who asks for it

        pushed = pushed_rules(place)
        if pushed is not None:
            yield from (_read(content, file) for file, content in pushed.files.items())
            yield _page(place)
            return
    path = _path(ctx, "rules", "WATCHER_RULES", "rules.yaml")
    for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
        yield _value(file)
    yield _page(place)


def _page(place: Place) -> object:
    """The value of the page's rules."""
    page = page_in(place)
    return None if page.is_blank else _read(page.text.encode(), PAGE_FILE)


def _value(file: Path) -> object:
    """The value of a YAML file; None where it can't be read, while others beside it may be."""
    from watcher.rules.files.document import MAX_BYTES  # noqa: PLC0415

    try:
        if not file.is_file():  # a pipe would never end
            return None
        with file.open("rb") as opened:
            return _read(opened.read(MAX_BYTES + 1), file.name)
    except OSError:
        return None


def _read(content: bytes, name: str) -> object:
    from watcher.rules.files.document import Unreadable, read  # noqa: PLC0415

    try:
        return read(content, name).value
    except Unreadable:
        return None


def _path(ctx: click.Context, parameter: str, variable: str, default: str) -> Path:
    """The path that an option or its variable names; also where the command has no such option."""
    return Path(str(ctx.params.get(parameter) or os.environ.get(variable) or default))


def _place(ctx: click.Context) -> Place:
    """The place that the command is about; also where it has no option for it."""
    given = ctx.params.get("database") or os.environ.get("WATCHER_DB") or "watcher.db"
    place = parse_place(filled_in(given)) if isinstance(given, str) else given
    book = ctx.params.get("book") or os.environ.get("WATCHER_BOOK")
    return Server(place.url, book or MAIN) if isinstance(place, Server) else place


book_names = _completer(_books)
rule_names = _completer(_rules)
report_names = _keys("reports")
channel_names = _keys("channels")
watch_names = _keys("watches")
seller_names = _completer(_sellers)
category_names = _completer(_categories)
metric_names = _completer(_metrics)
product_ids = _completer(_products)
followed_ids = _completer(_followed)
people_names = _completer(_people)
regions = _completer(lambda _ctx: ((region, "") for region in REGIONS))
