"""Words that people write in place of ours, and the answers to them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from watcher.words import nearest

_BY_OPERATOR = {
    "equals": "= == ≡ is eq equal equal_to equals_to same exactly",
    "not_equals": "!= ≠ <> is_not isnt ne not not_equal unequal differs_from other_than",
    "in": "one_of any_of is_in is_one_of either",
    "not_in": "none_of not_any_of is_not_in",
    "above": "> gt over more_than greater_than greater higher higher_than larger_than more exceeds "
    "exceeding",
    "below": "< lt under less_than lower_than lower fewer fewer_than smaller_than less beneath",
    "at_least": ">= ≥ gte ge min minimum no_less_than not_less_than not_below not_under reaches "
    "hits or_more",
    "at_most": "<= ≤ lte le max maximum no_more_than not_more_than not_above not_over up_to "
    "or_less top in_top within_top top_n",
    "between": "within range inside from_to",
    "rises": "increases increase increased increases_by increased_by rises_by rise rose grows grow "
    "grew grows_by gains gain jumps jump jumped surges surge spikes spike soars up up_by goes_up "
    "growth accelerates",
    "falls": "decreases decrease decreased decreases_by decreased_by falls_by fall fell drops_by "
    "drop dropped declines decline declined loses lose plunges sinks shrinks down down_by "
    "goes_down reduces reduced slumps collapses tanks",
    "changes": "change changed changes_by moves moves_by varies is_changed",
    "becomes": "turns turned turns_to turns_into become changes_to switches_to now is_now",
    "leaves": "leave was stops_being no_longer changes_from",
    "crosses_above": "rises_above goes_above climbs_above jumps_above passes surpasses crosses "
    "breaks_above breaks_through crosses_over moves_above exceeds_now increases_above grows_above "
    "rises_over goes_over",
    "crosses_below": "falls_below drops_below goes_below dips_below sinks_below falls_under "
    "drops_under breaks_below slips_below moves_below crosses_under decreases_below goes_under",
    "climbs": "climb climbs_by moves_up climbed",
    "drops": "slips slips_by moves_down",
    "enters_top": "enters enter joins_top enters_the_top comes_into_top into_top gets_into_top",
    "leaves_top": "exits_top exits leaves_the_top drops_out_of_top falls_out_of_top out_of_top "
    "drops_out falls_out_of",
    "unusual": "outlier anomaly anomalous abnormal z zscore z_score sigma deviates",
    "lowest": "low new_low all_time_low lowest_in record_low bottom cheapest",
    "highest": "high new_high all_time_high highest_in record_high peak",
    "unchanged": "stable_for unchanged_for same_for steady constant not_changed flat idle_for",
    "contains": "like includes include has contain containing",
    "matches": "regex regexp match re pattern",
    "from": "since compared_to compared_with versus vs against baseline",
    "over": "lookback window history",
}
OTHER_WORDS = {word: name for name, words in _BY_OPERATOR.items() for word in words.split()}

# Answered with more than a word.
PHRASES = {
    **dict.fromkeys(("doubles", "double", "doubled", "doubles_from"), "rises: 100%"),
    **dict.fromkeys(("triples", "triple", "tripled"), "rises: 200%"),
    **dict.fromkeys(("quadruples", "quadruple"), "rises: 300%"),
    **dict.fromkeys(("halves", "halved", "half"), "falls: 50%"),
}
# Keys of a rule, where they stand among its conditions.
OF_RULE = frozenset(
    "when until for keep_firing_for again severity notify cooldown remind resolved order_by "
    "priority enabled".split()
)
INSTEAD_OF_RANK = {"climbs": "rises", "drops": "falls"}

_GONE = (
    "disappear disappeared vanishes vanished gone missing removed leaves_list left_list "
    "leaves_the_list delisted"
).split()
_BACK = (
    "reappear reappeared returns returned comes_back back back_again is_back relisted restocked "
    "listed_again appears_again"
).split()
_NEW = "new is_new new_product first_seen appear appeared first_time newly_listed launched".split()
# What people call a metric that says whether something takes off; of what, before it.
_SURGES = re.compile(
    "(?:(sales|gmv|views|videos|creators)_)?(?:surges?|velocity|momentum|acceleration|spikes?|"
    "bursts?|breakouts?|take_?offs?)(?:_score)?"
)
_TEXTS = {
    **dict.fromkeys(
        ("starts_with", "startswith", "begins_with", "prefix"), "\"matches\", as matches: '^word'"
    ),
    **dict.fromkeys(("ends_with", "endswith", "suffix"), "\"matches\", as matches: 'word$'"),
    **dict.fromkeys(
        ("not_contains", "excludes", "does_not_contain", "without", "not_like", "doesnt_contain"),
        '"not" around it, as not: {product_name: {contains: word}}',
    ),
    **dict.fromkeys(
        ("not_matches", "does_not_match"),
        '"not" around it, as not: {product_name: {matches: word}}',
    ),
}
_TIMES = re.compile(r"\s*(\d{1,3}(?:\.\d{1,2})?)\s*(?:x|\u00d7|times|fold|-fold)\s*", re.IGNORECASE)

_UP = frozenset(
    "above over more greater higher larger rises rise up climbs climb increases grows "
    "enters least gains".split()
)
_DOWN = frozenset(
    "below under less fewer lower smaller falls fall down drops drop decreases leaves most loses "
    "exits".split()
)
_REVERSED = ("not_", "no_", "never_", "isnt_", "doesnt_", "does_not_", "is_not_")
_NEGATIONS = (*_REVERSED, "un", "non", "dis")


# The operator that a word stands for, and what to write in its place.
_INSTEAD = {
    **{word: (name, f'"{name}"') for word, name in OTHER_WORDS.items()},
    **{word: ("matches", text) for word, text in _TEXTS.items()},
    **{word: ("rises", f'"{phrase}"') for word, phrase in PHRASES.items()},
}
_PRESENCE = {"disappears": _GONE, "reappears": _BACK, "appears": _NEW}
_NO_METRIC = {
    other: f', did you mean "{word}"?' for word, others in _PRESENCE.items() for other in others
}
# Fields of the source whose words are texts of another name.
_NO_METRIC |= {
    **dict.fromkeys(
        ("desc_detail", "desc", "product_description"), ', did you mean "description"?'
    ),
    **dict.fromkeys(
        ("skus", "sku", "variant", "options", "sale_props"),
        ', did you mean "variants" (their names) or "variant_count"?',
    ),
}
_NO_OPERATOR = {
    other: f', did you mean "{word}: true", beside the metrics?'
    for word, others in _PRESENCE.items()
    for other in (word, *others)
}


def folded(word: str) -> str:
    """A word as the tables have it: small letters, one underscore between words."""
    return re.sub(r"[\s\-]+", "_", word.strip().casefold())


def answer(word: str, known: Iterable[str]) -> str:
    """``, did you mean "above"?`` of the operators ``known``; empty where nothing is near. It is by
    likeness only where nothing is known of the word, and never the opposite."""
    names = list(known)
    name = folded(word)
    if name in OF_RULE:
        return f': "{name}" is a key of the rule, beside when'
    if name in _NO_OPERATOR:
        return _NO_OPERATOR[name]
    operator, better = _INSTEAD.get(name, ("", ""))
    if operator in names:
        return f", did you mean {better}?"
    if name.startswith(_REVERSED):
        return ': for the reverse put "not" around the whole, as not: {rank: {at_most: 10}}'
    return nearest(name, [one for one in names if not opposite(name, one)], 2)


def of_no_metric(word: str) -> str:
    """The answer to a word that stands where a metric should; empty where there is none."""
    name = folded(word)
    match = _SURGES.fullmatch(name)
    if match is None:
        return _NO_METRIC.get(name, "")
    what = match[1] or "sales"
    return f', did you mean "{what}_surge{"" if what == "sales" else "_ratio"}"?'


def times(value: object) -> float | None:
    """The 3 of ``3x``; None of anything else."""
    match = _TIMES.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) if match else None


def opposite(word: str, operator: str) -> bool:
    """Whether ``operator`` goes the other way than ``word`` seems to, or lacks its "not"."""
    if word.startswith(_NEGATIONS) and not operator.startswith(("not_", "un")):
        return True
    ways, others = _ways(word), _ways(operator)
    return any(ways) and any(others) and ways != others


def _ways(word: str) -> tuple[bool, bool]:
    """Whether a word seems to go up, and whether down."""
    parts = word.split("_")
    return not _UP.isdisjoint(parts), not _DOWN.isdisjoint(parts)
