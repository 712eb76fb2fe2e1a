"""Pickles of plain containers, read without Python's own unpickler.

A pickle is a program for a stack machine. Only the instructions below are carried out: they make
dictionaries, lists, tuples, numbers and texts, and call functions from a table of the caller's.
Nothing is imported, and no attribute is looked up or set.
"""

import io
import pickletools
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from zoo.tensor_headers import short

MAX_BYTES = 2**24
MAX_INSTRUCTIONS = 2_000_000
_VALUES = {  # what the instruction itself holds
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_NEW = {"EMPTY_DICT": dict, "EMPTY_LIST": list}
_FIXED_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NOTHING = {"PROTO", "FRAME"}


class Function:
    """A function of ours that a pickle may call, by the name of the original.

    It is a class of its own so that a pickle's values can never be called.
    """

    def __init__(self, call: Callable[..., Any]):
        self.call = call


class OrderedDict(dict):
    """What takes the place of collections.OrderedDict; its attributes are dropped."""


def load(
    data: io.BytesIO, *, known: Mapping[str, Any], persistent: Callable[[tuple], Any] | None = None
) -> Any:
    """Carry out a pickle and return what it makes.

    Args:
        data: stands where the pickle begins, and afterwards where it ends.
        known: "module name" to what takes its place; a `Function` may be called.
        persistent: returns what a persistent id, always a tuple, stands for.

    Raises:
        ValueError: it asks for another name or instruction, is too large, or is damaged.

    >>> import io, pickle
    >>> load(io.BytesIO(pickle.dumps({"a": [1, 2.5, None]}, protocol=2)), known={})
    {'a': [1, 2.5, None]}
    """
    machine = _Machine(known, persistent)
    for count, (code, argument, _) in enumerate(pickletools.genops(data)):
        if count >= MAX_INSTRUCTIONS:
            raise ValueError(f"its pickle has more than {MAX_INSTRUCTIONS} instructions")
        if code.name == "STOP":
            return machine.result()
        machine.step(code.name, argument)
    raise ValueError("its pickle has no end")


class _Machine:
    """The stack, the marks on it, and the memo."""

    def __init__(self, known: Mapping[str, Any], persistent: Callable[[tuple], Any] | None):
        self.known, self.persistent = known, persistent
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # stacks under a mark
        self.memo: dict[int, Any] = {}

    def result(self) -> Any:
        if len(self.stack) != 1 or self.below:
            raise ValueError("its pickle does not end with one value")
        return self.stack[0]

    def step(self, name: str, argument: Any) -> None:
        if name in _VALUES:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _NEW:
            self.stack.append(_NEW[name]())
        elif name in _FIXED_TUPLES:
            self.stack.append(tuple(self._taken(_FIXED_TUPLES[name])))
        elif name not in _NOTHING:
            handler = getattr(self, f"_on_{name.lower()}", None)
            if handler is None:
                raise ValueError(f"its pickle uses the instruction {name}, which data do not need")
            handler(argument)

    def _taken(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError("its pickle takes from an empty stack")
        values = self.stack[-count:]
        del self.stack[-count:]
        return values

    def _since_mark(self) -> list[Any]:
        if not self.below:
            raise ValueError("its pickle lacks a mark")
        values, self.stack = self.stack, self.below.pop()
        return values

    def _top(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise ValueError(f"its pickle needs a {kind.__name__} where there is none")
        return self.stack[-1]

    def _on_mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def _on_tuple(self, _: Any) -> None:
        values = self._since_mark()
        self.stack.append(tuple(values))

    def _on_append(self, _: Any) -> None:
        (value,) = self._taken(1)
        self._top(list).append(value)

    def _on_appends(self, _: Any) -> None:
        values = self._since_mark()
        self._top(list).extend(values)

    def _on_setitem(self, _: Any) -> None:
        self._set(self._taken(2))

    def _on_setitems(self, _: Any) -> None:
        self._set(self._since_mark())

    def _set(self, pairs: list[Any]) -> None:
        if len(pairs) % 2:
            raise ValueError("its pickle has a key without a value")
        target = self._top(dict)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[_key(key)] = value

    def _on_memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self._top(object)

    def _on_binput(self, place: int) -> None:
        self.memo[place] = self._top(object)

    _on_long_binput = _on_binput

    def _on_binget(self, place: int) -> None:
        if place not in self.memo:
            raise ValueError(f"its pickle recalls {place}, which it never stored")
        self.stack.append(self.memo[place])

    _on_long_binget = _on_binget

    def _on_global(self, name: str) -> None:
        if name not in self.known:
            raise ValueError(
                f"its pickle asks for {short(name.replace(' ', '.'))}, which is code and not data"
            )
        self.stack.append(self.known[name])

    def _on_stack_global(self, _: Any) -> None:
        module, name = self._taken(2)
        if not isinstance(module, str) or not isinstance(name, str):
            raise ValueError("its pickle asks for a name that is not text")
        self._on_global(f"{module} {name}")

    def _on_reduce(self, _: Any) -> None:
        function, arguments = self._taken(2)
        if not isinstance(function, Function) or not isinstance(arguments, tuple):
            raise ValueError("its pickle calls something that is not a function")
        self.stack.append(function.call(*arguments))

    def _on_build(self, _: Any) -> None:
        self._taken(1)  # such as `_metadata`, the versions of modules
        self._top(OrderedDict)

    def _on_binpersid(self, _: Any) -> None:
        (identifier,) = self._taken(1)
        if self.persistent is None or not isinstance(identifier, tuple):
            raise ValueError("its pickle refers to something outside itself")
        self.stack.append(self.persistent(identifier))


def _key(key: Hashable) -> Hashable:
    """Return a key; hashing a tuple of tuples of the same tuples would take for ever."""
    if not isinstance(key, str | int | float | None):
        raise ValueError(f"its pickle has a {type(key).__name__} as a key")
    return key


def ordered_dict(pairs: Any = ()) -> OrderedDict:
    """Do what collections.OrderedDict does with nothing, or with a list of pairs."""
    if not isinstance(pairs, list | tuple):
        raise ValueError("its pickle makes a dictionary of something that is not a list")
    result = OrderedDict()
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError("its pickle makes a dictionary of something that is not pairs")
        result[_key(pair[0])] = pair[1]
    return result
