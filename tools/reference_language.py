"""The tables of ``docs/rules.md`` that the code knows: operators, filters, sorts."""

from __future__ import annotations

from tools.marked import table
from watcher.categories import CATEGORY
from watcher.rules.conditions.registry import NUMBER_OPERATORS, OPTIONS, TEXT_OPERATORS, Takes
from watcher.rules.sections.figures import FIGURES, Asks
from watcher.source.endpoint import Parameter, ParameterType
from watcher.source.endpoints import CHOICE, ENDPOINTS, PARAMETERS, SORTS

_TAKES = {
    Takes.VALUE: "a value",
    Takes.VALUES: "a list of values",
    Takes.RANGE: "`[least, most]`",
    Takes.CHANGE: "a number or a percentage",
    Takes.PLACES: "a number of places",
    Takes.SCORE: "a number",
    Takes.TIME: "a time",
    Takes.RECORD: "a time, or a percentage with `among`",
    Takes.TEXT: "a text",
    Takes.TEXTS: "a list of texts",
    Takes.TRUE: "`true`",
}
_FIGURES = {
    Asks.METRIC: "METRIC",
    Asks.CONDITIONS: "CONDITIONS",
    Asks.ATTRIBUTE: "TEXT",
    Asks.TOP: "{of: METRIC, by: TEXT, first: 3}",
}
_TYPES = {
    ParameterType.REGION: "a region, as `US`",
    ParameterType.TEXT: 'a name, or an id as `"601450"`',
    ParameterType.INTEGER: "a whole number",
    ParameterType.NUMBER: "a number",
    ParameterType.DAY: "`20260101` or `30d ago`",
}


def operators() -> str:
    """Operators on metrics, with what may stand beside them."""
    rows = [
        (
            f"`{each.name}`" + (" (only `rank`)" if each.only_rank else ""),
            _TAKES[each.takes],
            each.meaning,
            ", ".join(f"`{option}`" for option in each.options),
        )
        for each in NUMBER_OPERATORS
    ]
    options = "\n".join(f"- `{name}`: {meaning}" for name, meaning in OPTIONS.items())
    head = ("operator", "takes", "true when the metric", "beside it")
    return f"{table(head, rows)}\n\n{options}"


def figures() -> str:
    """What can be said of many products at once."""
    rows = [(f"`{{{name}: {_FIGURES[row.asks]}}}`", row.meaning) for name, row in FIGURES.items()]
    return table(("figure", "meaning"), rows)


def text_operators() -> str:
    """Operators on text attributes."""
    rows = [(f"`{each.name}`", _TAKES[each.takes], each.meaning) for each in TEXT_OPERATORS]
    return table(("operator", "takes", "true when the text"), rows)


def filters() -> str:
    """What a watch may ask of KeyAPI; with the lists that know it, where there are several."""
    lists = ", ".join(f"`{name}`" for name in ENDPOINTS)
    rows = [(f"`{name}`", lists, "the list to read, `products` if left out") for name in CHOICE]
    rows += [
        (f"`{each.name}`", _values(each), each.meaning + _only_in(each))
        for each in PARAMETERS.values()
        if each.is_settable
    ]
    level = (f"`{CATEGORY}`", _TYPES[ParameterType.TEXT], "category of whichever level")
    rows.insert(1 + len(CHOICE), level)
    return table(("filter", "takes", "meaning"), rows)


def _only_in(parameter: Parameter) -> str:
    having = [one.name for one in ENDPOINTS.values() if parameter.name in one.by_name]
    if len(having) == len(ENDPOINTS) or parameter.type is ParameterType.REGION:
        return ""  # every watch has a region
    needed = ", which needs it" if parameter.required else ""
    return f" (list {', '.join(f'`{name}`' for name in having)}{needed})"


def sorts() -> str:
    """The fields that KeyAPI can sort by."""
    return ", ".join(f"`{name}`" for name in SORTS)


def _values(parameter: Parameter) -> str:
    if parameter.names:
        return ", ".join(f"`{name}`" for name, _ in parameter.names)
    return _TYPES[parameter.type]
