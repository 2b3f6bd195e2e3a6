"""What a user sees in an editor: the real YAML language server, over its protocol."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.editor.client import Editor, editing, why_not
from watcher.cli.output import json_text
from watcher.rules.files.loading import load_text
from watcher.rules.schema.json_schema import json_schema

pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(bool(why_not()), reason=why_not())]

ROOT = Path(__file__).parents[2]
TOP = "# yaml-language-server: $schema=./rules.schema.json\n"
RULE = TOP + "rules:\n  - name: a\n    watch: b\n"
WHEN = RULE + "    when:\n      "
CHANNEL = TOP + "channels:\n  me:\n    "
WATCH = TOP + "watches:\n  b:\n    "

# A place (the cursor is at "§"), and some of what must be offered there.
OFFERS = {
    TOP + "§": "api channels operator defaults metrics watches rules keep heartbeat",
    TOP + "api:\n  §": "key url credits_per_day credits_per_month gmv_currency",
    TOP + "defaults:\n  §": "region every notify cooldown severity",
    TOP + "defaults:\n  every: §": "24h",
    TOP + "keep:\n  §": "observations notifications",
    CHANNEL + "§": "url min_severity quiet digest timezone template",
    CHANNEL + "min_severity: §": "info warning critical",
    CHANNEL + "quiet:\n      §": "hours timezone",
    WATCH + "§": "region category_id sort top every min_total_sale_cnt max_spu_avg_price",
    WATCH + "region: §": "US GB",
    WATCH + "sales_trend_flag: §": "stable rising falling",
    WATCH + "free_shipping: §": "true false",
    RULE + "    §": "when until for severity notify cooldown remind order_by priority",
    RULE + "    severity: §": "info warning critical",
    RULE + "    resolved: §": "true false",
    RULE + "    order_by: §": "sales_growth rank total_sale_7d_cnt",
    RULE + "    for: §": "24h",
    RULE.replace("watch: b\n", "watch:\n      §"): "region sort top",
    RULE + "    until:\n      §": "all any not sales_growth",
    WHEN + "§": "all any not appears sales_growth rank product_name total_sale_7d_cnt",
    WHEN + "sales_growth: {above: 1}\n      §": "all any not rank product_name",
    WHEN + "sales_growth:\n        §": "at_least above below rises from min_change unusual over",
    WHEN + "sales_growth: {a§}": "at_least above below rises",
    WHEN + "sales_growth: {rises: 5%, f§}": "from min_change",
    WHEN + "sales_growth: {rises: §}": "10% 50%",
    WHEN + "rank:\n        §": "climbs drops enters_top leaves_top at_most",
    WHEN + "earnings:\n        §": "at_least rises",
    WHEN + "product_name:\n        §": "contains matches equals in",
    WHEN + "sales_trend_flag: §": "stable rising falling",
    WHEN + "sales_trend_flag: {becomes: §}": "stable rising falling",
    WHEN + "sales_trend_flag:\n        in:\n          - §": "stable rising falling",
    WHEN + "all:\n        - §": "any not sales_growth product_name",
    WHEN + "all:\n        - any:\n            - §": "all not sales_growth",
    WHEN + "all:\n        - not:\n            sales_growth:\n              §": "at_least rises",
}
# Whole entries to fill in.
SNIPPETS = {
    TOP + "channels:\n  §": ("a channel", "url: "),
    TOP + "metrics:\n  §": ("a metric", "spu_avg_price * commission"),
    TOP + "watches:\n  §": ("a watch", "sort: total_sale_7d_cnt desc"),
    TOP + "rules:\n  §": ("a first rule", "- name: "),
    TOP + "rules:\n  - §": ("a rule", "when:"),
}
# A word (before which "§" stands), and what must be said about it.
HOVERS = {
    TOP + "§rules: []": "what is worth telling",
    TOP + "api:\n  §credits_per_day: 5": "hard cap for a UTC day",
    TOP + "§heartbeat: https://a.b": "asked after every good round",
    TOP + "metrics:\n  §earnings: spu_avg_price * commission": "a formula",
    CHANNEL + "§digest: '09:00'": "send once",
    CHANNEL + "quiet: {§hours: '22:00-07:00'}": "from and to",
    WATCH + "§min_total_sale_cnt: 5": "all-time sales: at least",
    WATCH + "§sort: total_sale_cnt desc": "`total_sale_7d_cnt desc`: 7-day sales, highest first",
    RULE.replace("watch:", "§watch:"): "a name of watches:, or the mapping itself",
    RULE + "    §cooldown: 24h": "not told again",
    WHEN + "§sales_growth: {above: 1}": "50% is half as much again",
    WHEN + "sales_growth: {§above: 1}": "sales growth\n\nis more than this",
    WHEN + "sales_growth: {rises: 1, §from: last}": "the baseline",
    WHEN + "rank: {§climbs: 5}": "the rank improved by so many places",
    WHEN + "§sales_trend_flag: {becomes: rising}": "sales trend of the last 7 days",
    WHEN + "sales_trend_flag: {becomes: §rising}": "was not this value when last known, and is now",
    WHEN + "§product_name: {contains: a}": "the product's name",
    WHEN + "product_name: {§contains: a}": "capitals don't matter",
    WHEN + "§earnings: {above: 1}": "your own metric",
    WHEN + "§all:\n        - appears: true": "all of these are met",
    WHEN + "any: [{not: {rank: {§at_most: 5}}}]": "rank\n\nis this or less",
}
# A mistake, and what must be said of it; in the line of the mistake.
MISTAKES = {
    TOP + "rule: []": "Property rule is not allowed.",
    TOP + "channels: {me: {url: 'json://h', digset: a}}": "Property digset is not allowed.",
    TOP + "channels: {me: {url: me@example.com}}": "this is no Apprise URL",
    WATCH + "min_total_sale: 5": "Property min_total_sale is not allowed.",
    WATCH + "sales_trend_flag: risin": 'Valid values: "stable", "rising", "falling".',
    WATCH + "sort: total_sales desc": 'Valid values: "total_sale_cnt desc"',
    WHEN + "sales_growth: {at_lest: 5}": "Property at_lest is not allowed.",
    WHEN + "sales_growth: {at_least: so many}": "write a number, as 12, 0.5, 10k, 1.5m or 10%",
    WHEN + "sales_growth: {rises: 5, from: 7d}": 'write "last", a time as "7d ago"',
    WHEN + "sales_growth: {climbs: 5}": "Property climbs is not allowed.",
    WHEN + "sales_trend_flag: {becomes: risin}": 'Valid values: "stable", "rising", "falling".',
    WHEN + "sales_trend_flag: risin": "write stable, rising or falling",
    WHEN + "product_name: {above: 5}": "Property above is not allowed.",
    WHEN + "at_least: 5": "Property at_least is not allowed.",
    WHEN + "appears: true\n    cooldwon: 24h": "Property cooldwon is not allowed.",
    WHEN + "appears: true\n    cooldown: 24": "write a time with its unit",
    WHEN + "appears: true\n    severity: warn": "write info, warning or critical",
    TOP + "rules:\n  - name: a": 'Missing property "when".',
}
EVERY_SHAPE = (
    TOP
    + """\
api: {key: "${KEY}", requests_per_second: "${RATE}", credits_per_day: 10k, credits_per_month: "5"}
channels:
  me: {url: "${SLACK_URL}", min_severity: "${LEAST}", quiet: {hours: 22:00-07:00}, digest: 09:00}
  boss: {url: ["tgram://${TOKEN}/1", json://h], timezone: "${ZONE}"}
  later:
    url: json://h
    digest: 0 9 * * mon-fri
    template: |
      {% for product in products %}{{ product.name }}{% endfor %}
operator: me
defaults: {region: NO, every: "0 9 * * mon-fri", timezone: Europe/Berlin, notify: [me, boss],
           cooldown: 0, remind: 3d, resolved: "true", severity: INFO, limit: "${LIMIT}"}
metrics: {earnings: spu_avg_price * commission, more: "${FORMULA}"}
watches:
  norway: {region: NO, category_id: 601450, sort: total_sale_cnt, top: 1k, every: 1h30m}
  days: {region: us, min_first_crawl_dt: 30d ago, max_first_crawl_dt: 2026-11-01, top: "${TOP}"}
  flags: {region: "${REGION}", sales_flag: 2, free_shipping: yes, is_s_shop: true,
          sales_trend_flag: "${TREND}", min_spu_avg_price: 1.5k, max_product_commission_rate: 50%}
rules:
  - name: a
    watch: {region: NO, sort: total_sale_7d_cnt  DESC}
    when:
      all:
        - sales_growth: {at_least: 50%, rises: 0.1, from: median 14d, min_change: 5%}
        - any:
            - total_sale_7d_cnt: 10k
            - not: {total_sale_7d_cnt: {between: ["${LOW}", 100]}}
            - age_days: {at_most: 2w}
            - first_crawl_dt: {above: 2026-11-01}
            - sales_trend_flag: {in: [rising, 0], becomes: Rising}
            - sales_trend_flag: "${TREND}"
            - free_shipping: NO
            - is_s_shop: {equals: true}
            - rank: {climbs: 5, from: 7d ago, enters_top: 10}
            - views_growth: {unusual: 3, over: 28d}
            - product_id: {in: [1729, "1730"]}
            - product_name: {matches: '(?i)serum', contains: "${WORD}"}
            - region: NO
            - earnings: {above: 1}
    until: {rank: "${RANK}"}
    for: 24h
    keep_firing_for: "${KEEP}"
    notify: []
    order_by: earnings
    priority: -1
    resolved: false
  - {name: b, watch: days, when: {appears: true}, notify: me, limit: 5, remind: 0}
keep: {observations: 400d, notifications: "${DAYS}"}
heartbeat: "https://hc-ping.com/${ID}"
"""
)
ENVIRONMENT = {
    "SLACK_URL": "json://h", "LEAST": "info", "ZONE": "UTC", "LIMIT": "5", "TOP": "10", "LOW": "1",
    "REGION": "US", "TREND": "rising", "WORD": "a", "RANK": "5", "KEEP": "1h", "DAYS": "90d",
    "KEY": "k", "FORMULA": "earnings * 2", "RATE": "2", "TOKEN": "t", "ID": "i",
}  # fmt: skip


def folder(tmp_path: Path) -> Path:
    """A folder with the schema that the files name."""
    (tmp_path / "rules.schema.json").write_text(json_text(json_schema()), "utf-8")
    return tmp_path


async def test_offers(tmp_path: Path) -> None:
    """Every place of a file: what can stand there is offered, keys with a word about them."""
    async with editing(folder(tmp_path)) as editor:
        for text, wanted in OFFERS.items():
            offers = await editor.offers(text)
            assert set(wanted.split()) <= set(offers), (text, list(offers)[:20])
            if not text.rstrip("}\n").endswith(": §"):
                silent = [name for name in wanted.split() if not offers[name].documentation]
                assert silent == [] or "- §" in text, text
        for text, (label, part) in SNIPPETS.items():
            assert part in (await editor.offers(text))[label].inserted


async def test_hovers(tmp_path: Path) -> None:
    """Every kind of key says what it means."""
    async with editing(folder(tmp_path)) as editor:
        for text, wanted in HOVERS.items():
            said = await editor.hover(text)
            assert wanted in said.replace("\\", ""), (text, said)


async def test_mistakes(tmp_path: Path) -> None:
    """A mistyped key and a wrong value are marked in their line, and the message says enough."""
    async with editing(folder(tmp_path)) as editor:
        found = await asyncio.gather(*map(editor.troubles, MISTAKES))
        for (text, wanted), troubles in zip(MISTAKES.items(), found, strict=True):
            line = text.count("\n") + 1
            assert any(one.startswith(f"{line}: ") and wanted in one for one in troubles), troubles


async def test_good_files_are_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ``watcher init`` writes, the recipes, and a file with every shape of value."""
    load_text(EVERY_SHAPE, env=ENVIRONMENT)  # raises nothing
    monkeypatch.chdir(tmp_path)
    assert Command(capsys)("init").code == 0  # writes the schema that it names, too
    written = (tmp_path / "rules.yaml").read_text("utf-8")
    async with editing(tmp_path) as editor:
        assert "at_least" in await _first_hover(editor, written)
        assert await editor.troubles(written) == []
        assert await editor.troubles(EVERY_SHAPE) == []
    async with editing(ROOT) as editor:
        recipes = (ROOT / "rules.example.yaml").read_text("utf-8")
        assert await editor.troubles(recipes) == []
        assert "at_least" in await _first_hover(editor, recipes)


async def _first_hover(editor: Editor, text: str) -> str:
    """That the schema is found: a file without one has no trouble either."""
    before, after = text.split("{at_least:", 1)
    said = await editor.hover(f"{before}{{§at_least:{after}")
    return "at_least" if "is this or more" in said else said
