"""Pictures of products in a mail: beside their names, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC

import msgspec
import pytest
import pytest_asyncio

from tests.delivery.couriers import Line, Store, clock_at, courier_of, turn
from tests.delivery.messages import HOSTILE, alerts, operator
from tests.delivery.sending import PICTURE
from tests.fakes.sink import MailServer, receiving
from watcher.delivery.apprise.target import Target
from watcher.delivery.message import render
from watcher.delivery.product_pictures import (
    MOST,
    MOST_BYTES,
    Pictures,
    ProductId,
    ProductPictures,
    write_illustrated,
)
from watcher.delivery.rendered import (
    LONGEST,
    PICTURES,
    OutcomeKind,
    Rendered,
    SendOutcome,
    Style,
    Way,
)
from watcher.message import Message

JPEG = b"\xff\xd8\xff picture \xff\xd9"


@pytest_asyncio.fixture
async def mail() -> AsyncIterator[MailServer]:
    """A mail server on loopback."""
    async with receiving() as running:
        yield running


def pictures_of(message: Message, *numbers: int, content: bytes = JPEG) -> dict[ProductId, bytes]:
    """Pictures of the products of these places."""
    items = [message.items[number - 1] for number in numbers]
    return {(each.region, each.product_id): content for each in items}


def mailed(
    message: Message, pictures: Pictures, limit: int = LONGEST
) -> tuple[Rendered, list[str]]:
    """The mail, and the names of what goes with it."""
    rendered, placed = write_illustrated(message, "1", Style.EMAIL, limit, Way(), pictures=pictures)
    return rendered, [each.name for each in placed]


def bare_of(message: Message, limit: int = LONGEST) -> Rendered:
    """The mail as it is without pictures."""
    return replace(render(message, Style.EMAIL, UTC, limit), key="1")


def test_without_pictures_nothing_is_another() -> None:
    """To the byte."""
    message = alerts(["Lamp", "Hat"])
    rendered, placed = mailed(message, {})
    assert rendered == bare_of(message)
    assert placed == []
    assert "<img" not in rendered.body
    assert rendered.without_pictures is rendered


def test_one_beside_its_name() -> None:
    """The other product has no empty place; the plain part knows nothing of it."""
    message = alerts(["Lamp", "Hat"])
    rendered, placed = mailed(message, pictures_of(message, 2))
    bare = bare_of(message)
    assert placed == ["product-2.jpg"]
    assert rendered.body.count("<img") == 1
    assert 'src="cid:product-2.jpg" alt="Hat" width="72" height="72"' in rendered.body
    assert rendered.body.index("Lamp</bdi>") < rendered.body.index("cid:product-2.jpg")
    assert (rendered.plain, rendered.title) == (bare.plain, bare.title)
    assert rendered.without_pictures == bare
    assert len(rendered.body) > len(bare.body)


def test_a_hostile_name_stays_a_text() -> None:
    """In the picture's words, too."""
    message = alerts(HOSTILE)
    rendered, placed = mailed(message, pictures_of(message, *range(1, len(HOSTILE) + 1)))
    assert rendered.body.count("<img ") == len(placed) == MOST
    assert "<script" not in rendered.body
    assert rendered.body.count(" onerror=") == render(message, Style.EMAIL, UTC).body.count(
        " onerror="
    )


def test_a_mail_stays_sane() -> None:
    """So many pictures, and so many bytes of them."""
    message = alerts([f"Lamp {number}" for number in range(15)])
    everything = range(1, 16)
    assert len(mailed(message, pictures_of(message, *everything))[1]) == MOST
    large = pictures_of(message, *everything, content=b"x" * (MOST_BYTES // 3))
    assert len(mailed(message, large)[1]) == 3


def test_pictures_cost_no_product_its_place() -> None:
    """Where the mail is full."""
    message = alerts([f"Lamp {number}" for number in range(40)])
    limit = len(render(message, Style.EMAIL, UTC).body) // 2
    bare = bare_of(message, limit)
    rendered, placed = mailed(message, pictures_of(message, *range(1, 41)), limit)
    assert 0 < len(placed) <= MOST
    assert rendered.body.count("shop/pdp") == bare.body.count("shop/pdp") > 0
    assert rendered.bare == bare.body


def test_one_that_is_only_counted_has_none() -> None:
    """Nothing is attached that nobody sees."""
    message = alerts([f"Lamp {number}" for number in range(10)])
    rendered, placed = mailed(message, pictures_of(message, *range(1, 11)), 3_500)
    assert len(placed) == rendered.body.count("<img ") < 10


def test_a_group_has_none() -> None:
    """Its id is none of a product."""
    message = alerts(["Lamp"])
    item = msgspec.structs.replace(message.items[0], grouped_by="seller_id")
    message = msgspec.structs.replace(message, items=(item,))
    assert mailed(message, pictures_of(message, 1))[1] == []


async def test_it_is_inside_the_mail(mail: MailServer) -> None:
    """By its content's id, with the message's own picture in its place."""
    target = Target("me/1", mail.url())
    message = alerts(["Lamp"])
    rendered, placed = write_illustrated(
        message, "1", target.style, target.limit, Way(), pictures=pictures_of(message, 1)
    )
    assert (await target.send(rendered, [PICTURE, *placed])).kind is OutcomeKind.SENT
    (taken,) = mail.taken
    _, chart, beside = taken.iter_parts()
    assert (chart["Content-ID"], beside["Content-ID"]) == ("<chart.png>", "<product-1.jpg>")
    assert beside.get_content_type() == "image/jpeg"
    assert beside.get_payload(decode=True) == JPEG
    html = taken.get_body(["html"])
    assert html is not None
    shown = html.get_content()
    assert shown.count("<img ") == 2
    assert shown.count("cid:product-1.jpg") == 1


async def test_a_mail_that_is_refused_with_it_goes_without(mail: MailServer) -> None:
    """And has no broken picture."""
    mail.pictures = "552 5.3.4 message too big"
    target = Target("me/1", mail.url())
    message = alerts(["Lamp"])
    rendered, placed = write_illustrated(
        message, "1", target.style, target.limit, Way(), pictures=pictures_of(message, 1)
    )
    assert await target.send(rendered, placed) == SendOutcome(
        OutcomeKind.SENT, "mailto took it, but not its picture"
    )
    html = mail.taken[0].get_body(["html"])
    assert html is not None
    sent = render(message, target.style, UTC).body.replace(PICTURES, "")
    assert html.get_content().replace("\r\n", "\n").strip() == sent.strip()


class Desk(ProductPictures):
    """Has a picture of everything, and remembers who asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[Sequence[ProductId]] = []
        self.error = error

    async def shown(self, products: Sequence[ProductId], /) -> Mapping[ProductId, bytes]:
        self.asked.append(products)
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return dict.fromkeys(products, JPEG)


@pytest.mark.parametrize("style", [*Style])
async def test_only_mail_asks(store: Store, style: Style) -> None:
    """And every other service goes as it went."""
    line, desk = Line(), Desk()
    line.style, line.takes_files = style, True
    store.add(alerts(["Lamp", "Hat"]), "growth/1")
    await turn(courier_of(store, {"growth/1": line}, clock_at(), pictures=desk))
    assert len(desk.asked) == (style is Style.EMAIL)
    (rendered,), (files,) = line.taken, line.attached
    assert [each.name for each in files if each.placed] == (
        ["product-1.jpg", "product-2.jpg"] if style is Style.EMAIL else []
    )
    assert ("cid:" in rendered.body) is (style is Style.EMAIL)


async def test_a_desk_that_breaks_holds_up_nothing(store: Store) -> None:
    """The mail goes without."""
    line, desk = Line(), Desk(ValueError("broken"))
    line.style, line.takes_files = Style.EMAIL, True
    store.add(alerts(["Lamp"]), "growth/1")
    await turn(courier_of(store, {"growth/1": line}, clock_at(), pictures=desk))
    (rendered,), (files,) = line.taken, line.attached
    assert replace(rendered, key="1") == bare_of(alerts(["Lamp"]))
    assert [*files] == []


async def test_a_message_without_products_asks_for_none(store: Store) -> None:
    """Of an operator's nothing is to be shown."""
    line, desk = Line(), Desk()
    line.style, line.takes_files = Style.EMAIL, True
    store.add(operator("a"), "growth/1")
    await turn(courier_of(store, {"growth/1": line}, clock_at(), pictures=desk))
    assert desk.asked == [[]]
    assert len(line.taken) == 1
