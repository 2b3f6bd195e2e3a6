"""A channel's own template: what it may say, and all that it may not do."""

from __future__ import annotations

import time

import pytest

from tests.rules.tables import problems_of
from watcher.rules.files.loading import load_text
from watcher.rules.sections.templates import LONGEST, SAMPLE, Template, parse_template
from watcher.words import Wrong

GOOD = """\
{{ severity | upper }} {{ rule }}{% if region %} in {{ region }}{% endif %}

{% for product in products %}
{{ loop.index }}. {{ product.name }} {{ product.link }}
{% for line in product.why[:2] %}
   {{ line }}{{ "" if loop.last else "," }}
{% endfor %}
{% endfor %}
{{ names | join(", ") }} {{ products | length }} {{ title[:6] ~ "!" }}"""

WRITTEN = """\
INFO beauty-rising in US
1. Sample product https://www.tiktok.com/shop/pdp/1729000000000000000
   7-day GMV 1,200 → 4,830 (+303%) since 16 Nov
Another product 1 [info]!"""


def test_a_template_lays_out_a_message() -> None:
    """Values, loops, conditions, filters; texts are made to fit, its own words are not."""
    assert parse_template(GOOD).write(SAMPLE, str) == WRITTEN
    loud = parse_template("<b>{{ rule }}</b>")
    assert loud.write(SAMPLE, str.upper) == "<b>BEAUTY-RISING</b>"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "is empty"),
        ("x" * (LONGEST + 1), "is longer than"),
        ("a\nb {{ produts }}", "'produts' is undefined; there are title"),
        ("{{ products[0].nam }}", "no attribute 'nam'"),
        ("a\n{{ x", "line 2: unexpected end of template"),
        ("a\n\n{% nonsense %}", "line 3: Encountered unknown tag 'nonsense'"),
        ("{{ products }}", "a list is written with a loop"),
        ("{{ title | uper }}", 'there is no filter "uper", did you mean "upper"?'),
        ("{{ rest + title }}", "does not work on a sample: unsupported operand"),
        ("{{ products[0].name }}", "has no element 0"),  # a message need not have products
    ],
)
def test_mistakes(source: str, said: str) -> None:
    """In which line, and what there is instead."""
    with pytest.raises(Wrong) as caught:
        parse_template(source)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ products.__class__ }}",
        "{{ title.format }}",
        "{{ (1).bit_length }}",
        "{{ title['__class__'] }}",
        "{{ title | attr('__class__') }}",
        "{{ products | join(attribute='__class__') }}",
        "{{ self }}",
        "{{ self.__init__.__globals__ }}",
        "{% for p in products %}{{ loop }}{% endfor %}",
        "{% for p in products %}{{ loop.__class__ }}{% endfor %}",
        "{{ lipsum.__globals__ }}",
        "{{ cycler }}{{ namespace }}{{ range }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% extends 'x' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% call x() %}{% endcall %}",
        "{% set x = products %}",
        "{% for p in products recursive %}{{ loop(products) }}{% endfor %}",
        "{% filter upper %}x{% endfilter %}",
        "{% autoescape false %}x{% endautoescape %}",
        "{{ title is callable }}",
        "{{ lambda: 1 }}",
    ],
)
def test_no_way_out(source: str) -> None:
    """No call, no attribute of Python's, no file, no state."""
    with pytest.raises(Wrong):
        parse_template(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ title | join(title) | join(title) | join(title) | join(title) | join(title) }}",
        "{{ title | replace('', title) | replace('', title) | replace('', title) }}",
        "{% for c in title %}{% for d in title %}{% endfor %}{% endfor %}",
        "{% for a in products %}" * 3 + "{% endfor %}" * 3,
        "{{" * 2_000,
        "{{ " + "(" * 2_000 + "1" + ")" * 2_000 + " }}",
        "{% if 1 %}" * 400 + "{% endif %}" * 400,
        "{{ " + "-" * 4_000 + "1 }}",
    ],
)
def test_nothing_that_runs_or_grows_without_end(source: str) -> None:
    """Refused at once."""
    began = time.monotonic()
    with pytest.raises(Wrong):
        parse_template(source)
    assert time.monotonic() - began < 2


def test_a_large_message_stays_bounded() -> None:
    """As many loops as fit, over a hundred products: ended by what it writes."""
    template = parse_template(
        "{% for p in products %}{% for q in products %}x{% endfor %}{% endfor %}" * 60
    )
    large = {**SAMPLE, "products": SAMPLE["products"] * 100}
    began = time.monotonic()
    with pytest.raises(Exception, match="writes more than"):
        template.write(large, str)
    assert time.monotonic() - began < 2


def test_in_the_rule_file() -> None:
    """The channel has it; a mistake is shown at its place, a secret in it is not."""
    text = "channels: {me: {url: 'json://x', template: '%s'}}\nrules: []"
    (problem,) = (each for each in problems_of(text % "{{ produts }}") if "template" in each)
    assert problem.startswith("rules.yaml:1:44: channels.me.template: 'produts' is undefined")
    good = (
        "channels: {me: {url: 'json://x', template: '{{ rule }}'}}\n"
        "rules: [{name: a, watch: {region: US}, when: {review_count: 1}, notify: me}]"
    )
    assert load_text(good).channels["me"].template == Template("{{ rule }}")
