"""Makes what linters are measured on: long flows, wide flows, and other files of the same length."""

from __future__ import annotations

HEAD = """\
flow: long
title: A long conversation
start: step_1
timeout: 1 hour

settings:
  most: 50

slots:
{slots}

commands:
  menu: {{title: Menu, words: [menu, list], reply: menu, ask_again: true}}
  cart:
    words: [cart, basket]
    branches:
      - {{when: cart.is_empty, reply: empty}}
      - {{reply: cart}}
    ask_again: true
  cancel: {{words: [cancel, stop], do: reset, reply: cancelled, goto: step_1}}

otherwise: {{reply: not_understood, ask_again: true}}

fails: {{no_such_item: no_such_item, unavailable: no_such_item}}

states:
"""

STATE = """\
  # Step {n} of the way.
  step_{n}:
    ask: ask_{n}
    commands:
      add_{n}:
        pattern:
          - "{{item:number}}, {{quantity:number}}"
          - "{{item:number}} x {{quantity:number}}"
        validate:
          - {{in_catalog: "{{{{ item }}}}", else: no_such_item}}
          - {{between: {{value: "{{{{ quantity }}}}", min: 1}}, else: too_small}}
          - {{check: "cart.quantity(item) + quantity <= settings.most", else: too_large}}
        do: add_to_cart
        fails: {{out_of_stock: sold_out}}
        reply: added_{n}
      next_{n}:
        words: [next, go on]
        goto: {next}
    input:
      save: answer_{n}
      validate: [{{length: {{min: 2, max: 60}}, else: too_short}}]
      goto: {next}

"""

MESSAGE = """\
  ask_{n}:
    text: "Question {n}: what would you like to add, {{{{ answer_{n} | default('you') }}}}"
    buttons: [next_{n}]
  added_{n}: "Added {{{{ line.quantity }}}}x {{{{ line.product.name }}}}, total {{{{ cart.total | money }}}}"
"""

TAIL = """\
  menu: "{% for product in catalog.available %}{{ product.number }}. {{ product.name }} {% endfor %}"
  cart: "Your cart: {{ cart.total | money }}"
  empty: Your cart is empty.
  cancelled: Cancelled.
  not_understood: Sorry, I did not understand that.
  no_such_item: There is no such item.
  too_small: At least 1, please.
  too_large: "At most {{ settings.most }}, please."
  too_short: That is too short, or too long.
  sold_out: "Sorry, only {{ failure.left }} left."
"""


def flow_of(lines: int) -> str:
    """A flow without any mistake, of about as many lines."""
    steps = 1
    while len(_flow(steps).splitlines()) < lines:
        steps += 1
    return _flow(steps)


def _flow(steps: int) -> str:
    numbers = range(1, steps + 1)
    slots = "\n".join(f"  answer_{n}: text" for n in numbers)
    states = "".join(STATE.format(n=n, next=f"step_{n + 1}" if n < steps else "over") for n in numbers)
    messages = "".join(MESSAGE.format(n=n) for n in numbers)
    return HEAD.format(slots=slots) + states + "  over: {final: true}\n\nmessages:\n" + messages + TAIL


def wide_flow(states: int) -> str:
    """A flow of so many small states, each with its question, and commands that all of them understand."""
    numbers = range(1, states + 1)
    steps = "".join(WIDE_STATE.format(n=n, next=f"step_{n + 1}" if n < states else "over") for n in numbers)
    asks = "".join(f'  ask_{n}: "Question {n} of {states}, {{{{ business.name }}}}?"\n' for n in numbers)
    return WIDE_HEAD + steps + "  over: {final: true}\nmessages:\n" + WIDE_MESSAGES + asks


WIDE_HEAD = """\
flow: wide
start: step_1
slots: {answer: text}
otherwise: again
commands:
  menu: {title: Menu, words: [menu], reply: menu, ask_again: true}
  stop: {title: Stop, words: [stop], do: reset, reply: again, goto: step_1}
states:
"""

WIDE_STATE = """\
  step_{n}:
    ask: ask_{n}
    input: {{save: answer, goto: {next}}}
"""

WIDE_MESSAGES = """\
  again: Once more, please.
  menu: {text: This is the menu., buttons: [stop]}
"""


def workflow(lines: int) -> str:
    """A workflow of GitHub Actions of about as many lines, without any mistake."""
    text = "on: push\njobs:\n"
    count, job = 2, 0
    while count < lines:
        job += 1
        text += JOB.format(n=job)
        count += JOB.count("\n")
    return text


JOB = """\
  job_{n}:
    runs-on: ubuntu-latest
    env:
      NAME: job {n}
    strategy:
      matrix:
        size: [small, large]
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 1
      - name: Build
        run: |
          echo "building ${{{{ matrix.size }}}} of $NAME"
          make build
      - name: Test
        if: ${{{{ matrix.size == 'small' && github.ref == 'refs/heads/main' }}}}
        run: make test
"""


def stack(lines: int) -> str:
    """A template of CloudFormation of about as many lines, without any mistake."""
    text = 'AWSTemplateFormatVersion: "2010-09-09"\nResources:\n'
    count, bucket = 2, 0
    # A template holds 500 resources at most.
    while count < lines and bucket < 490:
        bucket += 1
        text += BUCKET.format(n=bucket)
        count += BUCKET.count("\n")
    return text


BUCKET = """\
  Bucket{n}:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration:
        Status: Enabled
      Tags:
        - Key: number
          Value: "{n}"
        - Key: name
          Value: !Sub "bucket {n} of ${{AWS::StackName}}"
"""
