"""A target that is down for a day: real rules, store, delivery and HTTP, and a marching clock."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.delivery.couriers import Store, clock_at
from tests.fakes.clock import SetClock
from tests.fakes.sink import SECRET, Service, serving
from tests.fakes.world import World
from tests.test_pipeline import SELLS, rule, rules
from watcher.daemon.connections import targets_of
from watcher.delivery.courier import Courier
from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.delivery_hooks import Post
from watcher.incidents.operator import Operator
from watcher.message import NotificationState
from watcher.notification.coalesce import DOZENS
from watcher.notification.policy import policies_of
from watcher.units import HOUR, MINUTE

pytestmark = pytest.mark.end_to_end

DEAD, JOINED = NotificationState.DEAD, NotificationState.JOINED


class Hours(World):
    """A scan each hour."""

    @property
    def now(self) -> int:
        return 1_700_000_000 + self.day * HOUR


@dataclass
class Town:
    """A market that is scanned each hour, and a channel with one target that goes down."""

    failing: Service
    healthy: Service
    store: Store = field(default_factory=Store)
    clock: SetClock = field(default_factory=clock_at)

    def __post_init__(self) -> None:
        head = f"""
channels:
  me: {{url: ["{self.failing.url.reveal()}", "{self.healthy.url.reveal()}"]}}
defaults: {{region: US, notify: [me]}}
operator: [me]
"""
        written = rules(rule(SELLS, "resolved: true"))
        self.world = Hours(self.store.database, written, head=head)
        self.post = Post(lambda: self.world.book, self.clock)
        self.courier: Courier = Courier(
            self.store, targets_of(self.world.book), now=self.clock, keeper=self.post
        )

    async def hour(self, **sales: float) -> None:
        """A scan (p1=20: product 1 sold 20), and all that is due until the next one."""
        self.world.scan({name.removeprefix("p"): each for name, each in sales.items()})
        self.clock.instant = self.world.now + MINUTE
        while self.clock.instant < self.world.now + HOUR:
            wait = await self.courier.turn()
            await self.courier.idle()
            due = self.store.database.outbox.due_targets(self.clock.instant)
            next_try = min((each[1] for each in due), default=self.clock.instant + HOUR)
            self.clock.instant = max(next_try, self.clock.instant + max(int(wait), 1))

    def trouble(self, incident: Incident, *, over: bool = False) -> None:
        operator = [policies_of(self.world.book.channels)["me"]]
        told = Operator(self.store.database, operator, self.clock.instant)
        begin = told.begin(incident.with_details(text=incident.cause))
        if over:
            assert begin
            told.end(incident)


def _titles(service: Service) -> list[str]:
    return [each["title"] for each in service.taken]


async def _down(town: Town, hours: int) -> None:
    """Product 1 was told and ends, 2 begins and stays, 3 comes and goes, and so do troubles."""
    await town.hour(p1=20, p2=10, p3=10)
    assert _titles(town.failing) == _titles(town.healthy) == ["[info] r: 1 product (US)"]
    town.failing.taken.clear()
    for hour in range(hours):
        town.failing.behave = "reset" if hour % 2 else "answer"
        town.failing.status, town.failing.headers = 503, {"Retry-After": str(hour * 60)}
        town.trouble(Incident(IncidentKind.FAILS, About.WATCH, f"{hour}"), over=True)
        await town.hour(p1=10, p2=30, p3=20 if hour % 2 else 10)
    town.trouble(Incident(IncidentKind.DISK))
    town.failing.behave, town.failing.status = "answer", 200
    town.failing.taken.clear()


async def test_what_still_holds_arrives_joined() -> None:
    """After just under a day: one message. The other target had each of them, in order."""
    async with serving() as failing, serving() as healthy:
        town = Town(failing, healthy)
        await _down(town, 23)
        await town.hour(p1=10, p2=40, p3=10)
        assert _titles(failing) == [
            "[warning] what still holds: 1 product, 2 ended, 1 trouble (US)"
        ]
        body = failing.taken[0]["message"]
        assert "Product 2" in body
        assert "firing since" in body
        assert body.count("ended: condition ended") == 2
        assert "10 alerts began and ended meanwhile." in body
        assert "watcher: disk" in body
        assert "watcher: came and went: watch 0: fails" in body
        assert "13 troubles more of the watcher came and went." in body
        assert len(healthy.taken) > 2 * DOZENS
        counts = town.store.database.outbox.counts()
        assert (counts[DEAD], counts[NotificationState.WAITING]) == (0, 0)
        assert counts[JOINED] > 2 * DOZENS
        await town.hour(p1=20, p2=40, p3=10)
        assert _titles(failing)[1:] == ["[info] r: 1 product (US)"]
        town.store.database.close()


async def test_a_day_and_a_half() -> None:
    """What had its day is dead, and told to the operator by the other target; once the service is
    back one message tells of it, and of what had none."""
    async with serving() as failing, serving() as healthy:
        town = Town(failing, healthy)
        await _down(town, 36)
        dead = [title for title in _titles(healthy) if "dead message" in title]
        assert dead == ["watcher: dead message me/1"]
        (given_up,) = town.store.database.outbox.list([DEAD])
        assert given_up.error is not None
        assert given_up.error.startswith("given up after 24 h: json: ")
        await town.hour(p1=10, p2=40, p3=10)
        (title,) = _titles(failing)
        assert _titles(healthy)[-1] == "watcher: over: dead message me/1"
        assert title.startswith("[warning] what still holds: 1 product, 2 ended")
        assert town.store.database.outbox.counts()[DEAD] == 0
        assert SECRET not in repr(town.store.database.rows("SELECT * FROM notifications"))
        assert SECRET not in repr(town.store.database.rows("SELECT body FROM messages"))
        town.store.database.close()
