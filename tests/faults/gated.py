"""Rules over many products, and those whose word something holds back: peers, mutes, quiet hours,
silences, severities by the data, so many messages a day."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# Targets that hear what goes by the clock on the wall, or in a language that no fact is read in.
LOOSE = ("loose/", "night/", "scarce/", "abroad/")
LOOSE_CHANNELS = ("loose", "night", "scarce", "abroad")
AT_MOST = 3  # messages a day to ``scarce``
HUSHED, OWN_QUIET = "hushed", "rests"  # the rules that are silenced, and quiet by themselves
REPORT, ABROAD = "news", "abroad/1"  # whom they are for, in a language that no mark is read in
MUTES = {"loud": "quieted", "over": "under"}  # the second: of two lists
LABELS = {"shelf-sells": "fuller", "peer-top": "top"}
_QUIET, _AWAKE = 2, 3  # minutes, one after the other
_SOON = timedelta(minutes=4)
_ZONES = (
    *(f"Etc/GMT{hours:+d}" for hours in range(-14, 13)),
    "America/St_Johns", "Asia/Tehran", "Asia/Kabul", "Asia/Kolkata", "Asia/Kathmandu",
    "Asia/Yangon", "Australia/Darwin", "Pacific/Marquesas", "Australia/Eucla", "Pacific/Chatham",
)  # fmt: skip

WATCHES = """\
  wide: {sort: total_sale_cnt desc, top: 100}
"""
SECTIONS = """\
groups:
  shelves:
    of: wide
    by: seller_id
    metrics:
      gmv: {sum: total_sale_gmv_7d_amt}
      usual: {median: spu_avg_price}
      cheapest: {min: spu_avg_price}
      rising: {count: {sales_trend_flag: rising}}
      rate: gmv / size
  kinds:
    of: sales
    by: category_id
    metrics:
      new: {count: {appears: true}}
      sellers: {distinct: seller_id}
  floor:
    of: wide
    by: watch
    metrics:
      sold: {sum: total_sale_7d_cnt}
      top: {top_share: {of: total_sale_gmv_7d_amt, by: seller_id, first: 3}}
      cheaper: {share: {spu_avg_price: {falls: 3%}}}
  several:
    of: [wide, sales]
    by: seller_id
    metrics: {mean_price: {mean: spu_avg_price}}
reports:
  news:
    watch: [wide, sales]
    at: "*/4 * * * *"
    compare: 1h ago
    notify: [abroad]
"""
METRICS = "lowest_of_it: {min: spu_avg_price, among: seller_id}"
RULES: Mapping[str, str] = {
    "shelf-sells": """
    label: fuller
    watch: shelves
    when: {gmv: {at_least: 1}}
    cooldown: 100w
    notify: [single]""",
    "shelf-moves": """
    watch: shelves
    when: {any: [{gmv: {changes: 2%}}, {usual: {changes: 0.5%}}, {cheapest: {falls: 2%}}]}
    cooldown: 0s
    notify: [pair, apart]""",
    "shelf-rising": """
    watch: shelves
    when: {rising: {at_least: 2}, rate: {above: 0}}
    resolved: true
    cooldown: 0s
    notify: [single]""",
    "shelf-counts": """
    watch: shelves
    when: {any: [{rising: {changes: 1}}, {size: {changes: 1}}]}
    cooldown: 0s""",
    "kind-fresh": """
    watch: kinds
    when: {any: [{new: {at_least: 1}}, {sellers: {rises: 1}}]}
    cooldown: 0s
    notify: [apart]""",
    "floor-moves": """
    watch: floor
    when: {any: [{sold: {changes: 1%}}, {top: {changes: 0.001}}, {cheaper: {at_least: 1%}}]}
    cooldown: 0s
    notify: [single]""",
    "shelf-anywhere": """
    watch: several
    when: {mean_price: {above: 0}}
    resolved: true
    cooldown: 0s
    notify: [loose]""",
    "peer-top": """
    label: top
    watch: wide
    when: {total_sale_7d_cnt: {highest: 5%, among: watch}}
    resolved: true
    cooldown: 0s""",
    "peer-low": """
    watch: wide
    when: {spu_avg_price: {lowest: 10%, among: watch}}
    cooldown: 0s
    notify: [single, apart]""",
    "undercut": """
    watch: wide
    when: {any: [{lowest_of_it: {falls: 2%}}, {spu_avg_price: {above: 400%, of: lowest_of_it}}]}
    cooldown: 0s""",
    "graded": """
    watch: sales
    when: {total_sale_7d_cnt: {at_least: 1}}
    severity: {critical: {rank: {at_most: 3}}, warning: {rank: {at_most: 8}}}
    cooldown: 100w
    notify: [grave]""",
    "loud": """
    watch: money
    when: {rank: {at_most: 6}}
    mutes: [quieted]
    cooldown: 0s
    notify: [single]""",
    "quieted": """
    watch: money
    when: {rank: {at_most: 12}}
    resolved: true
    cooldown: 0s
    notify: [single]""",
    "over": """
    watch: dear
    when: {rank: {at_most: 15}}
    mutes: [under]
    cooldown: 0s
    notify: [loose]""",
    "under": """
    watch: [wide, money]
    when: {total_sale_7d_cnt: {at_least: 1}}
    resolved: true
    cooldown: 0s
    notify: [loose]""",
    HUSHED: """
    watch: sales
    when: {any: [{rank: {at_most: 10}}, {spu_avg_price: {changes: 1%}}]}
    resolved: true
    cooldown: 0s
    notify: [loose]""",
    OWN_QUIET: """
    watch: sales
    when: {rank: {at_most: 6}}
    quiet: @QUIET@
    resolved: true
    cooldown: 0s
    notify: [loose]""",
    "abroad": """
    watch: [sales, dear]
    when: {any: [{rank: {enters_top: 8}}, {spu_avg_price: {changes: 1%}}]}
    resolved: true
    cooldown: 0s
    notify: [abroad]""",
    "nightly": """
    watch: dear
    when: {rank: {at_most: 8}}
    resolved: true
    cooldown: 0s
    notify: [night]""",
    "rare": """
    watch: dear
    when: {any: [{spu_avg_price: {changes: 1%}}, {rank: {climbs: 1}}, {appears: true}]}
    cooldown: 0s
    notify: [scarce]""",
}


class Hours:
    """The wall clock's hours of one life: quiet ones every few minutes, and a midnight soon."""

    def __init__(self, now: float | None = None) -> None:
        self._began = datetime.fromtimestamp(now or time.time(), UTC).replace(
            second=0, microsecond=0
        )
        self.zone = min(_ZONES, key=self._to_midnight)

    def _to_midnight(self, zone: str) -> timedelta:
        soon = (self._began + _SOON).astimezone(ZoneInfo(zone))
        return timedelta(days=1) - timedelta(hours=soon.hour, minutes=soon.minute)

    def _windows(self) -> Iterator[tuple[datetime, datetime]]:
        each = self._began + timedelta(minutes=_AWAKE)
        while each < self._began + timedelta(hours=3):
            yield each, each + timedelta(minutes=_QUIET)
            each += timedelta(minutes=_QUIET + _AWAKE)

    @property
    def quiet(self) -> str:
        """As a rule file has it."""
        spans = (f"{begin:%H:%M}-{end:%H:%M}" for begin, end in self._windows())
        return "[" + ", ".join(f'{{hours: "{each}", timezone: UTC}}' for each in spans) + "]"

    def quiet_since(self, at: float) -> float | None:
        """Since when it is quiet then; None: it is not."""
        for begin, end in self._windows():
            if begin.timestamp() <= at < end.timestamp():
                return begin.timestamp()
        return None

    def awake_since(self, at: float) -> float:
        """Since when it is not quiet, then."""
        ends = [end.timestamp() for _, end in self._windows() if end.timestamp() <= at]
        return max([*ends, 0.0])

    def lived(self, at: float) -> float:
        """Seconds of the life, then."""
        return at - self._began.timestamp()

    def day_of(self, at: float) -> str:
        """The day of ``scarce``."""
        return str(datetime.fromtimestamp(at, ZoneInfo(self.zone)).date())

    @property
    def channels(self) -> str:
        """What the rules tell."""
        return (
            '  loose: {url: "${SINK}/loose/1"}\n'
            f'  night: {{url: "${{SINK}}/night/1", quiet: {self.quiet}}}\n'
            f'  scarce: {{url: "${{SINK}}/scarce/1", at_most: {AT_MOST} a day, '
            f"timezone: {self.zone}}}\n"
            '  apart: {url: "${SINK}/apart/1", group_by: rule}\n'
            '  abroad: {url: "${SINK}/abroad/1", language: zh, page: "https://watcher.example/"}\n'
            '  grave: {url: "${SINK}/grave/1", min_severity: warning}\n'
        )
