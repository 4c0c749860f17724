"""Finds what is wrong with flows before any customer does: the table of the rules, and their use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.limits import NO_PROVIDERS, Limits
from engine.lint.selection import PILOT, Profile, Selection

if TYPE_CHECKING:
    from engine.lint.checked import Checked, Rule, Severity
    from engine.reader import Reading
    from engine.source import Problem

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "yaml": "draft",
        "schema": "draft",
        "missing_file": "draft",
        "clash": "draft",
        "unspoken_language": "draft",
        "reserved_name": "draft",
        "hole_hides_slot": "draft",
        "pattern": "draft",
        "expression": "draft",
        "regular_expression": "draft",
        "unknown_validator": "draft",
        "unknown_action": "draft",
        "unknown_parameter": "draft",
        "unknown_type": "draft",
        "unknown_template": "draft",
        "unknown_state": "draft",
        "unknown_command": "draft",
        "unknown_event": "pilot",
        "unknown_message": "draft",
        "unknown_slot": "draft",
        "unknown_variable": "draft",
        "undefined_name": "pilot",
        "empty_for_newcomer": "pilot",
        "unknown_attribute": "draft",
        "unknown_method": "draft",
        "impassable": "draft",
        "wrong_call": "draft",
        "unprintable": "draft",
        "type_mismatch": "draft",
        "unfit_value": "draft",
        "unknown_filter": "draft",
        "unknown_setting": "draft",
        "unknown_name": "draft",
        "unknown_product": "draft",
        "unknown_language": "draft",
        "unknown_role": "draft",
        "unknown_status": "draft",
        "unknown_failure": "draft",
        "unreachable_state": "draft",
        "dead_end": "draft",
        "stranded_customer": "pilot",
        "endless_branches": "pilot",
        "silent_rule": "draft",
        "no_fallback": "pilot",
        "silent_refusal": "draft",
        "silent_timer": "pilot",
        "empty_text": "pilot",
        "conditional_reply": "pilot",
        "unanswered_failure": "draft",
        "same_word": "draft",
        "shadowed_word": "pilot",
        "covered_pattern": "draft",
        "overlapping_patterns": "pilot",
        "word_over_pattern": "pilot",
        "joined_words": "draft",
        "taken_number": "pilot",
        "taken_title": "pilot",
        "taken_input": "pilot",
        "dead_branch": "pilot",
        "needless_else": "pilot",
        "choices_without_ask": "draft",
        "nothing_to_choose": "pilot",
        "unused_message": "draft",
        "unused_slot": "draft",
        "unusable_command": "pilot",
        "unheard_rule": "pilot",
        "unused_failure": "pilot",
        "unused_setting": "pilot",
        "unused_template": "pilot",
        "empty_slot": "draft",
        "missing_translation": "draft",
        "stale_translation": "pilot",
        "missing_fingerprint": "production",
        "different_variables": "draft",
        "unavailable_button": "draft",
        "too_many_buttons": "draft",
        "too_long": "draft",
        "too_long_when_filled": "pilot",
        "shown_otherwise": "production",
        "cut_text": "draft",
        "wrong_ignore": "draft",
        "long_text": "asked",
        "shouting": "asked",
        "no_help": "asked",
        "unbounded_text": "asked",
    }
)
"""Every rule, and the first profile that asks it: what reading finds, names, what leads nowhere, texts."""

READ = frozenset(
    {
        "yaml",
        "schema",
        "missing_file",
        "clash",
        "unspoken_language",
        "reserved_name",
        "hole_hides_slot",
        "pattern",
        "expression",
        "unknown_validator",
        "unknown_action",
        "unknown_parameter",
        "unknown_type",
        "unknown_template",
    }
)
"""Rules whose defects reading itself finds. Their modules are loaded only to tell of them."""


class Rules(Mapping[str, "Rule"]):
    """The rules by name. Each is loaded when it is first asked for: most runs need some of them alone."""

    def __getitem__(self, name: str) -> Rule:
        PROFILES[name]
        rule: Rule = import_module(f"engine.lint.{name}").RULE
        return rule

    def __contains__(self, name: object) -> bool:
        return name in PROFILES

    def __iter__(self) -> Iterator[str]:
        return iter(PROFILES)

    def __len__(self) -> int:
        return len(PROFILES)


RULES = Rules()


def lint(
    reading: Reading,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    selection: Selection = PILOT,
    providers: Mapping[str, Limits] = NO_PROVIDERS,
) -> list[Problem]:
    """Every problem of a pack or a flow, each once, by file, line and column.

    `limits` are those that the flow is written for, `providers` the limits of each over which it may go out.
    """
    from engine.lint.checked import Checked  # which loads all that looks at flows

    asked = [name for name, profile in PROFILES.items() if selection.asks(name, profile)]
    checked = Checked(reading, limits, providers)
    found = dict.fromkeys(
        problem for problem in reading.problems if selection.asks(problem.rule, PROFILES[problem.rule])
    )
    for name in asked:
        if name not in READ:
            found.update(dict.fromkeys(RULES[name].check(checked)))
    if not checked.ignores:
        return sorted(found)
    return sorted(dict.fromkeys(_not_ignored(checked, found, asked)))


def _not_ignored(checked: Checked, found: Iterable[Problem], asked: Iterable[str]) -> Iterator[Problem]:
    """The findings that no comment leaves alone, and what is wrong with the comments."""
    from engine.lint import wrong_ignore
    from engine.lint.ignores import held_against

    ignorable = frozenset(name for name, rule in RULES.items() if rule.ignorable)
    kept, used = held_against(found, checked.ignores, ignorable)
    yield from kept
    if wrong_ignore.RULE.name in asked:
        yield from wrong_ignore.misnamed(checked.ignores, RULES, RULES.keys() - ignorable)
        # What could not be read hides findings: nobody knows what a comment would have left alone.
        if not checked.problems:
            yield from wrong_ignore.needless(checked.ignores, used, ignorable.intersection(asked))


def severity_of(problem: Problem) -> Severity:
    """How much a finding weighs: an error keeps a pack from being served, all else does not."""
    return RULES[problem.rule].severity
