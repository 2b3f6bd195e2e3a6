"""The commands that need no daemon."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from subprocess import run

import pytest

from tests.cli.running import Command
from tests.store.making import START, firing, scan
from watcher import __version__
from watcher.cli.main import COMMANDS
from watcher.fields import FIELDS
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

ROOT = Path(__file__).parents[2]

RULES = """
api: {credits_per_day: 10}
channels: {me: {url: "json://user:hidden-word@localhost/"}}
defaults: {region: US, notify: [me]}
rules:
  - name: selling
    watch: {sort: total_sale_7d_cnt desc, top: 50, every: 6h}
    when: {total_sale_7d_cnt: {at_least: 1}}
"""


@pytest.fixture
def rules(folder: Path) -> Path:
    """A rule file."""
    path = folder / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture
def history(folder: Path, rules: Path) -> Path:
    """A database with one scan and one firing alert."""
    (watch,) = load([rules], {}).used_watches
    path = folder / "watcher.db"
    with Database.open(path) as database, database.atomic():
        recorded = database.history.record(
            scan(START, {"1": 20, "2": 3}, watch=watch.key, names={"1": "Cup \x1b[31mred"})
        )
        product = int(recorded.products[0])
        database.alerts.save([firing("selling", product)])
    return path


def test_help_names_every_command(watcher: Command) -> None:
    """And each of them has a help of its own."""
    page = watcher("--help").out
    for name, what in COMMANDS:
        assert f"  {name} " in page
        assert what.split(":")[0][:40] in page
        assert watcher(name, "--help").code == 0


def test_version(watcher: Command) -> None:
    """The package's own."""
    assert __version__ in watcher("--version").out


def test_help_imports_nothing_heavy() -> None:
    """The help page is quick, for it imports none of the libraries."""
    code = (
        "import sys\n"
        "from watcher.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'aiohttp', 'apprise', 'pydantic', 'sqlite_utils', 'rich'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "loaded: []" in done.stdout


def test_wrong_usage_is_2(watcher: Command) -> None:
    """An unknown command or option shows the usage, and the nearest there is."""
    unknown = watcher("chekc")
    assert unknown.code == 2
    assert 'No such command "chekc", did you mean "check"?' in unknown.err
    assert watcher("check", "--jsno").code == 2
    assert watcher("alerts", "--since", "soon").code == 2


def test_init_writes_a_file_that_checks(watcher: Command, folder: Path) -> None:
    """It is right as it stands, is never written over, and its advice stays true."""
    assert watcher("init").code == 0
    written = (folder / "rules.yaml").read_text("utf-8")
    again = watcher("init")
    assert again.code == 1
    assert "rules.yaml is there already" in again.err
    assert (folder / "rules.yaml").read_text("utf-8") == written
    checked = watcher("check")
    assert checked.code == 0
    assert "2 rules, no errors" in checked.out


def test_init_writes_the_schema_beside(watcher: Command, folder: Path) -> None:
    """Under the rule file's name, which the first line says; one that is there stays."""
    assert "mine.schema.json" in watcher("init", "--rules", "mine.yaml").out
    first, *_ = (folder / "mine.yaml").read_text("utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=./mine.schema.json"
    assert (folder / "mine.schema.json").read_text("utf-8") == watcher("schema").out
    (folder / "mine.yaml").unlink()
    (folder / "mine.schema.json").write_text("{}", "utf-8")
    assert "was there already" in watcher("init", "--rules", "mine.yaml").out
    assert (folder / "mine.schema.json").read_text("utf-8") == "{}"


def test_the_example_checks(watcher: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its one variable set; without it the error names it."""
    path = ROOT / "rules.example.yaml"
    missing = watcher("check", "--rules", path)
    assert missing.code == 1
    assert "SLACK_URL" in missing.err
    monkeypatch.setenv("SLACK_URL", "json://localhost")
    assert watcher("check", "--rules", path).code == 0


def test_check_prints_costs_and_warnings(watcher: Command, rules: Path) -> None:
    """Requests, scans, credits; and that the cap does not suffice."""
    result = watcher("check", "--rules", rules)
    assert result.code == 0
    assert "Together 20 credits a day, 600 in 30 days" in result.out
    assert "10 credits a day does not suffice" in result.out
    data = json.loads(watcher("check", "--json").out)
    assert data["ok"] is True
    assert data["forecast"]["watches"][0]["requests"] == 5
    assert len(data["forecast"]["warnings"]) == 1


@pytest.mark.parametrize(
    ("urls", "warned"), [('"json://localhost"', True), ('["json://a", "json://b"]', False)]
)
def test_check_warns_of_a_lonely_operator(
    watcher: Command, rules: Path, urls: str, warned: bool
) -> None:
    """A dead target is told by the operator's other targets: there is none."""
    more = f"\noperator: [ops]\nchannels: {{ops: {{url: {urls}}}}}\n"
    folder = rules.parent / "more"
    folder.mkdir()
    rules.rename(folder / "rules.yaml")
    (folder / "ops.yaml").write_text(more, encoding="utf-8")
    result = watcher("check", "--rules", folder)
    assert result.code == 0
    assert ("only ops/1 hears of the watcher's troubles" in result.out) is warned
    data = json.loads(watcher("check", "--rules", folder, "--json").out)
    assert any(each["path"] == "operator" for each in data["warnings"]) is warned
    assert {each["code"] for each in data["warnings"]} <= {"doubt"}


def test_check_names_a_smaller_top(watcher: Command, rules: Path, folder: Path) -> None:
    """And what that saves, in words and for programs."""
    deep = RULES.replace("top: 50, every: 6h", "top: 200, every: 24h")
    rules.write_text(deep.replace("at_least: 1", "at_least: 50"), encoding="utf-8")
    book, now = load([rules], {}), int(time.time())
    (watch,) = book.used_watches
    with Database.open(folder / "watcher.db") as database:
        for day in range(32, -1, -1):
            at = now - day * 86_400 - 60
            if day == 32:
                database.rules.sync(book.marks, at)
            sales = {
                str(place): 50.0 - place + (place == 13) * (day < 9) * 50 for place in range(30)
            }
            made = scan(at, sales, watch=watch.key)
            policies = policies_of(book.channels)
            evaluate(database, made, book.rules, policies, book.metrics, at)
    result = watcher("check")
    assert result.code == 0
    assert "These lists could be read less deep:" in result.out
    assert "with top: 20 it saves" in result.out
    (found,) = json.loads(watcher("check", "--json").out)["shallower"]
    assert (found["alerts"], found["began"], found["top"], found["smaller"]) == (1, 14, 200, 20)


def test_check_says_what_the_history_knows(watcher: Command, rules: Path, history: Path) -> None:
    """How near a rule came that nothing met, and silences that match nothing; apart from what is
    doubtful in the file."""
    with Database.open(history) as database:
        (key,) = {watch.key for watch in load([rules], {}).used_watches}
        for day in range(1, 6):
            database.history.record(scan(START + day * 86_400, {"a": 40 + day}, watch=key))
        now = int(time.time())
        database.silences.add(rule="typo-*", begins=now, ends=now + 86_400)
    watch = "{sort: total_sale_7d_cnt desc, top: 50, every: 6h}"
    rules.write_text(f"{RULES}  - {{name: far, watch: {watch}, when: {{rank: 30}}}}\n")
    result = watcher("check")
    assert "Nothing in the stored scans met these rules:" in result.out
    assert "far: met by 0 of" in result.out
    assert "silence 1: rule typo-*: matches nothing that there is" in result.out
    found = json.loads(watcher("check", "--json").out)
    assert [each["rule"] for each in found["unmet"]] == ["far"]


def test_check_needs_no_usable_database(watcher: Command, rules: Path, folder: Path) -> None:
    """The rules are right or wrong whatever the database is."""
    (folder / "other.db").write_text("no database at all, but a long enough text to be read")
    result = watcher("check", "--rules", rules, "--db", folder / "other.db")
    assert result.code == 0
    assert "warning: the costs are estimates: " in result.out


def test_check_prints_every_error_with_its_place(watcher: Command, rules: Path) -> None:
    """In text one a line, in JSON as data."""
    rules.write_text(RULES.replace("region", "regoin").replace("when", "wen"), encoding="utf-8")
    result = watcher("check")
    assert result.code == 1
    assert "rules.yaml:4:12: defaults:" in result.err
    assert "rules.yaml:8:5: rules[0]:" in result.err
    assert watcher("check", "--json").code == 1
    problems = json.loads(watcher("check", "--json").out)["problems"]
    assert {(each["line"], each["column"]) for each in problems} >= {(4, 12), (8, 5)}


def test_a_bad_url_is_said_without_showing_it(watcher: Command, rules: Path) -> None:
    """Apprise's own judgement, at the URL's place."""
    rules.write_text(RULES.replace("json://", "jsno://"), encoding="utf-8")
    result = watcher("check")
    assert result.code == 1
    assert "rules.yaml:3:22: channels.me.url:" in result.err
    assert "hidden-word" not in result.err


def test_status(watcher: Command, history: Path) -> None:
    """Watches, rules, credits; the same as JSON."""
    assert history.exists()
    result = watcher("status")
    assert result.code == 0
    assert "selling" in result.out
    data = json.loads(watcher("status", "--json").out)
    assert data["watches"][0]["last"]["products"] == 2
    assert data["rules"][0]["firing"] == 1


def test_status_without_a_database(watcher: Command, rules: Path, folder: Path) -> None:
    """One line why, and no file is made."""
    assert rules.exists()
    result = watcher("status")
    assert result.code == 1
    assert "watcher.db" in result.err
    assert not (folder / "watcher.db").exists()


def test_alerts(watcher: Command, history: Path) -> None:
    """The alert with its product's name, harmless; filters; JSON."""
    assert history.exists()
    result = watcher("alerts")
    assert result.code == 0
    assert "Cup" in result.out
    assert "\x1b" not in result.out
    assert "(no name)" not in result.out
    assert watcher("alerts", "--rule", "other").out.startswith("No alerts match.")
    assert watcher("alerts", "--state", "inactive").out.startswith("No alerts match.")
    (row,) = json.loads(watcher("alerts", "--state", "firing", "--json").out)
    assert (row["rule"], row["product_id"], row["state"]) == ("selling", "1", "firing")


def test_metrics_lists_every_field(watcher: Command) -> None:
    """All that a rule can name, with a meaning."""
    rows = json.loads(watcher("metrics", "--json").out)
    names = {row["name"] for row in rows if row["meaning"]}
    fields = {field.name for field in FIELDS if field.type != "long"}
    derived = {"rank", "age_days", "commission", "live_share", "creators_7d", "sales_growth_z"}
    assert fields | derived <= names
    assert "sales_growth" in watcher("metrics").out


def test_schema_is_json(watcher: Command) -> None:
    """A JSON Schema with the sections of the file."""
    schema = json.loads(watcher("schema").out)
    assert {"rules", "watches", "channels"} <= schema["properties"].keys()


def test_an_unknown_channel_says_which_there_are(watcher: Command, rules: Path) -> None:
    """Or that there is none, and where one is written."""
    assert "there are me" in watcher("channel", "test", "pigeon").err
    text = rules.read_text("utf-8").replace("channels:", "# channels:").replace("notify: [me]", "")
    (rules.parent / "none.yaml").write_text(text, "utf-8")
    assert "under channels:" in watcher("channel", "test", "me", "--rules", "none.yaml").err


def test_channel_list_hides_urls(watcher: Command, rules: Path) -> None:
    """Names and services only."""
    assert rules.exists()
    result = watcher("channel", "list")
    assert result.code == 0
    assert "me/1 (json)" in result.out
    listed = watcher("channel", "list", "--json")
    (channel,) = json.loads(listed.out)
    assert channel["targets"] == [{"name": "me/1", "service": "json"}]
    assert (channel["min_severity"], channel["rules"]) == ("info", ["selling"])
    assert channel["language"] == "en"
    assert "hidden-word" not in result.out + listed.out


def test_many_rules_of_a_channel_are_counted(watcher: Command, rules: Path) -> None:
    """The first by name in text, all in JSON."""
    more = "  - {{name: r{0}, watch: {{region: US}}, when: {{off_mark: 1}}}}\n"
    rules.write_text(RULES + "".join(more.format(number) for number in range(9)))
    assert "10: selling, r0, r1, …" in watcher("channel", "list").out
    (channel,) = json.loads(watcher("channel", "list", "--json").out)
    assert len(channel["rules"]) == 10


def test_no_alerts_yet(watcher: Command, folder: Path) -> None:
    """A word on what to look at; not the same where a filter hides them. JSON is empty."""
    with Database.open(folder / "watcher.db"):
        pass
    assert watcher("alerts").out.startswith("No alerts yet: no rule has fired.")
    assert json.loads(watcher("alerts", "--json").out) == []


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_limit_is_said(watcher: Command, history: Path, arguments: tuple[str, ...]) -> None:
    """Where there is more than is shown; never in the JSON."""
    with Database.open(history) as database, database.atomic():
        database.alerts.save([firing("other", 1), firing("third", 1)])
    printed = watcher("alerts", "--limit", "2", *arguments).out
    if arguments:
        assert len(json.loads(printed)) == 2
    else:
        assert "The newest 2; --limit shows more." in printed
    assert "--limit" not in watcher("alerts", "--limit", "3", *arguments).out


def test_channel_test_needs_a_channel(watcher: Command, rules: Path) -> None:
    """An unknown name is answered with the nearest."""
    assert rules.exists()
    result = watcher("channel", "test", "mee")
    assert result.code == 1
    assert 'did you mean "me"' in result.err
