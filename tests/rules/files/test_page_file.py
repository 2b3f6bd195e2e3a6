"""The rules of the page beside the user's own files: what may stand there, and what is left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from watcher.errors import Problem, ProblemCode, RulesError
from watcher.page_text import LARGEST, PAGE_FILE, PageText, as_kept
from watcher.rules.files.loading import load
from watcher.rules.files.page_file import PageFile, with_page
from watcher.rules.files.pushed import load_pushed, load_to_read
from watcher.rules.rulebook import Rulebook
from watcher.rules.sections.models import SECTIONS

OWN = """\
api: {key: "${KEYAPI_KEY}"}
channels:
  me: {url: "json://127.0.0.1:9/"}
defaults: {region: US, every: 24h}
watches:
  best: {top: 10}
rules:
  - {name: own, watch: best, notify: me, when: {total_sale_7d_cnt: {above: 1}}}
"""
PAGE = """\
watches:
  beauty: {region: GB, top: 20}
rules:
  - name: rising
    watch: beauty
    notify: [me]
    when: {total_sale_7d_cnt: {above: 100}}
  - name: falling
    watch: best
    when: {total_sale_7d_cnt: {below: 5}}
reports:
  daily: {at: "08:00", watch: beauty, notify: me}
"""
ENV = {"KEYAPI_KEY": "k" * 20, "SECRET": "hidden-value"}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The user's own rule file."""
    path = tmp_path / "rules.yaml"
    path.write_text(OWN)
    return path


def read(own: Path, page: str, *, strict: bool = False) -> Rulebook:
    """The rules with that text of the page."""
    return load([own], ENV, page=PageText(page, 7), strict=strict)


def problems(own: Path, page: str) -> list[tuple[str, int, str]]:
    """The problems of a text that is about to be saved: file, line and message."""
    with pytest.raises(RulesError) as caught:
        read(own, page, strict=True)
    return [(Path(each.file).name, each.line, each.message) for each in caught.value.problems]


def names(book: Rulebook) -> list[str]:
    """The rules by name."""
    return [rule.name for rule in book.rules]


def test_it_is_read_together_with_the_own_files(own: Path) -> None:
    """Each may name what stands in the other; a rule says where it stands."""
    book = read(own, PAGE, strict=True)
    assert names(book) == ["own", "rising", "falling"]
    rising = book.rules[1]
    assert (rising.file, rising.line) == (PAGE_FILE, 4)
    assert [watch.name for watch in book.used_watches] == ["best", "beauty"]
    assert [report.name for report in book.reports] == ["daily"]
    assert book.page_number == 7
    assert book.page_trouble == ()
    assert book.intact


def test_a_rule_that_is_moved_stays_the_same(own: Path, tmp_path: Path) -> None:
    """So its alerts keep their state: name, fingerprint and list are those of before."""
    moved = tmp_path / "folder"
    moved.mkdir()
    (moved / "rules.yaml").write_text(OWN)
    (moved / "more.yaml").write_text(PAGE)
    before, after = read(own, PAGE).marks, load([moved], ENV).marks
    assert {each.name: each for each in before.rules} == {each.name: each for each in after.rules}
    assert {*before.watches} == {*after.watches}


@pytest.mark.parametrize("text", ["", "\n# none yet\n", "rules:\n", "rules: []\n", "watches: {}"])
def test_an_empty_text_changes_nothing(own: Path, text: str) -> None:
    """Of whatever sort."""
    assert names(read(own, text, strict=True)) == ["own"]


@pytest.mark.parametrize("section", [each for each in SECTIONS if each not in
                                     ("watches", "rules", "reports")])  # fmt: skip
def test_other_sections_can_not_stand_in_it(own: Path, section: str) -> None:
    """Whatever they have; the rest of the text is read all the same."""
    found = problems(own, f"{PAGE}{section}: {{}}\n")
    line = PAGE.count("\n") + 1
    what = "can't stand in page.yaml, which has watches, rules, reports: write it in your own rule"
    assert found == [(PAGE_FILE, line, f'"{section}" {what} file')]
    book = read(own, f"{PAGE}{section}: {{}}\n")
    assert names(book) == ["own", "rising", "falling"]
    assert [each.line for each in book.page_trouble] == [line]


def test_an_unknown_section_is_told(own: Path) -> None:
    """With those that there are."""
    assert problems(own, "include: other.yaml\n") == [
        (PAGE_FILE, 1, '"include" can\'t stand in page.yaml, which has watches, rules, reports')
    ]


def _strings(text: str) -> list[str]:
    """The text with a reference in the place of each plain word in turn."""
    return [
        text[: found.start()] + '"${SECRET}"' + text[found.end() :]
        for found in re.finditer(r"(?<![\w\"])(?!name\b)[a-z_0-9]{2,}(?![\w\"])", text)
    ]


@pytest.mark.parametrize("text", _strings(PAGE))
def test_nothing_is_filled_in(own: Path, text: str) -> None:
    """In no key and no value; each is told at its line, and its value nowhere."""
    line = text[: text.index("${")].count("\n") + 1
    found = problems(own, text)
    assert (PAGE_FILE, line, found[0][2]) in found
    assert any("nothing is filled in here" in message for _, _, message in found)
    assert not any("hidden" in message or "environment" in message for *_, message in found)
    book = read(own, text)
    assert names(book)[0] == "own"
    assert "hidden" not in repr(book.rules)
    assert any(each.code is ProblemCode.UNFILLED for each in book.page_trouble)


def test_a_plain_dollar_is_written_twice(own: Path) -> None:
    """As in a file; a reference that is not closed is told, too."""
    rule = "rules: [{{name: a, watch: best, description: '{}', when: {{top: 3}}}}]\n"
    text = rule.format("$${SECRET}").replace("top: 3", "total_sale_7d_cnt: {above: 1}")
    assert read(own, text, strict=True).rules[1].description == "${SECRET}"
    assert problems(own, text.replace("$${", "$${${"))
    assert problems(own, text.replace("$${SECRET}", "${"))


@pytest.mark.parametrize(
    "where",
    [
        "watches: {mine: {products: {file: secret.csv}}}",
        "rules: [{name: a, watch: best, when: {product_id: {in: {file: /etc/passwd}}}}]",
        "rules: [{name: a, watch: {products: {file: secret.csv}}, when: {region: {is: US}}}]",
        "rules: [{name: a, watch: best, when: {not: {seller_id: {in: {file: [a, b]}}}}}]",
    ],
)
def test_it_names_no_file(own: Path, where: str) -> None:
    """At any place where a file of one's own may."""
    (own.parent / "secret.csv").write_text("product_id\n17\n")
    found = problems(own, f"# a comment\n{where}\n")
    assert found[0][:2] == (PAGE_FILE, 2)
    assert any("can name no file" in message for *_, message in found)
    assert names(read(own, f"# a comment\n{where}\n")) == ["own"]


def test_a_watch_may_be_called_file(own: Path) -> None:
    """A name is no key."""
    book = read(own, "watches: {file: {top: 30}}\nreports: {file: {at: '08:00', watch: file, "
                "notify: me}}\n", strict=True)  # fmt: skip
    assert [watch.name for watch in book.used_watches] == ["best", "file"]


@pytest.mark.parametrize(
    ("page", "line", "said"),
    [
        ("# one\nrules:\n  - {name: own, watch: best, when: {total_sale_7d_cnt: {above: 9}}}\n", 3,
         "already used at"),
        ("watches:\n  other: {top: 3}\n  best: {top: 3}\n", 3, "already used at"),
        ("rules:\n - {name: a, watch: nowhere, when: {total_sale_7d_cnt: {above: 1}}}\n", 2,
         "unknown watch"),
        ("rules:\n - {name: a, watch: best, notify: gone, when: {total_sale_7d_cnt: {above: 1}}}",
         2, "unknown channel"),
    ],
)  # fmt: skip
def test_the_own_files_win(own: Path, page: str, line: int, said: str) -> None:
    """What clashes is told of the page's text, at its line, and left out."""
    found = problems(own, page)
    assert [(file, at) for file, at, _ in found] == [(PAGE_FILE, line)]
    assert said in found[0][2]
    book = read(own, page)
    assert names(book) == ["own"]
    assert book.rules[0].file == str(own)
    assert [(each.file, each.line) for each in book.page_trouble] == [(PAGE_FILE, line)]
    assert not book.intact


def test_the_rest_of_it_runs(own: Path) -> None:
    """A channel is gone of the own file: one rule and the report of the page speak of it."""
    own.write_text(OWN.replace("  me:", "  you:").replace("notify: me", "notify: you"))
    book = read(own, PAGE)
    assert names(book) == ["own", "falling"]
    assert book.reports == ()
    assert [each.line for each in book.page_trouble] == [6, 12]


def test_a_group_of_the_own_files_takes_a_name(own: Path) -> None:
    """Watches are read before groups; all the same the own file's group has the name, and only what
    the page has of it is left out."""
    own.write_text(OWN.replace("rules:", "groups:\n  beauty: {of: best, by: seller_id}\nrules:"))
    fine = "rules:\n  - {name: fine, watch: best, when: {total_sale_7d_cnt: {above: 9}}}\n"
    page = f"watches:\n  beauty: {{top: 20}}\n{fine}"
    assert [(file, line) for file, line, _ in problems(own, page)] == [(PAGE_FILE, 2)]
    book = read(own, page)
    assert names(book) == ["own", "fine"]
    assert [each.name for each in book.groups] == ["beauty"]
    assert [each.line for each in book.page_trouble] == [2]


def test_nothing_is_left_out_without_a_word(own: Path) -> None:
    """Whatever comes of both together, and be it told of the own file's lines alone."""
    ours = Problem("rules.yaml", 3, 1, "rules[0]", "does not go with that")

    def loaded(page: PageFile) -> Rulebook:
        if page.document is not None:
            raise RulesError((ours,))
        return load([own], ENV)

    book = with_page(loaded, PageText(PAGE, 7))
    assert names(book) == ["own"]
    (trouble,) = book.page_trouble
    assert trouble.file == PAGE_FILE
    assert "rules.yaml:3:1: rules[0]: does not go with that" in trouble.message


def test_a_long_chain_of_what_can_not_be_used(own: Path) -> None:
    """Each names the one before it. It is not followed to its end, and that is told."""
    rule = "  - {{name: r{}, watch: best, {}, when: {{total_sale_7d_cnt: {{above: 1}}}}}}\n"
    chain = "".join(rule.format(each, f"mutes: r{each - 1}") for each in range(1, 12))
    book = read(
        own, f"rules:\n{rule.format(0, 'notify: gone')}{chain}{rule.format(99, 'notify: me')}"
    )
    assert names(book) == ["own"]
    assert book.page_trouble[-1].message.startswith("the rest of it is left out, too")


def test_own_files_without_rules_are_read_while_the_page_s_can_not_be_used(own: Path) -> None:
    """Or the daemon would not start, and nobody could mend them in its page. Where the page has
    none either that is an error as ever."""
    own.write_text(OWN.partition("rules:")[0])
    rule = "rules: [{name: a, watch: best, notify: gone, when: {total_sale_7d_cnt: {above: 1}}}]\n"
    book = read(own, rule)
    assert (names(book), len(book.page_trouble)) == ([], 1)
    assert "unknown channel" in problems(own, rule)[-1][2]
    assert names(read(own, rule.replace("gone", "me"))) == ["a"]
    with pytest.raises(RulesError, match="there are no rules"):
        read(own, "watches: {other: {top: 3}}\n")


def test_what_an_alias_says_is_of_who_says_it(own: Path) -> None:
    """A fault in what it stands for lies where that is written, and is of the rule that has the
    alias: the other ones stay."""
    own.write_text(OWN.replace("rules:", "groups:\n  shops: {of: best, by: seller_id}\nrules:"))
    book = read(
        own,
        "rules:\n"
        "  - {name: zero, watch: best, when: {total_sale_7d_cnt: {above: 6}}}\n"
        "  - {name: one, watch: best, when: &sold {total_sale_7d_cnt: {above: 5}}}\n"
        "  - {name: two, watch: shops, when: *sold}\n"
        "  - {name: three, watch: best, when: *sold}\n",
    )
    assert names(book) == ["own", "zero", "one", "three"]
    assert [each.path for each in book.page_trouble] == ["rules[2].when"]


def test_an_own_file_of_that_name_is_none_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As who takes the page's text home has it: its rules are the user's own, and so are its
    errors."""
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(OWN)
    Path(PAGE_FILE).write_text(PAGE)
    other = "rules: [{name: new, watch: best, when: {total_sale_7d_cnt: {above: 1}}}]\n"
    for paths in ([Path()], [Path("rules.yaml"), Path(PAGE_FILE)]):
        book = load(paths, ENV, page=PageText(other, 7))
        files = {rule.name: rule.file for rule in book.rules}
        assert [name for name, file in files.items() if file == PAGE_FILE] == ["new"]
        assert {*files} == {"own", "rising", "falling", "new"}
    Path(PAGE_FILE).write_text(PAGE.replace("below", "belo"))
    with pytest.raises(RulesError) as caught:
        load([Path()], ENV, page=PageText(other, 7))
    assert PAGE_FILE not in {each.file for each in caught.value.problems}


def test_who_names_what_is_left_out_is_left_out(own: Path) -> None:
    """A watch can't be used; then a rule of it can't, and a rule that mutes that one can't."""
    text = (
        "watches:\n  odd: {top: -1}\n  fine: {top: 7}\nrules:\n"
        "  - {name: first, watch: odd, when: {total_sale_7d_cnt: {above: 1}}}\n"
        "  - {name: second, watch: fine, mutes: first, when: {total_sale_7d_cnt: {above: 1}}}\n"
        "  - {name: third, watch: fine, when: {total_sale_7d_cnt: {above: 1}}}\n"
    )
    book = read(own, text)
    assert names(book) == ["own", "third"]
    assert {each.line for each in book.page_trouble} == {2, 5, 6}


@pytest.mark.parametrize(
    "text",
    [
        "rules: [\n", "- a list\n", "a text\n", "rules: {}\n", "rules: 7\n", "watches: [best]\n",
        "\t- x: 1\n", "rules: &a [*a]\n", "rules: *nothing\n", "--- {}\n--- {}\n",
        "rules:\n  - {name: a\n", "a: 1\na: 2\n", "<<: {rules: []}\n", "!!python/object:os.exec {}",
        "x: \x00\n", "x: \x07\n", "rules: [" + "[" * 60 + "]" * 60 + "]",
        "rules:\n" + "  - {name: a, watch: best, when: {a: 1}}\n" * 3_000,
        "&a a: [1, 2]\n" + "".join(f"b{i}: &b{i} [{', '.join(['*b' + str(i - 1)] * 9)}]\n"
                                   if i else "b0: &b0 [1]\n" for i in range(9)),
        "x: " + "y" * LARGEST, "# " + "y" * LARGEST, "# \x00\n", "rules: '\ud800'\n",
    ],
)  # fmt: skip
def test_what_is_no_rules_never_stops_the_own_files(own: Path, text: str) -> None:
    """Broken YAML, bombs, control characters, and much too much of it."""
    found = problems(own, text)
    assert {file for file, *_ in found} == {PAGE_FILE}
    assert len(found) <= 201
    book = read(own, text)
    assert names(book) == ["own"]
    assert book.page_trouble


def test_broken_own_files_are_told_as_ever(own: Path) -> None:
    """Whatever the page has; and a rule of one's own that needs a list of the page says so."""
    own.write_text(OWN.replace("above", "abov"))
    with pytest.raises(RulesError) as caught:
        read(own, PAGE)
    assert {each.file for each in caught.value.problems} == {str(own)}
    own.write_text(OWN.replace("watch: best", "watch: beauty"))
    assert names(read(own, PAGE)) == ["own", "rising", "falling"]
    with pytest.raises(RulesError) as caught:
        read(own, PAGE.replace("top: 20", "top: -1"))
    assert [Path(each.file).name for each in caught.value.problems][:1] == ["rules.yaml"]
    assert PAGE_FILE in str(caught.value)


def test_a_text_of_a_browser_has_the_lines_of_its_file(own: Path) -> None:
    """With a mark of its encoding, and two signs at each line's end."""
    sent = ("\ufeff" + PAGE).replace("\n", "\r\n").replace("[me]", "[nobody]")
    ((file, line, message),) = problems(own, as_kept(sent))
    assert (file, line) == (PAGE_FILE, 6)
    assert "nobody" in message


def test_pushed_rules_have_it_too() -> None:
    """Also where no secret is set, as for who only reads; a missing one is no fault of the page."""
    files = {"a.yaml": OWN.encode()}
    page = PageText(PAGE, 3)
    assert names(load_pushed("shops", files, ENV, page=page)) == ["own", "rising", "falling"]
    book = load_to_read("shops", {"a.yaml": OWN.replace("json://127.0.0.1:9/", "${URL}").encode()},
                        {}, page=page, strict=True)  # fmt: skip
    assert (names(book), book.page_number) == (["own", "rising", "falling"], 3)
    bad = PageText(PAGE.replace("above: 100", "abov: 100"))
    with pytest.raises(RulesError) as caught:
        load_to_read("shops", files, {}, page=bad, strict=True)
    assert [(each.file, each.line) for each in caught.value.problems] == [(PAGE_FILE, 7)]
    clash = PageText("rules:\n - {name: own, watch: best, when: {total_sale_7d_cnt: {above: 1}}}\n")
    (trouble,) = load_pushed("shops", files, ENV, page=clash).page_trouble
    assert "already used at shops/a.yaml:8" in str(trouble)
