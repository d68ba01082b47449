"""Kinds of sources: where news lies, and how it becomes items."""
