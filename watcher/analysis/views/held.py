"""Lists that somebody looks at, in memory: the newest scan of each, as columns that are read once.

To read the columns of a view of 10,000 products takes some tens of milliseconds, to pick and sort
its rows a few. A list of 10,000 takes about 3 MB as it is shown first, and 9 MB with all columns.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from watcher.evaluation.jumps import stored_table
from watcher.evaluation.table import ScanTable
from watcher.model import Floats, Ints
from watcher.rules.conditions.base import Judge, Need
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.records import Recorded, ScanRow
from watcher.store.sql.stored_list import StoredList

LIMIT = 64 << 20  # bytes of all lists of a site together, but of the last that was asked for
_TABLES = 4  # of a list, each with the baselines that some views ask for
_TEXT = 120  # bytes of a text, about


class KeptColumns:
    """A stored scan whose columns stay once they are read; several are read at once."""

    whole = True

    def __init__(self, stored: StoredList) -> None:
        self._stored = stored
        self._columns: dict[str, Floats] = {}
        self.watch, self.region = stored.watch, stored.region
        self.at, self.state = stored.at, stored.state
        self.ranks: Ints = stored.ranks
        self.of_market: bool = stored.of_market
        self.proves_absence: bool = stored.read_to_its_end
        self.texts: Mapping[str, Sequence[str | None]] = stored.texts

    def __len__(self) -> int:
        return len(self._stored)

    def read(self, names: Iterable[str]) -> None:
        """Have these fields here."""
        missing = [name for name in dict.fromkeys(names) if name not in self._columns]
        if missing:
            found = self._stored.columns(missing)
            # Copies: what was read together must not be kept together.
            self._columns |= {name: column.copy() for name, column in found.items()}

    def column(self, name: str) -> Floats:
        self.read([name])
        return self._columns[name]

    def cell(self, name: str, row: int) -> float:
        return float(self.column(name)[row])

    @property
    def fields(self) -> int:
        """The number of columns that are here."""
        return len(self._columns)


class HeldList:
    """The newest scan of a watch, for the rules of ``book``. It is asked on one thread: the one
    that ``store`` belongs to."""

    def __init__(self, store: Store, book: Rulebook, watch: Watch, scan: ScanRow) -> None:
        self.store, self.book, self.scan = store, book, scan
        self._watch = watch
        stored, _ = store.history.everyone(watch.key, scan.id)
        self.columns = KeptColumns(stored)
        self.recorded = _recorded(store, watch, scan)
        self._tables: OrderedDict[frozenset[Need], Judge] = OrderedDict()
        self._texts = 1

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def products(self) -> Ints:
        """The store's key of each product (n,), in the list's order."""
        return self.recorded.products

    def judge(self, metrics: Iterable[Metric], needs: Iterable[Need]) -> Judge:
        """A judge of these metrics and baselines; it remembers what it was asked."""
        self.columns.read(name for metric in metrics for name in sorted(metric.fields))
        wanted = frozenset(needs)
        judge = self._tables.pop(wanted, None)
        if judge is None:
            judge = Judge(self._table(wanted))
        self._tables[wanted] = judge
        while len(self._tables) > _TABLES:
            self._tables.popitem(last=False)
        return judge

    def _table(self, needs: Iterable[Need]) -> ScanTable:
        schedule = self._watch.schedule
        return stored_table(self.store, self.columns, self.recorded, needs, schedule)

    @property
    def size(self) -> int:
        """Bytes, about: a table has the metrics that were asked for, and two columns of each
        baseline, as read and as computed."""
        # At once: another thread may ask while its own looks at the list.
        tables = sum(4 * len(needs) + 16 for needs in [*self._tables])
        texts = 4 * _TEXT
        return len(self) * (8 * (self.columns.fields + tables) + texts)


def _recorded(store: Store, watch: Watch, scan: ScanRow) -> Recorded:
    """The scan as it was recorded, with who was new then."""
    for seen in store.history.whole(watch.key, (), 1):
        if seen.scan.id == scan.id:
            return seen.recorded
    return store.history.everyone(watch.key, scan.id)[1]


class HeldLists:
    """The lists of a site's books, those that were looked at last. It may be asked from several
    threads, each list from one."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lists: OrderedDict[tuple[str, str], HeldList] = OrderedDict()
        self._turn = Lock()

    def of(self, store: Store, book: Rulebook, watch: Watch) -> HeldList | None:
        """The newest scan of a watch that read something; None where there is none."""
        scan, key = store.history.newest_scan(watch.key), (str(store.place), watch.key)
        with self._turn:
            held = self._lists.pop(key, None)
        if scan is None:
            return None
        if held is None or (held.store, held.book, held.scan) != (store, book, scan):
            held = HeldList(store, book, watch, scan)
        with self._turn:
            self._lists[key] = held
            self._let_go()
        return held

    @property
    def size(self) -> int:
        """Bytes of all lists, about."""
        return sum(held.size for held in self._lists.values())

    def _let_go(self) -> None:
        """Drop what nobody has looked at for longest."""
        while len(self._lists) > 1 and self.size > self._limit:
            self._lists.popitem(last=False)
