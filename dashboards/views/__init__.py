"""One module a page; each shows itself from a `Desk`."""
