"""The subjects of a rule: the products of some watches, or their groups, and what can be said of
them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.compiling import Compiler
from watcher.rules.conditions.logic import leaves
from watcher.rules.files.rule_file import Entry
from watcher.rules.groups import SIZE
from watcher.rules.metrics import Catalogue
from watcher.rules.rulebook import Group, Watch
from watcher.rules.sections.groups import NamedGroups
from watcher.rules.sections.sorting import Sorted
from watcher.rules.sections.watches import Watches
from watcher.words import quoted


@dataclass(frozen=True, slots=True)
class Subject:
    """The watches that a rule reads, None where something about one was reported; the group that
    it speaks of, if it does; and what compiles its conditions."""

    watches: tuple[Watch, ...] | None
    group: Group | None
    sorted: Sorted
    compiler: Compiler

    def refuse_constant(self, conditions: Sequence[Condition | None]) -> None:
        """Report conditions on a change of what groups are told apart by."""
        if self.group is None:
            return
        for leaf in (leaf for each in conditions if each is not None for leaf in leaves(each)):
            if leaf.follows:
                place = self.compiler.places[id(leaf)][1]
                name, group = leaf.follows[0].name, self.group.name
                what = f"{name} never changes: it is what the groups of {group} are told apart by"
                self.compiler.report(place, what, at_key=True)


@dataclass(frozen=True, slots=True)
class Subjects:
    """All that a rule can name as its subject."""

    metrics: Catalogue
    watches: Watches
    groups: NamedGroups

    def find(self, entry: Entry, rule: str, *, enabled: bool) -> Subject:
        """The subject that a rule names under ``watch:``."""
        watches, group = self._named(entry["watch"], rule, enabled=enabled)
        sorted_ = Sorted.of(watches or ())
        compiler = sorted_.compiler(entry, self._catalogue(watches, group), words=group is None)
        self._warn_of_size(entry, group)
        return Subject(watches, group, sorted_, compiler)

    def _named(
        self, watch: Entry, rule: str, *, enabled: bool
    ) -> tuple[tuple[Watch, ...] | None, Group | None]:
        if watch.value is None:
            return None, None
        if isinstance(watch.value, str) and watch.value in self.groups:
            named = self.groups.use(watch.value, enabled=enabled)
            return (named.group.watches if named.whole else None), named.group
        for each in watch.items if isinstance(watch.value, list) else ():
            if isinstance(each.value, str) and each.value in self.groups:
                what = f"{quoted(each.value)} is a group, and a rule speaks of one group alone"
                each.report(f"{what}: write watch: {each.value}")
                return None, self.groups.use(each.value, enabled=enabled).group
        return self.watches.find(watch, rule, enabled=enabled), None

    def _catalogue(self, watches: tuple[Watch, ...] | None, group: Group | None) -> Catalogue:
        if group is not None:
            return group.metrics
        return self.metrics if watches is not None else self.groups.anything()

    def _warn_of_size(self, entry: Entry, group: Group | None) -> None:
        """A metric of the user's own of that name speaks of products, as before."""
        if group is None or self.metrics.get(SIZE) is None:
            return
        if any(metric.name == SIZE for metric in group.figures):
            return
        for key in ("when", "until", "again"):
            if SIZE in entry[key]:
                what = f"of a group {quoted(SIZE)} is the number of its products"
                entry[key][SIZE].warn(
                    f"{what}: metrics: has one of that name, which is a product's"
                )
