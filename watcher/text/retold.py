"""Stored English, told in the language that is spoken: states, reasons and doubts as the store and
the daemon's parts hold them. What is not known, as an answer of a service, stays as it is."""

from __future__ import annotations

import re
from functools import cache

from watcher.language import Language, gettext, language
from watcher.language import gettext_noop as N_

# Words by themselves: states of alerts, messages, scans and tries, and why alerts ended.
WORDS = frozenset({
    N_("firing"), N_("pending"), N_("over"), N_("inactive"),
    N_("condition ended"), N_("left the list"), N_("rule changed"), N_("rule removed"),
    N_("waiting"), N_("sent"), N_("dead"), N_("dropped"), N_("joined"), N_("failed"), N_("held"),
    N_("told"), N_("complete"), N_("partial"),
    N_("info"), N_("warning"), N_("critical"),
    # Why somebody is not told.
    N_("in cooldown"), N_("below the channel's min_severity"),
    N_("above the channel's max_severity"),
    N_("fired before the rule was changed"), N_("muted"), N_("silenced"),
    N_("in the channel's quiet hours"), N_("in the rule's quiet hours"),
    N_("waiting for the channel's digest"), N_("beyond the channel's at_most of the day"),
    N_("waiting for the other lists of the round"), N_("held for the channel"),
    # Troubles.
    N_("rule file"), N_("file of one's own"), N_("rules of the page"), N_("disk nearly full"),
    N_("the database fails"),
    N_("the clock was set back"), N_("task"), N_("breaks"), N_("fails"), N_("KeyAPI fails"),
    N_("read with problems"), N_("waits to be stored"), N_("invalid query"), N_("key refused"),
    N_("credits used up"), N_("credits of the day nearly used"),
    N_("credits of the month nearly used"), N_("credits: a scan did not fit"), N_("fields lost"),
    N_("7-day sales jumped"), N_("data stands still"), N_("no new data"), N_("dead message"),
    N_("ends within a day"),
    N_("watch"), N_("rule"), N_("region"), N_("target"), N_("part"), N_("file"), N_("silence"),
    # Why the outcome of an alert is not known, and why what is followed has no values.
    N_("no level before"), N_("not seen later"), N_("nothing to measure"),
    N_("not indexed"), N_("not read yet"),
    # What a rule judges.
    N_("sellers"), N_("categories"), N_("lists"),
    # Health.
    N_("the timers stand still"), N_("it is about to begin"),
    N_("held by nobody: nothing is scanned or sent for it"),
    # Refusals that are found on the store's thread, and the server's own.
    N_("Method Not Allowed"), N_("Request Entity Too Large"), N_("Unsupported Media Type"),
    N_("Bad Request"), N_("Internal Server Error"),
})  # fmt: skip

# Texts with parts, each of which is told in its turn; the first one that fits is taken.
_PATTERNS = (
    N_("muted by {rule}"),
    N_("the {subjects} of {watches}"),
    N_("the part {part} stands still"),
    N_("the server was not heard of since {since}"),
    N_("book {book}: no daemon holds it"),
    N_("there is no book {book}"),
    N_("book {book}: {trouble}"),
    # Doubts of a list.
    N_("page {page} is short, but the list goes on"),
    N_("page {page} is empty, but the list goes on"),
    N_("page {page} has only products that other pages had: reading ended there"),
    N_("and {count} more pages"),
    N_("and {count} more problems"),
    N_("the list has no products, and had {before}"),
    N_("the list has {size} products, and had {before}"),
    N_("the list has {size} product, and had {before}"),
    N_("{count} row can't be read (page {page}: {problem})"),
    N_("{count} rows can't be read (page {page}: {problem})"),
    N_("{count} product came that nobody asked for"),
    N_("{count} products came that nobody asked for"),
    N_("{count} row can't be read"),
    N_("{count} rows can't be read"),
    N_("nothing of the list can be read: {problem}"),
    N_("no answer has a product that was asked for: {problem}"),
    N_(
        "the shop has no end at its top of {top}: of the products behind it nothing is known, so "
        "appears, reappears and disappears have no data, and nobody is gone; raise top"
    ),
    N_(
        "about {share} of its first products have other numbers on the next day, too few for a "
        "probe to tell whether {region} has new data, so it is found a day or more late, and "
        "nobody is told of days without any: {remedy}, or read this one with every: 24h"
    ),
    N_("lists without a region"),
    N_("region {region}"),
    N_("give {other} every: refresh, too, if more of that moves"),
    N_(
        "have a livelier list (such as by total_sale_7d_cnt) of the region read with the refresh"
    ),
    N_("{many} products are followed, and no more can."),
    N_("your own: {formula}"),
    N_("your own, from {file}"),
    N_("{about} {subject}: {kind}"),
    # What somebody wrote into a form.
    N_("a person needs a name"),
    N_("a name has {most} characters at most, and this one {count}"),
    N_(
        "a name is of letters, digits and any of . @ ' + - _ between them; it begins with a "
        "letter or digit"
    ),
    N_('"{name}" has letters of two alphabets that look alike; write it in one'),
    N_('"{name}" is who has the page\'s own token or machine; take another name'),
    N_('"{word}" is no role; there are {roles}'),
    N_('there is "{name}" already'),
    N_('{span} is no duration: write it like 90s, 15m, 6h, 7d, 2w or 1h30m'),
    N_('{span} is no duration: the larger unit comes first, as in 1h30m'),
    N_('{span} is longer than ten years'),
    N_(
        "{given} is no product's id: write its {digits} digits in quotes, or the address of its "
        "page"
    ),
)  # fmt: skip
_JOINED = N_("; ")
_OF_WORDS = frozenset({"about", "kind", "subjects"})
_OF_TEXTS = frozenset({"problem", "trouble", "remedy"})


def retold(text: str) -> str:
    """A stored text in the language that is spoken; several that are joined, one by one."""
    if not text or language() is Language.ENGLISH:
        return text
    if text in WORDS:
        return gettext(text)
    for pattern, told in _compiled():
        if (found := pattern.fullmatch(text)) is not None and _fits(found):
            fields = {name: retold(value) for name, value in found.groupdict().items()}
            return gettext(told).format(**fields)
    if _JOINED in text:
        return gettext(_JOINED).join(map(retold, text.split(_JOINED)))
    return gettext(text)


def _fits(found: re.Match[str]) -> bool:
    """Whether its words are such (other texts have a colon, or are of something, too), and no short
    part goes over the end of one text into the next."""
    parts = found.groupdict()
    return all(
        parts[each] in WORDS
        if each in _OF_WORDS
        else each in _OF_TEXTS or _JOINED not in parts[each]
        for each in parts
    )


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The patterns as they match."""
    return tuple((_pattern(text), text) for text in _PATTERNS)


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", text)  # every second one is a field
    made = (
        f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    return re.compile("".join(made), re.DOTALL)
