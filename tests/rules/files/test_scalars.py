"""Plain texts by YAML 1.2."""

import pytest

from watcher.rules.files.document import read, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("012", "012"),
        ("1_000", "1_000"),
        ("22:22", "22:22"),
        ("2026-11-23", "2026-11-23"),
        ("1.", 1.0),
        ("-1.5e3", -1500.0),
        ("12", 12),
        ("-0", 0),
        ("0o17", 15),
        ("0xff", 255),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("10%", "10%"),
        (".5", 0.5),
        ("+", "+"),
        ("9" * 40, "9" * 40),
    ],
)
def test_plain_texts_by_yaml_1_2(text: str, value: object) -> None:
    """A region of Norway stays one."""
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)
    assert read(f"a: {text}", "r.yaml").value == {"a": value}
