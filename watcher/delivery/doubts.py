"""What to say of a target's URL: what of it has no effect, and who is not told by it.

For ``watcher check``: the daemon sends by such a URL as Apprise does.
"""

from __future__ import annotations

from collections.abc import Sequence

from apprise import NotifyBase

from watcher.delivery.addresses import is_cut_short, password_words, read, service_of
from watcher.delivery.parameters import doubts_of
from watcher.delivery.target import Secret, Target
from watcher.model import Severity


def doubts(target: Target, url: Secret) -> list[str]:
    """All of them, without anything of the ``url`` that ``target`` was made of and is secret."""
    _, plugin, written = read("", url.reveal())
    if is_cut_short(url.reveal(), plugin):
        return [f"its password seems to be cut short: {password_words()}"]
    return [*_of_recipients(target, plugin), *doubts_of(written)]


def _of_recipients(target: Target, plugin: NotifyBase) -> list[str]:
    scheme = f"{service_of(plugin)}:// URL"
    dropped = getattr(plugin, "invalid_targets", None) or getattr(plugin, "_invalid_targets", None)
    count = len(dropped) if isinstance(dropped, Sequence | set) else 0
    untold = [each.value for each in Severity if not target.tells(each.value)]
    if len(untold) == len(Severity):
        why = "those that it has can't be used" if count else "it needs a recipient"
        return [f"this {scheme} tells nobody: {why}"]
    found = [f"this {scheme} sends nothing of severity {each}" for each in untold]
    if count:
        are = "recipients" if count > 1 else "recipient"
        found.append(f"{count} {are} of this {scheme} can't be used, and is not told")
    return found
