"""Rule files into a rulebook."""

import json
import os
import time
from pathlib import Path

import pytest

from tests.rules.tables import problems_of
from watcher.errors import RulesError
from watcher.model import Severity
from watcher.rules.channel import Secret
from watcher.rules.files.loading import load, load_text
from watcher.schedule import Every
from watcher.units import DAY

EXAMPLE = """
api:
  key: ${KEYAPI_KEY}
  credits_per_day: 500
channels:
  growth: {url: "${SLACK_URL}"}
  me:
    url: [tgram://${TELEGRAM_TOKEN}/${TELEGRAM_CHAT}, "mailtos://..."]
    min_severity: warning
operator: [me]
defaults: {region: US, every: 24h, notify: [growth], cooldown: 24h}
metrics:
  earnings: spu_avg_price * commission
watches:
  beauty:
    region: US
    category_id: "601450"
    min_total_sale_30d_cnt: 100
    sort: total_sale_7d_cnt desc
    top: 200
    every: 24h
rules:
  - name: beauty-rising
    description: Beauty products whose sales took off
    watch: beauty
    when:
      sales_trend_flag: {becomes: rising}
      sales_growth: {at_least: 50%}
      total_sale_gmv_7d_amt: {rises: 30%, from: 7d ago, min_change: 500}
    severity: warning
    notify: [growth]
  - name: hidden-gems
    watch: {region: US, max_total_ifl_cnt: 50, sort: total_sale_7d_cnt desc, top: 50}
    when:
      all:
        - total_sale_7d_cnt: {at_least: 50}
        - any:
            - commission: {at_least: 10%}
            - earnings: {above: 2}
        - not: {off_mark: {at_least: 2}}
    until: {total_sale_7d_cnt: {below: 30}}
    for: 24h
    cooldown: 7d
    resolved: true
"""
ENV = {
    "KEYAPI_KEY": "k-1",
    "SLACK_URL": "slack://a/b/c",
    "TELEGRAM_TOKEN": "123",
    "TELEGRAM_CHAT": "456",
}


def test_reads_the_whole_example() -> None:
    """Every section, typed, with defaults filled in."""
    book = load_text(EXAMPLE, env=ENV)
    assert book.api.key == Secret("k-1")
    assert (book.api.credits_per_day, book.api.credits_per_month) == (500, None)
    assert [len(book.channels[name].urls) for name in ("growth", "me")] == [1, 2]
    assert book.channels["me"].urls[0].reveal() == "tgram://123/456"
    assert book.channels["me"].min_severity is Severity.WARNING
    assert book.operator == ("me",)
    rising, gems = book.rules
    assert (rising.name, rising.severity, rising.cooldown) == (
        "beauty-rising",
        Severity.WARNING,
        DAY,
    )
    assert (gems.for_, gems.cooldown, gems.resolved, gems.notify) == (
        DAY,
        7 * DAY,
        True,
        ("growth",),
    )
    assert [str(rising.order_by), str(gems.order_by)] == [
        "sales growth, furthest beyond its condition first",
        "7-day sales, furthest beyond its condition first",
    ]
    assert rising.line == 23
    assert book.metrics.get("earnings") is not None
    assert book.warnings == ()


def test_reads_files_and_folders_together(tmp_path: Path) -> None:
    """Names are known across files; an editor's own files are not read."""
    (tmp_path / "b.yaml").write_text("channels: {me: {url: 'json://x'}}\n")
    (tmp_path / "a.yaml").write_text(
        "rules: [{name: a, watch: w, when: {review_count: 1}, notify: me}]\n"
    )
    (tmp_path / ".#a.yaml").write_text(": broken [")
    (tmp_path / "c.yml").write_text(": broken [")
    single = tmp_path.parent / "single.yaml"
    single.write_text("watches: {w: {region: US}}")
    book = load([tmp_path, single], {})
    assert [rule.name for rule in book.rules] == ["a"]
    (warning,) = book.warnings
    assert str(warning) == f"{tmp_path}/c.yml: is not read: only *.yaml is; rename it"


def test_rule_tests_in_a_folder_are_no_rules(tmp_path: Path) -> None:
    """As `watcher init --for` leaves them there; rules by such a name are read."""
    rule = "{{name: {}, watch: {{region: US}}, when: {{review_count: 1}}}}"
    (tmp_path / "rules.yaml").write_text(f"rules: [{rule.format('a')}]")
    (tmp_path / "rules.test.yaml").write_text("rules: rules.yaml\ntests:\n  - {name: it}\n")
    (tmp_path / "no.test.yaml").write_text(f"rules: [{rule.format('b')}]")
    assert [rule.name for rule in load([tmp_path], {}).rules] == ["b", "a"]
    with pytest.raises(RulesError):  # who names one as a rule file hears what it is
        load([tmp_path / "rules.test.yaml"], {})


def test_names_are_unique_across_files(tmp_path: Path) -> None:
    """The problem names both places; sections of one file only, too."""
    one, two = tmp_path / "1.yaml", tmp_path / "2.yaml"
    one.write_text(
        "defaults: {region: US}\nmetrics: {m: review_count}\nchannels: {c: {url: 'json://x'}}\n"
        "watches: {w: {}}\nrules:\n  - {name: r, watch: w, when: {m: 1}, notify: c}\n"
    )
    two.write_text(one.read_text())
    with pytest.raises(RulesError) as caught:
        load([tmp_path], {})
    assert [str(problem).removeprefix(f"{two}:") for problem in caught.value.problems] == [
        f"1:1: defaults is written already at {one}:1: write it in one file",
        f'2:11: metrics: the name "m" is already used at {one}:2',
        f'3:12: channels: the name "c" is already used at {one}:3',
        f'4:11: watches: the name "w" is already used at {one}:4',
        f'6:12: rules[0].name: the name "r" is already used at {one}:6',
    ]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """No file, no folder's file, no YAML: a line each, and no blame on the others."""
    (tmp_path / "folder").mkdir()
    broken = tmp_path / "broken.yaml"
    broken.write_text("watches: [")
    fine = tmp_path / "fine.yaml"
    fine.write_text("rules: [{name: a, watch: w, when: {mine: 1}, notify: me}]")
    with pytest.raises(RulesError) as caught:
        load([tmp_path / "none.yaml", tmp_path / "folder", broken, fine], {})
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "none.yaml: there is no such file: watcher init writes one" in text
    assert "folder: the folder has no *.yaml file" in text
    assert "broken.yaml:2:1: the file ends inside something" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "rules.yaml: the file is empty"),
        ("[]", "rules.yaml:1:1: the file must have sections (api, channels"),
        ("rule: []", 'rules.yaml:1:1: unknown section "rule", did you mean "rules"?'),
        ("rules:", "there are no rules"),
        ("rules: {a: 1}", "rules: takes a list of rules, each after a dash"),
        ("watches: []", "watches: must be a mapping of names"),
        ("heartbeat: ftp://x.y/z", "heartbeat: takes an address"),
        ("heartbeat: 5", "heartbeat: takes an address"),
        ("operator: {a: 1}", "operator: takes a list of channels' names"),
        ("operator: [5]", "operator[0]: takes a channel's name, not the number 5"),
        ("operator: [a]", 'operator[0]: unknown channel "a": there are none'),
        ("defaults: {notify: [a]}", 'defaults.notify[0]: unknown channel "a"'),
        ("defaults: {every: 24}", "defaults.every: 24 needs a unit"),
        ("defaults: {every: '0 9 * * 1'}", "defaults.every: write the weekdays"),
    ],
)
def test_problems_of_the_whole_file(text: str, message: str) -> None:
    """Each in one line."""
    assert any(message in problem for problem in problems_of(text)), problems_of(text)


def test_no_control_character_reaches_the_terminal() -> None:
    """Escapes in quotes are text to YAML, and commands to a terminal."""
    problems = problems_of(
        'watches: {"\\e[2J\\n": {region: "\\e[2J", "\\e[2J": 1}}\n'
        'rules: [{"\\e[2J": 1, name: "\\e[2J", watch: "\\e[2J", when: {"\\e[2J": "\\e[2J"}}]'
    )
    assert len(problems) >= 5
    assert all(problem.isprintable() for problem in problems)


def test_broken_defaults_blame_nobody_else() -> None:
    """One mistake, one line."""
    problems = problems_of(
        "defaults: {region: USA, every: 5}\n"
        "rules: [{name: a, watch: {top: 5}, when: {review_count: 1}, notify: []}]"
    )
    assert len(problems) == 2
    assert all("defaults." in problem for problem in problems)


def test_key_and_address_from_the_environment() -> None:
    """Where the file has none; a key that can't be one is said, and not shown."""
    text = "rules: [{name: a, watch: {region: US}, when: {review_count: 1}, notify: []}]"
    book = load_text(text, env={"KEYAPI_KEY": "abc\n", "KEYAPI_URL": "http://127.0.0.1:8788/"})
    assert book.api.key == Secret("abc")
    assert book.api.url == "http://127.0.0.1:8788"
    assert not book.warnings
    assert load_text(text).api.key is None
    (problem,) = problems_of(text, {"KEYAPI_KEY": "a b"})
    assert "the value of KEYAPI_KEY has a space" in problem
    assert "a b" not in problem.replace("has a space", "")
    (warning,) = load_text(text, env={"KEYAPI_URL": "http://example.com"}).warnings
    assert "shows your key to everyone on the way" in str(warning)


def test_a_thousand_rules_load_fast() -> None:
    """Some 0.3 s; of the process's own time, for others may be busy."""
    rule = "  - {name: r%d, watch: w, when: {review_count: {above: %d}, commission: {above: 10%%}}}"
    rules = "\n".join(rule % (number, number) for number in range(1_000))
    begin = time.process_time()
    book = load_text(f"watches: {{w: {{region: US}}}}\nrules:\n{rules}\n")
    assert len(book.rules) == 1_000
    assert time.process_time() - begin < 5


def test_secrets_do_not_show() -> None:
    """Not in a repr, not in a string, not in the repr of what holds them."""
    book = load_text(EXAMPLE, env=ENV)
    shown = f"{book} {book!r} {book.api.key} {json.dumps(str(book.channels))}"
    assert not any(secret in shown for secret in ("k-1", "slack://", "tgram", "mailtos"))
    assert "***" in shown
    assert book.channels["me"].targets == ("me/1", "me/2")


def test_names_of_every_schedule() -> None:
    """The default is daily, spread over the day by the watch's key."""
    book = load_text(EXAMPLE, env=ENV)
    schedules = [watch.schedule for watch in book.watches]
    assert all(isinstance(one, Every) and one.seconds == DAY for one in schedules)
    assert len({one.phase for one in schedules if isinstance(one, Every)}) == 2


def test_a_pipe_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    """Reading it would wait for ever."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "rules.yaml").write_text(
        "rules:\n  - {name: a, watch: {region: US}, when: {review_count: 1}, notify: []}\n"
    )
    assert len(load([tmp_path], {}).rules) == 1


def test_a_file_without_end_is_too_large() -> None:
    """It is not read whole first."""
    with pytest.raises(RulesError, match="the file is too large"):
        load([Path("/dev/zero")], {})


def test_only_the_missing_variable_is_reported() -> None:
    """Not also that the URL without it is none."""
    (problem,) = problems_of(
        'channels:\n  x: {url: [json://a, "${NOPE}"]}\n'
        "rules:\n  - {name: a, watch: {region: US}, when: {review_count: 1}, notify: x}\n"
    )
    assert "channels.x.url[1]: ${NOPE} can't be filled in" in problem


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://localhost", False),
        ("http://[::1]:80", False),
        ("http://127.0.0.1:8788", False),
        ("HTTP://example.com", True),
        ("http://localhost.example.com", True),
        ("https://example.com", False),
    ],
)
def test_a_key_in_the_clear_is_warned_of(url: str, *, warned: bool) -> None:
    """Everywhere but on this machine."""
    book = load_text(
        f"api: {{url: '{url}'}}\n"
        "rules:\n  - {name: a, watch: {region: US}, when: {review_count: 1}, notify: []}\n"
    )
    assert any("shows your key" in one.message for one in book.warnings) is warned


def test_rules_that_are_no_list_are_reported_once() -> None:
    """Not also that there are none."""
    (problem,) = problems_of("rules: {}\n")
    assert "takes a list of rules" in problem


@pytest.mark.parametrize(
    ("env", "key"),
    [
        ({"KEYAPI_TOKEN": "vendors"}, "vendors"),
        ({"KEYAPI_KEY": "", "KEYAPI_TOKEN": "vendors\n"}, "vendors"),
        ({"KEYAPI_KEY": "ours", "KEYAPI_TOKEN": ""}, "ours"),
        ({"KEYAPI_KEY": "same", "KEYAPI_TOKEN": "same"}, "same"),
        ({"KEYAPI_KEY": "ours", "KEYAPI_TOKEN": "vendors"}, "ours"),
        ({"KEYAPI_KEY": "ours", "KEYAPI_TOKEN": "no key at all"}, "ours"),
    ],
)
def test_the_vendors_name_of_the_key(env: dict[str, str], key: str) -> None:
    """Works as ours does; where both are set and differ, ours is taken, and that is said."""
    book = load_text(RULE_ONLY, env=env)
    assert book.api.key is not None
    assert book.api.key.reveal() == key
    said = [warning.message for warning in book.warnings if "KEYAPI" in warning.message]
    differ = all(env.values()) and len(set(env.values())) > 1 and len(env) > 1
    words = ["KEYAPI_KEY and KEYAPI_TOKEN hold different keys: that of KEYAPI_KEY is taken"]
    assert said == (words if differ else [])
    for value in env.values():
        assert not value or value not in " ".join(map(str, book.warnings))


def test_a_key_in_the_file_is_taken_before_either() -> None:
    """And nothing is said of variables that play no part."""
    env = {"KEYAPI_KEY": "ours", "KEYAPI_TOKEN": "vendors"}
    book = load_text("api: {key: of-the-file}\n" + RULE_ONLY, env=env)
    assert book.api.key is not None
    assert book.api.key.reveal() == "of-the-file"
    assert not [warning for warning in book.warnings if "KEYAPI" in warning.message]


def test_a_credential_of_the_vendors_name(tmp_path: Path) -> None:
    """A file of that name among the service manager's."""
    (tmp_path / "watcher_KEYAPI_TOKEN").write_text("of-a-file\n", encoding="utf-8")
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULE_ONLY, encoding="utf-8")
    book = load([rules], {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert book.api.key is not None
    assert book.api.key.reveal() == "of-a-file"


def test_a_bad_key_of_the_vendors_name() -> None:
    """Is told by that name, and not shown."""
    (problem,) = problems_of(RULE_ONLY, {"KEYAPI_TOKEN": "a b"})
    assert "the value of KEYAPI_TOKEN has a space" in problem


RULE_ONLY = """
rules:
  - {name: r, watch: {region: US}, when: {review_count: {above: 1}}}
"""
