"""The compose files, without Docker: as they are read, and what they start."""

from __future__ import annotations

import re
import secrets
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
import yaml

from tests.end_to_end.process import KEY, Watcher, until
from tests.operations.daemons import Holders, running, with_books
from tests.postgres import Cluster, binaries, cluster, needed
from watcher.source.simulator import Simulator

ROOT = Path(__file__).parents[2]
FILES = ("compose.yaml", "compose.fleet.yaml")
_METRIC = r"watcher_\w+"


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


@pytest.mark.end_to_end
async def test_the_daemons_run(tmp_path: Path, postgres_url: str, simulator: Simulator) -> None:
    """With the commands, the environments and the secrets of the file: each is healthy as the image
    asks, and they share the books."""
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute("ALTER ROLE watcher PASSWORD 'unused'")
    with_books(postgres_url, "a", "b", rules=_NO_CHANNEL)
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "KEYAPI_KEY").write_text(KEY)
    (folder / "DB_PASSWORD").write_text("unused")
    (folder / "WEB_TOKEN").write_text(secrets.token_hex(32))
    services = read("compose.fleet.yaml")["services"]
    environments = [
        _environment(services[name]["environment"], postgres_url, folder) for name in ("one", "two")
    ]
    arguments = services["one"]["command"][1:]
    with Holders(postgres_url).looking() as holders:
        async with (
            running(tmp_path / "1", simulator.url, environments[0], *arguments, page=True) as one,
            running(tmp_path / "2", simulator.url, environments[1], *arguments, page=True) as two,
        ):
            await until(lambda: holders.shared_by(2))
            for number, env in enumerate(environments):
                asking = Watcher(tmp_path / f"{number + 1}", simulator.url, env)
                await until(lambda asking=asking: _is_healthy(asking))  # type: ignore[misc]
                await _has_what_alerts_ask_for(env)
            assert await one.stop() == 0
            await until(lambda: holders.shared_by(1))
            assert await two.stop() == 0


async def _has_what_alerts_ask_for(env: dict[str, str]) -> None:
    """Each metric of the alert rules about books on a server."""
    groups = yaml.safe_load((ROOT / "docs" / "prometheus-alerts.yaml").read_text("utf-8"))["groups"]
    asked = {
        name for rule in groups[1]["rules"] for name in re.findall(r"watcher_\w+", rule["expr"])
    }
    headers = {"Authorization": f"Bearer {_token(env)}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"http://{env['WATCHER_LISTEN']}/metrics") as answer,
    ):
        there = set(re.findall(r"^(\w+)", await answer.text(), re.MULTILINE))
    assert answer.status == 200
    assert asked <= there


def _token(env: dict[str, str]) -> str:
    return Path(env["WATCHER_WEB_TOKEN_FILE"]).read_text("utf-8")


async def _is_healthy(asking: Watcher) -> bool:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert 'CMD ["watcher", "health"]' in dockerfile
    return (await asking.call("health"))[0] == 0


def _environment(named: dict[str, str], url: str, folder: Path) -> dict[str, str]:
    """That of a service, with the image's own, in this machine's folders and on its loopback."""
    server = url.partition("@")[2]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    moved = {
        "/run/secrets": str(folder),
        "0.0.0.0:8787": f"127.0.0.1:{port}",
        "@db/watcher": f"@{server}",
    }
    made = {"CREDENTIALS_DIRECTORY": "/run/secrets", **named}
    for before, after in moved.items():
        made = {name: value.replace(before, after) for name, value in made.items()}
    assert re.fullmatch(r"postgresql://watcher:\$\{DB_PASSWORD\}@127.0.0.1:.*", made["WATCHER_DB"])
    return made


_NO_CHANNEL = """
api: {requests_per_second: 50, concurrency: 2}
defaults: {region: US, every: 1s}
rules:
  - name: selling
    watch: {sort: total_sale_7d_cnt desc, top: 20}
    when: {total_sale_7d_cnt: {at_least: 1}}
"""
