"""The steps that bring a database up to date, one numbered file each, applied once and in order."""
