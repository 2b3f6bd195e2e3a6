"""Ids of products and sellers: digits, and every form of address that holds them."""

from __future__ import annotations

from itertools import product as combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.source.addresses import PRODUCT, SELLER, Ruined, Thing, doubt_of, id_in_cell, id_of
from watcher.words import Wrong

ID, SHOP = "1729873073559015752", "7495981769829615944"

PRODUCT_PAGES = [
    "www.tiktok.com/shop/pdp/{}",
    "www.tiktok.com/shop/pdp/glow-serum-30-ml/{}",
    "www.tiktok.com/shop/us/pdp/glow-serum/{}",
    "www.tiktok.com/view/product/{}",
    "tiktok.com/view/product/{}",
    "m.tiktok.com/view/product/{}",
    "shop.tiktok.com/view/product/{}",
    "shop.tiktok.com/us/pdp/2024-serum/{}",
    "shop.tiktok.com/vn/product/{}",
    "shop-vn.tiktok.com/view/product/{}",
    "shop-id.tokopedia.com/view/product/{}",
    "affiliate.tiktok.com/product/{}",
    "seller-us.tiktok.com/product/edit/{}",
    "seller.tiktokglobalshop.com/product/detail/{}",
    "oec-api.tiktokv.com/view/product/{}",
    "www.tiktok.com/shop/pdp?product_id={}",
    "seller-us.tiktok.com/product/edit?productId={}&tab=1",
    "seller.tiktokglobalshop.com/product/detail?id={}",
    "affiliate.tiktokshop.com/product/detail?PRODUCT_ID={}",
    "shop.tiktokw.us/view/product/{}",
    "www.tiktok.com/shop/pdp/glow-serum-{}",
    "www.tiktok.com/shop/pdp/{}-glow-serum",
    "www.tiktok.com/view/product/{}.html",
    "www.tiktok.com/shop/pdp/glow-serum/{}/2024",
    "www.tiktok.com/view/product/{}/comments/7300000000000000001",
    "www.tiktok.com/login?redirect_url=https%3A%2F%2Fwww.tiktok.com%2Fview%2Fproduct%2F{}%3Fx%3D1",
    "www.tiktok.com/link?params=%7B%22product_id%22%3A%5B%22{}%22%5D%7D",
    "www.tiktok.com/shop/pdp?pid={}",
    "www.tiktok.com/shop/pdp/t/{}",
    "www.tiktok.com/shop/pdp/2024/{}",
    "www.tiktok.com/View/Product/{}",
    "www.tiktok.com/view%2Fproduct%2F{}",
    "www.tiktok.com/shop/store/glowlab/product/{}",
]
SHOP_PAGES = [
    "www.tiktok.com/shop/store/glowlab/{}",
    "www.tiktok.com/shop/store/{}",
    "shop.tiktok.com/us/store/glow-lab-2/{}",
    "affiliate.tiktok.com/seller/{}",
    "www.tiktok.com/shop/store?seller_id={}",
]
# As chats, browsers and spreadsheets put an id down.
CELLS = [
    f" {ID} ", f'"{ID}"', f"\ufeff{ID}", f'="{ID}"', f"'{ID}", f"\u2018{ID}\u2019", f"{ID}.0",
    "1,729,873,073,559,015,752", "1 729 873 073 559 015 752", "1.729.873.073.559.015.752",
]  # fmt: skip
SCHEMES = ["https://", "http://", "HTTPS://", "//", ""]
ENDS = ["", "/", "?region=US&source=share_link#reviews", "?pid=1&utm_campaign=a.b/c", "#x"]


@pytest.mark.parametrize(("thing", "page", "found"), [
    *((PRODUCT, page, ID) for page in PRODUCT_PAGES), *((SELLER, page, SHOP) for page in SHOP_PAGES)
])  # fmt: skip
def test_every_form_of_address(thing: Thing, page: str, found: str) -> None:
    """With every scheme and end, with capitals in the host, and with what a chat puts around."""
    for scheme, end in combinations(SCHEMES, ENDS):
        after = end if "?" not in page else end.replace("?", "&").replace("/", "", 1)
        address = f"{scheme}{page.format(found)}{after}"
        assert id_of(address, thing) == found, address
    host, _, path = page.format(found).partition("/")
    assert id_of(f"<https://{host.upper()}./{path}>", thing) == found
    assert id_of(f" \u200bhttps://{host}:443/{path}\n", thing) == found
    assert id_of(f"https://{host}/{path.replace('-', '%2D')}", thing) == found


@pytest.mark.parametrize(
    "written",
    [
        "Look at this! https://www.tiktok.com/view/product/{}?source=share",
        "https://www.tiktok.com/view/product/{} Look at this!",
        "[Glow Serum](https://www.tiktok.com/view/product/{})",
        "See https://www.tiktok.com/view/product/{}.",
        r"https:\/\/www.tiktok.com\/view\/product\/{}",
        "https://www.tiktok.com/view/product/{}&x=1",
        "snssdk1233://ec/pdp?product_id={}",
        "tiktok://ec/pdp?requestParams=%7B%22product_id%22%3A%5B%22{}%22%5D%7D",
        '="{}"',
        "'{}",
        "{},",
        "\u00a0{}\u3000",
        "\u201c{}\u201d",
    ],
)
def test_as_shares_and_spreadsheets_give_them(written: str) -> None:
    """With words beside them, of an app, or with the marks of a cell."""
    assert id_of(written.format(ID), PRODUCT) == ID


@pytest.mark.parametrize("thing", [PRODUCT, SELLER])
@pytest.mark.parametrize("written", [ID, int(ID), *CELLS])
def test_digits(thing: Thing, written: object) -> None:
    """As a text, or as YAML reads them without quotes."""
    assert id_of(written, thing) == ID


@pytest.mark.parametrize("size", range(1, 40))
def test_lengths(size: int) -> None:
    """Real ones have 19 digits; 10 to 24 are taken, and others than 19 are unusual."""
    digits = ("17" * 20)[:size]
    if 10 <= size <= 24:
        assert id_of(digits, PRODUCT) == digits
        assert bool(doubt_of(digits)) == (size != 19)
        return
    with pytest.raises(Wrong, match="is no product's id: write its 19 digits"):
        id_of(digits, PRODUCT)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "an empty value is no product's id"),
        ("", 'no product\'s id: write its 19 digits in quotes, or the address of its page'),
        ("glow serum", '"glow serum" is no product\'s id'),
        ("17298730735590157x2", "is no product's id"),
        ("１７２９８７３０７３５５９０１５７５２", "is no product's id"),
        ("-1729873073559015752", "is no product's id"),
        (-5, "-5 is no product's id"),
        (10**500, "too many digits is no product's id"),
        ("0" * 19, "is no product's id"),
        (True, "true is no product's id"),
        ([ID], "a list is no product's id"),
        ({"id": ID}, "a mapping is no product's id"),
        (1.729873073559e18, "a spreadsheet has rounded"),
        ("1.72987E+18", "a spreadsheet has rounded, and its last digits are lost: format the "),
        ("1,72987E+18", "a spreadsheet has rounded"),
        ("https://www.amazon.com/dp/B0C1234567", '"www.amazon.com" is another site'),
        (f"https://shopee.co.id/product/{ID}", '"shopee.co.id" is another site'),
        (f"https://nottiktok.com/view/product/{ID}", '"nottiktok.com" is another site'),
        (f"https://tiktok.com.example.org/view/product/{ID}", "is another site"),
        (f"https://tiktok.com@example.org/view/product/{ID}", '"example.org" is another site'),
        (f"ftp://tiktok.com/view/product/{ID}", "begins with ftp: is no address of a page"),
        ("https://", "no site stands in it"),
        (f"{ID}, {SHOP}", "is more than one product's id: write each by itself"),
        (f"{ID}\n{SHOP}", "is more than one product's id"),
        (f"https://tiktok.com/view/product/{ID} https://tiktok.com/view/product/{SHOP}",
         "more than one address in it: write each product by itself"),
        ("https://vt.tokopedia.com/t/ZS9ATgaYMYp59/", "is a short link"),
        ("https://[::1/x", "is no address"),
        ("https://vt.tiktok.com/ZSabc123/", "is a short link: the product's id is not in it"),
        ("vm.tiktok.com/ZMabc123", "is a short link"),
        ("https://www.tiktok.com/t/ZTabc123/", "is a short link"),
        ("https://m.tiktok.com/t/ZTabc123/?k=1", "copy the address that it leads to"),
        (f"https://www.tiktok.com/@glow/video/{ID}", "is the address of a video"),
        (f"https://www.tiktok.com/@glow/photo/{ID}", "is the address of a video"),
        ("https://www.tiktok.com/@glow/live", "is the address of a video"),
        ("https://www.tiktok.com/@glow", "is the address of an account"),
        (f"https://www.tiktok.com/shop/store/glowlab/{SHOP}",
         "is the address of a seller, not of a product: sellers are watched by shop:"),
        ("https://www.tiktok.com/shop/store/glowlab", "is the address of a seller"),
        ("https://www.tiktok.com/shop/pdp/glow-serum", "has no product's id"),
        ("https://www.tiktok.com/", "has no product's id"),
        ("https://www.tiktok.com/view/product/123", '"123" is no product\'s id'),
    ],
)  # fmt: skip
def test_what_is_no_product(written: object, said: str) -> None:
    """Each has a word of its own."""
    with pytest.raises(Wrong) as caught:
        id_of(written, PRODUCT)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (f"https://www.tiktok.com/view/product/{ID}",
         "is the address of a product, not of a seller: products are watched by products:"),
        ("https://www.tiktok.com/@glowlab", "is the address of an account: the seller's id"),
        ("https://vt.tiktok.com/ZSabc123/", "is a short link: the seller's id is not in it"),
        ("GlowLab", '"GlowLab" is no seller\'s id'),
        ("https://example.org/shop/store/x/1", "is another site: copy the address of the seller's"),
    ],
)  # fmt: skip
def test_what_is_no_seller(written: object, said: str) -> None:
    """The same of a shop."""
    with pytest.raises(Wrong) as caught:
        id_of(written, SELLER)
    assert said in str(caught.value)


@given(st.one_of(st.text(), st.from_regex(r"(https?://)?[a-z.]*tiktok\.com/.*"), st.integers()))
def test_nothing_else_is_raised(written: object) -> None:
    """Whatever is written: an id of digits, or a word why not."""
    for thing in (PRODUCT, SELLER):
        try:
            found = id_of(written, thing)
        except Wrong as error:
            found = str(len(str(error).splitlines()))
        assert found.isdigit()


@pytest.mark.parametrize("page", PRODUCT_PAGES)
def test_a_cell_takes_what_a_watch_takes(page: str) -> None:
    """Every form of address, and of digits; no other site's, no short link, nothing rounded."""
    assert id_in_cell(page.format(ID)) == ID
    assert {id_in_cell(each) for each in CELLS} == {ID}
    assert [id_in_cell(each) for each in ("", "  ", "5", "own-17")] == ["", "", "5", "own-17"]
    for other in (f"https://shopee.co.id/product/{ID}", "https://vt.tiktok.com/ZSabc123/", "a b"):
        with pytest.raises(Wrong):
            id_in_cell(other)
    with pytest.raises(Ruined):
        id_in_cell("1,72987E+18")
