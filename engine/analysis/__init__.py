"""What can be known of a flow without running it: its moves, shortest conversations, what is sure where."""
