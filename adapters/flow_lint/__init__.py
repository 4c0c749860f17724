"""The parts of the program `flow-lint`: what it was asked for, what it checks, and how it tells of it."""
