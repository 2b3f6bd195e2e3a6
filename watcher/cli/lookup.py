"""Meaning of a command's argument: a rule, watch or metric by name, a product by id or name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from watcher.cli.options import Files
from watcher.cli.tables import shortened
from watcher.errors import WatcherError
from watcher.evaluation.series import Track
from watcher.model import ProductFacts
from watcher.rules.channel import Channel
from watcher.rules.metrics import Attribute, Catalogue, Metric, id_named
from watcher.rules.report import PlannedReport
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.source.addresses import SELLER, id_of
from watcher.store.ports import Store
from watcher.subjects import BY, WATCH, subject_id, subject_parts
from watcher.text.evidence import categories_said, with_name
from watcher.text.sanitize import plain
from watcher.words import Wrong, listing, nearest, quoted

__all__ = [
    "categories_said", "chosen", "chosen_category", "chosen_metrics", "chosen_product",
    "chosen_seller", "chosen_subject", "chosen_tracks", "is_group", "seller_id_of", "sellers_of",
    "with_name",
]  # fmt: skip

N = TypeVar("N", Channel, PlannedReport, Rule, Watch)

_OF_IDS = frozenset("0123456789*?[]!-")  # a pattern of ids has no other character
_SHOWN = 8
_NAME = 50  # cells of a name among several


def chosen(what: str, name: str, there: Sequence[N]) -> N:
    """The one of that name; raises ``WatcherError`` with the nearest names, or all of them."""
    for each in there:
        if each.name == name:
            return each
    names = [each.name for each in there]
    hint = nearest(name, names) or f"; there are {listing(names)}"
    raise WatcherError(f"no {what} {quoted(name)}{hint}")


def sellers_of(files: Files) -> Mapping[str, str]:
    """The names that the rule file gives sellers, by id; none where it can't be read."""
    book = files.book_if_any
    return book.sellers if book is not None else {}


def chosen_seller(sellers: Mapping[str, str], text: str) -> str:
    """The id that a name stands for; a pattern of ids is what it is. Raises ``WatcherError`` for
    what looks like a name and is none."""
    if not sellers or text in sellers or set(text) <= _OF_IDS:
        return text
    try:
        return Attribute("seller_id", "", "", names=sellers).id_of(text)
    except Wrong as error:
        raise WatcherError(str(error)) from None


def chosen_category(database: Store, text: str) -> str:
    """The id of the category that has the name; a pattern of ids is what it is. Raises
    ``WatcherError`` for what looks like a name and is none."""
    if set(text) <= _OF_IDS:
        return text
    known = database.categories.known()
    try:
        return known.find(text).category_id if known else text
    except Wrong as error:
        raise WatcherError(str(error)) from None


def seller_id_of(sellers: Mapping[str, str], text: str) -> str:
    """A seller's id as it is written on a command line: digits, an address, or a name of one's own;
    else ``WatcherError``."""
    try:
        return id_of(chosen_seller(sellers, text) if "/" not in text else text, SELLER)
    except Wrong as error:
        raise WatcherError(plain(str(error))) from None


def chosen_product(database: Store, wanted: str, region: str | None) -> ProductFacts:
    """The product of that id, or the only one with the words in its name; else ``WatcherError``."""
    wanted, region = wanted.strip(), region.upper() if region else None
    where = f" in {region}" if region else ""
    found = database.history.find(wanted, region)
    if wanted and not found:
        found = _by_name(database, wanted, region, where)
    if not found:
        why = "no scan has seen one of that id or name"
        raise WatcherError(f"no product {quoted(wanted)}{where}: {why}")
    return _only(found, wanted)


def _only(found: Sequence[ProductFacts], wanted: str) -> ProductFacts:
    """The only one; else ``WatcherError``."""
    if len(found) > 1:
        regions = ", ".join(each.region for each in found)
        raise WatcherError(f"{quoted(wanted)} is sold in {regions}: say which with --region")
    return found[0]


def chosen_subject(
    database: Store, book: Rulebook, rule: Rule, wanted: str, region: str | None
) -> ProductFacts:
    """The product that a rule is asked about; of a rule over groups the group of that id
    (``seller_id=7495...``), or of that seller, category or list, by its id or name."""
    wanted, market, parts = wanted.strip(), market_of(rule, region), subject_parts(wanted.strip())
    if rule.group is None:
        if parts is not None:
            raise WatcherError(f'rule "{rule.name}" speaks of products, and {wanted} is a group')
        return chosen_product(database, wanted, market)
    by, value = parts or (rule.group.by, wanted)
    if by != rule.group.by:
        raise WatcherError(f'rule "{rule.name}" speaks of {rule.group.said}, not of {wanted}')
    known = {} if by == WATCH else {**database.categories.names(), **book.sellers}
    found = database.history.find(subject_id(by, id_named(known, value) or value), market)
    if not found and parts is None and database.history.find(value, market):
        raise WatcherError(
            f'rule "{rule.name}" speaks of {rule.group.said}, and {value} is a product'
        )
    if not found:
        what, where = BY[by].one, f" in {market}" if market else ""
        why = f'rule "{rule.name}" has seen no such {what} with products enough'
        raise WatcherError(f"no {what} {quoted(value)}{where}: {why}")
    return _only(found, wanted)


def is_group(text: str) -> bool:
    """Whether it is a group's id: ``seller_id=7495981769829615944``."""
    return subject_parts(text.strip()) is not None


def chosen_tracks(tracks: Sequence[Track], names: Sequence[str]) -> Sequence[Track]:
    """A group's figures of these names, or all; raises ``WatcherError`` for what is none."""
    known = {track.name: track for track in tracks}
    for each in names:
        if each not in known:
            hint = nearest(each, known) or f"; there are {listing(known) or 'none'}"
            raise WatcherError(f"no figure {quoted(each)} of this group is kept{hint}")
    return [known[each] for each in names] if names else tracks


def market_of(rule: Rule, region: str | None) -> str | None:
    """The market that the product is looked for in: that named, else the only one of the rule's.
    None where a shop or products of one's own may be of any."""
    markets = {watch.query.region if watch.query.of_market else "" for watch in rule.watches}
    if region is None:
        return markets.pop() or None if len(markets) == 1 else None
    if region.upper() not in markets and "" not in markets:
        raise WatcherError(f'rule "{rule.name}" watches {rule.regions}, not {region.upper()}')
    return region.upper()


def _by_name(database: Store, part: str, region: str | None, where: str) -> list[ProductFacts]:
    matches = database.history.named(part, region, _SHOWN + 1)
    if len(matches) > 1:
        raise WatcherError(_several(part, where, matches))
    return [each for at, key, _ in matches for each in database.history.find(key, at)]


def chosen_metrics(catalogue: Catalogue, names: Sequence[str]) -> list[Metric]:
    """The metrics of these names; raises ``WatcherError`` for what is none."""
    return [_chosen_metric(catalogue, name) for name in names]


def _chosen_metric(catalogue: Catalogue, name: str) -> Metric:
    if catalogue.attribute(name) is not None:
        raise WatcherError(f"{quoted(name)} is a text: only numbers have a past")
    if catalogue.get(name) is None:
        hint = catalogue.suggest(name) or "; `watcher metrics` lists them"
        raise WatcherError(f"no metric {quoted(name)}{hint}")
    return catalogue[name]


def _several(wanted: str, where: str, matches: list[tuple[str, str, str]]) -> str:
    lines = [f"several products{where} have {quoted(wanted)} in their name:"]
    for region, key, name in matches[:_SHOWN]:
        lines.append(f"  {region} {key}  {shortened(plain(name), _NAME)}")
    return "\n".join([*lines, *(["  ..."] if len(matches) > _SHOWN else [])])
