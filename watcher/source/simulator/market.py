"""A market of products whose sales move day by day: the simulator's whole state.

The answer on ``day`` has what happened up to the day before, as KeyAPI's has (T+1). GMV is in US
dollars in every region, prices and SKUs are in the region's currency.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from watcher.fields import NUMERIC_NAMES
from watcher.model import Bools, Floats, Ints
from watcher.source.endpoint import Endpoint, Gives, Parameter, ParameterType, Use
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.simulator import dynamics, others
from watcher.source.simulator.behaviour import REAL, Behaviour
from watcher.source.simulator.catalogue import Goods, draw, joined
from watcher.source.simulator.columns import READERS, Collection, Columns, Index, Windows
from watcher.source.simulator.dynamics import SERIES, Day, State
from watcher.source.simulator.refusals import BadParameter
from watcher.source.simulator.texts import texts
from watcher.units import parse_day

REGIONS = ("US", "GB", "ID", "TH", "MX", "DE")
_BURN_IN = 100  # days: the longest window, and some for the first spikes to settle
_MEAN_AGE = 300
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_LARGEST = 2**63 - 1
_REGION = re.compile(r"[A-Z]{2}", re.ASCII)
_REMEMBERED = 64  # lists
_COMPARED = {
    Use.MINIMUM: np.greater_equal, Use.MAXIMUM: np.less_equal, Use.FILTER: np.equal,
    Use.OWN: np.equal,
}  # fmt: skip

_CATEGORIES = ("category_id", "category_l2_id", "category_l3_id")
_COLUMNS = (*NUMERIC_NAMES, *_CATEGORIES)


class Request(NamedTuple):
    """Validated parameters; ``wanted`` are those that choose products, ``page`` is from 1.

    Of an endpoint that takes no ``region`` it is empty: its lists have the products of all.
    """

    endpoint: Endpoint
    region: str
    wanted: tuple[tuple[str, float], ...]
    sort: str | None
    descending: bool
    page: int
    size: int


def parse(params: Mapping[str, str], endpoint: Endpoint = PRODUCT_LIST) -> Request:
    """Read a query string's parameters; raises ``BadParameter`` with the first fault."""
    needed = (one.name for one in endpoint.parameters if one.required or one.name == "region")
    for name in (*needed, endpoint.page, endpoint.size):
        if name not in params:
            raise BadParameter(f"{name} is required")
    is_regional = "region" in endpoint.by_name
    region = params["region"] if is_regional else ""
    if is_regional and not _REGION.fullmatch(region):
        raise BadParameter("region must be a code of two capital letters")
    values = {
        name: _value(name, text, endpoint) for name, text in params.items() if name != "region"
    }
    page, size = int(values.pop(endpoint.page)), int(values.pop(endpoint.size))
    sorts = {number: name for name, number in endpoint.sorts.items()}
    sort = sorts.get(int(values.pop(endpoint.sort_field, 0)))
    descending = values.pop(endpoint.sort_type, 1) == 1
    return Request(endpoint, region, tuple(sorted(values.items())), sort, descending, page, size)


def asked_ids(params: Mapping[str, str], endpoint: Endpoint) -> list[str]:
    """The ids that a lookup asks for; raises ``BadParameter`` with the first fault."""
    for name in params:
        if name != endpoint.batch:
            raise BadParameter(f"unknown parameter {name}")
    given = params.get(endpoint.batch, "")
    if not given:
        raise BadParameter(f"{endpoint.batch} is required")
    ids = given.split(",")
    if len(ids) > endpoint.page_size:
        raise BadParameter(f"{endpoint.batch} takes up to {endpoint.page_size} ids")
    if not all(_INTEGER.fullmatch(each) for each in ids):
        raise BadParameter(f"{endpoint.batch} must be ids, with commas between them")
    return ids


def _value(name: str, text: str, endpoint: Endpoint) -> float:
    parameter, bounds = endpoint.by_name.get(name), _bounds(endpoint).get(name)
    if parameter is None and bounds is None:
        # The real endpoint may ignore it; here it shows a mistake of ours.
        raise BadParameter(f"unknown parameter {name}")
    if parameter is not None and parameter.type is ParameterType.NUMBER:
        return _amount(name, text)
    number = _integer(name, text, bounds)
    if parameter is not None:
        _check(parameter, number)
    return number


def _amount(name: str, text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        raise BadParameter(f"{name} must be a number")
    return amount


def _integer(name: str, text: str, bounds: tuple[int, int] | None) -> int:
    if not _INTEGER.fullmatch(text) or abs(int(text)) > _LARGEST:
        raise BadParameter(f"{name} must be an integer")
    number = int(text)
    low, high = bounds or (number, number)
    if not low <= number <= high:
        raise BadParameter(f"{name} must be from {low} to {high}")
    return number


def _check(parameter: Parameter, number: int) -> None:
    if parameter.type is ParameterType.DAY and parse_day(number) is None:
        raise BadParameter(f"{parameter.name} must be a day as yyyyMMdd")
    if parameter.names and number not in dict(parameter.names).values():
        raise BadParameter(f"{parameter.name} can't be {number}")


def _bounds(endpoint: Endpoint) -> dict[str, tuple[int, int]]:
    """The bounds of the parameters that every list has."""
    return {
        endpoint.page: (1, endpoint.last_page),
        endpoint.size: (1, endpoint.page_size),
        endpoint.sort_field: (1, max(endpoint.sorts.values(), default=1)),
        endpoint.sort_type: (0, 1),
    }


class Market:
    """``products`` or a few more products on the list, over ``regions`` (the first the largest).

    ``start`` is the first ``day`` ("today"), ``behaviour`` how it moves: a preset or settings of
    one's own. The same settings give the same market, however its days are advanced; a change to
    one product (``boost`` and the like) leaves all others as they would have been.
    """

    def __init__(
        self,
        *,
        start: date,
        seed: int = 7,
        products: int = 5_000,
        regions: Sequence[str] = REGIONS,
        behaviour: Behaviour = REAL,
    ) -> None:
        if seed < 0 or products < 1 or not regions:
            raise ValueError("a market needs a seed of at least 0, a product and a region")
        self.seed = seed
        self.products = products
        self.regions = tuple(regions)
        self.behaviour = behaviour
        self.origin = start - timedelta(days=_BURN_IN)  # the date of day 0
        self.told = 0  # days that the counters have
        self._elapsed = 0
        rng = np.random.default_rng([seed, 0])
        births = -1 - np.minimum(rng.exponential(_MEAN_AGE, products), 1_500).astype(np.int64)
        self.goods = draw(rng, births, self.regions, behaviour, seed=seed, first=0)
        self.state = dynamics.begin(self.goods, rng, launch=False)
        self.windows = Windows()
        self.windows.grow(_past(self.goods, self.state, rng))
        self.slots = {str(number): slot for slot, number in enumerate(self.goods.ids.tolist())}
        self._collection = Collection(behaviour, seed)
        self._lists: dict[tuple[object, ...], Ints] = {}
        self.advance(_BURN_IN)

    def __len__(self) -> int:
        """The number of products on the list."""
        return int(self.listed().sum())

    @property
    def day(self) -> date:
        """Today; the newest data is yesterday's, or older where the source is late."""
        return self.origin + timedelta(days=self._elapsed)

    def advance(self, days: int = 1) -> None:
        """Let ``days`` days pass."""
        self._lists.clear()
        for _ in range(days):
            self._elapsed += 1
            if not self._collection.late(self._elapsed):
                self._catch_up()

    def answer(
        self, params: Mapping[str, str], endpoint: Endpoint = PRODUCT_LIST
    ) -> list[dict[str, object]]:
        """The page of products for request parameters; raises ``BadParameter``."""
        if endpoint.gives is Gives.LOOKUP:
            return self._records(self._found(asked_ids(params, endpoint)), endpoint)
        if endpoint.gives is Gives.OTHER:
            return others.answer(self, params, endpoint)
        request = parse(params, endpoint)
        key = request[:5]
        if key not in self._lists:  # else remembered: its other pages are cheap
            if len(self._lists) >= _REMEMBERED:
                self._lists.clear()
            self._lists[key] = self._select(request)
        first = (request.page - 1) * request.size
        return self._records(self._lists[key][first : first + request.size], endpoint)

    def product(self, product_id: str) -> dict[str, object]:
        """One product as an answer has it, also when it is on no list; KeyError if unknown."""
        return self._records(np.array([self.slots[product_id]]))[0]

    def product_ids(self) -> tuple[str, ...]:
        """The ids on the list, of all regions."""
        return tuple(map(str, self.goods.ids[self.listed()].tolist()))

    def listed(self) -> Bools:
        """The products on the list, (n,): a delisted one stays some days."""
        state = self.state
        gone = self.told - state.off_since >= state.shown_days
        return self._collection.shown(np.asarray((state.off_since < 0) | ~gone))

    def column(self, name: str, at: Index = slice(None)) -> Floats | Ints:
        """A numeric field (amounts in units) or a category, of all products or those ``at``."""
        columns = Columns(self.goods, self.state, self.windows, self.origin)
        return READERS[name](columns, at)

    def _found(self, ids: Sequence[str]) -> Ints:
        """The listed products of these ids, as places in the columns, in an order of the day's."""
        shown = self.listed()
        slots = dict.fromkeys(self.slots[each] for each in ids if each in self.slots)
        places = np.array([slot for slot in slots if shown[slot]], np.int64)
        return np.random.default_rng([self.seed, self._elapsed, 2]).permutation(places)

    def _select(self, request: Request) -> Ints:
        """The products of a list, as places in the columns."""
        mask: Bools = self.listed()
        if request.region:
            region = self.regions.index(request.region) if request.region in self.regions else -1
            mask &= self.goods.region == region
        for name, limit in request.wanted:
            parameter = request.endpoint.by_name[name]
            mask &= _COMPARED[parameter.use](self.column(parameter.field), limit)
        if request.sort is None:  # arbitrary, another one every day
            luck = np.random.default_rng([self.seed, self._elapsed, 1])
            order = luck.permutation(len(self.goods))
            return np.asarray(order[mask[order]])
        chosen = np.flatnonzero(mask)
        values = self.column(request.sort)[chosen]
        return chosen[np.argsort(-values if request.descending else values, kind="stable")]

    def _catch_up(self) -> None:
        """Let the days up to yesterday's be told."""
        while self.told < self._elapsed:
            day = self.told
            rng = np.random.default_rng([self.seed, day + 1])
            self._launch(rng, day)
            today = Day(day, self.origin + timedelta(days=day), rng, self.behaviour)
            table = dynamics.step(self.goods, self.state, today)
            self.windows.add(day, self._collection.told(day, table))
            self.told += 1

    def _launch(self, rng: np.random.Generator, day: int) -> None:
        """New products in place of those that chance delisted, so the list never shrinks.

        Those that a test delisted are not replaced: it would change all others' luck.
        """
        first = len(self.goods)
        count = int(self.state.fated.sum()) - (first - self.products)
        births = np.full(count, day, dtype=np.int64)
        fresh = draw(rng, births, self.regions, self.behaviour, seed=self.seed, first=first)
        self.goods = joined(self.goods, fresh)
        self.state = joined(self.state, dynamics.begin(fresh, rng, launch=True))
        self.windows.grow(np.zeros((len(SERIES), count), dtype=np.int64))
        numbers = fresh.ids.tolist()
        self.slots.update({str(number): first + index for index, number in enumerate(numbers)})

    def _records(self, slots: Ints, endpoint: Endpoint = PRODUCT_LIST) -> list[dict[str, object]]:
        numbers = [_plain(self.column(name, slots)) for name in NUMERIC_NAMES]
        categories = [[str(one) for one in self.column(name, slots)] for name in _CATEGORIES]
        rows = zip(*numbers, *categories, strict=True)
        found = [
            texts(self.goods, self.state, slot, self.regions, self.day)
            | dict(zip(_COLUMNS, row, strict=True))
            for slot, row in zip(slots.tolist(), rows, strict=True)
        ]
        names = endpoint.renamed
        if not names:
            return found
        return [{names.get(name, name): value for name, value in one.items()} for one in found]


def _plain(values: Floats | Ints) -> list[float | int]:
    """Numbers as the vendor writes them: amounts with up to two decimals, 0 and not 0.0."""
    if values.dtype.kind == "i":
        return list(values.tolist())
    return [int(value) if value.is_integer() else value for value in values.tolist()]


def _past(goods: Goods, state: State, rng: np.random.Generator) -> Ints:
    """The sales of the first products before the simulated days, (9, n); reviews are set too."""
    n = len(goods)
    days = -goods.birth
    sold = np.floor(np.exp(goods.base) * days * rng.uniform(0.2, 1.2, n) + rng.random(n))
    videos = np.floor(goods.videos_for_sales * np.exp(0.55 * goods.base) * days * rng.random(n))
    lives = np.floor(goods.lives * np.minimum(1, np.exp(goods.base)) * days * rng.random(n))
    by_video = np.where(videos > 0, np.floor(sold * goods.video_share), 0)
    by_live = np.where(lives > 0, np.floor((sold - by_video) * goods.live_share), 0)
    cents = goods.price / goods.per_dollar
    views = np.where(videos > 0, by_video / goods.conversion + videos * 40, 0)
    money = [np.round(units * cents) for units in (sold, by_video, by_live)]
    state.reviews = np.floor(sold * goods.review_share).astype(np.int64)
    state.filmed = videos > 0
    rows = (sold, money[0], videos, by_video, money[1], lives, by_live, money[2], views)
    return np.array(rows).astype(np.int64)
