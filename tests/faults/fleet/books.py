"""Six books: each with lists, a shop, products of one's own, rules, a source and a service of its
own. One has a cap on credits that is raised now and then, one a pace that it would break at once if
two daemons held it."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

from watcher.source.simulator import Market

CAPPED = "ember"
PACED, PACE = "fjord", 2
FIRST_CAP, STEP = 60, 24

_OWN = 5
SEVERAL = "anywhere"  # of several lists: which of them is first decides how many alerts there are
_WATCHES = {
    "sales": "{sort: total_sale_7d_cnt desc, top: 20}",
    "dear": "{sort: spu_avg_price desc, top: 20}",
    "money": "{sort: total_sale_gmv_7d_amt desc, top: 20}",
    "rising": "{sort: total_sale_7d_cnt desc, sales_trend_flag: rising, top: 10}",
    "shop": '{shop: "${SHOP}", top: 40}',
    "mine": '{products: ["${MINE0}", "${MINE1}", "${MINE2}", "${MINE3}", "${MINE4}"]}',
}
_RULES = {
    "selling": "{watch: sales, when: {total_sale_7d_cnt: {at_least: 1}}, cooldown: 100w, "
    "notify: [pair, single]}",
    "cheaper": "{watch: sales, when: {spu_avg_price: {falls: 5%}}, resolved: true}",
    "more": "{watch: sales, when: {total_sale_7d_cnt: {rises: 8%, from: last, min_change: 10}}, "
    "notify: [single]}",
    "turned": "{watch: sales, when: {sales_trend_flag: {becomes: rising}}, cooldown: 100w}",
    "newcomer": "{watch: sales, when: {appears: true}, notify: [single]}",
    "leader": "{watch: money, when: {rank: {at_most: 4}}, for: 1s, resolved: true}",
    "top-ten": "{watch: money, when: {rank: {enters_top: 10}}, notify: [single]}",
    "moving": "{watch: dear, when: {any: [{spu_avg_price: {changes: 3%}}, {rank: {climbs: 2}}]}}",
    "rich": "{watch: dear, when: {rank: {at_most: 5}}, until: {rank: {above: 8}}, resolved: true, "
    "notify: [single]}",
    "riser": "{watch: rising, when: {rank: {at_most: 10}}, resolved: true, notify: [single]}",
    "rival": "{watch: shop, when: {total_sale_7d_cnt: {at_least: 1}}, cooldown: 100w}",
    SEVERAL: "{watch: [sales, mine], when: {spu_avg_price: {falls: 5%}}, cooldown: 100w}",
    "gone": "{watch: mine, when: {disappears: true}, cooldown: 0s}",
    "back": "{watch: mine, when: {reappears: true}, cooldown: 0s, notify: [single]}",
    "slides": "{watch: mine, when: {spu_avg_price: {above: 0}}, cooldown: 100w, "
    "again: {spu_avg_price: {falls: 5%}}, notify: [single]}",
    "renamed": "{watch: mine, when: {any: [{product_name: {changes: true}}, "
    "{description: {changes: true}}]}, notify: [single]}",
}
BOOKS = {
    "amber": "selling cheaper leader top-ten anywhere slides",
    "birch": "more newcomer moving rich rival",
    "cedar": "riser turned selling gone back renamed",
    "dune": "leader rich moving top-ten",
    CAPPED: "selling leader cheaper",
    PACED: "more riser newcomer",
}
_FILE = string.Template("""
api: {key: "${KEY}", url: "${URL}", requests_per_second: $rate, concurrency: 3$cap}
channels:
  pair: {url: ["${SINK}/pair/1", "${SINK}/pair/2"]}
  single: {url: "${SINK}/single/1"}
  ops: {url: "${SINK}/ops/1"}
operator: [ops]
defaults: {region: US, every: 2s, notify: [pair], limit: 100}
watches:
$watches
rules:
$rules
""")


def rules_of(book: str, cap: int = FIRST_CAP) -> str:
    """A book's rule file; its secrets are the variables of ``secrets``."""
    names = BOOKS[book].split()
    rules = [f"  - {{name: {name}, {_RULES[name][1:]}" for name in names]
    watches = [
        f"  {name}: {what}"
        for name, what in _WATCHES.items()
        if any(re.search(rf"watch: (\[.*)?\b{name}\b.*when:", rule) for rule in rules)
    ]
    names_of = ("KEY", "URL", "SINK", "SHOP", *(f"MINE{number}" for number in range(_OWN)))
    own = {name: f"${{{name}_{book.upper()}}}" for name in names_of}
    lists = string.Template("\n".join(watches)).substitute(own)
    return _FILE.substitute(
        own,
        rate=PACE if book == PACED else 500,
        cap=f", credits_per_day: {cap}" if book == CAPPED else "",
        watches=lists,
        rules="\n".join(rules),
    )


@dataclass(frozen=True, slots=True)
class Own:
    """The shop and the products that a book's user looks after."""

    shop: str
    ids: tuple[str, ...]

    @classmethod
    def of(cls, market: Market) -> Own:
        """Those that sell best, for to them most happens."""
        asked = {"region": "US", "page_num": "1", "page_size": "10", "product_sort_field": "4"}
        best = market.answer(asked)
        ids = tuple(str(row["product_id"]) for row in best[:_OWN])
        return cls(str(best[0]["seller_id"]), ids)


def secrets(book: str, key: str, url: str, sink: str, own: Own) -> dict[str, str]:
    """The variables that a daemon needs for the book."""
    name = book.upper()
    ids = {f"MINE{number}_{name}": each for number, each in enumerate(own.ids)}
    return {
        f"KEY_{name}": key,
        f"URL_{name}": url,
        f"SINK_{name}": sink,
        f"SHOP_{name}": own.shop,
    } | ids
