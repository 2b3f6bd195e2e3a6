"""An endpoint: what the vendor gives at a path, and all that is known of it, in one object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from watcher.fields import BY_NAME


class Use(StrEnum):
    """The purpose of a parameter."""

    OWN = "own"  # set by the daemon, not by a watch
    FILTER = "filter"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    SORT = "sort"


class ParameterType(StrEnum):
    """The values that a parameter takes."""

    REGION = "region"
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DAY = "day"
    FLAG = "flag"


class Gives(StrEnum):
    """The kind of answer an endpoint gives."""

    LIST = "list"  # a market's products, filtered and sorted
    SHOP = "shop"  # the products of a seller, in an order that nobody knows
    LOOKUP = "lookup"  # the products whose ids are asked for, in no order
    OTHER = "other"  # something that no watch reads


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter. ``field`` is what it filters; ``names`` gives a flag's values by name.

    No watch can do without one that is ``required``.
    """

    name: str
    type: ParameterType
    use: Use
    meaning: str
    field: str = ""
    names: tuple[tuple[str, int], ...] = ()
    required: bool = False

    @property
    def is_settable(self) -> bool:
        """Whether a watch may name it."""
        return self.use not in (Use.OWN, Use.SORT)


def limits(type_: ParameterType, *fields: str) -> Iterator[Parameter]:
    """The least and the most of each field."""
    for name in fields:
        label = BY_NAME[name].label
        yield Parameter(f"min_{name}", type_, Use.MINIMUM, f"{label}: at least", name)
        yield Parameter(f"max_{name}", type_, Use.MAXIMUM, f"{label}: at most", name)


def flag(name: str, names: Mapping[str, int]) -> Parameter:
    """One of a field's values that have names."""
    meaning = f"{BY_NAME[name].label}: {BY_NAME[name].meaning}"
    return Parameter(name, ParameterType.FLAG, Use.FILTER, meaning, name, tuple(names.items()))


def equals(*names: str) -> Iterator[Parameter]:
    """The text of each field."""
    for name in names:
        yield Parameter(name, ParameterType.TEXT, Use.FILTER, BY_NAME[name].label, name)


@dataclass(frozen=True, kw_only=True, eq=False)
class Endpoint:
    """A path, the parameters that it takes, and the names in its answers.

    A watch of a list names a region, whether or not the list takes one: its products are those of
    a market. A lookup has no pages: its ``batch`` names the parameter for up to ``page_size`` ids.
    ``known`` says how it is known; ``tried``, whether by requests of ours.
    """

    name: str
    path: str
    parameters: tuple[Parameter, ...]
    sorts: Mapping[str, int]  # the API's number of each field to sort by
    regions: tuple[str, ...]  # those known to work
    page_size: int
    last_page: int
    renamed: Mapping[str, str] = field(default_factory=dict)  # the API's names, of ours that differ
    marketplace: str = ""  # becomes part of the products' ids (``identity.product_key``)
    rows: str = "data"  # the way to an answer's rows: names, with dots between them
    page: str = "page_num"  # names of parameters
    size: str = "page_size"
    sort_field: str = "product_sort_field"
    sort_type: str = "sort_type"
    gives: Gives = Gives.LIST
    batch: str = ""
    known: str = ""
    tried: bool = True

    @cached_property
    def by_name(self) -> Mapping[str, Parameter]:
        """The parameters by name."""
        return {parameter.name: parameter for parameter in self.parameters}

    @property
    def longest(self) -> int:
        """The most products that can be read."""
        return self.last_page * self.page_size

    def frame(self, region: str) -> dict[str, str]:
        """The parameters of each of its pages: the region, where it takes one, and the size."""
        asked = {"region": region} if "region" in self.by_name else {}
        return {**asked, self.size: str(self.page_size)} if self.size else asked

    def place(self, page_num: int) -> dict[str, str]:
        """The parameters of one of its pages; a lookup has none."""
        return {self.page: str(page_num)} if self.page else {}

    def order(self, sort: str, *, descending: bool) -> dict[str, str]:
        """The parameters that sort by a field."""
        return {self.sort_field: str(self.sorts[sort]), self.sort_type: str(int(descending))}
