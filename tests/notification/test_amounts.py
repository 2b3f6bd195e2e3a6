"""Prices have the variants' currency; GMV has none, unless the user names one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import msgspec
import pytest

from tests.fakes.world import HEAD, WATCH, World
from watcher.delivery.message import render
from watcher.delivery.rendered import Style
from watcher.delivery.view import view_of
from watcher.fields import NUMERIC
from watcher.message import Message
from watcher.model import Verdict
from watcher.notification.charting import chart_of
from watcher.store.sqlite.database import Database
from watcher.units import AMOUNTS, Unit

AMOUNT_FIELDS = [field.name for field in NUMERIC if field.unit in AMOUNTS]
PRICES = {"min_price", "max_price", "spu_avg_price"}
OWN = """
metrics:
  earnings: spu_avg_price * commission
  a_sale: total_sale_gmv_7d_amt / total_sale_7d_cnt
"""
VALUES = {
    **dict.fromkeys(AMOUNT_FIELDS, 4_567.0),
    "total_sale_7d_cnt": 10.0,
    "product_commission_rate": 0.1,
}


def world_of(store: Database, metrics: Sequence[str], api: str = "") -> World:
    """A rule that fires on each metric, an Indonesian product, two scans."""
    when = ", ".join(f"{metric}: {{above: 1}}" for metric in metrics)
    rules = f"rules:\n- {{name: r, {WATCH}, when: {{{when}}}}}"
    world = World(store, OWN + rules, head=HEAD + (f"api: {{{api}}}\n" if api else ""))
    world.scan({"1": {"spu_avg_price": 0}})
    store.execute("UPDATE products SET currency = 'IDR'")
    world.scan({"1": VALUES})
    return world


def lines(message: Message) -> dict[str, str]:
    """By metric, what the message says of it."""
    products = [
        view_of(
            msgspec.structs.replace(
                message, items=(msgspec.structs.replace(message.items[0], why=(each,)),)
            ),
            "",
            UTC,
        ).products[0]
        for each in message.items[0].why
    ]
    names = [each.metric for each in message.items[0].why]
    return dict(zip(names, (product.why[0] for product in products), strict=True))


def test_an_amount_is_a_price_or_gmv() -> None:
    """Each of the API's, by its unit."""
    units = {field.name: field.unit for field in NUMERIC if field.name.endswith(("amt", "price"))}
    assert set(units) == set(AMOUNT_FIELDS)
    assert {name for name, unit in units.items() if unit is Unit.MONEY} == PRICES
    assert all("gmv" in name for name, unit in units.items() if unit is Unit.GMV)


@pytest.mark.parametrize(("api", "gmv"), [("", ""), ("gmv_currency: eur", "EUR")])
def test_every_amount_in_a_message(store: Database, api: str, gmv: str) -> None:
    """A price in rupiah, GMV without a word or in what the user says, formulas plain."""
    world = world_of(store, [*AMOUNT_FIELDS, "earnings", "a_sale"], api)
    (message,) = world.told()
    said = lines(message)
    for name in AMOUNT_FIELDS:
        code = " IDR" if name in PRICES else f" {gmv}" if gmv else ""
        assert f" 4,567{code} (above 1)" in said[name], name
    assert said["earnings"] == "earnings 456.7 (above 1)"
    assert said["a_sale"] == "a sale 456.7 (above 1)"
    facts = f"4,567 IDR · 7 days: 10 sold, GMV 4,567{f' {gmv}' if gmv else ''}"
    assert facts in render(message, Style.PLAIN).body


def test_where_the_price_is_not_known(store: Database) -> None:
    """The line's other amount does not take its currency."""
    world = world_of(store, ["total_sale_gmv_7d_amt"])
    world.scan({"2": {**VALUES, "spu_avg_price": float("nan")}})
    store.execute("UPDATE products SET currency = 'IDR'")
    assert "IDR" not in render(world.told()[-1], Style.PLAIN).body


def test_what_was_stored_as_money(store: Database) -> None:
    """Evidence and messages of earlier days, waiting or kept, called GMV money."""
    world = world_of(store, ["total_sale_gmv_7d_amt", "spu_avg_price"])
    (message,) = world.told()
    (item,) = message.items
    old = tuple(msgspec.structs.replace(each, unit="money") for each in item.why)
    stored = msgspec.structs.replace(message, items=(msgspec.structs.replace(item, why=old),))
    read = msgspec.json.decode(msgspec.json.encode(stored), type=Message)
    assert all(each.verdict is Verdict.MET for each in old)
    assert view_of(read, "", UTC).products[0].why == (
        "7-day GMV 4,567 (above 1)",
        "price 4,567 IDR (above 1)",
    )


@pytest.mark.parametrize(
    ("metric", "api", "currency"),
    [
        ("total_sale_gmv_7d_amt", "", None),
        ("total_sale_gmv_7d_amt", "gmv_currency: USD", "USD"),
        ("min_price", "gmv_currency: USD", "IDR"),
        ("earnings", "gmv_currency: USD", None),
        ("total_sale_7d_cnt", "gmv_currency: USD", None),
    ],
)
def test_a_picture(store: Database, metric: str, api: str, currency: str | None) -> None:
    """Its axes have no room for a currency: the title says it."""
    world = world_of(store, [metric], api)
    world.scan({"1": {name: value + 1 for name, value in VALUES.items()}})
    later = msgspec.structs.replace(world.told()[0], data_at=world.now)
    chart = chart_of(store, world.book, later)
    assert chart is not None
    assert chart.currency == currency


def test_a_move_of_gmv_names_its_currency(store: Database) -> None:
    """Where there is one; a price has it in the line below."""
    head = HEAD + "api: {gmv_currency: GBP}\n"
    when = "{total_sale_gmv_7d_amt: {rises: 30%}, spu_avg_price: {rises: 30%}}"
    world = World(store, f"rules:\n- {{name: r, {WATCH}, when: {when}}}", head=head)
    for amount in (1_200.0, 4_830.0):
        world.scan({"1": {"total_sale_gmv_7d_amt": amount, "spu_avg_price": amount}})
    body = render(world.told()[0], Style.PLAIN).body
    assert "7-day GMV 1,200 → 4,830 GBP (+303%)" in body
    assert "price 1,200 → 4,830 (+303%)" in body
