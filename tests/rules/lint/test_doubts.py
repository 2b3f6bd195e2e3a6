"""Rules that can never fire, or always do, are doubted where they are written."""

import pytest

from watcher.fields import BY_NAME
from watcher.rules.files.loading import load_text
from watcher.rules.metrics import Catalogue
from watcher.units import Unit

WATCHES = """
channels: {a: {url: "json://localhost"}}
defaults: {region: US, notify: [a], every: 24h}
metrics: {earnings: spu_avg_price * commission}
watches:
  best: {sort: total_sale_7d_cnt desc, top: 200}
  cheap: {sort: total_sale_7d_cnt desc, max_spu_avg_price: 10, sales_trend_flag: rising}
  young: {min_first_crawl_dt: 30d ago, min_total_sale_30d_cnt: 100, category_id: "601450"}
  old: {max_first_crawl_dt: 90d ago}
  weekly: {sort: total_sale_7d_cnt desc, every: 7d}
  hourly: {sort: total_sale_7d_cnt desc, every: 1h}
  tenth: {sort: total_sale_7d_cnt desc, every: 10d}
  workdays: {sort: total_sale_7d_cnt desc, every: "0 9 * * mon-fri"}
"""
NEVER = "the rule can never fire"


def doubts(rule: str, watch: str = "best") -> list[str]:
    """Of one rule: what stands after its place, with the path within the rule."""
    text = f"{WATCHES}rules:\n  - {{name: a, watch: {watch}, {rule}}}\n"
    warnings = [one for one in load_text(text).warnings if one.path.startswith("rules[")]
    assert all(one.line == WATCHES.count("\n") + 2 and one.column > 5 for one in warnings)
    return [f"{one.path.removeprefix('rules[0].')}: {one.message}" for one in warnings]


@pytest.mark.parametrize(
    ("baseline", "kept", "never"),
    [
        ("rises: 5%, from: 500d ago", "", True),
        ("rises: 5%, from: 364d ago", "", False),
        ("rises: 5%, from: 30d ago", "keep: {observations: 14d}", True),
        ("rises: 5%, from: 14d ago", "keep: {observations: 14d}", False),
        ("falls: 5%, from: median 60d", "keep: {observations: 30d}", True),
        ("falls: 5%, from: median 45d", "keep: {observations: 30d}", False),
        ("unusual: 4, over: 60d", "keep: {observations: 30d}", True),
        ("rises: 5%", "keep: {observations: 1d}", False),
    ],
)
def test_what_is_not_kept_so_long(baseline: str, kept: str, *, never: bool) -> None:
    """There is nothing to compare with, at any time."""
    rule = f"{{name: a, watch: best, when: {{spu_avg_price: {{{baseline}}}}}}}"
    warnings = load_text(f"{WATCHES}{kept}\nrules:\n  - {rule}\n").warnings
    found = [
        one.message for one in warnings if "further back than observations are kept" in one.message
    ]
    assert bool(found) is never
    assert all("no data ever; write keep: {observations: " in one for one in found)


@pytest.mark.parametrize(
    ("watch", "rule", "parts"),
    [
        # what excludes each other
        (
            "best",
            "when: {review_count: {above: 10, below: 5}}",
            ["when.review_count.below", "exclude each other", NEVER],
        ),
        ("best", "when: {review_count: {above: 10, at_most: 10}}", ["exclude each other", NEVER]),
        ("best", "when: {review_count: {at_least: 10, below: 10}}", ["exclude each other", NEVER]),
        (
            "best",
            "when: {review_count: {equals: 10, not_equals: 10}}",
            ["exclude each other", NEVER],
        ),
        ("best", "when: {review_count: {in: [1, 2], not_in: [1, 2, 3]}}", ["exclude each other"]),
        ("best", "when: {review_count: {in: [1, 2], between: [3, 9]}}", ["exclude each other"]),
        ("best", "when: {review_count: {between: [1, 9], above: 9}}", ["exclude each other"]),
        (
            "best",
            "when: {review_count: {in: [1, 2], not_equals: 1, not_in: [2]}}",
            ["when", "no value of review_count", NEVER],
        ),
        (
            "best",
            "when: {rank: {enters_top: 10, leaves_top: 10}}",
            ["rank.leaves_top", "exclude each other", NEVER],
        ),
        ("best", "when: {rank: {enters_top: 10, above: 20}}", ["exclude each other"]),
        ("best", "when: {rank: {leaves_top: 20, at_most: 10}}", ["exclude each other"]),
        (
            "best",
            "when: {spu_avg_price: {rises: 5%, falls: 5%}}",
            ["spu_avg_price.falls", "exclude each other"],
        ),
        ("best", "when: {rank: {climbs: 5, drops: 5}}", ["rank.drops", "exclude each other"]),
        (
            "best",
            "when: {review_count: {crosses_above: 10, crosses_below: 10}}",
            ["exclude each other"],
        ),
        ("best", "when: {review_count: {crosses_above: 10, below: 5}}", ["exclude each other"]),
        (
            "best",
            "when: {sales_trend_flag: {becomes: rising, leaves: rising}}",
            ["exclude each other"],
        ),
        (
            "best",
            "when: {sales_trend_flag: {becomes: rising, equals: falling}}",
            ["exclude each other"],
        ),
        (
            "best",
            "when: {all: [{rank: {above: 9}}, {not: {rank: {above: 5}}}]}",
            ['not "rank above #5"', NEVER],
        ),
        (
            "best",
            "when: {product_name: {equals: a, not_equals: a}}",
            ["product_name.not_equals", "exclude"],
        ),
        (
            "best",
            "when: {seller_id: {in: ['1', '2'], not_in: ['1', '2', '3']}}",
            ["exclude each other"],
        ),
        (
            "best",
            "when: {all: [{seller_id: '1'}, {not: {seller_id: {in: ['1', '2']}}}]}",
            ["exclude"],
        ),
        (
            "best",
            "when: {total_sale_7d_cnt: {above: 100}, total_sale_30d_cnt: {below: 50}}",
            ["exclude", NEVER],
        ),
        (
            "best",
            "when: {total_sale_90d_cnt: {above: 100}, total_sale_cnt: {at_most: 50}}",
            ["exclude"],
        ),
        (
            "best",
            "when: {appears: true, total_sale_7d_cnt: {rises: 10%}}",
            ["total_sale_7d_cnt.rises", "has none", NEVER],
        ),
        ("best", "when: {appears: true, sales_trend_flag: {becomes: rising}}", ["has none", NEVER]),
        (
            "best",
            "when: {appears: true, spu_avg_price: {falls: 5%, from: median 14d}}",
            ["has none"],
        ),
        # an impossible part of any
        (
            "best",
            "when: {any: [{rank: {above: 300}}, {rank: 1}]}",
            ["any[0].rank.above", "1 to 200", "this part is never met"],
        ),
        # outside the watch's own filter
        (
            "cheap",
            "when: {spu_avg_price: {above: 20}}",
            ["spu_avg_price.above", "price: at most 10", NEVER],
        ),
        ("cheap", "when: {spu_avg_price: {crosses_above: 20}}", ["price: at most 10"]),
        (
            "cheap",
            "when: {spu_avg_price: {rises: 20, from: 7d ago}}",
            ["not that much room", NEVER],
        ),
        ("cheap", "when: {sales_trend_flag: falling}", ["trend rising only", NEVER]),
        ("cheap", "when: {sales_trend_flag: {becomes: rising}}", ["trend rising only", NEVER]),
        ("cheap", "when: {sales_trend_flag: {leaves: rising}}", ["trend rising only", NEVER]),
        ("young", "when: {age_days: {above: 60}}", ["30d ago", NEVER]),
        ("young", "when: {total_sale_30d_cnt: {at_most: 50}}", ["at least 100", NEVER]),
        ("young", "when: {category_id: '7'}", ["category_id 601450 only", NEVER]),
        ("old", "when: {age_days: {at_most: 30}}", ["90d ago", NEVER]),
        ("best", "when: {region: gb}", ["region US only", NEVER]),
        ("best", "when: {rank: {climbs: 250}}", ["not that much room", NEVER]),
        # what the metric can't be
        (
            "best",
            "when: {commission: {above: 15}}",
            ["commission.above", "100% at most. Write 15%", NEVER],
        ),
        ("best", "when: {live_share: {at_least: 50}}", ["Write 50%", NEVER]),
        ("best", "when: {commission: {rises: 2}}", ["not that much room", "write 2%", NEVER]),
        ("best", "when: {product_rating: {above: 5}}", ["5 stars at most", NEVER]),
        ("best", "when: {total_sale_7d_cnt: {below: 0}}", ["never below 0", NEVER]),
        ("best", "when: {sales_growth: {below: -150%}}", ["never below -100%", NEVER]),
        ("best", "when: {spu_avg_price: {falls: 150%}}", ["100% is all of it", NEVER]),
        ("best", "when: {total_sale_cnt: {falls: 10%}}", ["counts all time", NEVER]),
        ("best", "when: {total_ifl_cnt: {falls: 5, from: 7d ago}}", ["counts all time", NEVER]),
        ("best", "when: {total_video_cnt: {crosses_below: 5}}", ["counts all time", NEVER]),
        # always
        ("best", "when: {total_sale_7d_cnt: {at_least: 0}}", ["when: every product of the list"]),
        (
            "best",
            "when: {any: [{rank: {at_most: 10}}, {rank: {above: 10}}]}",
            ["when: every product"],
        ),
        ("best", "when: {region: US}", ["when: every product"]),
        ("cheap", "when: {spu_avg_price: {at_most: 10}}", ["when: every product"]),
        ("best", "when: {rank: {at_most: 300}}", ["when: every product"]),
        # for: on what holds once
        ("best", "when: {appears: true}, for: 24h", ["when.appears", "one scan only", NEVER]),
        ("best", "when: {sales_trend_flag: {becomes: rising}}, for: 1h", ["one scan only", NEVER]),
        ("best", "when: {sales_trend_flag: {leaves: rising}}, for: 1h", ["one scan only", NEVER]),
        ("best", "when: {review_count: {crosses_above: 5}}, for: 1h", ["one scan only", NEVER]),
        ("best", "when: {review_count: {crosses_below: 5}}, for: 1h", ["one scan only", NEVER]),
        ("best", "when: {rank: {enters_top: 5}}, for: 1h", ["one scan only", NEVER]),
        ("best", "when: {rank: {leaves_top: 5}}, for: 1h", ["one scan only", NEVER]),
        (
            "best",
            "when: {any: [{appears: true}, {rank: 1}]}, for: 1h",
            ["one scan only", "this part can never fire"],
        ),
        # the schedule
        (
            "best",
            "when: {spu_avg_price: {falls: 10%, from: 12h ago}}",
            ["no scan of about that time", "every 1d", "write 1d ago"],
        ),
        (
            "weekly",
            "when: {spu_avg_price: {falls: 10%, from: 3d ago}}",
            ["no scan of about that time", "write 7d ago"],
        ),
        (
            "hourly",
            "when: {spu_avg_price: {falls: 10%, from: 30m ago}}",
            ["no scan of about that time", "write 1h ago"],
        ),
        (
            "workdays",
            "when: {spu_avg_price: {falls: 10%, from: 12h ago}}",
            ["no scan of about that time"],
        ),
        (
            "best",
            "when: {spu_avg_price: {falls: 10%, from: median 2d}}",
            ["3 scans within 2d", "write 4d"],
        ),
        (
            "weekly",
            "when: {rank: {climbs: 10, from: mean 14d}}",
            ["3 scans within 14d", "write 28d"],
        ),
        (
            "best",
            "when: {total_sale_1d_cnt: {unusual: 3, over: 14d}}",
            ["14 different days", "one missed scan"],
        ),
        (
            "weekly",
            "when: {total_sale_1d_cnt: {unusual: 3}}",
            ["14 different days", "no data ever"],
        ),
        (
            "best",
            "when: {rank: 1}, keep_firing_for: 24h",
            ["keep_firing_for: 1d are over at the next scan"],
        ),
        (
            "best",
            "when: {rank: 1}, until: {spu_avg_price: {above: 5, rises: 5%, from: 12h ago}}",
            ["until.spu_avg_price.rises", "no scan of about"],
        ),
        # words that say something else
        (
            "best",
            "when: {total_sale_7d_cnt: {rises: 2}}",
            ["total_sale_7d_cnt.rises", "move by 2", "2 times as many write 100%"],
        ),
        ("best", "when: {creators_7d: {falls: 2}}", ["move by 2", "write 50%"]),
        ("best", "when: {sales_growth: {at_least: 50}}", ["5,000%", "write 50%"]),
        ("best", "when: {gmv_growth: {above: '20'}}", ["write 20%"]),
        ("best", "when: {sales_trend_flag: {above: stable}}", ["none is more than another"]),
        ("best", "when: {sales_flag: {rises: 1}}", ["none is more than another"]),
        ("best", "when: {sales_flag: {crosses_above: 1}}", ["none is more than another"]),
        ("best", "when: {sales_trend_flag: {between: [0, 1]}}", ["none is more than another"]),
        (
            "best",
            "when: {rank: 1}, order_by: sales_trend_flag",
            ["order_by: sales_trend_flag has no order"],
        ),
        # an end that never comes
        (
            "cheap",
            "when: {rank: 1}, until: {spu_avg_price: {above: 11}}",
            ["until.spu_avg_price.above", "only when the product leaves the list"],
        ),
        (
            "best",
            "when: {rank: 1}, until: {any: [{rank: {above: 300}}, {rank: 9}]}",
            ["until.any[0]", "this part is never met"],
        ),
        (
            "best",
            "when: {rank: {enters_top: 500}}",
            ["reaches below what the watch reads", "200 at most"],
        ),
    ],
)
def test_doubts(watch: str, rule: str, parts: list[str]) -> None:
    """One doubt, with its place, why, and what to do."""
    (doubt,) = doubts(rule, watch)
    assert all(part in doubt for part in parts), doubt


@pytest.mark.parametrize(
    ("watch", "rule"),
    [
        # on the edge, and possible
        ("best", "when: {review_count: {at_least: 10, at_most: 10}}"),
        ("best", "when: {review_count: {above: 10, below: 11}}"),
        ("best", "when: {rank: {enters_top: 10, at_most: 10}}"),
        ("best", "when: {rank: {leaves_top: 200}}"),
        ("best", "when: {rank: {enters_top: 200}}"),
        ("cheap", "when: {spu_avg_price: {equals: 10}}"),
        ("cheap", "when: {spu_avg_price: {rises: 9}}"),
        ("best", "when: {spu_avg_price: {falls: 100%}}"),
        ("best", "when: {commission: {equals: 1}}"),
        ("best", "when: {not: {appears: true}, total_sale_7d_cnt: {rises: 10%}}"),
        ("young", "when: {age_days: {equals: 31}}"),  # read over midnight
        ("young", "when: {total_sale_30d_cnt: 100}"),
        ("best", "when: {rank: {climbs: 199}}"),
        ("best", "when: {rank: 1}, until: {rank: {above: 199}}"),
        ("best", "when: {earnings: {above: -1, below: 5000}}"),  # one's own may be anything
        ("best", "when: {earnings: {falls: 300%}}"),
        ("best", "when: {total_sale_7d_cnt: {rises: 2, min_change: 2}}"),
        ("best", "when: {total_sale_7d_cnt: {rises: 4}}"),
        ("best", "when: {spu_avg_price: {falls: 2}}"),
        ("best", "when: {sales_growth: {at_least: 5000%}}"),
        ("best", "when: {sales_trend_flag: {changes: 1}}"),
        ("best", "when: {free_shipping: {at_least: 1}, rank: 1}"),
        ("best", "when: {spu_avg_price: {falls: 10%, from: 20h ago}}"),  # a day is within half more
        ("best", "when: {spu_avg_price: {falls: 10%, from: median 3d}}"),
        ("best", "when: {total_sale_1d_cnt: {unusual: 3, over: 16d}}"),
        ("best", "when: {rank: 1}, keep_firing_for: 30h"),
        ("best", "when: {total_sale_7d_cnt: {above: 50}, total_sale_30d_cnt: {at_most: 51}}"),
        ("best", "when: {any: [{rank: 1}, {rank: {leaves_top: 5}}]}"),
    ],
)
def test_no_doubt_on_the_edge(watch: str, rule: str) -> None:
    """What may just happen is not doubted."""
    assert doubts(rule, watch) == []


@pytest.mark.parametrize(
    ("rule", "doubted"),
    [
        # A day is just within the slack of a tenth, and just within half as long again.
        ("when: {spu_avg_price: {falls: 10%, from: 26h40m ago}}", False),
        ("when: {spu_avg_price: {falls: 10%, from: 26h42m ago}}", True),
        ("when: {spu_avg_price: {falls: 10%, from: 16h ago}}", False),
        ("when: {spu_avg_price: {falls: 10%, from: 15h59m ago}}", True),
        ("when: {total_sale_1d_cnt: {unusual: 3, over: 15d}}", True),
        ("when: {total_sale_1d_cnt: {unusual: 3, over: 16d}}", False),
        ("when: {total_sale_7d_cnt: {unusual: 3, over: 63d}}", True),
        ("when: {rank: 1}, keep_firing_for: 26h40m", True),
        ("when: {rank: 1}, keep_firing_for: 26h42m", False),
        ("when: {creators_7d: {rises: 3}}", True),
        ("when: {creators_7d: {rises: 1}}", False),
        ("when: {sales_growth: {at_least: 10}}", True),
        ("when: {sales_growth: {at_least: 9.9}}", False),
    ],
)
def test_where_doubts_begin(rule: str, *, doubted: bool) -> None:
    """One step before, nothing is said."""
    assert bool(doubts(rule)) is doubted


@pytest.mark.parametrize(
    ("metric", "better"),
    [
        ("total_sale_7d_cnt", "total_sale_1d_cnt has a new value each day, and sales_surge"),
        ("total_sale_gmv_30d_amt", "total_sale_gmv_1d_amt has"),
        ("total_views_15d_cnt", "total_views_1d_cnt has a new value each day"),
        ("creators_7d", "total_ifl_live_1d_cnt and total_ifl_video_1d_cnt have"),
        ("live_share", "total_live_sale_1d_cnt and total_sale_1d_cnt have"),
        ("sales_growth", "total_sale_1d_cnt has"),
    ],
)
def test_unusual_on_sums_of_several_days(metric: str, better: str) -> None:
    """28 days hold too few of them: it never fires, and what to write; a default holds enough."""
    (never,) = doubts(f"when: {{{metric}: {{unusual: 3.5, over: 28d}}}}")
    assert "it can never fire; " in never
    assert better in never
    window = Catalogue()[metric].window
    assert f"or write over: {9 * window}d" in never
    (few,) = doubts(f"when: {{{metric}: {{unusual: 3.5}}}}")
    assert "never fire" not in few
    assert better in few
    assert f"{8 * window}d hold" not in few
    (edge,) = doubts(f"when: {{{metric}: {{unusual: 3.5, over: {8 * window}d}}}}")
    assert "never fire" not in edge


def test_every_sum_of_several_days_is_doubted() -> None:
    """Each of the API's counters and each built-in metric of one; no other metric is."""
    for metric in Catalogue().metrics():
        if metric.unit not in (Unit.FLAG, Unit.DAY):
            said = " ".join(doubts(f"when: {{{metric.name}: {{unusual: 3}}}}"))
            rolls = any((BY_NAME[name].window or 1) > 1 for name in metric.fields)
            plain = metric.name in BY_NAME
            assert (" is a sum of " in said) is (rolls and plain), metric.name
            assert (" is made of sums of up to " in said) is (rolls and not plain), metric.name


def test_unusual_rolls_where_scans_are_rare() -> None:
    """A list that is read every 10 days has a value that shares no day every 10 days."""
    (found,) = doubts("when: {total_sale_7d_cnt: {unusual: 3, over: 63d}}", "tenth")
    assert "63d hold 6: it can never fire" in found
    assert "write over: 90d" in found


def test_percent_of_standard_errors() -> None:
    """50% of one is half; of a ratio it is half as often."""
    (found,) = doubts("when: {sales_surge: {at_least: 50%}}")
    assert "50% is 0.5 of them" in found
    assert "sales_surge_ratio" in found
    assert doubts("when: {sales_surge_ratio: {at_least: 300%}}") == []
    (impossible,) = doubts("when: {sales_surge_ratio: {below: 0}}")
    assert "sales_surge_ratio is never below 0: the rule can never fire" in impossible


def test_many_alternatives_take_no_time() -> None:
    """Twenty parts of two would be a million clauses: such a rule is not doubted."""
    part = "{any: [{review_count: {above: 10, below: 5}}, {review_count: 3}]}"
    assert doubts(f"when: {{all: [{', '.join([part] * 20)}]}}") == []


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{disappears: true}", '"disappears" is met at one scan only'),
        ("{reappears: true}", '"reappears" is met at one scan only'),
        ("{seller_id: {becomes: 7}}", 'seller_id becomes "7" is met at one scan only'),
        ("{appears: true, disappears: true}", "exclude each other"),
        ("{reappears: true, disappears: true}", "exclude each other"),
        ("{appears: true, product_name: {changes: true}}", "compares with the product's past"),
    ],
)
def test_texts_and_presence(when: str, said: str) -> None:
    """What holds at one scan waits in vain; who is new is not gone, and had no other text."""
    (doubt,) = doubts(f"for: 24h, when: {when}")
    assert said in doubt
    assert NEVER in doubt


@pytest.mark.parametrize(
    "when", ["{product_name: {changes: true}}", "{disappears: true, rank: {at_most: 9}}"]
)
def test_nothing_to_doubt(when: str) -> None:
    """A text may change at each scan; what is gone is judged on its last values."""
    assert doubts(f"when: {when}") == []


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{seller_id: GlowLab}", '"GlowLab" is no seller\'s id, which is digits'),
        ("{seller_id: {not_in: ['7495', Glow]}}", '"Glow" is no seller\'s id'),
        ("{seller_id: {becomes: Glow}}", '"Glow" is no seller\'s id'),
        ("{category_id: Beauty}", '"Beauty" is no category\'s id'),
        ("{product_id: {in: ['https://tiktok.com/view/product/1729']}}", "no product's id"),
        ("{product_id: {changes: true}}", "which never changes"),
        ("{seller_id: '7495'}", ""),
        ("{seller_id: {changes: true}}", ""),
        ("{seller_id: {contains: '74'}}", ""),
        ("{product_name: Glow}", ""),
    ],
)
def test_ids_that_are_none(when: str, said: str) -> None:
    """Names where ids are compared: no product has such a one."""
    found = doubts(f"when: {when}")
    assert len(found) == bool(said)
    assert all(said in each for each in found)
