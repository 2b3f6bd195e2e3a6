"""The query of a watch, as it is asked for: two equal ones are one list, to be bought once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from watcher.fields import BY_NAME, IDS
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Instant
from watcher.source.endpoint import Endpoint, Gives, Use
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.values import RelativeDay, Value, value_text
from watcher.units import counted, format_duration

_TEXTS = {Use.MINIMUM: N_("{label}: at least {value}"), Use.MAXIMUM: N_("{label}: at most {value}")}

DEFAULT_TOP = 100
NO_NAMES: Mapping[str, str] = MappingProxyType({})
SELLER_ID = "seller_id"  # the parameter that says whose products a shop's are


@dataclass(frozen=True, slots=True)
class Query:
    """The question of a watch: a market's list, the products of a shop, or products of one's own.

    Of the latter ``own`` is the list's name, or that of the rule (``of_rule``) which has it without
    a name; ``ids`` are the products: which of them there are makes no other list. Those of the
    ``followed`` list stand in the database, and are filled in where it is read. The region of a
    shop and of products of one's own only says for which market they are meant, and may be empty.
    """

    region: str
    filters: tuple[tuple[str, Value], ...] = ()  # sorted by the parameter's name
    sort: str | None = None  # a field; without one the order is arbitrary and there are no ranks
    descending: bool = True
    top: int = DEFAULT_TOP  # products to read, of a list or a shop
    endpoint: Endpoint = PRODUCT_LIST
    own: str = ""
    of_rule: bool = False
    ids: tuple[str, ...] = field(default=(), compare=False)
    followed: bool = False

    @property
    def ranked(self) -> bool:
        return self.sort is not None

    @property
    def gives(self) -> Gives:
        """The kind of answer: a list, a shop, or products by their ids."""
        return self.endpoint.gives

    @property
    def of_ids(self) -> bool:
        """Whether it reads products by their ids: one's own."""
        return self.gives is Gives.LOOKUP

    @property
    def of_market(self) -> bool:
        """Whether it reads a list of its region's market."""
        return self.gives is Gives.LIST

    @property
    def seller(self) -> str:
        """The id of the shop's seller; empty of what is no shop."""
        return next((str(value) for name, value in self.filters if name == SELLER_ID), "")

    @property
    def depth(self) -> int:
        """The most products that a scan of it has."""
        return len(self.ids) if self.gives is Gives.LOOKUP else self.top

    @property
    def pages(self) -> int:
        """Pages, and so credits, that a whole scan takes."""
        return -(-self.depth // self.endpoint.page_size)

    def batch(self, page_num: int) -> tuple[str, ...]:
        """The ids that a page of a lookup asks for, from page 1 on; none of another."""
        size = self.endpoint.page_size
        return self.ids[(page_num - 1) * size : page_num * size]

    def asked_for(self, page_num: int) -> dict[str, str]:
        """The parameters of one batch of a lookup; none of another."""
        if self.gives is not Gives.LOOKUP:
            return {}
        return {self.endpoint.batch: ",".join(self.batch(page_num))}

    def params(self, now: Instant) -> dict[str, str]:
        """The request's parameters but the page; ``now`` is what "30d ago" counts from."""
        asked = self.endpoint.frame(self.region)
        asked |= {name: value_text(value, now) for name, value in self.filters}
        if self.sort is not None:
            asked |= self.endpoint.order(self.sort, descending=self.descending)
        return asked

    def limits_of(self, field: str) -> Iterator[tuple[str, float]]:
        """The filters by a field that are numbers."""
        for name, value in self.filters:
            if name.endswith(field) and isinstance(value, int | float):
                yield name, value

    def canonical(self) -> str:
        """Stable text of all there is, equal for equal queries: for hashes."""
        if self.gives is Gives.LOOKUP and not self.followed:
            return f"{self.nameless()}={self.own}"
        return self.nameless()

    def nameless(self) -> str:
        """The ``canonical`` text, which of products of one's own does not say in which list."""
        if self.gives is Gives.LOOKUP:
            whose = "of rule" if self.of_rule else "named"
            return "products followed" if self.followed else f"products {whose}"
        parts = [] if self.endpoint is PRODUCT_LIST else [f"list={self.endpoint.name}"]
        parts += [f"region={self.region}"] if self.of_market else []
        parts += [f"{name}={value_text(value)}" for name, value in self.filters]
        order = "desc" if self.descending else "asc"
        sort = "none" if self.sort is None else f"{self.sort} {order}"
        return "&".join([*parts, f"sort={sort}", f"top={self.top}"])

    def describe(self, names: Mapping[str, str] = NO_NAMES) -> str:
        """One line for people: ``US, 30-day sales: at least 100, by 7-day sales, first 200``; with
        the ``names`` of the sellers and categories that have some, by their ids."""
        parts = [self.region] if self.region else []
        if self.gives is Gives.LOOKUP:
            return _(", ").join([*parts, self._looked_up()])
        parts += [self.describe_filter(name, value, names) for name, value in self.filters]
        if self.sort is not None:
            text = _("by {label}") if self.descending else _("by {label}, lowest first")
            parts.append(text.format(label=_label(self.sort)))
        return _(", ").join([*parts, _("first {top}").format(top=self.top)])

    def _looked_up(self) -> str:
        count = len(self.ids)
        if self.ids and self.followed:
            return counted("{count} product followed", "{count} products followed", count)
        if self.ids:
            return counted("{count} product of one's own", "{count} products of one's own", count)
        # Which are followed stands in the database, and is filled in only where it is read.
        return _("what is followed")

    def describe_filter(self, name: str, value: Value, names: Mapping[str, str] = NO_NAMES) -> str:
        """A filter in words: ``30-day sales: at least 100``, ``trend rising``."""
        parameter = self.endpoint.by_name[name]
        by_name = next((name for name, number in parameter.names if number == value), None)
        told = _(by_name) if by_name else _said(value)
        if parameter.field in IDS and str(value) in names:
            told = f"{names[str(value)]} ({value})"
        text = _TEXTS.get(parameter.use, "")
        if text and parameter.field:
            return _(text).format(label=_label(parameter.field), value=told)
        label = _label(parameter.field) if parameter.names else _(parameter.meaning)
        return _("{label} {value}").format(label=label, value=told)


def _label(field: str) -> str:
    return label_said(field, BY_NAME[field].label)


def _said(value: Value) -> str:
    if isinstance(value, RelativeDay):
        return _("{time} ago").format(time=format_duration(value.seconds))
    return value_text(value)
