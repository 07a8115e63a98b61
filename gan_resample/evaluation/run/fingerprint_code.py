"""Describe functions, classes and modules as text: by name and version, or by their code.

Those that a released package defines are described by name and version, or by name alone if every
store holds the package's version (this one, scikit-learn, imbalanced-learn, torch, numpy, and
Python itself). For all others the code counts: bytecode without line numbers and file names,
constants, defaults, variables of enclosing functions, the globals that it reads, methods and
attributes of classes, and the modules that it imports.
"""

from __future__ import annotations

import dis
import enum
import functools
import importlib.metadata
import importlib.util
import site
import sys
import sysconfig
import types
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_resample.evaluation.run import fingerprint

if TYPE_CHECKING:
    from gan_resample.evaluation.run.fingerprint import Teller

__all__ = ["CodeTeller"]

TOLD = {
    "gan_resample",
    "imblearn",
    "sklearn",
    "torch",
    "numpy",
}  # compare() records their versions
SHORT = {"gan_resample", "imblearn", "sklearn"}  # their classes are named without the module

#: Attributes of classes that do not affect what they do, or follow from others.
LEFT_OUT = {
    *("__doc__", "__module__", "__dict__", "__weakref__", "__qualname__", "__firstlineno__"),
    *("__static_attributes__", "__annotations__", "__annotate__", "__annotate_func__"),
    *("__annotations_cache__", "__orig_bases__", "__parameters__", "__match_args__"),
    *("__dataclass_fields__", "__dataclass_params__", "__abstractmethods__", "_abc_impl"),
}
NAMED = (types.MemberDescriptorType, types.GetSetDescriptorType)
OF_CLASSES = (
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
)


class CodeTeller:
    """Describes functions, classes and modules for a :class:`Teller`, which describes the rest."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._seen: dict[int, tuple[int, Any]] = {}  # within a description by code
        self._depth = 0

    def tell(self, value: Any, path: str) -> str | None:
        """Return the text of a function, class or module; None for any other value."""
        if isinstance(value, type):
            return self.class_name(value, path)
        if isinstance(value, types.FunctionType):
            return self._function(value, path)
        if isinstance(value, types.MethodType):
            own = self._teller.tell(value.__self__, f"{path}.__self__")
            return f"{self._teller.tell(value.__func__, path)} of {own}"
        if isinstance(value, (types.BuiltinFunctionType, types.MethodWrapperType)):
            return self._built_in(value, path)
        if isinstance(value, OF_CLASSES):
            return f"{self._teller.tell(value.__objclass__, path)}.{value.__name__}"
        if isinstance(value, types.ModuleType):
            return self._module(value.__name__)
        if isinstance(value, types.CodeType):
            return self._by_code(value, "code", lambda: self._code(value, path))
        if isinstance(value, np.ufunc):
            return self._ufunc(value, path)
        if hasattr(value, "__qualname__") and hasattr(value, "__module__"):
            return self._wrapper(value, path)
        return None

    # ---- by name --------------------------------------------------------------------------------

    def global_name(self, value: Any, module: Any, name: str, path: str) -> str | None:
        """Describe a global of a released module; None if that global is another object."""
        found = sys.modules.get(module) if isinstance(module, str) else None
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is not value or (version := _version(module)) is None:
            return None
        return f"{module}.{name}{version}"

    def _built_in(self, value: Any, path: str) -> str:
        own = value.__self__
        if own is None or isinstance(own, (types.ModuleType, type)):
            holder = value.__module__ or getattr(own, "__module__", None) or "builtins"
            version = _version(holder)
            if version is None:
                return self._teller.gap(value, path, "its code cannot be read")
            return f"{holder}.{value.__qualname__}{version}"
        return f"{value.__name__} of {self._teller.tell(own, f'{path}.__self__')}"

    def _ufunc(self, value: Any, path: str) -> str:
        for module in ("numpy", "scipy.special"):
            if text := self.global_name(value, module, value.__name__, path):
                return text
        return self._teller.gap(value, path, "its code cannot be read")

    def _wrapper(self, value: Any, path: str) -> str | None:
        """Describe a wrapper of a function, such as numpy's dispatchers and cached functions."""
        if text := self.global_name(value, value.__module__, value.__qualname__, path):
            return text
        if isinstance(value, functools._lru_cache_wrapper):
            return f"cached {self._teller.tell(value.__wrapped__, path)}"
        return None

    def class_name(self, kind: type, path: str) -> str:
        """Return the name of a class, with a mark of its code if no released package has it."""
        name = kind.__qualname__
        if text := self.global_name(kind, kind.__module__, name, path):
            return name if kind.__module__.partition(".")[0] in SHORT else text
        full = f"{kind.__module__}.{name}"
        return self._by_code(kind, full, lambda: self._class(kind, f"class {full} of {path}"))

    # ---- by code --------------------------------------------------------------------------------

    def _by_code(self, value: Any, name: str, content: Any) -> str:
        """Return a name with a mark of ``content``, or a number for an object met before."""
        if self._depth == 0:
            self._seen = {}
        if id(value) in self._seen:
            return f"{name}<{self._seen[id(value)][0]}>"
        self._seen[id(value)] = len(self._seen), value
        self._depth += 1
        try:
            return f"{name}{fingerprint.mark('code', content())}"
        finally:
            self._depth -= 1

    def _function(self, value: types.FunctionType, path: str) -> str:
        name = f"{value.__module__}.{value.__qualname__}"
        if text := self.global_name(value, value.__module__, value.__qualname__, path):
            return text
        return self._by_code(value, name, lambda: self._function_content(value, path))

    def _function_content(self, value: types.FunctionType, path: str) -> str:
        parts = [self._code(value.__code__, path, value.__doc__)]
        for name, content in (
            ("defaults", value.__defaults__ or ()),
            ("defaults", value.__kwdefaults__ or {}),
            ("attributes", {k: v for k, v in vars(value).items() if k != "__wrapped__"}),
        ):
            parts.append(self._teller.tell(content, f"the {name} of {path}"))
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=False)
        outer = {name: _content(cell) for name, cell in cells}
        parts.append(self._variables(outer, path))
        home = value.__globals__.get("__name__")
        version = _version(home)
        if version is None:  # otherwise the package's version covers the globals it reads
            own = value.__globals__
            names = set(_globals(value.__code__)) & own.keys()
            parts.append(self._variables({name: own[name] for name in names}, path))
            parts += self._imports(value.__code__, own.get("__package__") or "")
        return "; ".join([*parts, version or ""])

    def _variables(self, values: dict[str, Any], path: str) -> str:
        told = (
            f"{name}={self._teller.tell(value, f'{name}, which {path} uses')}"
            for name, value in sorted(values.items())
        )
        return ", ".join(told)

    def _code(self, code: types.CodeType, path: str, doc: str | None = None) -> str:
        constants = [None if doc and each == doc else each for each in code.co_consts]
        parts = [
            *(code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags),
            *(code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
            *(code.co_code.hex(), code.co_exceptiontable.hex()),
        ]
        told = (
            self._code(each, path)
            if isinstance(each, types.CodeType)
            else self._teller.tell(each, path)
            for each in constants
        )
        return f"{parts}; {', '.join(told)}"

    def _class(self, kind: type, path: str) -> str:
        """Describe bases, methods and attributes, including those that methods change."""
        told = [self._teller.tell(base, path) for base in (*kind.__bases__, type(kind))]
        own = dict(vars(kind))
        if issubclass(kind, enum.Enum):
            own = {n: v for n, v in own.items() if isinstance(v, types.FunctionType)}
            told += [f"{n}={self._teller.tell(m.value, path)}" for n, m in _members(kind)]
        for name in sorted(own.keys() - LEFT_OUT):
            value = own[name]
            inner = _functions(value)
            if isinstance(value, NAMED):
                continue
            texts = self._teller.all(inner or [value], f"attribute {name} of {path}")
            told.append(f"{name}: {type(value).__name__} {', '.join(texts)}")
        return "; ".join(told)

    # ---- modules --------------------------------------------------------------------------------

    def _module(self, name: str) -> str:
        version = _version(name)
        if version is not None:
            return f"{name}{version}"
        found = _find(name)
        read = getattr(getattr(found, "loader", None), "get_code", None)
        code = read(name) if read is not None and name != "__main__" else None
        if code is None:
            return name
        package = name if getattr(found, "submodule_search_locations", None) else found.parent
        return self._by_code(
            code, name, lambda: "; ".join([self._code(code, name), *self._imports(code, package)])
        )

    def _imports(self, code: types.CodeType, package: str) -> list[str]:
        """Describe the modules that code imports when it runs."""
        return [self._module(name) for name in sorted(set(_imported(code, package)))]


# ---- code ---------------------------------------------------------------------------------------


def _steps(code: types.CodeType) -> Iterator[list[dis.Instruction]]:
    """Instructions of a function, and of the functions defined in it."""
    yield [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _steps(each)


def _globals(code: types.CodeType) -> Iterator[str]:
    for steps in _steps(code):
        yield from (step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"))


def _imported(code: types.CodeType, package: str) -> Iterator[str]:
    for steps in _steps(code):
        for at, step in enumerate(steps):
            if step.opname == "IMPORT_NAME":
                level = steps[at - 2].argval if at > 1 else 0
                if not isinstance(level, int) or (level and not package):
                    continue
                yield importlib.util.resolve_name("." * level + step.argval, package or None)


def _functions(value: Any) -> list[Any]:
    """Return the functions behind an attribute of a class."""
    if isinstance(value, types.FunctionType):
        return [value]
    if isinstance(value, (staticmethod, classmethod)):
        return _functions(value.__func__)
    if isinstance(value, functools.cached_property):
        return _functions(value.func)
    if isinstance(value, property):
        return [each for f in (value.fget, value.fset, value.fdel) for each in _functions(f)]
    return []


def _members(kind: Any) -> list[tuple[str, enum.Enum]]:
    return list(kind.__members__.items())


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not set yet
        return None


# ---- where modules come from --------------------------------------------------------------------


def _version(module: Any) -> str | None:
    """Return the mark of a package's version, "" if stores hold it, None for a user's module."""
    if not isinstance(module, str):
        return None
    top = module.partition(".")[0]
    if top in TOLD or top in sys.stdlib_module_names or top == "builtins":
        return ""
    return _installed(top) if top != "__main__" else None


@functools.cache
def _installed(top: str) -> str | None:
    origin = getattr(_find(top), "origin", None)
    folders = getattr(_find(top), "submodule_search_locations", None)
    places = [Path(place) for place in ([origin] if origin else folders or [])]
    if not any(place.is_relative_to(root) for place in places for root in _roots()):
        return None
    try:
        return f"[version {importlib.metadata.version(top)}]"
    except importlib.metadata.PackageNotFoundError:
        names = importlib.metadata.packages_distributions().get(top, [])
    versions = sorted({f"{name} {importlib.metadata.version(name)}" for name in names})
    return f"[version {', '.join(versions)}]" if versions else None


@functools.cache
def _roots() -> list[Path]:
    paths = sysconfig.get_paths()
    found = [paths["purelib"], paths["platlib"], *site.getsitepackages(), site.USER_SITE or ""]
    return [Path(path) for path in found if path]


def _find(module: str) -> Any:
    try:
        return importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        return None
