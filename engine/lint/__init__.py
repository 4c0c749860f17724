"""Finds what is wrong with flows before any customer does: the table of the rules, and their use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from engine.limits import Limits
from engine.lint import (
    choices_without_ask,
    clash,
    conditional_reply,
    covered_pattern,
    cut_text,
    dead_branch,
    dead_end,
    different_variables,
    empty_for_newcomer,
    empty_slot,
    empty_text,
    endless_branches,
    expression,
    hole_hides_slot,
    impassable,
    joined_words,
    long_text,
    missing_file,
    missing_fingerprint,
    missing_translation,
    needless_else,
    no_fallback,
    no_help,
    nothing_to_choose,
    overlapping_patterns,
    pattern,
    regular_expression,
    reserved_name,
    same_word,
    schema,
    shadowed_word,
    shouting,
    shown_otherwise,
    silent_refusal,
    silent_rule,
    silent_timer,
    stale_translation,
    stranded_customer,
    taken_input,
    taken_number,
    taken_title,
    too_long,
    too_long_when_filled,
    too_many_buttons,
    type_mismatch,
    unanswered_failure,
    unavailable_button,
    unbounded_text,
    undefined_name,
    unfit_value,
    unheard_rule,
    unknown_action,
    unknown_attribute,
    unknown_command,
    unknown_event,
    unknown_failure,
    unknown_filter,
    unknown_language,
    unknown_message,
    unknown_method,
    unknown_name,
    unknown_parameter,
    unknown_product,
    unknown_role,
    unknown_setting,
    unknown_slot,
    unknown_state,
    unknown_status,
    unknown_template,
    unknown_type,
    unknown_validator,
    unknown_variable,
    unprintable,
    unreachable_state,
    unspoken_language,
    unusable_command,
    unused_failure,
    unused_message,
    unused_setting,
    unused_slot,
    unused_template,
    word_over_pattern,
    wrong_call,
    wrong_ignore,
    yaml,
)
from engine.lint.checked import NO_PROVIDERS, Checked, Rule, Severity
from engine.lint.selection import PILOT, Selection
from engine.reader import Reading
from engine.source import Problem

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "yaml": yaml.RULE,
        "schema": schema.RULE,
        "missing_file": missing_file.RULE,
        "clash": clash.RULE,
        "unspoken_language": unspoken_language.RULE,
        "reserved_name": reserved_name.RULE,
        "hole_hides_slot": hole_hides_slot.RULE,
        "pattern": pattern.RULE,
        "expression": expression.RULE,
        "regular_expression": regular_expression.RULE,
        "unknown_validator": unknown_validator.RULE,
        "unknown_action": unknown_action.RULE,
        "unknown_parameter": unknown_parameter.RULE,
        "unknown_type": unknown_type.RULE,
        "unknown_template": unknown_template.RULE,
        "unknown_state": unknown_state.RULE,
        "unknown_command": unknown_command.RULE,
        "unknown_event": unknown_event.RULE,
        "unknown_message": unknown_message.RULE,
        "unknown_slot": unknown_slot.RULE,
        "unknown_variable": unknown_variable.RULE,
        "undefined_name": undefined_name.RULE,
        "empty_for_newcomer": empty_for_newcomer.RULE,
        "unknown_attribute": unknown_attribute.RULE,
        "unknown_method": unknown_method.RULE,
        "impassable": impassable.RULE,
        "wrong_call": wrong_call.RULE,
        "unprintable": unprintable.RULE,
        "type_mismatch": type_mismatch.RULE,
        "unfit_value": unfit_value.RULE,
        "unknown_filter": unknown_filter.RULE,
        "unknown_setting": unknown_setting.RULE,
        "unknown_name": unknown_name.RULE,
        "unknown_product": unknown_product.RULE,
        "unknown_language": unknown_language.RULE,
        "unknown_role": unknown_role.RULE,
        "unknown_status": unknown_status.RULE,
        "unknown_failure": unknown_failure.RULE,
        "unreachable_state": unreachable_state.RULE,
        "dead_end": dead_end.RULE,
        "stranded_customer": stranded_customer.RULE,
        "endless_branches": endless_branches.RULE,
        "silent_rule": silent_rule.RULE,
        "no_fallback": no_fallback.RULE,
        "silent_refusal": silent_refusal.RULE,
        "silent_timer": silent_timer.RULE,
        "empty_text": empty_text.RULE,
        "conditional_reply": conditional_reply.RULE,
        "unanswered_failure": unanswered_failure.RULE,
        "same_word": same_word.RULE,
        "shadowed_word": shadowed_word.RULE,
        "covered_pattern": covered_pattern.RULE,
        "overlapping_patterns": overlapping_patterns.RULE,
        "word_over_pattern": word_over_pattern.RULE,
        "joined_words": joined_words.RULE,
        "taken_number": taken_number.RULE,
        "taken_title": taken_title.RULE,
        "taken_input": taken_input.RULE,
        "dead_branch": dead_branch.RULE,
        "needless_else": needless_else.RULE,
        "choices_without_ask": choices_without_ask.RULE,
        "nothing_to_choose": nothing_to_choose.RULE,
        "unused_message": unused_message.RULE,
        "unused_slot": unused_slot.RULE,
        "unusable_command": unusable_command.RULE,
        "unheard_rule": unheard_rule.RULE,
        "unused_failure": unused_failure.RULE,
        "unused_setting": unused_setting.RULE,
        "unused_template": unused_template.RULE,
        "empty_slot": empty_slot.RULE,
        "missing_translation": missing_translation.RULE,
        "stale_translation": stale_translation.RULE,
        "missing_fingerprint": missing_fingerprint.RULE,
        "different_variables": different_variables.RULE,
        "unavailable_button": unavailable_button.RULE,
        "too_many_buttons": too_many_buttons.RULE,
        "too_long": too_long.RULE,
        "too_long_when_filled": too_long_when_filled.RULE,
        "shown_otherwise": shown_otherwise.RULE,
        "cut_text": cut_text.RULE,
        "wrong_ignore": wrong_ignore.RULE,
        "long_text": long_text.RULE,
        "shouting": shouting.RULE,
        "no_help": no_help.RULE,
        "unbounded_text": unbounded_text.RULE,
    }
)
"""First what reading finds, then names, then what leads nowhere, then texts."""


def lint(
    reading: Reading,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    selection: Selection = PILOT,
    providers: Mapping[str, Limits] = NO_PROVIDERS,
) -> list[Problem]:
    """Every problem of a pack or a flow, each once, by file, line and column.

    `limits` are those that the flow is written for, `providers` the limits of each over which it may go out.
    """
    asked = {name: rule for name, rule in RULES.items() if selection.asks(rule)}
    checked = Checked(reading, limits, providers)
    found = dict.fromkeys(problem for problem in reading.problems if selection.asks(RULES[problem.rule]))
    for rule in asked.values():
        found.update(dict.fromkeys(rule.check(checked)))
    if not checked.ignores:
        return sorted(found)
    return sorted(dict.fromkeys(_not_ignored(checked, found, asked)))


def _not_ignored(checked: Checked, found: Iterable[Problem], asked: Mapping[str, Rule]) -> Iterator[Problem]:
    """The findings that no comment leaves alone, and what is wrong with the comments."""
    from engine.lint.ignores import held_against

    ignorable = frozenset(name for name, rule in RULES.items() if rule.ignorable)
    kept, used = held_against(found, checked.ignores, ignorable)
    yield from kept
    if wrong_ignore.RULE.name in asked:
        yield from wrong_ignore.misnamed(checked.ignores, RULES, RULES.keys() - ignorable)
        # What could not be read hides findings: nobody knows what a comment would have left alone.
        if not checked.problems:
            yield from wrong_ignore.needless(checked.ignores, used, asked.keys() & ignorable)


def severity_of(problem: Problem) -> Severity:
    """How much a finding weighs: an error keeps a pack from being served, all else does not."""
    return RULES[problem.rule].severity
