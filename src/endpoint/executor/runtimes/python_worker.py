"""The Python worker of funcx-endpoint: runs functions of a manager, one at a time.

Needs Python 3.6 and nothing but its standard library. A manager starts it, speaks the records of
IPC.md with it on descriptor 3 and takes tasks back through descriptor 4. Descriptors 1 and 2 are
pipes that the manager reads, so whatever writes there, in C or in another process, is captured; a
marker at the end of each task tells the manager where the next one's output begins.
"""

import _thread
import collections
import json
import linecache
import os
import signal
import struct
import sys
import time
import traceback
import types

RECORDS = 3
CONTROL = 4
CHUNK = 1 << 18

HELLO, FUNCTION, TASK, RECALL = 1, 2, 3, 4
READY, BEGUN, FINISHED, RETURNED = 16, 17, 18, 19
FAILED, NEXT_HAS_BEGUN = 1, 2

LENGTH = struct.Struct("<I")
TASK_HEAD = struct.Struct("<III")
BEGUN_RECORD = struct.Struct("<IBId")
FINISHED_HEAD = struct.Struct("<IBIBdd")
NUMBER_RECORD = struct.Struct("<IBI")

THIS_FILE = (lambda: 0).__code__.co_filename
MAX_MESSAGE_CHARACTERS = 10000

decode_json = json.JSONDecoder().decode
# One for all results: the constructor costs more than a small value.
encode_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class TaskFailure(Exception):
    """Ends a task for a reason that is not the function's own exception."""

    def __init__(self, code, kind, message, hint=None):
        super().__init__(message)
        self.code, self.kind, self.hint = code, kind, hint


# -- the envelope ---------------------------------------------------------------------------------


def unpack(text):
    """The buffers in a packed text; lengths count characters."""
    buffers, position = [], 0
    while position < len(text):
        newline = text.index("\n", position)
        end = newline + 1 + int(text[position:newline])
        if end > len(text):
            raise ValueError("a buffer is cut off")
        buffers.append(text[newline + 1 : end])
        position = end
    return buffers


def dill_for(what):
    try:
        import dill
    except ImportError:
        raise TaskFailure(
            "CouldNotExecuteUserTaskError",
            "ModuleNotFoundError",
            "%s with dill, which %s does not have" % (what, sys.executable),
            "Install it there (python3 -m pip install dill), or register the function as source "
            "and send JSON.",
        )
    return dill


def base64_bytes(body):
    import base64

    return base64.b64decode(body.encode("ascii"))


def base64_text(data):
    import base64

    return base64.encodebytes(data).decode("ascii")


def load_data(buffer):
    """One argument buffer; also says whether dill was needed."""
    header, body = buffer[:2], buffer[3:]
    if header == "11":
        return decode_json(body), False
    if header == "00":
        return dill_for("The arguments were serialized").loads(base64_bytes(body)), True
    if header == "13":
        return first_that_loads(unpack(body), load_data)
    raise ValueError("the arguments have the unknown header %r" % header)


def first_that_loads(buffers, load):
    failure = ValueError("there is nothing in it")
    for buffer in buffers:
        try:
            return load(buffer)
        except Exception as thrown:
            failure = thrown
    raise failure


def load_code(buffer, handle):
    """A function from one code buffer."""
    header, body = buffer[:2], buffer[3:]
    if header in ("st", "sd"):
        # Newer SDKs write base64, which has no colon.
        text = body if ":" in body else base64_bytes(body).decode("utf-8")
        name, source = text.split(":", 1)
        return function_of_source(name, source, handle)
    if header == "02":
        import pickle

        return pickle.loads(base64_bytes(body))
    if header == "01":
        return dill_for("The function was serialized").loads(base64_bytes(body))
    if header in ("03", "04"):
        name, source = dill_for("The function was serialized").loads(base64_bytes(body))
        return function_of_source(name, source, handle)
    if header == "10":
        parts = iter(body.split(":"))
        pairs = [identifier + part for identifier, part in zip(parts, parts)]
        return first_that_loads(pairs, lambda pair: load_code(pair, handle))
    if header == "12":
        return first_that_loads(unpack(body), lambda part: load_code(part, handle))
    raise ValueError("the function has the unknown header %r" % header)


def function_of_source(name, source, handle):
    # A module of its own in sys.modules: dataclasses, enums and pickle look there.
    module = types.ModuleType("funcx_function_%d" % handle)
    sys.modules[module.__name__] = module
    file = name + ".py"
    if file in linecache.cache:
        file = "%s-%d.py" % (name, handle)
    # Tracebacks show the lines of a source that is in no file.
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    module.__file__ = file
    exec(compile(source, file, "exec"), module.__dict__)
    function = module.__dict__.get(name)
    if not callable(function):
        raise NameError("the source defines no function %s" % name)
    return function


def encode_result(value, settings, arguments_were_dill):
    """One result buffer as bytes, by the first serializer that can."""
    for path in settings.get("result_serializers", ()):
        serializer = SERIALIZERS.get(path.rpartition(".")[2])
        if serializer is not None:
            try:
                return serializer(value)
            except Exception:
                continue
    try:
        return json_result(value)
    except (TypeError, ValueError, RecursionError) as thrown:
        reason = str(thrown)
    if arguments_were_dill:
        return dill_result(value)
    raise TaskFailure(
        "RemoteExecutionError",
        "SerializationError",
        "the result, of type %s, cannot be written as JSON: %s" % (type(value).__name__, reason),
        "Return numbers, strings, booleans, None, lists and dicts of these; "
        "or ask for a dill result with result_serializers.",
    )


def json_result(value):
    text = encode_json(value)
    try:
        return b"11\n" + text.encode("utf-8")
    except UnicodeEncodeError:
        # Half of a surrogate pair: only its escape is valid UTF-8.
        return b"11\n" + json.dumps(value, allow_nan=False).encode("ascii")


def dill_result(value):
    dill = dill_for("The result has to be serialized")
    return b"00\n" + base64_text(dill.dumps(value)).encode("ascii")


def combined_result(value):
    parts = []
    for serializer in (json_result, dill_result):
        try:
            parts.append(serializer(value).decode("utf-8"))
        except Exception:
            continue
    if not parts:
        raise ValueError("no serializer can write it")
    return ("13\n" + "".join("%d\n%s" % (len(part), part) for part in parts)).encode("utf-8")


# Names of the official SDK, which sends them as import paths.
SERIALIZERS = {
    "JSONData": json_result,
    "DillDataBase64": dill_result,
    "AllDataStrategies": combined_result,
}


# -- errors ---------------------------------------------------------------------------------------


def describe(thrown, code, limit):
    """A task error as bytes, the traceback without this file's frames."""
    hint = None
    if isinstance(thrown, TaskFailure):
        code, kind, message, text = thrown.code, thrown.kind, str(thrown), ""
        hint = thrown.hint
    else:
        kind, message = type(thrown).__name__, message_of(thrown)
        text = traceback_of(thrown)
        if isinstance(thrown, ImportError):
            hint = "The endpoint's Python is %s (%s); install it there, or change the profile." % (
                sys.executable,
                VERSION,
            )
    error = {
        "code": code,
        "type": kind,
        "message": message[:MAX_MESSAGE_CHARACTERS],
        # The last lines say most; characters, since ASCII is what a traceback mostly is.
        "traceback": text[-limit // 4 :] if len(text.encode("utf-8", "replace")) > limit else text,
    }
    if hint is not None:
        error["hint"] = hint
    return json.dumps(error).encode("ascii")


def message_of(thrown):
    if isinstance(thrown, SystemExit):
        return "the function called sys.exit(%s)" % ("" if thrown.code is None else thrown.code)
    try:
        return str(thrown)
    except Exception:
        return "(its message cannot be shown)"


def traceback_of(thrown):
    frames = thrown.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == THIS_FILE:
        frames = frames.tb_next
    try:
        return "".join(traceback.format_exception(type(thrown), thrown, frames))
    except Exception:
        return ""


# -- captured output --------------------------------------------------------------------------------


class Capture:
    """One of descriptors 1 and 2, put back in order after each task."""

    def __init__(self, descriptor, marker):
        self.descriptor = descriptor
        self.name = "stdout" if descriptor == 1 else "stderr"
        self.marker = marker
        # User code may close or redirect 1 and 2; this one it does not know of.
        self.kept = os.dup(descriptor)
        self.open()

    def open(self):
        self.stream = open(
            self.descriptor,
            "w",
            buffering=1,
            encoding="utf-8",
            errors="backslashreplace",
            closefd=False,
        )
        setattr(sys, self.name, self.stream)
        setattr(sys, "__%s__" % self.name, self.stream)

    def end(self, sequence):
        """Ends the output of a task."""
        stream = getattr(sys, self.name)
        if stream is not self.stream:
            flush_quietly(stream)
            setattr(sys, self.name, self.stream)
        try:
            self.stream.flush()
        except (ValueError, OSError):
            self.open()
        os.dup2(self.kept, self.descriptor)
        write_all(self.kept, self.marker + LENGTH.pack(sequence))


def flush_quietly(stream):
    try:
        stream.flush()
    except Exception:
        pass


def write_all(descriptor, data):
    written = os.write(descriptor, data)
    while written < len(data):
        data = memoryview(data)[written:]
        written = os.write(descriptor, data)


# -- the worker -------------------------------------------------------------------------------------

VERSION = "%d.%d.%d" % sys.version_info[:3]


class Worker:
    def __init__(self):
        self.rest = b""
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
        self.max_traceback = settings["max_traceback_bytes"]
        marker = bytes(bytearray.fromhex(settings["marker"]))
        self.captures = (Capture(1, marker), Capture(2, marker))

    # Receiving.

    def receive_hello(self):
        (length,) = LENGTH.unpack(self.read_exactly(4))
        return json.loads(self.read_exactly(length)[1:].decode("utf-8"))

    def read_exactly(self, size):
        parts = []
        while size > 0:
            part = os.read(RECORDS, min(size, 1 << 20))
            if not part:
                os._exit(0)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def receive(self):
        """Waits for records and puts the tasks among them into the queue."""
        chunk = os.read(RECORDS, CHUNK)
        if not chunk:
            os._exit(0)
        data = self.rest + chunk if self.rest else chunk
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
                part = os.read(CONTROL, NUMBER_RECORD.size - len(data))
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
        while True:
            self.receive()
            task = self.claim_first()
            while task is not None:
                task = self.finish(task[0], *self.run(task))

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
        with self.lock:
            task = self.claim()
            flags = failed if task is None else failed | NEXT_HAS_BEGUN
            head = FINISHED_HEAD.pack(len(body) + 22, FINISHED, sequence, flags, began, ended)
            write_all(RECORDS, head + body)
            return task

    def run(self, task):
        """Whether it failed, when it began and ended, and the result or the error."""
        _, handle, settings, payload = task
        began = time.time() * 1000
        code = "CouldNotExecuteUserTaskError"
        ended = None
        try:
            settings = decode_json(settings.decode("utf-8")) if settings else {}
            if "folder" in settings:
                os.chdir(settings["folder"])
            function = self.functions.get(handle) or self.load(handle)
            (positional, dill), (keyword, _) = map(load_data, unpack(payload.decode("utf-8")))
            code = "RemoteExecutionError"
            value = function(*positional, **keyword)
            self.leave_if_forked()
            ended = time.time() * 1000
            body = self.bounded(encode_result(value, settings, dill))
            failed = 0
        except BaseException as thrown:
            self.leave_if_forked()
            body = describe(thrown, code, self.max_traceback)
            failed = FAILED
        try:
            os.chdir(self.folder)
        except OSError:
            pass
        return failed, began, ended or time.time() * 1000, body

    def load(self, handle):
        (buffer,) = unpack(self.codes[handle].decode("utf-8"))
        function = self.functions[handle] = load_code(buffer, handle)
        return function

    def bounded(self, body):
        if len(body) > self.max_result:
            raise TaskFailure(
                "MaxResultSizeExceeded",
                "MaxResultSizeExceeded",
                "the result has %d bytes, at most %d are taken" % (len(body), self.max_result),
                "Write it to a file and return the path, or return less.",
            )
        return body

    def leave_if_forked(self):
        """A child that the function forked must not go on as the worker."""
        if os.getpid() != self.pid:
            for capture in self.captures:
                flush_quietly(getattr(sys, capture.name))
            os._exit(0)


def main():
    for descriptor in (RECORDS, CONTROL):
        os.set_inheritable(descriptor, False)
    # In the list already, but looked up only from now on: a file there must not replace the
    # standard library under this worker.
    sys.path.insert(0, "")
    sys.argv = ["funcx"]
    Worker().serve()


main()
