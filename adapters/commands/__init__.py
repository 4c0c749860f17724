"""The table of the commands: what `shoptalk WORD` does, each in the file of its name."""

COMMANDS: dict[str, str] = {
    "serve": "run everything: webhook, worker, API",
    "chat": "hold the conversation in this terminal, on a throw-away shop",
    "test": "play the conversations of a pack and compare them with their snapshots",
    "explain": "tell why an order of a customer was, or was not, made",
}
"""Command: its line in the help. The module `adapters.commands.WORD` is loaded when it is called."""
