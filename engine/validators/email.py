"""Asks whether a text is a well-formed e-mail address."""

from __future__ import annotations

from engine.declarations import Example, Parameter, Validator


def check(draft: object, value: object) -> bool:
    """Looks at the form alone: whether the address receives anything is not asked of the network."""
    from email_validator import EmailNotValidError, validate_email

    if not isinstance(value, str):
        return False
    try:
        validate_email(value.strip(), check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


VALIDATOR: Validator = Validator(
    name="email",
    about="It is a well-formed e-mail address.",
    parameters={"value": Parameter({"type": "string"}, "the address; without it the input")},
    check=check,
    single="value",
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {mail: text}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    input:
      save: mail
      validate: [{email: "{{ mail }}", else: not_an_address}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: Where shall the invoice go?
  not_an_address: "That is no e-mail address. It looks like name@example.org."
  thank_you: "It goes to {{ mail }}."
  not_understood: Sorry, I did not understand that.
""",
        says=("I need an invoice", "ayesha at home", "ayesha@example.org"),
    ),
)
