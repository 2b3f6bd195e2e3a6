"""Products that are back on the list, and products that are gone from it."""

from __future__ import annotations

import pytest

from tests.evaluation.following import DOUBTED, FAILED, FULL, PARTIAL, Following
from tests.store.making import DAY
from watcher.store.ports import Store
from watcher.text.evidence import gap_of

BACK = "- {name: r, watch: w, when: {reappears: true}}"
GONE = "- {name: r, watch: w, when: {disappears: true}}"
LETTERS = {"l": (True, FULL), "p": (True, PARTIAL), "d": (True, DOUBTED), "x": (False, FULL),
           "P": (False, PARTIAL), "D": (False, DOUBTED), "F": (False, FAILED)}  # fmt: skip


def march(world: Following, looks: str) -> str:
    """What product 1 does at each scan: listed in one that is whole (l), partial (p) or doubted
    (d), or missing from such a one (x, P, D) or one that failed (F). ``f`` it begins to fire, ``+``
    it goes on, ``.`` it does not fire."""
    found = ""
    for look in looks:
        listed, kind = LETTERS[look]
        outcome = world.scan({"1": {}} if listed else {}, kind)
        fires = "1" in world.fired(outcome)
        found += "f" if fires else "+" if "1" in world.firing() else "."
    return found


@pytest.mark.parametrize(
    ("looks", "fires"),
    [
        ("lxxl", "...f"),
        ("lxl", "..."),
        ("lxxll", "...f."),
        ("lxxxxxl", "......f"),
        ("xxl", "..."),  # seen for the first time
        ("lxPl", "...."),
        ("lxFl", "...."),
        ("lxDl", "...."),
        ("lxPxl", "....f"),
        ("lxDPFxl", "......f"),
        ("lxpxl", "....."),  # a scan that was cut off saw it
        ("lxxp", "...f"),
        ("lxxlxxl", "...f+.f"),
    ],
)
def test_reappears(store: Store, looks: str, fires: str) -> None:
    """Listed again after two scans that prove that it was not there."""
    assert march(Following(store, BACK), looks) == fires


@pytest.mark.parametrize(
    ("looks", "fires"),
    [
        ("lxx", "..f"),
        ("lx", ".."),
        ("lxl", "..."),
        ("lxxxx", "..f.."),  # once, and the next scan ends it
        ("lxxl", "..f."),
        ("xxx", "..."),
        ("lxPx", "...f"),
        ("lxDx", "...f"),
        ("lxFx", "...f"),
        ("lPPPP", "....."),
        ("lxpxx", "....f"),
        ("lxxPPx", "..f++."),  # what proves nothing changes nothing
        ("lxxlxx", "..f..f"),
        ("plxx", "...f"),
        ("pxx", "..f"),
        ("lxxpxx", "..f..f"),
    ],
)
def test_disappears(store: Store, looks: str, fires: str) -> None:
    """On the list before, and missing from two scans that prove it: at the second of them."""
    assert march(Following(store, GONE), looks) == fires


def test_who_is_back_is_known_after_two_scans(store: Store) -> None:
    """Before that there is no data, which is not the same as that nobody is."""
    world = Following(store, BACK)
    missing = [world.scan({"1": {}}).judged[0].no_data for _ in range(3)]
    assert missing == [13, 13, 0]


def test_who_fires_already_is_not_told_twice(store: Store) -> None:
    """That it is gone ends the alert, and begins none of the same rule."""
    cup = "{all: [{total_sale_7d_cnt: {above: 0}}, {product_name: Cup}]}"
    world = Following(
        store, f"- {{name: r, watch: w, when: {{any: [{{disappears: true}}, {cup}]}}}}"
    )
    cups: dict[str, dict[str, str | None]] = {"1": {"product_name": "Cup"}}
    assert [world.fired(world.scan(each)) for each in (cups, {}, {}, {})] == [["1"], [], [], []]
    assert len(store.alerts.list("r")) == 1


def test_how_long_it_was_away(store: Store) -> None:
    """The evidence says since when, and the words for how long."""
    world = Following(store, BACK)
    march(world, "lxxx")
    evidence = world.evidence(world.scan({"1": {}}))
    assert evidence.baseline_at == world.at - 4 * DAY
    assert gap_of(evidence) == "not on the list for 4 days"


def test_gone_is_judged_on_the_last_values(store: Store) -> None:
    """Other conditions look at what the product was when it was seen last."""
    rule = "- {name: r, watch: w, when: {disappears: true, product_name: {contains: cup}}}"
    world = Following(store, rule)
    world.scan({"1": {"product_name": "Cup"}, "2": {"product_name": "Mug"}})
    world.scan({})
    outcome = world.scan({})
    assert world.fired(outcome) == ["1"]
    (alert,) = world.alerts(outcome)
    gone, name = alert.evidence
    assert gone.baseline_at == world.at - 2 * DAY
    assert gap_of(gone) == "not on the list for 2 days"
    assert name.value == "Cup"


def test_the_message_says_when_it_was_seen(store: Store) -> None:
    """And its last values."""
    world = Following(store, GONE)
    march(world, "lxx")
    ((message),) = [each.message for each in store.outbox.waiting_for("me/1")]
    (item,) = message.items
    assert item.seen == world.at - 2 * DAY
    assert item.facts["total_sale_7d_cnt"] == 50


def test_no_other_rule_sees_them(store: Store) -> None:
    """A rule that is met by the last values of what is gone does not fire for it."""
    rules = f"{GONE}\n- {{name: s, watch: w, when: {{not: {{rank: {{at_most: 0}}}}}}}}"
    world = Following(store, rules)
    march(world, "lxx")
    assert world.firing() == ["1"]
    assert "1" not in world.firing("s")


def test_order_by_last_values(store: Store) -> None:
    """The strongest first, by what each was."""
    rule = "- {name: r, watch: w, when: {disappears: true}, order_by: total_sale_7d_cnt, limit: 1}"
    world = Following(store, rule)
    world.scan({"1": {}, "2": {}, "3": {}}, sales={"1": 51, "2": 53, "3": 52})
    world.scan({})
    world.scan({})
    ((message),) = [each.message for each in store.outbox.waiting_for("me/1")]
    names = [facts.name for facts in store.history.facts([1, 2, 3]).values()]
    assert [item.product_id for item in message.items] == ["2"]
    assert message.more == tuple(names[place] for place in (2, 0))


def test_a_list_that_jumps_leaves_it_in_doubt(store: Store) -> None:
    """While a scan's sales are doubted it is not said who is gone; after that it is, once."""
    world = Following(store, GONE)
    world.scan({"1": {}, "2": {}}, sales=50)
    world.scan({"1": {}, "2": {}}, sales=50)
    found = [world.fired(world.scan({"2": {}}, sales=500))]  # jumps
    found.append(world.fired(world.scan({}, sales=500)))  # and is believed
    found.append(world.fired(world.scan({}, sales=500)))
    found.append(world.fired(world.scan({}, sales=500)))
    assert [product for each in found for product in each] == ["1", "2"]
    assert found[0] == []


def test_for_waits_in_vain(store: Store) -> None:
    """It is so at one scan only: with ``for`` nothing ever fires, and nothing stays pending."""
    rule = "- {name: r, watch: w, when: {disappears: true}, for: 24h}"
    world = Following(store, rule)
    assert march(world, "lxxxxl") == "......"
    assert store.alerts.live(["r"]) == []


def test_end_is_told(store: Store) -> None:
    """With ``resolved`` its end at the next scan is told."""
    world = Following(store, f"{GONE[:-1]}, resolved: true}}")
    march(world, "lxxx")
    told = [each.message for each in store.outbox.waiting_for("me/1")]
    assert [item.kind for message in told for item in message.items] == ["firing", "resolved"]


def asked_for(world: Following, asked: str, looks: str) -> str:
    """``march`` of products of one's own: at each scan product 1 is asked for (a) or not (n)."""
    found = ""
    for ask, look in zip(asked, looks, strict=True):
        world.asked = ("1",) if ask == "a" else ()
        found += march(world, look)
    return found


@pytest.mark.parametrize(
    ("asked", "looks", "gone"),
    [
        ("aaa", "lxx", "..f"),
        ("ann", "lxx", "..."),
        ("aan", "lxx", "..."),
        ("anaa", "lxxx", "...."),
        ("annaaaaa", "lxxlxxll", ".....f.."),
    ],
)
def test_own_products_are_gone_where_they_were_asked_for(
    store: Store, asked: str, looks: str, gone: str
) -> None:
    """An id that the user took out has not disappeared."""
    assert asked_for(Following(store, GONE), asked, looks) == gone


@pytest.mark.parametrize(
    ("asked", "looks", "back"),
    [
        ("aaaa", "lxxl", "...f"),
        ("anna", "lxxl", "...."),
        ("aanna", "lxxxl", "....."),
        ("naa", "xxl", "..."),
    ],
)
def test_own_products_are_back_where_they_were_asked_for(
    store: Store, asked: str, looks: str, back: str
) -> None:
    """Nor has one that is asked for once more come back."""
    assert asked_for(Following(store, BACK), asked, looks) == back


def test_a_shop_longer_than_what_is_read_says_nothing(store: Store) -> None:
    """While it is cut nobody is gone from it; once it is read whole it goes on as ever."""
    world = Following(store, GONE, cut=True)
    assert march(world, "lxxxx") == "....."
    world.cut = False
    assert march(world, "lxx") == "..f"
