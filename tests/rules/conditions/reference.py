"""The rule language once more, written plainly: one product at a time, from lists of what was seen.

It shares nothing with the code but the names: conditions are read as they are written, and a
verdict is True (met), False (not met) or None (no data).
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

DAY = 86_400
SECONDS = {"h": 3_600, "d": DAY, "w": 7 * DAY}
EVERY = 1_000_000  # places: more than any list has
TRENDS = {"stable": 0.0, "rising": 1.0, "falling": 2.0}

Value = float | None
Fields = Mapping[str, Value]


@dataclass(frozen=True)
class Sight:
    """One product in one scan."""

    fields: Fields
    rank: int
    name: str | None


@dataclass(frozen=True)
class Seen:
    """One scan: who was on the list, and what that said of itself; None of earlier versions."""

    watch: str
    at: int
    complete: bool
    products: Mapping[str, Sight]
    day: float | None = None
    sparse: bool | None = None


@dataclass
class Reference:
    """What the last of ``scans``, recorded in this order, says of its products.

    ``every`` is the time between two scans by the watch's schedule.
    """

    scans: list[Seen]
    every: int = DAY
    now: Seen = field(init=False)
    before: list[Seen] = field(init=False)

    def __post_init__(self) -> None:
        *self.before, self.now = self.scans

    def own(self) -> list[Seen]:
        """The watch's earlier scans."""
        return [scan for scan in self.before if scan.watch == self.now.watch]

    def last_list(self, places: int) -> Seen | None:
        """The watch's last scan that read so many places: whole pages, if it was cut off."""

        def covers(scan: Seen) -> bool:
            pages = {(sight.rank - 1) // 10 for sight in scan.products.values()}
            return scan.complete or set(range(-(-places // 10))) <= pages

        return next((scan for scan in reversed(self.own()) if covers(scan)), None)

    def fallen(self, *places: int) -> set[str]:
        """Who was on one of the last lists of so many places and is not on this one."""
        lists = [listed for each in places if (listed := self.last_list(each)) is not None]
        before = set[str]().union(*(listed.products for listed in lists))
        return before - set(self.now.products) if self.now.complete else set()

    def verdict(self, when: Mapping[str, Any], product: str) -> bool | None:
        """What a mapping of conditions says."""
        return all_of(self._entry(key, value, product) for key, value in when.items())

    def _entry(self, key: str, value: Any, product: str) -> bool | None:
        if key == "all":
            return all_of(self.verdict(one, product) for one in value)
        if key == "any":
            return any_of(self.verdict(one, product) for one in value)
        if key == "not":
            inner = self.verdict(value, product)
            return None if inner is None else not inner
        if key == "appears":
            return self._appears(product)
        if key == "reappears":
            return self._reappears(product)
        if key == "disappears":  # judged at the scan that proves it, of which there is no row here
            return False if product in self.now.products else None
        if key == "product_name":
            sight = self.now.products.get(product)
            return all_of(
                self._reworded(name, given, product)
                if name in REWORDED
                else text(name, given, sight)
                for name, given in _operators(value)
            )
        options = value if isinstance(value, Mapping) else {}
        return all_of(
            self._operator(key, name, given, options, product)
            for name, given in _operators(value)
            if name not in ("from", "min_change", "over")
        )

    def _appears(self, product: str) -> bool | None:
        if product not in self.now.products or not any(scan.complete for scan in self.own()):
            return None
        return not any(product in scan.products for scan in self.own())

    def _reappears(self, product: str) -> bool | None:
        own = self.own()
        if product not in self.now.products or sum(scan.complete for scan in own) < 2:
            return None
        there = [place for place, scan in enumerate(own) if product in scan.products]
        missed = own[there[-1] + 1 :] if there else []
        return sum(scan.complete for scan in missed) >= 2

    def _reworded(self, name: str, given: Any, product: str) -> bool | None:
        sight = self.now.products.get(product)
        known = [
            scan.products[product].name
            for scan in self.own()
            if product in scan.products and scan.at >= self.now.at - 14 * DAY
        ]
        before = [each for each in known if each is not None]
        if sight is None or sight.name is None or not before:
            return None
        then, now, wanted = (
            " ".join(str(each).lower().split()) for each in (before[-1], sight.name, given)
        )
        moved = then != now
        return moved and {"changes": True, "becomes": now == wanted, "leaves": then == wanted}[name]

    def _operator(
        self, metric: str, name: str, given: Any, options: Mapping[str, Any], product: str
    ) -> bool | None:
        if name in ("enters_top", "leaves_top"):
            return self._top(name, given, product)
        now = self._value(metric, self.now, product)
        if now is None:
            return None
        if name in PLAIN:
            return PLAIN[name](now, given)
        if name == "unusual":
            usual = f"{9 * WINDOWS[metric]}d" if metric in WINDOWS else "28d"
            return self._unusual(metric, now, given, options.get("over", usual), product)
        if name == "unchanged":
            return self._unchanged(metric, now, given, product)
        if name in ("lowest", "highest"):
            return self._record(metric, now, name, given, product)
        then = self.baseline(metric, options.get("from", "last"), product)
        if then is None:
            return None
        if name in ("climbs", "drops"):
            return moved("falls" if name == "climbs" else "rises", now, then, given, None)
        if name in ("rises", "falls", "changes"):
            return moved(name, now, then, given, options.get("min_change"))
        return TRANSITIONS[name](then, now, number(given))

    def _top(self, name: str, places: int, product: str) -> bool | None:
        # A scan that was cut off does not say who left, so it hides no leaving either.
        listed = self.last_list(places if name == "enters_top" else EVERY)
        if listed is None:
            return None
        before = product in listed.products and listed.products[product].rank <= places
        inside = product in self.now.products and self.now.products[product].rank <= places
        # To have left is to have been on a complete list: what was cut off is not looked at.
        lists = (places, EVERY) if name == "enters_top" else (EVERY,)
        if product not in self.now.products and product not in self.fallen(*lists):
            return None
        return inside and not before if name == "enters_top" else before and not inside

    def _value(self, metric: str, scan: Seen, product: str) -> Value:
        sight = scan.products.get(product)
        if sight is None:
            return None
        if metric == "rank":
            return float(sight.rank) if scan.watch == self.now.watch else None
        fields = {**sight.fields, "day": scan.day, "sparse": float(scan.sparse or 0)}
        return METRICS[metric](fields, scan.at)

    def baseline(self, metric: str, from_: str, product: str) -> Value:
        """What the value is compared with."""
        first, *rest = from_.split()
        if first == "last":
            reach = max(14 * DAY, 2 * self.every)
            known = [
                value
                for scan in self.own()
                if scan.at >= self.now.at - reach
                and (value := self._value(metric, scan, product)) is not None
            ]
            return known[-1] if known else None
        if rest == ["ago"]:
            seconds = duration(first)
            then = self.now.at - seconds
            found = [
                scan
                for scan in sorted(self.before, key=lambda scan: scan.at)
                if then - min(seconds // 2, 7 * DAY) <= scan.at
                and scan.at <= then + min(seconds // 10, self.every // 2)
                and product in scan.products
                and (metric != "rank" or scan.watch == self.now.watch)
            ]
            return self._value(metric, found[-1], product) if found else None
        values = [value for _, value in self._past(metric, rest[0], product)]
        return STATISTICS[first](values) if len(values) >= 3 else None

    def _past(
        self, metric: str, length: str, product: str, above: float = -math.inf
    ) -> list[tuple[int, float]]:
        """Days and values in the time before now; none where they don't span two thirds of it."""
        begin = self.now.at - duration(length)
        found = [
            (scan.at, value)
            for scan in self.before
            if begin <= scan.at < self.now.at
            and (value := self._value(metric, scan, product)) is not None
            and value > above
        ]
        first = min((at for at, _ in found), default=self.now.at)
        if 3 * (self.now.at - first) < 2 * duration(length):
            return []
        return [(at // DAY, value) for at, value in found]

    def _apart(self, past: list[tuple[int, float]], window: int) -> list[tuple[int, float]]:
        """The newest values whose sums of so many days share no day."""
        kept, last = [], self.now.at // DAY
        for day, value in sorted(past, key=lambda pair: pair[0])[::-1]:
            if day + window <= last:
                kept.append((day, value))
                last = day
        return kept

    def _record(self, metric: str, now: float, name: str, length: str, product: str) -> bool | None:
        values = [value for _, value in self._past(metric, length, product)]
        if len(values) < 3:
            return None
        best = (min if name == "lowest" else max)(*values, now)
        return abs(now - best) <= slack(now, best)

    def _unchanged(self, metric: str, now: float, length: str, product: str) -> bool | None:
        """Of a time that is known whole: with no hole over two days, or two scans."""
        seconds = duration(length)
        most = max(2 * DAY, 2 * self.every) * 11 // 10
        begin = self.now.at - seconds + min(seconds // 10, self.every // 2)
        seen = [
            (scan.at, value)
            for scan in self.before
            if begin - most <= scan.at < self.now.at
            and (value := self._value(metric, scan, product)) is not None
        ]
        since = max((at for at, _ in seen if at <= begin), default=None)
        if since is None:
            return None
        if any(abs(value - now) > slack(now, value) for at, value in seen if at >= since):
            return False
        times = sorted(at for at, _ in seen if at >= since)
        holes = [after - at for at, after in zip(times, [*times[1:], self.now.at], strict=True)]
        return True if max(holes) <= most else None

    def _unusual(
        self, metric: str, now: float, score: float, over: str, product: str
    ) -> bool | None:
        past = self._past(metric, over, product, above=-1)
        least = 14
        if metric in WINDOWS:
            past, least = self._apart(past, WINDOWS[metric]), 8
        if now <= -1 or len({day for day, _ in past}) < least:
            return None
        logs = [math.log(1 + value) for _, value in past]
        middle = statistics.median(logs)
        deviations = [abs(one - middle) for one in logs]
        difference = math.log(1 + now) - middle
        if statistics.median(deviations) > 1e-12:
            z = 0.6745 * difference / statistics.median(deviations)
        elif statistics.fmean(deviations) > 1e-12:
            z = difference / (1.2533 * statistics.fmean(deviations))
        else:
            return None
        return abs(z) >= score


def all_of(verdicts: Any) -> bool | None:
    """One not met decides; else one no data makes it no data."""
    found = list(verdicts)
    return False if False in found else None if None in found else True


def any_of(verdicts: Any) -> bool | None:
    """One met decides; else one no data makes it no data."""
    found = list(verdicts)
    return True if True in found else None if None in found else False


REWORDED = ("changes", "becomes", "leaves")


def _operators(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else [("equals", value)]


def text(name: str, given: Any, sight: Sight | None) -> bool | None:
    """An operator on the product's name."""
    if sight is None or sight.name is None:
        return None
    return TEXT[name](sight.name, given)


def number(given: Any) -> float:
    """A number as it is written."""
    if isinstance(given, str):
        return TRENDS[given] if given in TRENDS else float(given.rstrip("%")) / 100
    return float(given)


def duration(written: str) -> int:
    """Seconds of 7d."""
    return int(written[:-1]) * SECONDS[written[-1]]


def slack(now: float, then: float) -> float:
    """What binary fractions may be off by."""
    return 1e-9 * max(abs(now), abs(then))


def moved(name: str, now: float, then: float, given: Any, floor: float | None) -> bool | None:
    """Rises, falls, changes."""
    by = {"rises": now - then, "falls": then - now, "changes": abs(now - then)}[name]
    least = number(given)
    if isinstance(given, str):
        if then == 0 and floor is None:
            return None
        least *= abs(then)
    enough = by >= least - slack(now, then)
    return enough and (floor is None or by >= floor - slack(now, then))


PLAIN: dict[str, Callable[[float, Any], bool]] = {
    "equals": lambda now, given: now == number(given),
    "not_equals": lambda now, given: now != number(given),
    "in": lambda now, given: any(now == number(one) for one in given),
    "not_in": lambda now, given: all(now != number(one) for one in given),
    "above": lambda now, given: now > number(given),
    "below": lambda now, given: now < number(given),
    "at_least": lambda now, given: now >= number(given),
    "at_most": lambda now, given: now <= number(given),
    "between": lambda now, given: number(given[0]) <= now <= number(given[1]),
}
TRANSITIONS: dict[str, Callable[[float, float, float], bool]] = {
    "becomes": lambda then, now, value: then != value and now == value,
    "leaves": lambda then, now, value: then == value and now != value,
    "crosses_above": lambda then, now, line: then <= line < now,
    "crosses_below": lambda then, now, line: then >= line > now,
}
TEXT: dict[str, Callable[[str, Any], bool]] = {
    "equals": lambda name, given: name == given,
    "not_equals": lambda name, given: name != given,
    "in": lambda name, given: name in given,
    "not_in": lambda name, given: name not in given,
    "contains": lambda name, given: given.casefold() in name.casefold(),
    "matches": lambda name, given: re.search(given, name) is not None,
}
STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "median": statistics.median,
    "mean": statistics.fmean,
    "min": min,
    "max": max,
}


def _commission(fields: Fields, _at: int) -> Value:
    rate = fields.get("product_commission_rate")
    return None if rate is None else rate / 100 if rate > 1 else rate


def _live_share(fields: Fields, _at: int) -> Value:
    live, sales = fields.get("total_live_sale_7d_cnt"), fields.get("total_sale_7d_cnt")
    return None if live is None or not sales else live / sales


def _age(fields: Fields, at: int) -> Value:
    day = fields.get("first_crawl_dt")
    if day is None:
        return None
    born = date(int(day) // 10_000, int(day) // 100 % 100, int(day) % 100)
    return float(max(0, (datetime.fromtimestamp(at, UTC).date() - born).days))


def _growth(fields: Fields, at: int) -> Value:
    week, month = fields.get("total_sale_7d_cnt"), fields.get("total_sale_30d_cnt")
    age = _age(fields, at)
    if week is None or month is None or age is None or age < 14 or month <= week:
        return None
    return round(week * (min(age, 30) - 7) / (7 * (month - week)) - 1, 12)


def _earnings(fields: Fields, at: int) -> Value:
    sales, share = fields.get("total_sale_7d_cnt"), _commission(fields, at)
    return None if sales is None or share is None else sales * share


def _times_pace(sold: float, days: int, before: float, days_before: float, noise: float) -> float:
    """In standard errors."""
    lift = math.log((sold + 0.5) / days / ((before + 0.5) / days_before))
    variance = 1 / (sold + 0.5) + 1 / (before + 0.5) + noise / days + noise / days_before
    return lift / math.sqrt(variance)


def _surges(fields: Fields, at: int) -> tuple[float, float] | None:
    """``sales_surge`` and ``sales_surge_ratio``."""
    names = (f"total_sale_{days}d_cnt" for days in (1, 7, 30, 60))
    day, week, month, two_months = (fields.get(name) for name in names)
    age = _age(fields, at)
    if week is None or age is None or age < 14 or week == 0:
        return None
    if (day is not None and day > week) or (month is not None and month < week):
        return None
    if fields.get("sparse"):
        if two_months is None or two_months < week:
            return None
        before, days = two_months - week, min(age, 60) - 7
        score = 0.8 * _times_pace(week, 7, before, days, 3)
        return score, (week + 7) / 7 / ((before + days) / days)
    if day is None or month is None:
        return None
    before, days, of_list = month - week, min(age, 30) - 7, fields.get("day")
    one = 1.5 * _times_pace(day / (1 if of_list is None else of_list), 1, before, days, 1)
    score = min(one, _times_pace(week - day, 6, before, days, 1))
    return score, min(day + 1, (week - day + 6) / 6) / ((before + days) / days)


def _surge(fields: Fields, at: int) -> Value:
    found = _surges(fields, at)
    return None if found is None else round(found[0], 12)


def _surge_ratio(fields: Fields, at: int) -> Value:
    found = _surges(fields, at)
    return None if found is None else round(found[1], 12)


# Of how many days a metric is a sum, where that is more than one.
WINDOWS = {
    "total_sale_7d_cnt": 7, "live_share": 7, "sales_growth": 30, "earnings": 7,
    "sales_surge": 30, "sales_surge_ratio": 30, "heat": 30,
}  # fmt: skip

METRICS: dict[str, Callable[[Fields, int], Value]] = {
    "total_sale_7d_cnt": lambda fields, _at: fields.get("total_sale_7d_cnt"),
    "sales_trend_flag": lambda fields, _at: fields.get("sales_trend_flag"),
    "commission": _commission,
    "live_share": _live_share,
    "age_days": _age,
    "sales_growth": _growth,
    "earnings": _earnings,
    "sales_surge": _surge,
    "sales_surge_ratio": _surge_ratio,
    "heat": lambda fields, at: None if (surge := _surge(fields, at)) is None else surge * 2 + 1,
}
