"""Files with a value a line."""

import codecs

import pytest

from watcher.errors import RulesError
from watcher.rules.files.value_files import read_values


@pytest.mark.parametrize(
    "content",
    [
        b"a\nb c\n",
        b"\n# who may sell\na\n\n  b c  \n",
        codecs.BOM_UTF8 + b"a\r\nb c\r\n",
        codecs.BOM_UTF16_LE + "a\nb c".encode("utf-16-le"),
        b"a # GlowLab\nb c\t# another\na\n",
        b'"a",\n"b c";\n',
    ],
)
def test_values(content: bytes) -> None:
    """One a line, each once; remarks and empty lines are none."""
    found = read_values(content, "list.txt")
    assert list(found) == ["a", "b c"]
    lines = content.decode("utf-16" if content.startswith(codecs.BOM_UTF16_LE) else "utf-8")
    for value, line in found.items():
        assert value in lines.splitlines()[line - 1]


def test_an_address_is_its_id() -> None:
    """As people paste them from a browser; what only looks like one is a text."""
    store = b"https://www.tiktok.com/shop/store/glowlab/7495981769829615944?x=1\n"
    product = b"tiktok.com/view/product/1729873073559015752\n"
    found = read_values(store + product + b"50/50 serum\nhttps://a.example/1\n", "list.txt")
    ids = ("7495981769829615944", "1729873073559015752")
    assert tuple(found) == (*ids, "50/50 serum", "https://a.example/1")


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "list.txt: has no value in it: write one a line"),
        (b"# nobody\n", "has no value in it"),
        (b"7495981769829615944\n7.49598E+18\n", "list.txt:2:1: "),
        (b"PK\x03\x04", "is an Excel workbook"),
    ],
)
def test_what_can_not_be_used(content: bytes, wanted: str) -> None:
    """An empty list is a slip: not_in of it would tell of everything."""
    with pytest.raises(RulesError, match=wanted.replace("(", r"\(")):
        read_values(content, "list.txt")
