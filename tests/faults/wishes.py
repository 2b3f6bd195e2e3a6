"""What a user changes from one day to the next, beside rules for each kind of watch and condition:
rules switched off and on, ids more and less, products followed, numbers of one's own, schedules.

Two worlds of one seed have the same wishes, on the eve of each day.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.market import delist, relist, rename, set_price
from tests.faults import gated
from tests.faults.writing import WAYS, over
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook
from watcher.source.simulator import Market

FACTS, ALLOWED = "facts.csv", "authorised.txt"
SECRETS = {"SINK": "json://127.0.0.1:9", "KEYAPI_KEY": "key"}
SHOP_NAME = "GlowLab"
UNKNOWN = "1729999999999999999"  # an id that no market has
AGAIN = "slides"  # the rule that tells again
_MARK = "edition-"
_OFF_AT_ONCE = 3
_OWN = 10

_WATCHES = """\
  shop: {shop: "@SHOP@", top: 60}
  mine: {products: [@MINE@]}
  followed: {products: followed}
  fresh: {sort: total_sale_30d_cnt desc, top: 10, every: refresh}
"""
_SECTIONS = """\
sellers: {"@SHOP@": @NAME@}
facts: {file: facts.csv}
metrics: {margin: (spu_avg_price - cost) / spu_avg_price, @METRICS@}
"""
_RULES: Mapping[str, str] = {
    "shop-sells": """
    watch: shop
    when: {total_sale_7d_cnt: {at_least: 1}}
    cooldown: 100w
    notify: [single]""",
    "shop-launch": """
    watch: shop
    when: {appears: true}""",
    "vanished": """
    watch: [shop, mine]
    when: {disappears: true}
    cooldown: 100w""",
    "shop-vanished": """
    watch: shop
    when: {disappears: true}
    cooldown: 0s
    notify: [single]""",
    "back": """
    watch: mine
    when: {reappears: true}
    cooldown: 0s""",
    "indexed": """
    watch: mine
    when: {appears: true}""",
    "on-target": """
    watch: mine
    when: {spu_avg_price: {at_most: target}}
    cooldown: 0s
    resolved: true""",
    "bargain": """
    watch: [mine, followed]
    when: {spu_avg_price: {below: 90%, of: target}}
    cooldown: 100w""",
    "thin": """
    watch: mine
    when: {any: [{margin: {below: 10%}}, {set: {equals: gift}}]}
    cooldown: 0s
    notify: [single]""",
    "stranger": """
    watch: sales
    when: {seller_id: {not_in: {file: authorised.txt}}, rank: {at_most: 10}}
    cooldown: 100w""",
    "renamed": """
    watch: mine
    when: {product_name: {changes: true}}
    cooldown: 0s
    notify: [single]""",
    "relabelled": """
    watch: shop
    when: {any: [{description: {changes: true}}, {variants: {changes: true}}]}
    cooldown: 0s""",
    "anywhere": """
    watch: [sales, mine, shop]
    when: {spu_avg_price: {falls: 5%}}
    cooldown: 100w""",
    AGAIN: """
    watch: mine
    when: {spu_avg_price: {above: 0}}
    again: {spu_avg_price: {falls: 5%}}
    cooldown: 100w
    notify: [single]""",
    "followed-here": """
    watch: followed
    when: {total_sale_cnt: {at_least: 0}}
    cooldown: 0s
    resolved: true""",
    "followed-moves": """
    watch: followed
    when: {any: [{spu_avg_price: {changes: 3%}}, {discount_rate: {rises: 5%}}]}
    cooldown: 0s
    notify: [single]""",
    "record": """
    watch: mine
    when: {any: [{spu_avg_price: {lowest: 60s}}, {spu_avg_price: {highest: 90s}}]}
    cooldown: 0s
    notify: [loose]""",
    "still": """
    watch: shop
    when: {spu_avg_price: {unchanged: 30s}}
    cooldown: 0s
    resolved: true
    notify: [loose]""",
    "typical": """
    watch: mine
    when: {margin: {falls: 5%, from: median 60s}}
    cooldown: 0s
    notify: [loose]""",
    **gated.RULES,
    "day-fresh": """
    watch: fresh
    when: {any: [{rank: {at_most: 3}}, {total_sale_7d_cnt: {rises: 5%, from: 1d ago}}]}
    notify: [loose]""",
}


@dataclass
class Wishes:
    """The user of one world. ``text`` is what the rule file holds, before ``edit``."""

    market: Market
    seed: int
    base: str
    day: int = 0
    off: set[str] = field(default_factory=set)
    followed: set[str] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)
    away: list[str] = field(default_factory=list)
    facts: str | None = ""  # None: the file is away
    last_facts: str = ""
    hours: gated.Hours = field(default_factory=gated.Hours)

    def __post_init__(self) -> None:
        """The first day's file of numbers is there, for without one no daemon begins."""
        listed = self.market.product_ids()
        sellers = Counter(str(self.market.product(each)["seller_id"]) for each in listed)
        self.shop = sellers.most_common(2)[1][0]
        chance = random.Random(f"{self.seed}/own")
        chosen = chance.sample(listed, 3 * _OWN)
        self.mine, self.more, self.known = chosen[:_OWN], chosen[_OWN:15], chosen[15:]
        late = self.mine[0]
        delist(self.market, late, shown_days=0)  # not indexed, until it comes
        self.away.append(late)
        self._count(chance)

    @property
    def pool(self) -> frozenset[str]:
        """The ids that the file's own list ever has; a lookup of others is of what is followed."""
        return frozenset((*self.mine, *self.more, UNKNOWN))

    @property
    def mark(self) -> str:
        """The name of a rule that only this day's edition has."""
        return f"{_MARK}{self.day}"

    @property
    def text(self) -> str:
        """The rule file of the day."""
        text = self.base.replace(
            "watches:\n", f"{_SECTIONS}{gated.SECTIONS}watches:\n{_WATCHES}{gated.WATCHES}", 1
        )
        text = text.replace("channels:\n", f"channels:\n{self.hours.channels}", 1)
        text += "".join(f"  - name: {name}{rest}\n" for name, rest in _RULES.items())
        text += f"  - name: {self.mark}\n    watch: sales\n    enabled: false\n"
        text += "    when: {rank: {at_most: 1}}\n"
        for name in sorted(self.off):
            text = text.replace(f"- name: {name}\n", f"- name: {name}\n    enabled: false\n")
        for name in sorted(self.slow):
            text = re.sub(rf"^(  {name}: {{.*)}}$", r"\1, every: 3s}", text, flags=re.MULTILINE)
        own = ", ".join(f'"{each}"' for each in (*self.mine, UNKNOWN))
        text = text.replace("@METRICS@", gated.METRICS).replace("@QUIET@", self.hours.quiet)
        return text.replace("@SHOP@", self.shop).replace("@NAME@", SHOP_NAME).replace("@MINE@", own)

    def play(self) -> None:
        """Want something else than before."""
        self.day += 1
        chance = random.Random(f"{self.seed}/wishes/{self.day}")
        name = chance.choice([*_RULES, *re.findall(r"- name: (\S+)", self.base)])
        if name in self.off or len(self.off) >= _OFF_AT_ONCE:
            self.off.discard(name if name in self.off else chance.choice(sorted(self.off)))
        elif chance.random() < 0.5:
            self.off.add(name)
        watch = chance.choice(("sales", "dear", "money", "shop", "mine", "followed", "wide"))
        self.slow ^= {watch} if chance.random() < 0.4 else set()
        self.followed ^= {chance.choice(self.known)} if chance.random() < 0.5 else set()
        if chance.random() < 0.3:
            self.more.append(self.mine.pop(chance.randrange(len(self.mine))))
            self.mine.append(self.more.pop(0))
        self._count(chance)

    def befall(self, day: int) -> None:
        """Change the user's own products on the market, before the day."""
        market, chance = self.market, random.Random(f"{self.seed}/befall/{day}")
        own = [each for each in (*self.mine, *self.known, *self._of_shop()) if each in market.slots]
        here = [each for each in own if each not in self.away]
        leaving, cheap, other = chance.sample(here, 3)
        if self.away and chance.random() < 0.5:
            relist(market, self.away.pop(0))
        if chance.random() < 0.5:
            delist(market, leaving, shown_days=0)
            self.away.append(leaving)
        price = market.product(cheap)["spu_avg_price"]
        assert isinstance(price, int | float)
        set_price(market, cheap, round(price * chance.choice((0.85, 0.9, 1.2)), 2))
        if chance.random() < 0.5:
            rename(market, other)

    def _of_shop(self) -> list[str]:
        listed = self.market.product_ids()
        return [each for each in listed if self.market.product(each)["seller_id"] == self.shop]

    def _count(self, chance: random.Random) -> None:
        """The day's numbers of one's own; on some days the file is away."""
        if chance.random() < 0.15 and self.day:
            self.facts = None
            return
        if self.facts and chance.random() < 0.4:
            return
        lines = ["product_id,target,cost,set"]
        for each in sorted({*self.pool, *self.known}):
            row = self.market.product(each) if each in self.market.slots else {}
            price = row.get("spu_avg_price", 20.0)
            assert isinstance(price, int | float)
            target = f"{price * chance.uniform(0.85, 1.15):.2f}" if chance.random() < 0.8 else ""
            cost = f"{price * chance.uniform(0.5, 1.0):.2f}" if chance.random() < 0.9 else "n/a"
            lines.append(f"{each},{target},{cost},{chance.choice(('gift', 'plain', ''))}")
        self.facts = self.last_facts = "\n".join([*lines, ""])

    def allowed(self) -> str:
        """The sellers that are the user's own, of the day."""
        chance = random.Random(f"{self.seed}/allowed/{self.day // 5}")
        sellers = sorted({str(self.market.product(each)["seller_id"]) for each in self.known})
        return "".join(f"{each}\n" for each in chance.sample(sellers, len(sellers) // 2))

    def book(self, folder: Path) -> Rulebook:
        """What is in force then: with the numbers that were good last, where their file is away."""
        folder.mkdir(exist_ok=True)
        (folder / FACTS).write_text(self.last_facts, encoding="utf-8")
        (folder / ALLOWED).write_text(self.allowed(), encoding="utf-8")
        (folder / "rules.yaml").write_text(self.text, encoding="utf-8")
        return load([folder / "rules.yaml"], SECRETS)

    def write(self, folder: Path, rules: Path, chance: random.Random | None = None) -> None:
        """Write the day's files, as an editor does that ``chance`` chooses."""

        def way() -> Callable[[Path, bytes], None]:
            return over if chance is None else WAYS[chance.choice(list(WAYS))]

        if self.facts is None:
            (folder / FACTS).unlink(missing_ok=True)
        else:
            way()(folder / FACTS, self.facts.encode())
        way()(folder / ALLOWED, self.allowed().encode())
        way()(rules, self.text.encode())
