"""Frozen, slotted records that cost little to import and to make.

`@dataclass(frozen=True, slots=True)` compiles half a dozen methods for every class; sixty of them
take 33 ms at each start. `@record` compiles one `__init__` for each number of fields and keeps the rest shared.

It is the type checker that keeps records frozen: to stop assignments at run time makes every record cost twice as much,
and a policy of ten thousand rules makes hundreds of thousands of them.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from types import CodeType, FunctionType
from typing import Any, TypeVar, cast, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def record(cls: type[_T]) -> type[_T]:
    """Make a slotted, comparable and hashable record of the annotated names of a class, frozen to the type checker.

    A field whose name ends in `span` says where something was written and takes no part in equality.
    Mutable defaults are not copied: use tuples. A record cannot inherit from another.
    """
    names = tuple(cls.__annotations__)
    defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
    body = {k: v for k, v in cls.__dict__.items() if k not in defaults and k not in ("__dict__", "__weakref__")}
    compared = tuple(name for name in names if not name.endswith("span"))
    body |= {
        "__slots__": names,
        "__match_args__": names,
        "_compared": compared,
        "_values": _getter(compared),
        "__repr__": body.get("__repr__", _repr),
        "__eq__": body.get("__eq__", _eq),
        "__hash__": body.get("__hash__") or _hash,
    }
    made: Any = type(cls.__name__, cls.__bases__, body)
    made.__init__ = _init(made, names, defaults)
    return cast("type[_T]", made)


def replace(made: _T, **changes: Any) -> _T:
    """A copy of a record with some fields changed."""
    values = {name: getattr(made, name) for name in type(made).__slots__}  # type: ignore[attr-defined]
    return type(made)(**(values | changes))


_CODES: dict[int, CodeType] = {}


def _init(cls: type, names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """The `__init__` of a class: that of all records with as many fields, with its own names."""
    count = len(names)
    assert names[count - len(defaults) :] == tuple(defaults), (
        f"{cls.__name__}: a field without a default after one with"
    )
    if count not in _CODES:
        scope: dict[str, Any] = {}
        parameters = "".join(f", field_{at}" for at in range(count))
        lines = [f" self.field_{at} = field_{at}" for at in range(count)] or [" pass"]
        exec(f"def __init__(self{parameters}):\n" + "\n".join(lines), scope)
        _CODES[count] = scope["__init__"].__code__
    code = _CODES[count].replace(co_varnames=("self", *names), co_names=names)
    return FunctionType(code, {}, "__init__", tuple(defaults.values()))


def _getter(names: tuple[str, ...]) -> Callable[[Any], Any]:
    """What reads the values of these fields: one alone, or several as a tuple."""
    return staticmethod(attrgetter(*names) if names else lambda _: ())


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self._values(self) == self._values(other)


def _hash(self: Any) -> int:
    return hash(self._values(self))


def _repr(self: Any) -> str:
    return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._compared)})"
