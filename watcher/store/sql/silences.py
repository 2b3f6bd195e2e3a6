"""Silences: what nobody wants to hear of for a while, by patterns of the shell (``*``, ``?``,
``[abc]``) without regard to capitals. Where several are given, all must match."""

from __future__ import annotations

import builtins
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from itertools import chain

import numpy as np
from msgspec import Struct
from msgspec.structs import astuple

from watcher.fields import IDS
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Instant
from watcher.store.records import Row
from watcher.store.sql.baselines import product_rows
from watcher.store.sql.connection import Face
from watcher.subjects import subject_parts
from watcher.text.evidence import with_name
from watcher.units import DAY

_OF = ("rule", "product", "seller", "category")
_WORDED = {
    "rule": N_("rule {pattern}"),
    "product": N_("product {pattern}"),
    "seller": N_("seller {pattern}"),
    "category": N_("category {pattern}"),
}
LONGEST = 90 * DAY  # of a new one: what nobody ends is forgotten
ENDLESS = 253_370_764_800  # the end of what has none: of an exclusion; 1 January 9999
_FIELDS = "rule, product, seller, category, begins, ends, comment"
_TEXTS = "product_id, product_name, seller_id, category_id, category_l2_id, category_l3_id"
_SPECIAL, _ESCAPED = re.compile(r"[*?[]"), re.compile(r"\[([*?[])\]")
_HELD_FIELDS = "rule, product, channel, alert, since, silence"


class Silence(Struct, frozen=True):
    """Patterns, None where any will do, and the time from ``begins`` until before ``ends``.
    ``product`` is matched by the product's id and name, ``category`` by those of every level."""

    id: int
    rule: str | None
    product: str | None
    seller: str | None
    category: str | None
    begins: Instant
    ends: Instant
    comment: str = ""

    def __str__(self) -> str:
        """``rule beauty-*, seller 7495*``."""
        return ", ".join(f"{name} {pattern}" for name, pattern in self.patterns.items())

    def in_words(self, names: Mapping[str, str]) -> str:
        """The text of ``str``, with the name beside the id of a seller or category that has one."""
        return _(", ").join(map(partial(_told, names), self.patterns.items()))

    def covers_named(self, names: Mapping[str, str]) -> list[list[str]]:
        """The sorts of things that it is of, each with its pattern, and the name of the id in that,
        where it has one."""
        return [
            [of, pattern, *filter(None, [_name_in(names, of, pattern)])]
            for of, pattern in self.patterns.items()
        ]

    @property
    def patterns(self) -> Mapping[str, str]:
        """Return those that are given, by what they are of."""
        return {name: text for name in _OF if (text := getattr(self, name)) is not None}

    @property
    def is_of_all(self) -> bool:
        """Whether it is about all products."""
        return self.product is self.seller is self.category is None

    @property
    def is_endless(self) -> bool:
        """Whether it is an exclusion: it lasts until somebody ends it."""
        return self.ends >= ENDLESS

    @property
    def until(self) -> Instant | None:
        """The time at which it ends by itself; None of an exclusion."""
        return None if self.is_endless else self.ends

    def is_on(self, now: Instant) -> bool:
        return self.begins <= now < self.ends

    def covers_rule(self, rule: str) -> bool:
        """Whether it may be about products of the rule."""
        return _matches(self.rule, [rule])

    def covers(self, product: Sequence[str | None]) -> bool:
        """Whether it is about a product: its id, name, seller, and categories of three levels."""
        return (
            _matches(self.product, product[:2])
            and _matches(self.seller, product[2:3])
            and _matches(self.category, product[3:])
        )


def _told(names: Mapping[str, str], given: tuple[str, str]) -> str:
    name, pattern = given
    worded = _(_WORDED[name])
    if name in ("seller", "category"):
        return worded.format(pattern=with_name(pattern, names))
    known = _name_in(names, name, pattern)
    return worded.format(pattern=f"{pattern} ({known})" if known else pattern)


def _name_in(names: Mapping[str, str], of: str, pattern: str) -> str:
    """The name of a seller, a category, or of what a group of products is grouped by."""
    if of in ("seller", "category"):
        return names.get(pattern, "")
    by, value = subject_parts(pattern) or ("", "")
    return names.get(value, "") if of == "product" and by in IDS else ""


def exactly(text: str) -> str:
    """The pattern that only this text matches, be it in other capitals."""
    return _SPECIAL.sub(r"[\g<0>]", text)


@lru_cache(maxsize=16_384)
def _only(pattern: str) -> str | None:
    """The one text that a pattern matches, without capitals; None where there are others."""
    text = _ESCAPED.sub(r"\g<1>", pattern)
    return text.casefold() if exactly(text) == pattern else None


def _matches(pattern: str | None, texts: Iterable[str | None]) -> bool:
    if pattern is None:
        return True
    if (only := _only(pattern)) is not None:
        return any(text is not None and text.casefold() == only for text in texts)
    wanted = pattern.casefold()
    return any(text is not None and fnmatchcase(text.casefold(), wanted) for text in texts)


class _Among:
    """Silences in an order, the first of which counts. Of many that are each of one product only
    those are asked that may be of the product in question."""

    def __init__(self, silences: Sequence[Silence]) -> None:
        self._silences = silences
        self._by_product: dict[str, list[int]] = {}
        self._others: list[int] = []
        for place, each in enumerate(silences):
            only = None if each.product is None else _only(each.product)
            if only is None:
                self._others.append(place)
            else:
                self._by_product.setdefault(only, []).append(place)

    def covering(self, product: Row) -> Silence | None:
        """The first one that is about a product (``Silence.covers``)."""
        named = (
            self._by_product.get(text.casefold(), ()) for text in product[:2] if text is not None
        )
        for place in sorted({*self._others, *chain.from_iterable(named)}):
            each = self._silences[place]
            if each.covers(product):
                return each
        return None


def _by_rule(silences: Sequence[Silence], rules: Iterable[str]) -> dict[str, list[Silence]]:
    """The silences of these that may be about each of some rules, in their order."""
    single: dict[str, list[int]] = {}
    others = list[int]()
    for place, each in enumerate(silences):
        only = None if each.rule is None else _only(each.rule)
        (others if only is None else single.setdefault(only, [])).append(place)
    return {
        rule: [
            silences[place]
            for place in sorted((*single.get(rule.casefold(), ()), *others))
            if silences[place].covers_rule(rule)
        ]
        for rule in rules
    }


class Held(Struct, frozen=True):
    """Something of ``alert`` that ``channel`` is to be told, held since that time of the clock.
    ``silence`` is the silence that holds it; None: it is held for the channel as a whole."""

    rule: str
    product: int
    channel: str
    alert: int
    since: Instant
    silence: int | None = None


class HeldGroup(Struct, frozen=True):
    """All that is held of one rule for one channel by one silence (None: for the channel)."""

    rule: str
    channel: str
    silence: int | None
    since: Instant
    count: int


class Silences(Face):
    """Silences by id; one that is over stays for a while, to be looked up."""

    def add(
        self,
        *,
        begins: Instant,
        ends: Instant,
        rule: str | None = None,
        product: str | None = None,
        seller: str | None = None,
        category: str | None = None,
        comment: str = "",
    ) -> Silence:
        """A new silence; with ``ENDLESS`` an exclusion. ``ValueError`` without a pattern, or where
        it ends before it begins or goes on for too long."""
        if rule is product is seller is category is None:
            raise ValueError("a silence needs a pattern")
        if ends <= begins:
            raise ValueError("a silence ends after it begins")
        if ends - begins > LONGEST and ends != ENDLESS:
            raise ValueError("a silence ends within 90 days")
        values = (rule, product, seller, category, begins, ends, comment)
        # Of a short one nobody forgets the end.
        announced = None if ends - begins > DAY else 0
        sql = f"INSERT INTO silences ({_FIELDS}, announced) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        number = self._db.number(f"{sql} RETURNING id", (*values, announced))
        return Silence(number, *values)

    def ending(self, now: Instant) -> builtins.list[Silence]:
        """Find silences that end within a day, which was not announced yet."""
        sql = f"SELECT id, {_FIELDS} FROM silences WHERE announced IS NULL"
        return self._db.all(Silence, f"{sql} AND ends > ? AND ends <= ?", (now, now + DAY))

    def announced(self, silence: int, now: Instant) -> None:
        """Its end was announced."""
        self._db.execute("UPDATE silences SET announced = ? WHERE id = ?", (now, silence))

    def covered(self, silence: Silence, products: Iterable[int]) -> builtins.list[int]:
        """Choose those of these products that it is about, of whichever rule."""
        keys = sorted(products)
        texts = product_rows(self._db, np.array(keys, np.int64), _TEXTS)
        return [key for key, row in zip(keys, texts, strict=True) if silence.covers(row)]

    def get(self, silence: int) -> Silence | None:
        row = self._db.one(f"SELECT id, {_FIELDS} FROM silences WHERE id = ?", (silence,))
        return Silence(*row) if row else None

    def end(self, silence: int, now: Instant) -> bool:
        """End it now; False where it is over already, or never was."""
        end = self._sql.greatest("?2", "begins")
        sql = f"UPDATE silences SET ends = {end} WHERE id = ?1 AND ends > ?2"
        return bool(self._db.execute(sql, (silence, now)).rowcount)

    def list(self) -> builtins.list[Silence]:
        """All, the newest first."""
        return self._db.all(Silence, f"SELECT id, {_FIELDS} FROM silences ORDER BY id DESC")

    def active(self, now: Instant) -> builtins.list[Silence]:
        """Return those that are on, the one that lasts longest first."""
        sql = f"SELECT id, {_FIELDS} FROM silences WHERE begins <= ?1 AND ends > ?1"
        return self._db.all(Silence, f"{sql} ORDER BY ends DESC, id", (now,))

    def matching_nothing(self, rules: Iterable[str], now: Instant) -> builtins.list[Silence]:
        """Silences that are not over, and cover none of ``rules`` or no product that is known."""
        names = builtins.list(rules)
        sql = f"SELECT id, {_FIELDS} FROM silences WHERE ends > ? ORDER BY id"
        found = self._db.all(Silence, sql, (now,))
        of_some = [each for each in found if each.patterns.keys() != {"rule"}]
        idle = self._without_product(of_some)
        return [each for each in found if each in idle or not any(map(each.covers_rule, names))]

    def _without_product(self, silences: Sequence[Silence]) -> Sequence[Silence]:
        """Return those of them that cover no product that is known."""
        for texts in self._db.stream(f"SELECT {_TEXTS} FROM products") if silences else ():
            silences = [each for each in silences if not each.covers(texts)]
            if not silences:
                break
        return silences

    def of_product(self, product: int, now: Instant) -> builtins.list[Silence]:
        """Return those that are on and cover the product, of whichever rules."""
        texts = self._db.rows(f"SELECT {_TEXTS} FROM products WHERE id = ?", (product,))
        return [each for each in self.active(now) if any(map(each.covers, texts))]

    def covering(self, rule: str, products: Sequence[int], now: Instant) -> dict[int, Silence]:
        """The silence that lasts longest for each of these products of the rule, where any is."""
        active = [each for each in self.active(now) if each.covers_rule(rule)]
        if not active:
            return {}
        texts, among = self._texts(products), _Among(active)
        found = ((key, among.covering(row)) for key, row in texts)
        return {key: each for key, each in found if each is not None}

    def covering_any(
        self, pairs: Collection[tuple[str, int]], now: Instant
    ) -> set[tuple[str, int]]:
        """Choose those of these pairs (rule and product) that some silence is about."""
        of_rules = _by_rule(self.active(now), {rule for rule, _product in pairs})
        whole = {rule for rule, own in of_rules.items() if any(each.is_of_all for each in own)}
        asked = {pair for pair in pairs if pair[0] not in whole and of_rules[pair[0]]}
        texts = dict(self._texts(sorted({product for _rule, product in asked})))
        among = {rule: _Among(own) for rule, own in of_rules.items()}
        covered = {
            (rule, product)
            for rule, product in asked
            if among[rule].covering(texts[product]) is not None
        }
        return covered | {pair for pair in pairs if pair[0] in whole}

    def of_alert(
        self, rule: str, product: int, since: Instant, until: Instant
    ) -> builtins.list[Silence]:
        """Return those that were on at some time from ``since`` to ``until`` and cover a product of
        a rule, the oldest first."""
        sql = f"SELECT id, {_FIELDS} FROM silences WHERE begins <= ?2 AND ends > ?1 ORDER BY id"
        ((_key, texts),) = self._texts([product])
        found = self._db.all(Silence, sql, (since, until))
        return [each for each in found if each.covers_rule(rule) and each.covers(texts)]

    def _texts(self, products: Sequence[int]) -> Iterator[tuple[int, Row]]:
        rows = product_rows(self._db, np.array(products, np.int64), _TEXTS)
        return zip(products, rows, strict=True)


class Holding(Face):
    """At most one thing is held for each rule, product and channel: the newest."""

    def groups(self) -> builtins.list[HeldGroup]:
        """Return what is held in short, each with the time of its oldest."""
        return self._db.all(
            HeldGroup,
            "SELECT rule, channel, silence, min(since), count(*) FROM held "
            "GROUP BY rule, channel, silence ORDER BY rule, channel, coalesce(silence, 0)",
        )

    def of_rule(self, rule: str) -> builtins.list[Held]:
        """All of one rule."""
        return self._select("rule = ?", rule)

    def of_alerts(self, alerts: Iterable[int]) -> builtins.list[Held]:
        """All of these alerts."""
        return self._select(f"alert IN {self._sql.among()}", self._sql.listed(alerts))

    def _select(self, condition: str, value: object) -> builtins.list[Held]:
        sql = f"SELECT {_HELD_FIELDS} FROM held WHERE {condition} ORDER BY rule, product, channel"
        return self._db.all(Held, sql, (value,))

    def put(self, held: Iterable[Held]) -> None:
        """Hold these, in place of what was held of the same rule, product and channel."""
        with self._db.atomic():
            columns = _HELD_FIELDS.split(", ")
            self._db.many(self._sql.upsert("held", columns, columns[:3]), map(astuple, held))

    def release(self, held: Iterable[Held]) -> None:
        """Hold these no more."""
        with self._db.atomic():
            self._db.many(
                "DELETE FROM held WHERE rule = ? AND product = ? AND channel = ?",
                ((each.rule, each.product, each.channel) for each in held),
            )

    def keep_only(self, tellings: Sequence[tuple[str, str]]) -> None:
        """Forget what is held of other rules or for other channels than these (rule, channel)."""
        self._db.execute(
            f"DELETE FROM held WHERE (rule, channel) NOT IN {self._sql.pairs()}",
            (self._sql.paired(tellings),),
        )
