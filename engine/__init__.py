"""Shoptalk's engine decides what a conversation does; it touches no network, database, clock or file."""
