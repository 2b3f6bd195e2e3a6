"""One mapping into one rule."""

import pytest

from tests.rules.tables import problems_of
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rule

WATCH = "watch: {region: US, sort: total_sale_cnt}"


def rule(text: str, name: str = "a", watch: str = WATCH, before: str = "") -> Rule:
    """The rule of a text."""
    text = f"{before}\nrules: [{{name: {name}, {watch}, notify: [], {text}}}]"
    return load_text(text).rules[0]


BASE = rule("when: {review_count: {above: 5}, is_s_shop: 1}")


@pytest.mark.parametrize(
    "text",
    [
        "when: {is_s_shop: true, review_count: {above: '5'}}",
        "when: {all: [{is_s_shop: 1}, {review_count: {above: 5}}]}",
        "when: {review_count: {above: 5}, is_s_shop: 1}, cooldown: 5d, severity: critical",
        "when: {review_count: {above: 5}, is_s_shop: 1}, keep_firing_for: 5d, limit: 3",
        "when: {review_count: {above: 5}, is_s_shop: 1}, description: other, remind: 1d",
        "when: {review_count: {above: 5}, is_s_shop: 1}, priority: 3, order_by: rank",
    ],
)
def test_edits_that_keep_every_state(text: str) -> None:
    """The same meaning, or another way of telling."""
    assert rule(text).fingerprint == BASE.fingerprint


@pytest.mark.parametrize(
    "text",
    [
        "when: {review_count: {above: 6}, is_s_shop: 1}",
        "when: {review_count: {above: 5}, is_s_shop: 1}, for: 1d",
        "when: {review_count: {above: 5}, is_s_shop: 1}, until: {review_count: 0}",
    ],
)
def test_edits_that_begin_anew(text: str) -> None:
    """``when``, ``until``, ``for``, and the watch."""
    assert rule(text).fingerprint != BASE.fingerprint
    same = "when: {review_count: {above: 5}, is_s_shop: 1}"
    assert rule(same, watch="watch: {region: GB}").fingerprint != BASE.fingerprint


def test_a_new_name_alone_is_recognised() -> None:
    """The name is no part of the fingerprint: so a renamed rule is known for what it was."""
    renamed = rule("when: {review_count: {above: 5}, is_s_shop: 1}", name="b")
    assert renamed.fingerprint == BASE.fingerprint


def test_a_metric_of_another_meaning_begins_anew() -> None:
    """Also where it changes in a metric that it is made of."""
    prints = [
        rule(
            "when: {mine: {above: 5}}",
            before=f"metrics: {{part: review_count {sign} 1, mine: part * 2}}",
        ).fingerprint
        for sign in "+-"
    ]
    assert prints[0] != prints[1]


def test_defaults() -> None:
    """Where the rule says nothing; what it says counts, also where that is 0."""
    before = "defaults: {cooldown: 1d, severity: critical, remind: 2d, resolved: true, limit: 3}"
    plain = rule("when: {review_count: 1}", before=before)
    assert (plain.cooldown, plain.severity, plain.remind) == (86_400, "critical", 172_800)
    assert (plain.resolved, plain.limit) == (True, 3)
    own = rule("when: {review_count: 1}, cooldown: 0, resolved: false", before=before)
    assert (own.cooldown, own.resolved) == (0, False)
    assert rule("when: {review_count: 1}, remind: 0", before=before).remind is None


def order(when: str, written: str = "") -> str:
    """What the page says of the order of a rule."""
    more = f", order_by: {written}" if written else ""
    return str(rule(f"when: {when}{more}").order_by)


def test_strongest_first() -> None:
    """By the first metric of ``when``, by the one that is named, or by sales."""
    assert order("{review_count: 1, total_sale_cnt: 1}") == "reviews, highest first"
    assert order("{appears: true}") == "7-day sales, highest first"
    assert order("{rank: 3}") == "rank, lowest first"
    assert order("{review_count: 1, sales_growth: {falls: 5%}}") == (
        "sales growth, furthest beyond its condition first"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("when: {review_count: 1}, order_by: comission", 'did you mean "commission"?'),
        ("when: {review_count: 1}, order_by: product_name", 'unknown metric "product_name"'),
        (
            "when: {review_count: 1}, order_by: rank up",
            'order_by: "up" is no order: write rank, rank desc or rank change asc',
        ),
        (
            "when: {review_count: 1}, order_by: review_count chnage",
            '"chnage" is no order, did you mean "change"?',
        ),
        (
            "when: {review_count: 1}, order_by: review_count descending",
            '"descending" is no order',
        ),
        (
            "when: {review_count: 1}, order_by: review_count desc change",
            '"review_count desc change" is no order: write review_count, review_count desc or',
        ),
        ("when: {review_count: 1}, order_by: review_count asc desc", " is no order"),
        ("when: {review_count: 1}, order_by: review_count change change", " is no order"),
        ("when: {review_count: 1}, order_by: desc", 'unknown metric "desc"'),
        ("when: {review_count: 1}, order_by: [rank]", "order_by: takes a text, not a list"),
        ("when: {review_count: 1}, priority: high", "rules[0].priority: "),
        ("when: {review_count: 1}, until: {}", "rules[0].until: has no condition in it"),
        ("when: {review_count: 1}, until: ", "rules[0].until: is empty"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    """One line each."""
    (problem,) = problems_of(f"rules: [{{name: a, {WATCH}, notify: [], {text}}}]")
    assert message in problem


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("commission", "commission, highest first"),
        ("commission asc", "commission, lowest first"),
        ("rank", "rank, lowest first"),
        ("rank desc", "rank, highest first"),
        ("review_count change", "change of reviews from last, highest first"),
        ("sales_growth change", "change of sales growth from median 14d, highest first"),
        ("sales_growth Change Asc", "change of sales growth from median 14d, lowest first"),
        ("rank change", "change of rank from last, lowest first"),
    ],
)
def test_orders(written: str, said: str) -> None:
    """A metric or its change, from what the conditions compare it with or else the last value."""
    when = "{review_count: 1, rank: {enters_top: 3}, sales_growth: {rises: 1, from: median 14d}}"
    assert order(when, written) == said


def test_an_order_of_its_own_metric() -> None:
    """Of any name that a metric may have; it adds no need but its own."""
    before = "metrics: {change: review_count * 2}"
    found = rule("when: {review_count: 1}, order_by: change change asc", before=before)
    assert str(found.order_by) == "change of change from last, lowest first"
    assert [str(need.from_) for need in found.order_by.needs] == ["last"]
    assert found.when.needs == ()


def test_an_order_begins_no_rule_anew() -> None:
    """It is no part of what a rule is recognised by."""
    plain = rule("when: {review_count: 1}")
    assert plain.fingerprint == rule("when: {review_count: 1}, order_by: rank").fingerprint


def test_rank_needs_a_sorted_watch() -> None:
    """In conditions, in the order, and in metrics of one's own."""
    text = """
metrics: {place: rank * 2}
rules:
  - {name: a, watch: {region: US}, notify: [], when: {rank: 1}}
  - {name: b, watch: {region: US}, notify: [], when: {place: 1}}
  - {name: c, watch: {region: US}, notify: [], when: {review_count: 1}, order_by: rank}
"""
    assert ["needs a" in problem for problem in problems_of(text)] == [True] * 3


def test_a_top_below_what_is_read_is_warned_of() -> None:
    """A product that falls below the scanned depth has not left a top that reaches below it."""
    text = """
rules:
  - name: a
    watch: {region: US, sort: total_sale_cnt, top: 50}
    notify: []
    when: {any: [{rank: {enters_top: 50}}, {not: {rank: {leaves_top: 60}}}]}
    until: {rank: {enters_top: 70}}
"""
    when, until = map(str, load_text(text).warnings)
    assert '"leaves the top 60" reaches below what the watch reads' in when
    assert "write 50 at most, or give the watch top: 60" in when
    assert "rules[0].until.rank.enters_top" in until
    assert '"enters the top 70" reaches below' in until


def test_all_that_is_wrong_with_a_rule() -> None:
    """A broken shape does not hide what is wrong inside."""
    problems = problems_of(
        "rules: [{nam: a, watch: {regoin: US}, when: {foo: 1}, until: {bar: 1}, notify: [x]}, 5]"
    )
    assert len(problems) == 7


def test_names_of_rules_are_unique() -> None:
    """The second one is told where the first is."""
    one = "{name: a, watch: {region: US}, notify: [], when: {review_count: 1}}"
    (problem,) = problems_of(f"rules:\n  - {one}\n  - {one}\n")
    assert problem == (
        'rules.yaml:3:12: rules[1].name: the name "a" is already used at rules.yaml:2'
    )
