"""Conversations before any customer has them: played, covered, searched for, recorded and fuzzed."""
