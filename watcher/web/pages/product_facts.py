"""Facts about a product that are worth knowing, and the metrics whose past is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from watcher.language import gettext as _
from watcher.model import ProductFacts
from watcher.rules.metrics import Catalogue
from watcher.text.evidence import said
from watcher.units import Currencies, Unit, format_value


def known_of(
    facts: ProductFacts, catalogue: Catalogue, currencies: Currencies
) -> list[tuple[str, str]]:
    """Facts that have no plot and no page, then the user's own numbers and texts; each with its
    label."""
    return [*_known(facts), *_own(facts, catalogue, currencies)]


def _known(facts: ProductFacts) -> Sequence[tuple[str, str]]:
    """Facts worth knowing that have neither plot nor page."""
    numbers: Mapping[str, float | None] = facts.numbers
    known = [
        (_("Trend"), said("sales_trend_flag", numbers.get("sales_trend_flag"), Unit.FLAG)),
        (_("Collected since"), said("first_crawl_dt", numbers.get("first_crawl_dt"), Unit.DAY)),
    ]
    return [pair for pair in known if pair[1] != _("no value")]


def _own(
    facts: ProductFacts, catalogue: Catalogue, currencies: Currencies
) -> Iterator[tuple[str, str]]:
    """Yield the user's own numbers and texts of the product."""
    table = catalogue.facts
    for name, value in table.of(facts.product_id) if table is not None else ():
        metric = catalogue.get(name)
        unit = metric.unit if metric is not None else Unit.TEXT
        yield name, format_value(value, unit, currencies)
