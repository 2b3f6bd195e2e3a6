"""The ``groups:`` section: products put together, and the figures that rules speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from watcher.rules.conditions.compiling import Compiler
from watcher.rules.files.rule_file import Entry
from watcher.rules.groups import SIZE, GroupCatalogue
from watcher.rules.lint.doubts import Writing, group_doubts
from watcher.rules.metrics import Catalogue, Metric
from watcher.rules.rulebook import Group, Watch
from watcher.rules.sections.figures import FIGURES, figure_metric, read_figure
from watcher.rules.sections.models import GroupSection
from watcher.rules.sections.own_metrics import OwnMetrics, no_name
from watcher.rules.sections.sorting import Sorted
from watcher.rules.sections.watches import Found, Watches
from watcher.words import kind, listing, quoted

_EXAMPLE = "gmv: {sum: total_sale_gmv_7d_amt}"


@dataclass(frozen=True, slots=True)
class Named:
    """A group as it was read, where, and how its watches are written; ``whole`` unless something
    about it was reported, so that its users are not blamed."""

    group: Group
    entry: Entry
    found: Found
    compiler: Compiler
    whole: bool


class NamedGroups:
    """The groups read so far. Their names are of one kind with those of watches."""

    def __init__(self, watches: Watches, metrics: Catalogue) -> None:
        self._watches = watches
        self._metrics = metrics
        self._named: dict[str, Named] = {}
        self._used: dict[str, bool] = {}  # by name, whether an enabled rule uses it

    def __contains__(self, name: object) -> bool:
        return name in self._named

    def __iter__(self) -> Iterator[Named]:
        return iter(self._named.values())

    def add(self, name: str, entry: Entry) -> None:
        """Read one, whose name no watch has; what is wrong with it is reported."""
        section = entry.shape(GroupSection)
        before = entry.file.problems
        found = self._members(name, entry)
        watches = tuple(filter(None, found.watches))
        by = section.by if section is not None else ""
        compiler = Sorted.of(watches).compiler(entry, self._metrics)
        figures = self._figures(name, by, entry["metrics"], compiler)
        whole = section is not None and entry.file.problems == before and bool(watches)
        group = Group(name, watches, by, figures, self._metrics)
        self._named[name] = Named(group, entry, found, compiler, whole)

    def use(self, name: str, *, enabled: bool) -> Named:
        """The group of that name, for a rule."""
        named = self._named[name]
        self._used[name] = enabled or self._used.get(name, False)
        self._watches.use(named.found, enabled=enabled)
        return named

    def anything(self) -> Catalogue:
        """All that a rule may speak of whose subject is not known: of products and of any group, so
        that only what it is about is blamed."""
        metrics = self._metrics
        figures = (each for named in self for each in named.group.metrics.metrics())
        by_name = {each.name: each for each in (*figures, *metrics.own)}
        return Catalogue(
            by_name.values(), metrics.gmv_currency, metrics.facts, metrics.sellers,
            metrics.categories,
        )  # fmt: skip

    def settled(self, watches: Mapping[str, Watch]) -> dict[str, Group]:
        """The groups with their watches as these are in the end, by name."""
        return {
            name: settled(named.group, watches)
            for name, named in self._named.items()
            if named.whole
        }

    def warn(self, kept: int) -> None:
        """Doubts of figures, and of a group that no enabled rule names: that is not looked at.
        Observations are ``kept`` so long."""
        for name, named in self._named.items():
            if named.whole:
                writing = Writing(named.entry.value, named.entry.path, named.compiler.places)
                for place, why in group_doubts(named.group, writing, kept):
                    named.entry.file.warn(place, why)
            if name not in self._used:
                named.entry.warn("no rule uses this group: nothing is counted")
            elif not self._used[name]:
                named.entry.warn("only rules with enabled: false use this group")

    def _members(self, name: str, entry: Entry) -> Found:
        """The watches whose products are grouped."""
        of = entry["of"]
        for each in of.items:
            if isinstance(each.value, str) and (each.value in self._named or each.value == name):
                there = listing(self._watches.names)
                what = f"{quoted(each.value)} is a group: a group is made of watches"
                each.report(f"{what}, and there are {there}" if there else what)
                return Found(of, ())
        if of.value is None:
            return Found(of, ())
        return self._watches.look_up(of, f"{name} (list)")

    def _figures(self, name: str, by: str, entry: Entry, compiler: Compiler) -> tuple[Metric, ...]:
        """The figures of a group, and its formulas over them; a broken one is there, too."""
        if entry.value is None:
            return ()
        if not isinstance(entry.value, Mapping):
            entry.report(f"takes figures by name, as {_EXAMPLE}, not {kind(entry.value)}")
            return ()
        figures: list[Metric] = []
        formulas: list[Entry] = []
        for key in entry.value:
            each = entry[key]
            if wrong := no_name(key):
                each.report(wrong, at_key=True)
            elif key in FIGURES and self._is_product_s(each.value):
                each.report(f"is a figure without a name: write NAME: {{{key}: {each.value}}}")
                figures.append(OwnMetrics.broken(key))
            elif not isinstance(each.value, str):
                figure = read_figure(compiler, each.value, each.path)
                figures.append(
                    OwnMetrics.broken(key) if figure is None else figure_metric(key, figure)
                )
            else:
                formulas.append(each)
            if key == SIZE:
                each.warn(
                    f"each group has a {quoted(SIZE)}, the number of its products, and this one is "
                    "used in its place: give yours another name to have both"
                )
        own = OwnMetrics(known=GroupCatalogue(name, by, figures, self._metrics))
        for each in formulas:
            own.add(str(each.path[-1]), each)
        return (*figures, *own.metrics())

    def _is_product_s(self, value: object) -> bool:
        return isinstance(value, str) and self._metrics.get(value.strip()) is not None


def settled(group: Group, watches: Mapping[str, Watch]) -> Group:
    """A group with its watches as they are in the end, by the keys that they had so far."""
    return replace(group, watches=tuple(watches[watch.key] for watch in group.watches))
