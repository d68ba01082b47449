"""Wrong settings in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final, TypeGuard, get_origin

from pydantic import BaseModel, ValidationError

from monitor.errors import SettingsError

_REMEDY: Final = "See docs/settings.md for what is allowed."
# Kubernetes tells every container of every service; of one called `monitor` under names that begin as ours do.
_LINK: Final = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_[0-9]+_(TCP|UDP|SCTP)")
_LINKED: Final = re.compile(r"(tcp|udp|sctp)://")


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
    return _not_valid(lines)


def explain_json(
    error: Exception, environment: Mapping[str, str], prefix: str, model: type[BaseModel]
) -> SettingsError:
    """The fault of a list or table of the environment that is not JSON; its value may be a secret, so it is not shown.

    Args:
        error: Raised from what the JSON reader raised, which holds the text that it could not read.
        environment: Variables with their values.
        prefix: Begins the names of those that are settings.
        model: All settings.
    """
    unread = getattr(error.__cause__, "doc", None)
    kinds = dict(_variables(model, prefix))
    lines = [
        f"{name[len(prefix) :].lower().replace('__', '.')}: {name} is not JSON"
        for name in _ours(environment, prefix)
        if environment[name] == unread and _is_read_as_json(kinds.get(name.upper()))
    ]
    return _not_valid(
        lines or [f"the environment: {error}"],
        """Lists and tables are given as JSON there, in quotes for the shell: '["one", "two"]'.""",
    )


def check_names(environment: Mapping[str, str], prefix: str, besides: str, model: type[BaseModel]) -> None:
    """Refuses variables that are no setting; of those below a known section the model itself says so.

    Args:
        environment: Variables with their values.
        prefix: Begins the names of all that are looked at.
        besides: A variable with that prefix that is no setting and may be there.
        model: All settings.

    Raises:
        SettingsError: Names each that is not known, and the one that may be meant.
    """
    known = [besides, *dict(_variables(model, prefix))]
    bare = {variable[len(prefix) :]: variable for variable in known}  # in the prefix all are alike
    sections = {name for name, field in model.model_fields.items() if _is_section(field.annotation)}
    lines = []
    for name in _ours(environment, prefix):
        first, joint, _ = name[len(prefix) :].lower().partition("__")
        known_here = name == besides or (first in model.model_fields and (not joint or first in sections))
        if known_here or _LINK.search(name) or _LINKED.match(environment[name]):
            continue
        nearest = get_close_matches(name[len(prefix) :].upper(), bare, n=1)
        meant = f" (nearest: {bare[nearest[0]]})" if nearest else ""
        lines.append(f"{name}: there is no such setting{meant}")
    if lines:
        raise _not_valid(lines, "Correct or unset it in the environment; docs/settings.md names all.")


def _ours(environment: Mapping[str, str], prefix: str) -> list[str]:
    return sorted(name for name in environment if name.upper().startswith(prefix))


def _variables(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, object]]:
    """The variable of every setting and section, and its type."""
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        yield variable, field.annotation
        if _is_section(kind := field.annotation):
            yield from _variables(kind, f"{variable}__")


def _is_read_as_json(annotation: object) -> bool:
    return _is_section(annotation) or get_origin(annotation) in (tuple, dict)


def _is_section(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _not_valid(lines: list[str], remedy: str = _REMEDY) -> SettingsError:
    return SettingsError("Settings are not valid. " + "; ".join(lines) + ".", remedy)


def _reason(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such setting"
    said = message.removeprefix("Value error, ")
    return said[:1].lower() + said[1:]
