"""What a program does with funcx.py against a running endpoint; ends with 'fine' or a traceback."""

import concurrent.futures
import math
import os
import subprocess
import sys
import time

import funcx
from funcx import Client, Executor, File, FuncxError, InputError, TaskFailed

LIMIT = 3


def square(x):
    return x * x


def hypotenuse(a, b):
    return math.sqrt(square(a) + square(b))


def limited(x):
    return min(x, LIMIT)


def length(x):
    print("measuring")
    return len(x)


def divide(a, b):
    return a / b


def needs_module():
    import no_such_module_here

    return no_such_module_here


def returns_set():
    return {1, 2}


def leaves():
    import os

    os._exit(3)


def nap(seconds):
    import time

    time.sleep(seconds)
    return seconds


def read(path):
    with open(path) as file:
        return file.read()


def refused(code, call, *words):
    try:
        call()
    except FuncxError as error:
        assert error.code == code, error
        for word in words:
            assert word in str(error), (word, str(error))
        return error
    raise AssertionError("nothing was refused")


def scenario(executor, client):
    assert executor.submit(hypotenuse, 3, b=4).result(60) == 5
    assert executor.submit(lambda x: x + 1, 1).result(60) == 2
    refused("INPUT_INVALID", lambda: executor.submit(limited, 1), "LIMIT", "arguments")
    refused("INPUT_INVALID", lambda: executor.submit("x".join, 1), "join")
    step = 2
    refused("INPUT_INVALID", lambda: executor.submit(lambda x: x + step, 1), "step")
    refused("INPUT_INVALID", lambda: executor.submit(square, (i for i in ())), "argument 1", "generator")
    refused("INPUT_INVALID", lambda: executor.submit(square, x={1}), "argument x", "set")

    assert list(executor.map(square, range(1000))) == [x * x for x in range(1000)]
    assert list(executor.map(square, range(1000), chunksize=64)) == [x * x for x in range(1000)]
    futures = [executor.submit(square, x) for x in range(10)]
    found = sorted(future.result() for future in concurrent.futures.as_completed(futures, 60))
    assert found == [x * x for x in range(10)]
    assert concurrent.futures.wait(futures, 60).not_done == set()
    assert "&lt;" not in futures[0]._repr_html_() and "success" in futures[0]._repr_html_()

    future = executor.submit(divide, 1, 0)
    error = future.exception(60)
    assert isinstance(error, TaskFailed) and error.type == "ZeroDivisionError", error
    assert "divide" in error.remote_traceback and "divide" in str(error.__cause__)
    error = executor.submit(needs_module).exception(60)
    assert error.type == "ModuleNotFoundError" and error.hint, error
    error = executor.submit(returns_set).exception(60)
    assert error.type == "SerializationError" and "set" in error.message, error
    error = executor.submit(leaves).exception(60)
    assert error.code == "WORKER_LOST", error

    large = "x" * (10 * 1024 * 1024 + 1)
    future = executor.submit(length, large)
    assert future.result(60) == len(large) and future.stdout == "measuring\n", future.stdout
    assert executor.submit("".join(["l", "en"]) and (lambda n: "y" * n), 3000000).result(60) == "y" * 3000000
    with open("given.txt", "w") as file:
        file.write("in the file")
    assert executor.submit(read, File("given.txt")).result(60) == "in the file"

    future = executor.submit(nap, 600)
    while future.task_id is None:
        time.sleep(0.01)
    assert future.cancel() and future.cancelled()
    while client.task(future.task_id)["status"] != "cancelled":
        time.sleep(0.05)
    try:
        list(executor.map(nap, [600, 600], timeout=0.2))
        raise AssertionError("no timeout")
    except concurrent.futures.TimeoutError:
        pass

    task = client.run(square, 5, endpoint="default")
    assert client.get_result(task, 60) == 25
    again = Executor(executor.endpoint_id, client, task_group_id=executor.task_group_id)
    assert len(again.reload_tasks()) > 1000
    again.shutdown()


LEAVING = """
from funcx import Executor

def square(x):
    return x * x

executor = Executor("default")
executor.submit(square, 7).add_done_callback(lambda future: print(future.result(), flush=True))
"""


def end_of_program():
    """As with other executors, a program's end waits for its tasks."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "timeout": 60}
    with open("leaving.py", "w") as file:
        file.write(LEAVING)
    ended = subprocess.run([sys.executable, "leaving.py"], **options)
    assert (ended.returncode, ended.stdout) == (0, b"49\n"), ended


def pickled(client):
    with Executor("default", client, serializer="pickle") as executor:
        assert executor.submit(lambda x: {x, 1}, 2).result(60) == {1, 2}
        refused("INPUT_INVALID", lambda: executor.submit(square, (i for i in ())), "argument 1")


if __name__ == "__main__":
    client = Client()
    assert client.whoami()["scopes"] == ["all"]
    with Executor("default", client) as executor:
        scenario(executor, client)
    pickled(client)
    end_of_program()
    refused("INVALID_AUTH_TOKEN", Client(client.url, "wrong").whoami)
    refused("SERVICE_UNAVAILABLE", Client("http://127.0.0.1:1", "wrong").whoami)
    refused("ENDPOINT_NOT_FOUND", lambda: Executor("nowhere", client), "default")
    print("fine")
