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
variables around it do not, and are told by name before anything is sent. All of them go as they are
written: what the program changes afterwards, such as an attribute of a class, stays here. Arguments
and results are JSON unless ``serializer="pickle"`` is asked for.

Times are seconds and sizes are bytes. Whatever fails raises a ``FuncxError`` that has a ``code``,
a message and, where there is one, a ``hint`` of how to mend it.
"""

import __future__

import ast
import atexit
import base64
import builtins
import concurrent.futures
import contextlib
import dis
import email.utils
import functools
import hashlib
import hmac
import html
import http.client
import inspect
import io
import itertools
import json
import logging
import math
import os
import pickle
import random
import re
import socket
import ssl
import sys
import sysconfig
import threading
import time
import types
import urllib.parse
import urllib.request
import uuid
import weakref
from typing import Any, Callable, Dict, Generator, Iterable, Iterator, List, NamedTuple
from typing import Optional, Tuple, Union
from urllib.parse import quote

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

MIB = 1024 * 1024
# Arguments above this are uploaded as blobs, and the task refers to them.
INLINE_BYTES = MIB // 4
# What the service takes of one task's arguments that are not uploaded.
PAYLOAD_BYTES = 10 * MIB
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
    "RESOURCE_LOCKED SERVICE_BUSY SERVICE_STOPPING STORAGE_FULL SERVICE_UNAVAILABLE TIMED_OUT "
    "TOO_MANY_REQUESTS"
).split()
# Refusals of a submit by what some of its tasks have for arguments.
OF_ARGUMENTS = (
    "BATCH_RUN_TOO_LARGE TASK_PAYLOAD_TOO_LARGE REQUEST_TOO_LARGE BLOB_NOT_FOUND"
).split()

Function = Union[Callable[..., Any], str]
# A JSON object, as the service gives or takes it.
Document = Dict[str, Any]
Headers = Dict[str, str]

log = logging.getLogger("funcx")


# -- errors ------------------------------------------------------------------------------------


class FuncxError(Exception):
    """What failed and how to mend it.

    >>> print(FuncxError("INPUT_INVALID", "the argument is a set", "send a list"))
    the argument is a set (INPUT_INVALID)
    hint: send a list

    ``retry_after``: seconds after which a service takes the request, where it has said so, else 0.
    """

    retry_after = 0.0

    def __init__(self, code: str, message: str, hint: Optional[str] = None) -> None:
        super().__init__(code, message, hint)
        self.code, self.message, self.hint = code, message, hint

    def __str__(self) -> str:
        hint = "\nhint: " + self.hint if self.hint else ""
        return "%s (%s)%s" % (self.message, self.code, hint)


class InputError(FuncxError, ValueError):
    """A function, an argument or an option that cannot be sent; nothing was sent."""


class AuthenticationError(FuncxError):
    """No token, or one that the service does not take or that may not do this."""


class ServiceUnavailable(FuncxError):
    """Nobody answers, or not in time; the same call may succeed later."""


class ShutDown(FuncxError, RuntimeError):
    """The executor takes no more tasks."""


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


def invalid(message: str, hint: str) -> InputError:
    return InputError("INPUT_INVALID", message, hint)


def error_of_answer(
    url: str, status: int, body: bytes, retry_after: Optional[str] = None
) -> FuncxError:
    """The error that an answer stands for which is not 2xx, or not what was asked for."""
    try:
        told = json.loads(body.decode("utf-8"))
        code, message, hint = told["code"], told["reason"], told.get("hint")
    except (ValueError, LookupError, TypeError):
        usual = {413: "REQUEST_TOO_LARGE", 429: "TOO_MANY_REQUESTS"}
        code = "SERVICE_UNAVAILABLE" if status >= 500 else usual.get(status, "PROTOCOL_VIOLATION")
        message = "%s answered with status %d, and not as a funcX service does" % (url, status)
        hint = "check that the address is that of a funcX service, and what stands before it"
    if status in (401, 403):
        return AuthenticationError(code, message, hint)
    away = status in (502, 503, 504) or code == "SERVICE_UNAVAILABLE"
    error = (ServiceUnavailable if away else FuncxError)(code, message, hint)
    error.retry_after = seconds_until(retry_after or "")
    return error


def seconds_until(text: str) -> float:
    """What Retry-After says: seconds from now, or a date.

    >>> seconds_until("7"), seconds_until("Fri, 01 Jan 1999 00:00:00 GMT"), seconds_until("soon")
    (7.0, 0.0, 0.0)
    """
    if re.match(r"\d{1,9}\Z", text):
        return float(text)
    date = email.utils.parsedate_tz(text)
    return 0.0 if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())


def may_pass(error: FuncxError) -> bool:
    """Whether it is of the service or the way to it, and says nothing of what was asked for."""
    if isinstance(error, (AuthenticationError, ServiceUnavailable)):
        return isinstance(error, ServiceUnavailable)
    # A protocol is violated where something else answers in the service's place.
    return error.code in PASSING + ["INTERNAL_ERROR", "PROTOCOL_VIOLATION"]


def error_of_task(task: Document) -> FuncxError:
    """The error of a task that did not succeed, as the service tells it."""
    error = task.get("error")
    if task["status"] == "cancelled":
        error = error or {"code": "TASK_CANCELLED", "message": "the task was cancelled"}
        return TaskCancelled(error["code"], error["message"], error.get("hint"))
    if error is None:
        return TaskFailed(
            "UNKNOWN_TASK_FAILURE",
            "the task failed and its endpoint did not say why",
            "see `funcx-endpoint logs` on the endpoint's machine",
        )
    return TaskFailed(
        error["code"], error["message"], error.get("hint"), error["type"], error["traceback"]
    )


# -- functions as source -----------------------------------------------------------------------


class Source(NamedTuple):
    """A function as it travels: the name to call, and a module that defines it."""

    name: str
    text: str


def source_of(function: Callable[..., Any]) -> Source:
    """The source of a function, with the imports and the functions of its module that it uses.

    Raises ``InputError`` and names what cannot go along: variables of the module or of a function
    around it, modules of your own, methods, classes, functions without a source, and functions of
    which the source is not all, since they were given to a decorator later or have other cases.

    >>> source_of(len)
    Traceback (most recent call last):
    ...
    funcx.InputError: len has no Python source, so it cannot be sent (INPUT_INVALID)
    hint: wrap it: def call(x): return len(x)
    """
    return bundle_of(function).source()


def bundle_of(function: Callable[..., Any]) -> "Bundle":
    refuse_other_callables(function)
    bundle = Bundle(function)
    if bundle.missing:
        raise invalid(
            "%s uses what is not sent with it: %s" % (bundle.name, "; ".join(bundle.missing)),
            "pass values as arguments, and import modules inside the function",
        )
    return bundle


def refuse_other_callables(function: Any) -> None:
    """Raises ``InputError`` for what is callable and no plain function."""
    name = getattr(function, "__qualname__", None) or repr(function)
    is_python = inspect.isfunction(function) or hasattr(function, "__wrapped__")
    if inspect.ismethod(function):
        problem = "%s is a method, whose object would have to travel with it" % name
        hint = "write a function that takes what it needs of the object as arguments"
    elif inspect.isfunction(function) and not re.search(r"(^|>\.)[^.]+\Z", name):
        problem = "%s belongs to a class, which would have to travel with it" % name
        hint = "write a function outside of the class"
    elif inspect.isclass(function):
        problem, hint = "%s is a class" % name, "write a function that makes the object and uses it"
    elif inspect.isroutine(function) and not is_python:
        problem = "%s has no Python source, so it cannot be sent" % name
        hint = "wrap it: def call(x): return %s(x)" % name
    elif not is_python:
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


class Described(NamedTuple):
    """A function as it is registered."""

    source: Source
    description: Optional[str] = None
    parameters: Optional[Document] = None


class Use(NamedTuple):
    """A name, the function or class that uses it, and what it meant to that."""

    name: str
    user: Any
    found: bool
    value: Any
    # Whatever reloads modules may put another one into the same function.
    code: Any


class Bundle:
    """A function, and what of its module has to be in the same source."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.missing = []  # type: List[str]
        self.imports = set()  # type: set
        self.taken = {}  # type: Dict[str, Any]
        # What is used stands before what uses it, as decorators and defaults need it; by lines it
        # would not, since cells of a notebook count their own.
        self.parts = []  # type: List[str]
        self.uses = []  # type: List[Use]
        # Modules of packages that are used, and that nobody has imported.
        self.absent = set()  # type: set
        plain = inspect.unwrap(function)  # type: Any
        self.function, self.plain, self.code = function, plain, code_of(plain)
        self.module = plain.__module__
        annotations = getattr(__future__, "annotations", None)
        postponed = annotations and self.code and self.code.co_flags & annotations.compiler_flag
        self.future = "from __future__ import annotations\n" if postponed else ""
        self.name = "call" if is_lambda(plain) else written_name(plain)
        self.take(self.name, function)

    def source(self) -> Source:
        head = self.future + "".join(line + "\n" for line in sorted(self.imports))
        return Source(self.name, (head + "\n\n" if head else "") + "\n\n".join(self.parts))

    def described(self) -> Described:
        function = self.function
        return Described(self.source(), inspect.getdoc(function), parameters_of(function))

    def is_still(self, function: Any) -> bool:
        """Whether it is that of a function whose definition is the same, or was run again."""
        plain = inspect.unwrap(function)
        if code_of(plain) is not self.code or not self.absent.isdisjoint(sys.modules):
            return False
        for name, user, found, value, code in self.uses:
            now_found, now = look_up(name, plain if user is self.plain else user)
            if now_found != found or now is not value or code_of(now) is not code:
                return False
        return True

    def take(self, name: str, value: Any) -> None:
        self.taken[name] = value
        user = inspect.unwrap(value)
        by = "" if name == self.name else " (used by %s)" % name
        try:
            text = definition_of(name, value)
            every = used_names(self.future + text)
        except SyntaxError as error:
            raise invalid(
                "%s cannot stand by itself: %s" % (name, error),
                "take what it needs as arguments, and return what it changes",
            )
        for used in sorted(every - {name}):
            found, meant = look_up(used, user)
            self.uses.append(Use(used, user, found, meant, code_of(meant)))
            if not found:
                problem = None if hasattr(builtins, used) else "which is not defined"
            elif isinstance(meant, types.ModuleType) and used not in self.taken:
                problem = self.take_import(used, meant, text)
            else:
                problem = self.take_value(used, meant)
            if problem is not None:
                self.missing.append("%s, %s%s" % (used, problem, by))
        self.parts.append(text)

    def take_import(self, name: str, module: types.ModuleType, text: str) -> Optional[str]:
        """Imports a module as `text` uses it, or says why that cannot be."""
        if not is_installed(module):
            where = getattr(module, "__file__", None) or "made by this program"
            return "a module of your own (%s)" % where
        if name != module.__name__:
            self.imports.add("import %s as %s" % (module.__name__, name))
            return None
        # Modules of a package are its attributes only where somebody has imported them.
        for path in re.findall(r"(?<![\w.])%s(?:\.\w+)*" % name, text):
            while path != name and path not in sys.modules:
                self.absent.add(path)
                path = path.rpartition(".")[0]
            self.imports.add("import " + path)
        return None

    def take_value(self, name: str, value: Any) -> Optional[str]:
        """Takes a function or class of the same module along, or says why that cannot be."""
        if name in self.taken:
            # Two functions may mean different things by one name.
            return None if self.taken[name] is value else "which is two different things"
        named = inspect.isfunction(value) or inspect.isclass(value)
        home, own_name = getattr(value, "__module__", None), getattr(value, "__name__", None)
        if named or hasattr(value, "__wrapped__"):
            if (home, written_name(inspect.unwrap(value))) == (self.module, name):
                try:
                    self.take(name, value)
                except InputError as error:
                    return "since " + error.message
                return None
        module = sys.modules.get(home or "")
        for original in (name, str(own_name)) if module and is_installed(module) else ():
            if getattr(module, original, self) is value:
                alias = "" if original == name else " as " + name
                self.imports.add("from %s import %s%s" % (home, original, alias))
                return None
        what = "function" if inspect.isfunction(value) else type(value).__name__
        return "a variable outside of it (%s%s)" % (what, " of %s" % home if named else "")


def code_of(value: Any) -> Any:
    return value.__code__ if isinstance(value, types.FunctionType) else None


class Sources:
    """Functions as they are registered, kept while all that is in their source is the same.

    To make a source takes a hundred times as long as to see that it would be the same again.
    """

    def __init__(self) -> None:
        # By the id of what is kept with it: code, which a lambda or an inner function has again
        # where its definition is run again, or the function that is around it.
        self.known = {}  # type: Dict[int, Tuple[Any, Bundle, Described]]

    def of(self, function: Any) -> Described:
        is_plain = isinstance(function, types.FunctionType) and not hasattr(function, "__wrapped__")
        key = function.__code__ if is_plain else function
        known = self.known.get(id(key))
        if known is None or not known[1].is_still(function):
            bundle = bundle_of(function)
            known = self.known[id(key)] = (key, bundle, bundle.described())
        return known[2]


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
    if is_lambda(plain):
        text = "%s = (%s)\n" % (name, lambda_text(text, plain))
    elif text[:1] in " \t":
        # Its lines stay as they are: those of long strings and comments may begin anywhere.
        text = "if True:\n" + text
    refuse_unseen(name, value, text)
    return text


def refuse_unseen(name: str, value: Any, text: str) -> None:
    """Raises ``InputError`` where a function does more than its source says."""
    if not inspect.isclass(value) and hasattr(value, "registry") and hasattr(value, "dispatch"):
        raise invalid(
            "%s is a generic function, and its other cases are not in its source" % name,
            "write one function that asks isinstance(...)",
        )
    wrappers, plain = 0, value
    while hasattr(plain, "__wrapped__"):
        wrappers, plain = wrappers + 1, plain.__wrapped__
    # One that wraps nothing is in the source as well, so there may be more of them.
    if wrappers > decorators_in(text):
        raise invalid(
            "%s was given to a decorator where its source does not show it" % name,
            "write the decorator above the function, with @",
        )


def decorators_in(text: str) -> int:
    """Of the function or class that a source defines; lambdas have none."""
    # From the outside.
    for node in ast.walk(ast.parse(text)):
        if hasattr(node, "decorator_list"):
            return len(node.decorator_list)
    return 0


def is_lambda(function: Any) -> bool:
    return inspect.isfunction(function) and function.__code__.co_name == "<lambda>"


def written_name(value: Any) -> Optional[str]:
    """The name in the source, whatever a program calls it since."""
    if inspect.isfunction(value) and not is_lambda(value):
        return value.__code__.co_name
    return getattr(value, "__name__", None)


def lambda_text(text: str, function: Any) -> str:
    """The lambda among the lines where it stands; `inspect` knows no more than the lines."""
    if function.__code__.co_freevars:
        raise invalid(
            "a lambda uses variables around it: %s" % ", ".join(function.__code__.co_freevars),
            "pass them as arguments",
        )
    found = set()
    for word in re.finditer(r"\blambda\b", text):
        expression = longest_lambda(text[word.start() :])
        if expression is not None:
            # Behind those that are its own defaults.
            *_, code = codes_in(compile("(%s)" % expression, "<lambda>", "eval"))
            if code_facts(code) == code_facts(function.__code__):
                found.add(expression)
    if len(found) == 1:
        return found.pop()
    raise invalid("the lambda cannot be told from others in its lines", "define it with def")


def longest_lambda(text: str) -> Optional[str]:
    """A lambda reaches as far as it can.

    >>> longest_lambda("lambda x: (x, 1), 2)")
    'lambda x: (x, 1)'
    """
    for end in range(len(text), 0, -1):
        # An expression ends with a name, a number, a string or a bracket.
        if text[end - 1].isalnum() or text[end - 1] in "_)]}\"'.":
            with contextlib.suppress(SyntaxError, ValueError):
                if isinstance(ast.parse("(%s)" % text[:end], mode="eval").body, ast.Lambda):
                    return text[:end]
    return None


def codes_in(code: types.CodeType) -> List[types.CodeType]:
    return [each for each in code.co_consts if isinstance(each, types.CodeType)]


def code_facts(code: types.CodeType) -> Tuple[Any, ...]:
    """What two lambdas with the same text have in common, wherever they stand."""
    # Before Python 3.11 there are names of inner functions among them, which say where they stand.
    constants = [
        each
        for each in code.co_consts
        if not isinstance(each, types.CodeType) and "<locals>" not in str(each)
    ]
    inner = [code_facts(each) for each in codes_in(code)]
    return (code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants, inner)


def used_names(source: str) -> "set[str]":
    """Names that a module needs from outside when it is run and its functions are called.

    >>> sorted(used_names("def f(x):\\n    y = x\\n    return sqrt(y) + len(z)\\n"))
    ['len', 'sqrt', 'z']
    """
    module = compile(source, "<function>", "exec", dont_inherit=True)
    # These are there by themselves.
    used, given, waiting = (
        set(),
        {"__name__", "__builtins__", "__qualname__", "__module__"},
        [module],
    )
    while waiting:
        code = waiting.pop()
        waiting.extend(codes_in(code))
        steps = [(each.opname, each.argval) for each in dis.get_instructions(code)]
        stored = {name for operation, name in steps if operation == "STORE_NAME"}
        if code is module:
            given |= stored
        used |= {name for operation, name in steps if operation == "LOAD_GLOBAL"}
        used |= {
            name
            for operation, name in steps
            if operation in ("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS") and name not in stored
        }
    return used - given


def look_up(name: str, user: Any) -> Tuple[bool, Any]:
    """What a function or class means by a name: from around it, else of its module."""
    if not inspect.isfunction(user):
        outside = vars(sys.modules.get(user.__module__, builtins))
    elif name in user.__code__.co_freevars:
        cell = (user.__closure__ or ())[user.__code__.co_freevars.index(name)]
        try:
            return True, cell.cell_contents
        except ValueError:
            return False, None
    else:
        outside = user.__globals__
    return name in outside, outside.get(name)


def is_installed(module: types.ModuleType) -> bool:
    """Whether it is of Python or of a package, so that another machine may have it as well."""
    if module.__name__ == "__main__":
        return False
    package = sys.modules.get(module.__name__.partition(".")[0], module)
    paths = list(getattr(package, "__path__", ())) or [getattr(package, "__file__", None)]
    if paths == [None]:
        # Of the interpreter itself, unless a program has made it.
        return getattr(package, "__spec__", None) is not None
    library = tuple(os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
    return any(
        "site-packages" in path
        or "dist-packages" in path
        or os.path.realpath(path).startswith(library)
        for path in paths
    )


JSON_TYPES = dict(
    int="integer", float="number", str="string", bool="boolean", dict="object", list="array"
)


def parameters_of(function: Any) -> Optional[Document]:
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
        # List of typing is list as well.
        kind = str(getattr(written, "__name__", written)).lower().replace("tuple", "list")
        schema = {"type": JSON_TYPES[kind]} if kind in JSON_TYPES else {}  # type: Document
        found["properties"][each.name] = schema
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
    try:
        problem = json_problem(value)
        if problem is None:
            return "11\n" + json.dumps(value, separators=(",", ":"))
    except RecursionError:
        problem = "it is nested too deeply, or in itself"
    except ValueError as error:
        problem = str(error)
    raise invalid(
        "%s cannot be JSON: %s" % (name, problem),
        'send lists, dicts, strings, numbers, booleans and None, or choose serializer="pickle"',
    )


def json_problem(value: Any, where: str = "") -> Optional[str]:
    """The first thing in a value that JSON does not have, and its place."""
    at = " at " + where if where else ""
    if isinstance(value, (dict, list, tuple)):
        is_dict = isinstance(value, dict)
        # Long lists are not looked through one by one.
        if not is_dict and set(map(type, value)) <= {bool, int, str, type(None)}:
            return None
        items = value.items() if isinstance(value, dict) else enumerate(value)  # type: Any
        for key, item in items:
            if is_dict and not isinstance(key, str):
                return "the key %.80r%s is no string" % (key, at)
            problem = json_problem(item, "%s[%r]" % (where, key))
            if problem is not None:
                return problem
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return "%r%s" % (value, at)
    if value is None or isinstance(value, (str, int, float)):
        return None
    if isinstance(value, File):
        return "a File%s has to be an argument itself" % at
    return "a %s%s" % (type(value).__name__, at)


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


def argument_buffers(args: Iterable[Any], kwargs: Document, serializer: str) -> List[str]:
    """Positional and keyword arguments; what cannot be sent is named by its position."""
    if serializer not in SERIALIZERS:
        raise invalid("there is no serializer %r" % serializer, 'use "json" or "pickle"')
    write = SERIALIZERS[serializer]
    args = list(args)
    try:
        return [write(args), write(kwargs)]
    except InputError:
        # Again one by one, to name the one.
        for key, value in [*enumerate(args, 1), *kwargs.items()]:
            write(value, "argument %s" % key)
        raise


def require_files(buffer: str, serializer: str) -> None:
    """Raises ``InputError`` where a File cannot be among the arguments of a buffer."""
    if serializer != "json":
        raise invalid("a File needs JSON", 'use serializer="json"')
    # A buffer with files is not uploaded itself: nobody would look for them in there.
    if len(buffer) > PAYLOAD_BYTES:
        raise invalid(
            "the arguments beside a File take %d bytes, at most %d are taken"
            % (len(buffer), PAYLOAD_BYTES),
            "write the large one into a file, and give that as a File too",
        )


def read_result(buffer: str, serializer: str, fetch: Callable[[Document], bytes]) -> Any:
    """The value of a result buffer. Unpickles only where that was asked for.

    >>> read_result("11\\n[1]", "json", bytes)
    [1]
    """
    header, body = buffer[:2], buffer[3:]
    if header == "bl":
        return read_result(fetch(json.loads(body)).decode("utf-8"), serializer, fetch)
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
    kind = {"pk": "pickle", "00": "dill, of another client"}.get(header, repr(header))
    raise FuncxError(
        "INPUT_INVALID",
        "the result is not read here: it was serialized with %s" % kind,
        'return JSON; or ask with serializer="pickle" when the task was sent so and you trust '
        "the endpoint",
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
    current, services = None, {}  # type: Optional[str], Document
    try:
        with open(file, encoding="utf-8") as stream:
            known = json.load(stream)
        current, services = known.get("current"), dict(known["services"])
    except FileNotFoundError:
        pass
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise invalid(
            "%s cannot be read: %s" % (file, error),
            "move it away and log in again with `funcx-endpoint login`",
        )
    hint = "use `funcx-endpoint login URL`, or `funcx-endpoint service start` for a private one"
    url = url or os.environ.get("FUNCX_SERVICE_URL") or current
    if not url:
        raise AuthenticationError("NOT_LOGGED_IN", "no service is chosen", hint)
    url = checked_url(url)
    service = services.get(url) or {}
    token_file = os.environ.get("FUNCX_TOKEN_FILE")
    if not token and token_file:
        try:
            with open(token_file, encoding="utf-8") as stream:
                token = stream.read().strip()
        except (OSError, ValueError) as error:
            raise invalid(
                "the file that FUNCX_TOKEN_FILE names cannot be read: %s" % error,
                "let it name a text file with nothing but the token",
            )
    token = token or service.get("token")
    if not token:
        raise AuthenticationError("NOT_LOGGED_IN", "there is no token for %s" % url, hint)
    if not re.match(r"[!-~]+\Z", token):
        raise invalid(
            "the token for %s has characters that no token has" % url,
            "copy it again, without spaces and line breaks",
        )
    return Login(url, token, service.get("proof_key"), service.get("ca"))


def checked_url(text: str) -> str:
    """A base URL as it is stored and compared.

    >>> checked_url("HTTP://LocalHost:8080/")
    'http://localhost:8080'
    """
    try:
        parts = urllib.parse.urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise invalid(
            "%r is not the address of a service" % text,
            "write it as https://HOST or http://HOST:PORT",
        )
    host = "[%s]" % host if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    place = host if port in (None, usual) else "%s:%d" % (host, port)
    return "%s://%s%s" % (parts.scheme, place, parts.path.rstrip("/"))


# -- requests ----------------------------------------------------------------------------------


def pauses(seconds: float = 0.1, maximum: float = 5.0) -> Iterator[float]:
    """Pauses between tries, which grow, each by chance between half and all of itself."""
    while True:
        yield seconds * random.uniform(0.5, 1)
        seconds = min(maximum, seconds * 2)


def parse_events(lines: Iterable[bytes]) -> Iterator[Tuple[str, str, str]]:
    """Kind, id and data of server-sent events.

    >>> list(parse_events([b": hi\\n", b"\\n", b"id: 7\\n", b"data: [1]\\n", b"\\n"]))
    [('message', '7', '[1]')]
    """
    kind, last, data = "message", "", []  # type: str, str, List[str]
    for line in lines:
        field, _, value = line.decode("utf-8").rstrip("\r\n").partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "data":
            data.append(value)
        elif field == "event":
            kind = value
        elif field == "id":
            last = value
        elif line in (b"\n", b"\r\n"):
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
        self.dial = http.client.HTTPConnection  # type: Callable[..., http.client.HTTPConnection]
        if self.parts.scheme == "https":
            try:
                tls = ssl.create_default_context(cafile=ca_file)
            except OSError as error:
                raise invalid(
                    "the certificates of ca_file %s cannot be read: %s" % (ca_file, error),
                    "give a file with certificates in PEM",
                )
            if ca_file is None and login.ca is not None:
                tls.load_verify_locations(cadata=login.ca)
            self.dial = functools.partial(http.client.HTTPSConnection, context=tls)
        self.local = threading.local()
        # Somebody has answered there, so it is worth waiting for.
        self.reached = False

    def json(
        self, method: str, path: str, body: Any = None, headers: Optional[Headers] = None
    ) -> Any:
        data = None if body is None else json.dumps(body).encode("ascii")
        answer = self.send(method, path, data, headers)
        try:
            return json.loads(answer.decode("utf-8")) if answer else None
        except ValueError:
            raise error_of_answer(self.login.url, 200, answer) from None

    def send(
        self,
        method: str,
        path: str,
        body: Optional[bytes] = None,
        headers: Optional[Headers] = None,
    ) -> bytes:
        def exchange() -> bytes:
            if getattr(self.local, "connection", None) is None:
                self.local.connection = self.connect(self.timeout)
            return self.ask(self.local.connection, method, path, body, headers).read()

        return self.repeat(exchange)

    def events(
        self,
        path: str,
        headers: Optional[Headers] = None,
        deadline: Optional[float] = None,
        opened: Callable[[socket.socket], None] = lambda _: None,
    ) -> Generator[Tuple[str, str, str], None, None]:
        """Events of an answer that goes on. Raises ``OSError`` where it breaks, or is late.

        `opened` is given the socket, by whose shutdown another thread may end this.
        """

        def left() -> float:
            seconds = SILENCE if deadline is None else deadline - time.monotonic()
            return max(0.001, min(SILENCE, seconds))

        def exchange() -> Tuple[Any, Any, Any]:
            connection = self.connect(left())
            # The connection lets go of it when the answer begins.
            stream = connection.sock
            accept = dict(headers or {}, Accept="text/event-stream")
            return connection, stream, self.ask(connection, "GET", path, None, accept)

        connection, stream, answer = self.repeat(exchange, deadline)

        def lines() -> Iterator[bytes]:
            for line in iter(answer.readline, b""):
                yield line
                stream.settimeout(left())

        with contextlib.closing(connection):
            opened(stream)
            yield from parse_events(lines())

    def repeat(self, exchange: Callable[[], Any], deadline: Optional[float] = None) -> Any:
        """Every request here may come twice without harm: a submit has an idempotency key."""
        end, failures = time.monotonic() + self.patience, 0
        end = end if deadline is None else min(end, deadline)
        for pause in pauses():
            try:
                return exchange()
            except (OSError, http.client.HTTPException) as error:
                if getattr(self.local, "connection", None) is not None:
                    self.local.connection.close()
                    self.local.connection = None
                hint = "check that the service runs there and that this machine can reach it"
                if isinstance(error, ssl.SSLError):
                    hint = (
                        "give the certificate of its authority to `funcx-endpoint login URL --ca "
                        "FILE`, or as ca_file"
                    )
                reason = "no answer from %s: %s" % (
                    self.login.url,
                    str(error) or type(error).__name__,
                )
                failure = ServiceUnavailable(
                    "SERVICE_UNAVAILABLE", reason, hint
                )  # type: FuncxError
                again = self.reached
            except FuncxError as error:
                self.reached = self.reached or not isinstance(error, ServiceUnavailable)
                failures += error.code == "INTERNAL_ERROR"
                failure = error
                again = error.code in PASSING and self.reached or error.code == "INTERNAL_ERROR"
            pause = max(pause, failure.retry_after)
            if not again or failures > 2 or time.monotonic() + pause > end:
                raise failure
            time.sleep(pause)

    def connect(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self.parts.hostname or "", self.parts.port
        is_secure = self.parts.scheme == "https"
        proxy = urllib.request.getproxies().get("https") if is_secure else None
        if proxy and not urllib.request.proxy_bypass(host):
            at = urllib.parse.urlsplit(proxy if "//" in proxy else "//" + proxy)
            connection = self.dial(at.hostname or "", at.port or 80, timeout=timeout)
            connection.set_tunnel(host, port or 443)
        else:
            connection = self.dial(host, port, timeout=timeout)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.login.proof_key is not None:
            self.check_proof(connection, self.login.proof_key)
        return connection

    def check_proof(self, connection: http.client.HTTPConnection, key: str) -> None:
        nonce = os.urandom(16).hex()
        connection.request("GET", "%s/v3/health?nonce=%s" % (self.parts.path, nonce))
        body = connection.getresponse().read()
        told = ("%s %s" % (nonce, self.login.url)).encode("utf-8")
        expected = hmac.new(bytes.fromhex(key), told, hashlib.sha256).hexdigest()
        with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
            found = json.loads(body.decode("utf-8"))["proof"]
            if hmac.compare_digest(found.encode("utf-8"), expected.encode("ascii")):
                return
        connection.close()
        raise AuthenticationError(
            "SERVICE_NOT_OURS",
            "what listens at %s is not this user's private service" % self.login.url,
            "see `funcx-endpoint service status`; another program or user may have that port",
        )

    def ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Optional[bytes],
        headers: Optional[Headers],
    ) -> http.client.HTTPResponse:
        """An answer that is a good one; raises the error that another stands for."""
        if connection.sock is None:
            # http.client would dial again by itself, and nobody would have proved anything.
            raise http.client.NotConnected()
        sent = {"Authorization": "Bearer " + self.login.token, "Content-Type": "application/json"}
        connection.request(method, self.parts.path + path, body, dict(sent, **(headers or {})))
        answer = connection.getresponse()
        if not 200 <= answer.status < 300:
            again = answer.getheader("Retry-After")
            raise error_of_answer(self.login.url, answer.status, answer.read(), again)
        self.reached = True
        return answer


# -- what is shown -----------------------------------------------------------------------------


class Record(dict):
    """A document of the service; in Jupyter a table of its own."""

    def _repr_html_(self) -> str:
        return html_table([html_cell("th", key), html_cell("td", self[key])] for key in self)


class Records(list):
    """Documents of a kind; in Jupyter a table.

    >>> re.sub(' style="[^"]*"', "", Records([Record(name="<b>", uuid="7")])._repr_html_())
    '<table><tr><th>name</th><th>uuid</th></tr><tr><td>&lt;b&gt;</td><td>7</td></tr></table>'
    """

    # Of all that is known of a task, a function or an endpoint, what tells one from another.
    COLUMNS = (
        "name function_name status runtime endpoint_name attempt uuid function_uuid task_id".split()
    )

    def _repr_html_(self) -> str:
        columns = [name for name in self.COLUMNS if any(name in each for each in self)]
        head = [html_cell("th", name) for name in columns]
        rows = ([html_cell("td", each.get(name)) for name in columns] for each in self)
        return html_table([head, *rows])


def html_cell(tag: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = text if len(text) <= 500 else text[:500] + " …"
    # Names, ids and states stay whole; longer texts keep their lines, and their words may break.
    is_short = len(text) <= 40 and "\n" not in text
    wrap = "nowrap" if is_short else "pre-wrap; overflow-wrap: anywhere"
    style = "text-align: left; vertical-align: top; white-space: " + wrap
    return '<%s style="%s">%s</%s>' % (tag, style, html.escape(text), tag)


def html_table(rows: Iterable[List[str]]) -> str:
    return "<table>%s</table>" % "".join("<tr>%s</tr>" % "".join(row) for row in rows)


class Progress:
    """How many of some tasks have ended: a bar in Jupyter, a line on a terminal's standard error.

    >>> progress = Progress(4, False); progress.ended = 2; print(progress)
    2/4 tasks
    >>> progress._repr_html_()
    '<progress max="4" value="2"></progress> 2/4 tasks'
    """

    WIDTH = 30
    INTERVAL = 0.1
    # What is over within so many seconds needs no bar.
    QUIET = 1.0

    def __init__(self, total: int, shown: Optional[bool]) -> None:
        self.display = notebook_display()  # type: Any
        is_closed = getattr(sys.stderr, "closed", True)
        is_seen = self.display is not None or not is_closed and sys.stderr.isatty()
        self.shown = is_seen if shown is None else shown
        self.total, self.ended, self.failed, self.drawn = total, 0, 0, 0.0
        self.begun = time.monotonic()
        self.lock = threading.Lock()

    def __repr__(self) -> str:
        failed = ", %d failed" % self.failed if self.failed else ""
        return "%d/%d tasks%s" % (self.ended, self.total, failed)

    def _repr_html_(self) -> str:
        return '<progress max="%d" value="%d"></progress> %s' % (self.total, self.ended, self)

    def count(self, future: "concurrent.futures.Future[Any]") -> None:
        with self.lock:
            self.ended += 1
            self.failed += future.cancelled() or future.exception() is not None
            now = time.monotonic()
            if self.shown and now - self.begun > self.QUIET and now - self.drawn > self.INTERVAL:
                self.draw()

    def end(self) -> None:
        with self.lock:
            if self.drawn:
                self.draw("\n")
            self.shown, self.drawn = False, 0.0

    def draw(self, end: str = "") -> None:
        """For the first time, or in the place of what was drawn before."""
        self.drawn = time.monotonic()
        try:
            if self.display is not None:
                # The first call gives back what calls the next ones.
                self.display = self.display(self) or self.display
                return
            full = "#" * (self.WIDTH * self.ended // max(1, self.total))
            sys.stderr.write("\r[%s] %s%s" % (full.ljust(self.WIDTH), self, end))
            sys.stderr.flush()
        except (OSError, ValueError):
            self.shown = False


def notebook_display() -> Optional[Callable[[Any], Any]]:
    """Shows a value where HTML is seen, and gives back what replaces it; None on a terminal."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return lambda value: display(value, display_id=True).update


def not_ended(task_id: str, timeout: float) -> concurrent.futures.TimeoutError:
    return concurrent.futures.TimeoutError(
        "task %s has not ended within %g s; it goes on: ask again, or cancel it"
        % (task_id, timeout)
    )


# -- the client --------------------------------------------------------------------------------


class Client:
    """One service, as its token's owner.

    Without arguments it is the service that ``funcx-endpoint`` uses: FUNCX_SERVICE_URL, else the
    one that ``login`` or ``service start`` chose, with the token from there or FUNCX_TOKEN_FILE.

    ``ca_file``: certificates of authorities (PEM) to trust instead of the system's, and of the one
    that ``login`` keeps for the service.
    ``timeout``: seconds that one request may take. ``patience``: seconds for which requests are
    repeated while a service that has answered before is away, or wants none so soon.

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
        is_source = isinstance(function, Source)
        known = Described(function) if is_source else bundle_of(function).described()
        return self.register(known, name, description, public)

    def register(
        self,
        known: Described,
        name: Optional[str] = None,
        description: Optional[str] = None,
        public: bool = False,
    ) -> str:
        """Registers what is known of a function already, and returns its id."""
        description = description or known.description
        body = {
            "function_name": (name or known.source.name)[:200],
            "function_code": pack(["st\n%s:%s" % known.source]),
            "description": description[:10000] if description else None,
            "public": public,
            "meta": {"python_version": "%d.%d.%d" % sys.version_info[:3]},
        }
        if known.parameters is not None:
            body["parameters"] = known.parameters
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
        endpoint = str(endpoint)
        if re.match(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z", endpoint):
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
        payload = self.payload(rest, kwargs)
        where = self.endpoint_id(endpoint)
        which = function if isinstance(function, str) else self.register_function(function)
        return self.submit(where, {which: [payload]})[which][0]

    def submit(
        self, endpoint_id: str, tasks: Dict[str, List[str]], **options: Any
    ) -> Dict[str, List[str]]:
        """Payloads by function id; ids of the tasks in the same order. Repeated, it is one."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        path = "/v3/endpoints/%s/submit" % quote(endpoint_id, "")
        return self.transport.json("POST", path, dict(options, tasks=tasks), key)["tasks"]

    def payload(self, args: Iterable[Any], kwargs: Document, serializer: str = "json") -> str:
        """Arguments as they travel; files and large ones are uploaded first."""
        given = [dict(enumerate(args)), kwargs]  # type: List[Dict[Any, Any]]
        plain = [
            {key: None if isinstance(each, File) else each for key, each in values.items()}
            for values in given
        ]
        buffers = argument_buffers(plain[0].values(), plain[1], serializer)
        is_large = sum(map(len, buffers)) > INLINE_BYTES
        for index, values in enumerate(given):
            files = {key: each for key, each in values.items() if isinstance(each, File)}
            if files:
                require_files(buffers[index], serializer)
                blobs = {str(key): self.upload_file(each) for key, each in files.items()}
                value = json.loads(buffers[index][3:])
                buffers[index] = "bf\n" + json.dumps({"value": value, "files": blobs})
            elif is_large and len(buffers[index]) * 2 > INLINE_BYTES:
                blob = self.upload(io.BytesIO(buffers[index].encode("ascii")))
                buffers[index] = "bl\n" + json.dumps(blob)
        return pack(buffers)

    def get_result(
        self, task_id: str, timeout: Optional[float] = None, serializer: str = "json"
    ) -> Any:
        """Waits for a task and returns its result, which is pushed.

        Raises ``TaskFailed`` or ``TaskCancelled``, and ``concurrent.futures.TimeoutError`` when it
        has not ended within `timeout` seconds; 0 asks once, which takes the time of a request.
        """
        return self.value_of(self.wait(task_id, timeout), serializer)

    def wait(self, task_id: str, timeout: Optional[float]) -> Document:
        if timeout is not None and timeout <= 0:
            task = self.task(task_id)
            if task["completed_at"] is None:
                raise not_ended(task_id, timeout)
            return task
        deadline = None if timeout is None else time.monotonic() + timeout
        path = "/v3/tasks/%s/follow" % quote(task_id, "")
        for pause in pauses(0.05):
            try:
                with contextlib.closing(self.transport.events(path, deadline=deadline)) as events:
                    for kind, _, data in events:
                        if kind == "finished":
                            return json.loads(data)
            except (OSError, http.client.HTTPException) as broken:
                log.info("the stream of task %s broke: %s", task_id, broken)
            except ServiceUnavailable:
                if deadline is None or time.monotonic() < deadline:
                    raise
            if timeout is not None and deadline is not None and time.monotonic() >= deadline:
                raise not_ended(task_id, timeout)
            time.sleep(pause)
        raise AssertionError("there is always one more pause")

    def value_of(self, task: Document, serializer: str) -> Any:
        """The result of a finished task; raises its error."""
        if task["status"] != "success":
            raise error_of_task(task)
        return read_result(task.get("result", "11\nnull"), serializer, self.download)

    def task(self, task_id: str) -> Record:
        """All that is known of a task: timeline, output, result."""
        return Record(self.transport.json("GET", "/v3/tasks/" + quote(task_id, "")))

    def tasks(self, limit: int = 100, **filters: str) -> Records:
        """Your tasks, newest first. Filters: `status`, `endpoint_id`, and others of the API."""
        return self.pages("/v3/tasks", limit, filters)

    def cancel(self, *task_ids: str) -> Record:
        """Asks tasks to end; those that had finished are named in the answer."""
        body = {"task_ids": list(task_ids)}
        return Record(self.transport.json("POST", "/v3/tasks/cancel", body))

    def group_task_ids(self, task_group_id: str) -> List[str]:
        """Ids of all tasks of a group."""
        answer = self.transport.json("GET", "/v2/taskgroup/" + quote(task_group_id, ""))
        return [each["id"] for each in answer["tasks"]]

    def pages(self, path: str, limit: int, filters: Dict[str, str]) -> Records:
        found, query = Records(), dict(filters)
        while len(found) < limit:
            query["limit"] = str(min(1000, limit - len(found)))
            answer = self.transport.json("GET", "%s?%s" % (path, urllib.parse.urlencode(query)))
            found.extend(map(Record, answer["items"]))
            if answer["next_cursor"] is None:
                break
            query["cursor"] = answer["next_cursor"]
        return found

    # Blobs.

    def upload_file(self, file: File) -> Document:
        try:
            stream = open(file.path, "rb")
        except OSError as error:
            raise invalid("%s cannot be read: %s" % (file.path, error), "check the file")
        with stream:
            return dict(self.upload(stream), name=os.path.basename(file.path))

    def upload(self, stream: Any) -> Document:
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
                answer = self.transport.send("PUT", path, stream.read(CHUNK_BYTES), kind)
                state = json.loads(answer.decode("utf-8"))
            except FuncxError as error:
                # Somebody else uploads the same, or an answer was lost.
                if error.code != "BLOB_OFFSET_MISMATCH":
                    raise
                state = self.transport.json("POST", "/v3/blobs", blob)
        return blob

    def download(self, blob: Document) -> bytes:
        """The bytes of a blob; raises BLOB_CORRUPT when they are not what the reference says."""
        path, size, parts = "/v3/blobs/" + blob["sha256"], blob["size"], []
        for start in range(0, size, CHUNK_BYTES):
            range_ = "bytes=%d-%d" % (start, min(size, start + CHUNK_BYTES) - 1)
            parts.append(self.transport.send("GET", path, headers={"Range": range_}))
        data = b"".join(parts)
        if hashlib.sha256(data).hexdigest() == blob["sha256"]:
            return data
        raise FuncxError(
            "BLOB_CORRUPT",
            "what came as blob %s has another SHA-256" % blob["sha256"],
            "try again; if it stays so, see the service's disk and what stands before the service",
        )


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
        """One of queued, submitted, success, failed and cancelled."""
        if self.cancelled():
            return "cancelled"
        if not self.done():
            return "submitted" if self.task_id else "queued"
        return "success" if self.exception() is None else "failed"

    def __repr__(self) -> str:
        return "<TaskFuture %s %s %s>" % (self.function_name, self.task_id or "-", self.state())

    def _repr_html_(self) -> str:
        state = self.state()
        known = Record(function=self.function_name, task_id=self.task_id or "-", status=state)
        if state == "success":
            known["result"] = repr(self.result())
        elif state == "failed":
            known["error"] = str(self.exception())
        return known._repr_html_()


class Waiting(NamedTuple):
    """A task on its way to the service."""

    future: TaskFuture
    # An id where it is registered.
    function: Union[str, Source]
    payload: str


class Executor(concurrent.futures.Executor):
    """Runs functions on an endpoint, as ``concurrent.futures`` executors run them here.

    Tasks are sent in batches by one thread, and results are pushed to another over one connection,
    which is opened again where it broke, for as long as there is something to wait for; large ones
    are fetched by a few more. A submit that is repeated makes no second task, and what the service
    refuses of a batch ends with its refusal, and nothing else does.

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
        resource_specification: Optional[Document] = None,
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
        self._sources = Sources()
        self._described = {}  # type: Dict[Source, Described]
        # Ids of those that are registered, which the sending thread does.
        self._function_ids = {}  # type: Dict[Source, str]
        # Held while the service may have tasks of which `_submitted` does not know yet.
        self._submitting = threading.Lock()
        # Guards all below; notified whenever a thread may have something to do.
        self._changed = threading.Condition()
        self._queue = []  # type: List[Waiting]
        self._cancels = []  # type: List[str]
        self._downloads = []  # type: List[Tuple[TaskFuture, Document]]
        # Every future that has not ended.
        self._pending = set()  # type: set
        self._submitted = {}  # type: Dict[str, TaskFuture]
        # Results that overtook the answer to their submit.
        self._early = {}  # type: Dict[str, Document]
        self._sending = self._closed = False
        # What the service needs to hear to go on with the stream; another one to begin anew.
        self._place = {}  # type: Headers
        self._stream = None  # type: Optional[socket.socket]
        self._threads = []  # type: List[threading.Thread]
        LIVING.add(self)

    def __repr__(self) -> str:
        return "<funcx.Executor on %s, group %s>" % (self.endpoint_id, self.task_group_id)

    def submit(*args: Any, **kwargs: Any) -> TaskFuture:  # type: ignore
        """``submit(function, *args, **kwargs)``: runs it on the endpoint.

        `function` is a function of this program or the id of a registered one. What cannot be sent
        raises ``InputError`` at once; everything else comes with the future. Files and large
        arguments are uploaded before it is given back.
        """
        self, function, *rest = args
        return self._start(function, rest, kwargs)

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
                if futures[-1].done() and futures[-1].task_id is None:
                    # It cannot be sent, and with its error the map ends.
                    break
        except BaseException:
            self._cancel(futures)
            raise
        progress = Progress(len(futures), self._progress)
        for future in futures:
            future.add_done_callback(progress.count)

        def in_order() -> Iterator[Any]:
            try:
                # From the end, so that results which were given out are kept no longer.
                futures.reverse()
                while futures:
                    left = None if deadline is None else max(0.0, deadline - time.monotonic())
                    value = futures[-1].result(left)
                    futures.pop()
                    yield from value if chunksize > 1 else (value,)
            finally:
                progress.end()
                self._cancel(futures)

        return in_order()

    def reload_tasks(self) -> List[TaskFuture]:
        """Futures of the group's tasks, ended or not, but those that this executor waits for.

        For a program that was ended: make an executor with the same `task_group_id` and call this.
        """
        futures = []
        with self._submitting:
            ids = self.client.group_task_ids(self.task_group_id)
            with self._changed:
                self._begin()
                for task_id in ids:
                    if task_id not in self._submitted:
                        future = TaskFuture(self, "task")
                        future.task_id = task_id
                        self._pending.add(future)
                        self._submitted[task_id] = future
                        futures.append(future)
                # From the beginning: some have ended before.
                self._place = {}
                self._close_stream()
        return futures

    def shutdown(self, wait: bool = True, cancel_futures: bool = False, **_: Any) -> None:
        """Takes no more tasks. Waits for those that there are, unless `wait` is False.

        With `cancel_futures` they are cancelled, also those that run.
        """
        with self._changed:
            self._closed = True
            pending = list(self._pending)
            self._wake()
        if cancel_futures:
            self._cancel(pending)
        if wait:
            for thread in self._threads:
                if thread is not threading.current_thread():
                    thread.join()
            LIVING.discard(self)

    # What becomes of a task, step by step.

    def _start(self, function: Any, args: Iterable[Any], kwargs: Document) -> TaskFuture:
        with self._changed:
            self._begin()
        name = function if isinstance(function, str) else getattr(function, "name", None)
        future = TaskFuture(self, name or getattr(function, "__name__", "function"))
        called = function if isinstance(function, str) else self._source_of(function)
        try:
            payload = self.client.payload(args, kwargs, self.serializer)
        except InputError:
            raise
        except FuncxError as error:
            # Of an upload.
            future.set_exception(error)
            return future
        with self._changed:
            self._begin()
            self._pending.add(future)
            self._queue.append(Waiting(future, called, payload))
            self._changed.notify_all()
        return future

    def _source_of(self, function: Any) -> Source:
        known = Described(function) if isinstance(function, Source) else self._sources.of(function)
        self._described.setdefault(known.source, known)
        return known.source

    def _begin(self) -> None:
        """Called with `_changed` held, before there is more to do."""
        if self._closed:
            raise ShutDown(
                "NOT_RUNNING",
                "cannot schedule new futures after shutdown of this executor",
                "submit inside of its with block, or make another one",
            )
        if not self._threads:
            # All of them now: Python 3.12 starts no thread while the program ends.
            for target in [self._send_all, self._receive_all] + [self._download_all] * DOWNLOADS:
                name = "funcx" + target.__name__
                self._threads.append(threading.Thread(target=target, name=name, daemon=True))
                self._threads[-1].start()

    def _send_all(self) -> None:
        while True:
            with self._changed:
                self._sending = False
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
            batch = self._registered(batch)
            if batch:
                with self._submitting:
                    self._send(batch)

    def _take_batch(self) -> List[Waiting]:
        """Called with `_changed` held."""
        payloads = (len(each.payload) for each in self._queue[: self._batch_size])
        count = max(1, sum(size <= BATCH_BYTES for size in itertools.accumulate(payloads)))
        batch, self._queue = self._queue[:count], self._queue[count:]
        return [each for each in batch if each.future in self._pending]

    def _registered(self, batch: List[Waiting]) -> List[Waiting]:
        """Those whose functions have ids now; with the others it is over."""
        found = []  # type: List[Waiting]
        for function, group in by_function(batch).items():
            try:
                function_id = self._function_id(function)
            except Exception as error:
                self._fail(group, error)
            else:
                waiting = (each for each in group if each.future in self._pending)
                found.extend(each._replace(function=function_id) for each in waiting)
        return found

    def _function_id(self, function: Union[str, Source]) -> str:
        if isinstance(function, str):
            return function
        if function not in self._function_ids:
            self._function_ids[function] = self.client.register(self._described[function])
        return self._function_ids[function]

    def _send(self, batch: List[Waiting]) -> None:
        groups = by_function(batch)
        tasks = {key: [each.payload for each in group] for key, group in groups.items()}
        try:
            ids = self.client.submit(self.endpoint_id, tasks, **self._options)
        except Exception as error:
            # The service takes all or none.
            parts = parts_of(batch, error)
            for part in parts:
                self._send(part)
            if not parts:
                self._fail(batch, error)
            return
        with self._changed:
            for key, group in groups.items():
                for each, task_id in zip(group, ids[key]):
                    each.future.task_id = task_id
                    if each.future in self._pending:
                        self._submitted[task_id] = each.future
                    else:
                        self._cancels.append(task_id)
            early = [each for task_id, each in self._early.items() if task_id in self._submitted]
            self._early.clear()
            self._changed.notify_all()
        for finished in early:
            self._deliver(finished)

    def _fail(self, batch: List[Waiting], error: Exception) -> None:
        for each in batch:
            self._end(each.future, error=error)

    def _receive_all(self) -> None:
        waits, told = pauses(0.05), ""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._submitted or self._is_over())
                if self._is_over():
                    return
            begun, pause, again = time.monotonic(), 0.0, told
            told = ""
            try:
                self._receive(self._place)
            except (OSError, http.client.HTTPException) as broken:
                log.info("the stream of results broke: %s", broken)
            except Exception as error:
                if isinstance(error, FuncxError) and may_pass(error):
                    # The tasks go on, and the service gets their results or has them.
                    told, pause = str(error), error.retry_after
                    level = logging.INFO if told == again else logging.WARNING
                    log.log(level, "results have to wait: %s", told)
                else:
                    self._lose(error)
            if time.monotonic() - begun > 10:
                waits = pauses(0.05)
            with self._changed:
                self._changed.wait_for(self._is_over, max(pause, next(waits)))

    def _lose(self, error: Exception) -> None:
        with self._changed:
            lost, self._submitted = list(self._submitted.values()), {}
        for future in lost:
            self._end(future, error=error)

    def _receive(self, place: Headers) -> None:
        def opened(stream: socket.socket) -> None:
            with self._changed:
                self._stream = stream
                # It was asked for before, and begins too late.
                if place is not self._place or self._is_over():
                    self._close_stream()

        path = "/v3/task_groups/%s/results" % self.task_group_id
        for _, event_id, data in self.client.transport.events(path, place, opened=opened):
            for finished in json.loads(data):
                self._deliver(finished)
            place["Last-Event-ID"] = event_id

    def _deliver(self, finished: Document) -> None:
        with self._changed:
            future = self._submitted.pop(finished["task_id"], None)
            if future is None:
                if self._sending:
                    self._early[finished["task_id"]] = finished
                return
            if finished.get("result", "").startswith("bl\n"):
                # Others do not wait until it is here.
                self._downloads.append((future, finished))
                self._changed.notify_all()
                return
        self._finish(future, finished)

    def _download_all(self) -> None:
        waits = pauses()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._downloads or self._is_over())
                if not self._downloads:
                    return
                future, finished = self._downloads.pop(0)
                if future not in self._pending:
                    continue
            away = self._finish(future, finished)
            if away is None:
                waits = pauses()
                continue
            log.warning("the result of task %s has to wait: %s", future.task_id, away)
            with self._changed:
                self._downloads.append((future, finished))
                self._changed.wait_for(self._is_over, max(away.retry_after, next(waits)))

    def _finish(self, future: TaskFuture, finished: Document) -> Optional[FuncxError]:
        """Ends it, or returns the reason why a large result cannot be fetched for the moment."""
        future.stdout, future.stderr = finished.get("stdout", ""), finished.get("stderr", "")
        try:
            value = self.client.value_of(finished, self.serializer)
        except Exception as error:
            if isinstance(error, FuncxError) and may_pass(error):
                return error
            self._end(future, error=error)
        else:
            self._end(future, value)
        return None

    def _end(
        self, future: TaskFuture, value: Any = None, error: Optional[Exception] = None
    ) -> None:
        with self._changed:
            mine = future in self._pending
            self._pending.discard(future)
            self._wake()
        # Somebody may have cancelled it at this moment.
        if mine and future.set_running_or_notify_cancel():
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

    def _cancel(self, futures: List[TaskFuture]) -> bool:
        """Whether all of them are cancelled. The service is told in one request."""
        with self._changed:
            taken = [future for future in futures if future in self._pending]
            for future in taken:
                self._pending.discard(future)
                if future.task_id is not None:
                    self._submitted.pop(future.task_id, None)
                    self._cancels.append(future.task_id)
            self._wake()
        # Callbacks may wait for threads that need the lock. Those that another thread has taken
        # are cancelled by whoever comes first.
        cancelled = [concurrent.futures.Future.cancel(future) for future in futures]
        for future in taken:
            future.set_running_or_notify_cancel()
        return all(cancelled)

    def _is_over(self) -> bool:
        return self._closed and not self._pending

    def _close_stream(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):
                self._stream.shutdown(socket.SHUT_RDWR)

    def _wake(self) -> None:
        """Called with `_changed` held, when there is more to do or less to wait for."""
        self._changed.notify_all()
        if self._is_over():
            self._close_stream()


def by_function(batch: List[Waiting]) -> Dict[Any, List[Waiting]]:
    groups = {}  # type: Dict[Any, List[Waiting]]
    for each in batch:
        groups.setdefault(each.function, []).append(each)
    return groups


def parts_of(batch: List[Waiting], error: Exception) -> List[List[Waiting]]:
    """What a refused batch is sent as instead, so that others are not refused with the bad ones."""
    groups = list(by_function(batch).values())
    if not isinstance(error, FuncxError) or may_pass(error):
        return []
    if len(groups) > 1:
        return groups
    half = len(batch) // 2
    return [batch[:half], batch[half:]] if half and error.code in OF_ARGUMENTS else []


def chunk_source(function: Function) -> Source:
    """The source of a function that calls another for each item of a list."""
    if isinstance(function, str):
        raise invalid("a registered function cannot be chunked", "give the function itself")
    name, text = source_of(function)
    more = "\n\ndef funcx_chunk(calls):\n    return [%s(*call) for call in calls]\n" % name
    return Source("funcx_chunk", text + more)


LIVING = weakref.WeakSet()  # type: Any


@atexit.register
def end_living() -> None:
    """As other executors do, wait for what was submitted before the program ends."""
    for executor in list(LIVING):
        executor.shutdown()
