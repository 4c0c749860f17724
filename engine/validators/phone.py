"""Asks whether a text is a telephone number that can exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Example, Parameter, Validator

if TYPE_CHECKING:
    from engine.draft import Draft


def check(draft: Draft, value: object, country: object = "") -> bool:
    """Reads a number without + as one of the country, or else of the business's country."""
    import phonenumbers

    if not isinstance(value, str) or not isinstance(country, str):
        return False
    try:
        number = phonenumbers.parse(value, country or draft.business.country or None)
    except phonenumbers.NumberParseException:
        return False
    if country:
        return phonenumbers.is_valid_number_for_region(number, country)
    return phonenumbers.is_valid_number(number)


VALIDATOR: Validator = Validator(
    name="phone",
    about="It is a telephone number that can exist; with `country`, one of that country.",
    parameters={
        "country": Parameter(
            {
                "type": "string",
                "pattern": "^[A-Z]{2}$",
                "patternErrorMessage": "a country is two capital letters, such as PK",
            },
            "two letters, such as PK; without it any country",
        ),
        "value": Parameter({"type": "string"}, "the number; without it the input"),
    },
    check=check,
    single="country",
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {number_to_call: text}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    input:
      save: number_to_call
      validate: [{phone: DE, else: not_a_number}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: Which number may we call?
  not_a_number: "That is no German number. Please send it with its area code."
  thank_you: "We call {{ number_to_call }}."
  not_understood: Sorry, I did not understand that.
""",
        says=("please call me", "12345", "030 901820"),
    ),
)
