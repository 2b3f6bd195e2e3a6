"""Readers of what is written under rises, falls and changes, into the condition that it means."""

from __future__ import annotations

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.change import Change, above_zero, from_option, least_move, of_option
from watcher.rules.conditions.operands import (
    OF,
    Limit,
    Operand,
    change_by,
    named,
    operand_beside,
    refuse_fact,
)
from watcher.rules.conditions.values import Setting, is_percent
from watcher.rules.metrics import Metric


def change(direction: str, metric: Metric, setting: Setting) -> Condition:
    """A change in one direction, by a number, a percentage, or what another metric says."""
    refuse_fact(metric, direction)
    amount = _amount(direction, setting)
    plain = Change(
        metric,
        direction,
        0.0 if isinstance(amount, Operand) else amount,
        not isinstance(amount, Operand) and is_percent(setting.value),
        from_option(setting),
        of_option("min_change", lambda: least_move(setting.options, metric)),
    )
    return change_by(plain, amount) if isinstance(amount, Operand) else plain


def _amount(direction: str, setting: Setting) -> Limit:
    if OF in setting.options:
        return operand_beside(setting)
    try:
        return above_zero(setting.value, direction)
    except ValueError as error:
        other = named(setting, setting.value)
        if other is None:
            raise error from None
        return Operand(other)
