"""A look at what goes over the wire while Apprise sends: it tells only success or failure.

``requests`` and ``smtplib`` are wrapped once a process; calls outside ``observed`` pass untouched
and unseen. An observation holds kinds and numbers, never addresses or headers; the reasons that a
service gives may repeat a channel's secret.
"""

from __future__ import annotations

import errno
import hashlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, wraps
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.util.connection
from apprise import NotifyBase
from requests import exceptions as faults

from watcher import network
from watcher.delivery.apprise import private
from watcher.delivery.apprise.confirming import Said, Word, document_of, found, read
from watcher.delivery.apprise.mailing import folded
from watcher.delivery.permission import may_send
from watcher.delivery.services import UNKNOWN, ServiceProfile
from watcher.retrying import parse_http_date, retry_after

PERMANENT = frozenset({400, 401, 403, 404, 410, 413})
PATIENCE = 10.0  # seconds that a try waits for a service that says when it takes more
LONGEST_ASKED = 900.0  # a service's clock and ours may be hours apart

_Call = Callable[..., Any]
Amendment = Callable[[Any], None]  # of a prepared request


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; ``retry_after`` is as it stands there, and what is ``said`` not masked."""

    status: int
    retry_after: str | None = None
    date: str | None = None
    said: Said = field(default=Said(Word.NONE))

    @property
    def is_refusal(self) -> bool:
        """Whether it took no message."""
        return not 200 <= self.status < 300 or self.said.word in _AS_STATUS

    @property
    def is_for_good(self) -> bool:
        """Whether another try would not help, by the service's own word before the status."""
        word = self.said.word
        return word is Word.REFUSED or (word is not Word.PASSING and self.status in PERMANENT)

    def wait(self, now: float) -> float | None:
        """``Retry-After`` in seconds: a number, or a date measured from the answer's own."""
        here = parse_http_date(self.date)
        return retry_after(self.retry_after, here.timestamp() if here else now, negative=0.0)


# What a plugin is shown of a refusal inside a success: statuses that none of them acts on.
_AS_STATUS = {Word.PASSING: 503, Word.REFUSED: 400}


class Limited(requests.RequestException):
    """The service has asked to wait: nothing more goes out in this try."""


class Accepted:
    """The recipients that have a message, by marks that give no address away. It is asked and told
    as a set is: Apprise's plugins keep their own count in it, so that a new try passes over those
    that have it. ``secret`` is what the marks can't be guessed without."""

    def __init__(self, secret: str, marks: Iterable[str] = ()) -> None:
        self._key = hashlib.blake2b(secret.encode("utf-8", "replace")).digest()
        self._marks = set(marks)

    def __contains__(self, recipient: object) -> bool:
        return self._mark(recipient) in self._marks

    def add(self, recipient: object) -> None:
        self._marks.add(self._mark(recipient))

    @property
    def marks(self) -> frozenset[str]:
        return frozenset(self._marks)

    def _mark(self, recipient: object) -> str:
        text = repr(recipient).encode("utf-8", "replace")
        return hashlib.blake2b(text, key=self._key, digest_size=9).hexdigest()


@dataclass(slots=True)
class Observation:
    """The answers, mail replies of 400 and above, and faults of one try, in their order. ``plain``
    is what an HTML mail says as text; ``unwelcome`` counts the addresses that a mail server
    refused. ``limited`` is set once the service has asked to wait, ``asked`` are the seconds that
    Apprise knows of, and ``held`` counts the requests that were not sent for it. ``amendments``
    write into a request what Apprise has no place for; a mail has the ``message_id``, if it is not
    empty.
    """

    accepted: Accepted
    plain: str = ""
    service: ServiceProfile = UNKNOWN
    limited: bool = False
    asked: float | None = None
    held: int = 0
    amendments: Sequence[Amendment] = ()
    message_id: str = ""
    answers: list[Answer] = field(default_factory=list)
    replies: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unwelcome: int = 0
    unusable: bool = False
    closing: bool = False
    aborted: bool = False
    sockets: list[socket.socket] = field(default_factory=list)

    @property
    def refusals(self) -> list[Answer]:
        """The answers that took no message."""
        return [each for each in self.answers if each.is_refusal]

    @property
    def is_for_good(self) -> bool:
        """Whether all that failed did so for good; else another try may help."""
        return not self.faults and all(each.is_for_good for each in self.refusals)

    def longest_wait(self, now: float) -> float | None:
        """The seconds of the refusal that asks for most of them."""
        waits = [each.wait(now) for each in self.refusals]
        return max((each for each in waits if each is not None), default=None)

    def hold(self) -> None:
        """Raises ``Limited`` where nothing more is to be sent, or nothing may be."""
        if self.limited or not may_send.get()():
            self.held += 1
            raise Limited

    def pause(self, seconds: float | None) -> None:
        """A pause before the next request; raises ``Limited`` where it is not to be waited for."""
        if seconds is not None and seconds > PATIENCE and not self.limited:
            self.limited, self.asked = True, min(seconds, LONGEST_ASKED)
        self.hold()

    @contextmanager
    def noting(self, *kinds: type[Exception]) -> Iterator[None]:
        """Note a fault of such ``kinds`` that the block ends in, until the connection closes."""
        try:
            yield
        except kinds as error:
            self.unusable |= isinstance(error, _UNUSABLE)
            if not self.closing:
                self.faults.append(describe(error))
            raise

    def abort(self) -> None:
        """Cut every connection of this try: whoever waits on one wakes with an error."""
        self.aborted = True
        for each in self.sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the handles, once the try is over."""
        while self.sockets:
            self.sockets.pop().close()


_current: ContextVar[Observation | None] = ContextVar("watcher_observation", default=None)


@contextmanager
def observed(
    accepted: Accepted,
    plain: str = "",
    service: ServiceProfile = UNKNOWN,
) -> Iterator[Observation]:
    """Note what ``requests`` and ``smtplib`` do in this context while the block runs. Recipients
    that are in ``accepted`` are passed over; those that take it are added. An HTML mail has
    ``plain`` beside it, if it is not empty. The ``service`` says how to read its
    answers."""
    watch()
    observation = Observation(accepted, plain, service)
    token = _current.set(observation)
    try:
        with private.delivered_to(accepted):
            yield observation
    finally:
        _current.reset(token)


@cache
def watch() -> None:
    """Wrap the two libraries; cached, so that it happens once a process."""
    smtp = smtplib.SMTP
    _wrap(requests.Session, "send", _send)
    _wrap(requests.Session, "merge_environment_settings", _settled)
    _wrap(urllib3.util.connection, "create_connection", _opened)
    _wrap(smtp, "sendmail", _sendmail)
    _wrap(smtp, "getreply", _getreply)
    _wrap(smtp, "connect", _noting(*_FAILURES))
    # What the server does not offer is never asked of it: no reply and no cut line tells.
    _wrap(smtp, "login", _noting(smtplib.SMTPNotSupportedError))
    _wrap(smtp, "starttls", _noting(smtplib.SMTPNotSupportedError))
    _wrap(smtp, "quit", _quit)
    for part, around in (
        (private.MAIL_CONVERSION, _text_of_mail),
        (private.MAIL_ID, _id_of_mail),
        (private.MAIL_SOCKET, _opened),
    ):
        found = private.owner_of(part)
        if found is not None:
            _wrap(*found, around)


def pace(plugin: NotifyBase) -> None:
    """Have ``plugin`` end a try that has been asked to wait, by ``Limited``. Some plugins (Discord,
    Matrix ...) repeat a request that was answered 429 by themselves, as long after as the service
    says. All of them wait by ``throttle``; the usual pauses stay."""
    usual: _Call = plugin.throttle

    def throttle(last_io: Any = None, wait: float | None = None) -> None:
        observation = _current.get()
        if observation is not None:
            observation.pause(wait)
        usual(last_io=last_io, wait=wait)

    vars(plugin)["throttle"] = throttle


def _wrap(owner: object, name: str, around: _Call) -> None:
    """Have ``around`` called with the observation and the original, in an observed context."""
    original = getattr(owner, name)

    @wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        observation = _current.get()
        if observation is None:
            return original(*args, **kwargs)
        return around(observation, original, *args, **kwargs)

    setattr(owner, name, wrapper)


def _text_of_mail(seen: Observation, original: _Call, *args: Any, **kwargs: Any) -> Any:
    """The text beside an HTML mail: Apprise would make it of the HTML, and lose the links."""
    return seen.plain or original(*args, **kwargs)


def _id_of_mail(seen: Observation, original: _Call, *args: Any, **kwargs: Any) -> Any:
    """The id of a mail, the same at each try: Apprise would make up another one."""
    return seen.message_id or original(*args, **kwargs)


def _send(
    seen: Observation, original: _Call, session: object, request: Any, *args: Any, **kwargs: Any
) -> Any:
    """The answer; of a refusal inside a success with a status that says so, or else the plugin
    keeps a recipient for served."""
    seen.hold()
    for amend in seen.amendments:
        amend(request)
    with seen.noting(requests.RequestException, ValueError):
        response = original(session, request, *args, **kwargs)
    status = response.status_code
    # A body that is read piece by piece is left to the plugin.
    said = read(seen.service, status, b"" if kwargs.get("stream") else response.content)
    answer = Answer(status, _retry_after(response), response.headers.get("Date"), said)
    seen.answers.append(answer)
    # Asking again at once would make it worse.
    seen.limited |= status == 429 or said.word is Word.PASSING
    if seen.service.decides and 200 <= status < 300:
        response.status_code = _AS_STATUS.get(said.word, status)
    return response


def _settled(
    _seen: Observation, original: _Call, session: object, url: str, *args: Any, **kwargs: Any
) -> dict[str, Any]:
    """Have requests take proxies and certificates from the environment as KeyAPI's client does."""
    settings: dict[str, Any] = original(session, url, *args, **kwargs)
    try:
        proxy = network.proxy_for(url)
    except ValueError:
        raise faults.InvalidProxyURL from None
    settings["proxies"] = {} if proxy is None else {urlsplit(url).scheme.lower(): proxy}
    if settings["verify"] is not False:  # verify=no of a channel's URL
        settings["verify"] = network.ca_bundle() or True
    return settings


def _opened(seen: Observation, original: _Call, *args: Any, **kwargs: Any) -> Any:
    connection = original(*args, **kwargs)
    seen.sockets.append(connection.dup())  # TLS later takes the original over
    if seen.aborted:
        seen.abort()
    return connection


def _sendmail(
    seen: Observation,
    original: _Call,
    server: object,
    sender: str,
    to: Any,
    mail: Any,
    *args: Any,
    **more: Any,
) -> Any:
    """To those only who have it not yet: the server may take it for some of a mail's recipients."""
    seen.hold()
    everybody = [to] if isinstance(to, str) else to
    wanting = [each for each in everybody if ("mail", each.lower()) not in seen.accepted]
    if not wanting:
        return {}
    try:
        mail = folded(mail) if isinstance(mail, str) else mail
        refused = original(server, sender, wanting, mail, *args, **more)
    except smtplib.SMTPRecipientsRefused as error:
        seen.unwelcome += len(error.recipients)
        raise
    seen.unwelcome += len(refused)
    for each in set(wanting) - refused.keys():
        seen.accepted.add(("mail", each.lower()))
    return refused


def _getreply(seen: Observation, original: _Call, *args: Any, **kwargs: Any) -> Any:
    with seen.noting(*_FAILURES):
        code, text = original(*args, **kwargs)
    if code >= 400 and not seen.closing:
        seen.replies.append(code)
    return code, text


def _noting(*kinds: type[Exception]) -> _Call:
    def around(seen: Observation, original: _Call, *args: Any, **kwargs: Any) -> Any:
        with seen.noting(*kinds):
            return original(*args, **kwargs)

    return around


def _quit(seen: Observation, original: _Call, *args: Any, **kwargs: Any) -> Any:
    seen.closing = True  # all is said by now; a server that hangs up at once adds nothing
    return original(*args, **kwargs)


def _retry_after(response: requests.Response) -> str | None:
    """The header, or where Discord, Telegram and Matrix put it in the body of a 429."""
    header = response.headers.get("Retry-After")
    if header is not None or response.status_code != 429:
        return header
    return next(_asked_in(document_of(response.content)), None)


def _asked_in(body: object) -> Iterator[str]:
    """The seconds to wait, by an answer's body."""
    for path, unit in (("retry_after", 1), ("parameters.retry_after", 1), ("retry_after_ms", 1000)):
        for value in found(body, path):
            if isinstance(value, int | float) and not isinstance(value, bool):
                with suppress(OverflowError):  # no time that anybody means
                    yield str(value / unit)


_LONGEST_CHAIN = 20
_FAILURES = (OSError, smtplib.SMTPException)
_UNUSABLE = (faults.InvalidURL, faults.InvalidSchema, faults.MissingSchema, faults.InvalidHeader)

_WORDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((faults.InvalidProxyURL,), "HTTP_PROXY or HTTPS_PROXY names no proxy that works here"),
    (_UNUSABLE, "the address can't be used"),
    ((faults.ProxyError,), "the proxy of HTTP_PROXY or HTTPS_PROXY can't be reached, or refuses"),
    ((socket.gaierror,), "its host name is not known"),
    ((ssl.SSLCertVerificationError,), "its certificate is not valid"),
    ((ssl.SSLError, faults.SSLError), "the encrypted connection failed"),
    ((ConnectionRefusedError,), "the connection was refused"),
    ((ConnectionError, smtplib.SMTPServerDisconnected), "the connection was cut"),
    (
        (smtplib.SMTPNotSupportedError,),
        "the server does not offer the login or the encryption that the address asks for",
    ),
    ((faults.ConnectTimeout,), "no connection in time"),
    ((TimeoutError, faults.Timeout), "no answer in time"),
    ((faults.TooManyRedirects,), "too many redirects"),
    ((faults.ChunkedEncodingError, faults.ContentDecodingError), "the answer was cut"),
)


def describe(error: BaseException) -> str:
    """A fault in fixed words: its own text may hold the address that was asked."""
    chain = tuple(_chain(error))
    for kinds, words in _WORDS:
        if any(isinstance(link, kinds) for link in chain):
            return words
    return f"the connection failed ({_system_name(chain) or type(error).__name__})"


def _system_name(chain: Iterable[BaseException]) -> str:
    """``ENETUNREACH`` of the system's error in a chain; empty where there is none."""
    numbers = (link.errno or 0 for link in chain if isinstance(link, OSError))
    return next(filter(None, (errno.errorcode.get(number) for number in numbers)), "")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from; requests wraps urllib3's, which wraps the system's."""
    chain: list[Any] = [error]
    for link in chain:  # which grows under way
        yield link
        new = [each for each in dict.fromkeys(_wrapped(link)) if each not in chain]
        chain += new[: _LONGEST_CHAIN - len(chain)]


def _wrapped(link: Any) -> list[BaseException]:
    parts = (getattr(link, "reason", None), link.__cause__, link.__context__, *link.args)
    return [each for each in parts if isinstance(each, BaseException)]
