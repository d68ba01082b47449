"""Wrong settings in words."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError

from monitor.errors import SettingsError


def explain(error: ValidationError) -> SettingsError:
    """Every fault of the settings in one error that names key, value and what is allowed."""
    lines = []
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in fault["loc"])
        given = fault["input"]
        # A value is not shown where it may be a secret: under a secret's name, or under one that may be it, misspelt.
        secret = (
            any(word in key for word in ("password", "secret", "token", "url")) or fault["type"] == "extra_forbidden"
        )
        shown = "" if secret or isinstance(given, dict | BaseModel) else f" (given: {given!r})"
        lines.append(f"{key}: {_reason(fault['type'], fault['msg'])}{shown}")
    return SettingsError(
        "Settings are not valid. " + "; ".join(lines) + ".", "See docs/settings.md for what is allowed."
    )


def _reason(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such setting"
    said = message.removeprefix("Value error, ")
    return said[:1].lower() + said[1:]
