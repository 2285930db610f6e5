# SPDX-License-Identifier: Apache-2.0
"""Turns TOML tables into frozen dataclasses and dataclasses back into documented TOML.

Knows nothing of Passerby's own sections. A field is `Annotated[type, msgspec.Meta(description=...,
ge=..., le=..., title="what is accepted, in words")]`; a field whose type is itself a dataclass is a
section; what contradicts within a section is a ValueError of its __post_init__. Paths may start
with `~` and, when relative, are taken from the folder of the file that names them.
"""

import dataclasses
import json
import math
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance

Section = TypeVar("Section")

_NOUNS: dict[object, str] = {int: "a whole number", float: "a number", str: "text", Path: "a path"}


def fill(kind: type[Section], table: dict[str, Any], *, base: Path) -> tuple[Section, list[str]]:
    """Make a `kind` from `table`; what is absent or faulty keeps its default.

    Returns:
        The dataclass, and one sentence per fault, each opening with the key path.
    """
    faults: list[str] = []
    return _fill(kind, table, base, "", faults), faults


def _fill(
    kind: type[Section], table: dict[str, Any], base: Path, prefix: str, faults: list[str]
) -> Section:
    hints = typing.get_type_hints(kind, include_extras=True)
    values: dict[str, Any] = {}
    for key, value in table.items():
        path = prefix + key
        if key not in hints:
            faults.append(_unknown(path, key, hints, "." not in path and isinstance(value, dict)))
        elif dataclasses.is_dataclass(hints[key]):
            if isinstance(value, dict):
                values[key] = _fill(hints[key], value, base, f"{path}.", faults)
            else:
                faults.append(f"{path} is {_shown(value)}, expected a table: write [{path}]")
        else:
            try:
                values[key] = _convert(value, hints[key], base)
            except msgspec.ValidationError:
                faults.append(f"{path} is {_shown(value)}, expected {accepted(hints[key])}")
    try:
        return kind(**values)
    except ValueError as error:  # what one section's own __post_init__ finds contradictory
        faults.append(f"{prefix.removesuffix('.')}: {error}")
        return kind()


def _unknown(path: str, key: str, known: dict[str, Any], table: bool) -> str:
    import difflib  # noqa: PLC0415  only a faulty file pays for it

    close = difflib.get_close_matches(key, known, n=1)
    guess = f"did you mean {path.removesuffix(key)}{close[0]}? " if close else ""
    return f"{path} is no {'section' if table else 'key'}; {guess}known here: {', '.join(known)}"


def _convert(value: object, hint: object, base: Path) -> object:
    core, optional = _core(hint)
    if core is Path:
        if not isinstance(value, str) or "\0" in value or not (value or optional):
            raise msgspec.ValidationError
        try:
            return base / Path(value).expanduser() if value else None
        except RuntimeError as error:  # "~nobody": no such user
            raise msgspec.ValidationError from error
    if isinstance(value, float) and not math.isfinite(value):
        raise msgspec.ValidationError
    return msgspec.convert(value, hint)


def _core(hint: object) -> tuple[Any, bool]:
    """The bare type under Annotated and Optional, and whether None is allowed."""
    bare = typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint
    if typing.get_origin(bare) in (types.UnionType, typing.Union):
        return next(a for a in typing.get_args(bare) if a is not types.NoneType), True
    return bare, False


def _meta(hint: object) -> msgspec.Meta:
    found = (m for m in getattr(hint, "__metadata__", ()) if isinstance(m, msgspec.Meta))
    return next(found, msgspec.Meta())


def accepted(hint: object) -> str:
    """The values that a field takes, in words: "a whole number from 1 to 16"."""
    core, optional = _core(hint)
    if typing.get_origin(core) is typing.Literal:
        return "one of " + ", ".join(json.dumps(choice) for choice in typing.get_args(core))
    if core is bool:
        return "true or false"
    meta = _meta(hint)
    if meta.title:
        return meta.title
    words = _NOUNS[core]
    if meta.ge is not None and meta.le is not None:
        words += f" from {meta.ge} to {meta.le}"
    return words + (' or ""' if optional else "")


def _shown(value: object) -> str:
    text = _toml(value) if isinstance(value, (bool, str, float, int)) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."


def _toml(value: object) -> str:
    if value is None:
        return '""'
    if isinstance(value, (str, Path)):
        return json.dumps(str(value), ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def as_toml(settings: "DataclassInstance", *, documented: bool) -> str:
    """The dataclass as TOML text.

    Args:
        settings: an instance with sections.
        documented: add a sentence and the accepted values above each key and put the key itself in
            a comment, so that a later version's defaults still reach who copied the text.
    """
    lines: list[str] = []
    _write(settings, "", documented, lines)
    return "\n".join(lines).strip("\n") + "\n"


def _write(section: "DataclassInstance", prefix: str, documented: bool, lines: list[str]) -> None:
    hints = typing.get_type_hints(type(section), include_extras=True)
    names = [field.name for field in dataclasses.fields(section)]
    for name in names:
        if dataclasses.is_dataclass(hints[name]):
            continue
        setting = f"{name} = {_toml(getattr(section, name))}"
        if documented:
            description = _meta(hints[name]).description or ""
            lines += [f"# {description}", f"# Accepted: {accepted(hints[name])}.", f"# {setting}"]
            lines.append("")
        else:
            lines.append(setting)
    for name in names:
        if dataclasses.is_dataclass(hints[name]):
            heading = (hints[name].__doc__ or "").partition("\n")[0]
            gap = [] if lines and not lines[-1] else [""]
            lines += [*gap, *([f"# {heading}"] if documented else []), f"[{prefix}{name}]"]
            _write(getattr(section, name), f"{prefix}{name}.", documented, lines)


def as_plain(settings: object) -> dict[str, Any]:
    """The dataclass as nested dictionaries that JSON can hold; paths become text."""
    plain: dict[str, Any] = msgspec.to_builtins(settings, enc_hook=str)
    return plain
