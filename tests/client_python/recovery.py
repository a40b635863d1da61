"""What becomes of tasks when something breaks; ends with 'fine'. The test kills the service between
'kill' and the end."""

import concurrent.futures
import http.server
import json
import os
import tempfile
import threading

import funcx
from funcx import AuthenticationError, Client, Executor, InputError, TaskFailed


def square(x):
    return x * x


def noted(x, path):
    import os
    import time

    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, b"%d\n" % x)
    os.close(file)
    time.sleep(0.01)
    return x


def wait_for(path):
    import os
    import time

    while not os.path.exists(path):
        time.sleep(0.02)
    return "went on"


def third_fails(x, path):
    import os
    import time

    if x == 2:
        raise KeyError("the third")
    while x > 2 and not os.path.exists(path):
        time.sleep(0.02)
    return x


def long_text(size):
    return "y" * size


def ended_as(client, task_id):
    """Of a task that runs, the endpoint says when it has ended."""
    return client.wait(task_id, 60)["status"]


def killed_service(client, folder):
    """Nothing is lost and nothing runs twice when the service is killed in the middle."""
    path = os.path.join(folder, "noted")
    with Executor("default", client, batch_size=20) as executor:
        results = executor.map(noted, range(600), [path] * 600)
        found = [next(results) for _ in range(30)]
        print("kill", flush=True)
        found += results
    assert found == list(range(600))
    with open(path) as file:
        times = sorted(map(int, file.read().split()))
    assert times == list(range(600)), "%d runs" % len(times)
    assert len(client.group_task_ids(executor.task_group_id)) == 600


def lost_answer(client, folder):
    """A submit whose answer was lost is repeated and makes no second tasks."""
    ask, lost = client.transport.ask, []

    def losing(connection, method, path, body, headers):
        answer = ask(connection, method, path, body, headers)
        if path.endswith("/submit") and not lost:
            lost.append(answer.read())
            raise ConnectionResetError("the answer is lost")
        return answer

    client.transport.ask = losing
    with Executor("default", client) as executor:
        assert list(executor.map(square, range(5))) == [0, 1, 4, 9, 16]
    assert lost and len(client.group_task_ids(executor.task_group_id)) == 5


def reload_while_delivering(client, folder):
    """Tasks that are asked for anew while a batch is delivered end all the same."""
    with Executor("default", client) as first:
        assert len(list(first.map(square, range(40)))) == 40
    again = Executor("default", client, task_group_id=first.task_group_id)
    delivering, reloaded, deliver = threading.Event(), threading.Event(), again._deliver

    def slow(finished):
        deliver(finished)
        delivering.set()
        assert reloaded.wait(60)

    again._deliver = slow
    futures = again.reload_tasks()
    assert delivering.wait(60)
    more = again.reload_tasks()
    reloaded.set()
    assert len(futures) == 40 and len(more) >= 1, (len(futures), len(more))
    assert sorted(each.result(60) for each in futures) == [x * x for x in range(40)]
    assert more[0].result(60) in [x * x for x in range(40)]
    again.shutdown()


def reload_while_sending(client, folder):
    """Nor are they taken from a submit that is just answered."""
    executor = Executor("default", client)
    submit, found = client.submit, []

    def answered(*args, **options):
        ids = submit(*args, **options)
        thread = threading.Thread(target=lambda: found.extend(executor.reload_tasks()))
        thread.start()
        # It has to wait for the end of the submit.
        thread.join(1)
        return ids

    client.submit = answered
    future = executor.submit(square, 3)
    assert future.result(60) == 9
    executor.shutdown()
    assert all(each.result(60) == 9 for each in found)


def revoked(client, folder):
    """Whoever waits with a token that is revoked is told so."""
    made = client.transport.json("POST", "/v3/tokens", {"label": "soon revoked", "scopes": ["all"]})
    theirs = Client(client.url, made["token"])
    path = os.path.join(folder, "never")
    executor = Executor("default", theirs)
    future = executor.submit(wait_for, path)
    while future.task_id is None:
        threading.Event().wait(0.01)
    waiting = threading.Thread(target=future.exception, args=(60,))
    waiting.start()
    client.transport.json("DELETE", "/v3/tokens/" + made["token_id"])
    error = future.exception(60)
    assert isinstance(error, AuthenticationError), repr(error)
    assert error.code == "INVALID_AUTH_TOKEN" and "token" in str(error), str(error)
    error = executor.submit(square, 1).exception(60)
    assert isinstance(error, AuthenticationError), repr(error)
    assert error.code == "INVALID_AUTH_TOKEN", error
    client.cancel(future.task_id)
    executor.shutdown()


def not_ours(client, folder):
    """No token goes to a program that cannot prove that it is the private service."""
    seen = []

    class Stranger(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            seen.append((self.path, self.headers.get("Authorization")))
            body = b'{"proof": "%s"}' % (b"0" * 64)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = "http://127.0.0.1:%d" % server.server_port
    known = {"token": "secret", "proof_key": "00" * 32}
    with open(os.path.join(folder, "login.json"), "w") as file:
        json.dump({"current": url, "services": {url: known}}, file)
    try:
        Client(home=folder).whoami()
        raise AssertionError("it was believed")
    except AuthenticationError as error:
        assert error.code == "SERVICE_NOT_OURS" and url in str(error) and error.hint, error
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [token for _, token in seen] == [None], seen


def failing_map(client, folder):
    """The first error ends a map, and what nobody waits for any more is cancelled."""
    path = os.path.join(folder, "never")
    with Executor("default", client) as executor:
        results = executor.map(third_fails, range(6), [path] * 6)
        assert [next(results), next(results)] == [0, 1]
        try:
            next(results)
            raise AssertionError("no error")
        except TaskFailed as error:
            assert error.type == "KeyError", error
    ended = [ended_as(client, each) for each in client.group_task_ids(executor.task_group_id)]
    assert sorted(ended) == ["cancelled"] * 3 + ["failed"] + ["success"] * 2, ended

    with Executor("default", client) as executor:
        try:
            executor.map(wait_for, [path, path, {1}])
            raise AssertionError("no error")
        except InputError as error:
            assert "argument 1" in str(error) and "set" in str(error), error


def shutdowns(client, folder):
    path = os.path.join(folder, "go")
    executor = Executor("default", client)
    future = executor.submit(wait_for, path)
    executor.shutdown(wait=False)
    assert not future.done()
    try:
        executor.submit(square, 1)
        raise AssertionError("it takes more")
    except RuntimeError as error:
        assert "shutdown" in str(error)
    open(path, "w").close()
    assert future.result(60) == "went on"

    never = os.path.join(folder, "never")
    executor = Executor("default", client)
    futures = [executor.submit(wait_for, never) for _ in range(5)]
    while futures[-1].task_id is None:
        threading.Event().wait(0.01)
    executor.shutdown(cancel_futures=True)
    assert all(each.cancelled() for each in futures)
    for each in futures:
        assert ended_as(client, each.task_id) == "cancelled", each

    # One that only took tasks over can cancel them as well.
    first = Executor("default", client)
    future = first.submit(wait_for, never)
    while future.task_id is None:
        threading.Event().wait(0.01)
    again = Executor("default", client, task_group_id=first.task_group_id)
    (taken,) = again.reload_tasks()
    assert taken.cancel()
    again.shutdown()
    assert isinstance(future.exception(60), funcx.TaskCancelled)
    first.shutdown()


def large_results(client, folder):
    """A large result that is slow to come holds up nothing."""
    gate, download, begun = threading.Event(), client.download, threading.Event()

    def slow(blob):
        begun.set()
        assert gate.wait(60)
        return download(blob)

    client.download = slow
    with Executor("default", client) as executor:
        large = [executor.submit(long_text, 3000000 + index) for index in range(5)]
        assert begun.wait(60)
        assert list(executor.map(square, range(20), timeout=60)) == [x * x for x in range(20)]
        assert not any(each.done() for each in large)
        gate.set()
        assert [len(each.result(60)) for each in large] == [3000000 + x for x in range(5)]


PARTS = [
    lost_answer,
    reload_while_delivering,
    reload_while_sending,
    revoked,
    not_ours,
    failing_map,
    shutdowns,
    large_results,
    killed_service,
]

if __name__ == "__main__":
    for part in PARTS:
        with tempfile.TemporaryDirectory() as folder:
            part(Client(), folder)
    print("fine")
