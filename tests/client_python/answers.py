"""What funcx.py makes of a service's answers; the service is a part of it. Ends with 'fine'."""

import contextlib
import email.utils
import http.server
import json
import os
import socketserver
import threading
import time
import types
import unittest.mock
import uuid

import funcx
from funcx import AuthenticationError, Client, Executor, File, InputError, ServiceUnavailable

ENDPOINT = str(uuid.uuid4())
BLOB = {"sha256": funcx.hashlib.sha256(b"11\n[7]").hexdigest(), "size": 6}


class Refusal(Exception):
    def __init__(self, status, code, headers=()):
        super().__init__(status, code, headers)


class Service(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Answers as funcX does; every task succeeds at once, with the result that `result` has."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Requests)
        self.url = "http://127.0.0.1:%d" % self.server_port
        self.changed = threading.Condition()
        self.functions, self.submits, self.cancelled = [], [], []
        self.finished, self.result, self.ended = [], "11\n7", True
        # What is asked for by method and path without ids, and what is answered instead.
        self.asked, self.refusals = [], {}

    def refuse(self, asked, *refusals):
        self.refusals[asked] = list(refusals)

    def answer(self, method, path, body):
        asked = "%s %s" % (method, path.split("/")[2] + "/" * path.endswith(("submit", "cancel")))
        with self.changed:
            self.asked.append(asked)
            self.changed.notify_all()
            refusals = self.refusals.get(asked, [])
            if refusals:
                raise refusals.pop(0)
            return getattr(self, asked.lower().replace(" ", "_").replace("/", "_"))(path, body)

    def get_whoami(self, path, body):
        return {"scopes": ["all"]}

    def post_functions(self, path, body):
        self.functions.append(body)
        return {"function_uuid": "function %d" % len(self.functions)}

    def post_endpoints_(self, path, body):
        self.submits.append(body["tasks"])
        self.check(body["tasks"])
        ids = {}
        for function, payloads in body["tasks"].items():
            ids[function] = [str(uuid.uuid4()) for _ in payloads]
            ended = [{"task_id": each, "status": "success"} for each in ids[function]]
            self.finished += [dict(each, result=self.result) for each in ended]
        return {"tasks": ids}

    def check(self, tasks):
        pass

    def post_tasks_(self, path, body):
        self.cancelled += body["task_ids"]
        return {}

    def get_tasks(self, path, body):
        return {"status": "success", "result": "11\n7", "completed_at": 1 if self.ended else None}

    def post_blobs(self, path, body):
        return {"complete": True}

    def get_blobs(self, path, body):
        return b"11\n[7]"

    def get_task_groups(self, path, body):
        return self.results()

    def results(self):
        """Server-sent events, as long as the reader stays."""
        sent = 0
        while True:
            with self.changed:
                self.changed.wait_for(lambda: len(self.finished) > sent)
                new, sent = self.finished[sent:], len(self.finished)
            yield b"id: %d\ndata: %s\n\n" % (sent, json.dumps(new).encode())


class Requests(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            found = self.server.answer(self.command, self.path, body and json.loads(body.decode()))
        except Refusal as refusal:
            status, code, headers = refusal.args
            told = {"code": code, "reason": "no"}
            self.tell(status, b"<html>" if code is None else json.dumps(told).encode(), headers)
        else:
            if isinstance(found, types.GeneratorType):
                self.send_response(200)
                self.end_headers()
                self.close_connection = True
                with contextlib.suppress(OSError):
                    for each in found:
                        self.wfile.write(each)
            else:
                self.tell(200, found if isinstance(found, bytes) else json.dumps(found).encode())

    do_POST = do_GET

    def tell(self, status, body, headers=()):
        self.send_response(status)
        for name, value in dict(headers, **{"Content-Length": len(body)}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def executing(patience=60.0, **options):
    with Service() as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.01,))
        thread.start()
        try:
            client = Client(service.url, "token", home="nowhere", patience=patience)
            client.whoami()
            with Executor(ENDPOINT, client, **options) as executor:
                yield executor, service
        finally:
            service.shutdown()
            thread.join()


class Held:
    """Holds up the sending thread, so that what is submitted meanwhile is one batch."""

    def __init__(self, executor):
        self.executor, self.submit = executor, executor.client.submit
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __enter__(self):
        self.executor.client.submit = self.wait
        self.first = self.executor.submit("first")
        assert self.reached.wait(60)

    def wait(self, *args, **options):
        self.executor.client.submit = self.submit
        self.reached.set()
        assert self.go_on.wait(60)
        return self.submit(*args, **options)

    def __exit__(self, *_):
        self.go_on.set()


def refused(error, code):
    assert getattr(error, "code", None) == code, repr(error)


def away():
    """Results wait for a service that is away for longer than a request does, or too busy."""
    with executing(patience=0.01) as (executor, service):
        service.refuse(
            "GET task_groups",
            Refusal(503, "SERVICE_BUSY"),
            Refusal(404, None),
            Refusal(408, "TIMED_OUT"),
            Refusal(429, "TOO_MANY_REQUESTS"),
            Refusal(500, "INTERNAL_ERROR"),
        )
        assert executor.submit("id").result(60) == 7
        service.result = "bl\n" + json.dumps(BLOB)
        service.refuse("GET blobs", Refusal(502, None), Refusal(429, "TOO_MANY_REQUESTS"))
        assert executor.submit("id").result(60) == [7]
        assert not any(service.refusals.values())
    for code in ("INVALID_AUTH_TOKEN", "TASK_GROUP_NOT_FOUND"):
        with executing() as (executor, service):
            status = 401 if "AUTH" in code else 404
            service.refuse("GET task_groups", Refusal(status, code))
            refused(executor.submit("id").exception(60), code)


def too_many():
    """A request that came too early is repeated when the service has said, if that is soon."""
    with executing(patience=10) as (executor, service):
        client, pauses = executor.client, []
        with unittest.mock.patch.object(time, "sleep", pauses.append):
            later = email.utils.formatdate(time.time() + 7, usegmt=True)
            for header in ("7", later):
                refusal = Refusal(429, "TOO_MANY_REQUESTS", {"Retry-After": header})
                service.refuse("GET whoami", refusal, Refusal(429, None, {"Retry-After": header}))
                client.whoami()
            assert len(pauses) == 4 and all(5 < pause <= 7 for pause in pauses), pauses
            late = Refusal(429, "TOO_MANY_REQUESTS", {"Retry-After": "90"})
            service.refuse("GET whoami", late, late)
            try:
                client.whoami()
                raise AssertionError("it was answered")
            except funcx.FuncxError as error:
                refused(error, "TOO_MANY_REQUESTS")
                assert error.retry_after == 90.0 and len(pauses) == 4, (error.retry_after, pauses)


def one_bad_task():
    """A refusal meets the tasks that it is of, and no others of their batch."""

    def check(tasks):
        if "gone" in tasks:
            raise Refusal(404, "FUNCTION_NOT_FOUND")
        if "not an id" in tasks:
            raise Refusal(422, "SEMANTICALLY_INVALID")
        if any("large" in payload for payloads in tasks.values() for payload in payloads):
            raise Refusal(413, "TASK_PAYLOAD_TOO_LARGE")

    with executing() as (executor, service):
        service.check = check
        with Held(executor):
            good = [executor.submit("good", index) for index in range(200)]
            other = [executor.submit("other", index) for index in range(200)]
            gone = [executor.submit("gone", index) for index in range(200)]
            wrong = executor.submit("not an id", 1)
            large = executor.submit("good", "large")
        assert [each.result(60) for each in good + other] == [7] * 400
        for each in gone:
            refused(each.exception(60), "FUNCTION_NOT_FOUND")
        refused(wrong.exception(60), "SEMANTICALLY_INVALID")
        refused(large.exception(60), "TASK_PAYLOAD_TOO_LARGE")
        assert len(service.submits) < 30, len(service.submits)


def cancelled_with_callbacks():
    """What is called when futures are cancelled may wait for other threads."""
    with executing() as (executor, service):
        with Held(executor):
            future, other = executor.submit("id", 1), executor.submit("id", 2)
            called = []

            def elsewhere(_):
                thread = threading.Thread(target=other.cancel)
                thread.start()
                thread.join(60)
                called.append(thread.is_alive())

            future.add_done_callback(elsewhere)
            assert future.cancel() and other.cancel() and future.cancel()
            assert called == [False] and other.cancelled()
        assert executor.submit("id", 3).result(60) == 7
        # Neither was sent.
        assert sum(len(payloads) for each in service.submits for payloads in each.values()) == 2

        # Nor does one stay whose submit was on its way.
        held = Held(executor)
        with held:
            assert held.first.cancel()
        with service.changed:
            assert service.changed.wait_for(lambda: service.cancelled == [held.first.task_id], 60)


def helper():
    return 1


def uses_helper():
    return helper()


def registered_once():
    """A function is registered once for each text that it has."""
    global helper
    with executing() as (executor, service):
        for index in range(50):
            executor.submit(lambda x: x + 1, index)

            def inner(x):
                return x

            executor.submit(inner, index)
        executor.submit(uses_helper).result(60)
        assert len(service.functions) == 3, len(service.functions)
        before = helper

        def helper():
            return 2

        again = executor.submit(uses_helper)
        helper = before
        executor.submit(uses_helper).result(60)
        assert again.result(60) == 7 and len(service.functions) == 4, len(service.functions)
        assert "return 2" in service.functions[3]["function_code"]


def with_the_future():
    """What fails on the way to the service comes with the future."""

    def function(x):
        return x

    with executing(patience=0.01) as (executor, service):
        service.refuse("POST functions", Refusal(403, "INSUFFICIENT_AUTH_SCOPE"))
        error = executor.submit(function, 1).exception(60)
        assert isinstance(error, AuthenticationError), repr(error)
        service.refuse("POST functions", Refusal(503, "SERVICE_UNAVAILABLE"))
        with Held(executor):
            futures = [executor.submit(function, index) for index in range(3)]
            registered = executor.submit("id", 1)
        for each in futures:
            assert isinstance(each.exception(60), ServiceUnavailable), repr(each.exception(60))
        # Others of the batch go, and so does the same function later.
        assert registered.result(60) == 7 and executor.submit(function, 1).result(60) == 7
        service.refuse("POST blobs", Refusal(413, "BLOB_TOO_LARGE"))
        refused(executor.submit(function, "x" * 1000000).exception(60), "BLOB_TOO_LARGE")
        service.refuse("POST blobs", *[Refusal(413, "BLOB_TOO_LARGE")] * 3)
        results = executor.map(function, [1, "x" * 1000000, "x" * 1000000])
        assert next(results) == 7
        try:
            next(results)
            raise AssertionError("no error")
        except funcx.FuncxError as error:
            refused(error, "BLOB_TOO_LARGE")
        assert len(service.refusals["POST blobs"]) == 2


def asked_once():
    """Without time to wait one request asks, for which there is time."""
    with executing() as (executor, service):
        assert executor.client.get_result("task", 0) == 7
        service.ended = False
        try:
            executor.client.get_result("task", 0)
            raise AssertionError("it has ended")
        except funcx.concurrent.futures.TimeoutError as error:
            assert "has not ended" in str(error), error
        assert service.asked[-2:] == ["GET tasks"] * 2, service.asked


def beside_files():
    """What is large and cannot be uploaded beside a file is refused here."""
    with executing() as (executor, service):
        file = File(os.path.abspath(__file__))
        try:
            executor.submit("id", file, "x" * funcx.PAYLOAD_BYTES)
            raise AssertionError("it was sent")
        except InputError as error:
            assert "beside a File" in str(error) and "File too" in error.hint, error
        assert "POST blobs" not in service.asked


PARTS = (
    away,
    too_many,
    one_bad_task,
    cancelled_with_callbacks,
    registered_once,
    with_the_future,
    asked_once,
    beside_files,
)

if __name__ == "__main__":
    for part in PARTS:
        part()
    print("fine")
