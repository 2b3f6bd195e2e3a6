"""The ``products:`` of a rule test: fields and their series."""

from __future__ import annotations

from watcher.analysis.ruletests.cases import Actor
from watcher.analysis.ruletests.series import Series, TextSeries, parse_series, parse_texts
from watcher.analysis.ruletests.source import TestSource
from watcher.model import OF_LIST
from watcher.rules.files.document import Path
from watcher.rules.metrics import RANK, Catalogue, Metric
from watcher.words import Wrong, kind, quoted

_NAME = "product_name"
_NOT_GIVEN = {"product_id": "is the product's own key", "region": "is that of the watch"}


class Actors:
    """Reads the products of a test."""

    def __init__(self, source: TestSource, metrics: Catalogue) -> None:
        self._source = source
        self._metrics = metrics

    def read(self, raw: object, path: Path) -> tuple[Actor, ...]:
        """The products in the order of the file; what is wrong is reported."""
        if not isinstance(raw, dict) or not raw:
            what = "products takes a mapping of product ids and their series"
            self._source.report(path if raw is not None else path[:-1], f"{what}, not {kind(raw)}")
            return ()
        return tuple(self._actor(name, value, (*path, name)) for name, value in raw.items())

    def _actor(self, name: str, raw: object, path: Path) -> Actor:
        texts: dict[str, TextSeries] = {}
        series: dict[str, Series] = {}
        for field, value in self._source.mapping({} if raw is None else raw, path).items():
            place = (*path, field)
            metric = self._metrics.get(field)
            if field in _NOT_GIVEN:
                self._source.report(place, f"{field} {_NOT_GIVEN[field]}", at_key=True)
            elif self._metrics.attribute(field) is not None:
                try:
                    texts[field] = parse_texts(value, free=field == _NAME)
                except ValueError as error:
                    self._source.report(place, str(error))
            elif metric is None:
                message = f"unknown field {quoted(field)}{self._metrics.suggest(field)}"
                self._source.report(place, message, at_key=True)
            elif metric.needs != {metric.name}:
                self._source.report(
                    place,
                    f"{field} is computed: give {', '.join(sorted(metric.needs - {*OF_LIST}))}",
                    at_key=True,
                )
            else:
                found = self._series(metric, value, place)
                if found is not None:
                    series[field] = found
        return Actor(name, texts, series)

    def _series(self, metric: Metric, value: object, path: Path) -> Series | None:
        if not isinstance(value, str):
            self._source.report(path, f"takes values as 100x3 120 _ 90, not {kind(value)}")
            return None
        try:
            series = parse_series(value, metric.unit, dict(metric.names))
            if metric.name == RANK:
                _check_places(series)
        except ValueError as error:
            self._source.report(path, str(error))
            return None
        return series


def _check_places(series: Series) -> None:
    for place in series:
        # NaN is neither: a product may stand in a list without a place.
        if place is not None and (place < 1 or place % 1 > 0):
            raise Wrong("a rank is a whole number from 1")
