"""What a channel's URL holds stays out of what a service says; the rest stays readable."""

from __future__ import annotations

import pytest

from watcher.delivery.masking import UrlMask


@pytest.mark.parametrize(
    ("url", "said", "shown"),
    [
        ("dingtalk://AbC123xyz", "no robot abc123XYZ here", "no robot *** here"),
        ("tgram://123456:AAFab_c-9/-100777", "chat -100777 of bot123456:AAFab_c-9", None),
        ("tgram://123456:AAFab_c-9/1", "the new id is -1001234567", "the new id is -1001234567"),
        ("json://ann:p%40ss1word@h/x", "p@ss1word is wrong, p%40ss1word too", None),
        (
            "json://h/x?+X-Key=s3cretvalue&verify=no",
            "no s3cretvalue: verify it",
            "no ***: verify it",
        ),
        ("ntfy://alerts?priority=high", "alerts of high priority", "alerts of high priority"),
        ("", "anything", "anything"),
    ],
)
def test_hides_the_parts_of_a_url(url: str, said: str, shown: str | None) -> None:
    """In any case and encoding; common words and other numbers are no secrets."""
    masked = UrlMask(url)(said)
    if shown is not None:
        assert masked == shown
    else:
        assert "***" in masked
        assert not any(part in masked for part in ("100777", "AAFab", "p@ss", "p%40ss"))
