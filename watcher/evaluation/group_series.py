"""The past of groups of products as tracks: each figure's values at the scans of its list. What is
kept begins with the scan at which a figure was first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from watcher.evaluation.series import Track
from watcher.model import Floats, Instant, Ints
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Group, Watch
from watcher.store.ports import Store


def tracks_of_group(
    database: Store, groups: Sequence[Group], subject: int, since: Instant
) -> Iterator[Track]:
    """Yield the past of each figure of a group, by its key in the store: of each of ``groups`` that
    makes it, on each of the lists that this one reads."""
    kept = KeptFigures(database, subject, since)
    for group in groups:
        for watch in group.watches:
            # The size last: what the user asks for comes first.
            last = group.metrics.tie
            for metric in sorted(group.metrics.metrics(), key=last.__eq__):
                track = kept.track(watch, group, metric)
                if not track.empty:
                    yield _named(track, group, watch, alone=len(groups) == 1)


def _named(track: Track, group: Group, watch: Watch, *, alone: bool) -> Track:
    """With the group's name, where several make it, and the list's, where it reads several."""
    where = "" if alone else f" of {group.name}"
    where += f" in {watch.name}" if len(group.watches) > 1 else ""
    return replace(track, name=f"{track.name}{where}", label=f"{track.label}{where}")


@dataclass(frozen=True, slots=True)
class KeptFigures:
    """The past of a group's figures from ``since`` on, each list's read once."""

    database: Store
    subject: int
    since: Instant
    read: dict[tuple[str, str], tuple[Ints, Mapping[str, Floats]]] = field(default_factory=dict)

    def track(self, watch: Watch, group: Group, metric: Metric) -> Track:
        """One figure, or a formula over figures, on one list."""
        key = watch.key, group.by
        if key not in self.read:
            self.read[key] = self.database.groups.series(*key, self.subject, self.since)
        at, kept = self.read[key]
        return Track(metric.name, metric.label, metric, at, _values(metric, at, kept), at)


def _values(metric: Metric, at: Ints, kept: Mapping[str, Floats]) -> Floats:
    """(m,) the values, of what is kept by the figures' canonical texts."""
    nothing = np.full(len(at), np.nan)
    columns = {
        each.name: kept.get(each.figure.canonical, nothing)
        for each in metric.figures
        if each.figure is not None
    }
    return columns[metric.name] if metric.figure is not None else metric.compute(columns, at)
