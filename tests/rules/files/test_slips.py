"""Keys and secrets that were copied with more than themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from watcher.errors import ListenError, RulesError
from watcher.rules.files.loading import load
from watcher.web.address import read_token

KEY, TOKEN, HOOK = "kAp1-9f0c1e==", "s3cret-T0ken", "https://hc-ping.com/7d1f"
RULES = """
api: {{key: {key}}}
heartbeat: {hook}
channels: {{me: {{url: {url}}}}}
defaults: {{region: US, notify: [me]}}
rules:
  - name: selling
    watch: {{sort: total_sale_7d_cnt desc, top: 50}}
    when: {{total_sale_7d_cnt: {{at_least: 1}}}}
"""
LINES, QUOTES, NAME = "has several lines", "is in quotes", 'begins with a name and "="'
SEEN = "can't be seen"
WRONG: dict[str, tuple[Callable[[str], str], str]] = {
    "double quotes": (lambda secret: f'"{secret}"', QUOTES),
    "single quotes": (lambda secret: f"'{secret}'", QUOTES),
    "typographic quotes": (lambda secret: f"\u201c{secret}\u201d", QUOTES),
    "quotes and a line end": (lambda secret: f'"{secret}"\n', QUOTES),
    "its name": (lambda secret: f"THE_NAME={secret}", NAME),
    "its name in quotes": (lambda secret: f'THE_NAME="{secret}"', NAME),
    "another name": (lambda secret: f"export MY_{'KEY'} = {secret}", NAME),
    "two lines": (lambda secret: f"{secret}\n{secret}", LINES),
    "an old line end inside": (lambda secret: f"{secret}\r{secret}", LINES),
    "a control character": (lambda secret: f"{secret[:4]}\x00{secret[4:]}", SEEN),
    "a zero-width space": (lambda secret: f"{secret[:4]}\u200b{secret[4:]}", SEEN),
    "a joiner at its end": (lambda secret: f"{secret}\ufeff", SEEN),
}
OF_KEYS: dict[str, tuple[Callable[[str], str], str]] = {
    **WRONG,
    "a space inside": (lambda key: f"{key[:4]} {key[4:]}", "has a space"),
    "a letter of no key": (lambda key: f"{key}é", "no key has"),
    "the header's word": (lambda key: f"Bearer {key}", 'begins with "Bearer"'),
    "all of the header": (lambda key: f"Authorization: Bearer {key}", 'begins with "Bearer"'),
    "one quote": (lambda key: f'{key}"', "quotation mark"),
    "a variable": (lambda _: "${KEYAPI_KEY}", "nobody filled in"),
    "what init says": (lambda _: "...", "stands for one"),
    "a manual's word": (lambda _: "<your-key>", "stands for one"),
    "a field of JSON": (lambda key: f"key: {key}", NAME),
}


def rules(
    folder: Path, key: str = "${THE_NAME}", url: str = "json://localhost", hook: str = HOOK
) -> Path:
    """A rule file."""
    path = folder / "rules.yaml"
    path.write_text(RULES.format(key=f'"{key}"', url=f'"{url}"', hook=f'"{hook}"'), "utf-8")
    return path


def refused(path: Path, value: str, folder: Path | None = None) -> list[str]:
    """The problems of a rule file whose THE_NAME is ``value``, in a file of ``folder`` if given."""
    env = {"CREDENTIALS_DIRECTORY": str(folder)} if folder else {"THE_NAME": value}
    if folder:
        (folder / "THE_NAME").write_bytes(value.encode())
    with pytest.raises(RulesError) as caught:
        load([path], env)
    found = [
        f"{problem.line}: {problem.path}: {problem.message}" for problem in caught.value.problems
    ]
    for part in (value, KEY, TOKEN, HOOK):
        assert part not in "\n".join(found).replace("THE_NAME", "")
    return found


@pytest.mark.parametrize("file", [False, True], ids=["environment", "file"])
@pytest.mark.parametrize(("spoil", "why"), OF_KEYS.values(), ids=OF_KEYS)
def test_a_key(tmp_path: Path, spoil: Callable[[str], str], why: str, *, file: bool) -> None:
    """Named, with the place in the rule file, and nothing else is said."""
    (only,) = refused(rules(tmp_path), spoil(KEY), tmp_path if file else None)
    assert only.startswith("2: api.key: the value of ${THE_NAME} ")
    assert why in only


@pytest.mark.parametrize(("spoil", "why"), OF_KEYS.values(), ids=OF_KEYS)
def test_a_key_that_no_rule_file_names(
    tmp_path: Path, spoil: Callable[[str], str], why: str
) -> None:
    """KEYAPI_KEY is looked for by itself."""
    path = rules(tmp_path)
    path.write_text(path.read_text("utf-8").replace('{key: "${THE_NAME}"}', "{}"), "utf-8")
    with pytest.raises(RulesError) as caught:
        load([path], {"KEYAPI_KEY": spoil(KEY)})
    (only,) = caught.value.problems
    assert only.message.startswith("the value of KEYAPI_KEY ")
    assert why in only.message
    assert KEY not in only.message


@pytest.mark.parametrize("file", [False, True], ids=["environment", "file"])
@pytest.mark.parametrize(("spoil", "why"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize(
    ("place", "secret", "named"),
    [
        ({"url": "${THE_NAME}"}, f"tgram://{TOKEN}/12", "4: channels.me.url"),
        ({"url": "json://me:${THE_NAME}@localhost/"}, TOKEN, "4: channels.me.url"),
        ({"hook": "${THE_NAME}"}, HOOK, "3: heartbeat"),
        ({"hook": "https://hc-ping.com/${THE_NAME}"}, TOKEN, "3: heartbeat"),
    ],
    ids=["url", "part of a url", "heartbeat", "part of a heartbeat"],
)
def test_a_url(
    tmp_path: Path,
    spoil: Callable[[str], str],
    why: str,
    place: dict[str, str],
    secret: str,
    named: str,
    *,
    file: bool,
) -> None:
    """A channel's or the heartbeat's, or a token in it."""
    (only,) = refused(rules(tmp_path, key=KEY, **place), spoil(secret), tmp_path if file else None)
    assert only.startswith(f"{named}: the value of ${{THE_NAME}} ")
    assert why in only


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ({"key": f"'{KEY}'"}, "2: api.key: is in quotes"),
        ({"key": f"KEYAPI_KEY={KEY}"}, "2: api.key: begins with a name"),
        ({"url": f"'tgram://{TOKEN}/12'"}, "4: channels.me.url: this URL is in quotes"),
        ({"url": f"SLACK_URL=tgram://{TOKEN}/12"}, "4: channels.me.url: this URL begins with a"),
        ({"url": f"tgram://{TOKEN}\u200b/12"}, "4: channels.me.url: this URL has a character"),
        ({"hook": f"'{HOOK}'"}, "3: heartbeat: the address is in quotes"),
    ],
)
def test_as_it_stands(tmp_path: Path, place: dict[str, str], why: str) -> None:
    """In the rule file itself."""
    (only,) = refused(rules(tmp_path, **{"key": KEY, **place}), "unused")
    assert only.startswith(why)


@pytest.mark.parametrize(
    "value",
    [f"{KEY}\n", f"{KEY}\r\n", f"  {KEY}  ", "QUJD=", "AB_CD==", "KEY==", "sk-live_0aZ", "P=x1"],
)
@pytest.mark.parametrize("file", [False, True])
def test_what_is_a_key(tmp_path: Path, value: str, *, file: bool) -> None:
    """A line end is an editor's; "=" ends base64."""
    (tmp_path / "THE_NAME").write_text(f"\ufeff{value}" if file else "", "utf-8")
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path)} if file else {"THE_NAME": value}
    book = load([rules(tmp_path)], env)
    assert book.api.key is not None
    assert book.api.key.reveal() == value.strip()


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("json://me:${THE_NAME}@localhost/", "A=1"),
        ("json://me:${THE_NAME}@localhost/", "p'ss\"word"),
        ("json://me:${THE_NAME}@localhost/", "pässword"),
        ("mailto://me:x@localhost/?to=${THE_NAME}", "a@b.example, c@d.example"),
        ("${THE_NAME}", "json://localhost/?:title=Ventas más altas\n"),
    ],
)
def test_what_is_a_url(tmp_path: Path, url: str, value: str) -> None:
    """What may stand in one may go on standing there."""
    book = load([rules(tmp_path, key=KEY, url=url)], {"THE_NAME": value})
    assert book.channels["me"].urls[0].reveal() == url.replace("${THE_NAME}", value.rstrip("\n"))


@pytest.mark.parametrize(("spoil", "why"), WRONG.values(), ids=WRONG)
def test_a_token_of_the_page(tmp_path: Path, spoil: Callable[[str], str], why: str) -> None:
    """Its file is named."""
    path = tmp_path / "token"
    path.write_bytes(spoil("0123456789abcdef0123").encode())
    with pytest.raises(ListenError, match=rf"{path}: the token .*{why}"):
        read_token(path)
    path.write_text("\ufeff0123456789abcdef0123\r\n", "utf-8")
    assert read_token(path) == "0123456789abcdef0123"
