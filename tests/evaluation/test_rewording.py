"""Texts that change, from scan to scan of a watch."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.evaluation.following import FAILED, FULL, PARTIAL, Following
from tests.store.making import DAY, START
from watcher.attributes import MADE
from watcher.evidence import GapKind
from watcher.rules.metrics import ATTRIBUTES
from watcher.store.ports import Store
from watcher.text.evidence import gap_of

CHANGES = "- {name: r, watch: w, when: {%s: {changes: true}}}"
NAME = "product_name"
TEXTS = [each.name for each in ATTRIBUTES if each.name not in ("product_id", "region")]


def told(store: Store, rule: str, series: Sequence[str | None], name: str = NAME) -> str:
    """Whether the rule fires for product 1 at each scan: ``f`` or ``.``; "-" is not listed."""
    world, found = Following(store, rule), ""
    for text in series:
        listed = {} if text == "-" else {"1": {name: text}}
        found += "f" if "1" in world.fired(world.scan(listed)) else "."
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_is_followed(store: Store, name: str) -> None:
    """Another text fires; the first one, capitals, spaces and an address's query do not."""
    series = ["Cup at https://x.io/a?t=1", "CUP  at https://x.io/a?t=2 ", "Mug", "Mug", "Cup"]
    assert told(store, CHANGES % name, series, name) == "..f.f"


def test_variants_in_another_order_are_the_same(store: Store) -> None:
    """Their order says nothing; one more does."""
    assert told(store, CHANGES % "variants", ["S\nM", "m\ns", "S\nM\nL"], "variants") == "..f"


@pytest.mark.parametrize("name", [NAME, "discount", *MADE])
def test_kept_over_scans_that_lack_it(store: Store, name: str) -> None:
    """Without the text there is no data, and the last known one stays for 14 days."""
    assert told(store, CHANGES % name, ["a", None, "-", None, "b", None, "b"], name) == "....f.."


@pytest.mark.parametrize("name", [NAME, "discount", *MADE])
@pytest.mark.parametrize("gap", [None, "-"])
@pytest.mark.parametrize(("days", "fires"), [(13, "f"), (14, ".")])
def test_not_older_than_14_days(
    store: Store, name: str, gap: str | None, days: int, fires: str
) -> None:
    """A text that was known longer ago is no baseline, whether it or the product was missing."""
    assert told(store, CHANGES % name, ["a", *[gap] * days, "b"], name)[-1] == fires


def test_a_product_that_is_new_hides_no_change(store: Store) -> None:
    """Of it there is no data, and of the one beside it there is."""
    world = Following(store, CHANGES % NAME)
    world.scan({"1": {NAME: "Cup"}})
    assert world.fired(world.scan({"1": {NAME: "Mug"}, "2": {NAME: "Pan"}})) == ["1"]


def test_capitals_make_no_other_rule(store: Store) -> None:
    """What a rule is does not hang on them, for its verdicts don't."""
    rule = "- {name: r, watch: w, when: {seller_id: {becomes: %s}}}"
    one, same, other = (
        Following(store, rule % text).book.rules[0].fingerprint
        for text in ("SELLER  A", "Seller a", "Seller b")
    )
    assert one == same != other


def test_becomes_and_leaves(store: Store) -> None:
    """By the normal form; what is another text for any other reason is neither."""
    series = ["7", "Seller  a", "seller A", "8", "9"]
    becomes = "- {name: r, watch: w, when: {seller_id: {becomes: SELLER A}}}"
    assert told(store, becomes, series, "seller_id") == ".f..."


def test_leaves(store: Store) -> None:
    """When it was that text, in whatever letters, and is another one."""
    series = ["7", "Seller  a", "seller A", "8", "9"]
    leaves = "- {name: r, watch: w, when: {seller_id: {leaves: SELLER A}}}"
    assert told(store, leaves, series, "seller_id") == "...f."


def test_equals_stays_exact(store: Store) -> None:
    """Capitals count there, as ever."""
    rule = "- {name: r, watch: w, when: {product_name: {equals: Cup}}}"
    assert told(store, rule, ["cup", "Cup", "cup"]) == ".f."


def test_what_another_watch_saw_does_not_count(store: Store) -> None:
    """Between two scans of a watch another may see the new text first."""
    world = Following(store, CHANGES % NAME)
    other = Following(store, CHANGES % NAME, watch="{sort: total_sale_30d_cnt desc}")
    world.scan({"1": {NAME: "Cup"}})
    other.at = world.at
    other.scan({"1": {NAME: "Mug"}}, after=60)
    assert world.fired(world.scan({"1": {NAME: "Mug"}})) == ["1"]
    assert other.fired(other.scan({"1": {NAME: "Mug"}})) == []


def test_evidence_has_both_texts(store: Store) -> None:
    """From what to what, since when, and why that is so long ago."""
    world = Following(store, CHANGES % NAME)
    world.scan({"1": {NAME: "Cup"}})
    for _ in range(4):
        world.scan({"1": {NAME: None}})
    evidence = world.evidence(world.scan({"1": {NAME: "Mug"}}))
    assert (evidence.value, evidence.baseline) == ("Mug", "Cup")
    assert evidence.baseline_at == START + DAY
    assert gap_of(evidence) == "no value for 5 days"


@pytest.mark.parametrize("kind", [PARTIAL, FAILED, FULL])
def test_not_listed_in_between(store: Store, kind: str) -> None:
    """The age of the last known text is told, and whether the product was missed or not seen."""
    world = Following(store, CHANGES % NAME)
    world.scan({"1": {NAME: "Cup"}})
    for _ in range(4):
        world.scan({}, kind)
    gap = world.evidence(world.scan({"1": {NAME: "Mug"}})).gap
    # A failed scan counts for nothing at all.
    expected = {PARTIAL: GapKind.NOT_SEEN, FAILED: None, FULL: GapKind.NOT_LISTED}[kind]
    assert (gap.kind if gap is not None else None) == expected  # type: ignore[union-attr]


def test_long_texts_are_unknown_where_they_were_not_read(store: Store) -> None:
    """What a watch read before its rules stopped to ask is no baseline weeks later."""
    asked, silent = CHANGES % "description", "- {name: s, watch: w, when: {rank: 1}}"
    world = Following(store, asked)
    world.scan({"1": {"description": "old"}})
    for _ in range(20):
        world.rules = silent
        world.__post_init__()
        world.scan({"1": {}})
    world.rules = asked
    world.__post_init__()
    assert world.fired(world.scan({"1": {"description": "new"}})) == []
    assert world.fired(world.scan({"1": {"description": "newer"}})) == ["1"]


def test_the_last_known_text_is_of_when_it_was_read(store: Store) -> None:
    """Not of a scan that found the product, and read no long texts."""
    asked = CHANGES % "description"
    world = Following(store, asked)
    world.scan({"1": {"description": "old"}})
    read = world.at
    for rules in ("- {name: s, watch: w, when: {rank: 1}}", asked):
        world.rules = rules
        world.__post_init__()
        outcome = world.scan({"1": {"description": "new"} if rules == asked else {}})
    assert world.evidence(outcome).baseline_at == read


@pytest.mark.parametrize(
    ("name", "series", "when", "fires"),
    [
        ("discount", ["10%", "20%", "", "-"], "discount_rate: {rises: 5%}", ".f.."),
        ("discount", ["10%", "20%", "", "-"], "discount_rate: {becomes: 0}", "..f."),
        ("discount", ["10%", None, "5%"], "discount_rate: {falls: 10%}", "..f"),
        ("discount", [None, "10%"], "discount_rate: {above: 0}", ".f"),
        (
            "discount",
            ["30%"] * 4 + ["10%"],
            "discount_rate: {falls: 50%, from: median 4d}",
            "....f",
        ),
        ("discount", ["30%", "20%", "10%"], "discount_rate: {falls: 50%, from: 2d ago}", "..f"),
        ("variants", ["S", "S\nM", "S\nM\nL"], "variant_count: {at_least: 3}", "..f"),
        ("variants", ["S", None, "S\nM\nL"], "variant_count: {rises: 2}", "..f"),
        ("variants", ["S\nM\nL", "S", ""], "variant_count: {falls: 1}", ".f."),
    ],
)
def test_numbers_read_of_texts(
    store: Store, name: str, series: list[str | None], when: str, fires: str
) -> None:
    """They are metrics like any other, with every baseline."""
    rule = f"- {{name: r, watch: w, when: {{{when}}}}}"
    world, found = Following(store, rule), ""
    for text in series:
        outcome = world.scan({"1": {name: text}})
        found += "f" if "1" in world.fired(outcome) else "."
    assert found == fires
