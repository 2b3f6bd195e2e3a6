"""YAML into values with places."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.rules.files.document import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    Document,
    Unreadable,
    path_text,
    read,
)


def problem_of(data: str | bytes) -> str:
    """The one problem of a text."""
    with pytest.raises(Unreadable) as caught:
        read(data, "r.yaml")
    (problem,) = caught.value.problems
    return str(problem)


def test_quoted_is_text() -> None:
    """Quotes make any of these a text."""
    text = "a: \"12\"\nb: 'true'\nc: !!str 5\nd: |\n  12\n"
    assert read(text, "r").value == {"a": "12", "b": "true", "c": "5", "d": "12\n"}


def test_places_of_values_and_keys() -> None:
    """Lines and columns count from 1, by characters."""
    document = read("é: {ü: [a,\n  b]}\n", "r.yaml")
    value = document.problem(("é", "ü", 1), "bad")
    assert str(value) == "r.yaml:2:3: é.ü[1]: bad"
    assert str(document.problem(("é", "ü"), "bad", at_key=True)) == "r.yaml:1:5: é: bad"
    assert str(document.problem(("é", "zz", 3), "bad")) == "r.yaml:1:4: é.zz[3]: bad"


def test_variables_in_a_list_need_no_quotes() -> None:
    """``${NAME}`` in [...] is ours; YAML alone would end the text at the brace."""
    document = read("a: [x://${A}/${B}, $${C}]\nb: ${D}\n${E}: 1", "r.yaml")
    assert document.value == {"a": ["x://${A}/${B}", "$${C}"], "b": "${D}", "${E}": 1}
    assert document.problem(("a", 1), "").column == 20


def test_aliases_are_read() -> None:
    """An anchor's value, with the places of what is in it."""
    document = read("a: &x {b: 1}\nc: *x\n", "r.yaml")
    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.problem(("c", "b"), "").line == 1
    assert document.problem(("c",), "").line == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "r.yaml: the file is empty"),
        ("# only a comment", "r.yaml: the file is empty"),
        ("a: 1\na: 2", 'r.yaml:2:1: "a" is written twice: the first one is in line 1'),
        ("x: {<<: {a: 1}}", "r.yaml:1:5: x: merge keys"),
        ("a: !python/object:os.system x", 'a: the tag "!python/object:os.system"'),
        ("a: !!set {}", "can't be used here"),
        ("a: &x [*x]", 'the alias "*x" contains itself'),
        ("? [a]\n: 1", "a key must be a single word"),
        ("a: 1\n---\nb: 2", 'r.yaml:2:1: a second document ("---") begins here'),
        ("a:\n\t- b", "a tab can't indent YAML: use spaces"),
        ("a: b: c", 'r.yaml:1:5: a ":" is not possible here'),
        ("a: @b", "a text can't begin with @: put it in quotes"),
        ("a:\n  [1, 2", "is not closed (it begins in line 2)"),
        ("a: [1, 2\nb: 3", "is missing before this"),
        ("a: [1, , 2]", "a value is missing here"),
        ('a: "b', "is not closed"),
        ("a:\n  - b\n c: 1", "check the indentation"),
        ("a: 1\nb\nc: 2", 'a ":" is missing'),
        ("a: x\0y", "r.yaml:1:5: a control character (U+0000)"),
        ("a: b\n  \x1b[0m", "r.yaml:2:3: a control character (U+001B)"),
        ("a: b\n  \x9b0m", "r.yaml:2:3: a control character (U+009B)"),
        ("a: \ufffe", "r.yaml:1:4: a control character (U+FFFE)"),
        ("a: > 5", "{above: 5}"),
        ("a: >= 5", "{above: 5}"),
        ("a: {b:}", 'after a ":" comes a space'),
        ("- a: b\n c: 1", "check the indentation"),
        ("a: {b: {c: 1,000}}", 'r.yaml:1:14: a.b: "000" has no value: is it a text or number cut'),
        ("a: {b: 0 9 * * mon,tue, c: 1}", 'r.yaml:1:20: a: "tue" has no value'),
    ],
)
def test_says_what_is_no_yaml(text: str, message: str) -> None:
    """In the user's words, with the place."""
    assert message in problem_of(text)


def test_an_empty_value_is_no_lost_comma() -> None:
    """A colon says that it was meant."""
    assert read("a: {b: , c: ''}\nd:\n", "r").value == {"a": {"b": None, "c": ""}, "d": None}


def test_an_alias_without_an_anchor() -> None:
    """Is named; libyaml leaves it to us."""
    assert 'the alias "*x" has no anchor "&x" above' in problem_of("a: *x")


def test_several_problems_at_once() -> None:
    """Duplicates and tags do not end the reading."""
    with pytest.raises(Unreadable) as caught:
        read("a: 1\na: 2\nb: !x 1\nb: 3\n", "r.yaml")
    assert len(caught.value.problems) == 3


def test_bytes_that_are_no_utf8() -> None:
    """Are placed; a byte order mark is no error."""
    assert problem_of(b"a: 1\nb: \xff") == (
        "r.yaml:2:4: the file is not UTF-8 text: save it as UTF-8"
    )
    assert "UTF-8" in problem_of("a: 1".encode("utf-16"))
    assert read(b"\xef\xbb\xbfa: 1", "r").value == {"a": 1}
    assert read("\ufeffa: 1", "r").value == {"a": 1}


def test_hostile_files_are_stopped() -> None:
    """Bombs of aliases, of depth, of number, of size."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert f"more than {MAX_NODES:,} values" in problem_of("\n".join(lines))
    assert f"more than {MAX_DEPTH} deep" in problem_of("[" * 100_000)
    deep = "\n".join(f"a{n}: &a{n} " + (f"[*a{n - 1}]" if n else "x") for n in range(MAX_DEPTH + 5))
    assert f"more than {MAX_DEPTH} deep" in problem_of(deep)
    assert f"more than {MAX_NODES:,} values" in problem_of("- a\n" * (MAX_NODES + 1))
    assert "bytes" in problem_of(b"#" * (MAX_BYTES + 1))


def reads(data: str | bytes) -> bool:
    """Whether there is a document, or else a problem."""
    try:
        return isinstance(read(data, "r"), Document)
    except Unreadable as error:
        return bool(error.problems)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else comes out, whatever goes in."""
    assert reads(text)


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """As above, for what is no text."""
    assert reads(data)


def test_paths_in_words() -> None:
    """As the rule file's own language writes them."""
    assert path_text(("rules", 0, "watch", "region")) == "rules[0].watch.region"
    assert path_text(()) == ""


@pytest.mark.parametrize(
    ("text", "path", "excerpt"),
    [
        ("rules:\n  - name: a\n    x: ${KEY}\n\n  # next\n  - name: b\n", ("rules", 0),
         "name: a\nx: ${KEY}"),
        ("rules:\n  - name: a\n    x: 1\n\n  # next\n  - name: b\n", ("rules", 1), "name: b"),
        ("rules:\n- name: a\n# in\n  when:\n    b: 1 # why\nother: 2\n", ("rules", 0),
         "name: a\n# in\nwhen:\n  b: 1 # why"),
        ("rules:\n  - {name: a,\n     x: 1}\n  - {name: b}\nz: 1\n", ("rules", 0),
         "{name: a,\n x: 1}"),
        ("rules: [{name: a}, {name: b}]\nz: 1", ("rules", 1), "{name: b}]"),
        ("r:\n  - d: |\n      two\n\n      lines\n    e: 1\r\n  - 5\n", ("r", 0),
         "d: |\n  two\n\n  lines\ne: 1"),
        ("a: &x {b: 1}\nc:\n  - *x\n", ("c", 0), "*x"),
        ("a: \"x\u2028y\"\nb:\n  - c: 1", ("b", 0), "c: 1"),
    ],
)  # fmt: skip
def test_a_value_as_it_is_written(text: str, path: tuple[str | int, ...], excerpt: str) -> None:
    """Its own lines, comments inside of it included, without the indent that they share."""
    assert read(text, "r").excerpt(path) == excerpt
