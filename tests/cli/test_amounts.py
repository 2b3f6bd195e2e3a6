"""What commands say of amounts: prices with their currency, GMV with none or the named one."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.running import Command
from tests.store.making import DAY, scan
from watcher.model import LongTexts
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

RULES = """
api: {API}
channels: {me: {url: "json://localhost"}}
defaults: {region: ID, notify: [me]}
metrics: {a_sale: total_sale_gmv_7d_amt / total_sale_7d_cnt}
rules:
  - name: sells
    watch: {sort: total_sale_7d_cnt desc, top: 50}
    when: {total_sale_gmv_7d_amt: {above: 5}, max_price: {above: 5}, a_sale: {above: 5}}
"""
TEXTS = LongTexts(skus='[{"real_price":{"currency_name":"IDR"}}]')


@pytest.fixture(params=["", "gmv_currency: usd"])
def gmv(folder: Path, request: pytest.FixtureRequest) -> str:
    """Two scans of an Indonesian product, judged; what stands behind GMV."""
    path = folder / "rules.yaml"
    path.write_text(RULES.replace("API", str(request.param)), encoding="utf-8")
    book = load([path], {})
    (watch,) = book.used_watches
    last = int(time.time()) - 3600
    with Database.open(folder / "watcher.db") as database:
        for day in range(2):
            values = {
                "total_sale_7d_cnt": 10.0,
                "total_sale_gmv_7d_amt": 777.0 + day,
                "max_price": 888.0 + day,
            }
            evaluate(
                database,
                scan(last - (1 - day) * DAY, {"1": values}, watch=watch.key, region="ID",
                     texts={"1": TEXTS}),
                book.rules, policies_of(book.channels), book.metrics, last,
            )  # fmt: skip
    return " USD" if request.param else ""


def test_product(watcher: Command, gmv: str) -> None:
    """Each value of the head has its own."""
    asked = ("--metric", "total_sale_gmv_7d_amt", "--metric", "max_price", "--metric", "a_sale")
    shown = watcher("product", "1", *asked)
    assert f"7-day GMV 778{gmv} · highest price 889 IDR · a sale 77.8\n" in shown.out
    found = json.loads(watcher("product", "1", "--json").out)
    assert (found["product"]["currency"], found["gmv_currency"]) == ("IDR", gmv.strip() or None)


def test_product_with_a_broken_rule_file(watcher: Command, gmv: str, folder: Path) -> None:
    """It costs the currency, not the command; what needs the file says what is wrong with it."""
    assert gmv in ("", " USD")
    (folder / "rules.yaml").write_text("rules: 5", encoding="utf-8")
    assert "7-day GMV 778 ·" in watcher("product", "1").out
    assert watcher("product", "1", "--metric", "a_sale").code == 1


def test_explain(watcher: Command, gmv: str) -> None:
    """In the reasons, those of now and those that it fired on."""
    out = watcher("explain", "sells", "1").out
    assert f"7-day GMV above 5: 778{gmv}\n" in out
    assert "highest price above 5: 889 IDR\n" in out
    assert "a sale above 5: 77.8\n" in out
    assert f"7-day GMV above 5: 777{gmv}\n" in out


def test_once(watcher: Command, gmv: str) -> None:
    """A message as `once` prints it comes from the same words."""
    with Database.open(Path("watcher.db"), readonly=True) as database:
        (row,) = database.outbox.waiting_for("me/1")
    assert row.message.items[0].gmv_currency == (gmv.strip() or None)


def test_export(watcher: Command, gmv: str, folder: Path) -> None:
    """A column says what it is in; the currency's says whose it is."""
    shown = watcher("export", "--format", "parquet", "-o", "x.parquet")
    assert shown.code == 0, shown.err
    schema = pq.read_schema(io.BytesIO((folder / "x.parquet").read_bytes()))
    about = {name: schema.field(name).metadata[b"description"].decode() for name in schema.names}
    assert about["currency"] == "of the prices; the API does not say what GMV is in"
    assert about["max_price"] == "price of the dearest variant, in the currency"
    inside = f", in{gmv}" if gmv else ""
    assert about["total_sale_gmv_7d_amt"] == f"value of the units sold, last 7 days{inside}"
    assert about["total_sale_7d_cnt"] == "units sold, last 7 days"
