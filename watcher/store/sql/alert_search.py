"""Alerts by what is asked of them, a leaf at a time in the order in which they began.

What lives is read by the index of what lives, which is little. What is over is read from the newest
on, by one of two indexes that hold all that is asked for, or by the products that a text is about,
where these are few: no search reads the rows of all that ever fired."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from heapq import merge
from itertools import chain, islice
from typing import NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from watcher.alert import AlertState
from watcher.model import Instant, Severity
from watcher.store.records import Row
from watcher.store.sql.connection import Face
from watcher.store.sql.dialect import TEXT, Dialect
from watcher.store.sql.silences import Silences

_Conditions: TypeAlias = dict[str, Sequence[object]]

FEW = 500  # products, up to which their alerts are looked up one product after the other
_BEGAN = "coalesce(a.fired_at, a.since)"  # of what lives; of what is over only what fired counts


class AlertPlace(NamedTuple):
    """The place of an alert among all: when it began (to fire, or to be pending), and its id."""

    began: Instant
    id: int


class OfSeverity(Struct, frozen=True):
    """Rules by how their alerts have a ``severity``: ``fixed`` are those that have it whatever the
    data say, ``by_data`` those whose alert has it where the data gave it, ``or_none`` those whose
    alert has it also where the data gave none."""

    severity: Severity
    fixed: Sequence[str] = ()
    by_data: Sequence[str] = ()
    or_none: Sequence[str] = ()


class AboutText(Struct, frozen=True):
    """The products (by key) and rules that a text is about, and the alert of that number; an alert
    of any of these is meant."""

    products: Sequence[int] = ()
    rules: Sequence[str] = ()
    alert: int | None = None

    @property
    def are_few(self) -> bool:
        """Whether to look their alerts up takes less than to look for them in all."""
        return len(self.products) <= FEW and not self.rules


class AlertQuery(Struct, frozen=True):
    """All that is asked of alerts; what is None is not. ``rules`` are those that they may be of;
    they began from ``since`` on and before ``until``. Only what lives is ``silenced``, by a silence
    that is on ``now``."""

    now: Instant
    state: AlertState | None = None
    rules: Sequence[str] | None = None
    graded: OfSeverity | None = None
    about: AboutText | None = None
    since: Instant | None = None
    until: Instant | None = None
    acknowledged: bool | None = None
    silenced: bool | None = None


class AlertSearch(Face):
    """Alerts that were asked for, as their places; the newest first."""

    def older(self, asked: AlertQuery, than: AlertPlace | None, limit: int) -> list[AlertPlace]:
        """The newest that there are, or that began before a place."""
        found = merge(
            self._past(asked, than, limit, newest=True),
            self._live(asked, than, limit, newest=True),
            reverse=True,
        )
        return [*islice(found, limit)]

    def newer(self, asked: AlertQuery, than: AlertPlace, limit: int) -> list[AlertPlace]:
        """Find those that began next after a place; the newest of them first."""
        found = merge(
            self._past(asked, than, limit, newest=False),
            self._live(asked, than, limit, newest=False),
        )
        return [*islice(found, limit)][::-1]

    def place(self, alert: int) -> AlertPlace | None:
        """The place of that alert, if it is there."""
        row = self._db.one(f"SELECT {_BEGAN}, a.id FROM alerts AS a WHERE a.id = ?", (alert,))
        return AlertPlace(*row) if row else None

    def subjects(self, alerts: Collection[int]) -> list[tuple[str, str]]:
        """The rule and the product's id of each of these alerts that there are."""
        return self._db.rows(
            f"SELECT a.rule, p.product_id FROM {self._sql.rows_of()} "
            f"{self._sql.join} alerts AS a ON a.id = w.value "
            f"{self._sql.join} products AS p ON p.id = a.product ORDER BY w.key",
            (self._sql.listed(alerts),),
        )

    def rules(self) -> list[str]:
        """Names of the rules that there are or were."""
        return self._db.all(str, "SELECT name FROM rules ORDER BY name")

    def products(self, text: str, called: Collection[str]) -> list[int]:
        """Keys of the products whose id is that text, or that have it in their name, capitals or
        not; of those of a seller of that id, or of one of ``called`` (ids of what has a name with
        the text in it); and of groups that have it in their id, or are of one of ``called``."""
        # By Python, for SQLite knows the capitals of English letters only.
        rows = self._db.stream(
            "SELECT p.id, p.product_id, p.product_name, p.seller_id, p.grouped_by "
            "FROM products AS p"
        )
        wanted, ids = text.casefold(), {text, *called}
        return [row[0] for row in rows if _is_about(row, wanted, ids)]

    def _live(
        self, asked: AlertQuery, than: AlertPlace | None, limit: int, *, newest: bool
    ) -> Iterator[AlertPlace]:
        if asked.state is AlertState.INACTIVE:
            return iter(())
        given = _conditions(self._sql, asked, than, _BEGAN, newest=newest)
        given["a.state <> 'inactive'"] = ()  # as the index says it
        if asked.state is not None:
            given["a.state = ?"] = (asked.state.value,)
        found = f"FROM alerts AS a {self._sql.live}"
        if asked.silenced is None:
            return self._places(f"{_BEGAN}, a.id {found}", given, limit, newest=newest)
        rows = self._ordered(f"{_BEGAN}, a.id, a.rule, a.product {found}", given, newest=newest)
        covered = Silences(self._db).covering_any({row[2:] for row in rows}, asked.now)
        return (AlertPlace(*row[:2]) for row in rows if (row[2:] in covered) is asked.silenced)

    def _past(
        self, asked: AlertQuery, than: AlertPlace | None, limit: int, *, newest: bool
    ) -> Iterator[AlertPlace]:
        if asked.state not in (None, AlertState.INACTIVE) or asked.silenced:
            return iter(())
        about, values = asked.about, list[object]()
        if about is not None and about.are_few:
            source, values = self._of_few(about)
            asked = replace(asked, about=None)
        else:
            single = asked.rules is not None and len(asked.rules) == 1
            source = f"alerts AS a {self._sql.past_of_rule if single else self._sql.past}"
        given = _conditions(self._sql, asked, than, "a.fired_at", newest=newest)
        given["a.state = 'inactive'"] = ()
        given["a.fired_at IS NOT NULL"] = ()  # what waited until its rule was removed never fired
        found = f"a.fired_at, a.id FROM {source}"
        return self._places(found, given, limit, newest=newest, values=values)

    def _of_few(self, about: AboutText) -> tuple[str, list[object]]:
        """The alerts of few products, and the one of that number."""
        of_products = f"SELECT x.id FROM alerts AS x WHERE x.product IN {self._sql.among()}"
        values: list[object] = [self._sql.listed(about.products)]
        if about.alert is not None:
            of_products += " UNION SELECT CAST(? AS BIGINT)"
            values.append(about.alert)
        return f"({of_products}) AS f {self._sql.join} alerts AS a ON a.id = f.id", values

    def _places(
        self, found: str, given: _Conditions, limit: int, *, newest: bool,
        values: Sequence[object] = (),
    ) -> Iterator[AlertPlace]:  # fmt: skip
        rows = self._ordered(found, given, newest=newest, values=values, limit=limit)
        return (AlertPlace(*row) for row in rows)

    def _ordered(
        self, found: str, given: _Conditions, *, newest: bool, values: Sequence[object] = (),
        limit: int | None = None,
    ) -> list[Row]:  # fmt: skip
        order = "DESC" if newest else "ASC"
        asked = [*values, *chain.from_iterable(given.values())]
        sql = f"SELECT {found} WHERE {' AND '.join(given)} ORDER BY 1 {order}, 2 {order}"
        if limit is None:
            return self._db.rows(sql, asked)
        return self._db.rows(f"{sql} LIMIT ?", [*asked, limit])


def _is_about(row: Row, wanted: str, ids: Collection[str]) -> bool:
    _key, product_id, name, seller, grouped_by = row
    if grouped_by is not None:
        return wanted in product_id.casefold() or product_id.partition("=")[2] in ids
    return product_id in ids or seller in ids or (name is not None and wanted in name.casefold())


def _conditions(
    sql: Dialect, asked: AlertQuery, than: AlertPlace | None, began: str, *, newest: bool
) -> _Conditions:
    """The conditions on an alert ``a``, each with its values: only what is asked for is said, or no
    index would be used."""
    given: _Conditions = {}
    if than is not None:
        given[f"({began}, a.id) {'<' if newest else '>'} (?, ?)"] = than
    if asked.since is not None:
        given[f"{began} >= ?"] = (asked.since,)
    if asked.until is not None:
        given[f"{began} < ?"] = (asked.until,)
    if asked.rules is not None and len(asked.rules) == 1:
        given["a.rule = ?"] = tuple(asked.rules)
    elif asked.rules is not None:
        given[f"a.rule IN {sql.among(sort=TEXT)}"] = (sql.listed(asked.rules),)
    if asked.acknowledged is not None:
        given[f"a.acknowledged IS {'NOT ' * asked.acknowledged}NULL"] = ()
    for text, values in (_graded(sql, asked.graded), _about(sql, asked.about)):
        if text:
            given[text] = values
    return given


def _graded(sql: Dialect, graded: OfSeverity | None) -> tuple[str, Sequence[object]]:
    if graded is None:
        return "", ()
    among, least = f"a.rule IN {sql.among(sort=TEXT)}", graded.severity.value
    values: list[object] = [sql.listed(graded.fixed)]
    texts = [among]
    if graded.by_data:
        texts.append(f"({among} AND a.severity = ?)")
        values += [sql.listed(graded.by_data), least]
    if graded.or_none:
        texts.append(f"({among} AND coalesce(a.severity, ?) = ?)")
        values += [sql.listed(graded.or_none), least, least]
    return f"({' OR '.join(texts)})", values


def _about(sql: Dialect, about: AboutText | None) -> tuple[str, Sequence[object]]:
    if about is None:
        return "", ()
    # Else each of many rules is looked up with each of many products.
    texts = [f"{sql.unindexed('a.product')} IN {sql.among()}"]
    values: list[object] = [sql.listed(about.products)]
    if about.rules:
        texts.append(f"a.rule IN {sql.among(sort=TEXT)}")
        values.append(sql.listed(about.rules))
    if about.alert is not None:
        texts.append("a.id = ?")
        values.append(about.alert)
    return f"({' OR '.join(texts)})", values
