"""What the operator hears of the rule file's caps on credits."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.incidents import troubles
from watcher.model import Instant
from watcher.notification.audiences import Audience
from watcher.rules.rulebook import Api
from watcher.store.ports import Store
from watcher.units import format_instant, utc_day

CAP = "credits: a scan did not fit"
NEARLY = 0.8  # of a cap: the operator hears of it


def note_credits(database: Store, operator: Sequence[Audience], api: Api, now: Instant) -> None:
    """Tell a cap that is nearly used, and the end of what was told of an earlier day or month.

    Called after each scan and each minute: a new day must not wait for its first scan.
    """
    on = {each.cause: each for each in database.health.causes()}
    spent = database.ledger.used(now)
    today = format_instant(now)
    for cap, used, span, which in (
        (api.credits_per_day, spent.day, "day", today[:10]),
        (api.credits_per_month, spent.month, "month", today[:7]),
    ):
        cause = f"credits of the {span} nearly used"
        nearly = bool(cap) and used >= NEARLY * (cap or 0)
        if nearly and cause not in on:
            text = f"{used} of the {cap} credits of the {span} {which} are used"
            troubles.begin(database, operator, cause, text, now)
        elif not nearly and cause in on:
            troubles.end(database, operator, cause, now)
    if CAP in on and utc_day(on[CAP].since) != utc_day(now):
        troubles.end(database, operator, CAP, now)
