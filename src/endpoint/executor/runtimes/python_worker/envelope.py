"""Functions, arguments and results, in the packed buffers of Globus Compute."""

import json
import linecache
import sys
import types

from funcx_errors import TaskFailure
from funcx_late import late

decoder = json.JSONDecoder()
# One for all results: the constructor costs more than a small value.
encode_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
# What most calls have for keyword arguments, and what functions return that are called for their
# effects.
NO_KEYWORDS = "11\n{}"
NONE = b"11\nnull"
# What funcx.py asks for when pickle was chosen.
PICKLE = ["funcx.PickleData"]


def decode_json(text):
    """Looks for whitespace around it last: nobody sends any, and to look takes half of the time."""
    try:
        value, end = decoder.raw_decode(text)
        if end == len(text):
            return value
    except ValueError:
        pass
    return decoder.decode(text)


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


def base64_bytes(body):
    import base64

    return base64.b64decode(body.encode("ascii"))


def base64_text(data):
    import base64

    return base64.encodebytes(data).decode("ascii")


def load_arguments(text, blobs):
    """Positional and keyword arguments, and whether dill was needed for the former.

    `blobs` are files by SHA-256.
    """
    first, second = unpack(text)
    positional, dill = load_data(first, blobs)
    keyword = {} if second == NO_KEYWORDS else load_data(second, blobs)[0]
    return positional, keyword, dill


def load_data(buffer, blobs):
    """One argument buffer; also says whether dill was needed."""
    header, body = buffer[:2], buffer[3:]
    if header == "11":
        return decode_json(body), False
    if header == "bl":
        with open(blobs[decode_json(body)["sha256"]], encoding="utf-8", newline="") as file:
            return load_data(file.read(), blobs)
    if header == "bf":
        return with_files(decode_json(body), blobs), False
    if header == "pk":
        import pickle

        return pickle.loads(base64_bytes(body)), False
    return late("funcx_globus").load_other_data(header, body, blobs)


def with_files(body, blobs):
    """Arguments with the paths of their files in place."""
    value = body["value"]
    for key, file in body["files"].items():
        value[int(key) if isinstance(value, list) else key] = blobs["%(sha256)s/%(name)s" % file]
    return value


def load_code(buffer, handle):
    """A function from one code buffer."""
    header, body = buffer[:2], buffer[3:]
    if header in ("st", "sd"):
        # Newer SDKs write base64, which has no colon.
        text = body if ":" in body else base64_bytes(body).decode("utf-8")
        name, source = text.split(":", 1)
        return function_of_source(name, source, handle)
    return late("funcx_globus").load_other_code(header, body, handle)


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
    serializers = settings.get("result_serializers")
    if arguments_were_dill or "task_id" in settings or serializers not in (None, PICKLE):
        return late("funcx_globus").encode_result(value, settings)
    try:
        return json_result(value) if serializers is None else pickle_result(value)
    except (TypeError, ValueError, RecursionError) as thrown:
        reason = str(thrown)
    except Exception as thrown:
        # pickle.PicklingError, and whatever a class of its own raises when it is pickled.
        if serializers is None:
            raise
        reason = str(thrown)
    raise TaskFailure(
        "RemoteExecutionError",
        "SerializationError",
        "the result, of type %s, cannot be written as %s: %s"
        % (type(value).__name__, "JSON" if serializers is None else "a pickle", reason),
        "Return numbers, strings, booleans, None, lists and dicts of these"
        + (
            '; or ask for a pickle: serializer="pickle" of funcx.py, result_serializers of the SDK.'
            if serializers is None
            else ", or other values without open files, locks and connections."
        ),
    )


def array_pieces(items):
    """What a generator yields as one JSON array, in pieces; at no time is there more than one."""
    before = b"11\n["
    for item in items:
        yield before + encode_result(item, {}, False)[3:]
        before = b","
    yield b"11\n[]" if before != b"," else b"]"


def json_result(value):
    if value is None:
        return NONE
    text = encode_json(value)
    try:
        return b"11\n" + text.encode("utf-8")
    except UnicodeEncodeError:
        # Half of a surrogate pair: only its escape is valid UTF-8.
        return b"11\n" + json.dumps(value, allow_nan=False).encode("ascii")


def pickle_result(value):
    """Of funcx.py, in the protocol that every Python from 3.6 on reads."""
    import pickle

    return b"pk\n" + base64_text(pickle.dumps(value, 4)).encode("ascii")
