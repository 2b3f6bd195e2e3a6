"""Private and inner parts of Apprise and smtplib, in one place: used where they are, else not.

A release that renames one costs a convenience, never a message: it is sent, with yes or no.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from apprise import NotifyBase

# Parts of modules and classes, by where they stand.
CONVERSION = "apprise.conversion:convert_between"
DELIVERY_TRACKER = "apprise.plugins.base:_delivery_tracker"
MAIL_CONVERSION = "apprise.plugins.email.base:convert_between"
MAIL_ID = "apprise.plugins.email.base:make_msgid"
MAIL_SOCKET = "smtplib:SMTP._get_socket"
MEMORY_ATTACHMENT = "apprise.attachment.memory:AttachMemory"
PARAMETER_PARSING = "apprise.utils.parse:parse_qsd"
PLUGIN_MANAGER = "apprise.manager_plugins:NotificationManager"
# Attributes of a plugin.
LAST_REQUEST = "plugin:_last_io_datetime"
SLACK_SENDING = "plugin:_send"
UNUSABLE_RECIPIENTS = "plugin:_invalid_targets"


def owner_of(part: str) -> tuple[Any, str] | None:
    """The module or class that has a part, and its name in it; None where there is none."""
    module, _, path = part.partition(":")
    *outer, name = path.split(".")
    try:
        with warnings.catch_warnings(action="ignore"):  # of imports that Python is about to drop
            owner: Any = importlib.import_module(module)
        for each in outer:
            owner = getattr(owner, each)
    except (ImportError, AttributeError):
        return None
    return (owner, name) if hasattr(owner, name) else None


def part(name: str) -> Any:
    """The part itself; None where there is none."""
    found = owner_of(name)
    return None if found is None else getattr(*found)


def attribute(plugin: NotifyBase, part: str) -> Any:
    """An attribute of a plugin; None where it has none."""
    return getattr(plugin, part.partition(":")[2], None)


def replace(plugin: NotifyBase, part: str, around: Callable[[Any], Any]) -> None:
    """Put ``around`` what a plugin has under a name, if it has it."""
    original = attribute(plugin, part)
    if original is not None:
        vars(plugin)[part.partition(":")[2]] = around(original)


@contextmanager
def delivered_to(recipients: object) -> Iterator[None]:
    """Have plugins pass over ``recipients`` and add to them; without it, all are sent to again.
    Apprise has it for tries of its own, which are off; no public way leads to it."""
    tracker = part(DELIVERY_TRACKER)
    token = None if tracker is None else tracker.set(recipients)
    try:
        yield
    finally:
        if tracker is not None:
            tracker.reset(token)


def forget_later_request(plugin: NotifyBase) -> None:
    """After a clock set back by hours: Apprise's throttle would sleep for them."""
    last = attribute(plugin, LAST_REQUEST)
    if isinstance(last, datetime) and last > datetime.now(last.tzinfo):
        replace(plugin, LAST_REQUEST, lambda _last: None)
