"""The source's endpoints as ``watcher check`` tells of them: which were tried with this key; and
the names beside the ids that the rule file has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from watcher.categories import is_id
from watcher.fields import CATEGORIES
from watcher.model import Instant
from watcher.rules.conditions.logic import leaves
from watcher.rules.conditions.text import OneOf
from watcher.rules.rulebook import Rulebook
from watcher.source.endpoint import Endpoint
from watcher.source.endpoints import CATEGORIES as CATEGORY_ENDPOINT
from watcher.store.ports import Store
from watcher.store.sql.siblings import Probe
from watcher.text.evidence import with_name
from watcher.text.sanitize import plain
from watcher.units import count_of, format_duration, format_since, plural
from watcher.words import listing, quoted


@dataclass(frozen=True, slots=True)
class EndpointState:
    """An endpoint that no request of ours has tried: ``probe`` is what came of one with this key,
    None where there was none. ``watches`` are those that read it."""

    endpoint: Endpoint
    watches: Sequence[str]
    probe: Probe | None

    @property
    def state(self) -> str:
        if self.probe is None:
            return "not tried"
        return "works" if self.probe.works else "refused"


def endpoint_states(book: Rulebook, probes: Mapping[str, Probe]) -> list[EndpointState]:
    """The endpoints that the used watches read and that we never tried, with what the user has."""
    readers: dict[Endpoint, list[str]] = {}
    for watch in book.used_watches:
        if not watch.query.endpoint.tried:
            readers.setdefault(watch.query.endpoint, []).append(watch.name)
    credential, found = book.api.credential, []
    for endpoint, watches in readers.items():
        probe = probes.get(endpoint.name)
        own = probe if probe is not None and probe.credential == credential else None
        found.append(EndpointState(endpoint, watches, own))
    return found


def endpoint_lines(states: Sequence[EndpointState], now: Instant) -> Iterator[str]:
    """Say which endpoints work with this key."""
    for each in states:
        if each.probe is not None and each.probe.works:
            when = format_since(each.probe.at, now)
            yield f"Endpoint {each.endpoint.name}: works with this key (tried {when})."


def endpoint_doubts(states: Sequence[EndpointState], now: Instant) -> Iterator[str]:
    """Say which endpoints were not tried, once, and which were refused."""
    untried = [each for each in states if each.probe is None]
    if untried:
        read = listing([name for each in untried for name in each.watches])
        names = listing([each.endpoint.name for each in untried])
        several = len(untried) > 1
        which = f"endpoints {names}" if several else f"endpoint {names}"
        asks = "asks each once, for 1 credit each" if several else "asks it once, for 1 credit"
        yield (
            f"not tried with a key by us: the {which} (read by {read}); `watcher source probe` "
            f"{asks}, and says what is answered"
        )
    for each in states:
        probe = each.probe
        if probe is not None and not probe.works:
            status = f"HTTP {probe.status}: " if probe.status is not None else ""
            yield (
                f"the endpoint {each.endpoint.name} (read by {listing(each.watches)}) was refused "
                f"with this key {format_since(probe.at, now)}: {status}{quoted(plain(probe.words))}"
            )


def category_ids(book: Rulebook) -> list[str]:
    """The categories that watches and conditions of the rules name, each once."""
    found: dict[str, None] = {}
    for watch in book.used_watches:
        found |= {str(value): None for name, value in watch.query.filters if name in CATEGORIES}
    for rule in book.rules:
        for leaf in chain.from_iterable(map(leaves, rule.spoken)):
            if isinstance(leaf, OneOf) and leaf.attribute.name in CATEGORIES:
                found |= dict.fromkeys(filter(is_id, leaf.values))
    return [*found]


def name_lines(book: Rulebook, categories: Mapping[str, str]) -> Iterator[str]:
    """The names of the sellers, and of the categories that the rule file names."""
    if book.sellers:
        yield f"Sellers: {listing([with_name(each, book.sellers) for each in book.sellers])}."
    if categories:
        yield f"Categories: {listing([with_name(each, categories) for each in categories])}."


def credits_for_names(database: Store, book: Rulebook) -> int:
    """The credits that it costs to read the names of the rules' categories again."""
    from watcher.daemon.scheduling.category_names import branches_of  # noqa: PLC0415 - HTTP

    return len(branches_of(database, book)) if book.named_categories else 0


def refresh_lines(book: Rulebook, branches: int, probes: Mapping[str, Probe]) -> Iterator[str]:
    """Say when names of categories are read again, and what that costs."""
    every, probe = book.api.category_names, probes.get(CATEGORY_ENDPOINT.name)
    if not book.named_categories:
        return
    if not every:
        yield "Names of categories are not read again (api.category_names is 0)."
    elif probe is None or not probe.works or probe.credential != book.api.credential:
        yield "Names of categories are not read again: this key has no endpoint for them yet."
    else:
        yield (
            f"Names of categories: read again every {format_duration(every)} for "
            f"{count_of(branches, 'credit')} (api.category_names)."
        )


def category_doubts(book: Rulebook, categories: Mapping[str, str]) -> Iterator[str]:
    """Categories of the rule file that have no name, where others of it have."""
    missing = [each for each in category_ids(book) if each not in categories] if categories else []
    if missing:
        yield (
            f"no name is known of the {plural(len(missing), 'category', 'categories')} "
            f"{listing(missing)}: {'is it' if len(missing) == 1 else 'are they'} right? "
            "(`watcher source categories` reads names)"
        )
