"""Categories by name: in watches and conditions, on three levels, whatever became of the name."""

from __future__ import annotations

import pytest

from tests.rules.sections.whole_texts import WHOLE_TEXT_OPERATORS
from tests.rules.tables import problems_of
from watcher.categories import CategoryLookup, CategoryName, KnownCategories
from watcher.errors import RulesError, StoreError
from watcher.rules.conditions.registry import Takes
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.rules.schema.category_names import with_names
from watcher.rules.schema.json_schema import json_schema

BEAUTY, SKIN, SERUM, SETS, HEALTH, HAIR, HAIR_SETS = "60 849 801 802 70 850 803".split()
# name, id, level, parent, since, name now, last read
ROWS = (
    ("Beauty & Personal Care", BEAUTY, 1, "", 10, "Beauty & Personal Care", 90),
    ("Health, Vitamins & Care", HEALTH, 1, "", 10, "Health, Vitamins & Care", 90),
    ("Skincare", SKIN, 2, BEAUTY, 10, "Skin", 90),  # renamed
    ("Skin", SKIN, 2, BEAUTY, 90, "Skin", 90),
    ("Hair", HAIR, 2, BEAUTY, 10, "Hair", 20),  # vanished: its branch was read since
    ("Serums", SERUM, 3, SKIN, 10, "Serums", 90),
    ("Serums", HEALTH, 1, "", 90, "Health, Vitamins & Care", 90),  # was its name for a while, later
    ("Sets", SETS, 3, SKIN, 10, "Sets", 90),
    ("Sets", HAIR_SETS, 3, HAIR, 10, "Sets", 90),
)
KNOWN = KnownCategories(CategoryName(*row) for row in ROWS)
WATCH = "rules: [{name: a, watch: {region: US, %s}, when: {review_count: 1}}]\n"
WHEN = "rules: [{name: a, watch: {region: US}, when: {%s}}]\n"


def read(text: str, known: KnownCategories = KNOWN) -> Rulebook:
    """The rules, where these names are known."""
    return load_text(text, categories=CategoryLookup(lambda: known))


def wrong(text: str, known: KnownCategories = KNOWN) -> str:
    """The only thing that is wrong."""
    with pytest.raises(RulesError) as caught:
        read(text, known)
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize(
    ("by_name", "by_id", "doubt"),
    [
        ('category: "Beauty & Personal Care"', f'category_id: "{BEAUTY}"', ""),
        ("category: Beauty & Personal Care", f"category_id: {BEAUTY}", ""),
        ('category: " beauty &  personal CARE "', f"category_id: {BEAUTY}", ""),
        ("category_id: Beauty & Personal Care", f"category_id: {BEAUTY}", ""),
        ('category: "Health, Vitamins & Care"', f"category_id: {HEALTH}", ""),
        ("category: Skin", f"category_l2_id: {SKIN}", ""),
        ("category: Skincare", f"category_l2_id: {SKIN}", '"Skincare" is called "Skin" by now: it'),
        ("category_l2_id: Hair", f"category_l2_id: {HAIR}", 'lists no category "Hair" any more'),
        ("category: Skin > Sets", f"category_l3_id: {SETS}", ""),
        ("category: Skincare>Sets", f"category_l3_id: {SETS}", ""),
        (
            "category_l3_id: Beauty & Personal Care > Hair > Sets",
            f"category_l3_id: {HAIR_SETS}",
            "",
        ),
        ("category: Serums", f"category_l3_id: {SERUM}", "too: it stands for 801, as before"),
        (f"category: {SERUM}", f"category_l3_id: {SERUM}", ""),
        ('category: "999"', "category_id: 999", 'the level of "999" is not known here'),
    ],
)
def test_a_watch_by_name_is_the_watch_by_id(by_name: str, by_id: str, doubt: str) -> None:
    """So an edit from the one to the other begins nothing anew; what is odd is a warning only."""
    named, plain = read(WATCH % by_name), read(WATCH % by_id)
    assert named.watches[0].query == plain.watches[0].query
    assert named.watches[0].key == plain.watches[0].key
    assert named.rules[0].fingerprint == plain.rules[0].fingerprint
    (said,) = [str(each) for each in named.warnings if "tells nobody" not in str(each)] or [""]
    assert doubt in said
    assert bool(doubt) == bool(said)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("category: Health, Vitamins & Care", 'in quotes, as category: "Health, Vitamins & Care"'),
        ("category_id: Health, But, top: 20", 'in quotes, as category_id: "Health, But"'),
        ("category: Health", 'put the whole name in quotes, as "Health, Vitamins & Care"'),
        ("category: Beuty & Personal Care", 'did you mean "Beauty & Personal Care"?'),
        (
            "category: Gardens",
            "is no category's name or id: `watcher source categories --json` lists those that are",
        ),
        ("category_id: Skin", '"Skin" is a category of level 2, not 1: write category_l2_id'),
        (
            "category: Sets",
            'several categories: write "Beauty & Personal Care > Skin > Sets" (802)',
        ),
        ("category: [Skin, Hair]", "takes the name or id of one category"),
        ("category: true", "not true"),
        ('category: ""', "takes the name or id of one category"),
        ("category: null", "takes the name or id of one category"),
        (f"category: Skin, category_l2_id: {HAIR}", "category_l2_id stands beside it"),
        ("category_id: -5", "is no id"),
        ("categry: Skin", 'did you mean "category"'),
    ],
)
def test_a_watch_refuses(line: str, said: str) -> None:
    """One error each, at the filter."""
    problem = wrong(WATCH % line)
    assert said in problem
    assert "watch" in problem


def test_beside_a_shop() -> None:
    """No filter, by name or id."""
    for line in (f"category: Skin, shop: {10**18}", f"category_id: {SKIN}, shop: {10**18}"):
        assert "can't be filtered: make it a condition" in wrong(WATCH % line)


def test_a_doubt_of_a_name_in_a_condition() -> None:
    """As in a watch: a warning, at the condition."""
    warnings = read(WHEN % "category_l2_id: Skincare").warnings
    (found,) = [each for each in warnings if "tells nobody" not in each.message]
    assert '"Skincare" is called "Skin" by now' in found.message
    assert found.path == "rules[0].when.category_l2_id"


@pytest.mark.parametrize("operator", WHOLE_TEXT_OPERATORS, ids=lambda each: each.name)
def test_a_name_in_every_operator(operator: object) -> None:
    """That takes a whole text: the rule is the same as with the id."""
    name, takes = getattr(operator, "name"), getattr(operator, "takes")  # noqa: B009
    written = "[{}]" if takes is Takes.TEXTS else "{}"
    for level, key, text, own in (
        (1, "category_id", "Beauty & Personal Care", BEAUTY),
        (2, "category_l2_id", "Skincare", SKIN),
        (3, "category_l3_id", "Skin > Sets", SETS),
    ):
        named, plain = (
            read(WHEN % f"{key}: {{{name}: {written.format(each)}}}").rules[0]
            for each in (text, own)
        )
        assert named.fingerprint == plain.fingerprint, level
        assert f"({own})" in str(named.when)


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        (
            "category: Skin",
            (
                f"any: [{{category_id: {SKIN}}}, {{category_l2_id: {SKIN}}}, "
                f"{{category_l3_id: {SKIN}}}]"
            ),
        ),
        (
            f"category: {{in: [Skin, {HEALTH}]}}",
            (
                f"any: [{{category_id: {{in: [{SKIN}, {HEALTH}]}}}}, {{category_l2_id: {{in: "
                f"[{SKIN}, {HEALTH}]}}}}, {{category_l3_id: {{in: [{SKIN}, {HEALTH}]}}}}]"
            ),
        ),
        (
            "category: {not_in: [Skin]}",
            (
                f"all: [{{category_id: {{not_in: [{SKIN}]}}}}, {{category_l2_id: {{not_in: "
                f"[{SKIN}]}}}}, {{category_l3_id: {{not_in: [{SKIN}]}}}}]"
            ),
        ),
    ],
)  # fmt: skip
def test_a_condition_on_whichever_level(word: str, plain: str) -> None:
    """Is met by one level, and by none of them negated; the same by name and by id, so that it does
    not matter what is known of the level."""
    named, ids = read(WHEN % word), load_text(WHEN % word.replace("Skin", SKIN))
    assert named.rules[0].fingerprint == ids.rules[0].fingerprint
    assert named.rules[0].fingerprint == load_text(WHEN % plain).rules[0].fingerprint


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("category: Health, Vitamins & Care", 'quotes, as category: "Health, Vitamins & Care"'),
        ("category_id: {in: [Skin, Health, Vitamins & Care]}", "level 2, not 1"),
        ("category: {in: [Skin, Health, Vitamins & Care]}", '"Health" is no whole name: a comma'),
        (
            "category: {equals: Health, Vitamins & Care}",
            'quotes, as equals: "Health, Vitamins & Care"',
        ),
        ("category_l2_id: {in: [Skn]}", 'did you mean "Skin"'),
        (
            "category: {contains: Sk}",
            'category takes equals, in, not_equals, not_in, not "contains"',
        ),
        ("category: {becomes: Skin}", "category_id, category_l2_id, category_l3_id take all"),
        ("category: {}", "has no condition in it"),
        ("category: Sets", "is the name of several categories"),
    ],
)
def test_a_condition_refuses(line: str, said: str) -> None:
    """One error each."""
    assert said in wrong(WHEN % line)


def test_where_no_names_are_known() -> None:
    """A watch and the new word refuse a name and say what to do, or why it can't be told; a
    condition of before is a doubt, as it always was."""
    nothing = KnownCategories()
    asked = "`watcher source probe --endpoint categories` asks for them, for 1 credit; or write the"
    for text in (WATCH % "category_id: Skin", WATCH % "category: Skin", WHEN % "category: Skin"):
        assert asked in wrong(text, nothing)
    old = read(WHEN % "category_id: Skin", nothing)
    assert any("is no category's id, which is digits" in str(each) for each in old.warnings)

    def away() -> KnownCategories:
        raise StoreError("the database is away", None)

    with pytest.raises(RulesError, match="known here: the database is away; or write the id"):
        load_text(WATCH % "category: Skin", categories=CategoryLookup(away))


def test_ids_ask_nobody() -> None:
    """Rules without names cost nothing: nothing is read for them."""

    def asked() -> KnownCategories:
        raise AssertionError

    for text in (
        WATCH % f"category_id: {SKIN}",
        WHEN % f"category_l3_id: {{in: [{SKIN}, {HAIR}]}}",
        WHEN % f"category: {SKIN}",
        WHEN % 'seller_id: "1", product_name: {contains: x}',
    ):
        book = load_text(text, categories=CategoryLookup(asked))  # fmt: skip
        assert book.named_categories == {}


def test_what_rules_name_is_known() -> None:
    """For what is read again now and then."""
    book = read(WATCH % "category: Skincare" + "metrics: {}\n")
    assert book.named_categories == {"Skincare": SKIN}


def test_a_metric_of_ones_own_keeps_its_meaning() -> None:
    """With a warning: the word came later."""
    text = "metrics: {category: review_count * 2}\n" + WHEN % "category: {above: 5}"
    book = read(text)
    assert "review_count" in book.rules[0].when.metrics[0].definition
    assert any('there is a word "category" by now' in str(each) for each in book.warnings)
    assert problems_of(text) == []


def test_an_editor_offers_names() -> None:
    """Of the key's level, in quotes; with those above where several have it."""
    schema = with_names(json_schema(), KNOWN)
    of_watch = schema["$defs"]["watch"]["properties"]
    offered = {
        key: [each["body"] for each in of_watch[key].get("defaultSnippets", ())]
        for key in ("category", "category_id", "category_l2_id", "category_l3_id")
    }
    assert offered["category_id"] == ['"Beauty & Personal Care"', '"Health, Vitamins & Care"']
    assert offered["category_l2_id"] == ['"Hair"', '"Skin"']
    beauty = "Beauty & Personal Care >"
    several = [f'"{beauty} Hair > Sets"', f'"{beauty} Skin > Sets"']
    assert offered["category_l3_id"] == [*several, '"Serums"']
    assert len(offered["category"]) == 7
    in_condition = schema["$defs"]["condition"]["properties"]["category_l2_id"]["properties"]
    bodies = [each["body"] for each in in_condition["in"]["items"]["defaultSnippets"]]
    assert bodies == ['"Hair"', '"Skin"']
    assert with_names(json_schema(), KnownCategories()) == json_schema()
