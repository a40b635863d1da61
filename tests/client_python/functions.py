"""What funcx.py takes of a program and how it shows things; needs no service. Ends with 'fine'."""

import concurrent.futures
import functools
import io
import linecache
import os
import subprocess
import sys
import time
import urllib.parse
import xml.etree.ElementTree as tree
import xml.sax.saxutils

import funcx
from funcx import InputError, Progress, Record, source_of

LIMIT = 3


def called(function, *args):
    """Of what travels, as a worker calls it."""
    name, text = source_of(function)
    module = {"__name__": "worker"}
    exec(compile(text, "<sent>", "exec"), module)
    return module[name](*args)


def refused(function, *words):
    try:
        source_of(function)
    except InputError as error:
        for word in words:
            assert word in str(error), (word, str(error))
        assert error.code == "INPUT_INVALID" and error.hint, error
        return
    raise AssertionError("%r was not refused" % function)


class Machine:
    def method(self, x):
        return x

    @classmethod
    def of_class(cls, x):
        return x

    @staticmethod
    def static(x):
        return x

    def __call__(self, x):
        return x


def methods():
    refused(Machine().method, "Machine.method is a method", "arguments")
    refused(Machine.of_class, "is a method")
    refused(Machine.static, "Machine.static belongs to a class", "outside")
    refused(Machine.method, "belongs to a class")
    refused(Machine, "Machine is a class")
    refused(Machine(), "a Machine is not a function")
    refused(functools.partial(max, 1), "a partial is not a function")
    refused("x".join, "has no Python source")
    refused(str.join, "has no Python source")


async def fetched():
    return 1


def counted():
    yield 1


def others():
    refused(fetched, "fetched is asynchronous", "asyncio.run")
    refused(counted, "counted is a generator", "list")


def doubled(function):
    @functools.wraps(function)
    def wrapper(*args):
        return 2 * function(*args)

    return wrapper


def unnamed(function):
    def wrapper(*args):
        return function(*args)

    return wrapper


@doubled
def decorated(x):
    return x + 1


@functools.lru_cache(maxsize=None)
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@unnamed
def hidden(x):
    return x


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def increased(x):
    return x + 1


rebound = doubled(increased)
increased = doubled(increased)


def uses_rebound(x):
    return increased(x)


@functools.singledispatch
def kind(x):
    return "other"


@kind.register(int)
def _(x):
    return "int"


def kinds(x):
    return kind(x)


def decorators():
    assert called(decorated, 3) == 8
    assert called(fibonacci, 20) == 6765
    refused(rebound, "increased was given to a decorator where its source does not show it", "@")
    refused(doubled(decorated), "decorated was given to a decorator", "@")
    refused(uses_rebound, "increased, since increased was given to a decorator")
    refused(functools.lru_cache(maxsize=None)(lambda x: x), "was given to a decorator")
    refused(kind, "kind is a generic function", "isinstance")
    refused(kinds, "kind, since kind is a generic function")
    refused(hidden, "wrapper uses what is not sent with it", "function, a variable outside of it")
    assert called(even, 10) is True and called(odd, 10) is False


def quoted_xml(text):
    return xml.sax.saxutils.escape(urllib.parse.quote(text)) + tree.Element("x").tag


def modules():
    """A module of a package is there only where it was imported."""
    assert called(quoted_xml, "a b") == "a%20bx"
    assert source_of(quoted_xml).text.splitlines()[:3] == [
        "import urllib.parse",
        "import xml.etree.ElementTree as tree",
        "import xml.sax.saxutils",
    ], source_of(quoted_xml).text


def kept():
    """A source is made again where something that is in it has changed, and only there."""
    sources, absent = funcx.Sources(), "xml.dom.minidom"

    def first():
        def helper(x):
            return x + 1, xml.dom.minidom

        return helper

    def second():
        def helper(x):
            return x + 2

        return helper

    def function(x):
        return helper(x)

    def text():
        return sources.of(function).source.text

    helper = first()
    assert "x + 1" in text() and "import " + absent not in text()
    __import__(absent)
    assert "import " + absent in text()
    assert sources.of(function) is sources.of(function)
    helper = second()
    assert "x + 2" in text()
    helper = first()
    assert "x + 1" in text()
    # As IPython reloads a module.
    helper.__code__ = second().__code__
    assert "x + 2" in text()


def lambdas():
    with_default = lambda x, more=lambda y: y + 1, n=2: more(x) * n
    assert called(with_default, 3) == 8
    pair = (lambda x: x + 1, lambda x: x + 2)
    assert called(pair[1], 1) == 3
    inner = (lambda: (lambda: 1)(), lambda: (lambda: 2)())
    assert called(inner[1]) == 2
    same = (lambda x, n=1: x + n, lambda x, n=2: x + n)
    refused(same[0], "cannot be told from others", "def")
    listed = [lambda x: x + 3 for _ in range(2)]
    assert called(listed[1], 1) == 4
    assert called(next(iter((lambda x: x + 4) for _ in range(1))), 1) == 5
    given_a_name = (lambda x: x + 5,)[0]
    given_a_name.__name__ = "other"
    assert called(given_a_name, 1) == 6


def nested():
    step = 2

    def helper(x):
        return x + 1

    def inner(x):
        text = """
  as it is"""
        return helper(x), text

    def closing(x):
        return x + step

    def commented(x):
# at the left
        return helper(x)

    def counting():
        nonlocal step
        step += 1

    def renaming(x):
        return renamed(x)

    def renamed(x):
        return x + 2

    assert called(inner, 1) == (2, "\n  as it is")
    assert called(commented, 1) == 2
    refused(counting, "counting cannot stand by itself", "nonlocal", "arguments")
    for name in ("renamed", "another"):
        renamed.__name__ = name
        assert called(renamed, 1) == 3
        assert called(renaming, 1) == 3
    refused(closing, "step, a variable outside of it (int)")
    refused(lambda x: x + LIMIT, "LIMIT")


def cells():
    """Jupyter and IPython keep a cell's text in linecache, under a name of its own."""
    shared = {"__name__": "__main__"}
    texts = (
        "# one\n\n\n\nimport math\ndef shout(function):\n    return function\n",
        "@shout\ndef area(r):\n    return math.pi * square(r)\n",
        "# later\n\ndef square(x):\n    return x * x\n",
    )
    for number, text in enumerate(texts):
        name = "<ipython-input-%d-cell>" % number
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        exec(compile(text, name, "exec"), shared)
    assert round(called(shared["area"], 1), 2) == 3.14
    exec("def typed(x):\n    return x\n", shared)
    refused(shared["typed"], "source of typed cannot be had", "notebook")


def prompt():
    """A program on standard input has no text to be had, or is kept by newer Pythons."""
    text = "import funcx\ndef f(x):\n    return x\n\ntry:\n    print(funcx.source_of(f).text)\n"
    text += "except funcx.InputError as error:\n    print(error)\n"
    options = {"input": text.encode(), "stdout": subprocess.PIPE, "check": True}
    said = subprocess.run([sys.executable, "-"], **options).stdout.decode()
    assert "source of f cannot be had" in said or said.startswith("def f(x):"), said


def shown():
    hostile = "<script>alert('x')</script>"
    for document in (Record({hostile: hostile}), funcx.Records([Record(name=hostile)])):
        assert "<script" not in document._repr_html_(), document._repr_html_()
    for end in (lambda each: each.set_result(hostile), lambda each: each.set_exception(ValueError(hostile))):
        future = funcx.TaskFuture(None, hostile)
        end(future)
        assert "<script" not in future._repr_html_() and "&lt;script" in future._repr_html_()


def bar(stream):
    before, sys.stderr = sys.stderr, stream
    try:
        progress = Progress(2, None)
        # As if the first second were over.
        progress.begun -= 2
        for _ in range(2):
            future = concurrent.futures.Future()
            future.set_result(None)
            progress.count(future)
        progress.end()
    finally:
        sys.stderr = before


def bars():
    stream = io.StringIO()
    bar(stream)
    assert stream.getvalue() == "", stream.getvalue()
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        bar(terminal)
        found = ""
        while "2/2 tasks" not in found:
            found += os.read(ours, 10000).decode()
        assert "1/2 tasks" in found, found
    os.close(ours)


def parameters():
    def function(a, b: str, *rest, c: "float" = 1.5, d=None, **more):
        return a

    assert funcx.parameters_of(function) == {
        "type": "object",
        "properties": {
            "a": {},
            "b": {"type": "string"},
            "c": {"type": "number", "default": 1.5},
            "d": {"default": None},
        },
        "required": ["a", "b"],
        "x-order": ["a", "b"],
        "x-varargs": "rest",
        "x-kwargs": "more",
    }, funcx.parameters_of(function)


PARTS = (
    methods,
    others,
    decorators,
    modules,
    kept,
    lambdas,
    nested,
    cells,
    prompt,
    shown,
    bars,
    parameters,
)

if __name__ == "__main__":
    for part in PARTS:
        part()
    print("fine")
