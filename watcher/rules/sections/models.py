"""The shapes of the rule file's sections, as pydantic models; errors in the user's words.

Conditions, formulas and a watch's parameters have languages of their own, and are plain values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, InstanceOf, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from watcher.categories import CATEGORY
from watcher.errors import ProblemCode
from watcher.language import Language
from watcher.model import Severity
from watcher.rules.files.document import Path
from watcher.rules.schema import schema_types as shapes
from watcher.rules.sections import validators as readers
from watcher.rules.sections.templates import Template, parse_template
from watcher.source.endpoints import CHOICE, INSTEAD, PARAMETERS
from watcher.units import DAY, HOUR, MINUTE, format_number
from watcher.words import kind, nearest, quoted

Duration: TypeAlias = Annotated[
    int, BeforeValidator(readers.duration), WithJsonSchema(shapes.DURATION)
]
Whole: TypeAlias = Annotated[int, BeforeValidator(readers.whole), WithJsonSchema(shapes.WHOLE)]
Amount: TypeAlias = Annotated[float, BeforeValidator(readers.number), WithJsonSchema(shapes.AMOUNT)]
# Rows of a part of a report; None where the usual number of them is shown.
Rows: TypeAlias = Annotated[int | None, BeforeValidator(readers.rows), WithJsonSchema(shapes.ROWS)]
Flag: TypeAlias = Annotated[bool, BeforeValidator(readers.flag), WithJsonSchema(shapes.FLAG)]
Level: TypeAlias = Annotated[
    Severity, BeforeValidator(readers.severity), WithJsonSchema(shapes.SEVERITY)
]
Spoken: TypeAlias = Annotated[
    Language, BeforeValidator(readers.language), WithJsonSchema(shapes.LANGUAGE)
]
GradedLevel: TypeAlias = Annotated[
    Any, BeforeValidator(readers.severity_or_grades), WithJsonSchema(shapes.SEVERITY_OR_GRADES)
]
Name: TypeAlias = Annotated[str, BeforeValidator(readers.name), WithJsonSchema(shapes.TEXT)]
Text: TypeAlias = Annotated[str, BeforeValidator(readers.text), WithJsonSchema(shapes.TEXT)]
# Checked where the channels are known.
Names: TypeAlias = Annotated[Any, WithJsonSchema(shapes.NAMES)]
# Checked where all rules are known.
RuleNames: TypeAlias = Annotated[Any, WithJsonSchema(shapes.RULE_NAMES)]
Hosts: TypeAlias = Annotated[
    tuple[str, ...], BeforeValidator(readers.hosts), WithJsonSchema(shapes.HOSTS)
]
Key: TypeAlias = Annotated[str, BeforeValidator(readers.api_key), WithJsonSchema(shapes.KEY)]
Url: TypeAlias = Annotated[str, BeforeValidator(readers.url)]
Urls: TypeAlias = Annotated[list[Url], BeforeValidator(readers.urls), WithJsonSchema(shapes.URLS)]
OwnTemplate: TypeAlias = Annotated[
    InstanceOf[Template], BeforeValidator(parse_template), WithJsonSchema(shapes.TEMPLATE)
]
Page: TypeAlias = Annotated[str | None, BeforeValidator(readers.page), WithJsonSchema(shapes.PAGE)]
Zone: TypeAlias = Annotated[str, BeforeValidator(readers.timezone), WithJsonSchema(shapes.TIMEZONE)]


_NOTIFY = "channels to tell: a name, or a list of them"
_COOLDOWN = "how long the same product is not told again"
_REMIND = "tell again while it fires, this often"
_RESOLVED = "tell the end, too"
_SEVERITY = "a channel may ask for a least severity"
_GRADES = f"{_SEVERITY}; by the data: critical: and warning: with conditions"
_MUTES = "rules whose word on a product is dropped where this one was told of it, while it fires"
_QUIET = "hours in which nothing is told: held, then one catch-up message; several as a list"
_PAGE = "address of the page that messages lead to, to act on them; off for none"
_LIMIT = "products in full in a message; the others are named"


class Section(BaseModel):
    """A mapping of the rule file: unknown keys are errors."""

    model_config = {"extra": "forbid", "frozen": True}
    may_be_empty: ClassVar[frozenset[str]] = frozenset()  # keys of which null is a value


class ApiSection(Section):
    """The access to KeyAPI, and what it may cost."""

    key: Key | None = Field(None, description="your KeyAPI key, best as ${KEYAPI_KEY}")
    url: (
        Annotated[str, BeforeValidator(readers.api_url), WithJsonSchema(shapes.WEB_ADDRESS)] | None
    ) = Field(None, description="the API's address")
    requests_per_second: Amount = Field(2.0, gt=0, le=10_000, description="over all watches")
    concurrency: Whole = Field(2, ge=1, le=64, description="requests at once")
    credits_per_day: Whole | None = Field(None, ge=1, description="hard cap for a UTC day")
    credits_per_month: Whole | None = Field(None, ge=1, description="hard cap for a UTC month")
    probes_per_day: Whole = Field(
        6, ge=1, le=48,
        description="requests a UTC day and region at most to find when data is fresh, for "
        "every: refresh",
    )  # fmt: skip
    settle: Duration = Field(
        15 * MINUTE, le=6 * HOUR, description="from fresh data to the scans of every: refresh"
    )
    category_names: Duration = Field(
        30 * DAY, description="how often names of categories that rules use are read again, at a "
        "few credits; 0 for never"
    )  # fmt: skip
    pictures: Flag = Field(
        default=True, description="pictures of products in mail and on the page, where `watcher "
        "source probe` found how they are had; 1 credit for up to 10",
    )  # fmt: skip
    picture_hosts: Hosts = Field(
        (), description="hosts beside the vendor's that pictures may be fetched from"
    )
    gmv_currency: (
        Annotated[str, BeforeValidator(readers.currency), WithJsonSchema(shapes.CURRENCY)] | None
    ) = Field(None, description="what GMV is in, as USD: the API does not say, so none is shown")


class QuietSection(Section):
    """Hours in which nothing is told: to a channel, or by a rule."""

    hours: (
        Annotated[str, BeforeValidator(readers.quiet_hours), WithJsonSchema(shapes.QUIET_HOURS)]
        | None
    ) = Field(None, description='from and to, as "22:00-07:00"; all day where days stand alone')
    days: (
        Annotated[
            frozenset[int],
            BeforeValidator(readers.quiet_days),
            WithJsonSchema(shapes.QUIET_DAYS),
        ]
        | None
    ) = Field(
        None, description="the days on which they begin, as [sat, sun]; every day if left out"
    )
    timezone: Zone | None = Field(None, description="the channel's, or the defaults', if left out")


class ChannelSection(Section):
    """A channel that alerts go to."""

    may_be_empty = frozenset({"page"})

    url: Urls = Field(description="one Apprise URL or several, best as ${NAME}")
    min_severity: Level = Field(Severity.INFO, description="the least severity it is told")
    max_severity: Level = Field(
        Severity.CRITICAL,
        description="the highest severity it is told; what is above goes elsewhere",
    )
    timezone: Zone | None = Field(
        None, description="of its digest, quiet hours and messages; the defaults' if left out"
    )
    language: Spoken | None = Field(
        None, description="of its messages: en or zh; the defaults' if left out"
    )
    quiet: Any = Field(None, description=_QUIET)
    digest: (
        Annotated[str, BeforeValidator(readers.digest), WithJsonSchema(shapes.DIGEST)] | None
    ) = Field(None, description='collect, and send once: "09:00" or a cron line')
    template: OwnTemplate | None = Field(None, description="a Jinja2 template for its messages")
    at_most: (
        Annotated[int, BeforeValidator(readers.at_most), WithJsonSchema(shapes.AT_MOST)] | None
    ) = Field(None, description="messages a day; what goes beyond waits for one at the day's end")
    limit: Whole | None = Field(
        None, ge=1, le=100, description="products in full in one message of all rules"
    )
    group_by: (
        Annotated[str, BeforeValidator(readers.message_by), WithJsonSchema(shapes.GROUP_BY)] | None
    ) = Field(None, description="rule: a message for each rule and scan, not one for all")
    page: Page = Field(None, description=_PAGE)
    payload: (
        Annotated[str, BeforeValidator(readers.payload), WithJsonSchema(shapes.PAYLOAD)] | None
    ) = Field(None, description="json: documents for a program of yours, in place of texts")


class DefaultsSection(Section):
    """Settings of rules and watches that have none of their own."""

    region: (
        Annotated[str, BeforeValidator(readers.region), WithJsonSchema(shapes.REGION)] | None
    ) = Field(None, description="market code, as US")
    every: Any = None
    timezone: Any = None
    language: Spoken = Field(Language.ENGLISH, description="of messages: en or zh")
    notify: Names = Field(None, description=_NOTIFY)
    cooldown: Duration = Field(0, description=_COOLDOWN)
    remind: Duration | None = Field(None, description=_REMIND)
    resolved: Flag = Field(default=False, description=_RESOLVED)
    severity: Level = Field(Severity.INFO, description=_SEVERITY)
    limit: Whole = Field(10, ge=1, le=100, description=_LIMIT)
    page: Page = Field(None, description=_PAGE)


class RuleSection(Section):
    """One rule; what is None falls back to ``defaults``."""

    name: Name = Field(description="unique; shown in every message")
    watch: Any = Field(
        description="the list to read, or several: a name of watches:, or the mapping itself; or a "
        "name of groups:"
    )
    when: Any = Field(description="the conditions, all of which must be met")
    description: Text = Field("", description="shown in every message")
    label: Name | None = Field(
        None, description="what messages call it in place of its name, as in 3 breakout"
    )
    until: Any = Field(None, description="once firing, it fires until this is met")
    for_: Duration = Field(0, alias="for", description="how long it must be met before it fires")
    keep_firing_for: Duration = Field(0, description="how long it fires after it was last met")
    again: Any = Field(
        None, description="tell it again when this is met against what was last told, in spite of "
        "any cooldown"
    )  # fmt: skip
    severity: GradedLevel = Field(None, description=_GRADES)
    mutes: RuleNames = Field(None, description=_MUTES)
    notify: Names = Field(None, description=_NOTIFY)
    cooldown: Duration | None = Field(None, description=_COOLDOWN)
    remind: Duration | None = Field(None, description=_REMIND)
    resolved: Flag | None = Field(None, description=_RESOLVED)
    limit: Whole | None = Field(None, ge=1, le=100, description=_LIMIT)
    quiet: Any = Field(None, description=_QUIET)
    order_by: Text | None = Field(
        None, description="what puts the strongest first: METRIC [change] [asc|desc]"
    )
    priority: Whole = Field(0, description="the highest is read first, and gets the last credits")
    enabled: Flag = Field(
        default=True, description="false: checked, but not judged, and no list is read for it"
    )


class GroupSection(Section):
    """Products of a watch, put together by what they share: a rule may speak of each group."""

    of: Any = Field(description="the watch whose products are grouped, or a list of them")
    by: Annotated[str, BeforeValidator(readers.grouped_by), WithJsonSchema(shapes.GROUPED_BY)] = (
        Field(description="what the products of a group share")
    )
    metrics: Any = Field(
        None, description="its figures by name, as gmv: {sum: total_sale_gmv_7d_amt}"
    )


class ReportSection(Section):
    """A report on some lists, told at fixed times whether anything fired or not."""

    at: Annotated[str, BeforeValidator(readers.digest), WithJsonSchema(shapes.DIGEST)] = Field(
        description='when it is told: "08:00" every day, or a cron line as "0 8 * * mon"'
    )
    watch: Any = Field(description="the list that it tells of, or several")
    timezone: Zone | None = Field(None, description="of its times; the defaults' if left out")
    order_by: Text | None = Field(
        None, description="whose changes are told, total_sale_gmv_7d_amt if left out: the largest "
        "first, with desc rises, with asc falls"
    )  # fmt: skip
    compare: Annotated[int, BeforeValidator(readers.ago), WithJsonSchema(shapes.AGO)] = Field(
        7 * DAY, ge=HOUR, description="with when, as 7d ago"
    )
    show: Any = Field(None, description="rows of each part; 0 or false leaves one out")
    notify: Names = Field(None, description=_NOTIFY)


class ShowSection(Section):
    """The rows of each part of a report."""

    movers: Rows = Field(None, description="products that changed most; 10 if left out")
    entered: Rows = Field(None, description="products that are new on the lists; 5")
    left: Rows = Field(None, description="products that left them; 5")
    sellers: Rows = Field(None, description="sellers with the most; 5")
    prices: Rows = Field(None, description="prices that moved most; 5")
    alerts: Rows = Field(None, description="what became of alerts told since the last report; 10")


class KeepSection(Section):
    """Times that the past is kept for."""

    observations: Duration = Field(400 * DAY, ge=DAY, description="of products; 400d if left out")
    notifications: Duration = Field(90 * DAY, ge=DAY, description="what was told; 90d if left out")


class FactsSection(Section):
    """Numbers and texts of one's own, by product."""

    file: Text = Field(
        description="a CSV file beside this one: product_id, and columns of your own, as target"
    )


SECTIONS = tuple(
    "api channels operator defaults sellers facts metrics watches groups rules reports keep "
    "heartbeat".split()
)

# Keys of a watch; some are looked for in a rule.
WATCH_KEYS = frozenset(
    ["every", "timezone", "sort", "top", CATEGORY, *INSTEAD, *CHOICE, *PARAMETERS]
)

_Model = TypeVar("_Model", bound=Section)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with a section: the path within it, and whether its key is meant."""

    path: Path
    message: str
    code: ProblemCode = ProblemCode.INVALID
    at_key: bool = False


class Misfit(Exception):
    """A value does not have its section's shape."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(one.message for one in mistakes))
        self.mistakes = tuple(mistakes)


def shape(model: type[_Model], value: object) -> _Model:
    """The value as a section; raises ``Misfit`` with all that is wrong with it."""
    if not isinstance(value, Mapping):
        names = ", ".join(list(_keys(model))[:4])
        raise Misfit([Mistake((), f"must be a mapping ({names} ...), not {kind(value)}")])
    fields = _keys(model)
    hollow_keys = fields.keys() - model.may_be_empty
    empty = [key for key, inner in value.items() if inner is None and key in hollow_keys]
    hollow = "is empty: write a value, or leave the line out"
    mistakes = [Mistake((key,), hollow, ProblemCode.MISSING) for key in empty]
    try:
        section = model.model_validate({key: value[key] for key in value if key not in empty})
    except ValidationError as error:
        mistakes += _mistakes(error, model, value, empty)
    if mistakes:
        raise Misfit(mistakes)
    return section


def _mistakes(
    error: ValidationError, model: type[BaseModel], value: object, empty: Collection[str]
) -> Iterator[Mistake]:
    """All of pydantic's errors, but not of ``empty`` fields, at the places that were written."""
    for one in error.errors(include_url=False, include_context=True):
        if one["type"] != "missing" or one["loc"][-1] not in empty:
            mistake = _explain(one, model)
            yield replace(mistake, path=_written(mistake.path, value))


def _written(path: Path, value: object) -> Path:
    """The part of a path that was written: a single URL is read as a list of one."""
    for length, step in enumerate(path):
        if isinstance(value, Mapping) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            return path[:length] if isinstance(step, int) else path
    return path


def _keys(model: type[BaseModel]) -> Mapping[str, Any]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _explain(error: ErrorDetails, model: type[BaseModel]) -> Mistake:
    """One of pydantic's errors in the user's words."""
    path: Path = tuple(error["loc"])
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            key, code = str(path[-1]), ProblemCode.UNKNOWN_FIELD
            if model is RuleSection and key in WATCH_KEYS:
                what = f'"{key}" belongs to the watch: watch: {{{key}: ...}}'
                return Mistake(path, what, code, at_key=True)
            if model is RuleSection and key in _OF_GROUPS:
                return Mistake(
                    path, f"unknown field {quoted(key)}: {GROUP_ELSEWHERE}", code, at_key=True
                )
            hint = nearest(key, _keys(model)) or f": there are {', '.join(_keys(model))}"
            return Mistake(path, f"unknown field {quoted(key)}{hint}", code, at_key=True)
        case "missing":
            return Mistake(path[:-1], f'needs "{path[-1]}"', ProblemCode.MISSING)
        case "value_error":
            return Mistake(path, str(context.get("error", error["msg"])))
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return Mistake(path, _limit(context))
        case "model_type" | "dict_type" | "model_attributes_type":
            return Mistake(path, f"must be a mapping, not {kind(error['input'])}")
        case _:
            return Mistake(path, error["msg"])


# What is written of a group under ``groups:``, and may be looked for in a rule.
_OF_GROUPS = ("group", "groups", "of", "by")
GROUP_ELSEWHERE = (
    "a group is written under groups: with a name, as shelves: {of: best, by: seller_id}, and a "
    "rule names it in place of its watch, as watch: shelves"
)


def _limit(context: Mapping[str, Any]) -> str:
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    word, limit = next((words[name], context[name]) for name in words if name in context)
    return f"must be {word} {'1d' if limit == DAY else format_number(limit)}"
