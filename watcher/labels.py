"""Labels of the metrics and texts that everybody has, in the language that is spoken; a metric of
the user's own is called what the user calls it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from watcher.attributes import DISCOUNT_RATE, VARIANT_COUNT
from watcher.fields import BY_NAME, MADE_TEXTS, Field
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.language import texts

_WINDOW, _ALL_TIME = N_("{days}-day {counter}"), N_("all-time {counter}")
_GROWTH, _RATIO = N_("{counter} growth"), N_("{counter} surge ratio")
# Those that are computed, by name; of a counter the pattern and the counter.
COMPUTED: Mapping[str, tuple[str, str]] = {
    "rank": (N_("rank"), ""),
    "age_days": (N_("age"), ""),
    "commission": (N_("commission"), ""),
    "live_share": (N_("share of live sales"), ""),
    "creators_7d": (N_("7-day creators"), ""),
    "sales_growth": (_GROWTH, N_("sales")),
    "gmv_growth": (_GROWTH, N_("GMV")),
    "views_growth": (_GROWTH, N_("views")),
    "videos_growth": (_GROWTH, N_("videos")),
    "creators_growth": (_GROWTH, N_("creators")),
    "sales_growth_z": (N_("sureness of the sales growth"), ""),
    "sales_surge": (N_("sales surge"), ""),
    "sales_surge_ratio": (_RATIO, N_("sales")),
    "gmv_surge_ratio": (_RATIO, N_("GMV")),
    "views_surge_ratio": (_RATIO, N_("views")),
    "videos_surge_ratio": (_RATIO, N_("videos")),
    "creators_surge_ratio": (_RATIO, N_("creators")),
    DISCOUNT_RATE: (N_("discount rate"), ""),
    VARIANT_COUNT: (N_("number of variants"), ""),
    "size": (N_("products"), ""),  # of a group
    # Events have the list in place of a metric.
    **dict.fromkeys(("appears", "reappears", "disappears"), (N_("list"), "")),
}
_FIELDS = {**BY_NAME, **{each.name: each for each in MADE_TEXTS}}


def label_said(metric: str, label: str) -> str:
    """A metric's or text's label in the language that is spoken, if it is the one that everybody
    has for it: words of the user's, and those of earlier versions, stay as they are."""
    known = texts()
    return label if known is None else _label(known, metric, label)


def label_in(metric: str, label: str, on: str) -> str:
    """The label of a metric that is another one on each list, of the list of that name."""
    return _("{metric} in {list}").format(metric=label_said(metric, label), list=on)


@lru_cache(maxsize=4_096)
def _label(_texts: object, metric: str, label: str) -> str:
    """The label in these texts: a message says few of them, hundreds of times."""
    field = _FIELDS.get(metric)
    if field is not None:
        return _of_field(field) if label == field.label else label
    pattern, counter = COMPUTED.get(metric, ("", ""))
    if not pattern or label != pattern.format(counter=counter):
        return label
    return _(pattern).format(counter=_(counter) if counter else "")


def _of_field(field: Field) -> str:
    if not field.counter:
        return _(field.label)
    pattern = _ALL_TIME if field.window is None else _WINDOW
    return _(pattern).format(days=field.window, counter=_(field.counter))
