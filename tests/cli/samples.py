"""Every command once or more, in a folder in which each of them has something to say.

Wherever a text comes from outside (a name, a service's answer, an error) it is ``HOSTILE``.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from tests.cli.forked import PORT, Case
from tests.delivery.messages import item, operator
from tests.store.making import DAY, SALES, firing, scan
from watcher.alert import AlertState
from watcher.cli.main import COMMANDS, cli
from watcher.evidence import Evidence
from watcher.incident import About, Incident, IncidentKind
from watcher.message import Message
from watcher.model import LongTexts, Scan, ScanState, Severity, Verdict
from watcher.people import Author, Role, Via, digest_of
from watcher.rules.files.loading import load
from watcher.store.ports import Store
from watcher.store.records import Transition
from watcher.store.sqlite.database import Database

# What a terminal obeys: C0, C1, an escape of colours, one of the title; what turns the reading
# direction; a line break, and what a spreadsheet reckons.
HOSTILE = (
    "=1+1\x1b[31mred\x1b]0;title\x07\x00\b\r\n\x7f\x85\x9b2J\u202egnp\u2066x\u200f\u2028\u2029end"
)

RULES = f"""
api: {{key: "sample-key-1234", url: "http://127.0.0.1:{PORT}", credits_per_day: 10}}
channels: {{me: {{url: "json://127.0.0.1:{PORT}/"}}}}
operator: [me]
defaults: {{region: US, notify: [me]}}
watches: {{best: {{sort: total_sale_7d_cnt desc, top: 10, every: 6h}}}}
rules:
  - name: selling
    watch: best
    when: {{total_sale_7d_cnt: {{at_least: 1}}}}
  - name: named
    watch: best
    when: {{product_name: {{contains: red}}, discount: {{contains: red}}}}
reports: {{daily: {{at: "08:00", watch: best, compare: 1d ago}}}}
"""
TESTS = """
rules: rules.yaml
tests:
  - {name: "it fires", rule: selling, interval: 24h, products: {"1": {total_sale_7d_cnt: 5x2}},
     alerts: [{at: 1d, firing: ["2"]}]}
"""

# Arguments by command. Those that end badly here do so for a reason of the folder's.
SAMPLES: dict[str, tuple[tuple[str, ...], ...]] = {
    "run": (("--listen", "off", "--log-level", "error"),),
    "demo": (("--for", "0", "--listen", "off", "--products", "100", "--days", "1"),),
    "init": (("--rules", "new.yaml"),),
    "check": ((), ("--json",), ("--rules", "broken.yaml")),
    "once": ((), ("--json",), ("--rule", "selling", "--dry-run"), ("--db", "new.db"),
             ("--rule", "selling", "-q"), ("--quiet", "--json", "--rule", "selling")),
    "status": ((), ("--json",)),
    "page": ((),),
    "health": (("--listen", f"127.0.0.1:{PORT}"), ("--listen", f"127.0.0.1:{PORT}", "--quiet")),
    "alerts": ((), ("--json",)),
    "product": (("1",), ("1", "--json"), ("1", "--csv"), ("1", "--csv", "--decimal", "comma"),
                ("end",)),
    "export": (
        *((("--what", what, "--format", form)) for what in
          ("observations", "alerts", "transitions", "scans") for form in ("csv", "jsonl")),
        ("-o", "history.csv"), ("-o", "history.parquet"), ("--excel",), ("--decimal", "comma"),
        ("--quiet", "--region", "GB"),
    ),
    "explain": (("selling", "1"), ("named", "1"), ("selling", "1", "--json")),
    "backtest": (("selling",), ("named", "--json")),
    "score": ((), ("selling",), ("named", "--json")),
    "tune": (("selling",), ("selling", "--per-week", "1", "--json"), ("named",)),
    "test": (("rules.test.yaml",), ("rules.test.yaml", "--json"), ("broken.yaml",)),
    "follow": (("1729873073559015752", "--note", HOSTILE[:9]),),
    "unfollow": (("1729873073559015752",),),
    "followed": ((), ("--json",)),
    "source probe": ((), ("--yes", "--endpoint", "categories"), ("--yes", "--json")),
    "source categories": ((), ("--json",)),
    "report": ((), ("--json",), ("daily",), ("daily", "--json"), ("daily", "--csv"),
               ("daily", "--csv", "--decimal", "comma"), ("daily", "--language", "zh")),
    "silence add": (("--rule", "x\x1b[31m\u202e", "--for", "1h", "--comment", HOSTILE[:9]),),
    "silence list": ((), ("--json",)),
    "silence end": (("1",),),
    "links list": ((), ("--json",), ("--all",)),
    "links revoke": (("A1",), ("--channel", "me"), ("--all",)),
    "people add": (("ann", "--role", "act"), ("reader", "--role", "feed"),
                   (HOSTILE, "--role", "act")),
    "people list": ((), ("--json",)),
    "people revoke": (("bob",), (HOSTILE,)),
    "people forget": (("bob",), ("gone",), (HOSTILE,)),
    "audit": ((), ("--json",), ("--who", HOSTILE), ("--what", "silence", "--since", "1d")),
    "channel list": ((), ("--json",)),
    "channel test": (("me",), ("me", "--json")),
    "outbox list": ((), ("--json",)),
    "outbox retry": (("--all",),),
    "outbox drop": (("--all",),),
    "rules push": ((".",),),
    "rules diff": ((".",),),
    "rules history": ((),),
    "rules rollback": (("1",),),
    "rules show": ((), ("1", "--to", "shown")),
    "rules page": ((), ("--json",), ("--history",)),
    "books list": ((), ("--json",)),
    "books add": (("shops",),),
    "books token": (("shops",),),
    "books drop": (("shops",), ("shops", "--yes")),
    "db copy": (("watcher.db", "copied.db"), ("--quiet", "watcher.db", "copied.db")),
    "db backup": (("copy.db",), ("backup.db",), ("--quiet", "copy.db")),
    "db restore": (("backup.db",), ("broken.yaml",)),
    "db prune": ((), ("--quiet",)),
    "db stats": ((), ("--json",), ("--check",)),
    "metrics": ((), ("--json",)),
    "schema": ((), ("outbox", "list")),
    "completion": (("bash",), ("zsh",), ("fish",)),
}  # fmt: skip


def leaves() -> Iterator[str]:
    """Every command that does something, as it is written: ``db backup``."""
    context = click.Context(cli)
    for name, _ in COMMANDS:
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            yield from (f"{name} {inner}" for inner in command.commands)
        else:
            yield name


def calls() -> list[tuple[str, ...]]:
    """Every sample of every command; a command without one is an error."""
    return [(*name.split(), *arguments) for name in leaves() for arguments in SAMPLES[name]]


def furnish(folder: Path) -> None:
    """Two days of two products, an alert, messages, errors, a silence, a backup."""
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    (folder / "rules.test.yaml").write_text(TESTS, "utf-8")
    (folder / "broken.yaml").write_text('rules: [{name: "\\e[31m", when: "\\x9b"}]\n', "utf-8")
    with Database.open(folder / "watcher.db") as store:
        fill(store, folder / "rules.yaml")
        store.upkeep.backup(folder / "backup.db")


def fill(store: Store, rules: Path) -> None:
    """Two days of two products, an alert, messages, errors, a silence."""
    watch, now = load([rules], {}).watches[0].key, int(time.time())
    for day in (3, 2, 1):
        store.history.record(_scan(watch, now - day * DAY, sold=9 - day))
    store.history.record(
        replace(scan(now - 60, {}, watch=watch, state=ScanState.FAILED), error=HOSTILE)
    )
    _alert(store, now - DAY)
    _message(store, now)
    store.health.failing("rule", "selling", HOSTILE, now)
    store.health.failing("watch", watch, HOSTILE, now)
    store.health.raise_cause(
        Incident(IncidentKind.FAILS, About.WATCH, HOSTILE, details={"text": HOSTILE}), now
    )
    store.silences.add(begins=now - 9, ends=now + DAY, comment=HOSTILE, product=HOSTILE)
    store.people.add("bob", Role.ACT, digest_of("bob"), now)
    gone = store.people.add("gone", Role.READ, digest_of("gone"), now)
    store.people.revoke(gone.id, now)
    for what in ("follow", HOSTILE):
        author = Author(HOSTILE, Via.LINK)
        store.audit.note(author, now, what, HOSTILE, {HOSTILE: HOSTILE}, {"note": HOSTILE})


def _scan(watch: str, at: int, sold: int) -> Scan:
    made = scan(
        at,
        {"1": {SALES: sold, "spu_avg_price": 4.9}, "2": sold},
        watch=watch,
        names={"1": HOSTILE, "2": HOSTILE},
        texts={"1": LongTexts(HOSTILE, HOSTILE, HOSTILE, HOSTILE)},
    )
    texts = {name: (HOSTILE, HOSTILE) for name in made.texts if not name.startswith("product_")}
    texts["discount"] = (f"{HOSTILE}{sold}",) * 2
    return replace(made, texts={**made.texts, **texts}, problems=(HOSTILE,))


def _alert(store: Store, at: int) -> None:
    evidence = Evidence("product_name", HOSTILE, "text", HOSTILE, Verdict.MET, HOSTILE, HOSTILE, at)
    (alert,) = store.alerts.save(
        [msgspec.structs.replace(firing("selling", 1, at), evidence=(evidence,))]
    )
    ended = Transition(alert.id, at, AlertState.FIRING, AlertState.INACTIVE, HOSTILE)
    store.alerts.record([ended])
    over = msgspec.structs.replace(
        firing("named", 2, at), state=AlertState.INACTIVE, reason=HOSTILE
    )
    store.alerts.save([msgspec.structs.replace(over, resolved_at=at)])


def _message(store: Store, now: int) -> None:
    told = Message("alerts", HOSTILE, Severity.WARNING, now, "selling", HOSTILE, HOSTILE, now,
                   (item(1, HOSTILE),), (HOSTILE,), 1)  # fmt: skip
    store.outbox.add("me", ["me/1"], told, now)
    store.outbox.add("me", ["me/1"], operator(HOSTILE), now)
    store.outbox.failed(1, now, HOSTILE, now + 3600)
    store.outbox.dead(2, now, HOSTILE)
    # Product 1 was told twice, so that it is among the noisiest.
    (again,) = store.alerts.save(
        [
            msgspec.structs.replace(
                firing("named", 1, now - DAY), state=AlertState.INACTIVE, resolved_at=now
            )
        ]
    )
    both = msgspec.structs.replace(told, alerts={"firing": (1, again.id)}, rule="")
    (sent,) = store.outbox.add(HOSTILE, [HOSTILE], both, now)
    store.outbox.sent(sent, now)
    for number, row in enumerate((1, sent), start=1):
        store.links.add(f"digest {number}", row, now)
        store.links.note(number, HOSTILE, now, 1, "never", rule=HOSTILE)


def cases(template: Path, place: Path, stdout: str = "read", umask: int = 0o022) -> list[Case]:
    """A case for each call, each in a copy of the furnished folder of its own."""
    made = []
    for number, arguments in enumerate(calls()):
        folder = place / f"{stdout}-{umask:o}-{number}"
        shutil.copytree(template, folder)
        made.append(Case(arguments=list(arguments), folder=str(folder), stdout=stdout, umask=umask))
    return made
