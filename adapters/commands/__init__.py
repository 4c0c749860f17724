"""The table of the commands: what `shoptalk WORD` does, each in the file of its name."""

COMMANDS: dict[str, str] = {
    "new": "make the pack of a shop from four questions",
    "serve": "run everything: webhook, worker, API",
    "web": "run webhook and API alone; `worker` does the work",
    "worker": "take turns and send replies; any number of them, on any host",
    "chat": "hold the conversation in this terminal, on a throw-away shop",
    "graph": "draw a flow: its states, and what leads from each to the next",
    "test": "play the conversations of a pack and compare them with their snapshots",
    "publish": "put a pack in force on every host, and say what becomes of the talks that are going on",
    "versions": "list what was published of a business",
    "rollback": "put an older version in force again",
    "diff": "say in words what one version of a pack does otherwise than another",
    "paths": "find the shortest conversations to what no conversation of a pack reaches",
    "record": "make a conversation file of a real conversation, without its customer",
    "fuzz": "play random and hostile customers, and show the shortest conversation that breaks something",
    "backup": "copy the whole database into a file, also while Shoptalk runs",
    "restore": "fill an empty database with such a copy",
    "doctor": "look whether everything that is set up works, and say what to do where not",
    "reply": "answer a customer who is with a person",
    "hand-back": "give a customer who is with a person back to the conversation",
    "send": "write to anybody",
    "failed": "list the messages that were put aside, and why",
    "retry": "take messages up again that were put aside",
    "why": "tell what came of the last message, and why",
    "explain": "tell why an order of a customer was, or was not, made",
}
"""Command: its line in the help. Its module is loaded when it is called: `adapters.commands.WORD`, with an
underscore for a dash."""
