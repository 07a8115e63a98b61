"""Describe settings as text: the same text for the same contents, on every machine.

The text is readable as far as possible. Marks, which are hashes, complete it: ``[contents
0123456789abcdef]`` for arrays, weights and long states, ``[code ...]`` for functions and classes
that no released package defines, ``[version ...]`` for those that other packages define. Values
whose contents cannot be described (an open file, a generator, a bare ``object()``) are gaps.
"""

from __future__ import annotations

import copyreg
import re
import types
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import sparse
from sklearn.base import BaseEstimator

from gan_resample.evaluation.run import fingerprint_code

__all__ = ["Teller", "without_marks"]

LONG = 500  # characters; a longer state becomes a mark
SHOWN = 20  # numbers; a longer array becomes a mark
PLAIN = (type(None), bool, float, complex, type(Ellipsis), type(NotImplemented), range, slice)


def without_marks(text: str) -> str:
    """Return a text without marks of code and versions."""
    return re.sub(r"\[(code|version) [^\]]*\]", "", text)


def mark(what: str, content: str | bytes) -> str:
    """Return a mark for contents: 64 bits of a hash."""
    raw = content if isinstance(content, bytes) else content.encode(errors="surrogatepass")
    return f"[{what} {sha256(raw).hexdigest()[:16]}]"


class Teller:
    """Describes values as texts, and notes those whose contents cannot be described.

    Attributes
    ----------
    gaps : list of str
        The path of each such value, and what it is.
    """

    def __init__(self) -> None:
        self.gaps: list[str] = []
        self._open: list[int] = []  # values being described, as values may contain themselves
        self.code = fingerprint_code.CodeTeller(self)

    def tell(self, value: Any, path: str, *, cloned: bool = False) -> str:
        """Return the text that describes a value.

        Parameters
        ----------
        value : object
        path : str
            Its name in ``gaps``.
        cloned : bool, default=False
            Whether estimators will be cloned, so that only their parameters count and not what
            they have learned.
        """
        if type(value) in PLAIN:
            return repr(value)
        if id(value) in self._open:
            return f"<{len(self._open) - self._open.index(id(value))} up>"
        self._open.append(id(value))
        try:
            return self._tell(value, path, cloned)
        except RecursionError:
            return self.gap(value, path, "it is nested too deeply")
        except Exception as error:  # a user's object may raise anything
            return self.gap(value, path, str(error))
        finally:
            self._open.pop()

    def gap(self, value: Any, path: str, why: str) -> str:
        """Note a value that cannot be described; return a text in its place."""
        kind = type(value).__name__
        self.gaps.append(f"{path}, of type {kind}" + (f" ({why})" if why else ""))
        return f"<{kind}>"

    def all(self, values: Iterable[Any], path: str, *, cloned: bool = False) -> list[str]:
        """Return the text of each value."""
        return [self.tell(v, f"{path}[{i}]", cloned=cloned) for i, v in enumerate(values)]

    def named(self, values: Mapping[str, Any], path: str, *, cloned: bool = False) -> str:
        """Return ``name=text`` of each value, sorted by name."""
        told = (
            f"{name}={self.tell(values[name], f'{path}.{name}', cloned=cloned)}"
            for name in sorted(values, key=str)
        )
        return ", ".join(told)

    def _tell(self, value: Any, path: str, cloned: bool) -> str:
        if cloned and _is_cloned(value):
            return self._parameters(value, path)
        if (text := self.code.tell(value, path)) is not None:
            return text
        for kinds, tell in KINDS:
            if isinstance(value, kinds):
                return tell(self, value, path)
        if isinstance(value, (set, frozenset)) and type(value) not in BUILT_IN:
            given = [self._of_set(value, path, False), self.named(vars(value), path)]
            return f"{self.code.class_name(type(value), path)}({', '.join(filter(None, given))})"
        if type(value) in BUILT_IN:
            return BUILT_IN[type(value)](self, value, path, cloned)
        return self._object(value, path)

    # ---- objects --------------------------------------------------------------------------------

    def _parameters(self, value: Any, path: str) -> str:
        told = self.named(value.get_params(deep=False), path, cloned=True)
        # a clone also keeps set_output and metadata requests
        kept = ("_sklearn_output_config", "_metadata_request")
        more = {name: vars(value)[name] for name in kept if name in getattr(value, "__dict__", {})}
        more_told = "".join(f", {self.named({n: v}, path)}" for n, v in more.items())
        return f"{self.code.class_name(type(value), path)}({told}{more_told})"

    def _object(self, value: Any, path: str) -> str:
        """Describe an object by what a pickle would contain."""
        if type(value) is object:
            return self.gap(value, path, "nothing tells one from another")
        reduced = value.__reduce_ex__(4)
        if isinstance(reduced, str):  # the name of a global in its module
            module = getattr(value, "__module__", None) or type(value).__module__
            found = self.code.global_name(value, module, reduced, path)
            return found or self.gap(value, path, "nothing tells one from another")
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        name, *given = self._made_by(make, arguments, path)
        if state is not None:
            given.append(self._state(state, path))
        if items is not None:
            given.append(f"[{', '.join(self.all(items, path))}]")
        if pairs is not None:
            given.append(self._pairs(pairs, path, cloned=False))
        told = ", ".join(text for text in given if text)
        if isinstance(value, torch.nn.Module) or len(told) > LONG:
            return f"{name}{mark('contents', told)}"
        return f"{name}({told})"

    def _made_by(self, make: Any, arguments: Any, path: str) -> list[str]:
        if make is getattr(copyreg, "__newobj__", None):
            kind, *rest = arguments
        elif make is getattr(copyreg, "__newobj_ex__", None):
            kind, rest, keywords = arguments
            rest = [*rest, keywords] if keywords else rest
        else:
            kind, rest = make, arguments
        return [self.tell(kind, path), *self.all(rest, path)]

    def _state(self, state: Any, path: str) -> str:
        parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
        if all(p is None or (isinstance(p, dict) and all(map(_is_text, p))) for p in parts):
            return ", ".join(self.named(p, path) for p in parts if p)
        return self.tell(state, path)

    # ---- containers -----------------------------------------------------------------------------

    def _pairs(self, pairs: Iterable[Any], path: str, cloned: bool) -> str:
        told = []
        for key, value in pairs:
            name = self.tell(key, f"a key of {path}")
            told.append(f"{name}: {self.tell(value, f'{path}[{name:.50}]', cloned=cloned)}")
        return "{" + ", ".join(told) + "}"

    def _of_dict(self, value: Any, path: str, cloned: bool) -> str:
        # in the order of the pairs, as order may matter (columns, steps)
        return self._pairs(value.items(), path, cloned)

    def _of_list(self, value: Any, path: str, cloned: bool) -> str:
        return f"[{', '.join(self.all(value, path, cloned=cloned))}]"

    def _of_tuple(self, value: Any, path: str, cloned: bool) -> str:
        told = self.all(value, path, cloned=cloned)
        return f"({', '.join(told)}{',' if len(told) == 1 else ''})"

    def _of_set(self, value: Any, path: str, cloned: bool) -> str:
        told = sorted(self.tell(each, f"an element of {path}", cloned=cloned) for each in value)
        text = "{" + ", ".join(told) + "}" if told else "set()"
        return text if isinstance(value, set) else f"frozenset({text if told else ''})"

    def _of_text(self, value: Any, path: str, cloned: bool) -> str:
        told = repr(bytes(value) if isinstance(value, memoryview) else value)
        return told if len(told) <= 2 * LONG else f"{type(value).__name__}{mark('contents', told)}"

    def _of_whole_number(self, value: int, path: str, cloned: bool) -> str:
        return repr(value) if value.bit_length() < 4000 else hex(value)

    # ---- kinds of others ------------------------------------------------------------------------

    def _of_partial(self, value: partial[Any], path: str) -> str:
        func = self.tell(value.func, f"{path}.func")
        given = [*self.all(value.args, f"{path}.args"), self.named(value.keywords, path)]
        return f"functools.partial({', '.join([func, *filter(None, given)])})"

    def _of_member(self, value: Enum, path: str) -> str:
        kind = self.code.class_name(type(value), path)
        return f"{kind}.{value.name}({self.tell(value.value, f'{path}.value')})"

    def _of_tensor(self, value: torch.Tensor, path: str) -> str:
        if value.is_meta:
            return self.gap(value, path, "a meta tensor has no numbers")
        plain = value.detach().cpu()
        plain = plain.dequantize() if plain.is_quantized else plain
        dense = plain.to_dense() if plain.layout != torch.strided else plain
        # the device does not count: it says where numbers are, not what they are
        raw = dense.resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8)
        grad = ", requires_grad" if value.requires_grad else ""
        shape = tuple(value.shape)
        content = mark("contents", raw.numpy().tobytes())
        return f"{type(value).__name__}({value.dtype}, {shape}{grad}){content}"

    def _of_number(self, value: np.generic, path: str) -> str:
        if value.dtype.hasobject or value.dtype.names:
            return self._of_array(np.asarray(value), path)
        short = value.dtype.kind in "biuf" and value.itemsize <= 8
        return f"numpy.{value.dtype.name}({value.item() if short else value!r})"

    def _of_array(self, value: np.ndarray[Any, Any], path: str) -> str:
        kind, dtype = type(value).__name__, value.dtype
        if isinstance(value, np.ma.MaskedArray):
            parts = (value.data, np.ma.getmaskarray(value), value.fill_value)
            return f"{kind}({', '.join(self.all(parts, path))})"
        plain = np.asarray(value)
        kind = "array" if kind == "ndarray" else kind
        exact = dtype.kind in "biu" or (dtype.kind == "f" and dtype.itemsize <= 8)
        if exact and plain.ndim == 1 and plain.size <= SHOWN:
            return f"{kind}({plain.tolist()}, {dtype.str})"
        if dtype.names:  # padding between the fields is not content
            content = ", ".join(self._of_array(plain[n], f"{path}[{n!r}]") for n in dtype.names)
        elif dtype.hasobject or dtype.kind == "T":
            content = ", ".join(self.all(plain.ravel().tolist(), path))
        elif dtype.kind in "fc" and dtype.itemsize // (1 + (dtype.kind == "c")) > 8:
            content = ", ".join(map(repr, plain.ravel()))  # bytes would include padding
        else:
            return f"{kind}({dtype.str}, {plain.shape}){mark('contents', plain.tobytes())}"
        told = self.tell(dtype.descr, path) if dtype.names else dtype.str
        return f"{kind}({told}, {plain.shape}){mark('contents', content)}"

    def _of_sparse(self, value: Any, path: str) -> str:
        entries = value.tocoo(copy=True)
        entries.sum_duplicates()
        content = ", ".join(self.all([*entries.coords, entries.data], path))
        return (
            f"{type(value).__name__}({value.dtype.str}, {value.shape}){mark('contents', content)}"
        )

    def _of_frame(self, value: pd.DataFrame, path: str) -> str:
        columns = [self._column(value.iloc[:, i].array, path) for i in range(value.shape[1])]
        parts = [self.tell(value.columns, f"{path}.columns"), self.tell(value.index, path)]
        return (
            f"{type(value).__name__}({value.shape}){mark('contents', ', '.join(parts + columns))}"
        )

    def _of_series(self, value: pd.Series[Any], path: str) -> str:
        parts = [self.tell(value.name, path), self.tell(value.index, path)]
        content = ", ".join([*parts, self._column(value.array, path)])
        return f"{type(value).__name__}({value.dtype}, {len(value)}){mark('contents', content)}"

    def _of_index(self, value: pd.Index[Any], path: str) -> str:
        names = self.tell(list(value.names), path)
        if isinstance(value, pd.MultiIndex):
            levels = (value.get_level_values(i).array for i in range(value.nlevels))
            content = ", ".join(self._column(level, path) for level in levels)
        else:
            content = self._column(value.array, path)
        return f"{type(value).__name__}({names}, {len(value)}){mark('contents', content)}"

    def _of_column(self, value: Any, path: str) -> str:
        return f"{type(value).__name__}{mark('contents', self._column(value, path))}"

    def _column(self, value: Any, path: str) -> str:
        """Describe an array of pandas by its values, whatever its storage."""
        dtype = value.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            about = f"category {dtype.ordered} {self.tell(dtype.categories, path)}"
            return f"{about} {self.tell(value.codes, path)}"
        if isinstance(dtype, np.dtype):
            return self.tell(value.to_numpy(), path)
        return f"{dtype} {', '.join(self.all(value.astype(object), path))}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_cloned(value: Any) -> bool:
    """Whether scikit-learn's ``clone`` makes a copy from its parameters."""
    if isinstance(value, type) or not hasattr(value, "get_params"):
        return False
    own = getattr(type(value), "__sklearn_clone__", BaseEstimator.__sklearn_clone__)
    return own is BaseEstimator.__sklearn_clone__


Told = Callable[[Teller, Any, str], str]
KINDS: list[tuple[Any, Told]] = [
    (partial, Teller._of_partial),
    (Enum, Teller._of_member),
    (torch.Tensor, Teller._of_tensor),
    (np.generic, Teller._of_number),
    (np.ndarray, Teller._of_array),
    ((sparse.sparray, sparse.spmatrix), Teller._of_sparse),
    (pd.DataFrame, Teller._of_frame),
    (pd.Series, Teller._of_series),
    (pd.Index, Teller._of_index),
    (pd.api.extensions.ExtensionArray, Teller._of_column),
]
BUILT_IN: dict[type, Callable[[Teller, Any, str, bool], str]] = {
    int: Teller._of_whole_number,
    str: Teller._of_text,
    bytes: Teller._of_text,
    bytearray: Teller._of_text,
    memoryview: Teller._of_text,
    list: Teller._of_list,
    tuple: Teller._of_tuple,
    set: Teller._of_set,
    frozenset: Teller._of_set,
    dict: Teller._of_dict,
    types.MappingProxyType: Teller._of_dict,
}
