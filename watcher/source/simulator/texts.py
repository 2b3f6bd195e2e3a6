"""A simulated product's texts: its name, and the JSON that the API puts inside texts.

Composed anew for each answer from the product's id. Image addresses carry tokens that change daily,
as the real ones do; a few texts are null, plain or cut off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

import msgspec
import numpy as np

from watcher.source.simulator import places
from watcher.source.simulator.catalogue import Goods
from watcher.source.simulator.dynamics import State, on_steps, price
from watcher.source.simulator.places import DEPARTMENTS, OPTIONS, PACKS, TRAITS, Locale, locale_of

COVERS = "https://echosell-images.tos-ap-southeast-1.volces.com/product-cover"
_IMAGES = "oec-ttp.tiktokcdn-us.com"
_MASK = 2**64 - 1
_BUYERS = ("Women", "Men", "Kids", "Teens", "Mum & Dad", "Students", "Couples", "Pet Lovers")
_EXTRAS = ((50, [f"- {pack}" for pack in PACKS]), (9, places.EMOJI), (1, places.ROUGH))

T = TypeVar("T")


class Picker:
    """Small choices that a number decides; much cheaper to begin than a random generator."""

    def __init__(self, seed: int) -> None:
        self._state = (seed * 0x9E3779B97F4A7C15 + 1) & _MASK

    def below(self, limit: int) -> int:
        """A whole number from 0, below ``limit``."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return (self._state >> 33) * limit >> 31

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def percent(self, chance: int) -> bool:
        """True in ``chance`` of 100."""
        return self.below(100) < chance

    def address(self) -> str:
        """32 hexadecimal digits, as in an image's address."""
        return "".join(f"{self.below(2**31):08x}" for _ in range(4))


def texts(
    goods: Goods, state: State, slot: int, regions: Sequence[str], day: date
) -> dict[str, str | None]:
    """The fields of one product that are texts, but for its categories."""
    number, region = int(goods.ids[slot]), regions[goods.region[slot]]
    picker = Picker(number)
    name = _name(goods, slot, region, picker)
    token = f"{Picker(number ^ day.toordinal()).address()}&t={day.toordinal():x}"
    first = 69 * 10**17 + picker.below(2**31) * 10**7
    option, values = picker.one_of(OPTIONS)
    choices = {str(first + place * 7_919): value for place, value in enumerate(values[:6])}
    props = _options(option, choices, picker, token)
    usual = picker.one_of(("", "", "", "-", "-", "10%", None, ""))
    offer = float(state.offer[slot])
    return {
        "product_id": str(number),
        "seller_id": str(goods.sellers[slot]),
        "product_name": name,
        "region": region,
        "discount": f"{round(offer * 100)}%" if offer else usual,
        "cover_url": _cover(number, picker),
        "desc_detail": _description(name, picker, token),
        "sale_props": props,
        "skus": _skus(goods, state, slot, locale_of(region), choices),
    }


def _name(goods: Goods, slot: int, region: str, picker: Picker) -> str:
    department = DEPARTMENTS[goods.department[slot]]
    thing = department.goods[goods.branch[slot] % len(department.goods)]
    words = [picker.one_of(TRAITS), thing]
    if picker.percent(60):
        words.insert(0, picker.one_of(places.BRANDS))
    for percent, more in ((45, locale_of(region).phrases), *_EXTRAS):
        if picker.percent(percent):
            words.append(picker.one_of(more))
    if picker.percent(20):
        words.append(f"for {picker.one_of(_BUYERS)}, {picker.one_of(TRAITS)} Style")
    return " ".join(words)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _cover(number: int, picker: Picker) -> str:
    count = 1 + picker.below(8)
    turn = picker.below(count)
    order = [(index * 5 + turn) % count for index in range(count)] if count % 5 else range(count)
    url = f"{COVERS}/{number % 2_000}/{number}"
    return _json([{"url": f"{url}_{index}.webp", "index": index} for index in order])


def _images(picker: Picker, token: str) -> Iterator[dict[str, object]]:
    shape = "~tplv-omjb5zjo8w-resize-webp:800:800.webp?dr=10507&refresh_token="
    for _ in range(picker.below(9)):
        uri = f"tos-useast5-i-omjb5zjo8w-tx/{picker.address()}"
        urls = [f"https://{host}-{_IMAGES}/{uri}{shape}{token}" for host in ("p16", "p19")]
        image = {"height": 800, "width": 800, "uri": uri, "url_list": urls}
        yield {"type": "image", "image": image}


def _description(name: str, picker: Picker, token: str) -> str | None:
    kind = picker.below(200)
    if kind < 2:
        return None
    if kind == 2:
        return f"{name}. Ships within 48 hours."
    parts: list[dict[str, object]] = [
        {"type": "text", "text": f"{name}: made for everyday use, tested by thousands."},
        {"type": "ul", "content": [picker.one_of(TRAITS) for _ in range(2 + picker.below(4))]},
        *_images(picker, token),
        {"type": "text", "text": "Seller information"},
    ]
    text = _json(parts)
    return text[: len(text) // 2] if kind == 3 else text


def _options(option: str, choices: dict[str, str], picker: Picker, token: str) -> str:
    """The choices that a buyer has, by the ids that the variants refer to."""
    pictured, picture = option == "Colour", {}
    if pictured:
        uri = f"tos-useast5/{picker.address()}.webp?refresh_token={token}"
        picture = {"image": f"https://p16-{_IMAGES}/{uri}"}
    known = choices.items()
    values = [picture | {"prop_value_id": number, "prop_value": value} for number, value in known]
    about = {"prop_name": option, "has_image": str(pictured).lower(), "prop_id": "100000"}
    return _json([{**about, "sale_prop_values": values}])


def _skus(goods: Goods, state: State, slot: int, place: Locale, choices: dict[str, str]) -> str:
    """The variants with their prices around the average, in one of the two forms seen."""
    number, count = int(goods.ids[slot]), int(goods.variants[slot])
    at = np.full(count, slot)
    # From the cheapest to the dearest, so that their average is the product's price.
    turns = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
    prices = on_steps(price(goods, state, at) * (1 + goods.spread[slot] * turns), goods.step[at])
    found = []
    for index, (amount, choice) in enumerate(zip(prices.tolist(), choices.items(), strict=False)):
        text = f"{amount // 100}" if place.step >= 100 else f"{amount / 100:.2f}"
        form = _in_new_form if number % 3 == 0 else _in_old_form
        found.append({"sku_id": str(number + 5_529 + index * 65_536)} | form(*choice, text, place))
    return _json(found)


def _in_old_form(value_id: str, _name: str, text: str, place: Locale) -> dict[str, object]:
    shown = f"{place.symbol}{text}"
    cost = {"price_str": shown, "price_val": text, "currency": place.currency}
    return {"sale_prop_value_ids": value_id, "real_price": cost}


def _in_new_form(value_id: str, name: str, text: str, place: Locale) -> dict[str, object]:
    cost = {
        "currency_name": place.currency,
        "sale_price_decimal": text,
        "sale_price_format": text,
        "currency": place.symbol,
    }
    return {"property_value_id": value_id, "property_value_name": name, "real_price": cost}
