"""Every way in which a real end fails, through the courier and the store: retried or dead."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.delivery.couriers import Store, clock_at
from tests.delivery.messages import NOW, operator
from tests.end_to_end.process import until
from tests.fakes.clock import SetClock
from tests.fakes.sink import CROWD, Secret, Service, closed_port, receiving, serving
from watcher.delivery.apprise.target import Target
from watcher.delivery.courier import Courier
from watcher.message import Notification, NotificationState
from watcher.store.threads import Writer
from watcher.units import HOUR

SENT, WAITING, DEAD = NotificationState.SENT, NotificationState.WAITING, NotificationState.DEAD


@pytest.fixture
def store() -> Any:
    """A store in memory."""
    made = Store()
    yield made
    made.database.close()


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    """A service on loopback."""
    async with serving() as running:
        yield running


class Road:
    """One target and one message on its way there."""

    def __init__(
        self, store: Store, url: Secret, clock: SetClock | None = None, patience: float = 20.0
    ) -> None:
        self.clock = clock or clock_at()
        self.store = store
        (self.row,) = store.add(operator("a"), "growth/1", at=self.clock.instant)
        target = Target("growth/1", url, timeout=patience, clock=self.clock)
        target.plugin.request_rate_per_sec = 0
        self.courier: Courier = Courier(store, {"growth/1": target}, now=self.clock)

    async def go(self) -> Notification:
        """Try what is due; what became of it."""
        await self.courier.turn()
        await self.courier.idle()
        return self.store.row(self.row)

    async def until_due(self) -> Notification:
        """Let the clock march to the next try."""
        self.clock.instant = self.store.row(self.row).next_try
        return await self.go()


@pytest.mark.parametrize(
    ("behave", "error"),
    [
        ("reset", "json: the connection was cut"),
        ("hang", "json: no "),
        ("drip", "json: no end of the answer within 0.5 s"),
    ],
)
async def test_what_may_pass_is_tried_again(
    store: Store, service: Service, behave: str, error: str
) -> None:
    """In 10 s; and it arrives once the service is well."""
    service.behave = behave
    road = Road(store, service.url, patience=0.5 if behave in ("hang", "drip") else 20.0)
    row = await road.go()
    assert (row.state, row.next_try) == (WAITING, NOW + 10)
    assert str(row.error).startswith(error)
    service.behave = "answer"
    service.release.set()
    assert (await road.until_due()).state is SENT


@pytest.mark.parametrize(
    ("url", "error"),
    [
        (f"json://127.0.0.1:{closed_port()}/", "json: the connection was refused"),
        ("json://x.invalid/", "json: its host name is not known"),
        (
            f"mailto://127.0.0.1:{closed_port()}/?from=a@example.com&to=b@example.com",
            "mailto: the connection was refused",
        ),
    ],
    ids=["refused", "no name", "mail refused"],
)
async def test_who_is_not_there_may_come_back(store: Store, url: str, error: str) -> None:
    """Refused, or no name in the DNS."""
    road = Road(store, Secret(url))
    row = await road.go()
    assert (row.state, row.error, row.next_try) == (WAITING, error, NOW + 10)


async def test_an_hour_of_500(store: Store, service: Service) -> None:
    """Nine tries, ever further apart, and it arrives with the tenth."""
    service.status = 500
    road = Road(store, service.url)
    tries = []
    row = await road.go()
    while road.clock.instant < NOW + HOUR:
        tries.append(road.clock.instant - NOW)
        row = await road.until_due()
    assert tries == [0, 10, 30, 70, 150, 310, 630, 1270, 2550]
    assert (row.state, row.error) == (WAITING, "json: HTTP 500 Internal Server Error")
    service.status = 200
    assert (await road.until_due()).state is SENT
    assert [each.outcome for each in store.database.outbox.tries(road.row)] == [
        *["failed"] * 10,
        "sent",
    ]


async def test_a_404_is_dead_at_once(store: Store, service: Service) -> None:
    """Until somebody asks for it."""
    service.status = 404
    road = Road(store, service.url)
    row = await road.go()
    assert (row.state, row.error, row.tries) == (DEAD, "json: HTTP 404 Not Found", 1)
    service.status = 200
    store.database.outbox.retry([row.id], NOW)
    assert (await road.go()).state is SENT


@pytest.mark.parametrize("dated", [False, True])
async def test_a_429_is_asked_when_it_says(store: Store, service: Service, dated: bool) -> None:
    """By seconds, or by a date, which is measured from the answer's own clock or else ours."""
    clock = clock_at()
    when = formatdate(NOW + 900, usegmt=True)
    service.status = 429
    service.headers = {"Retry-After": when, "Date": formatdate(NOW, usegmt=True)}
    if not dated:
        service.headers = {"Retry-After": "900"}
    road = Road(store, service.url, clock)
    row = await road.go()
    assert (row.state, row.next_try) == (WAITING, NOW + 900)
    clock.instant = NOW + 899
    assert (await road.go()).tries == 1
    service.status = 200
    assert (await road.until_due()).state is SENT


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate that it signed itself."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(cert, key)
    return made


async def test_a_bad_certificate_is_not_trusted(store: Store, context: ssl.SSLContext) -> None:
    """Nothing is sent there; it may be mended, so it is tried again."""
    said: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    for url in (
        f"jsons://localhost:{port}/",
        f"mailtos://localhost:{port}/?mode=ssl&from=a@example.com&to=b@example.com",
    ):
        row = await Road(store, Secret(url)).go()
        assert row.state is WAITING
        assert str(row.error).endswith("its certificate is not valid")
        store.database.outbox.drop(None, NOW)
    assert said == []
    server.close()
    await server.wait_closed()


async def test_greylisting_passes(store: Store) -> None:
    """451 to both, then to one only: each gets it once, and the marks are in the database."""
    async with receiving() as mail:
        mail.later = {"ann@example.com": 3, "bob@example.com": 1}
        road = Road(store, mail.url(["ann@example.com", "bob@example.com"]))
        states = [(await road.go()).state]
        states += [(await road.until_due()).state for _ in range(3)]
        assert states == [WAITING, WAITING, WAITING, SENT]
        assert mail.delivered == ["bob@example.com", "ann@example.com"]


async def test_a_refused_recipient_does_not_flood_the_other(store: Store) -> None:
    """One is refused for good: dead at once, and the other has it once, whatever is retried."""
    async with receiving() as mail:
        mail.recipients = {"ann@example.com": "550 no such user"}
        road = Road(store, mail.url(["ann@example.com", "bob@example.com"]))
        row = await road.go()
        for _ in range(3):
            store.database.outbox.retry([row.id], NOW)
            row = await road.go()
        assert row.state is DEAD
        assert row.error == (
            "mailto: the mail server answered 550 to an address of the URL; "
            "some of its recipients have it"
        )
        assert mail.delivered == ["bob@example.com"]


@pytest.mark.parametrize("hanging", [1, CROWD])
async def test_hanging_targets_delay_no_other(hanging: int) -> None:
    """From the wake to the delivery of another one's message, with the real store's thread."""
    async with AsyncExitStack() as stack:
        slow = await stack.enter_async_context(serving())
        quick = await stack.enter_async_context(serving())
        writer = await stack.enter_async_context(Writer())
        slow.behave = "hang"
        names = [f"slow/{number}" for number in range(hanging)]
        targets = {name: Target(name, slow.url) for name in names}
        targets["me/1"] = Target("me/1", quick.url)
        courier = Courier(writer, targets, now=lambda: NOW)
        await writer.run(lambda db: db.outbox.add("slow", names, operator("a"), NOW))
        stop = asyncio.Event()
        running = asyncio.create_task(courier.run(stop))
        await until(lambda: len(slow.taken) == hanging)
        began = time.perf_counter()
        for number in range(1, 4):
            await writer.run(lambda db: db.outbox.add("me", ["me/1"], operator("b"), NOW))
            courier.wake()
            await until(lambda number=number: len(quick.taken) == number)  # type: ignore[misc]
        assert time.perf_counter() - began < 3  # on a busy machine; far below a try's 30 s
        slow.release.set()
        stop.set()
        await running
        await courier.drain(5)


async def test_a_login_that_the_mail_server_does_not_offer_is_named(store: Store) -> None:
    """Apprise gives up before anything is refused; the outbox says what the address asks for."""
    async with receiving() as mail:
        url = mail.url().reveal().replace("mailto://", "mailto://ann:secret@")
        row = await Road(store, Secret(f"{url}&mode=insecure")).go()
    assert row.state is WAITING
    assert str(row.error).startswith("mailto: the server does not offer the login")


@pytest.mark.parametrize(
    ("body", "state", "error"),
    [
        ('{"success":true}', SENT, None),
        (
            '{"error":{"code":404,"errors":"no hook s3cr3tT0kenInThePath"},"success":false}',
            DEAD,
            "synology: no hook ***",
        ),
        (
            '{"error":{"code":411,"errors":"create post too fast"},"success":false}',
            WAITING,
            "synology: create post too fast",
        ),
    ],
)
async def test_a_refusal_inside_a_success(
    store: Store, service: Service, body: str, state: NotificationState, error: str | None
) -> None:
    """The service's own word decides what becomes of a row; its reason is kept, masked."""
    service.body = body
    road = Road(store, Secret(f"synology://127.0.0.1:{service.port}/s3cr3tT0kenInThePath"))
    row = await road.go()
    assert (row.state, row.error) == (state, error)
