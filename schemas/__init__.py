"""The JSON Schemas of what a shop writes, for editors and for whoever checks these files without Shoptalk."""
