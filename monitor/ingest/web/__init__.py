"""The one door to the web, and how it is guarded."""
