"""Input that cannot work, and what a program with funcx.py is told of it; ends with 'fine'.

After each, the endpoint runs the next task."""

import concurrent.futures
import http.server
import os
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


def waits():
    import threading

    threading.Event().wait()


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
    words = ["of type lock", "as JSON", "Return numbers", 'serializer="pickle"']
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
    words = ["of type lock", "as a pickle", "without open files, locks"]
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


class Stranger(http.server.BaseHTTPRequestHandler):
    """Any other web server, which answers as the path says."""

    def do_GET(self):
        body = b"<html>hello</html>"
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def wrong_services(client):
    server = http.server.HTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = "http://127.0.0.1:%d" % server.server_port
    not_text = os.path.join(os.getcwd(), "not_a_certificate")
    with open(not_text, "wb") as file:
        file.write(b"\xff\xfe")
    try:
        for call, code, words in (
            (lambda: Client(url + "/200", "token").whoami(), "PROTOCOL_VIOLATION", ["status 200"]),
            (lambda: Client(url + "/404", "token").whoami(), "PROTOCOL_VIOLATION", ["status 404"]),
            (lambda: Client(url + "/500", "token").whoami(), "SERVICE_UNAVAILABLE", ["status 500"]),
            (lambda: Client(url, "a\nb"), "INPUT_INVALID", ["token", "line breaks"]),
            (lambda: Client(url, "\u00e9"), "INPUT_INVALID", ["token", "copy it again"]),
            (lambda: Client("ftp://x", "token"), "INPUT_INVALID", ["'ftp://x'", "https://HOST"]),
            (lambda: Client("http://[", "token"), "INPUT_INVALID", ["'http://['", "https://HOST"]),
            (lambda: Client("https://x", "token", "nowhere"), "INPUT_INVALID", ["nowhere", "PEM"]),
            (lambda: Client("https://x", "token", not_text), "INPUT_INVALID", [not_text, "PEM"]),
            (
                lambda: Client(home=os.getcwd()),
                "INPUT_INVALID",
                ["login.json", "funcx-endpoint login"],
            ),
            (lambda: funcx.File("nowhere"), "INPUT_INVALID", ["nowhere is not a file"]),
            (lambda: client.run(square, 1), "INPUT_INVALID", ["no endpoint", "endpoint="]),
            (lambda: Executor("default", client, "yaml"), "INPUT_INVALID", ["'yaml'", "pickle"]),
        ):
            try:
                call()
            except FuncxError as error:
                told(error, code, words)
            else:
                raise AssertionError("%s was taken" % (words,))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def too_late(client):
    """Errors of the standard library where programs expect those."""
    executor = Executor("default", client)
    never = executor.submit(waits)
    while never.task_id is None:
        threading.Event().wait(0.01)
    try:
        client.get_result(never.task_id, 0.2)
        raise AssertionError("it ended")
    except concurrent.futures.TimeoutError as error:
        assert never.task_id in str(error) and "0.2 s" in str(error), error
    executor.shutdown(cancel_futures=True)
    try:
        executor.submit(square, 1)
        raise AssertionError("it was taken")
    except RuntimeError as error:
        told(error, "NOT_RUNNING", ["shutdown", "make another"])


if __name__ == "__main__":
    unreadable()
    client = Client()
    with open("login.json", "w") as file:
        file.write("{")
    wrong_services(client)
    too_late(client)
    with Executor("default", client) as executor:
        in_json(executor)
    with Executor("default", client, serializer="pickle") as executor:
        in_pickle(executor)
    print("fine")
