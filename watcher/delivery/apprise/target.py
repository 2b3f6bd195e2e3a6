"""One channel URL, one try, a typed outcome: the only user of Apprise.

Apprise answers a send with yes or no; the reasons come from ``observing``. A try runs on a
thread of the target's own, not in Apprise's shared pool of six, where a few dead services would
hold up the others; it is a daemon thread, so that a stuck one can't hold up the process's end.

A URL is a secret: it is read once, handed to Apprise, and occurs in no text of ours. Apprise,
requests and urllib3 write addresses into their logs; ``warm_up`` silences these.
"""

from __future__ import annotations

import asyncio
import logging
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache, partial
from http import HTTPStatus
from typing import Any, Protocol

from apprise import Apprise, AppriseAttachment, NotifyBase, NotifyFormat, NotifyType
from apprise.attachment.memory import AttachMemory

from watcher.delivery.apprise import observing, private
from watcher.delivery.apprise.addresses import read, service_of
from watcher.delivery.apprise.confirmations import BY_OTHERS, CONFIRMS
from watcher.delivery.apprise.confirming import AnswerReader, Word
from watcher.delivery.daemon_thread import DaemonThread
from watcher.delivery.rendered import Rendered
from watcher.delivery.services import (
    Attachment,
    limit_of,
    prepare,
    style_of,
    takes_pictures,
    with_pictures,
)
from watcher.importing import without_garbage
from watcher.redaction import UrlRedaction
from watcher.text.sanitize import neutralise

__all__ = ["Attachment", "Concealed", "Outcome", "OutcomeKind", "Target", "warm_up"]

TIMEOUT = 30.0
PERMANENT = frozenset({400, 401, 403, 404, 410, 413})
# Threads of one target that may be left behind before a try is refused: those that not even
# cutting their connections ends (a name server that hangs, a plugin with connections of its own).
_STUCK = 2

PATIENCE = 10.0  # seconds that a try waits for a service that says when it takes more
LONGEST_ASKED = 900.0  # a service's clock and ours may be hours apart

_NOISY = ("apprise", "urllib3", "requests", "charset_normalizer", "markdown", "MARKDOWN")
_FORMATS = {"text": NotifyFormat.TEXT, "markdown": NotifyFormat.MARKDOWN, "html": NotifyFormat.HTML}
_TYPES = {
    "info": NotifyType.INFO,
    "warning": NotifyType.WARNING,
    "critical": NotifyType.FAILURE,
}


class OutcomeKind(Enum):
    """What became of a try."""

    SENT = "sent"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One try's end. ``detail`` is for people; ``retry_after`` is seconds, if the service said.

    ``taken`` marks the recipients that have the message, of a URL with several of them.
    ``unexplained`` is an answer in the affirmative that Apprise did not take for one.
    """

    kind: OutcomeKind
    detail: str
    retry_after: float | None = None
    taken: frozenset[str] = frozenset()
    unexplained: bool = field(default=False, compare=False)

    @property
    def refused(self) -> bool:
        """Whether the same message would be refused again, as far as the answer tells."""
        return self.kind is OutcomeKind.DEAD or self.unexplained


class Concealed(Protocol):
    """A text that shows itself only when asked."""

    def reveal(self) -> str: ...


@cache
def warm_up() -> None:
    """Load Apprise's plugins (0.3 s, once a process) and silence what would log addresses."""
    for name in _NOISY:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)
    # It names the host; who writes verify=no into a URL has decided.
    warnings.filterwarnings("ignore", message="Unverified HTTPS request")
    observing.watch()
    with warnings.catch_warnings(), without_garbage():
        # Some of its 186 plugins import what Python is about to drop: not our user's matter.
        warnings.simplefilter("ignore")
        Apprise().add("json://localhost")


class Target:
    """One URL of a channel, named ``channel/1``; raises ``TargetError`` where Apprise can't use it.

    ``service`` is the URL's scheme (``slack``), ``limit`` how much it takes of title and body
    together, ``style`` how it wants them. Sends one message at a time.
    """

    def __init__(
        self,
        name: str,
        url: Concealed,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._timeout = timeout
        self._clock = clock
        self._left: list[Future[bool]] = []
        self._hand = DaemonThread(f"send-{name}")
        self._secret = url
        self._apprise, self._plugin, self._left_out = _load(name, url.reveal(), timeout)
        plugin = self._plugin
        self.service = service_of(plugin)
        self.style = style_of(plugin, self.service)
        self.limit = limit_of(plugin, self.service, self.style)
        self.takes_files = takes_pictures(plugin, self.service)
        prepare(plugin, url.reveal(), self.service, self.style)
        _pace(plugin)
        hide = UrlRedaction(url.reveal())
        self._reader = AnswerReader(
            CONFIRMS.get(self.service), lambda text: neutralise(hide(text), 300)
        )

    def __repr__(self) -> str:
        return f"<Target {self.name} {self.service}://***>"

    async def send(
        self,
        rendered: Rendered,
        attachments: Sequence[Attachment] = (),
        *,
        taken: Collection[str] = (),
    ) -> Outcome:
        """Try once, for at most the timeout; never raises for what the service does.

        Recipients marked in ``taken`` (by an earlier try) have it already. Where the service
        refuses a message with pictures for good, it gets what it lacks without them at once.
        """
        files = attachments if self.takes_files else ()
        outcome = await self._try(rendered, files, taken)
        if not files or outcome.kind is OutcomeKind.SENT or not outcome.refused:
            return outcome
        outcome = await self._try(rendered, (), outcome.taken)
        if outcome.kind is OutcomeKind.SENT:
            return replace(outcome, detail=f"{outcome.detail}, but not its picture")
        return outcome

    async def _try(
        self, rendered: Rendered, files: Sequence[Attachment], taken: Collection[str]
    ) -> Outcome:
        self._left = [future for future in self._left if not future.done()]
        if len(self._left) >= _STUCK:
            return Outcome(
                OutcomeKind.RETRY,
                f"{self.service}: earlier tries still hang",
                taken=frozenset(taken),
            )
        rendered, files = with_pictures(rendered, files, self.service)
        accepted = observing.Accepted(self._secret.reveal(), taken)
        with observing.observed(accepted, rendered.plain, self._reader) as observation:
            future = self._hand.run(partial(self._notify, rendered, files))
        future.add_done_callback(lambda _done: observation.close())
        outcome = await self._outcome(future, observation, begun=bool(taken))
        if outcome.kind is OutcomeKind.SENT:
            return outcome
        # Apprise marks a whole message, too; the marks of a failure are of recipients.
        asked = bool(observation.answers) or self.service in BY_OTHERS
        marks = accepted.marks if asked else frozenset(taken)
        return replace(outcome, detail=_but(outcome.detail, marks), taken=marks)

    def tells(self, severity: str) -> bool:
        """Whether a message of ``severity`` would make a request; none is made to find out.

        Of a service that is not asked over HTTP it is not known, and taken for granted.
        """
        if self.service in BY_OTHERS:
            return True
        with observing.observed(observing.Accepted(self._secret.reveal())) as observation:
            observation.limited = True
            self._notify(Rendered("check", "check", self.style.body_format, severity), ())
        return observation.held > 0

    def release(self) -> None:
        """Let its thread end, after the try that it is at."""
        self._hand.retire()

    async def _outcome(
        self, future: Future[bool], observation: observing.Observation, *, begun: bool
    ) -> Outcome:
        """The end of a try; ``begun`` is one of which some recipients have the message already."""
        try:
            async with asyncio.timeout(self._timeout):
                taken = await asyncio.wrap_future(future)
        except TimeoutError:
            self._left.append(future)
            self._hand.let_go()
            observation.abort()
            return Outcome(
                OutcomeKind.RETRY,
                f"{self.service}: no end of the answer within {self._timeout:g} s",
            )
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            return Outcome(
                OutcomeKind.RETRY, f"{self.service}: Apprise failed ({type(error).__name__})"
            )
        if taken and not observation.answers and self.service not in BY_OTHERS and not begun:
            # Some plugins call it a success.
            return Outcome(
                OutcomeKind.DEAD, f"{self.service}: nothing was sent: its URL names nobody"
            )
        if taken:
            return Outcome(OutcomeKind.SENT, f"{self.service} took it")
        return self._failure(observation)

    def _notify(self, rendered: Rendered, files: Sequence[Attachment]) -> bool:
        private.forget_later_request(self._plugin)
        attach = AppriseAttachment()
        for file in files:
            attach.add(
                AttachMemory(  # type: ignore[no-untyped-call]
                    file.content, name=file.name, mimetype=file.mimetype
                )
            )
        return bool(
            self._apprise.notify(
                body=rendered.body,
                title=rendered.title,
                body_format=_FORMATS[rendered.format],
                notify_type=_TYPES.get(rendered.severity, NotifyType.INFO),
                attach=attach if files else None,
            )
        )

    def _failure(self, seen: observing.Observation) -> Outcome:
        """Permanent only if everything that failed did so for good: else another try may help."""
        answers = [answer for answer in seen.answers if answer.is_refusal]
        if seen.unusable:
            return Outcome(OutcomeKind.DEAD, f"{self.service}: {seen.faults[-1]}")
        if answers:
            return self._refused(answers, passing=bool(seen.faults))
        if seen.asked is not None:
            return Outcome(OutcomeKind.RETRY, f"{self.service} asks to wait", seen.asked)
        if seen.replies:
            return self._refused_mail(seen)
        if seen.faults:
            return Outcome(OutcomeKind.RETRY, f"{self.service}: {seen.faults[-1]}")
        if self._left_out and not getattr(self._plugin, "targets", True):
            return Outcome(OutcomeKind.DEAD, f"{self.service}: no recipient of its URL can be used")
        detail = f"{self.service} did not take it and gave no reason"
        return Outcome(OutcomeKind.RETRY, detail, unexplained=True)

    def _refused(self, answers: Sequence[observing.Answer], *, passing: bool) -> Outcome:
        detail = f"{self.service}: {_told(answers[-1])}"
        if not passing and all(map(_is_for_good, answers)):
            return Outcome(OutcomeKind.DEAD, detail)
        waits = [answer.wait(self._clock()) for answer in answers]
        longest = max((wait for wait in waits if wait is not None), default=None)
        return Outcome(OutcomeKind.RETRY, detail, longest)

    def _refused_mail(self, seen: observing.Observation) -> Outcome:
        """Of a mail server's replies, 5xx are for good (RFC 5321) and 4xx pass."""
        soft = [code for code in seen.replies if code < 500]
        detail = f"{self.service}: the mail server answered {(soft or seen.replies)[-1]}"
        if seen.unwelcome:
            many = "an address" if seen.unwelcome == 1 else f"{seen.unwelcome} addresses"
            detail += f" to {many} of the URL"
        return Outcome(OutcomeKind.RETRY if soft or seen.faults else OutcomeKind.DEAD, detail)


def _is_for_good(answer: observing.Answer) -> bool:
    """The service's own word before the status."""
    if answer.said.word is Word.PASSING:
        return False
    return answer.said.word is Word.REFUSED or answer.status in PERMANENT


def _told(answer: observing.Answer) -> str:
    """``HTTP 400 Bad Request: chat not found``; of an HTTP 200 the service's words alone."""
    status, reason = answer.status, answer.said.reason
    if 200 <= status < 300:
        return reason or f"it refused the message, in an answer of HTTP {status}"
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    told = f"HTTP {status} {phrase}".rstrip()
    # Many begin with the phrase themselves.
    reason = reason.removeprefix(f"{phrase}: ") if phrase else reason
    return f"{told}: {reason}" if reason and reason.lower() != phrase.lower() else told


def _but(detail: str, marks: Collection[str]) -> str:
    """The detail, with that some of several recipients have it."""
    return f"{detail}; some of its recipients have it" if marks else detail


def _load(name: str, url: str, timeout: float) -> tuple[Apprise, NotifyBase, bool]:
    """The third is whether recipients of the URL are left out."""
    warm_up()
    apprise, plugin, _, left_out = read(name, url)
    # Our outbox tries again, and a failure must not be called a success.
    plugin.retry, plugin.wait, plugin.optional = 0, 0.0, False
    plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout
    return apprise, plugin, bool(left_out)


def _pace(plugin: NotifyBase) -> None:
    """Have ``plugin`` end a try that has been asked to wait, by ``observing.Limited``.

    Some plugins (Discord, Matrix, Mastodon ...) repeat a request that was answered 429 by
    themselves, as long after as the service says, on the thread of the try. All of them wait by
    ``throttle``. The pause that a plugin keeps between its own requests stays.
    """
    usual: Callable[..., object] = plugin.throttle

    def throttle(last_io: Any = None, wait: float | None = None) -> None:
        observation = observing.current()
        if observation is not None:
            if wait is not None and wait > PATIENCE and not observation.limited:
                observation.limited, observation.asked = True, min(wait, LONGEST_ASKED)
            observation.hold()
        usual(last_io=last_io, wait=wait)

    vars(plugin)["throttle"] = throttle
