"""A watch of a shop, or of products of one's own: what may stand there, and what each slip is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.tables import problems_of
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.rules.sections.models import WATCH_KEYS
from watcher.source.endpoint import Gives
from watcher.source.endpoints import PARAMETERS, SIBLINGS
from watcher.source.query import MOST_PRODUCTS

ID, OTHER, SHOP = "1729873073559015752", "1729900000000000001", "7495981769829615944"
PAGE = f"https://www.tiktok.com/view/product/{ID}?region=US"
WHEN = "when: {review_count: 1}, notify: []"
KINDS = {"shop": f"shop: '{SHOP}'", "products": f"products: ['{ID}']"}


def book(watch: str, named: str = "", defaults: str = "") -> Rulebook:
    """A rulebook with a rule for the watch."""
    return load_text(
        f"defaults: {{{defaults}}}\nwatches: {{{named}}}\n"
        f"rules:\n- {{name: r, watch: {watch}, {WHEN}}}\n"
    )


def watch_of(text: str, **more: str) -> Watch:
    """The watch of that text."""
    (found,) = book(text, **more).watches
    return found


@pytest.mark.parametrize(
    "written",
    [f"'{SHOP}'", SHOP, f"https://www.tiktok.com/shop/store/glowlab/{SHOP}?x=1"],
)
def test_a_shop(written: str) -> None:
    """By its id, quoted or not, or by its page: the seller is all that is asked for."""
    query = watch_of(f"{{shop: {written}, top: 250}}").query
    assert (query.gives, query.seller, query.top) == (Gives.SHOP, SHOP, 250)
    assert (query.pages, query.ranked, query.region) == (25, False, "")
    assert query.params(0) == {"seller_id": SHOP, "page_size": "10"}
    assert query.describe() == f"shop {SHOP}, first 250"


def test_products_of_ones_own() -> None:
    """By ids and addresses, each once, ten a request."""
    found = book(f"{{products: ['{ID}', {OTHER}, '{PAGE}'], region: us}}")
    query = found.watches[0].query
    assert (query.gives, query.ids, query.region) == (Gives.LOOKUP, (ID, OTHER), "US")
    assert (query.pages, query.depth, query.ranked, query.params(0)) == (1, 2, False, {})
    assert query.describe() == "US, 2 products of one's own"
    (warning,) = found.warnings
    assert str(warning).endswith(
        f"rules[0].watch.products[2]: is {ID} again, which products[0] is: it is read once"
    )


@pytest.mark.parametrize(
    ("written", "ids"), [(f"'{ID}'", (ID,)), (ID, (ID,)), (PAGE, (ID,)), (f"[{ID}]", (ID,))]
)
def test_one_product(written: str, ids: tuple[str, ...]) -> None:
    """Needs no list."""
    assert watch_of(f"{{products: {written}}}").query.ids == ids


@pytest.mark.parametrize("written", ["followed", "Followed", "' followed '"])
def test_what_is_followed(written: str) -> None:
    """Its products stand in the database."""
    query = watch_of(f"{{products: {written}}}").query
    assert (query.followed, query.ids, query.pages) == (True, (), 0)
    assert query.describe() == "what is followed"  # how many is not known here
    assert replace(query, ids=(ID,)).describe() == "1 product followed"


def test_batches() -> None:
    """Of a page's ids, in order."""
    ids = [str(10**18 + number) for number in range(23)]
    query = watch_of(f"{{products: {ids}}}").query
    assert query.pages == 3
    assert [len(query.batch(page)) for page in (1, 2, 3, 4)] == [10, 10, 3, 0]
    assert [*query.batch(1), *query.batch(2), *query.batch(3)] == ids


def test_the_region_is_the_defaults_or_none() -> None:
    """And is not part of what the watch is, for a shop and for products of one's own."""
    for text in KINDS.values():
        plain = watch_of(f"{{{text}}}")
        of_defaults = watch_of(f"{{{text}}}", defaults="region: GB")
        own = watch_of(f"{{{text}, region: US}}", defaults="region: GB")
        assert [each.query.region for each in (plain, of_defaults, own)] == ["", "GB", "US"]
        assert len({each.query.canonical() for each in (plain, of_defaults, own)}) == 1


def test_what_a_list_is() -> None:
    """A list of one's own goes by its name, not by its products; a shop by seller and ``top``."""

    def of(text: str) -> str:
        return (
            load_text(
                f"watches: {{mine: {{{text}}}, other: {{{text}}}}}\n"
                f"rules:\n- {{name: r, watch: mine, {WHEN}}}\n- {{name: s, watch: other, {WHEN}}}\n"
            )
            .watches[0]
            .query.canonical()
        )

    assert of(f"products: ['{ID}']") == of(f"products: ['{OTHER}', '{ID}']")
    assert of("products: followed") != of(f"products: ['{ID}']")
    assert of(f"shop: '{SHOP}'") != of(f"shop: '{SHOP}', top: 10")
    names = load_text(
        f"watches: {{mine: {{products: ['{ID}']}}}}\n"
        f"rules:\n- {{name: r, watch: mine, {WHEN}}}\n"
        f"- {{name: mine, watch: {{products: ['{ID}']}}, {WHEN}}}\n"
    ).watches
    assert len({watch.query.canonical() for watch in names}) == 2


BESIDE = {name: ("list", name) for name in PARAMETERS} | {
    parameter.name: ("another", parameter.name)
    for endpoint in SIBLINGS
    for parameter in endpoint.parameters
    if parameter.name not in PARAMETERS
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*BESIDE, "sort", "list", "top", "regoin", "topp"])
def test_no_parameter_stands_beside(kind: str, name: str) -> None:
    """Each has a word why not, and where it stands; but what the kind takes itself."""
    text = f"rules: [{{name: r, watch: {{{KINDS[kind]}, {name}: 5}}, {WHEN}}}]"
    if name == "region":
        return
    if (kind, name) == ("shop", "top"):
        assert load_text(text).watches[0].query.top == 5
        return
    (problem,) = problems_of(text)
    what = {"shop": "a shop", "products": "products of your own"}[kind]
    place = f"rules[0].watch.{name}" if name in WATCH_KEYS else "rules[0].watch"
    assert problem.split(": ")[1] == place, problem
    known = (f"{name} stands beside {kind}:, and {what}", "is set by watcher", "unknown field")
    assert any(word in problem for word in known), problem
    if name in ("sort", "product_sort_field"):
        assert "come in no known order, and have no ranks" in problem
    if name == "regoin":
        assert 'did you mean "region"' in problem


@pytest.mark.parametrize("name", ["seller_id", "product_ids", "product_id"])
def test_no_parameter_of_theirs_stands_in_a_list(name: str) -> None:
    """What to write instead is said."""
    watch = f"{{region: US, {name}: '5'}}"
    (problem,) = problems_of(f"rules: [{{name: r, watch: {watch}, {WHEN}}}]")
    instead = "shop: ID" if name == "seller_id" else "products: [ID, ...]"
    assert f"watch: {name} is no filter of a list: write {instead}" in problem


@pytest.mark.parametrize(
    ("watch", "said"),
    [
        (f"{{shop: '{SHOP}', products: ['{ID}']}}", "watch.products: a shop and products of one's"),
        (f"{{shop: ['{SHOP}', '{SHOP}']}}", "watch.shop: takes one shop: write a watch for each"),
        ("{shop: }", "watch.shop: an empty value is no seller's id"),
        ("{shop: https://vt.tiktok.com/Z/}", "watch.shop: \"vt.tiktok.com/Z/\" is a short link"),
        (f"{{shop: '{SHOP}', top: 0}}", "watch.top: \"0\" is outside 1 to 1,000,000"),
        (f"{{shop: '{SHOP}', region: USA}}", "watch.region: \"USA\" is no region"),
        ("{products: }", "watch.products: takes ids and addresses of products in a list"),
        ("{products: {a: 1}}", "or followed, not a mapping"),
        ("{products: true}", "or followed, not true"),
        ("{products: []}", "watch.products: has no product"),
        ("{products: [followed]}", "watch.products[0]: what is followed is a list of its own"),
        (f"{{products: ['{ID}', x]}}", "watch.products[1]: \"x\" is no product's id"),
        (f"{{products: ['{ID}', [x]]}}", "watch.products[1]: a list is no product's id"),
        ("{products: folowed}", "watch.products: \"folowed\" is no product's id"),
    ],
)  # fmt: skip
def test_slips(watch: str, said: str) -> None:
    """One line each."""
    (problem,) = problems_of(f"rules: [{{name: r, watch: {watch}, {WHEN}}}]")
    assert said in problem


def test_too_many_products() -> None:
    """Are one problem, not one for each."""
    ids = [str(10**18 + number) for number in range(MOST_PRODUCTS + 1)]
    text = "rules: [{{name: r, watch: {{products: {}}}, {}}}]"
    (problem,) = problems_of(text.format(ids, WHEN))
    assert "has 10,001 products: a list of your own has 10,000 at most" in problem
    assert load_text(text.format(ids[:-1], WHEN)).watches[0].query.pages == 1_000


def test_an_id_of_another_length_is_doubted() -> None:
    """A digit may be lost."""
    for text in ("{products: ['172987307355901575']}", "{shop: '74959817698296159441'}"):
        (warning,) = book(text).warnings
        assert "digits, and ids have 19" in str(warning)


def test_ranks() -> None:
    """There are none, and no sort to write."""
    for text in KINDS.values():
        (problem,) = problems_of(
            f"rules: [{{name: r, watch: {{{text}}}, when: {{rank: {{climbs: 3}}}}, notify: []}}]"
        )
        assert "come in no order" in problem
        assert "sort:" not in problem


@pytest.mark.parametrize("kind", ["shop: {}", "products: {}", "products: [x, {}]"])
@pytest.mark.parametrize(
    "url", ["https://hooks.slack.com/services/T0/B0/S3cr3t", "slack://S3cr3t/b/c", "//a.org/S3cr3t"]
)
def test_a_channels_url_is_not_shown(kind: str, url: str) -> None:
    """It may have slipped to this place."""
    problems = problems_of(f"rules: [{{name: r, watch: {{{kind.format(repr(url))}}}, {WHEN}}}]")
    assert problems
    assert "S3cr3t" not in "".join(problems)


def test_what_many_products_cost_is_said() -> None:
    """Before anything is read, by who checks and by who runs."""
    ids = [str(10**18 + number) for number in range(5_000)]
    found = book(f"{{products: {ids}, every: 12h}}")
    (warning,) = found.warnings
    assert "watch.products: 5,000 products cost 500 credits a scan, 30,000 in 30 days" in str(
        warning
    )
    assert book(f"{{products: {ids[:999]}}}").warnings == ()


def test_a_rules_own_list_goes_by_its_name() -> None:
    """It can have one; a renamed rule goes on with it, for its fingerprint is the same."""
    one = f"{{products: ['{ID}']}}"
    (problem,) = problems_of(
        f"rules: [{{name: r, watch: [{one}, {{products: ['{OTHER}']}}], {WHEN}}}]"
    )
    assert "watch[1]: is the rule's second list, after rules.yaml:1: name it under" in problem
    text = f"rules: [{{name: r, watch: {one}, {WHEN}}}, {{name: s, watch: {one}, {WHEN}}}]"
    first, second = load_text(text).rules
    assert first.watch.key != second.watch.key
    assert first.fingerprint == second.fingerprint
    assert (first.watch.mark.rule, second.watch.mark.rule) == ("r", "s")
