"""Figures of many products as a product's own metric: ``{min: spu_avg_price, among: set}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.compiling import Compiler, Path
from watcher.rules.conditions.grouping import AMONG, grouping_of
from watcher.rules.conditions.logic import leaves
from watcher.rules.conditions.registry import WORDS
from watcher.rules.files.rule_file import Entry
from watcher.rules.metrics import Catalogue, Figure, Metric
from watcher.rules.sections.figures import FIGURES, WHERE, figure_metric, read_figure
from watcher.subjects import WATCH

_NO_AMONG = (
    'a number of many products needs "among:", what they have in common with this one, as '
    "among: category_l3_id, a column of your own, or watch for all of the list"
)


def words_in(value: object) -> Iterator[str]:
    """Yield all that may be a name of something in what is written."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from words_in(inner)
    elif isinstance(value, list):
        for each in value:
            yield from words_in(each)
    elif isinstance(value, str):
        yield value.strip()


def own_figure(name: str, entry: Entry, catalogue: Catalogue) -> Metric | None:
    """The metric of that name; None where something about it was reported."""
    compiler = Compiler(catalogue, entry.file.report, lists=entry.file.values, warn=entry.file.warn)
    figure = read_figure(compiler, entry.value, entry.path, beside=(AMONG,))
    given = entry[AMONG]
    if given.value is None:
        if not _unknown_keys(entry.value):  # else one of them may be that
            entry.report(_NO_AMONG)
        return None
    try:
        grouping = grouping_of(given.value, catalogue) if given.value is not None else None
    except ValueError as error:
        given.report(str(error))
        return None
    if figure is None or grouping is None or _looks_back(figure, compiler):
        return None
    made = figure_metric(name, replace(figure, among=grouping))
    listed = "of the list" if grouping.name == WATCH else f"of its {grouping.name}"
    return replace(made, meaning=f"{made.meaning}, of the products {listed}")


def _unknown_keys(value: object) -> list[object]:
    known = {*FIGURES, WHERE, AMONG}
    return [key for key in value if key not in known] if isinstance(value, Mapping) else []


def _looks_back(figure: Figure, compiler: Compiler) -> bool:
    """Whether a condition in it, which is reported, asks for more than what a list says of its
    products now."""
    found = [each for each in _leaves(figure) if each.needs or each.follows or _is_word(each)]
    for leaf in found:
        path: Path = compiler.places[id(leaf)][1]
        compiler.report(
            path,
            "picks products by what they were: a number among products counts them as they are "
            "now; groups: count them by their past, too",
            at_key=True,
        )
    return bool(found)


def _leaves(figure: Figure) -> Iterator[Condition]:
    return leaves(figure.where) if figure.where is not None else iter(())


def _is_word(leaf: Condition) -> bool:
    return not leaf.metrics and not leaf.attributes and str(leaf).split(":")[0] in WORDS
