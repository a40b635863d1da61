"""Input that cannot work, and what a program with funcx.py is told of it; ends with 'fine'.

After each, the endpoint runs the next task."""

import sys
import threading
import types

import funcx
from funcx import Client, Executor, FuncxError, InputError, TaskFailed

LIMIT = 10 * 1024 * 1024
LOCK = threading.Lock()


class Crashing:
    """Crashes whoever unpickles it."""

    def __reduce__(self):
        import ctypes

        return ctypes.string_at, (0,)


class Elsewhere:
    """Of a module that is here, and not where the worker is."""


Elsewhere.__module__ = "no_such_module_there"
sys.modules[Elsewhere.__module__] = types.ModuleType(Elsewhere.__module__)
sys.modules[Elsewhere.__module__].Elsewhere = Elsewhere


class Unwilling:
    def __reduce__(self):
        raise LookupError("not me")


def square(x):
    return x * x


def length(value):
    return len(value)


def long_text(size):
    return "y" * size


def uses_lock():
    return LOCK.locked()


def imports():
    import no_such_module_there

    return no_such_module_there


def leaves():
    import os

    os._exit(3)


def exits():
    import sys

    sys.exit(4)


def catches():
    import sys

    try:
        sys.exit(1)
    except SystemExit:
        return "caught"


def prints():
    import sys

    for _ in range(1000):
        sys.stdout.write("x" * 1000000)
    print("the end")
    return "printed"


def forks():
    import os

    child = os.fork()
    if child == 0:
        return "child"
    return ["parent", os.waitpid(child, 0)[0] == child]


def locked():
    import threading

    return threading.Lock()


def refused(executor, words, function, *args, **kwargs):
    """Before anything is sent."""
    try:
        executor.submit(function, *args, **kwargs)
    except InputError as error:
        told(error, "INPUT_INVALID", words)
        return
    raise AssertionError("%s was not refused" % (words,))


def failed(executor, code, words, function, *args):
    """On the worker."""
    error = executor.submit(function, *args).exception(120)
    assert isinstance(error, TaskFailed), (words, error)
    told(error, code, words)
    assert executor.submit(square, 3).result(60) == 9


def told(error, code, words):
    """What happened, what was found, and what to do."""
    assert error.code == code and error.hint, (code, str(error))
    for word in words:
        assert word in str(error), (word, str(error))


def in_json(executor):
    refused(executor, ["LOCK, a variable outside of it (lock)", "arguments"], uses_lock)
    refused(executor, ["argument 2", "a generator", "lists"], square, 1, (x for x in ()))
    refused(executor, ["argument x", "a set at [0]", "pickle"], square, x=[{1}])
    refused(executor, ["argument 1", "the key 1 is no string"], square, {1: 2})
    refused(executor, ["argument 1", "nan at ['a']"], square, {"a": float("nan")})
    failed(executor, "RemoteExecutionError", ["no_such_module_there", "Python is"], imports)
    failed(executor, "WORKER_LOST", ["exit status 3", "ended the process"], leaves)
    failed(executor, "RemoteExecutionError", ["sys.exit(4)", "Return a value"], exits)
    words = ["of type lock", "as JSON", "Return numbers"]
    failed(executor, "RemoteExecutionError", words, locked)
    assert executor.submit(catches).result(60) == "caught"
    assert executor.submit(forks).result(60) == ["parent", True]

    future = executor.submit(prints)
    assert future.result(300) == "printed"
    # Of a gigabyte the end is kept.
    assert future.stdout.endswith("xthe end\n"), future.stdout[-200:]
    assert 1000000 < len(future.stdout) < 2000000, len(future.stdout)

    # Above 10 MiB as below, since large arguments are uploaded.
    for size in (LIMIT, LIMIT + 1):
        assert executor.submit(length, "x" * size).result(60) == size
        assert len(executor.submit(long_text, size).result(60)) == size


def in_pickle(executor):
    refused(executor, ["argument 2", "generator", "lists"], square, 1, (x for x in ()))
    refused(executor, ["argument 1", "Crashing is defined in this program"], length, Crashing)
    refused(executor, ["argument 1", "not me"], length, Unwilling())
    words = ["of type lock", "as a pickle", "Return numbers"]
    failed(executor, "RemoteExecutionError", words, locked)
    words = ["No module named 'no_such_module_there'", "install it there"]
    failed(executor, "CouldNotExecuteUserTaskError", words, length, Elsewhere())
    words = ["SIGSEGV", "reads its arguments", "crashed"]
    failed(executor, "WORKER_LOST", words, length, Crashing())


def unreadable():
    """Results of others, which are not for everybody."""
    dill, pickled = "00\ngASVAgAAAEsBLg==\n", "pk\ngARLAS4="
    for buffer, serializer, word in (
        (dill, "json", "dill"),
        (dill, "pickle", "dill"),
        (pickled, "json", "pickle"),
        ("pk\nY25vX3N1Y2hfbW9kdWxlCkMKLg==", "pickle", "no_such_module"),
    ):
        try:
            funcx.read_result(buffer, serializer, bytes)
        except FuncxError as error:
            told(error, "INPUT_INVALID", [word])
        else:
            raise AssertionError("%r was read" % buffer)
    assert funcx.read_result(pickled, "pickle", bytes) == 1


if __name__ == "__main__":
    unreadable()
    client = Client()
    with Executor("default", client) as executor:
        in_json(executor)
    with Executor("default", client, serializer="pickle") as executor:
        in_pickle(executor)
    print("fine")
