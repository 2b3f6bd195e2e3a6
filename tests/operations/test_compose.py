"""The compose files, without Docker: as they are read, and what they start."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from tests.postgres import Cluster, binaries, cluster, needed

ROOT = Path(__file__).parents[2]
FILES = ("compose.yaml", "compose.fleet.yaml")


def read(name: str) -> dict[str, Any]:
    """A compose file as Compose sees it: merged, and ``$$`` a plain ``$``."""
    whole = yaml.safe_load((ROOT / name).read_text("utf-8"))
    return _plain(whole)  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        assert not re.search(r"(?<!\$)(\$\$)*\$(?!\$)", value), value  # Compose would fill it in
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", FILES)
def test_what_a_service_names_is_there(name: str) -> None:
    """Its secrets, volumes and configs are declared, and nothing is declared in vain."""
    whole = read(name)
    services = whole["services"].values()
    assert {each for service in services for each in service["secrets"]} == set(whole["secrets"])
    for secret, what in whole["secrets"].items():
        assert what == {"file": f"./secrets/{secret}"}
    named = {each.partition(":")[0] for service in services for each in service.get("volumes", ())}
    assert {each for each in named if not each.startswith(".")} == set(whole["volumes"])
    configs = {each["source"] for service in services for each in service.get("configs", ())}
    assert configs == set(whole.get("configs", ()))


@pytest.mark.parametrize("name", FILES)
def test_no_secret_stands_in_an_environment(name: str) -> None:
    """Only where it can be read."""
    for service in read(name)["services"].values():
        for key, value in service.get("environment", {}).items():
            hidden = key.endswith("_FILE") or "${" in value
            assert hidden or not re.search("KEY|PASSWORD|TOKEN|URL", key), key
            assert not re.search(r"://[^$/]*:[^$/]*@", str(value)), key


def test_the_daemons_differ_in_their_port_only() -> None:
    """And none is reached from elsewhere than this machine."""
    services = read("compose.fleet.yaml")["services"]
    one, two = ({**services[name]} for name in ("one", "two"))
    ports = one.pop("ports") + two.pop("ports")
    assert one == two
    assert ports == ["127.0.0.1:8787:8787", "127.0.0.1:8788:8787"]
    assert one["depends_on"] == {"db": {"condition": "service_healthy"}}
    alone = read("compose.yaml")["services"]["watcher"]
    for hardened in ("read_only", "cap_drop", "security_opt", "stop_grace_period", "restart"):
        assert one[hardened] == alone[hardened]


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server as the image makes it: nobody comes in by TCP without a password."""
    needed()
    with cluster("postgres") as made:
        (made.data / "pg_hba.conf").write_text(
            "local all all trust\nhost all postgres 127.0.0.1/32 trust\n"
            "host all all 127.0.0.1/32 scram-sha-256\n"
        )
        with psycopg.connect(made.url, autocommit=True) as conn:
            conn.execute("SELECT pg_reload_conf()")
        yield made


def test_the_database_is_made(tmp_path: Path, server: Cluster) -> None:
    """By the script that the image runs once, with whatever password; it is healthy only then."""
    whole = read("compose.fleet.yaml")
    password = 'it\'s $HOME "quoted"'
    (tmp_path / "DB_PASSWORD").write_text(f"{password}\n", encoding="utf-8")
    script = whole["configs"]["make-watcher"]["content"]
    script = script.replace("/run/secrets", str(tmp_path))
    (config,) = whole["services"]["db"]["configs"]
    assert config["target"].startswith("/docker-entrypoint-initdb.d/")
    env = {
        "PATH": f"{binaries()}:/usr/bin:/bin", "POSTGRES_USER": "postgres",
        "PGHOST": str(server.folder), "PGPORT": str(server.port),
    }  # fmt: skip
    subprocess.run(["bash", "-e", "-c", script], env=env, check=True, capture_output=True)
    url = server.url_of("watcher", "watcher")
    with psycopg.connect(url, password=password, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA a; CREATE ROLE a_book; DROP ROLE a_book")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url, password="another")
    check, *arguments = whole["services"]["db"]["healthcheck"]["test"][1:]
    command = [f"{binaries()}/{check}", *arguments, f"--port={server.port}"]
    subprocess.run(command, check=True, capture_output=True)


def test_the_options_of_initdb_are_known(tmp_path: Path) -> None:
    """The image hands them on."""
    needed()
    options = read("compose.fleet.yaml")["services"]["db"]["environment"]["POSTGRES_INITDB_ARGS"]
    said = subprocess.run(
        [f"{binaries()}/initdb", "--help"], check=True, capture_output=True, text=True
    ).stdout
    for option in options.split():
        assert option.partition("=")[0] in said
