"""Groups of a rule test: those that its products can be in, by the ids that alerts have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from watcher.analysis.ruletests.cases import Actor
from watcher.rules.rulebook import Rule, Rulebook
from watcher.subjects import BY, WATCH, subject_id, subject_parts
from watcher.words import Wrong, listing, nearest, quoted


def groups_of(
    rules: Sequence[Rule], casts: Iterable[tuple[str, Sequence[Actor]]]
) -> tuple[str, ...]:
    """The ids of the groups that the rules can speak of, where each list (by its key) has these
    products."""
    found: dict[str, None] = {}
    for key, actors in casts:
        for rule in rules:
            if rule.group is None or not rule.reads(key):
                continue
            by = rule.group.by
            values = [rule.watch_of(key).name] if by == WATCH else _values(by, actors)
            found.update(dict.fromkeys(subject_id(by, value) for value in values))
    return tuple(found)


def known_id(written: str, known: Sequence[str], book: Rulebook) -> str:
    """The id of a product or group as a test writes it, a seller by name, too; raises ``Wrong``."""
    by, _, value = written.partition("=")
    attribute = book.metrics.attribute(by.strip())
    found = written
    if attribute is not None and by.strip() in BY:
        found = subject_id(attribute.name, attribute.id_of(value.strip()))
    if found in known:
        return found
    if subject_parts(written) is None:
        raise Wrong(f"no product {quoted(written)} in this test{nearest(written, known)}")
    groups = [each for each in known if subject_parts(each) is not None]
    there = listing(groups) or "none: name a rule on a group, and give products what they share"
    raise Wrong(
        f"no group {quoted(written)} in this test{nearest(written, groups)}: it has {there}"
    )


def _values(by: str, actors: Sequence[Actor]) -> Iterable[str]:
    texts = (actor.texts.get(by, ()) for actor in actors)
    return dict.fromkeys(text for series in texts for text in series if isinstance(text, str))
