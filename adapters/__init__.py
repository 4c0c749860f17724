"""Shoptalk's adapters touch the world: settings, storage, channels, tasks, the web and the command line."""
