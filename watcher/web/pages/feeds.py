"""Feeds of alerts for readers of news: the newest that fired, by rule or channel, each with the
words that messages tell it with."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from aiohttp import web

from watcher.alert import AlertState
from watcher.delivery.view import view_of
from watcher.language import Language, spoken
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.message import Item, Message
from watcher.model import Instant, Severity
from watcher.people import Role
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.text.titles import severity_said
from watcher.web.atom import TYPE, AtomFeed, FeedEntry, stable_id
from watcher.web.context import PageContext
from watcher.web.rendering import subject_path, with_query

MOST = 50  # alerts of a feed
# Alerts among which so many are looked for: of a rule that is severe by what the data say a channel
# may hear few.
_AMONG = (MOST, 10 * MOST, 100 * MOST)
_TITLES = {
    "": N_("watcher: alerts"),
    "rule": N_("watcher: alerts of {rule}"),
    "channel": N_("watcher: alerts for {channel}"),
}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The part of the alerts that is asked for: of one ``rule``, or what one ``channel`` hears."""

    rule: str = ""
    channel: str = ""

    @classmethod
    def of(cls, request: web.Request, book: Rulebook) -> _Chosen:
        """Raises 404 where there is no such channel."""
        chosen = cls(request.query.get("rule", ""), request.query.get("channel", ""))
        if chosen.channel and chosen.channel not in book.channels:
            raise web.HTTPNotFound(text=_("There is no such channel."))
        return chosen

    def language(self, request: web.Request, book: Rulebook) -> Language:
        """The language that is asked for, or the channel's, or the one that all channels have."""
        asked = request.query.get("language", "")
        if asked in set(Language):
            return Language(asked)
        if self.channel:
            return book.channels[self.channel].language
        spoken_in = {each.language for each in book.channels.values()}
        return spoken_in.pop() if len(spoken_in) == 1 else Language.ENGLISH

    def rows(self, database: Store, book: Rulebook, _now: Instant) -> Sequence[AlertRow]:
        """The newest alerts that fired; raises 404 where there is and was no such rule."""
        rules = [each for each in book.rules if self._takes(each)]
        names = None
        if self.rule or self.channel:
            names = {each.name for each in rules if self._may_hear(each, book)}
        if self.rule and not names and not self.channel:
            names = {self.rule}  # one that is no more
        ids = self._newest(names, database, book)
        if self.rule and not rules and not ids:
            raise web.HTTPNotFound(text=_("There is no such rule."))
        return database.alerts.shown(ids)

    def _takes(self, rule: Rule) -> bool:
        return self.rule in ("", rule.name) and (not self.channel or self.channel in rule.notify)

    def _may_hear(self, rule: Rule, book: Rulebook) -> bool:
        heard = book.channels[self.channel].hears if self.channel else None
        return heard is None or any(map(heard, rule.possible_severities))

    def _newest(
        self, names: Collection[str] | None, database: Store, book: Rulebook
    ) -> Sequence[int]:
        """The newest alerts of these rules that the channel hears, if it is one's."""
        heard: Sequence[int] = ()
        for among in _AMONG:
            ids = database.browsing.fired_alerts(names, among)
            heard = self._heard(ids, database, book) if self.channel else ids
            if len(heard) >= MOST or len(ids) < among:
                break
        return heard[:MOST]

    def _heard(self, ids: Sequence[int], database: Store, book: Rulebook) -> Sequence[int]:
        channel, rules = book.channels[self.channel], {each.name: each for each in book.rules}
        heard = {
            each.id for each in database.alerts.stated(ids)
            if channel.hears(rules[each.rule].severity_of(each))
        }  # fmt: skip
        return [each for each in ids if each in heard]

    def title(self) -> str:
        kind = "channel" if self.channel else "rule" if self.rule else ""
        title = _(_TITLES[kind]).format(rule=self.rule, channel=self.channel)
        if self.channel and self.rule:
            title = _("{title} ({rule})").format(title=title, rule=self.rule)
        return title


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /feeds``: which there are, and how a reader of feeds is let in."""
    book = context.sources.book()
    rules = [(each.label or each.name, _path(rule=each.name)) for each in book.rules]
    channels = [(each, _path(channel=each)) for each in book.channels]
    return context.html(
        request,
        "feeds.html",
        everything=_path(),
        rules=rules,
        channels=channels,
        example=f"{context.address(request)}feed/TOKEN/alerts.atom",
        role=Role.FEED.word,
    )


async def alerts(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /feed/TOKEN/alerts.atom?rule=NAME&channel=NAME&language=zh``."""
    book = context.sources.book()
    chosen = _Chosen.of(request, book)
    rows = await context.read(chosen.rows)
    told = chosen.language(request, book)
    with spoken(told):
        feed = AtomFeed(
            stable_id("feed", context.book, chosen.rule, chosen.channel),
            chosen.title(),
            f"watcher {context.book}".strip(),
            told.tag,
            f"{context.address(request, chosen.channel)}alerts",
            [*map(partial(_entry, context, request, chosen), rows)],
        )
        body = feed.xml()
    return _conditional(request, body, feed.updated)


def _conditional(request: web.Request, body: bytes, updated: Instant) -> web.Response:
    """The feed, or that it is as the reader has it."""
    tag = hashlib.blake2b(body, digest_size=16).hexdigest()
    since, known = request.if_modified_since, request.if_none_match
    if known is not None:
        same = any(each.value in (tag, "*") for each in known)
    else:
        same = since is not None and int(since.timestamp()) >= updated > 0
    if same:
        answer = web.Response(status=304)
    else:
        answer = web.Response(body=body, content_type=TYPE, charset="utf-8")
    answer.etag = tag
    answer.last_modified = datetime.fromtimestamp(updated, UTC)
    answer.headers["Cache-Control"] = "private, no-cache"  # kept, and asked for each time
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _entry(context: PageContext, request: web.Request, chosen: _Chosen, row: AlertRow) -> FeedEntry:
    """An alert, as a message of its own would tell it then."""
    alert, book = row.alert, context.sources.book()
    rule = next((each for each in book.rules if each.name == alert.rule), None)
    severity = rule.severity_of(alert) if rule is not None else alert.severity or Severity.INFO
    fired = alert.fired_at or alert.since
    updated = max(fired, alert.resolved_at or fired)
    over = alert.state is AlertState.INACTIVE
    item = Item(
        alert.short_id, "resolved" if over else "firing", row.region, row.product_id, row.name,
        fired, currency=row.currency, gmv_currency=book.metrics.gmv_currency, reason=alert.reason,
        why=alert.evidence, names=dict(row.names),
    )  # fmt: skip
    message = Message("alerts", "", severity, updated, alert.rule, items=(item,))
    (product,) = view_of(message, "", context.zone).products
    called = rule.label or rule.name if rule is not None else alert.rule
    pattern = _("{rule}: {name} (over)") if over else _("{rule}: {name}")
    path = subject_path(row.region, row.product_id).removeprefix("/")
    # When it fired, too: a database that is begun anew gives out the same numbers once more.
    known_by = (context.book, alert.id, alert.rule, row.region, row.product_id, fired)
    return FeedEntry(
        stable_id("alert", *known_by),
        pattern.format(rule=called, name=product.name),
        fired,
        updated,
        [*product.notes, *product.why, *product.facts],
        f"{context.address(request, chosen.channel)}{path}",
        product.link,
        [*filter(None, (alert.rule, severity_said(severity), row.region))],
    )


def _path(**given: str) -> str:
    return with_query("/feeds/alerts.atom", **given)
