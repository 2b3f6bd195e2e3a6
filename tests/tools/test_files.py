"""Files that only others' programs read: well-formed, and of the shape that these ask for."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from watcher.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))
KINDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form(path: Path) -> None:
    """What GitHub refuses: no name, no body, a field without a label or with another's id."""
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(form) == {"name", "description", "labels", "body"}
    fields = [each for each in form["body"] if each["type"] != "markdown"]
    assert fields
    ids = [each["id"] for each in fields]
    assert len(ids) == len(set(ids))
    for each in form["body"]:
        assert each["type"] in KINDS
        assert each["attributes"].get("label") or each["attributes"].get("value")
        assert set(each) <= {"type", "id", "attributes", "validations"}


def test_the_forms_name_commands_that_exist() -> None:
    """``watcher check`` and the others."""
    text = "".join(path.read_text(encoding="utf-8") for path in FORMS)
    named = set(re.findall(r"`watcher ([a-z]+)", text))
    assert named
    assert named <= {name for name, _ in COMMANDS}


def test_pre_commit_runs_what_make_check_runs() -> None:
    """The same tools from the same place, and nothing from elsewhere."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repo,) = config["repos"]
    assert repo["repo"] == "local"
    hooks = {shlex.split(hook["entry"])[0] for hook in repo["hooks"]}
    check = (ROOT / "Makefile").read_text("utf-8").partition("check: ")[2].partition("\n\n")[0]
    assert hooks == {f".venv/bin/{name}" for name in re.findall(r"\$\(BIN\)/([\w-]+)", check)}


def test_the_compose_file_and_the_image_agree() -> None:
    """On paths, and each secret and volume that the service names is declared."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    service = compose["services"]["watcher"]
    assert set(service["secrets"]) == set(compose["secrets"])
    mounted = dict(reversed(each.split(":")[:2]) for each in service["volumes"])
    assert mounted == {"/etc/watcher": "./etc", "/data": "data"}
    assert set(compose["volumes"]) == {"data"}
    for line in (
        "WATCHER_RULES=/etc/watcher/rules.yaml",
        "WATCHER_DB=/data/watcher.db",
        "CREDENTIALS_DIRECTORY=/run/secrets",
        'VOLUME ["/data"]',
        "USER 10001:10001",
        "STOPSIGNAL SIGTERM",
        'ENTRYPOINT ["watcher"]',
        'CMD ["watcher", "health"]',
    ):
        assert line in image
    assert service["ports"] == ["127.0.0.1:8787:8787"]


def test_the_builder_gets_what_the_image_copies() -> None:
    """And nothing else: no rule file, no secret."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line[1:] for line in ignored if line.startswith("!")}
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", image, re.MULTILINE)
    assert sent == {name for each in copies for name in each.split()}
    assert "*" in ignored
