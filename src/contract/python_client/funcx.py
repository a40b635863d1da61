"""Runs Python functions on funcX endpoints; one file, nothing but the standard library.

Python 3.6 or later. Put this file beside your program, or anywhere on ``PYTHONPATH``:

    funcx-endpoint client python --output funcx.py
    curl -O https://YOUR.SERVICE/client/funcx.py

Then, on a machine where ``funcx-endpoint login`` was used or the private service runs:

    from funcx import Executor

    def double(x):
        return 2 * x

    with Executor("default") as executor:
        print(executor.submit(double, 21).result())
        print(list(executor.map(double, range(100))))

A function travels as its source. Imports and functions of the same file that it uses go along;
variables around it do not, and are told by name before anything is sent. Arguments and results are
JSON unless ``serializer="pickle"`` is asked for.

Times are seconds and sizes are bytes. Whatever fails raises a ``FuncxError`` that has a ``code``,
a message and, where there is one, a ``hint`` of how to mend it.
"""

import __future__

import ast
import atexit
import base64
import builtins
import concurrent.futures
import dis
import hashlib
import hmac
import html
import http.client
import inspect
import io
import json
import logging
import os
import pickle
import random
import re
import socket
import ssl
import sys
import sysconfig
import textwrap
import threading
import time
import tokenize
import types
import urllib.parse
import urllib.request
import uuid
import weakref
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple, Union

__version__ = "0.1.0"
__all__ = [
    "AuthenticationError",
    "Client",
    "Executor",
    "File",
    "FuncxError",
    "InputError",
    "Record",
    "Records",
    "ServiceUnavailable",
    "TaskCancelled",
    "TaskFailed",
    "TaskFuture",
]

KIB, MIB = 1024, 1024 * 1024
# Arguments above this are uploaded as blobs, and the task refers to them.
INLINE_BYTES = 256 * KIB
# One request of an upload or a download.
CHUNK_BYTES = 8 * MIB
# A submit is closed when it holds so much.
BATCH_BYTES = MIB
MAX_CANCELS = 1000
# So many large results are fetched at once.
DOWNLOADS = 3
# A stream that says nothing for so long, not even that it lives, is dead.
SILENCE = 45.0
# Pickles of this protocol are understood by every Python from 3.6 on.
PICKLE_PROTOCOL = 4
# Answers that promise that the request had no effect, or that it may be repeated.
PASSING = (
    "RESOURCE_LOCKED SERVICE_BUSY SERVICE_STOPPING STORAGE_FULL SERVICE_UNAVAILABLE TIMED_OUT"
).split()

log = logging.getLogger("funcx")


# -- errors ------------------------------------------------------------------------------------


class FuncxError(Exception):
    """What failed and how to mend it.

    >>> print(FuncxError("INPUT_INVALID", "the argument is a set", "send a list"))
    the argument is a set (INPUT_INVALID)
    hint: send a list
    """

    def __init__(self, code: str, message: str, hint: Optional[str] = None) -> None:
        super().__init__(code, message, hint)
        self.code, self.message, self.hint = code, message, hint

    def __str__(self) -> str:
        hint = "\nhint: " + self.hint if self.hint else ""
        return "%s (%s)%s" % (self.message, self.code, hint)


class InputError(FuncxError, ValueError):
    """A function, an argument or an option that cannot be sent; nothing was sent."""


def invalid(message: str, hint: str) -> InputError:
    return InputError("INPUT_INVALID", message, hint)


class AuthenticationError(FuncxError):
    """No token, or one that the service does not take or that may not do this."""


class ServiceUnavailable(FuncxError):
    """Nobody answers, or not in time; the same call may succeed later."""


class TaskCancelled(FuncxError):
    """Somebody cancelled the task."""


class TaskFailed(FuncxError):
    """The function raised, or what ran it was lost.

    ``type`` is the exception's type on the worker, such as ``ZeroDivisionError``, and
    ``remote_traceback`` its traceback there, which is shown as the cause.
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: Optional[str] = None,
        type: str = "",
        remote_traceback: str = "",
    ) -> None:
        super().__init__(code, message, hint)
        # All that __init__ takes, so that it can be pickled as exceptions are.
        self.args = (code, message, hint, type, remote_traceback)
        self.type, self.remote_traceback = type, remote_traceback
        if remote_traceback:
            self.__cause__ = RemoteTraceback(remote_traceback)

    def __str__(self) -> str:
        return (self.type + ": " if self.type else "") + super().__str__()


class RemoteTraceback(Exception):
    """Stands for an exception on a worker, to be shown above the one here."""

    def __str__(self) -> str:
        return '\n"""\n%s"""' % self.args[0]


def error_of_answer(url: str, status: int, body: Any) -> FuncxError:
    """The error that an answer which is not 2xx stands for."""
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        code = "SERVICE_UNAVAILABLE" if status >= 500 else "REQUEST_MALFORMED"
        message = "%s answered with status %d and without an error of this service" % (url, status)
        hint = "check that the address is that of a funcX service, and what stands before it"
        return (ServiceUnavailable if status >= 500 else FuncxError)(code, message, hint)
    if status in (401, 403):
        kind = AuthenticationError
    elif status in (502, 503, 504):
        kind = ServiceUnavailable
    else:
        kind = FuncxError
    return kind(body["code"], str(body.get("reason", "")), body.get("hint"))


def error_of_task(task: Dict[str, Any]) -> FuncxError:
    """The error of a task that did not succeed, as the service tells it."""
    error = task.get("error")
    if error is None:
        if task["status"] == "cancelled":
            return TaskCancelled("TASK_CANCELLED", "the task was cancelled")
        return TaskFailed(
            "UNKNOWN_TASK_FAILURE", "the task failed and its endpoint did not say why"
        )
    if task["status"] == "cancelled":
        return TaskCancelled(error["code"], error["message"], error.get("hint"))
    return TaskFailed(
        error["code"], error["message"], error.get("hint"), error["type"], error["traceback"]
    )


# -- functions as source -----------------------------------------------------------------------


class Source(NamedTuple):
    """A function as it travels: the name to call, and a module that defines it."""

    name: str
    text: str

    def packed(self) -> str:
        """As the service takes it: one packed buffer."""
        return pack(["st\n%s:%s" % (self.name, self.text)])


def source_of(function: Callable[..., Any]) -> Source:
    """The source of a function, with the imports and the functions of its module that it uses.

    Raises ``InputError`` and names what cannot go along: variables of the module or of a function
    around it, modules of your own, methods, classes, functions without a source.

    >>> source_of(len)
    Traceback (most recent call last):
    ...
    funcx.InputError: len has no Python source, so it cannot be sent (INPUT_INVALID)
    hint: wrap it: def call(x): return len(x)
    """
    refuse_other_callables(function)
    bundle = Bundle(function)
    if bundle.missing:
        name = bundle.root_name
        raise invalid(
            "%s uses what is not sent with it: %s" % (name, "; ".join(bundle.missing)),
            "pass values as arguments, and import modules inside the function",
        )
    return Source(bundle.root_name, bundle.text())


def refuse_other_callables(function: Any) -> None:
    """Raises ``InputError`` for what is callable and no plain function."""
    name = getattr(function, "__qualname__", None) or repr(function)
    if inspect.ismethod(function):
        problem = "%s is a method, whose object would have to travel with it" % name
        hint = "write a function that takes what it needs of the object as arguments"
    elif inspect.isfunction(function) and name.split(".")[-2:-1] not in ([], ["<locals>"]):
        problem = "%s belongs to a class, which would have to travel with it" % name
        hint = "write a function outside of the class"
    elif inspect.isclass(function):
        problem, hint = "%s is a class" % name, "write a function that makes the object and uses it"
    elif inspect.isbuiltin(function) or isinstance(function, type(str.join)):
        problem = "%s has no Python source, so it cannot be sent" % name
        hint = "wrap it: def call(x): return %s(x)" % name
    elif not inspect.isfunction(function) and not hasattr(function, "__wrapped__"):
        problem = "a %s is not a function" % type(function).__name__
        hint = "write a function, or give the id of a registered one"
    elif inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        problem = "%s is asynchronous" % name
        hint = "write a plain function that calls asyncio.run(...) inside"
    elif inspect.isgeneratorfunction(function):
        problem = "%s is a generator, and what it yields cannot travel one by one" % name
        hint = "write a function that returns a list"
    else:
        return
    raise invalid(problem, hint)


class Bundle:
    """A function, and what of its module has to be in the same source."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.missing = []  # type: List[str]
        self.imports = set()  # type: set
        self.taken = {}  # type: Dict[str, Any]
        # What is used stands before what uses it, as decorators and defaults need it; by lines it
        # would not, since cells of a notebook count their own.
        self.parts = []  # type: List[str]
        plain = inspect.unwrap(function)
        self.module = plain.__module__
        self.future = "from __future__ import annotations\n" if has_future(plain) else ""
        self.root_name = "call" if plain.__name__ == "<lambda>" else plain.__name__
        self.take(self.root_name, function)

    def text(self) -> str:
        head = self.future + "".join(line + "\n" for line in sorted(self.imports))
        return (head + "\n\n" if head else "") + "\n\n".join(self.parts)

    def take(self, name: str, value: Any) -> None:
        text = definition_of(name, value)
        self.taken[name] = value
        for used in sorted(used_names(self.future + text) - {name}):
            self.resolve(used, value, name)
        self.parts.append(text)

    def resolve(self, name: str, user: Any, user_name: str) -> None:
        """Takes along what `name` stands for, or notes why not."""
        found, value = look_up(name, inspect.unwrap(user))
        by = "" if user_name == self.root_name else " (used by %s)" % user_name
        if name in self.taken:
            # Two functions may mean different things by one name.
            if found and self.taken[name] is not value:
                self.missing.append("%s, which is two different things%s" % (name, by))
        elif not found:
            if not hasattr(builtins, name) and name not in ("__name__", "__builtins__"):
                self.missing.append("%s, which is not defined%s" % (name, by))
        elif isinstance(value, types.ModuleType):
            self.take_import(name, value, "import %s" % value.__name__, by)
        elif (
            inspect.isfunction(value) or inspect.isclass(value) or hasattr(value, "__wrapped__")
        ) and (value.__module__ == self.module and getattr(value, "__name__", None) == name):
            try:
                self.take(name, value)
            except InputError as error:
                self.missing.append("%s, since %s%s" % (name, error.message, by))
        else:
            self.take_member(name, value, by)

    def take_import(self, name: str, module: types.ModuleType, line: str, by: str) -> None:
        if not is_installed(module):
            where = getattr(module, "__file__", None) or "made by this program"
            self.missing.append("%s, a module of your own (%s)%s" % (name, where, by))
        elif name == module.__name__:
            self.imports.add(line)
        elif "." in module.__name__ and name == module.__name__.partition(".")[0]:
            self.imports.add(line)
        else:
            self.imports.add("%s as %s" % (line, name))

    def take_member(self, name: str, value: Any, by: str) -> None:
        """What was imported from an installed module; else it is a variable."""
        module = sys.modules.get(getattr(value, "__module__", None) or "")
        for original in (name, getattr(value, "__name__", None)):
            if module is None or module.__name__ == "__main__" or not is_installed(module):
                break
            if isinstance(original, str) and getattr(module, original, self) is value:
                alias = "" if original == name else " as " + name
                self.imports.add("from %s import %s%s" % (module.__name__, original, alias))
                return
        what = "function" if inspect.isfunction(value) else type(value).__name__
        if inspect.isfunction(value) or inspect.isclass(value):
            what = "%s of %s" % (what, value.__module__)
        self.missing.append("%s, a variable outside of it (%s)%s" % (name, what, by))


def has_future(function: Any) -> bool:
    feature = getattr(__future__, "annotations", None)
    return bool(feature and function.__code__.co_flags & feature.compiler_flag)


def definition_of(name: str, value: Any) -> str:
    """Its source as it can stand at the top level of a module."""
    plain = inspect.unwrap(value)
    try:
        text = inspect.getsource(plain)
    except (OSError, TypeError, SyntaxError, IndexError) as error:
        raise invalid(
            "the source of %s cannot be had: %s" % (name, error),
            "write it into a file and import it, or use a notebook; or register its text with "
            "Client.register_source",
        )
    if getattr(plain, "__name__", "") == "<lambda>":
        return "%s = (%s)\n" % (name, lambda_text(text, plain))
    return unindented(text)


def unindented(text: str) -> str:
    """At the top level, with the lines of its long strings as they are.

    >>> print(unindented("  def f():\\n    return 1\\n"), end="")
    def f():
      return 1
    """
    if text[:1] not in " \t":
        return text
    kept = "if True:\n" + text
    shifted = textwrap.dedent(text)
    try:
        same = ast.dump(ast.Module(ast.parse(kept).body[0].body)) == ast.dump(  # type: ignore
            ast.Module(ast.parse(shifted).body)  # type: ignore
        )
    except SyntaxError:
        same = False
    return shifted if same else kept


def lambda_text(text: str, function: Any) -> str:
    """The lambda among the lines where it stands; `inspect` knows no more than the lines."""
    if function.__code__.co_freevars:
        raise invalid(
            "a lambda uses variables around it: %s" % ", ".join(function.__code__.co_freevars),
            "pass them as arguments",
        )
    found = set()
    for start in lambda_starts(text):
        expression = longest_lambda(text[start:])
        if expression is not None:
            code = compile("(%s)" % expression, "<lambda>", "eval").co_consts[0]
            mine = function.__code__
            if code_facts(code) == code_facts(mine):
                found.add(expression)
    if len(found) == 1:
        return found.pop()
    raise invalid("the lambda cannot be told from others in its lines", "define it with def")


def code_facts(code: Any) -> Tuple[Any, ...]:
    constants = tuple(each for each in code.co_consts if not isinstance(each, types.CodeType))
    return (code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants)


def lambda_starts(text: str) -> List[int]:
    """Where a lambda begins; the lines may be part of a statement."""
    offsets, starts, position = [], [], 0
    for line in text.splitlines(True):
        offsets.append(position)
        position += len(line)
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME and token.string == "lambda":
                starts.append(offsets[token.start[0] - 1] + token.start[1])
    except (tokenize.TokenError, IndentationError, SyntaxError):
        pass
    return starts


def longest_lambda(text: str) -> Optional[str]:
    """A lambda reaches as far as it can.

    >>> longest_lambda("lambda x: (x, 1), 2)")
    'lambda x: (x, 1)'
    """
    for end in range(len(text), 0, -1):
        # An expression ends with a name, a number, a string or a bracket.
        if not (text[end - 1].isalnum() or text[end - 1] in "_)]}\"'."):
            continue
        try:
            if isinstance(ast.parse("(%s)" % text[:end], mode="eval").body, ast.Lambda):
                return text[:end]
        except (SyntaxError, ValueError):
            continue
    return None


def used_names(source: str) -> "set[str]":
    """Names that a module needs from outside when it is run and its functions are called.

    >>> sorted(used_names("def f(x):\\n    y = x\\n    return sqrt(y) + len(z)\\n"))
    ['len', 'sqrt', 'z']
    """
    names = set()
    waiting = [compile(source, "<function>", "exec", dont_inherit=True)]
    top = waiting[0]
    defined = {each.argval for each in dis.get_instructions(top) if each.opname == "STORE_NAME"}
    while waiting:
        code = waiting.pop()
        steps = list(dis.get_instructions(code))
        local = {each.argval for each in steps if each.opname == "STORE_NAME"}
        for step in steps:
            if step.opname == "LOAD_GLOBAL":
                names.add(step.argval)
            elif (
                step.opname in ("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
                and step.argval not in local
            ):
                names.add(step.argval)
        waiting.extend(each for each in code.co_consts if isinstance(each, types.CodeType))
    # Names of a class body, such as __qualname__, are there by themselves.
    return {
        name for name in names if name not in defined and name not in ("__qualname__", "__module__")
    }


def look_up(name: str, user: Any) -> Tuple[bool, Any]:
    """What a function or class means by a name: from around it, else of its module."""
    if inspect.isfunction(user) and name in user.__code__.co_freevars:
        cell = (user.__closure__ or ())[user.__code__.co_freevars.index(name)]
        try:
            return True, cell.cell_contents
        except ValueError:
            return False, None
    if inspect.isfunction(user):
        outside = user.__globals__
    else:
        outside = vars(sys.modules.get(user.__module__, builtins))
    return (True, outside[name]) if name in outside else (False, None)


def is_installed(module: types.ModuleType) -> bool:
    """Whether it is of Python or of a package, so that another machine may have it as well."""
    package = sys.modules.get(module.__name__.partition(".")[0], module)
    if module.__name__ == "__main__":
        return False
    paths = list(getattr(package, "__path__", ())) or [getattr(package, "__file__", None)]
    if paths == [None]:
        return package.__name__ in sys.builtin_module_names or bool(
            getattr(package, "__spec__", None)
        )
    installed = {os.path.realpath(each) + os.sep for each in sysconfig.get_paths().values()}
    folders = ("site-packages", "dist-packages")
    return any(
        os.path.realpath(path).startswith(tuple(installed)) or any(each in path for each in folders)
        for path in paths
    )


JSON_TYPES = {
    "int": "integer",
    "float": "number",
    "str": "string",
    "bool": "boolean",
    "dict": "object",
    "Dict": "object",
    "list": "array",
    "List": "array",
    "tuple": "array",
    "Tuple": "array",
}


def parameters_of(function: Any) -> Optional[Dict[str, Any]]:
    """JSON Schema of what a function takes, of which the portal makes a form.

    >>> parameters_of(lambda a, n=2: a)["properties"]
    {'a': {}, 'n': {'type': 'integer', 'default': 2}}
    """
    found = {"type": "object", "properties": {}, "required": [], "x-order": []}  # type: Any
    try:
        parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    except ValueError:
        return None
    for each in parameters:
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            found["x-varargs" if each.kind == each.VAR_POSITIONAL else "x-kwargs"] = each.name
            continue
        has_default = each.default is not each.empty
        written = each.annotation if each.annotation is not each.empty else type(each.default)
        kind = JSON_TYPES.get(str(getattr(written, "__name__", written)))
        schema = found["properties"][each.name] = {"type": kind} if kind else {}
        if not has_default:
            found["required"].append(each.name)
        elif json_problem(each.default) is None and len(json.dumps(each.default)) <= 1000:
            schema["default"] = each.default
        if each.kind != each.KEYWORD_ONLY:
            found["x-order"].append(each.name)
    return found if len(found["properties"]) <= 100 else None


# -- arguments and results ---------------------------------------------------------------------


class File:
    """A file as an argument: the function gets the path of a copy that it may read.

    Only as an argument itself, not inside of a list or dict, and with JSON. ``path`` is of a file
    here; the copy has the same name.
    """

    def __init__(self, path: Union[str, "os.PathLike[str]"]) -> None:
        self.path = os.fspath(path)
        if not os.path.isfile(self.path):
            raise invalid("%s is not a file" % self.path, "check the path")


def pack(buffers: Iterable[str]) -> str:
    """Buffers one after the other, each behind its number of characters.

    >>> pack(["11\\n[7]", "11\\n{}"])
    '6\\n11\\n[7]5\\n11\\n{}'
    """
    return "".join("%d\n%s" % (len(buffer), buffer) for buffer in buffers)


def json_buffer(value: Any, name: str = "the value") -> str:
    """A value as JSON, refused where JSON would silently make another of it; tuples become lists.

    >>> json_buffer([1, (2, None)])
    '11\\n[1,[2,null]]'
    >>> json_buffer([{"a": {1}}], "argument 1")
    Traceback (most recent call last):
    ...
    funcx.InputError: argument 1 cannot be JSON: a set at [0]['a'] (INPUT_INVALID)
    hint: send lists, dicts, strings, numbers, booleans and None, or choose serializer="pickle"
    """
    problem = json_problem(value)
    if problem is None:
        try:
            text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
            text.encode("utf-8")
            return "11\n" + text
        except UnicodeEncodeError:
            # Half of a surrogate pair has only its escape.
            return "11\n" + json.dumps(value, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            problem = str(error)
    raise invalid(
        "%s cannot be JSON: %s" % (name, problem),
        'send lists, dicts, strings, numbers, booleans and None, or choose serializer="pickle"',
    )


PLAIN = frozenset((bool, float, int, str, type(None)))


def json_problem(value: Any, where: str = "", depth: int = 0) -> Optional[str]:
    """The first thing in a value that JSON does not have."""
    if type(value) in PLAIN:
        if value != value or value in (float("inf"), float("-inf")):
            return "%r%s" % (value, where and " at " + where)
        return None
    if depth > 900:
        return "it is nested too deeply, or in itself"
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                return "the key %.80r%s is no string" % (key, where and " at " + where)
            problem = json_problem(item, "%s[%r]" % (where, key), depth + 1)
            if problem is not None:
                return problem
        return None
    if isinstance(value, (list, tuple)):
        # Long lists of numbers are not looked through one by one; json.dumps finds their NaN.
        kinds = set(map(type, value))
        if kinds <= PLAIN and float not in kinds:
            return None
        for index, item in enumerate(value):
            problem = json_problem(item, "%s[%d]" % (where, index), depth + 1)
            if problem is not None:
                return problem
        return None
    if isinstance(value, (str, int, float)):
        return None
    kind = type(value).__name__
    if isinstance(value, File):
        return "a File%s has to be an argument itself" % (where and " at " + where)
    return "a %s%s" % (kind, where and " at " + where)


class SendingPickler(pickle.Pickler):
    """Refuses what only this program has, which would fail on the worker."""

    def persistent_id(self, obj: Any) -> None:
        if isinstance(obj, (type, types.FunctionType)) and obj.__module__ == "__main__":
            raise pickle.PicklingError(
                "%s is defined in this program, which the worker does not have" % obj.__qualname__
            )


def pickle_buffer(value: Any, name: str = "the value") -> str:
    """A value as pickle in base64.

    >>> pickle_buffer([x for x in ()]).startswith("pk")
    True
    >>> pickle_buffer((x for x in ()), "argument 2")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    funcx.InputError: argument 2 cannot be pickled: ...generator... (INPUT_INVALID)
    hint: send what it consists of: lists, dicts, objects of installed modules
    """
    stream = io.BytesIO()
    try:
        SendingPickler(stream, PICKLE_PROTOCOL).dump(value)
    except Exception as error:
        raise invalid(
            "%s cannot be pickled: %s" % (name, error),
            "send what it consists of: lists, dicts, objects of installed modules",
        )
    return "pk\n" + base64.b64encode(stream.getvalue()).decode("ascii")


SERIALIZERS = {"json": json_buffer, "pickle": pickle_buffer}


def argument_buffers(
    args: Tuple[Any, ...], kwargs: Dict[str, Any], serializer: str
) -> Tuple[str, str]:
    """Positional and keyword arguments; what cannot be sent is named by its position."""
    if serializer not in SERIALIZERS:
        raise invalid("there is no serializer %r" % serializer, 'use "json" or "pickle"')
    write = SERIALIZERS[serializer]
    try:
        return write(list(args)), write(kwargs)
    except InputError:
        # Again one by one, to name the one.
        for index, value in enumerate(args):
            write(value, "argument %d" % (index + 1))
        for key, value in kwargs.items():
            write(value, "argument %s" % key)
        raise


def read_result(buffer: str, serializer: str, fetch: Callable[[Dict[str, Any]], str]) -> Any:
    """The value of a result buffer. Unpickles only where that was asked for.

    >>> read_result("11\\n[1]", "json", str)
    [1]
    """
    header, body = buffer[:2], buffer[3:]
    if header == "bl":
        return read_result(fetch(json.loads(body)), serializer, fetch)
    if header == "11":
        return json.loads(body)
    if header == "pk" and serializer == "pickle":
        try:
            return pickle.loads(base64.b64decode(body))
        except Exception as error:
            raise FuncxError(
                "INPUT_INVALID",
                "the result cannot be unpickled here: %s: %s" % (type(error).__name__, error),
                "install here what the function returns, or return lists and dicts",
            )
    raise invalid(
        "the result has the serializer %r, which is not read here" % header,
        'ask with serializer="pickle" when you trust the endpoint, or return JSON',
    )


# -- which service -----------------------------------------------------------------------------


class Login(NamedTuple):
    """Where a service is, and what it takes to be let in."""

    url: str
    token: str
    proof_key: Optional[str]
    # The authority that signed the service's certificate, PEM.
    ca: Optional[str]


def find_login(url: Optional[str], token: Optional[str], home: Optional[str]) -> Login:
    """As ``funcx-endpoint`` finds it: given, else FUNCX_SERVICE_URL, FUNCX_TOKEN_FILE, `login`."""
    home = home or os.environ.get("FUNCX_USER_DIR") or os.path.expanduser("~/.funcx")
    file = os.path.join(home, "login.json")
    known = {"current": None, "services": {}}  # type: Dict[str, Any]
    try:
        with open(file, encoding="utf-8") as stream:
            known = json.load(stream)
        services = dict(known["services"])
    except FileNotFoundError:
        services = {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise invalid(
            "%s cannot be read: %s" % (file, error),
            "Move it away and log in again with `funcx-endpoint login`.",
        )
    hint = "Use `funcx-endpoint login URL`, or `funcx-endpoint service start` for a private one."
    url = url or os.environ.get("FUNCX_SERVICE_URL") or known.get("current")
    if not url:
        raise AuthenticationError("NOT_LOGGED_IN", "no service is chosen", hint)
    url = checked_url(url)
    service = services.get(url) or {}
    token_file = os.environ.get("FUNCX_TOKEN_FILE")
    if not token and token_file:
        try:
            with open(token_file, encoding="utf-8") as stream:
                token = stream.read().strip()
        except OSError as error:
            raise invalid("FUNCX_TOKEN_FILE: %s" % error, "check the path")
    token = token or service.get("token")
    if not token:
        raise AuthenticationError("NOT_LOGGED_IN", "there is no token for %s" % url, hint)
    return Login(url, token, service.get("proof_key"), service.get("ca"))


def checked_url(text: str) -> str:
    """A base URL as it is stored and compared.

    >>> checked_url("HTTP://LocalHost:8080/")
    'http://localhost:8080'
    """
    parts = urllib.parse.urlsplit(text)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise invalid(
            "%r is not the address of a service" % text,
            "Write it as https://HOST or http://HOST:PORT.",
        )
    host = "[%s]" % host if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    place = host if port in (None, usual) else "%s:%d" % (host, port)
    return "%s://%s%s" % (parts.scheme, place, parts.path.rstrip("/"))


# -- requests ----------------------------------------------------------------------------------


class Backoff:
    """Waits that grow, each by chance between half and all of itself, in seconds."""

    def __init__(self, initial: float = 0.1, maximum: float = 5.0) -> None:
        self.initial, self.maximum = initial, maximum
        self.reset()

    def reset(self) -> None:
        self.upcoming = self.initial

    def next(self) -> float:
        wait = self.upcoming * (0.5 + random.random() / 2)
        self.upcoming = min(self.maximum, self.upcoming * 2)
        return wait


class Stream:
    """An answer that goes on; `close` may be called from another thread."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection = connection
        # The connection lets go of its socket when the answer begins.
        self.socket = connection.sock
        self.answer = None  # type: Optional[http.client.HTTPResponse]

    def events(self) -> Iterator[Tuple[str, str, str]]:
        return parse_events(iter(lambda: self.answer.read1(65536), b""))  # type: ignore

    def close(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):
            pass


def parse_events(pieces: Iterable[bytes]) -> Iterator[Tuple[str, str, str]]:
    """Kind, id and data of server-sent events.

    >>> list(parse_events([b": hi\\n\\nid: 7\\nda", b"ta: [1]\\n\\n"]))
    [('message', '7', '[1]')]
    """
    held, kind, last, data = [], "message", "", []  # type: List[bytes], str, str, List[str]
    for piece in pieces:
        held.append(piece)
        if b"\n" not in piece:
            continue
        *lines, rest = b"".join(held).split(b"\n")
        held = [rest]
        for line in lines:
            field, _, value = line.rstrip(b"\r").decode("utf-8").partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "data":
                data.append(value)
            elif field == "event":
                kind = value
            elif field == "id":
                last = value
            elif field == "" and value == "" and not line.startswith(b":"):
                if data:
                    yield kind, last, "\n".join(data)
                kind, data = "message", []


class Transport:
    """Requests to one service, repeated while it is away; each thread has a connection.

    A private service proves on each new connection that it is the user's own before the token is
    sent there (see `proof` in GET /v3/health).
    """

    def __init__(
        self, login: Login, ca_file: Optional[str], timeout: float, patience: float
    ) -> None:
        self.login, self.timeout, self.patience = login, timeout, patience
        self.parts = urllib.parse.urlsplit(login.url)
        self.tls = None  # type: Optional[ssl.SSLContext]
        if self.parts.scheme == "https":
            self.tls = ssl.create_default_context(cafile=ca_file)
            if ca_file is None and login.ca is not None:
                self.tls.load_verify_locations(cadata=login.ca)
        self.local = threading.local()
        # Somebody has answered there, so it is worth waiting for.
        self.reached = False

    def json(
        self, method: str, path: str, body: Any = None, headers: Optional[Dict[str, str]] = None
    ) -> Any:
        data = None if body is None else json.dumps(body).encode("ascii")
        answer = self.bytes(method, path, data, headers)
        return json.loads(answer.decode("utf-8")) if answer else None

    def bytes(
        self,
        method: str,
        path: str,
        body: Optional[bytes] = None,
        headers: Optional[Dict[str, str]] = None,
    ) -> bytes:
        def exchange() -> bytes:
            connection = getattr(self.local, "connection", None) or self.connect(self.timeout)
            self.local.connection = connection
            answer = self.ask(connection, method, path, body, headers or {})
            return self.refuse_failure(answer.status, answer.read())

        return self.repeat(exchange)

    def stream(
        self, path: str, headers: Dict[str, str], opened: Callable[[Stream], None]
    ) -> Stream:
        """An answer to be read as it comes; `opened` may keep it, to close it from outside."""

        def exchange() -> Stream:
            stream = Stream(self.connect(SILENCE))
            opened(stream)
            asked = dict(headers, Accept="text/event-stream")
            stream.answer = self.ask(stream.connection, "GET", path, None, asked)
            if stream.answer.status != 200:
                self.refuse_failure(stream.answer.status, stream.answer.read())
            return stream

        return self.repeat(exchange)

    def repeat(self, exchange: Callable[[], Any]) -> Any:
        """Every request here may come twice without harm: a submit has an idempotency key."""
        deadline, backoff, failures = time.monotonic() + self.patience, Backoff(), 0
        while True:
            try:
                return exchange()
            except (OSError, http.client.HTTPException) as error:
                self.drop()
                failure = self.unreachable(error)
                again = self.reached
            except FuncxError as error:
                self.reached = self.reached or not isinstance(error, ServiceUnavailable)
                failures += error.code == "INTERNAL_ERROR"
                failure = error
                again = error.code in PASSING and self.reached or error.code == "INTERNAL_ERROR"
            wait = backoff.next()
            if not again or failures > 2 or time.monotonic() + wait > deadline:
                raise failure
            time.sleep(wait)

    def connect(self, timeout: float) -> http.client.HTTPConnection:
        place = self.parts.hostname or ""
        port = self.parts.port or (443 if self.tls else 80)
        if self.tls is None:
            connection = http.client.HTTPConnection(place, port, timeout=timeout)
        else:
            proxy = urllib.request.getproxies().get("https")
            if proxy and not urllib.request.proxy_bypass(place):
                at = urllib.parse.urlsplit(proxy if "//" in proxy else "//" + proxy)
                connection = http.client.HTTPSConnection(
                    at.hostname or "", at.port or 80, timeout=timeout, context=self.tls
                )
                connection.set_tunnel(place, port)
            else:
                connection = http.client.HTTPSConnection(
                    place, port, timeout=timeout, context=self.tls
                )
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.login.proof_key is not None:
            self.check_proof(connection, self.login.proof_key)
        return connection

    def check_proof(self, connection: http.client.HTTPConnection, key: str) -> None:
        nonce = os.urandom(16).hex()
        connection.request("GET", "%s/v3/health?nonce=%s" % (self.parts.path, nonce))
        answer = connection.getresponse()
        try:
            found = json.loads(answer.read().decode("utf-8"))["proof"]
        except (ValueError, KeyError, TypeError):
            found = None
        told = ("%s %s" % (nonce, self.login.url)).encode("utf-8")
        expected = hmac.new(bytes.fromhex(key), told, hashlib.sha256).hexdigest()
        if isinstance(found, str) and hmac.compare_digest(found.encode(), expected.encode()):
            return
        connection.close()
        raise AuthenticationError(
            "SERVICE_NOT_OURS",
            "what listens at %s is not this user's private service" % self.login.url,
            "See `funcx-endpoint service status`; another program or user may have that port.",
        )

    def ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Optional[bytes],
        headers: Dict[str, str],
    ) -> http.client.HTTPResponse:
        sent = {"Authorization": "Bearer " + self.login.token, "Content-Type": "application/json"}
        sent.update(headers)
        if connection.sock is None:
            # http.client would dial again by itself, and nobody would have proved anything.
            raise http.client.NotConnected()
        connection.request(method, self.parts.path + path, body, sent)
        return connection.getresponse()

    def refuse_failure(self, status: int, body: bytes) -> bytes:
        if 200 <= status < 300:
            self.reached = True
            return body
        try:
            document = json.loads(body.decode("utf-8"))
        except ValueError:
            document = None
        raise error_of_answer(self.login.url, status, document)

    def drop(self) -> None:
        connection = getattr(self.local, "connection", None)
        self.local.connection = None
        if connection is not None:
            connection.close()

    def unreachable(self, error: Exception) -> FuncxError:
        if isinstance(error, ssl.SSLError):
            hint = (
                "give the certificate of its authority to `funcx-endpoint login URL --ca FILE`, or "
                "as ca_file"
            )
        else:
            hint = "check that the service runs there and that this machine can reach it"
        reason = str(error) or type(error).__name__
        return ServiceUnavailable(
            "SERVICE_UNAVAILABLE", "no answer from %s: %s" % (self.login.url, reason), hint
        )


# -- what is shown -----------------------------------------------------------------------------


class Record(dict):
    """A document of the service; in Jupyter a table of its own."""

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr><th>%s</th><td>%s</td></tr>" % (html.escape(str(key)), html_cell(value))
            for key, value in self.items()
        )
        return "<table>%s</table>" % rows


class Records(list):
    """Documents of a kind; in Jupyter a table.

    >>> Records([Record(name="<b>", uuid="7")])._repr_html_()
    '<table><tr><th>name</th><th>uuid</th></tr><tr><td>&lt;b&gt;</td><td>7</td></tr></table>'
    """

    # Of all that is known of a task, a function or an endpoint, what tells one from another.
    COLUMNS = (
        "name function_name status runtime endpoint_name attempt uuid function_uuid task_id".split()
    )

    def _repr_html_(self) -> str:
        columns = [name for name in self.COLUMNS if any(name in each for each in self)]
        head = "".join("<th>%s</th>" % name for name in columns)
        rows = (
            "<tr>%s</tr>" % "".join("<td>%s</td>" % html_cell(each.get(name)) for name in columns)
            for each in self
        )
        return "<table><tr>%s</tr>%s</table>" % (head, "".join(rows))


def html_cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return html.escape(text if len(text) <= 500 else text[:500] + " …")


class Progress:
    """How many of some tasks have ended, on one line of a terminal's standard error."""

    WIDTH = 30
    INTERVAL = 0.1

    def __init__(self, total: int, shown: Optional[bool]) -> None:
        self.notebook = "ipykernel" in sys.modules
        self.shown = shown if shown is not None else self.notebook or is_terminal(sys.stderr)
        self.total, self.ended, self.failed, self.drawn = total, 0, 0, 0.0
        self.begun = time.monotonic()
        self.lock = threading.Lock()

    def count(self, future: "concurrent.futures.Future[Any]") -> None:
        with self.lock:
            self.ended += 1
            self.failed += future.cancelled() or future.exception() is not None
            now = time.monotonic()
            # What is over within a second needs no bar.
            if self.shown and now - self.begun > 1 and now - self.drawn > self.INTERVAL:
                self.drawn = now
                self.write("\r" + self.line())

    def line(self) -> str:
        """
        >>> progress = Progress(4, False); progress.ended = 2; progress.notebook = True
        >>> progress.line()
        '2/4 tasks'
        """
        failed = ", %d failed" % self.failed if self.failed else ""
        text = "%d/%d tasks%s" % (self.ended, self.total, failed)
        if self.notebook:
            return text
        full = self.WIDTH * self.ended // max(1, self.total)
        return "[%s%s] %s" % ("#" * full, " " * (self.WIDTH - full), text)

    def end(self) -> None:
        with self.lock:
            if self.drawn:
                self.write("\r" + self.line() + "\n")
            self.shown, self.drawn = False, 0.0

    def write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            self.shown = False


def is_terminal(stream: Any) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


# -- the client --------------------------------------------------------------------------------

Function = Union[Callable[..., Any], str]


class Client:
    """One service, as its token's owner.

    Without arguments it is the service that ``funcx-endpoint`` uses: FUNCX_SERVICE_URL, else the
    one that ``login`` or ``service start`` chose, with the token from there or FUNCX_TOKEN_FILE.

    ``ca_file``: certificates of authorities (PEM) to trust instead of the system's, and of the one
    that ``login`` keeps for the service.
    ``timeout``: seconds that one request may take. ``patience``: seconds for which requests are
    repeated while a service that has answered before is away.

    Raises ``AuthenticationError`` when no service or token is known. Safe for threads.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        token: Optional[str] = None,
        ca_file: Optional[str] = None,
        home: Optional[str] = None,
        timeout: float = 30.0,
        patience: float = 60.0,
    ) -> None:
        self.transport = Transport(find_login(url, token, home), ca_file, timeout, patience)

    @property
    def url(self) -> str:
        """Base URL of the service."""
        return self.transport.login.url

    def __repr__(self) -> str:
        return "<funcx.Client %s>" % self.url

    def whoami(self) -> Record:
        """User and scopes of the token."""
        return Record(self.transport.json("GET", "/v3/whoami"))

    # Functions and endpoints.

    def register_function(
        self,
        function: "Union[Callable[..., Any], Source]",
        name: Optional[str] = None,
        description: Optional[str] = None,
        public: bool = False,
    ) -> str:
        """Registers a function of this program, or a `Source`, and returns its id.

        See `source_of` for what is sent.
        """
        if isinstance(function, Source):
            source, parameters = function, None
        else:
            source, parameters = source_of(function), parameters_of(function)
            description = description or inspect.getdoc(function)
        body = {
            "function_name": (name or source.name)[:200],
            "function_code": source.packed(),
            "description": description[:10000] if description else None,
            "public": public,
            "meta": {"python_version": "%d.%d.%d" % sys.version_info[:3]},
        }
        if parameters is not None:
            body["parameters"] = parameters
        return self.transport.json("POST", "/v3/functions", body)["function_uuid"]

    def register_source(self, text: str, entry: str, **options: Any) -> str:
        """Registers Python source whose function `entry` is called; options as of a function."""
        return self.register_function(Source(entry, text), **options)

    def functions(self, limit: int = 100, **filters: str) -> Records:
        """Functions that you may use, newest first. Filters: `search`, `name`, `owner="me"`."""
        return self.pages("/v3/functions", limit, filters)

    def endpoints(self, limit: int = 100, **filters: str) -> Records:
        """Endpoints that you may use, by name. Filters: `search`, `status`, others of the API."""
        return self.pages("/v3/endpoints", limit, filters)

    def endpoint_id(self, endpoint: str) -> str:
        """The id of an endpoint by its id or name; raises ENDPOINT_NOT_FOUND or INPUT_INVALID."""
        if is_uuid(endpoint):
            return endpoint
        every = self.endpoints(limit=sys.maxsize)
        found = [each["uuid"] for each in every if each["name"] == endpoint]
        if len(found) == 1:
            return found[0]
        if found:
            raise invalid(
                "%d endpoints have the name %s: %s" % (len(found), endpoint, ", ".join(found)),
                "give the id of one",
            )
        names = ", ".join(sorted({each["name"] for each in every})[:20])
        raise FuncxError(
            "ENDPOINT_NOT_FOUND",
            "there is no endpoint %s" % endpoint,
            "there are: %s" % names if names else "start one with `funcx-endpoint start`",
        )

    # Tasks.

    def run(*args: Any, **kwargs: Any) -> str:
        """``run(function, *args, endpoint=..., **kwargs)``: submits one task and returns its id.

        `function` is a function, which is registered each time, or the id of one; `endpoint` an id
        or a name. For many tasks use an `Executor`.
        """
        self, function, *rest = args
        endpoint = kwargs.pop("endpoint", None)
        if endpoint is None:
            raise invalid("no endpoint is given", 'write endpoint="NAME"')
        payload = self.payload(tuple(rest), kwargs)
        where = self.endpoint_id(endpoint)
        which = function if isinstance(function, str) else self.register_function(function)
        return self.submit(where, {which: [payload]})[which][0]

    def submit(
        self, endpoint_id: str, tasks: Dict[str, List[str]], **options: Any
    ) -> Dict[str, List[str]]:
        """Payloads by function id; ids of the tasks in the same order. Repeated, it is one."""
        body = dict(options, tasks=tasks)
        key = {"Idempotency-Key": str(uuid.uuid4())}
        path = "/v3/endpoints/%s/submit" % quoted(endpoint_id)
        return self.transport.json("POST", path, body, key)["tasks"]

    def payload(
        self, args: Tuple[Any, ...], kwargs: Dict[str, Any], serializer: str = "json"
    ) -> str:
        """Arguments as they travel; files and large ones are uploaded first."""
        if any(isinstance(each, File) for each in args + tuple(kwargs.values())):
            if serializer != "json":
                raise invalid("a File needs JSON", 'use serializer="json"')
            return pack(
                [
                    self.with_files(list(enumerate(args)), list(args)),
                    self.with_files(list(kwargs.items()), dict(kwargs)),
                ]
            )
        buffers = list(argument_buffers(args, kwargs, serializer))
        if sum(map(len, buffers)) * 4 > INLINE_BYTES:
            encoded = [buffer.encode("utf-8") for buffer in buffers]
            if sum(map(len, encoded)) > INLINE_BYTES:
                for index, data in enumerate(encoded):
                    if len(data) * 2 > INLINE_BYTES:
                        buffers[index] = "bl\n" + json.dumps(self.upload(io.BytesIO(data)))
        return pack(buffers)

    def with_files(self, items: List[Tuple[Any, Any]], value: Any) -> str:
        files = {}
        for key, item in items:
            if isinstance(item, File):
                with open(item.path, "rb") as stream:
                    blob = dict(self.upload(stream), name=os.path.basename(item.path))
                files[str(key)] = blob
                value[key] = None
        plain = json_buffer(value, "an argument")
        if not files:
            return plain
        return "bf\n" + json.dumps({"value": json.loads(plain[3:]), "files": files})

    def get_result(
        self, task_id: str, timeout: Optional[float] = None, serializer: str = "json"
    ) -> Any:
        """Waits for a task and returns its result, which is pushed.

        Raises ``TaskFailed`` or ``TaskCancelled``, and ``concurrent.futures.TimeoutError`` when it
        has not ended within `timeout` seconds.
        """
        return self.value_of(self.wait(task_id, timeout), serializer)

    def wait(self, task_id: str, timeout: Optional[float]) -> Dict[str, Any]:
        deadline = None if timeout is None else time.monotonic() + timeout
        backoff = Backoff(0.05)
        path = "/v3/tasks/%s/follow" % quoted(task_id)
        while True:
            timers = []  # type: List[threading.Timer]

            def opened(stream: Stream) -> None:
                if deadline is not None:
                    timers.append(
                        threading.Timer(max(0, deadline - time.monotonic()), stream.close)
                    )
                    timers[-1].daemon = True
                    timers[-1].start()

            try:
                for kind, _, data in self.transport.stream(path, {}, opened).events():
                    if kind == "finished":
                        return json.loads(data)
            except (OSError, http.client.HTTPException):
                pass
            except ServiceUnavailable:
                if deadline is None or time.monotonic() < deadline:
                    raise
            finally:
                for timer in timers:
                    timer.cancel()
            if deadline is not None and time.monotonic() >= deadline:
                raise concurrent.futures.TimeoutError()
            time.sleep(backoff.next())

    def value_of(self, task: Dict[str, Any], serializer: str) -> Any:
        """The result of a finished task; raises its error."""
        if task["status"] != "success":
            raise error_of_task(task)
        return read_result(task.get("result", "11\nnull"), serializer, self.download_text)

    def task(self, task_id: str) -> Record:
        """All that is known of a task: timeline, output, result."""
        return Record(self.transport.json("GET", "/v3/tasks/" + quoted(task_id)))

    def tasks(self, limit: int = 100, **filters: str) -> Records:
        """Your tasks, newest first. Filters: `status`, `endpoint_id`, and others of the API."""
        return self.pages("/v3/tasks", limit, filters)

    def cancel(self, *task_ids: str) -> Record:
        """Asks tasks to end; those that had finished are named in the answer."""
        body = {"task_ids": list(task_ids)}
        return Record(self.transport.json("POST", "/v3/tasks/cancel", body))

    def group_task_ids(self, task_group_id: str) -> List[str]:
        """Ids of all tasks of a group."""
        answer = self.transport.json("GET", "/v2/taskgroup/" + quoted(task_group_id))
        return [each["id"] for each in answer["tasks"]]

    def pages(self, path: str, limit: int, filters: Dict[str, str]) -> Records:
        found, cursor = Records(), None  # type: Records, Optional[str]
        while len(found) < limit:
            query = dict(filters, limit=str(min(1000, limit - len(found))))
            if cursor is not None:
                query["cursor"] = cursor
            answer = self.transport.json("GET", "%s?%s" % (path, urllib.parse.urlencode(query)))
            found.extend(map(Record, answer["items"]))
            cursor = answer["next_cursor"]
            if cursor is None:
                break
        return found

    # Blobs.

    def upload(self, stream: Any) -> Dict[str, Any]:
        """Uploads what a binary stream has and returns the reference; goes on where it stopped."""
        hash, size = hashlib.sha256(), 0
        for chunk in iter(lambda: stream.read(MIB), b""):
            hash.update(chunk)
            size += len(chunk)
        blob = {"sha256": hash.hexdigest(), "size": size}
        state = self.transport.json("POST", "/v3/blobs", blob)
        while not state["complete"]:
            stream.seek(state["offset"])
            path = "/v3/blobs/%s?offset=%d&size=%d" % (blob["sha256"], state["offset"], size)
            kind = {"Content-Type": "application/octet-stream"}
            try:
                answer = self.transport.bytes("PUT", path, stream.read(CHUNK_BYTES), kind)
                state = json.loads(answer.decode("utf-8"))
            except FuncxError as error:
                # Somebody else uploads the same, or an answer was lost.
                if error.code != "BLOB_OFFSET_MISMATCH":
                    raise
                state = self.transport.json("POST", "/v3/blobs", blob)
        return blob

    def download(self, blob: Dict[str, Any]) -> bytes:
        """The bytes of a blob; raises BLOB_CORRUPT when they are not what the reference says."""
        path, parts = "/v3/blobs/%s" % quoted(blob["sha256"]), []  # type: str, List[bytes]
        for start in range(0, blob["size"], CHUNK_BYTES):
            end = min(blob["size"], start + CHUNK_BYTES) - 1
            parts.append(
                self.transport.bytes("GET", path, None, {"Range": "bytes=%d-%d" % (start, end)})
            )
        data = b"".join(parts)
        if hashlib.sha256(data).hexdigest() == blob["sha256"]:
            return data
        raise FuncxError(
            "BLOB_CORRUPT",
            "what came as blob %s has another SHA-256" % blob["sha256"],
            "try again; if it stays so, see the service's disk and what stands before the service",
        )

    def download_text(self, blob: Dict[str, Any]) -> str:
        return self.download(blob).decode("utf-8")


def is_uuid(text: str) -> bool:
    return re.match(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", text) is not None


def quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


# -- the executor ------------------------------------------------------------------------------


class TaskFuture(concurrent.futures.Future):
    """A task's result to be; works with everything in ``concurrent.futures``.

    `task_id` is None until the service has accepted the task. `stdout` and `stderr` are what the
    function printed, once it has ended.
    """

    def __init__(self, executor: "Executor", function_name: str) -> None:
        super().__init__()
        self.executor, self.function_name = executor, function_name
        self.task_id = None  # type: Optional[str]
        self.stdout = self.stderr = ""

    def cancel(self) -> bool:
        """Cancels the task, on the service as well; False when it has ended already."""
        return self.executor._cancel([self])

    def state(self) -> str:
        if self.cancelled():
            return "cancelled"
        if not self.done():
            return "submitted" if self.task_id else "queued"
        return "success" if self.exception() is None else "failed"

    def __repr__(self) -> str:
        return "<TaskFuture %s %s %s>" % (self.function_name, self.task_id or "-", self.state())

    def _repr_html_(self) -> str:
        known = Record(function=self.function_name, task_id=self.task_id, status=self.state())
        if self.done() and not self.cancelled():
            error = self.exception()
            if error is None:
                known["result"] = repr(self.result())
            else:
                known["error"] = str(error)
        return known._repr_html_()


class Waiting(NamedTuple):
    """A task on its way to the service."""

    future: TaskFuture
    function_id: str
    payload: str


class Executor(concurrent.futures.Executor):
    """Runs functions on an endpoint, as ``concurrent.futures`` executors run them here.

    Tasks are sent in batches by one thread, and results are pushed to another over one connection,
    which is opened again where it broke; large ones are fetched by a few more. A submit that is
    repeated makes no second task.

    `endpoint`: id or name. `client`: by default the service that ``funcx-endpoint`` uses.
    `serializer`: "json", or "pickle" for arguments and results; to unpickle a result is to trust
    the endpoint. `task_group_id`: to go on with the tasks of another program, see `reload_tasks`.
    `walltime_seconds`, `priority` (-100 to 100, higher first), `max_attempts` and
    `resource_specification` are told with each task. `progress`: a bar for `map`; by default on a
    terminal and in Jupyter. `batch_size`: tasks of one request, up to 10,000.

    Leave its ``with`` block, or call `shutdown`, to wait for all tasks; so does the program's end.
    """

    def __init__(
        self,
        endpoint: str,
        client: Optional[Client] = None,
        serializer: str = "json",
        task_group_id: Optional[str] = None,
        batch_size: int = 1000,
        walltime_seconds: Optional[float] = None,
        priority: Optional[int] = None,
        max_attempts: Optional[int] = None,
        resource_specification: Optional[Dict[str, Any]] = None,
        progress: Optional[bool] = None,
    ) -> None:
        argument_buffers((), {}, serializer)
        self.client = client or Client()
        self.endpoint_id = self.client.endpoint_id(endpoint)
        self.task_group_id = task_group_id or str(uuid.uuid4())
        self.serializer = serializer
        self._batch_size, self._progress = max(1, min(10000, batch_size)), progress
        options = {
            "task_group_id": self.task_group_id,
            "walltime_seconds": walltime_seconds,
            "priority": priority,
            "max_attempts": max_attempts,
            "resource_specification": resource_specification,
            "result_serializers": ["funcx.PickleData"] if serializer == "pickle" else None,
        }
        self._options = {key: value for key, value in options.items() if value is not None}
        self._functions = {}  # type: Dict[Any, str]
        self._registering = threading.Lock()
        # Held while the service may have tasks of which `_submitted` does not know yet.
        self._submitting = threading.Lock()
        # Guards all below; notified whenever a thread may have something to do.
        self._changed = threading.Condition()
        self._queue = []  # type: List[Waiting]
        self._cancels = []  # type: List[str]
        self._downloads = []  # type: List[Tuple[TaskFuture, Dict[str, Any]]]
        self._large = 0
        # Every future that has not ended.
        self._pending = set()  # type: set
        self._submitted = {}  # type: Dict[str, TaskFuture]
        # Results that overtook the answer to their submit.
        self._early = {}  # type: Dict[str, Dict[str, Any]]
        self._sending = self._closed = False
        # Where the stream goes on, and how often it was sent back to its beginning.
        self._position = None  # type: Optional[str]
        self._rewinds = 0
        self._stream = None  # type: Optional[Stream]
        self._threads = {}  # type: Dict[str, threading.Thread]
        LIVING.add(self)

    def __repr__(self) -> str:
        return "<funcx.Executor on %s, group %s>" % (self.endpoint_id, self.task_group_id)

    def submit(*args: Any, **kwargs: Any) -> TaskFuture:  # type: ignore
        """``submit(function, *args, **kwargs)``: runs it on the endpoint.

        `function` is a function of this program or the id of a registered one. What cannot be sent
        raises ``InputError`` at once; everything else comes with the future.
        """
        self, function, *rest = args
        return self._start(function, tuple(rest), kwargs)

    def map(  # type: ignore
        self,
        fn: Function,
        *iterables: Iterable[Any],
        timeout: Optional[float] = None,
        chunksize: int = 1,
    ) -> Iterator[Any]:
        """Results of ``fn(*items)`` in the order of the items, all of which are submitted at once.

        `chunksize`: calls of one task; more than 1 pays where a call takes less than a millisecond.
        `timeout`: seconds from now, after which ``concurrent.futures.TimeoutError`` is raised. The
        first error ends it; tasks that were not waited for are cancelled then.
        """
        if chunksize < 1:
            raise invalid("chunksize is %d" % chunksize, "give 1 or more")
        deadline = None if timeout is None else time.monotonic() + timeout
        calls = list(zip(*iterables))  # type: List[Any]
        called = fn  # type: Any
        if chunksize > 1:
            called = chunk_source(fn)
            calls = [(calls[at : at + chunksize],) for at in range(0, len(calls), chunksize)]
        futures = []  # type: List[TaskFuture]
        try:
            for call in calls:
                futures.append(self._start(called, call, {}))
        except BaseException:
            self._cancel(futures)
            raise
        progress = Progress(len(futures), self._progress)
        for future in futures:
            future.add_done_callback(progress.count)
        return self._in_order(futures, deadline, progress, chunksize > 1)

    def _in_order(
        self,
        futures: List[TaskFuture],
        deadline: Optional[float],
        progress: Progress,
        chunked: bool,
    ) -> Iterator[Any]:
        try:
            # From the end, so that results which were given out are kept no longer.
            futures.reverse()
            while futures:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                value = futures[-1].result(left)
                futures.pop()
                for each in value if chunked else (value,):
                    yield each
        finally:
            progress.end()
            self._cancel(futures)

    def reload_tasks(self) -> List[TaskFuture]:
        """Futures of the group's tasks, ended or not, but those that this executor waits for.

        For a program that was ended: make an executor with the same `task_group_id` and call this.
        """
        futures = []
        with self._submitting:
            ids = self.client.group_task_ids(self.task_group_id)
            with self._changed:
                self._refuse_closed()
                for task_id in ids:
                    if task_id not in self._submitted:
                        future = TaskFuture(self, "task")
                        future.task_id = task_id
                        self._pending.add(future)
                        self._submitted[task_id] = future
                        futures.append(future)
                # From the beginning: some have ended before. What the stream brings until it is
                # opened again moves the position no more.
                self._position = None
                self._rewinds += 1
                self._ensure_thread("funcx-results", self._receive_all)
                self._close_stream()
        return futures

    def shutdown(self, wait: bool = True, cancel_futures: bool = False, **_: Any) -> None:
        """Takes no more tasks. Waits for those that there are, unless `wait` is False.

        With `cancel_futures` they are cancelled, also those that run.
        """
        with self._changed:
            self._closed = True
            pending = list(self._pending)
            self._changed.notify_all()
        if cancel_futures:
            self._cancel(pending)
        self._close_stream_if_over()
        if wait:
            with self._changed:
                self._changed.wait_for(
                    lambda: not self._pending and not self._cancels and not self._sending
                )
                threads = list(self._threads.values())
            for thread in threads:
                if thread is not threading.current_thread():
                    thread.join()
            LIVING.discard(self)

    # What becomes of a task, step by step.

    def _start(self, function: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> TaskFuture:
        self._refuse_closed()
        payload = self.client.payload(args, kwargs, self.serializer)
        function_id = self._function_id(function)
        name = function if isinstance(function, str) else getattr(function, "name", None)
        future = TaskFuture(self, name or getattr(function, "__name__", "function"))
        with self._changed:
            self._refuse_closed()
            self._ensure_thread("funcx-send", self._send_all)
            self._pending.add(future)
            self._queue.append(Waiting(future, function_id, payload))
            self._changed.notify_all()
        return future

    def _refuse_closed(self) -> None:
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")

    def _function_id(self, function: Any) -> str:
        if isinstance(function, str):
            return function
        if not isinstance(function, Source):
            refuse_other_callables(function)
        with self._registering:
            if function not in self._functions:
                self._functions[function] = self.client.register_function(function)
            return self._functions[function]

    def _ensure_thread(self, name: str, target: Callable[[], None]) -> None:
        """Called with `_changed` held."""
        if name not in self._threads:
            self._threads[name] = threading.Thread(target=target, name=name, daemon=True)
            self._threads[name].start()

    def _send_all(self) -> None:
        while True:
            with self._changed:
                self._sending = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._queue or self._cancels or self._is_over())
                if not self._queue and not self._cancels:
                    return
                self._sending = True
                cancels, self._cancels = self._cancels[:MAX_CANCELS], self._cancels[MAX_CANCELS:]
                batch = self._take_batch()
            if cancels:
                try:
                    self.client.cancel(*cancels)
                except Exception as error:
                    log.warning("%d tasks could not be cancelled: %s", len(cancels), error)
            if batch:
                with self._submitting:
                    self._send(batch)

    def _take_batch(self) -> List[Waiting]:
        size = count = 0
        for each in self._queue[: self._batch_size]:
            size += len(each.payload)
            if count > 0 and size > BATCH_BYTES:
                break
            count += 1
        batch, self._queue = self._queue[:count], self._queue[count:]
        return [each for each in batch if not each.future.cancelled()]

    def _send(self, batch: List[Waiting]) -> None:
        by_function = {}  # type: Dict[str, List[Waiting]]
        for each in batch:
            by_function.setdefault(each.function_id, []).append(each)
        tasks = {key: [each.payload for each in group] for key, group in by_function.items()}
        try:
            ids = self.client.submit(self.endpoint_id, tasks, **self._options)
        except Exception as error:
            for each in batch:
                self._end(each.future, error=error)
            return
        with self._changed:
            for key, group in by_function.items():
                for each, task_id in zip(group, ids[key]):
                    each.future.task_id = task_id
                    if each.future.cancelled():
                        self._cancels.append(task_id)
                    else:
                        self._submitted[task_id] = each.future
            early = [each for task_id, each in self._early.items() if task_id in self._submitted]
            self._early.clear()
            self._ensure_thread("funcx-results", self._receive_all)
        for finished in early:
            self._deliver(finished)

    def _receive_all(self) -> None:
        backoff, path = Backoff(0.05), "/v3/task_groups/%s/results" % self.task_group_id
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._submitted or self._is_over())
                if self._is_over():
                    return
                position, rewinds = self._position, self._rewinds
            headers = {} if position is None else {"Last-Event-ID": position}
            begun = time.monotonic()
            try:
                stream = self.client.transport.stream(path, headers, self._keep_stream)
                try:
                    self._receive(stream, rewinds)
                finally:
                    stream.connection.close()
            except (OSError, http.client.HTTPException) as broken:
                log.info("the stream of results broke: %s", broken)
            except Exception as error:
                self._fail_submitted(error)
            if time.monotonic() - begun > 10:
                backoff.reset()
            with self._changed:
                self._changed.wait_for(self._is_over, backoff.next())

    def _receive(self, stream: Stream, rewinds: int) -> None:
        with self._changed:
            # A stream that was asked for before a rewind begins too late. From here on it is
            # closed by whoever rewinds or ends.
            if rewinds != self._rewinds or self._is_over():
                return
        for _, position, data in stream.events():
            for finished in json.loads(data):
                self._deliver(finished)
            with self._changed:
                if rewinds != self._rewinds or self._is_over():
                    return
                self._position = position

    def _keep_stream(self, stream: Stream) -> None:
        with self._changed:
            self._stream = stream

    def _deliver(self, finished: Dict[str, Any]) -> None:
        with self._changed:
            future = self._submitted.pop(finished["task_id"], None)
            if future is None:
                if self._sending:
                    self._early[finished["task_id"]] = finished
                return
            if finished.get("result", "").startswith("bl\n"):
                # Others do not wait until it is here.
                self._downloads.append((future, finished))
                self._large += 1
                name = "funcx-download-%d" % (self._large % DOWNLOADS)
                self._ensure_thread(name, self._download_all)
                self._changed.notify_all()
                return
        self._finish(future, finished)

    def _download_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._downloads or self._is_over())
                if not self._downloads:
                    return
                future, finished = self._downloads.pop(0)
            if not future.cancelled():
                self._finish(future, finished)

    def _finish(self, future: TaskFuture, finished: Dict[str, Any]) -> None:
        future.stdout, future.stderr = finished.get("stdout", ""), finished.get("stderr", "")
        try:
            value = self.client.value_of(finished, self.serializer)
        except Exception as error:
            self._end(future, error=error)
        else:
            self._end(future, value)

    def _end(
        self, future: TaskFuture, value: Any = None, error: Optional[Exception] = None
    ) -> None:
        with self._changed:
            mine = future in self._pending
            self._pending.discard(future)
            self._changed.notify_all()
        # A future that somebody cancels at this moment was taken by `_cancel`.
        if mine and future.set_running_or_notify_cancel():
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)
        self._close_stream_if_over()

    def _cancel(self, futures: List[TaskFuture]) -> bool:
        """Whether all of them are cancelled. The service is told in one request."""
        taken = []
        with self._changed:
            for future in futures:
                if future in self._pending:
                    self._pending.discard(future)
                    taken.append(future)
                    if future.task_id is not None:
                        self._submitted.pop(future.task_id, None)
                        self._cancels.append(future.task_id)
                    # Before it can be found in a batch whose answer is on its way.
                    concurrent.futures.Future.cancel(future)
            if self._cancels:
                self._ensure_thread("funcx-send", self._send_all)
            self._changed.notify_all()
        for future in taken:
            future.set_running_or_notify_cancel()
        self._close_stream_if_over()
        return all(future.cancelled() for future in futures)

    def _fail_submitted(self, error: Exception) -> None:
        with self._changed:
            lost = list(self._submitted.values())
            self._submitted.clear()
        for future in lost:
            self._end(future, error=error)

    def _is_over(self) -> bool:
        return self._closed and not self._pending

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _close_stream_if_over(self) -> None:
        with self._changed:
            if self._is_over():
                self._close_stream()


def chunk_source(function: Function) -> Source:
    """The source of a function that calls another for each item of a list."""
    if isinstance(function, str):
        raise invalid("a registered function cannot be chunked", "give the function itself")
    name, text = source_of(function)
    more = "\n\ndef funcx_chunk(calls):\n    return [%s(*call) for call in calls]\n" % name
    return Source("funcx_chunk", text + more)


LIVING = weakref.WeakSet()  # type: Any


def end_living() -> None:
    """As other executors do, wait for what was submitted before the program ends."""
    for executor in list(LIVING):
        executor.shutdown()


atexit.register(end_living)
