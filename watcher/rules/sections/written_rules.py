"""A rule as YAML, for somebody to take over: it is read again as what it was made of."""

from __future__ import annotations

from itertools import chain, count
from typing import Any

import yaml

from watcher.rules.rulebook import Rulebook, Watch
from watcher.rules.sections.validators import LONGEST_NAME
from watcher.schedule import Cron, Every, Schedule
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.query import FOLLOWED, RelativeDay
from watcher.units import written_duration


def written_rule(book: Rulebook, watch: Watch, when: object) -> str:
    """A rule file with one rule, of a name that is free: on the products of ``watch`` that meet
    ``when``, which is as it would be written. A list that has no name stands in it as it is."""
    asked = watch_written(watch) if watch.unnamed else _plain(watch.name)
    name = _plain(_free_name(book, watch.name))
    rule = {"name": name, "watch": asked, "when": when}
    text: str = yaml.dump(
        {"rules": [rule]},
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=1 << 20,
        default_flow_style=None,
    )
    return text


def watch_written(watch: Watch) -> dict[str, object]:
    """A watch as it is written out."""
    return {**_query_written(watch), **_schedule_written(watch.schedule)}


def _query_written(watch: Watch) -> dict[str, object]:
    query = watch.query
    region = {"region": query.region} if query.region else {}
    if query.of_ids:
        return {"products": FOLLOWED if query.followed else [*query.ids], **region}
    if not query.of_market:
        return {"shop": query.seller, **region, "top": query.top}
    chosen = {} if query.endpoint is PRODUCT_LIST else {"list": query.endpoint.name}
    filters = {
        name: str(value) if isinstance(value, RelativeDay) else value
        for name, value in query.filters
    }
    order = "desc" if query.descending else "asc"
    sort = {} if query.sort is None else {"sort": f"{query.sort} {order}"}
    return {**chosen, **region, **filters, **sort, "top": query.top}


def _schedule_written(schedule: Schedule) -> dict[str, object]:
    match schedule:
        case Every(seconds):
            return {"every": written_duration(seconds)}
        case Cron(line):
            return {"every": line, "timezone": schedule.timezone}
    return {"every": "refresh"}


def _free_name(book: Rulebook, name: str) -> str:
    """A name that no rule of the book has."""
    taken = {rule.name for rule in book.rules}
    names = chain([name], (f"{name[: LONGEST_NAME - 8]} ({number})" for number in count(2)))
    return next(each for each in names if each not in taken)


def _plain(name: str) -> str:
    """A name that nothing is filled into."""
    return name.replace("${", "$${")


class _Dumper(yaml.SafeDumper):
    """Writes what YAML 1.2 reads as it was: each text that is a value in quotes, and keys, which
    are names, without."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _value in node.value:
            key.style = None
        return node


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Dumper.add_representer(str, _text)
