"""The Python worker of funcx-endpoint: runs functions for a manager, one at a time.

Needs Python 3.6 and nothing but its standard library. A manager starts it, sends
it the records of IPC.md on descriptor 4, takes tasks back through descriptor 5, and hears of them
on descriptor 3. Descriptors 1 and 2 are pipes that the manager reads, so whatever writes there, in
C or in another process, is captured; a marker at the end of each task tells the manager where the
next one's output begins.
"""

import _signal
import _thread
import collections
import errno
import json
import os
import select
import signal
import struct
import sys
import time
import types

from funcx_envelope import (
    array_pieces,
    decode_json,
    encode_result,
    load_arguments,
    load_code,
    unpack,
)
from funcx_errors import VERSION, TaskFailure, describe
from funcx_late import late
from funcx_output import Capture, flush_quietly, write_all

RECORDS = 3
COMMANDS = 4
RECALLS = 5
CHUNK = 1 << 18

HELLO, FUNCTION, TASK, RECALL = 1, 2, 3, 4
READY, BEGUN, FINISHED, RETURNED, ENVIRONMENT = 16, 17, 18, 19, 21
FAILED, NEXT_HAS_BEGUN, IN_FILE = 1, 2, 4

LENGTH = struct.Struct("<I")
TASK_HEAD = struct.Struct("<III")
BEGUN_RECORD = struct.Struct("<IBId")
FINISHED_HEAD = struct.Struct("<IBIBdd")
NUMBER_RECORD = struct.Struct("<IBI")

NO_SETTINGS = {}

# What a function may have changed that the next one must not be ended by.
SIGNALS = tuple(
    (number, _signal.getsignal(number))
    for number in (
        signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM, signal.SIGCHLD, signal.SIGPIPE
    )
)
# Not empty when signals or timers were set since.
touched = []
RECURSION_LIMIT = sys.getrecursionlimit()
# Exit status of a worker whose descriptors the function has closed; `exit_reason.ts` knows it.
DESCRIPTORS_CLOSED = 113


class Worker:
    def __init__(self):
        # One buffer for all that is received: a new one would be mapped and unmapped each time.
        self.buffer = memoryview(bytearray(CHUNK))
        self.rest = b""
        self.arrivals = select.poll()
        self.arrivals.register(COMMANDS, select.POLLIN)
        self.functions = {}
        self.codes = {}
        # Guards the queue, `next` and whole records on descriptor 3 against the thread that recalls.
        self.lock = _thread.allocate_lock()
        self.queue = collections.deque()
        # The sequence of the task that is claimed next; lower ones have begun or were taken back.
        self.next = 0
        self.pid = os.getpid()
        settings = self.receive_hello()
        self.folder = settings["working_folder"]
        self.max_result = settings["max_result_bytes"]
        self.inline_result = settings["inline_result_bytes"]
        # A result up to this size goes as it is, unless its task says otherwise.
        self.small_result = min(self.max_result, self.inline_result)
        self.result_folder = settings["result_folder"]
        self.max_traceback = settings["max_traceback_bytes"]
        marker = bytes(bytearray.fromhex(settings["marker"]))
        self.captures = (Capture(1, marker), Capture(2, marker))
        # What the SDK of Globus Compute needs, once a task of it has come.
        self.globus = None

    # Receiving.

    def receive_hello(self):
        (length,) = LENGTH.unpack(self.read_exactly(4))
        return json.loads(self.read_exactly(length)[1:].decode("utf-8"))

    def read_exactly(self, size):
        parts = []
        while size > 0:
            part = os.read(COMMANDS, min(size, 1 << 20))
            if not part:
                os._exit(0)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def receive(self):
        """Waits for records and puts the tasks among them into the queue."""
        received = os.readv(COMMANDS, (self.buffer,))
        if received == 0:
            os._exit(0)
        data = self.rest + bytes(self.buffer[:received])
        position, size = 0, len(data)
        while size - position >= 4:
            end = position + 4 + LENGTH.unpack_from(data, position)[0]
            if end > size:
                data = data[position:] + self.read_exactly(end - size)
                position, end = 0, end - position
                size = end
            self.take(data, position + 4, end)
            position = end
        self.rest = data[position:]

    def take(self, data, position, end):
        kind = data[position]
        if kind == TASK:
            sequence, handle, settings = TASK_HEAD.unpack_from(data, position + 1)
            payload = position + 13 + settings
            task = (sequence, handle, data[position + 13 : payload], data[payload:end])
            with self.lock:
                # A lower one was taken back while it was on its way.
                if sequence >= self.next:
                    self.queue.append(task)
        elif kind == FUNCTION:
            self.codes[LENGTH.unpack_from(data, position + 1)[0]] = data[position + 5 : end]

    def recall(self):
        """Runs in a thread of its own: gives back tasks that have not begun, even while one runs."""
        while True:
            data = b""
            while len(data) < NUMBER_RECORD.size:
                part = os.read(RECALLS, NUMBER_RECORD.size - len(data))
                if not part:
                    # The manager is gone, and whatever this task started must not outlive it.
                    os.killpg(os.getpgid(0), signal.SIGKILL)
                data += part
            up_to = NUMBER_RECORD.unpack(data)[2]
            with self.lock:
                first = self.next
                self.queue.clear()
                self.next = max(first, up_to + 1)
                write_all(RECORDS, NUMBER_RECORD.pack(5, RETURNED, first))

    # Running.

    def serve(self):
        _thread.start_new_thread(self.recall, ())
        ready = {
            "runtime": "python",
            "version": VERSION,
            "hostname": os.uname().nodename,
            "pid": self.pid,
        }
        body = json.dumps(ready).encode("ascii")
        write_all(RECORDS, LENGTH.pack(len(body) + 1) + bytes((READY,)) + body)
        try:
            while True:
                self.receive()
                task = self.claim_first()
                while task is not None:
                    task = self.finish(task[0], *self.run(task))
        except OSError as thrown:
            if thrown.errno != errno.EBADF:
                raise
            os._exit(DESCRIPTORS_CLOSED)

    def claim_first(self):
        """The next task after a time without one; tells the manager that it begins."""
        with self.lock:
            task = self.claim()
            if task is not None:
                write_all(RECORDS, BEGUN_RECORD.pack(13, BEGUN, self.next, time.time() * 1000))
            return task

    def claim(self):
        if not self.queue:
            return None
        task = self.queue.popleft()
        self.next = task[0] + 1
        return task

    def finish(self, sequence, failed, began, ended, body):
        """Reports a task, and claims the next one if it is there, which the report says."""
        for capture in self.captures:
            capture.end(sequence)
        # One that is here already can be claimed now: then one record says both.
        if not self.queue and self.arrivals.poll(0):
            self.receive()
        with self.lock:
            task = self.claim()
            flags = failed if task is None else failed | NEXT_HAS_BEGUN
            head = FINISHED_HEAD.pack(len(body) + 22, FINISHED, sequence, flags, began, ended)
            write_all(RECORDS, head + body)
            return task

    def run(self, task):
        """Whether it failed, when it began and ended, and the result or the error."""
        sequence, handle, settings, payload = task
        began = time.time() * 1000
        code = "CouldNotExecuteUserTaskError"
        ended = None
        try:
            settings = decode_json(settings.decode("utf-8")) if settings else NO_SETTINGS
            if "folder" in settings:
                os.chdir(settings["folder"])
            if "task_id" in settings:
                self.begin_globus(settings)
            function = self.functions.get(handle) or self.load(handle)
            blobs = settings.get("blobs", NO_SETTINGS)
            positional, keyword, dill = load_arguments(payload.decode("utf-8"), blobs)
            code = "RemoteExecutionError"
            if "task_id" in settings:
                value = self.globus.call(function, positional, keyword)
            else:
                value = function(*positional, **keyword)
            self.leave_if_forked()
            if type(value) is types.GeneratorType:
                failed, body = self.bounded(sequence, array_pieces(value), settings)
                self.leave_if_forked()
            else:
                ended = time.time() * 1000
                body, failed = encode_result(value, settings, dill), 0
                if len(body) > self.small_result or "inline_result_bytes" in settings:
                    failed, body = self.bounded(sequence, (body,), settings)
        except BaseException as thrown:
            self.leave_if_forked()
            body = describe(thrown, code, self.max_traceback)
            failed = FAILED
        self.restore()
        return failed, began, ended or time.time() * 1000, body

    def begin_globus(self, settings):
        if self.globus is None:
            self.globus = late("funcx_globus")
            body = json.dumps(self.globus.environment()).encode("ascii")
            with self.lock:
                write_all(RECORDS, LENGTH.pack(len(body) + 1) + bytes((ENVIRONMENT,)) + body)
        self.globus.begin(settings)

    def restore(self):
        """Puts back what the function may have changed."""
        try:
            os.chdir(self.folder)
        except OSError:
            pass
        if self.globus is not None:
            self.globus.end()
        if touched:
            restore_signals()
        if sys.getrecursionlimit() != RECURSION_LIMIT:
            sys.setrecursionlimit(RECURSION_LIMIT)

    def load(self, handle):
        buffer, *container = unpack(self.codes[handle].decode("utf-8"))
        # The manager has started this worker in it.
        if container and (len(container) > 1 or not container[0].startswith("ct\n")):
            raise ValueError("expected one buffer in a function")
        function = self.functions[handle] = load_code(buffer, handle)
        return function

    def bounded(self, sequence, pieces, settings):
        """Flags and body of a result in pieces: a large one goes into a file, piece by piece."""
        size, held, path, file = 0, [], None, None
        inline = settings.get("inline_result_bytes", self.inline_result)
        try:
            for piece in pieces:
                size += len(piece)
                if size > self.max_result:
                    raise too_large(size, self.max_result)
                held.append(piece)
                if size <= inline:
                    continue
                if file is None:
                    name = "%d-%d-%s" % (self.pid, sequence, os.urandom(8).hex())
                    path = os.path.join(self.result_folder, name)
                    file = new_file(path + ".part")
                file.write(b"".join(held))
                held = []
            if file is None:
                return 0, b"".join(held)
            file.close()
            os.rename(path + ".part", path)
            return IN_FILE, name.encode("ascii")
        except BaseException:
            if file is not None and os.getpid() == self.pid:
                file.close()
                os.unlink(path + ".part")
            raise

    def leave_if_forked(self):
        """A child that the function forked must not go on as the worker."""
        if os.getpid() != self.pid:
            for capture in self.captures:
                flush_quietly(getattr(sys, capture.name))
            os._exit(0)


def restore_signals():
    del touched[:]
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in SIGNALS:
        if _signal.getsignal(number) is not handler:
            _signal.signal(number, handler)
    del touched[:]


def noting(function):
    """To ask after each task whether a handler is still there would cost it more than this does."""

    def call(*args, **named):
        touched.append(True)
        return function(*args, **named)

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    return call


def new_file(path):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return open(os.open(path, flags, 0o600), "wb")


def too_large(size, maximum):
    return TaskFailure(
        "MaxResultSizeExceeded",
        "MaxResultSizeExceeded",
        "the result has %d bytes, at most %d are taken" % (size, maximum),
        "Write it to a file and return the path, or return less.",
    )


def main():
    for descriptor in (RECORDS, COMMANDS, RECALLS):
        os.set_inheritable(descriptor, False)
    # In the list already, but looked up only from now on: a file there must not replace the
    # standard library under this worker.
    sys.path.insert(0, "")
    sys.argv = ["funcx"]
    for name in ("signal", "alarm", "setitimer", "siginterrupt"):
        setattr(signal, name, noting(getattr(signal, name)))
    Worker().serve()


main()
