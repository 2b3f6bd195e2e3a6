"""What the operator hears of the rule file's caps on credits."""

from __future__ import annotations

from watcher.incidents.operator import Operator
from watcher.rules.rulebook import Api
from watcher.store.records import Incident
from watcher.units import format_instant, utc_day

CAP = Incident("credits: a scan did not fit")
NEARLY = 0.8  # of a cap: the operator hears of it


def note_credits(operator: Operator, api: Api) -> None:
    """Tell a cap that is nearly used, and the end of what was told of an earlier day or month.

    Called after each scan and each minute: a new day must not wait for its first scan.
    """
    database, now = operator.database, operator.now
    on = {each.cause: each for each in database.health.causes()}
    spent = database.ledger.used(now)
    today = format_instant(now)
    for cap, used, span, which in (
        (api.credits_per_day, spent.day, "day", today[:10]),
        (api.credits_per_month, spent.month, "month", today[:7]),
    ):
        incident = Incident(f"credits of the {span} nearly used")
        nearly = bool(cap) and used >= NEARLY * (cap or 0)
        if nearly and incident.cause not in on:
            text = f"{used} of the {cap} credits of the {span} {which} are used"
            operator.begin(incident, text)
        elif not nearly and incident.cause in on:
            operator.end(incident)
    if CAP.cause in on and utc_day(on[CAP.cause].since) != utc_day(now):
        operator.end(CAP)
