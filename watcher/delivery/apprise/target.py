"""One channel URL, one try, a typed outcome.

Apprise answers a send with yes or no; the reasons come from ``observing``. A try runs on a daemon
thread of the target's own: in Apprise's pool of six a few dead services would hold up the others.
A URL is a secret: it is read once, handed to Apprise, and occurs in no text of ours.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import cache, partial
from html import escape
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs, quote, urlsplit

from apprise import Apprise, AppriseAttachment, NotifyBase, NotifyFormat, NotifyType

from watcher.delivery.apprise import observing, private, robots
from watcher.delivery.apprise.addresses import HOW_TO_ENCODE, is_cut_short, read, service_of
from watcher.delivery.apprise.applying import Habits
from watcher.delivery.apprise.observing import Amendment
from watcher.delivery.apprise.parameters import doubts_of, given
from watcher.delivery.apprise.posting import PostAddress
from watcher.delivery.daemon_thread import DaemonThread
from watcher.delivery.rendered import (
    LONGEST,
    PICTURES,
    Attachment,
    Limit,
    OutcomeKind,
    Rendered,
    SendOutcome,
    Shown,
    Style,
)
from watcher.delivery.services import PROFILES, UNKNOWN, ServiceProfile
from watcher.importing import without_garbage
from watcher.model import Severity
from watcher.redaction import UrlRedaction
from watcher.text.sanitize import neutralise

TIMEOUT = 30.0
# Threads of one target that may be left behind before a try is refused: those that not even
# cutting their connections ends (a name server that hangs, a plugin with connections of its own).
_STUCK = 2
_LONGEST_LINE = 7_000  # of a request, of the 8 kB that a proxy before ntfy takes by default
_FALLBACK = 300

_MAIL = " (of mail they have ASCII letters alone; a domain with others is xn--...)"
_NOISY = ("apprise", "urllib3", "requests", "charset_normalizer", "markdown", "MARKDOWN")
_TYPES = {"warning": NotifyType.WARNING, "critical": NotifyType.FAILURE}
_Clock = Callable[[], float]
_retry = partial(SendOutcome, OutcomeKind.RETRY)
_dead = partial(SendOutcome, OutcomeKind.DEAD)


class Concealed(Protocol):
    """A text that shows itself only when asked."""

    def reveal(self) -> str: ...


@cache
def warm_up() -> None:
    """Load Apprise's plugins (0.3 s, once a process) and silence who would log addresses."""
    for name in _NOISY:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)
    # It names the host; who writes verify=no into a URL has decided.
    warnings.filterwarnings("ignore", message="Unverified HTTPS request")
    observing.watch()
    with warnings.catch_warnings(action="ignore"), without_garbage():
        # Some of its 186 plugins import what Python is about to drop: not our user's matter.
        Apprise().add("json://localhost")


class Target:
    """One URL of a channel, named ``channel/1``; raises ``TargetError`` where Apprise can't use it.
    ``service`` is the URL's scheme (``slack``), ``limit`` how much it takes of title and body
    together, ``style`` how it wants them, ``plugin`` what Apprise sends by. One that ``posts`` is
    an address of the user's own, and gets a body as it is. Sends one message at a time."""

    def __init__(
        self,
        name: str,
        url: Concealed,
        *,
        timeout: float = TIMEOUT,
        clock: _Clock = time.time,
        posts: bool = False,
    ) -> None:
        self.name = name
        self._timeout, self._clock = timeout, clock
        self._left: list[Future[bool]] = []
        self._hand = DaemonThread(f"send-{name}")
        self._secret = url
        warm_up()
        self._post = PostAddress.at(name, url.reveal()) if posts else None
        address = self._post.url if self._post is not None else url.reveal()
        self._apprise, self.plugin, self._url, self._left_out = read(name, address)
        plugin = self.plugin
        # Our outbox tries again, and a failure must not be called a success.
        plugin.retry, plugin.wait, plugin.optional = 0, 0.0, False
        plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout
        self.service = service_of(plugin)
        self._profile = PROFILES.get(self.service, UNKNOWN)
        self.style = self._profile.style
        asked = parse_qs(urlsplit(url.reveal()).query).get("format")
        if asked and asked[-1].lower() != self.style.body_format:
            self.style = Style.PLAIN
        _switch(plugin, self.style)
        self.limit = _limit_of(plugin, self._profile, self.style)
        is_webhook = self._profile.files_of_bots and getattr(plugin, "mode", None) != "bot"
        self.takes_files = bool(plugin.attachment_support) and not is_webhook and not posts
        parameters = given(self._url)
        _prepare(plugin, parameters, self._profile, self.style)
        self._habits = Habits(plugin, self.service, name.rpartition("/")[0], parameters)
        observing.pace(plugin)
        self._hide = UrlRedaction(url.reveal())

    def __repr__(self) -> str:
        return f"<Target {self.name} {self.service}://***>"

    async def send(
        self, rendered: Rendered, files: Sequence[Attachment] = (), *, taken: Collection[str] = ()
    ) -> SendOutcome:
        """Try once, for at most the timeout; never raises for what the service does.

        Recipients marked in ``taken`` (by an earlier try) have it already. Where the service
        refuses a message with pictures for good, it gets what it lacks without them at once.
        """
        files = files if self.takes_files else ()
        outcome = await self._try(rendered, files, taken)
        if not files or outcome.kind is OutcomeKind.SENT or not outcome.refused:
            return outcome
        outcome = await self._try(rendered.without_pictures, (), outcome.taken)
        if outcome.kind is OutcomeKind.SENT:
            return replace(outcome, detail=f"{outcome.detail}, but not its picture")
        return outcome

    async def _try(
        self, rendered: Rendered, files: Sequence[Attachment], taken: Collection[str]
    ) -> SendOutcome:
        self._left = [future for future in self._left if not future.done()]
        if len(self._left) >= _STUCK:
            hang = f"{self.service}: earlier tries still hang"
            return _retry(hang, taken=frozenset(taken))
        rendered, files = with_pictures(rendered, files, self._profile)
        accepted = observing.Accepted(self._secret.reveal(), taken)
        with observing.observed(accepted, rendered.plain, self._profile) as observation:
            observation.amendments = [*self._amendments(rendered)]
            observation.message_id = self._habits.message_id(rendered)
            future = self._hand.run(partial(self._notify, rendered, files))
        future.add_done_callback(lambda _done: observation.close())
        outcome = await self._outcome(future, observation, begun=bool(taken))
        if outcome.kind is OutcomeKind.SENT:
            return outcome
        # Apprise marks a whole message, too; the marks of a failure are of recipients.
        marks = accepted.marks if self._was_asked(observation) else frozenset(taken)
        some = "; some of its recipients have it" if marks else ""
        return replace(outcome, detail=f"{outcome.detail}{some}", taken=marks)

    def doubts(self) -> list[str]:
        """Parts of the URL that have no effect, and who is not told by it, without what is secret.

        For ``watcher check``: the daemon sends by such a URL as Apprise does.
        """
        if is_cut_short(self._url, self.plugin):
            return [f"its password seems to be cut short: {HOW_TO_ENCODE}"]
        vain = self._post.doubts(self.plugin) if self._post is not None else ()
        return [*self._untold_recipients(), *doubts_of(self._url), *vain]

    def _untold_recipients(self) -> list[str]:
        """Each message would count as sent all the same."""
        scheme = f"{self.service}:// URL"
        unusable = self._unusable_recipients()
        untold = [each for each in Severity if not self._tells(each)]
        if len(untold) == len(Severity):
            why = "those that it has can't be used" if unusable else "it needs a recipient"
            return [f"this {scheme} tells nobody: {why}"]
        found = [f"this {scheme} sends nothing of severity {each.value}" for each in untold]
        if unusable:
            are = "recipients" if unusable > 1 else "recipient"
            hint = _MAIL if any("mail" in each for each in self._left_out) else ""
            found.append(f"{unusable} {are} of this {scheme} can't be used, and is not told{hint}")
        return found

    def _unusable_recipients(self) -> int:
        """The recipients that Apprise can't tell, by the plugin or by its own log."""
        dropped = getattr(self.plugin, "invalid_targets", None)
        dropped = dropped or private.attribute(self.plugin, private.UNUSABLE_RECIPIENTS)
        known = len(dropped) if isinstance(dropped, Sequence | set) else 0
        return max(known, len(self._left_out))

    def _tells(self, severity: Severity) -> bool:
        """Whether a message of ``severity`` would make a request; none is made to find out.

        Of a service that is not asked over HTTP it is not known, and taken for granted.
        """
        if not self._profile.over_http:
            return True
        with observing.observed(observing.Accepted(self._secret.reveal())) as observation:
            observation.limited = True
            self._notify(Rendered("check", "check", self.style.body_format, severity.value), ())
        return observation.held > 0

    def release(self) -> None:
        """Let its thread end, after the try that it is at."""
        self._hand.retire()

    async def _outcome(
        self, future: Future[bool], observation: observing.Observation, *, begun: bool
    ) -> SendOutcome:
        """The end of a try; ``begun`` is one of which some recipients have the message already."""
        try:
            async with asyncio.timeout(self._timeout):
                taken = await asyncio.wrap_future(future)
        except TimeoutError:
            self._left.append(future)
            self._hand.let_go()
            observation.abort()
            return _retry(f"{self.service}: no end of the answer within {self._timeout:g} s")
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            return _retry(f"{self.service}: Apprise failed ({type(error).__name__})")
        if not taken:
            return self._failure(observation)
        if not begun and not self._was_asked(observation):
            # Some plugins call it a success.
            return _dead(f"{self.service}: nothing was sent: its URL names nobody")
        return SendOutcome(OutcomeKind.SENT, f"{self.service} took it")

    @property
    def _is_styled(self) -> bool:
        """Whether it is told in its service's own style: its URL may want another."""
        return self.style is not Style.PLAIN

    def _was_asked(self, seen: observing.Observation) -> bool:
        """Whether the service was asked, as far as that is seen: it is over HTTP alone."""
        return bool(seen.answers) or not self._profile.over_http

    def _notify(self, rendered: Rendered, files: Sequence[Attachment]) -> bool:
        private.forget_later_request(self.plugin)
        if self._post is not None:
            return self._post.send(self.plugin, rendered.body)
        in_memory = private.part(private.MEMORY_ATTACHMENT)
        attach = AppriseAttachment()
        for file in files:
            if in_memory is not None:
                attach.add(in_memory(file.content, name=file.name, mimetype=file.mimetype))
        with self._habits.applied(rendered):
            return bool(
                self._apprise.notify(
                    body=rendered.body,
                    title="" if self._heads_itself else rendered.title,
                    body_format=NotifyFormat(rendered.format),
                    notify_type=_TYPES.get(rendered.severity, NotifyType.INFO),
                    attach=attach if len(attach) else None,
                )
            )

    def _amendments(self, rendered: Rendered) -> Iterator[Amendment]:
        """Yield what writes into the requests of one message: its layout first."""
        if self._is_styled and (layout := robots.amendment_of(self.service, rendered)) is not None:
            yield layout
        if (habit := self._habits.amendment(rendered)) is not None:
            yield habit

    @property
    def _heads_itself(self) -> bool:
        return self._is_styled and robots.takes_title(self.service)

    def _failure(self, seen: observing.Observation) -> SendOutcome:
        """The end of a try by what was seen of it, the most telling first."""
        if seen.unusable:
            return _dead(f"{self.service}: {seen.faults[-1]}")
        if seen.refusals:
            return self._refused(seen)
        if seen.asked is not None:
            return _retry(f"{self.service} asks to wait", seen.asked)
        if seen.replies:
            return self._refused_mail(seen)
        if seen.faults:
            return _retry(f"{self.service}: {seen.faults[-1]}")
        if self._left_out and not getattr(self.plugin, "targets", True):
            return _dead(f"{self.service}: no recipient of its URL can be used")
        return _retry(f"{self.service} did not take it and gave no reason", unexplained=True)

    def _refused(self, seen: observing.Observation) -> SendOutcome:
        """The end by the service's answers."""
        detail = f"{self.service}: {self._told(seen.refusals[-1])}"
        if seen.is_for_good:
            return _dead(detail)
        return _retry(detail, seen.longest_wait(self._clock()))

    def _refused_mail(self, seen: observing.Observation) -> SendOutcome:
        """The end by a mail server's replies: 5xx are for good (RFC 5321) and 4xx pass."""
        soft = [code for code in seen.replies if code < 500]
        detail = f"{self.service}: the mail server answered {(soft or seen.replies)[-1]}"
        if seen.unwelcome:
            many = "an address" if seen.unwelcome == 1 else f"{seen.unwelcome} addresses"
            detail += f" to {many} of the URL"
        return (_retry if soft or seen.faults else _dead)(detail)

    def _told(self, answer: observing.Answer) -> str:
        """``HTTP 400 Bad Request: chat not found``; of an HTTP 200 the service's words alone."""
        status, reason = answer.status, neutralise(self._hide(answer.said.reason), 300)
        if 200 <= status < 300:
            return reason or f"it refused the message, in an answer of HTTP {status}"
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        told = f"HTTP {status} {phrase}".rstrip()
        # Many begin with the phrase themselves.
        reason = reason.removeprefix(f"{phrase}: ") if phrase else reason
        return f"{told}: {reason}" if reason and reason.lower() != phrase.lower() else told


def _limit_of(plugin: NotifyBase, profile: ServiceProfile, style: Style) -> Limit:
    """The most that it takes of title and body together, in the service's own unit."""
    leaves_cutting = plugin.overflow_mode.value == "upstream"
    styled = profile.styled if style is profile.style else None
    longest = _longest(plugin, styled or profile.limit, profile.unit, leaves_cutting=leaves_cutting)
    if getattr(plugin, "encryption_key", None):  # of Bark; base64 makes four bytes of three
        longest = type(longest)(longest * 3 // 4)
    unit = Shown if style is Style.TELEGRAM and leaves_cutting else type(longest)
    limit = unit(longest)  # one of its own
    source = NotifyFormat(style.body_format)
    target = plugin.resolve_format(source)
    if target is not source or type(plugin).dialect_convert is not NotifyBase.dialect_convert:
        limit.written = partial(_written, plugin, source, target)
    if style is Style.CARD:
        limit.written = robots.written
    titles = (int(plugin.title_maxlen), profile.title)
    limit.title = min([limit.title, *(longest for longest in titles if longest > 0)])
    return limit


def _longest(
    plugin: NotifyBase, own: Limit | None, unit: type[Limit], *, leaves_cutting: bool
) -> Limit:
    """The service's own limit; Apprise's, too, unless it leaves the cutting to the service."""
    if own is not None and leaves_cutting:
        return own
    return min(unit(int(plugin.body_maxlen) or LONGEST), own or Limit(LONGEST))


def _switch(plugin: NotifyBase, style: Style) -> None:
    """Have a plugin take the style's format as it is, which it would make text of."""
    wanted = NotifyFormat(style.body_format)
    if style is not Style.PLAIN and plugin.resolve_format(wanted) is not wanted:
        plugin.notify_format = wanted


def _written(plugin: NotifyBase, source: NotifyFormat, target: NotifyFormat, text: str) -> str:
    """A text as Apprise hands it to the plugin: escaped, in the service's own markup."""
    convert = private.part(private.CONVERSION)
    converted = text if convert is None else convert(source, target, text)
    return str(plugin.dialect_convert(converted, target))


def _prepare(
    plugin: NotifyBase, asked: Collection[str], profile: ServiceProfile, style: Style
) -> None:
    """Set what the URL leaves open to what an alert is best shown with."""
    # No picture of a severity and no "sent by", unless the URL asks for them.
    ornaments = (("image", "include_image"), ("footer", "include_footer"), ("avatar", "avatar"))
    for parameter, attribute in ornaments:
        if hasattr(plugin, attribute) and parameter not in asked:
            setattr(plugin, attribute, False)
    # ":" begins a mapping of severities to actions, as Opsgenie and Jira take it.
    decided = {*asked, *("action" for name in asked if name.startswith(":"))}
    presets = {**profile.presets, **({"inline": True} if style is Style.EMAIL else {})}
    vars(plugin).update({name: presets[name] for name in presets.keys() - decided})
    plugin.request_rate_per_sec = max(plugin.request_rate_per_sec, profile.rate)
    if profile.name == "slack":
        private.replace(plugin, private.SLACK_SENDING, _with_fallback)


def with_pictures(
    rendered: Rendered, pictures: Sequence[Attachment], profile: ServiceProfile
) -> tuple[Rendered, Sequence[Attachment]]:
    """The message with its pictures where they belong, and those that can go with it."""
    line = len(quote(rendered.title)) + len(quote(rendered.body))
    if profile.text_in_upload and pictures and line > _LONGEST_LINE:
        return rendered, ()
    images = "".join(
        f'<p style="margin:0 0 12px"><img src="cid:{escape(quote(each.name))}" '
        f'alt="{escape(each.alt)}" width="640" '
        'style="display:block;width:100%;max-width:640px;height:auto;border:0;border-radius:8px">'
        "</p>"
        for each in pictures
        if each.mimetype.startswith("image/") and not each.placed
    )
    return replace(rendered, body=rendered.body.replace(PICTURES, images, 1)), pictures


def _with_fallback(send: Callable[..., Any]) -> Callable[..., Any]:
    """Slack shows ``fallback`` on a phone's lock screen; Apprise gives none."""

    def sending(url: str, payload: Any, **kwargs: Any) -> Any:
        for each in payload.get("attachments", ()) if isinstance(payload, dict) else ():
            if "fallback" not in each and isinstance(each.get("text"), str):
                text = re.sub(r"<[^|>]*\|([^>]*)>", r"\1", each["text"]).replace("*", "")
                told = " · ".join(line for line in text.splitlines() if line.strip())
                each["fallback"] = f"{each.get('title', '')} · {told}"[:_FALLBACK]
        return send(url, payload, **kwargs)

    return sending
