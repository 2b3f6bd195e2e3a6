"""Rule files that are meant to cost time or memory, to reach files, or to show a secret."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.rules.tables import problems_of
from watcher.errors import Problem, RulesError
from watcher.rules.conditions.text import compile_pattern
from watcher.rules.files.document import MAX_PROBLEMS
from watcher.rules.files.loading import load, load_text
from watcher.words import listing, masked, nearest, quoted

HEAD = 'channels: {me: {url: "json://x"}}\ndefaults: {region: US, notify: [me]}\n'
RULE = HEAD + "rules:\n- name: a\n  watch: {sort: total_sale_7d_cnt}\n  when: "
END = "\nrules: [{name: a, watch: {region: US}, when: {review_count: 1}, notify: []}]\n"
SECRET = "hunter2hunter2"


def many(count: int, text: str) -> str:
    """So many numbered texts with commas between them."""
    return ",".join(text.replace("#", str(number)) for number in range(count))


COSTLY = {
    "unknown channels": f"channels: {{{many(1500, 'chan#: {url: json://x}')}}}\n"
    f"operator: [{many(500, 'chen#')}]",
    "missing names": f"channels: {{{many(3000, 'c#: {url: $' + '{X#}}')}}}",
    "filled in, and wrong": f"channels: {{{many(3000, 'c#: {url: $' + '{ONE}}')}}}",
    "unknown metrics": RULE + "{" + many(2000, "total_sale_#d_cnt: 1") + "}",
    "unknown operators": RULE + "{rank: {" + many(2000, "at_leest#: 1") + "}}",
    "unknown parameters": HEAD + f"watches: {{w: {{{many(2000, 'min_totel_sale_#_cnt: 1')}}}}}",
    "unknown metrics in formulas": HEAD + f"metrics: {{{many(2000, 'm#: totel_sele_#')}}}",
    "unknown metrics beside many": f"metrics: {{{many(4000, 'm#: rank+#')}}}\n"
    + RULE
    + f"{{{many(500, 'n#: 1')}}}",
    "days that never come": HEAD + f"watches: {{{many(250, 'w#: {every: 0 # 30 2 *}')}}}",
    "a cron line without end": HEAD + f"watches: {{w: {{every: '{'0,' * 900_000}0 0 * * *'}}}}",
    "names without end": HEAD + f"rules: [{{description: '{'${ONE}' * 500_000}'}}]",
    "depth": RULE + "{not: " * 10_000 + "{rank: 1}" + "}" * 10_000,
    "digits": HEAD + f"watches: {{w: {{every: {'9' * 1_000_000}d, top: {'9' * 1_000_000}}}}}",
    "patterns": RULE
    + "{any: ["
    + many(300, "{product_name: {matches: '(?i)(\\PN{1,2#}x)'}}")
    + "]}",
    "a list": RULE + "{product_name: {in: [" + many(20_000, "a#") + "]}}",
    "rules": HEAD
    + "rules: ["
    + many(1_000, "{name: a#, watch: {category_id: '#'}, when: {off_mark: 1}}")
    + "]",
}


@pytest.mark.parametrize("what", COSTLY)
def test_costs_no_more_than_its_size(what: str) -> None:
    """A file of some hundred KB is read, or refused, within seconds of processor time, also on a
    slow machine: what grows with the square of its size takes minutes. Few problems are shown."""
    started = time.thread_time()
    problems: tuple[Problem, ...] = ()
    try:
        load_text(COSTLY[what], env={"ONE": "a text of some length " * 40})
    except RulesError as error:
        problems = error.problems
    assert time.thread_time() - started < 10
    assert len(problems) <= MAX_PROBLEMS + 1
    assert all(problem.line and len(str(problem)) < 1_000 for problem in problems)


def test_more_problems_than_are_shown() -> None:
    """The last one says that there may be more."""
    problems = problems_of(HEAD + f"operator: [{many(1000, 'x#')}]")
    assert len(problems) == MAX_PROBLEMS + 1
    assert "there may be more: mend these 200 first" in problems[-1]


@pytest.mark.parametrize(
    "text",
    [
        f"api: sk-{SECRET}",
        f'api: {{key: "a {SECRET}"}}',
        f"api: {{key: {SECRET}, key: x{SECRET}}}",
        f"channels: slack://{SECRET}/b",
        f"channels: {{me: {SECRET}}}",
        f"channels: {{me: {{url: {SECRET}}}}}",
        f"channels: {{me: {{url: mailto://u:p@h?to=a@x.y,{SECRET}@b.de}}}}",
        f"channels: {{slack://{SECRET}/b: {{url: 5}}}}",
        f"channels: {{me: {{slack://{SECRET}/b: 1}}}}",
        f"channels: {{me: {{url: json://x, digest: slack://{SECRET}}}}}",
        f"channels:\n  me:\n    url: *{SECRET}",
        f"channels:\n  me:\n    url: !{SECRET} x",
        f"channels:\n  me:\n    url: @{SECRET}",
        f'channels:\n  me:\n    url: "slack://{SECRET}',
        f"channels:\n  me:\n  slack://{SECRET}/a",
        f"channels:\n  me:\n    url: slack://{SECRET}/a: b",
        f"operator: [mailtos://u:{SECRET}@b]",
        f"heartbeat: [https://hc/{SECRET}]",
        f"api: {{url: 'http://u:{SECRET}@h:99999999/'}}",
        f"defaults: {{every: slack://{SECRET}, cooldown: slack://{SECRET}}}",
        f"watches: {{a: slack://{SECRET}, b: {{sort: slack://{SECRET}, slack://{SECRET}: 1}}}}",
        f"metrics: {{a: slack://{SECRET}, slack://{SECRET}: rank}}",
        f"rules: [{{name: a, watch: {{region: US}}, when: {{off_mark: slack://{SECRET}}}}}]",
        f"slack://{SECRET}/a",
    ],
)
def test_a_secret_in_the_line_of_an_error_is_not_shown(text: str) -> None:
    """As it stands in the file, at any place where it might have slipped to."""
    whole = text if "rules:" in text or text[5:8] == "://" else text + END
    problems = problems_of(whole)
    assert problems
    assert not any(SECRET in problem for problem in problems), problems


def test_credentials_are_files_of_their_folder(tmp_path: Path) -> None:
    """No link leads out of it, and neither a folder nor a pipe holds a value or the loading up."""
    folder = tmp_path / "credentials"
    (folder / "FOLDER").mkdir(parents=True)
    (folder / "..data").mkdir()
    (folder / "..data" / "TOKEN").write_text("json://inside")
    (folder / "TOKEN").symlink_to(folder / "..data" / "TOKEN")  # as Kubernetes lays them out
    (tmp_path / "outside").write_text("json://outside")
    (folder / "OUT").symlink_to(tmp_path / "outside")
    (folder / "LOOP").symlink_to(folder / "LOOP")
    os.mkfifo(folder / "PIPE")
    rules = tmp_path / "rules.yaml"
    rules.write_text('channels: {me: {url: "${TOKEN}"}}' + END)
    assert (
        load([rules], {"CREDENTIALS_DIRECTORY": str(folder)}).channels["me"].urls[0].reveal()
        == "json://inside"
    )
    for name in ("OUT", "LOOP", "PIPE", "FOLDER"):
        rules.write_text(f'channels: {{me: {{url: "${{{name}}}"}}}}' + END)
        with pytest.raises(RulesError, match=f"{name}}} can't be filled in"):
            load([rules], {"CREDENTIALS_DIRECTORY": str(folder)})


def test_patterns_are_bounded() -> None:
    """By the instructions of their automaton, for each may look at each letter."""
    for pattern in (r"(?i)(\PN{1,200}x){1,4}", r"\pL{1,500}$", "(.{1,400}){2}x"):
        with pytest.raises(ValueError, match="too large an expression"):
            compile_pattern(pattern)
    assert compile_pattern(r"(?i)\b(serum|crème)\b.{0,100}\d+ ?ml").search("Serum of 50 ml")


def test_a_condition_in_words_is_short() -> None:
    """It stands in each alert: a list of thousands is not repeated there."""
    book = load_text(RULE + "{rank: {in: [" + many(30_000, "#") + "]}}")
    assert len(str(book.rules[0].when)) < 100
    book = load_text(RULE + "{product_name: {in: [" + many(30_000, "n#") + "]}}")
    assert str(book.rules[0].when).endswith('"n9" and 29,990 more')


def test_words() -> None:
    """Names that may be addresses, and lists of many names."""
    assert masked("slack://a/b") == "slack://***"
    assert quoted("tgram://123:abc/x y") == '"tgram://***"'
    assert listing(str(n) for n in range(25)).endswith("18, 19 and 5 more")
    assert nearest("chan5", [f"chan{n}" for n in range(1_000)]).startswith(', did you mean "chan5"')


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "x/" * 3_000])
def test_names_that_no_file_can_have(name: str) -> None:
    """Said as any other file that is not there."""
    with pytest.raises(RulesError):
        load([Path(name)], {})
