"""What the picture of a message shows."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from tests.fakes.world import WATCH, World
from tests.store.making import DAY, START
from watcher.chart import Chart
from watcher.cli.channel import sample_message
from watcher.delivery.attachments import CHART, chart_file
from watcher.delivery.rendered import Way
from watcher.message import Message
from watcher.notification.charting import MOST, chart_of
from watcher.store.sqlite.database import Database

SALES = "total_sale_7d_cnt"
RULES = f"rules:\n- {{name: r, {WATCH}, when: {{{SALES}: {{at_least: 100}}}}}}"
WHEN = f"{{sales_trend_flag: rising, sales_growth: {{above: -9}}, {SALES}: 20}}"
GROWTH = f"rules:\n- {{name: r, {WATCH}, when: {WHEN}}}"


def chart(world: World, message: Message) -> Chart:
    """The chart, which there is."""
    found = chart_of(world.database, world.book, message)
    assert found is not None
    return found


def test_the_strongest_products_by_the_rules_metric(store: Database) -> None:
    """A value a scan, also where nothing changed; when the alert fired, and why."""
    world = World(store, RULES)
    world.march("10 10 12 _ 120")
    (message,) = world.told()
    drawn = chart(world, message)
    assert (drawn.label, drawn.unit, drawn.at) == ("7-day sales", "count", START + 5 * DAY)
    (series,) = drawn.series
    days = [((at - START) // DAY, value) for at, value in series.points]
    assert days == [(1, 10), (2, 10), (3, 12), (4, None), (5, 120)]
    assert (series.number, series.product_id, series.marks) == (1, "1", (START + 5 * DAY,))
    assert series.evidence is not None
    assert series.evidence.value == 120


def test_a_gap_where_the_product_was_not_seen(store: Database) -> None:
    """The scans without it have no value, those that found it unchanged have."""
    world = World(store, RULES)
    world.march("10 10 x x 10 10 120")
    (series,) = chart(world, world.told()[0]).series
    days = {(at - START) // DAY: value for at, value in series.points}
    assert days == {1: 10, 2: 10, 3: None, 4: None, 5: 10, 6: 10, 7: 120}


def test_a_flag_is_not_drawn(store: Database) -> None:
    """The next reason's metric is, a derived one too."""
    world = World(store, GROWTH)
    for sales in (10, 20):
        values = {"sales_trend_flag": 1, SALES: sales, "total_sale_30d_cnt": 5 * sales}
        world.scan({"1": {**values, "first_crawl_dt": 20200101}})
    (message,) = world.told()
    drawn = chart(world, message)
    assert drawn.label == "sales growth"
    assert len(drawn.series[0].points) == 2


def test_where_there_is_nothing_to_draw(store: Database) -> None:
    """A first scan, a product that is not known, trouble of the watcher."""
    world = World(store, RULES)
    world.scan({"1": 500})
    (message,) = world.told()
    assert chart_of(store, world.book, message) is None
    assert chart_of(store, world.book, sample_message(world.now)) is None
    trouble = Message("operator", "x", message.severity, world.now, text="x")
    assert chart_of(store, world.book, trouble) is None


def test_six_at_most(store: Database) -> None:
    """More would not be read."""
    world = World(store, RULES)
    for sales in (10, 500):
        world.scan({str(number): sales + number for number in range(1, 12)})
    (message,) = world.told()
    assert len(chart(world, message).series) == MOST


def test_the_picture(store: Database) -> None:
    """A small PNG, from the real store to the bytes."""
    world = World(store, RULES)
    world.march("10 20 30 60 120")
    attachment = chart_file(chart(world, world.told()[0]), Way())
    assert (attachment.name, attachment.mimetype) == (CHART, "image/png")
    assert len(attachment.content) < 40_000
    with Image.open(BytesIO(attachment.content)) as image:
        assert image.format == "PNG"


def test_of_several_rules(store: Database) -> None:
    """The strongest product's metric, of the products whose reasons speak of it, also by the word
    of another rule; with their numbers in the message."""
    rules = f"""rules:
- {{name: dear, {WATCH}, severity: warning, when: {{spu_avg_price: {{at_least: 50}}}}}}
- {{name: sells, {WATCH}, when: {{{SALES}: {{at_least: 100}}}}}}
- {{name: cheap, {WATCH}, when: {{spu_avg_price: {{at_most: 5}}}}}}
"""
    world = World(store, rules)
    for day in range(2):
        world.scan({
            "1": {SALES: 90 - day, "spu_avg_price": 40 + 20 * day},
            "2": {SALES: 90 + 90 * day, "spu_avg_price": 9},
            "3": {SALES: 80 + 80 * day, "spu_avg_price": 9 - 5 * day},
        })  # fmt: skip
    (message,) = world.told()
    assert [(item.rule, item.product_id) for item in message.items] == [
        ("dear", "1"), ("sells", "2"), ("sells", "3"),
    ]  # fmt: skip
    drawn = chart(world, message)
    assert drawn.label == "price"
    assert [(each.number, each.product_id) for each in drawn.series] == [(1, "1"), (3, "3")]
