"""Pictures of products in a mail: which of its products have one, and the mail with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from watcher.delivery.rendered import Attachment, Rendered, Style, Way
from watcher.delivery.writing import write
from watcher.message import Message
from watcher.text.sanitize import neutralise_name

MOST = 10  # products of a mail that have one
MOST_BYTES = 300_000  # of all of them
_KIND = "image/jpeg"

ProductId: TypeAlias = tuple[str, str]  # region and id
Pictures: TypeAlias = Mapping[ProductId, bytes]


class ProductPictures(Protocol):
    """One who has pictures of products; ``watcher.daemon.scheduling.pictures.PictureDesk`` is the
    real one."""

    async def shown(self, products: Sequence[ProductId], /) -> Pictures:
        """Pictures of these products that can be had within moments."""


class NoPictures(ProductPictures):
    """Has none."""

    async def shown(self, _products: Sequence[ProductId], /) -> Pictures:
        return {}


def pictured_in(message: Message) -> list[ProductId]:
    """The products of a message that may have a picture beside their names."""
    products = (each for each in message.items if not each.grouped_by)
    return [*dict.fromkeys((each.region, each.product_id) for each in products)][:MOST]


def write_illustrated(
    message: Message,
    key: str,
    style: Style,
    limit: int,
    way: Way,
    *,
    pictures: Pictures,
    link: str = "",
) -> tuple[Rendered, list[Attachment]]:
    """A message as ``writing.write`` writes it, and the pictures that are placed in it."""
    attached = _attached(message, pictures)
    names = {number: each.name for number, each in attached.items()}
    rendered = write(message, key, style, limit, way, link=link, pictures=names)
    # Not those of products that are only counted.
    placed = [each for each in attached.values() if f'"cid:{each.name}"' in rendered.body]
    return rendered, placed


def _attached(message: Message, pictures: Pictures) -> dict[int, Attachment]:
    """An attachment for each product that has a picture, by its number in the message."""
    found, left = dict[int, Attachment](), MOST_BYTES
    for number, item in enumerate(message.items, start=1):
        content = pictures.get((item.region, item.product_id))
        if content is None or item.grouped_by or len(found) == MOST or len(content) > left:
            continue
        left -= len(content)
        name, alt = f"product-{number}.jpg", neutralise_name(item.name)
        found[number] = Attachment(name, content, _KIND, alt, placed=True)
    return found
