"""What a page may load."""

import pytest

from watcher.web.address import content_policy


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("https://cdn.example/a,b;c.jpg?sign=1", " https://cdn.example/a%2Cb%3Bc.jpg"),
        ("https://me:pw@cdn.example:8443/a b.jpg", " https://cdn.example:8443/a%20b.jpg"),
        ("https://cdn.example", " https://cdn.example/"),
        ("https://x;script-src https://evil.example/a.js", ""),
        ("https://cdn.example *", ""),
        ("https://cdn.example:99999/a.jpg", ""),
        ("", ""),
    ],
)
def test_a_picture_adds_nothing_but_itself_to_the_policy(address: str, source: str) -> None:
    """The source names it, and may name anything."""
    assert f"img-src 'self'{source}; form-action" in content_policy(address)
    assert content_policy(address).count(";") == content_policy().count(";")
