"""Tables of what each service makes of a severity, and of where it has a link to click.

By its name in ``services``. An info arrives without a sound where the service knows such a thing, a
warning as its messages usually do, what is critical as its most urgent: but never as one that has
to be acknowledged, or that rings through a phone's mute. Whoever wants that writes it into the URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from watcher.model import Severity


@dataclass(frozen=True, slots=True)
class Urgency:
    """A service's values for info, warning and critical, as Apprise's plugin has them in its
    ``attribute``. A URL that has one of the ``parameters`` decides for itself. ``words`` are what
    the service calls the values, where they don't say it."""

    attribute: str
    values: tuple[object, ...]
    parameters: tuple[str, ...]
    words: tuple[str, ...] = ()

    def of(self, severity: Severity) -> object:
        """The value for a severity."""
        return self.values[severity.rank]

    def word(self, severity: Severity) -> str:
        """The value as the service has it, in words."""
        return self.words[severity.rank] if self.words else str(self.of(severity))


def _levels(
    attribute: str, values: tuple[object, ...], parameters: str = "", words: str = ""
) -> Urgency:
    """A row, by a parameter of the attribute's own name where it says nothing else."""
    return Urgency(
        attribute, values, tuple((parameters or attribute).split()), tuple(words.split())
    )


_SILENT = _levels("silent", (True, False, False), words="silent usual usual")
_PRIORITY = _levels("priority", (-1, 0, 1))  # 2 is an emergency
_URGENCY = _levels("urgency", (0, 1, 2), parameters="urgency priority", words="low normal critical")
# Of Opsgenie and Jira the first is the most urgent, whatever Apprise calls them.
_FROM_P1 = _levels("priority", (5, 3, 1), words="P5 P3 P1")
_EACH = "info success warning failure"  # of a URL that says what Apprise's types are

LEVELS: Mapping[str, Urgency] = {
    "bark": _levels("level", ("passive", "active", "timeSensitive")),
    # SUPPRESS_NOTIFICATIONS beside SUPPRESS_EMBEDS: of ten shop pages, below ten links.
    "discord": _levels("flags", (4 | 1 << 12, 4, 4), words="silent usual usual"),
    "fcm": _levels("priority.priority", ("low", "normal", "high"), parameters="priority"),
    "firehydrant": _levels("priority", ("low", "medium", "high")),
    "glib": _URGENCY,
    "gnome": _URGENCY,
    "gorush": _levels("priority", ("normal", "high", "high")),
    "gotify": _levels("priority", (3, 5, 8)),
    "growl": _PRIORITY,
    "ilert": _levels("priority", ("low", "high", "high")),
    "jira": _FROM_P1,
    "join": _PRIORITY,
    "lametric": _levels("priority", ("info", "warning", "critical")),
    "lauther": _PRIORITY,
    "nctalk": _SILENT,
    "ntfy": _levels("priority", ("low", "default", "max")),
    "opsgenie": _FROM_P1,
    "pagertree": _levels("urgency", ("low", "medium", "critical")),
    "pinglet": _levels("priority", ("silent", "normal", "urgent")),
    "pover": _PRIORITY,
    "prowl": _PRIORITY,
    "psafer": _PRIORITY,
    "pushward": _levels(
        "level", ("passive", "active", "time-sensitive"), parameters=f"level {_EACH}"
    ),
    "qt": _URGENCY,
    "smseagle": _levels("priority", (0, 0, 1), words="usual usual high"),
    "spush": _levels("priority", (2, 3, 4)),
    "squadcast": _levels("priority", ("P5", "P3", "P1")),
    "tgram": _SILENT,
    "youlmk": _levels("priority", ("low", "normal", "high"), parameters=f"priority {_EACH}"),
}
# What Apprise's plugin makes of the severity itself, where the URL says nothing else.
BY_APPRISE: Mapping[str, tuple[str, tuple[str, str, str]]] = {
    "pagerduty": ("severity", ("info", "warning", "critical")),
    "trigv": ("urgency", ("standard", "standard", "time_sensitive")),
}
# Parameters that sound like one, by service, and why none is set.
LEFT_ALONE: Mapping[str, Mapping[str, str]] = {
    "amqp": {"priority": "puts a queue in order that a program reads"},
    "dapnet": {"priority": "is an emergency call, or none"},
    "exotel": {"priority": "is high for one-time passwords alone"},
    "firehydrant": {"level": "is made of the severity by Apprise"},
    "fluxer": {"flags": "silence nothing, as far as Fluxer says"},
    "guilded": {"flags": "silence nothing, as far as Guilded said"},
    "signalgrid": {"critical": "rings through a phone's mute"},
    "trigv": {"priority": "is another way to write its urgency"},
}


@dataclass(frozen=True, slots=True)
class Click:
    """Place of the link that a click on a message opens at a service: an ``attribute`` of Apprise's
    plugin, unless the URL has the ``parameter``. Without one Apprise has no place for it, and it is
    written into the request. ``several``: it takes a list. ``quoted``: Apprise quotes it anew."""

    attribute: str = ""
    parameter: str = ""
    several: bool = False
    quoted: bool = False


_CLICK, _LINK = Click("click", "click"), Click("link", "link")
_SUPPLEMENTAL = Click("supplemental_url", "url")
_IN_REQUEST = Click()

CLICKS: Mapping[str, Click] = {
    "bark": _CLICK,
    "dot": _LINK,
    "firehydrant": _CLICK,
    "gotify": _IN_REQUEST,
    "ilert": _CLICK,
    "incidentio": _CLICK,
    "join": _IN_REQUEST,
    "lauther": _CLICK,
    "macosx": _CLICK,
    "ntfy": Click("click", "click", quoted=True),
    "pagerduty": _CLICK,
    "pover": _SUPPLEMENTAL,
    "psafer": _IN_REQUEST,
    "spush": Click("links", "links", several=True),
    "trigv": _SUPPLEMENTAL,
    "wpush": Click("click_url", "url"),
    "youlmk": Click("link", "url"),
}
# Parameters that sound like one, by service, and why none is set.
NO_CLICK: Mapping[str, Mapping[str, str]] = {
    "discord": {
        "href": "is of a box around a text of other markup",
        "url": "is another name of href",
    },
    "fluxer": {
        "href": "is of a box around a text of other markup",
        "url": "is another name of href",
    },
    "guilded": {
        "href": "is of a box around a text of other markup",
        "url": "is another name of href",
    },
    "kakaotalk": {"link": "opens only what is registered with Kakao"},
    "revolt": {"url": "is of a box around a text of other markup"},
}
