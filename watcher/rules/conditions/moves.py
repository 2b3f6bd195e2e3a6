"""Readers of what is written under rises, falls and changes, into the condition that it means."""

from __future__ import annotations

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.change import Change, above_zero, from_option, least_move, of_option
from watcher.rules.conditions.operands import ChangeBy, Operand, limit_read, refuse_fact
from watcher.rules.conditions.values import Setting, is_percent
from watcher.rules.metrics import Metric
from watcher.units import Unit


def change(direction: str, metric: Metric, setting: Setting) -> Condition:
    """A change in one direction, by a number, a percentage, or what another metric says."""
    refuse_fact(metric, direction)
    amount = limit_read(setting, setting.value, lambda one: above_zero(one, direction))
    from_ = from_option(setting)
    floor = of_option("min_change", lambda: least_move(setting.options, metric))
    if isinstance(amount, Operand):
        # A part of a percentage is one, too; but a share moves by a part of another share.
        shares = amount.factor is not None and metric.unit is Unit.FRACTION
        percent = amount.metric.unit is Unit.FRACTION and not shares
        return ChangeBy(metric, direction, 0.0, percent, from_, floor, amount)
    return Change(metric, direction, amount, is_percent(setting.value), from_, floor)
