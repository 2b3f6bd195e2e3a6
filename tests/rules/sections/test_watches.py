"""Each distinct list once."""

from zoneinfo import available_timezones

import pytest

from tests.rules.tables import problems_of
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.schedule import Cron, Every

WHEN = "when: {review_count: 1}, notify: []"


def book(*watches: str, named: str = "") -> Rulebook:
    """A rulebook with a rule for each watch."""
    rules = "\n".join(
        f"  - {{name: r{number}, watch: {watch}, {WHEN}}}" for number, watch in enumerate(watches)
    )
    return load_text(f"watches: {{{named}}}\nrules:\n{rules}\n")


def test_equal_watches_are_one() -> None:
    """However they are written: by name, in another order, with the defaults written out."""
    found = book(
        "w",
        "{region: us, top: 100, sort: total_sale_cnt}",
        "{sort: total_sale_cnt desc, region: US, every: 1d}",
        named="w: {region: US, sort: total_sale_cnt}",
    )
    assert len(found.watches) == 1
    assert {rule.watch.name for rule in found.rules} == {"w"}
    assert found.rules_of(found.watches[0]) == found.rules


def test_another_time_or_depth_is_another_watch() -> None:
    """The list is read anew for it."""
    found = book("{region: US}", "{region: US, every: 12h}", "{region: US, top: 50}")
    assert len({watch.key for watch in found.watches}) == 3
    assert [watch.name for watch in found.watches] == ["r0", "r1", "r2"]


def test_derived_names_are_unique() -> None:
    """A rule's name may be that of a watch."""
    found = book("{region: US}", named="r0: {region: GB}")
    assert [watch.name for watch in found.watches] == ["r0", "r0 (2)"]
    assert [watch.name for watch in found.used_watches] == ["r0 (2)"]


def test_schedules() -> None:
    """An interval on the watch's own phase, or a cron line in a time zone."""
    found = book(
        "{region: US, every: 1h}", "{region: US, every: 0 9 * * mon, timezone: Asia/Tokyo}"
    )
    every, cron = (watch.schedule for watch in found.watches)
    assert isinstance(every, Every)
    assert 0 <= every.phase < every.seconds == 3_600
    assert cron == Cron("0 9 * * mon", "Asia/Tokyo")


def test_default_schedule() -> None:
    """Of the file; a watch may have its own time zone for it."""
    text = (
        "defaults: {region: GB, every: 0 9 * * *, timezone: Europe/Berlin}\n"
        f"rules: [{{name: a, watch: {{}}, {WHEN}}}, "
        f"{{name: b, watch: {{timezone: UTC}}, {WHEN}}}]"
    )
    found = load_text(text).watches
    assert [watch.schedule for watch in found] == [
        Cron("0 9 * * *", "Europe/Berlin"),
        Cron("0 9 * * *"),
    ]
    assert {watch.query.region for watch in found} == {"GB"}


@pytest.mark.parametrize(
    ("watch", "message"),
    [
        ("{regoin: US}", '1:27: rules[0].watch: unknown field "regoin", did you mean "region"?'),
        ("{}", "rules[0].watch.region: is missing"),
        ("{region: USA}", "rules[0].watch.region"),
        ("{region: US, top: 0}", "rules[0].watch.top"),
        ("{region: US, min_review_count: 5, max_review_count: 1}", "watch.min_review_count"),
        ("{region: US, page_num: 5}", "rules[0].watch.page_num"),
        ("{region: US, every: 24}", "rules[0].watch.every: 24 needs a unit"),
        ("{region: US, every: 0s}", "rules[0].watch.every: must be at least 1 second"),
        ("{region: US, every: daily}", 'a cron line as "0 9 * * mon-fri", or refresh'),
        ("{region: US, every: 0 9 * * 1}", "rules[0].watch.every: write the weekdays"),
        ("{region: US, every: 0 9 * * *, timezone: Mars}", 'timezone: "Mars" is no time zone'),
        ("{region: US, timezone: 5}", "rules[0].watch.timezone: takes a time zone"),
        ("beauty", 'rules[0].watch: unknown watch "beauty": there are none'),
        ("5", "must be the name of a watch, or a mapping (region, sort, top ...)"),
    ],
)
def test_refuses(watch: str, message: str) -> None:
    """One line each, where it stands."""
    (problem,) = problems_of(f"rules: [{{name: a, watch: {watch}, {WHEN}}}]")
    assert message in problem


def test_a_mistyped_name() -> None:
    """Is answered with the nearest."""
    text = f"watches: {{beauty: {{region: US}}}}\nrules: [{{name: a, watch: beuty, {WHEN}}}]"
    (problem,) = problems_of(text)
    assert 'unknown watch "beuty", did you mean "beauty"?' in problem


@pytest.mark.parametrize(
    ("named", "watch", "message"),
    [
        ("u: {region: US}", "{region: GB}", "watches.u: no rule uses this watch"),
        ("", "{region: US, every: 10m}", "more often than hourly"),
        ("", "{region: US, every: '*/5 * * * *'}", "more often than hourly"),
        ("", "{region: XX}", 'region "XX" is not known'),
        ("", "{region: US, timezone: UTC}", "only a cron line has a time zone"),
        ("u: {region: US}, v: {region: US}", "u", 'watches.v: is the same list as "u"'),
    ],
)
def test_warns(named: str, watch: str, message: str) -> None:
    """Of what is allowed but hardly meant."""
    assert any(message in str(warning) for warning in book(watch, named=named).warnings)


@pytest.mark.parametrize("zone", ["Nowhere", '""'])
@pytest.mark.parametrize("every", ["24h", '"0 9 * * mon"'])
def test_a_time_zone_is_checked_whatever_the_schedule(zone: str, every: str) -> None:
    """Also where it has no use."""
    watch = f"{{region: US, every: {every}, timezone: {zone}}}"
    (problem,) = problems_of(f"rules:\n  - {{name: a, watch: {watch}, {WHEN}}}\n")
    assert "watch.timezone:" in problem
    assert "is no time zone" in problem


def test_cron_lines_of_every_zone() -> None:
    """As a watch's line, as a channel's digest and its quiet hours: none is refused."""
    zones = sorted(available_timezones())
    lines = ["channels:"]
    for number, zone in enumerate(zones):
        times = f"timezone: {zone}, digest: 0 9 * * mon, quiet: {{hours: 1:00-2:00}}"
        lines.append(f"  c{number}: {{url: 'json://x', {times}}}")
    lines.append("rules:")
    for number, zone in enumerate(zones):
        watch = f"{{region: US, every: 30 2 1 * *, timezone: {zone}}}"
        lines.append(
            f"- {{name: r{number}, watch: {watch}, when: {{review_count: 1}}, notify: []}}"
        )
    book = load_text("\n".join(lines))
    schedules = [rule.watch.schedule for rule in book.rules]
    assert schedules == [Cron("30 2 1 * *", zone) for zone in zones]
    digests = [channel.digest for channel in book.channels.values()]
    assert digests == [Cron("0 9 * * mon", zone) for zone in zones]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_a_line_that_never_comes(zone: str) -> None:
    """Where it stands, as a watch's line and as a digest."""
    text = (
        f"channels:\n  me: {{url: 'json://x', timezone: {zone},\n    digest: 0 9 30 2 *}}\n"
        "rules:\n- {name: a, when: {review_count: 1}, notify: me,\n"
        f"   watch: {{region: US, timezone: {zone},\n    every: 30 2 31 2 *}}}}\n"
    )
    digest, every = sorted(problems_of(text))
    assert digest.startswith("rules.yaml:3:13: channels.me.digest: ")
    assert every.startswith("rules.yaml:7:12: rules[0].watch.every: ")
    assert all("never comes: no month has that day" in each for each in (digest, every))
