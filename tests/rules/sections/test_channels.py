"""Channels, and the names that point to them."""

import pytest

from tests.rules.tables import problems_of
from watcher.errors import RulesError
from watcher.model import Severity
from watcher.rules.files.loading import load_text

RULES = "rules: [{name: a, watch: {region: US}, when: {review_count: 1}, notify: %s}]\n"


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        ("json://x", "channels.me: write the URL under"),
        ("{}", 'channels.me: needs "url"'),
        ("{url: x}", "channels.me.url: this is no Apprise URL"),
        ("{url: 'json://x', urls: 1}", 'unknown field "urls", did you mean "url"?'),
        ("{url: 'json://x', quiet: {hours: '22-7'}}", "quiet.hours: takes a time of day from"),
        ("{url: 'json://x', quiet: {hours: '7:00-07:00'}}", "begins when it ends"),
        ("{url: 'json://x', quiet: '22:00-07:00'}", "me.quiet: must be a mapping (hours, days"),
        ("{url: 'json://x', digest: '9 o clock'}", "me.digest: "),
        ("{url: 'json://x', page: 'ftp://x'}", "me.page: is no address: write it as a browser"),
        ("{url: 'json://x', page: 5}", "me.page: is no address"),
        ("{url: 'json://x', page: nowhere}", "me.page: is no address"),
        ("{url: 'json://x', page: 'https://x/?a=1'}", "me.page: has a query or a fragment"),
        ("{url: 'json://x', page: 'https://x/#a'}", "me.page: has a query or a fragment"),
        ("{url: 'json://x', page: 'https://me:secret@x/'}", "me.page: names a user or a password"),
        ("{url: 'json://x', page: 'https://x/../y'}", "me.page: holds what has no place"),
        ("{url: 'json://x', page: 'https://x//y'}", "me.page: holds what has no place"),
        ("{url: 'json://x', page: 'https://x/<b>'}", "me.page: holds what has no place"),
        ("{url: 'json://x', page: 'https://x)y/'}", "me.page: holds what has no place"),
    ],
)
def test_refuses(channel: str, message: str) -> None:
    """One line; the rule that uses it is not blamed."""
    (problem,) = problems_of(f"channels: {{me: {channel}}}\n" + RULES % "me")
    assert message in problem


def test_a_name_that_is_none() -> None:
    """Targets are named channel/1, so a slash can't be in it."""
    (problem,) = problems_of("channels: {a/b: {url: 'json://x'}}\n" + RULES % "a/b")
    assert '1:12: channels: "a/b" is no name for a channel' in problem


@pytest.mark.parametrize(
    ("notify", "message"),
    [
        ("[mee]", 'notify[0]: unknown channel "mee", did you mean "me"?'),
        ("zzz", 'notify: unknown channel "zzz": there are me'),
        ("5", "notify: takes a list of channels' names, not the number 5"),
    ],
)
def test_unknown(notify: str, message: str) -> None:
    """Where it is named."""
    (problem,) = problems_of("channels: {me: {url: 'json://x'}}\n" + RULES % notify)
    assert message in problem


def test_quiet_hours_and_digest() -> None:
    """Both in the channel's time zone, where the quiet hours have none of their own."""
    text = (
        "channels:\n"
        "  me: {url: 'json://x', timezone: Europe/Berlin, quiet: {hours: '22:00-7:30'},\n"
        "       digest: '9:05'}\n"
        "  you: {url: 'json://x', quiet: {hours: '1:00-2:00', timezone: Asia/Tokyo},\n"
        "        digest: 0 9 * * mon}\n"
    ) + RULES % "[me, you]"
    me, you = load_text(text).channels.values()
    assert (str(me.quiet), str(me.digest)) == (
        "22:00-07:30 Europe/Berlin",
        "at 5 9 * * * Europe/Berlin",
    )
    assert (str(you.quiet), str(you.digest)) == ("01:00-02:00 Asia/Tokyo", "at 0 9 * * mon")


def test_the_zone_of_the_defaults() -> None:
    """Of digests, quiet hours and messages, where a channel or its quiet hours have no own."""
    times = "quiet: {hours: '1:00-2:00'}, digest: '9:00'"
    text = (
        "channels:\n"
        f"  none: {{url: 'json://x', {times}}}\n"
        f"  own: {{url: 'json://x', timezone: UTC, {times}}}\n"
        "  hours: {url: 'json://x', quiet: {hours: '1:00-2:00', timezone: Asia/Tokyo}}\n"
        "defaults: {timezone: Asia/Shanghai}\n"
    ) + RULES % "[none, own, hours]"
    book = load_text(text)
    none, own, hours = book.channels.values()
    assert book.timezone == none.timezone == hours.timezone == "Asia/Shanghai"
    assert str(none.quiet) == "01:00-02:00 Asia/Shanghai"
    assert str(none.digest) == "at 0 9 * * * Asia/Shanghai"
    assert own.timezone == "UTC"
    assert (str(own.quiet), str(own.digest)) == ("01:00-02:00 UTC", "at 0 9 * * *")
    assert str(hours.quiet) == "01:00-02:00 Asia/Tokyo"
    assert load_text(RULES % "[]").timezone == "UTC"


def test_warnings() -> None:
    """A channel nobody uses; a rule that tells nobody. Written out, nobody is meant."""
    unused = load_text("channels: {me: {url: 'json://x'}}\n" + RULES % "[]").warnings
    assert [str(one) for one in unused] == [
        "rules.yaml:1:16: channels.me: no rule tells this channel anything"
    ]
    (nobody,) = load_text(RULES.replace(", notify: %s", "")).warnings
    assert "rules[0]: this rule tells nobody" in str(nobody)


_TWO = "channels: {a: {url: 'json://x'}, b: {url: 'json://x', min_severity: critical}}\n"


@pytest.mark.parametrize(
    ("more", "rules", "told"),
    [
        ("", RULES % "a", {"b": "no rule tells this channel anything"}),
        ("operator: [b]\n", RULES % "a", {}),
        # That defaults name it helps no rule that has a notify of its own.
        ("defaults: {notify: [b]}\n", RULES % "a", {"b": "no rule tells this channel anything"}),
        (
            "",
            RULES % "[a, b]",
            {"b.min_severity": "this channel is told nothing: no rule that tells it is critical"},
        ),
        ("", (RULES % "[a, b]").replace("when:", "severity: critical, when:"), {}),
    ],
)
def test_a_channel_that_nobody_tells(more: str, rules: str, told: dict[str, str]) -> None:
    """Not by a rule, not as the operator's, not by defaults, and not at its severity."""
    warnings = load_text(_TWO + more + rules).warnings
    assert {one.path.removeprefix("channels."): one.message for one in warnings} == told


def test_bounds_that_leave_nothing() -> None:
    """The least severity above the highest is an error, with its place; equal they leave one."""
    bounds = "channels: {me: {url: 'json://x', min_severity: %s, max_severity: %s}}\n"
    with pytest.raises(RulesError) as caught:
        load_text(bounds % ("critical", "warning") + RULES % "me")
    (problem,) = caught.value.problems
    assert str(problem).startswith("rules.yaml:1:72: channels.me.max_severity: is below min_sever")
    rules = (RULES % "me").replace("when:", "severity: warning, when:")
    book = load_text(bounds % ("warning", "warning") + rules)
    assert not book.warnings
    assert (book.channels["me"].takes, book.channels["me"].hears(Severity.CRITICAL)) == (
        "warning",
        False,
    )


_GRADES = "severity: {critical: {review_count: {above: 9}}}, when:"
_NOBODY = "this rule tells nobody: no channel of it takes what is %s"
_LOST = "what is critical is told nobody: no channel of this rule takes it"


@pytest.mark.parametrize(
    ("bounds", "severity", "doubt"),
    [
        (["max_severity: info"], "severity: warning, when:", _NOBODY % "warning"),
        (["min_severity: critical"], "when:", _NOBODY % "info"),
        (
            ["max_severity: info", "min_severity: critical"],
            "severity: warning, when:",
            _NOBODY % "warning",
        ),
        (["max_severity: warning"], _GRADES, _LOST),
        (["max_severity: info", "min_severity: critical"], _GRADES, None),
        (["min_severity: critical"], _GRADES, None),
        (["max_severity: info", "min_severity: info"], "severity: warning, when:", None),
    ],
)
def test_what_no_channel_of_a_rule_takes(
    bounds: list[str], severity: str, doubt: str | None
) -> None:
    """Nothing of it, or not what is most severe; less severe is what the least is for."""
    channels = [f"c{n}: {{url: 'json://x', {each}}}" for n, each in enumerate(bounds)]
    names = f"[{', '.join(f'c{n}' for n in range(len(bounds)))}]"
    text = f"channels: {{{', '.join(channels)}}}\n" + (RULES % names).replace("when:", severity)
    found = {one.path: one.message for one in load_text(text).warnings}
    assert found.get("rules[0].notify") == doubt


def test_a_single_name_and_repeated_names() -> None:
    """Each channel is told once."""
    channels = "channels: {me: {url: 'json://x'}}\n"
    assert load_text(channels + RULES % "me").rules[0].notify == ("me",)
    assert load_text(channels + RULES % "[me, me]").rules[0].notify == ("me",)


@pytest.mark.parametrize(
    ("of_defaults", "of_channel", "page"),
    [
        ("", "", ""),
        ("page: 'https://w.example/path/'", "", "https://w.example/path"),
        ("page: 'HTTP://W.example:8080'", "", "http://w.example:8080"),
        ("page: 'https://w.example'", ", page: 'http://[::1]:8787/x'", "http://[::1]:8787/x"),
        ("page: 'https://w.example'", ", page: off", ""),
        ("page: 'https://w.example'", ", page: 'OFF'", ""),
        ("page: 'https://w.example'", ", page: null", ""),
        ("page: 'https://w.example'", ", page: ", ""),
        ("page: off", ", page: 'https://w.example/'", "https://w.example"),
    ],
)
def test_the_page_that_messages_lead_to(of_defaults: str, of_channel: str, page: str) -> None:
    """A channel's own stands in the place of the defaults', and can be none."""
    book = load_text(
        f"defaults: {{{of_defaults}}}\nchannels: {{me: {{url: 'json://x'{of_channel}}}}}\n"
        + RULES % "me"
    )
    assert book.channels["me"].page == page
