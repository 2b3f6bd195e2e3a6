"""What a world's gates did, judged by its database and by what its sink got: nothing comes while it
is quiet, silenced or muted, nor more of it than a day may have; and nothing is held for ever."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from tests.faults.gated import ABROAD, AT_MOST, HUSHED, MUTES, OWN_QUIET, REPORT, Hours
from tests.faults.world import Installation
from watcher.message import Also, Item, Message
from watcher.model import Severity

_UNDER_WAY = 5.0  # seconds: what is being sent as quiet hours begin is sent
_IN_FULL = re.compile(r"shop/pdp/\d+")  # a product in full
_REPORTED = 600.0  # seconds in which one of every four minutes was told
_SWEPT = 100.0  # seconds after which each sweep has told what nothing holds any more


@dataclass(frozen=True, slots=True)
class Written:
    """One message that was written for one target."""

    row: int
    channel: str
    created: int
    message: Message

    @property
    def words(self) -> list[Item | Also]:
        """What each rule says of each product or group, in their order."""
        words = list[Item | Also]()
        for item in self.message.items:
            words += [item, *item.also]
        return words


@dataclass
class Gates:
    """One world's gates, looked at when its daemon has stopped."""

    world: Installation
    now: float = field(default_factory=time.time)
    since: float = 0.0  # nobody was there to tell anything before

    def __post_init__(self) -> None:
        assert self.world.wishes is not None
        self.hours: Hours = self.world.wishes.hours
        rows = self.world.query(
            "SELECT n.id, n.channel, n.created, m.body FROM notifications AS n "
            "JOIN messages AS m ON m.id = n.message ORDER BY n.id"
        )
        self.written = [
            Written(row, channel, created, msgspec.json.decode(body, type=Message))
            for row, channel, created, body in rows
        ]

    def breaches(self) -> list[str]:
        """All that is wrong."""
        found = [
            *self._quiet(), *self._by_own_hours(), *self._at_most(), *self._silenced(),
            *self._muted(), *self._held(), *self._unheard(), *self._abroad(),
        ]  # fmt: skip
        return [f"{self.world.name}: {each}" for each in found]

    def _quiet(self) -> Iterator[str]:
        for each in self.world.sink.taken:
            if each.target == "night/1":
                since = self.hours.quiet_since(each.at)
                if since is not None and each.at - since > _UNDER_WAY:
                    yield f"in quiet hours, {each.at - since:.0f} s after they began: {each.title}"

    def _by_own_hours(self) -> Iterator[str]:
        for each in self.written:
            since = self.hours.quiet_since(each.created)
            if self._tells(each, OWN_QUIET) and since is not None and each.created > since:
                yield f"written in the rule's own quiet hours: {each.row} {each.created}"

    def _tells(self, written: Written, rule: str) -> bool:
        if written.message.kind == "joined":  # brought up to date while it waits
            return False
        return any(word.rule == rule for word in written.words) or written.message.rule == rule

    def _at_most(self) -> Iterator[str]:
        days: Counter[str] = Counter()
        for each in self.written:
            message = each.message
            counts = message.kind == "alerts" and message.severity is not Severity.CRITICAL
            if each.channel == "scarce" and counts:
                days[self.hours.day_of(each.created)] += 1
        for day, count in days.items():
            if count > AT_MOST:
                yield f"{count} messages to a channel of at most {AT_MOST} a day, on {day}"

    def _silenced(self) -> Iterator[str]:
        spans = self.world.query("SELECT begins, ends FROM silences")
        for each in self.written:
            if self._tells(each, HUSHED):
                for begins, ends in spans:
                    if begins < each.created < ends:
                        yield f"told though silenced: {each.row} at {each.created}"

    def _muted(self) -> Iterator[str]:
        """Words of a rule on a product of which another that mutes it was told and fires; a rule
        that is switched off keeps its alerts, and mutes nobody."""
        lives = {
            int(alert): (int(fired), int(over) if over is not None else None)
            for alert, fired, over in self.world.query(
                "SELECT id, fired_at, resolved_at FROM alerts WHERE fired_at IS NOT NULL"
            )
        }
        muting = {muted: by for by, muted in MUTES.items()}
        told: dict[tuple[str, str, str], int] = {}  # alert, by channel, rule and product
        for each in self.written:
            if each.message.kind == "joined":
                continue
            products = [
                (item.product_id, w) for item in each.message.items for w in _of(item, each)
            ]
            for product, (rule, kind, alert) in products:
                if rule in MUTES and kind != "resolved":
                    told[each.channel, rule, product] = alert
            for product, (rule, _, _) in products:
                louder = muting.get(rule, "")
                by = told.get((each.channel, louder, product))
                if by is not None and by in lives and not self.world.was_off(louder, each.created):
                    over = lives[by][1]
                    if over is None or over > each.created:
                        yield f"told though muted by A{by}: {rule} of {product} in {each.row}"

    def _held(self) -> Iterator[str]:
        silenced = self.world.number(
            "SELECT count(*) FROM silences WHERE ends > ?", int(self.now - _SWEPT)
        )
        for channel, rule, since in self.world.query("SELECT channel, rule, since FROM held"):
            if self.now - max(since, self.since) > _SWEPT and not self._holds(
                channel, rule, silenced=bool(silenced)
            ):
                yield f"held for {self.now - since:.0f} s by nothing: {rule} for {channel}"

    def _holds(self, channel: str, rule: str, *, silenced: bool) -> bool:
        """Whether something held it until just now."""
        by_the_clock = self.now - self.hours.awake_since(self.now) < _SWEPT
        quiet = by_the_clock or self.hours.quiet_since(self.now) is not None
        if channel == "scarce":
            return self.hours.day_of(self.now) == self.hours.day_of(self.since or self.now)
        return (
            (channel == "night" and quiet)
            or (rule == OWN_QUIET and quiet)
            or (rule == HUSHED and silenced)
        )

    def _abroad(self) -> Iterator[str]:
        """What is told in another language, with links to act and reports; and what was told in
        plainer words, for it could not be written."""
        for each in self.world.sink.taken:
            if "watcher's own: its log" in each.body or "watcher 自身的故障" in each.body:
                yield f"told in plainer words: {each.target} {each.title}"
            leads = "/act/" in each.body or each.title.startswith(REPORT)  # of which none acts
            if each.target == ABROAD and _IN_FULL.search(each.body) and not leads:
                yield f"told without a link to act: {each.title}"
        due = Counter(each.created // 60 for each in self.written if each.message.kind == "report")
        for minute, count in due.items():
            if count > 1:
                yield f"{count} reports of minute {minute}"
        long = self.hours.lived(self.now)
        if long > _REPORTED and not due:
            yield f"no report in {long:.0f} s"

    def _unheard(self) -> Iterator[str]:
        """Alerts that fire, of which a channel neither heard nor will hear."""
        told = {
            (rule, product, channel): alert
            for rule, product, channel, alert in self.world.query(
                "SELECT rule, product, channel, alert FROM told"
            )
        }
        held = set(self.world.query("SELECT rule, product, channel FROM held"))
        rules = {rule.name: rule for rule in self.world.book.enabled}
        for alert, name, product in self.world.query(
            "SELECT id, rule, product FROM alerts WHERE state = 'firing'"
        ):
            for channel in rules[name].notify if name in rules else ():
                key = name, product, channel
                heard = told.get(key)
                if key in held or heard == alert:
                    continue
                owes = heard is None or rules[name].cooldown == 0
                if owes and not rules[name].grades:
                    yield f"A{alert} of {name} fires, and {channel} heard of {heard}"


def _of(item: Item, written: Written) -> list[tuple[str, str, int]]:
    words: list[Item | Also] = [item, *item.also]
    return [
        (word.rule or written.message.rule, word.kind, int(word.alert.lstrip("A")))
        for word in words
    ]
