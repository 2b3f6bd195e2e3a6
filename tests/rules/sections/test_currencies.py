"""``api.gmv_currency``."""

from __future__ import annotations

import re

import pytest

from watcher.errors import RulesError
from watcher.rules.files.loading import load_text
from watcher.rules.schema.json_schema import json_schema
from watcher.rules.sections.validators import CODES

RULES = """
api:
  gmv_currency: {}
channels: {{me: {{url: "json://localhost"}}}}
defaults: {{region: US, notify: [me]}}
rules: [{{name: r, watch: {{top: 5}}, when: {{total_sale_gmv_7d_amt: {{above: 5}}}}}}]
"""


def test_every_code() -> None:
    """Offered by an editor as it is, and taken in any case."""
    offered, written = json_schema()["properties"]["api"]["properties"]["gmv_currency"]["anyOf"]
    pattern = re.compile(written["pattern"])
    assert offered["enum"] == list(CODES)
    assert len(set(CODES)) == len(CODES)
    assert {"USD", "IDR", "THB", "PHP", "MYR", "VND", "GBP", "MXN", "SGD", "SAR"} <= set(CODES)
    assert {"BRL", "EUR", "JPY", "CNY"} <= set(CODES)
    assert all(pattern.search(text) for text in (*CODES, "usd", " EUR ", "${CODE}"))
    assert not any(pattern.search(text) for text in ("dollars", "US", "5", "USDT", ""))
    book = load_text(RULES.format("usd"))
    assert (book.api.gmv_currency, book.metrics.gmv_currency) == ("USD", "USD")


def test_none_by_default() -> None:
    """The API does not say, and nobody guesses."""
    book = load_text(RULES.replace("  gmv_currency: {}\n", "  concurrency: 1\n").format())
    assert (book.api.gmv_currency, book.metrics.gmv_currency) == (None, None)


def test_from_a_variable() -> None:
    """As every other value."""
    book = load_text(RULES.format('"${CODE}"'), env={"CODE": "sgd"})
    assert book.metrics.gmv_currency == "SGD"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("$", '"$" is no currency, did you mean "USD"?'),
        ("RMB", '"RMB" is no currency, did you mean "CNY"?'),
        ("Rp", '"Rp" is no currency, did you mean "IDR"?'),
        ("rupiah", '"rupiah" is no currency: write its code of ISO 4217, as USD'),
        ("5", "takes the code of a currency, as USD, not the number 5"),
        ("[USD]", "takes the code of a currency, as USD, not a list"),
    ],
)
def test_what_is_none(written: str, message: str) -> None:
    """With its place, and the code that was meant where that is known."""
    with pytest.raises(RulesError) as caught:
        load_text(RULES.format(written))
    assert f"3:17: api.gmv_currency: {message}" in str(caught.value)
