"""Writes what the code knows better than a person would keep it: docs/settings.md and docs/schemas/*.json.

`python -m pipelines.documents` writes them anew; a test fails where a committed file is not what would be written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from monitor.alerts.messages import payload_schema
from monitor.broker.codec import TOPIC_TYPES, json_schema
from monitor.settings import Settings

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs"
_NAMES: Final[Mapping[type, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "text, kept secret",
    timedelta: "duration",
}
_BOUNDS: Final = (
    ("ge", "at least {}"),
    ("gt", "above {}"),
    ("le", "at most {}"),
    ("lt", "below {}"),
    ("min_length", "at least {} long"),
    ("max_length", "at most {} long"),
    ("pattern", "matches `{}`"),
)
_INTRODUCTION: Final = """# Settings

Generated from `monitor/settings.py` by `python -m pipelines.documents`; change the descriptions there.

A setting comes, the later one winning, from its default, from `monitor.toml` in the working directory (or from the file
that the environment variable `MONITOR_CONFIG` names), and from an environment variable of its own. Lists and tables are
given as JSON there, whole, such as `MONITOR_CLASSIFY__LANGUAGES='["en", "de"]'`. A name that is not known is an error,
in the file and of a variable that begins with `MONITOR_`, and so is a value that is not allowed: every command then
says which setting it is and what is allowed.

Secrets (passwords, signing keys, addresses with tokens in them) are better given by the environment than in a file.
"""


def documents() -> dict[str, str]:
    """Everything that is generated: by path below `docs/`, the content."""
    schemas = {topic: json_schema(topic) for topic in TOPIC_TYPES} | {"notification": payload_schema()}
    written = {f"schemas/{name}.json": json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()}
    return {"settings.md": settings_document()} | written


def settings_document() -> str:
    """Markdown: a table for each section of the settings, in the order of the code."""
    return _INTRODUCTION + "".join(_sections(Settings, (), "", in_list=False))


def settings_without_description() -> list[str]:
    """The keys of settings that nobody has described."""
    return [".".join((*path, key)) for path, key, field in _all_fields(Settings, ()) if not field.description]


def _all_fields(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, FieldInfo]]:
    for name, field in model.model_fields.items():
        key = field.alias or name
        yield path, key, field
        for inner in _models_of(field.annotation):
            yield from _all_fields(inner, (*path, key))


def _sections(model: type[BaseModel], path: tuple[str, ...], description: str, *, in_list: bool) -> Iterator[str]:
    rows, inner = [], []
    for name, field in model.model_fields.items():
        key = field.alias or name
        nested = _models_of(field.annotation)
        many = bool(nested) and get_origin(field.annotation) is tuple
        if not nested or many:
            rows.append(_row((*path, key), field, in_list=in_list))
        for one in nested:
            about = (one.__doc__ or "").strip() if len(nested) > 1 else field.description or ""
            inner.append((one, (*path, key), about, many or in_list))
    yield _heading(path, description, _kind_of(model), in_list=in_list)
    if rows:
        yield "| key | type | default | allowed | meaning | environment variable |\n|---|---|---|---|---|---|\n"
        yield from rows
    for one, below, about, many in inner:
        yield from _sections(one, below, about, in_list=many)


def _kind_of(model: type[BaseModel]) -> str:
    """The value that tells this table from others of its list; empty where there are no others."""
    kind = model.model_fields.get("kind")
    values = get_args(kind.annotation) if kind is not None else ()
    return str(values[0]) if len(values) == 1 else ""


def _heading(path: tuple[str, ...], description: str, kind: str, *, in_list: bool) -> str:
    if not path:
        return "\n## At the top of the file\n\n"
    name = ".".join(path)
    title = f"[[{name}]]" if in_list else f"[{name}]"
    repeated = " One such table for each." if in_list else ""
    marked = f', `kind = "{kind}"`' if kind else ""
    return f"\n## `{title}`{marked}\n\n{description}{repeated}\n\n"


def _row(path: tuple[str, ...], field: FieldInfo, *, in_list: bool) -> str:
    variable = "" if in_list else f"`MONITOR_{'__'.join(path).upper()}`"
    many = bool(_models_of(field.annotation))
    kind = f"list of tables, see `[[{'.'.join(path)}]]`" if many else _type(field.annotation)
    cells = (f"`{path[-1]}`", kind, _default(field), _allowed(field), field.description or "", variable)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _models_of(annotation: Any) -> list[type[BaseModel]]:
    """The models that a field holds, once or in a list; of several, each item is one. None for a plain value."""
    inner = get_args(annotation)[0] if get_origin(annotation) is tuple else annotation
    while hasattr(inner, "__metadata__"):
        inner = get_args(inner)[0]
    if get_origin(inner) in (Union, UnionType):
        return [model for part in get_args(inner) for model in _models_of(part)]
    return [inner] if isinstance(inner, type) and issubclass(inner, BaseModel) else []


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "one of " + ", ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"table of {_type(arguments[1])}"
    if arguments and hasattr(annotation, "__metadata__"):
        return _type(arguments[0])
    if NoneType in arguments:
        return " or ".join(_type(argument) for argument in arguments if argument is not NoneType)
    return _NAMES[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    return "unset" if default is None else f"`{_plain(default)}`"


def _plain(value: object) -> str:
    match value:
        case BaseModel():
            given = ((name, getattr(value, name)) for name in value.model_fields_set)
            return "{" + ", ".join(f"{name} = {_plain(each)}" for name, each in sorted(given)) + "}"
        case dict():
            return "{" + ", ".join(f"{name} = {_plain(each)}" for name, each in sorted(value.items())) + "}"
        case tuple():
            return "[" + ", ".join(map(_plain, value)) + "]"
        case SecretStr():
            return '""'
        case timedelta():
            return f'"{_span(value)}"'
        case bool() | int() | float():
            return json.dumps(value)
        case _:
            return json.dumps(str(value), ensure_ascii=False)


def _allowed(field: FieldInfo) -> str:
    found = []
    for constraint in field.metadata:
        for name, words in _BOUNDS:
            bound = getattr(constraint, name, None)
            if bound is not None:
                found.append(words.format(_bound(bound)))
    return ", ".join(found)


def _bound(bound: object) -> object:
    if isinstance(bound, timedelta):
        return _span(bound)
    return f"{bound:,}" if isinstance(bound, int) else bound


def _span(value: timedelta) -> str:
    """As it may be written in a settings file: hours, minutes and seconds, days before them."""
    hours, rest = divmod(value.seconds, 3600)
    clock = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return f"{value.days}d {clock}" if value.days else clock


def main() -> None:
    """Writes every generated document, and tells which changed."""
    for name, content in documents().items():
        path = FOLDER / name
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            sys.stdout.write(f"Written: {name}\n")


if __name__ == "__main__":
    main()
