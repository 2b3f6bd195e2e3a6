"""Groups of products and their figures, as they are read."""

from __future__ import annotations

import pytest

from tests.rules.tables import problems_of
from watcher.rules.asked_texts import followed_texts, made_texts
from watcher.rules.files.loading import load_text
from watcher.rules.groups import GroupCatalogue
from watcher.rules.metrics import Catalogue, FigureKind, Metric
from watcher.rules.rulebook import Rulebook
from watcher.rules.sections.figures import FIGURES, Asks
from watcher.subjects import BY
from watcher.units import Unit

WATCHES = """
defaults: {region: US}
metrics: {earnings: spu_avg_price * commission}
sellers: {"7495981769829615944": GlowLab}
watches:
  best: {sort: total_sale_7d_cnt desc, top: 200}
  plain: {top: 50}
"""


def text(metrics: str = "{}", when: str = "{size: {at_least: 9}}", more: str = "") -> str:
    """A file with one group, and a rule on it."""
    group = f"groups:\n  shelves: {{of: best, by: seller_id, metrics: {metrics}}}\n"
    rule = f"rules: [{{name: r, watch: shelves, when: {when}, notify: []{more}}}]\n"
    return WATCHES + group + rule


def read(metrics: str = "{}", when: str = "{size: {at_least: 9}}", more: str = "") -> Rulebook:
    """That file as a book."""
    return load_text(text(metrics, when, more))


def figure(written: str) -> Metric:
    """The metric of one figure, written so."""
    return read(f"{{mine: {written}}}").groups[0].metrics["mine"]


# Each kind, as it is written; its canonical text, unit, and what a line says of it.
WRITTEN = {
    "sum": ("total_sale_gmv_7d_amt", "sum(total_sale_gmv_7d_amt)", Unit.GMV, "sum of 7-day GMV"),
    "mean": ("earnings", "mean(earnings:=spu_avg_price * commission)", Unit.SCORE, "mean of earn"),
    "median": ("sales_growth", "median(sales_growth)", Unit.FRACTION, "median of sales growth"),
    "min": ("rank", "min(rank)", Unit.PLACE, "min of rank"),
    "max": ("first_crawl_dt", "max(first_crawl_dt)", Unit.DAY, "max of first collected"),
    "count": (
        "{sales_trend_flag: rising}",
        "count() where sales_trend_flag equals 1.0",
        Unit.COUNT,
        "products with sales_trend_flag is rising",
    ),
    "share": (
        "{total_sale_7d_cnt: {rises: 30%, from: 7d ago}}",
        "share() where total_sale_7d_cnt rises 0.3% from 7d ago",
        Unit.FRACTION,
        "share of products with total_sale_7d_cnt",
    ),
    "distinct": ("category_id", "distinct(by category_id)", Unit.COUNT, "different values of cat"),
    "top_share": (
        "{of: total_sale_gmv_7d_amt, by: seller_id, first: 3}",
        "top_share(total_sale_gmv_7d_amt by seller_id first 3)",
        Unit.FRACTION,
        "share of 7-day GMV of the first 3 by seller",
    ),
}


def test_every_figure() -> None:
    """Each kind of the language is read, under a text that its history is kept by, with a unit and
    bounds; with ``where`` it is another."""
    assert WRITTEN.keys() == FIGURES.keys() == {*FigureKind} - {FigureKind.SIZE}
    for name, (of, canonical, unit, meaning) in WRITTEN.items():
        metric = figure(f"{{{name}: {of}}}")
        assert metric.figure is not None
        assert (metric.definition, metric.unit) == (canonical, unit)
        assert metric.canonical == f"mine:={canonical}"
        assert metric.meaning.startswith(meaning)
        assert metric.is_share is (unit is Unit.FRACTION and name != "median")
        assert metric.figure.is_kept is (name not in ("sum", "mean", "median"))
        if FIGURES[name].asks is not Asks.CONDITIONS:
            part = figure(f"{{{name}: {of}, where: {{spu_avg_price: {{below: 9}}}}}}")
            assert part.definition == f"{canonical} where spu_avg_price below 9.0"
            assert "spu_avg_price" in part.needs


def test_what_a_figure_is_made_of() -> None:
    """It needs the fields of its products, is a sum of as many days, and is never computed by
    itself; a formula over figures knows them."""
    book = read(
        "{gmv: {sum: total_sale_gmv_7d_amt, where: {sales_growth: {at_least: 10%}}}, "
        "new: {count: {appears: true}}, each: gmv / size, double: each * 2}",
        "{double: {at_least: 5}}",
        ", order_by: new change",
    )
    (group,), (rule,) = book.groups, book.rules
    gmv, double = group.metrics["gmv"], group.metrics["double"]
    assert gmv.fields >= {"total_sale_gmv_7d_amt", "total_sale_30d_cnt"}
    assert (gmv.window, double.window) == (7, 7)
    assert [part.name for part in double.parts] == ["gmv", "size"]
    assert double.definition.count("sum(total_sale_gmv_7d_amt)") == 1
    assert double.unit is Unit.SCORE
    assert {each.canonical for each in rule.figures} == {
        gmv.definition, "size()", "count() where appears",
    }  # fmt: skip
    assert (rule.group, rule.watches) == (group, group.watches)
    assert group.said == "the sellers of best"
    assert book.used_watches == group.watches


def test_texts_that_its_products_must_bring() -> None:
    """Those that a figure counts are read, also where they are made of long ones; those that it
    holds against the past are noted."""
    metrics = "{v: {distinct: variants}, n: {count: {product_name: {changes: true}}}, d: {count: {"
    rules = read(
        f"{metrics}description: {{contains: new}}}}}}}}",
        "{v: {above: 3}, n: {above: 0}, d: {above: 1}}",
    ).rules
    assert made_texts(rules) == ("description", "variants")
    assert followed_texts(rules) == {"product_name"}


def test_each_way_to_group() -> None:
    """A rule may speak of what all products of a group share, and of the region; of nothing else
    that a product has. Names of sellers stand for their ids."""
    for by in BY:
        catalogue = GroupCatalogue("g", by, (), Catalogue())
        shared = {"region"} | ({by} - {"watch"})
        assert {each.name for each in catalogue.attributes()} == shared
        assert catalogue.tie.name == "size"
    when = '{seller_id: {not_in: [GlowLab, "12"]}, region: US, size: {at_least: 9}}'
    (rule,) = read("{}", when).rules
    assert 'seller_id not_in ["12", "7495981769829615944"]' in rule.when.key


def test_a_rule_begins_anew_with_its_group_alone() -> None:
    """Another way to group, or another meaning of a figure that it names, is another rule; a figure
    that it does not name, the group's name and the order are nothing to it."""

    def mark(file: str) -> str:
        return load_text(file).rules[0].fingerprint

    plain = text("{a: {sum: review_count}}", "{a: {at_least: 5}}")
    same = [
        text("{a: {sum: review_count}, b: {max: rank}}", "{a: {at_least: 5}}"),
        plain.replace("shelves", "racks"),
        text("{a: {sum: review_count}}", "{a: {at_least: 5}}", ", order_by: size"),
    ]
    others = [
        plain.replace("by: seller_id", "by: category_id"),
        text("{a: {mean: review_count}}", "{a: {at_least: 5}}"),
        text("{a: {sum: review_count, where: {commission: 1}}}", "{a: {at_least: 5}}"),
        plain.replace("of: best", "of: plain"),
        WATCHES + "rules: [{name: r, watch: best, when: {review_count: {at_least: 5}}}]",
    ]
    assert {mark(each) for each in same} == {mark(plain)}
    assert len({mark(plain), *map(mark, others)}) == len(others) + 1


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ("[a]", "metrics: takes figures by name, as gmv: {sum: total_sale_gmv_7d_amt}, not a list"),
        ("{a: 5}", "metrics.a: takes a figure of the products, as {sum: total_sale_gmv_7d_amt}"),
        ("{a: {}}", "metrics.a: takes a figure of the products"),
        ("{a: {average: rank}}", 'metrics.a: unknown figure "average", did you mean "mean"?'),
        ("{a: {summ: rank}}", 'metrics.a: unknown figure "summ", did you mean "sum"?'),
        ("{a: {size: true}}", 'metrics.a: "size" is there of each group'),
        ("{a: {where: {commission: 1}}}", "metrics.a: says nothing of the products: write sum, "),
        ("{a: {min: rank, max: rank}}", 'metrics.a: "max" is a second figure beside min'),
        ("{a: {sum: reviw_count}}", 'sum: unknown metric "reviw_count", did you mean "review_cou'),
        ("{a: {sum: product_name}}", "sum: product_name is a text: there are {distinct: product_n"),
        ("{a: {sum: 2 * review_count}}", 'sum: takes a metric\'s name: write "2 * review_count"'),
        ("{a: {sum: [review_count]}}", "sum: takes the name of a metric, as {sum: total_sale_gmv_"),
        ("{a: {sum: rank}}", "sum: places have no sum: write {min: rank} for the best"),
        ("{a: {mean: first_crawl_dt}}", "mean: first_crawl_dt is a day, and days have no mean"),
        ("{a: {max: is_s_shop}}", "max: is_s_shop is a flag: write {share: {is_s_shop: ...}}"),
        ("{a: {count: review_count}}", 'count: takes conditions, as {review_count: {at_least: 1}}'),
        ("{a: {count: {reviw_count: 1}}}", 'count: unknown metric "reviw_count", did you mean'),
        ("{a: {count: {sales_flag: liv}}}", 'sales_flag: "liv" is no value of sales_flag, did you'),
        ("{a: {count: {disappears: true}}}", 'count: "disappears" is said of products that are go'),
        (
            "{a: {share: {commission: 1}, where: {rank: 1}}}",
            'metrics.a: "where" stands beside share: write its conditions among those',
        ),
        ("{a: {distinct: rank}}", "distinct: distinct takes a text, as seller_id, and rank is a n"),
        ("{a: {distinct: seler_id}}", 'distinct: distinct knows no text "seler_id", did you mean'),
        ("{a: {top_share: rank}}", "top_share: takes of what, by whom and how many, as {of: total"),
        ("{a: {top_share: {of: review_count, by: seller_id}}}", 'top_share: needs "first": write'),
        (
            "{a: {top_share: {of: review_count, by: seller_id, frist: 3}}}",
            'top_share: unknown field "frist", did you mean "first"?',
        ),
        (
            "{a: {top_share: {of: review_count, by: seller_id, first: 0}}}",
            'top_share: "first" takes how many, from 1 to 1,000, as 3',
        ),
        ("{a: gmv / 2}", 'metrics.a: unknown metric "gmv": shelves has size'),
        ("{a: review_count / 2}", 'metrics.a: unknown metric "review_count": it is said of a prod'),
        ("{a: b, b: a}", "the formula needs itself: a -> b -> a"),
        ("{sum: review_count}", "metrics.sum: is a figure without a name: write NAME: {sum: rev"),
        ("{a: {sum: size}}", 'sum: "size" is how many products a group has, not a number of each'),
        (
            "{a: {sum: review_count, among: watch}}",
            'metrics.a: "among" stands beside a figure under metr',
        ),
        ("{min: {min: rank}}", 'metrics: "min" is a word of the rule language: name your m'),
        ("{rank: {min: rank}}", 'metrics: there is a metric "rank" already: name yours otherwise'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_figure(metrics: str, message: str) -> None:
    """Said at its place, and only there: who uses it is not blamed."""
    (problem, *_) = found = problems_of(text(metrics, "{size: 9}"))
    assert f"groups.shelves.{message}" in problem or message in problem
    assert len(found) == 1 or "needs itself" in message


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("{rank: {at_most: 5}}", 'when: unknown metric "rank": it is said of a product, and shelv'),
        (
            "{review_count: 5}",
            "which has size, gmv; under its metrics: name a figure of it, as {su",
        ),
        ("{spu_avg_price: 5}", "as {median: spu_avg_price}"),
        ("{earnings: {above: 5}}", "as {median: earnings}"),
        ("{sales_flag: live}", "as {count: {sales_flag: ...}}"),
        ("{product_name: {contains: x}}", "as {count: {product_name: ...}}"),
        ("{category_id: '5'}", 'unknown metric "category_id": it is said of a product'),
        ("{category: '5'}", "as {count: {category: ...}}"),
        ("{}", "has no condition in it: write one, as size: {at_least: 100}"),
        ("gmv", "must be conditions, as size: {at_least: 100}, not the text"),
        ("{enters_top: 5}", "it stands under a metric, as rank: {enters_top: ...}"),
        ("{above: 5}", "it stands under a metric, as size: {above: ...}"),
        ("{gvm: 5}", 'when: unknown metric "gvm": shelves has size, gmv'),
        ("{appears: true}", '"appears" is said of products, and a group is on no list: it is judg'),
        ("{reappears: true}", "a figure may count them, as {count: {reappears: true}}"),
        ("{gmv: {enters_top: 5}}", "gmv: enters_top is only for rank, not for gmv"),
        ("{gmv: {climbs: 5}}", 'climbs is only for rank, not for gmv, did you mean "rises"?'),
        ("{gmv: {above: review_count}}", 'gmv.above: "review_count" is no number, and no metric: '),
        ("{gmv: {highest: 5%, among: seller_id}}", "on the list: write among: watch, not"),
        ("{gmv: {highest: 5%, among: category_id}}", "on the list: write among: watch, not"),
        ("{seller_id: {changes: true}}", "seller_id never changes: it is what the groups of shel"),
    ],
)
def test_what_makes_no_sense_on_a_group(when: str, message: str) -> None:
    """Says why, and what would."""
    (problem,) = problems_of(text("{gmv: {sum: total_sale_gmv_7d_amt}}", when))
    assert message in problem


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("of: best", "of: bst", 'groups.shelves.of: unknown watch "bst", did you mean "best"?'),
        ("of: best", "of: []", "groups.shelves.of: takes a watch, or a list of them, not an empty"),
        ("of: best, ", "", 'groups.shelves: needs "of"'),
        (
            "of: best",
            "of: shelves",
            '"shelves" is a group: a group is made of watches, and there ar',
        ),
        ("of: best", "of: [best, shelves]", 'of[1]: "shelves" is a group: a group is made of wa'),
        ("shelves: {of", "other: {of: best, by: watch}\n  shelves: {of: other, x", "is a group: a"),
        ("by: seller_id", "by: seller", 'by: products are not grouped by "seller", did you mean'),
        ("by: seller_id", "by: region", 'grouped by "region", did you mean "watch"?'),
        ("by: seller_id", "by: set", 'grouped by "set": it is seller_id, category_id, category_l2'),
        ("by: seller_id", "by: seller_id, top: 5", 'groups.shelves: unknown field "top"'),
        ("watch: shelves", "watch: shelve", 'watch: unknown watch "shelve", did you mean "shelv'),
        (
            "watch: shelves",
            "watch: {of: best, by: watch}",
            "watch: a group is written under groups",
        ),
        ("watch: shelves", "watch: shelves, by: watch", 'unknown field "by": a group is writ'),
        ("watch: shelves", "group: shelves", 'rules[0]: unknown field "group": a group is written'),
        ("watch: shelves", "watch: [shelves, best]", 'watch[0]: "shelves" is a group, and a rule'),
        ("of: best", "of: [best, best]", 'groups.shelves.of[1]: names "best" twice'),
        ("sort: total_sale_7d_cnt desc, ", "", "metrics.top.min: rank needs a sorted list: give t"),
    ],
)
def test_what_is_wrong_with_a_group(old: str, new: str, message: str) -> None:
    """Said at its place; a rule that names it is not blamed for what it says of its figures."""
    file = text("{top: {min: rank}, gmv: {sum: review_count}}", "{gmv: {at_least: 9}}")
    assert old in file
    problems = problems_of(file.replace(old, new))
    assert any(message in problem for problem in problems)
    assert not any("rules[0].when" in problem for problem in problems)


def test_its_watches() -> None:
    """Several, or one that is written out; what no enabled rule asks for is said, and not read."""
    file = text().replace("of: best", "of: [best, {region: GB}]")
    book = load_text(file)
    assert [watch.name for watch in book.rules[0].watches] == ["best", "shelves (list)"]
    assert {*book.used_watches} == {*book.rules[0].watches}
    plain, used = "no rule uses this watch: it is not read", "no rule uses this group: nothing is"
    assert [each.message for each in book.warnings] == [plain]
    idle = load_text(text(more=", enabled: false"))
    assert not idle.used_watches
    assert "only rules with enabled: false use this group" in [e.message for e in idle.warnings]
    unused = load_text(text().replace("watch: shelves, when: {size", "watch: plain, when: {rank"
                                      ).replace("rank", "review_count"))  # fmt: skip
    assert sum(used in each.message for each in unused.warnings) == 1
    taken = problems_of(text().replace("shelves: {of", "best: {of"))
    assert any('groups: the name "best" is already used at rules.yaml:6' in each for each in taken)
    twice = text().replace(
        "by: seller_id", "by: seller_id, metrics: {}}\n  two: {of: best, by: watch"
    )
    assert len(load_text(twice).groups) == 2


def test_names_that_were_the_users_own() -> None:
    """A metric of products that is called as a word of groups keeps its meaning, in figures, too;
    of a group the word is meant, with a warning; a figure named so is the user's."""
    file = text("{s: {mean: size}, n: size / 2}").replace(
        "metrics: {", "metrics: {size: spu_avg_price * 2, share: size / 3, sum: 5 * share, ", 1
    )
    file += "  - {name: p, watch: best, when: {size: {above: 3}, share: {above: 2}}, notify: []}\n"
    file = file.replace("rules: [{", "rules:\n  - {").replace("notify: []}]", "notify: []}")
    book = load_text(file)
    group, product = book.rules
    assert group.when.key.startswith("size:=size() ")
    assert "size:=spu_avg_price * 2 above 3.0" in product.when.key
    assert group.group is not None
    assert group.group.metrics["s"].definition == "mean(size:=spu_avg_price * 2)"
    assert group.group.metrics["n"].parts[0].definition == "size()"
    assert any("metrics: has one of that name" in each.message for each in book.warnings)
    own = read("{size: {sum: review_count}}", "{size: {at_least: 9}}")
    assert own.rules[0].when.key == "size:=sum(review_count) at_least 9.0"
    assert any('each group has a "size"' in each.message for each in own.warnings)


@pytest.mark.parametrize(
    ("metrics", "when", "doubt"),
    [
        ("{a: {sum: sales_growth}}", "{}", "a.sum: adds fractions, which says nothing of many"),
        ("{a: {sum: sales_surge}}", "{}", "adds scores"),
        ("{a: {sum: review_count}}", "{}", ""),
        ("{a: {count: {rank: {above: 300}}}}", "{}", "the ranks of this watch are 1 to 200: no pr"),
        ("{a: {count: {review_count: {at_least: 0}}}}", "{}", "every product of the list meets"),
        ("{a: {max: rank, where: {rank: {at_least: 1}}}}", "{}", "leave the conditions out"),
        ("{a: {share: {sales_growth: {at_least: 50}}}}", "{}", "without a percent sign 1 is 100%"),
        ("{a: {share: {sales_growth: {at_least: 0.5}}}}", "{}", ""),
        ("{a: {share: {rank: {above: 9}}}}", "{a: {above: 20}}", "a is a fraction, 100% at most. "),
        ("{a: {count: {rank: {above: 9}}}}", "{a: {above: 200}}", "the watch reads 200: the rule "),
        ("{a: {min: rank}}", "{a: {above: 200}}", "the ranks of this watch are 1 to 200"),
        ("{a: {sum: review_count}}", "{a: {below: 0}}", "a is never below 0: the rule can never "),
        ("{a: {median: sales_growth}}", "{a: {above: 20}}", "without a percent sign 1 is 100%; wr"),
        ("{}", "{size: {below: 3}}", "a group has 3 products or more, and the watch reads 200"),
        ("{}", "{size: {at_least: 3}}", "every group meets this: all are told at the first scan"),
        (
            "{a: {sum: review_count}}",
            "{a: {rises: 30%}, size: {below: 10}}",
            "needs 10 products that are known at both times, and",
        ),
        ("{a: {sum: review_count}}", "{a: {rises: 30%}, size: {below: 11}}", ""),
        ("{a: {max: review_count}}", "{a: {rises: 30%}, size: {below: 10}}", ""),
    ],
)
def test_doubts(metrics: str, when: str, doubt: str) -> None:
    """What can hardly be meant, of figures and of conditions on them; and no more than that."""
    when = "{size: {at_least: 9}}" if when == "{}" else when
    warnings = [str(each) for each in read(metrics, when).warnings]
    about = [each for each in warnings if "no rule uses this watch" not in each]
    assert any(doubt in each for each in about) if doubt else not about, about
