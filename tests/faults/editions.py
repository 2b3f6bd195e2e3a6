"""Rule files that change: good editions, which differ in all that keeps every state, and bad ones.

The rules of ``world.RULES`` stay, so that what they must tell stays, too; others come and go.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from tests.faults.world import RULES

# Of the rules that come and go: the list each reads, and its pace in seconds.
COMING = {
    "total_sale_cnt": 1,
    "total_sale_gmv_amt": 2,
    "total_sale_30d_cnt": 4,
    "total_sale_gmv_30d_amt": 1,
}
MOST_AT_ONCE = 4  # requests
BAD = ("syntax", "key", "variable", "url", "empty", "bytes", "twice", "gone")


@dataclass(frozen=True, slots=True)
class Edition:
    """The rules that stay and those that come and go; a bad one has ``fault``."""

    number: int
    core: str
    coming: tuple[str, ...]
    fault: str | None = None

    @property
    def extra(self) -> str:
        """The rules that come and go, as items of ``rules:``."""
        return "".join(_rule(name) for name in self.coming)


def _rule(sort: str) -> str:
    return (
        f"  - name: of-{sort.replace('_', '-')}\n"
        f"    watch: {{region: US, sort: {sort} desc, top: 10, every: {COMING[sort]}s}}\n"
        "    when: {rank: {at_most: 3}}\n"
        "    notify: [single]\n"
    )


def catalogue() -> str:
    """Every rule that there ever is."""
    return RULES + "".join(_rule(sort) for sort in COMING)


def good(number: int, chance: random.Random) -> Edition:
    """Another pace of asking, other words, another severity, other rules beside."""
    pace, at_once = chance.randint(300, 500), chance.randint(2, MOST_AT_ONCE)
    api = f"{{requests_per_second: {pace}, concurrency: {at_once}}}"
    core = re.sub(r"^api: .*$", f"api: {api}", RULES, flags=re.MULTILINE)
    name = chance.choice(re.findall(r"- name: (\S+)", RULES))
    severity = chance.choice(("info", "warning", "critical"))
    more = f"- name: {name}\n    description: edition {number}\n    severity: {severity}\n"
    core = core.replace(f"- name: {name}\n", more)
    coming = tuple(sort for sort in COMING if chance.random() < 0.6)
    return Edition(number, f"# edition {number}\n{core}", coming)


def bad(number: int, chance: random.Random) -> Edition:
    """One that must be refused."""
    whole = good(number, chance)
    return Edition(number, whole.core, whole.coming, chance.choice(BAD))


def spoil(text: str, fault: str, number: int) -> bytes | None:
    """What stands in the file; None: there is no file."""
    match fault:
        case "gone":
            return None
        case "empty":
            return f"# edition {number}: nothing\n".encode()
        case "bytes":
            return text.encode() + b"\xff\xfe\x00"
        case "syntax":
            return f"{text}\nrules: [\n".encode()
        case "key":
            return re.sub(r"\bname: ", "nmae: ", text, count=1).encode()
        case "variable":
            return _channel(text, "${NO_SUCH}").encode()
        case "url":
            return _channel(text, "slakc://x").encode()
        case _:
            return (text + text[text.index("  - name: ") :]).encode()


def _channel(text: str, url: str) -> str:
    """With a channel that can't be used: one of the file's, or one more."""
    broken, count = re.subn(r'(single: \{url: )"[^"]*"', rf"\1'{url}'", text)
    return broken if count else f"{text}channels: {{more: {{url: '{url}'}}}}\n"
