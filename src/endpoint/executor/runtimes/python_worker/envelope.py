"""Functions, arguments and results, in the packed buffers of Globus Compute."""

import json
import linecache
import sys
import types

from funcx_errors import TaskFailure

decoder = json.JSONDecoder()
# One for all results: the constructor costs more than a small value.
encode_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
# What most calls have for keyword arguments, and what functions return that are called for their
# effects.
NO_KEYWORDS = "11\n{}"
NONE = b"11\nnull"


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
    if header == "00":
        return dill_for("The arguments were serialized").loads(base64_bytes(body)), True
    if header == "13":
        return first_that_loads(unpack(body), lambda part: load_data(part, blobs))
    if header == "pk":
        import pickle

        return pickle.loads(base64_bytes(body)), False
    raise ValueError("the arguments have the unknown header %r" % header)


def with_files(body, blobs):
    """Arguments with the paths of their files in place."""
    value = body["value"]
    for key, file in body["files"].items():
        value[int(key) if isinstance(value, list) else key] = blobs["%(sha256)s/%(name)s" % file]
    return value


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


def dill_result(value):
    dill = dill_for("The result has to be serialized")
    return b"00\n" + base64_text(dill.dumps(value)).encode("ascii")


def pickle_result(value):
    """Of funcx.py, in the protocol that every Python from 3.6 on reads."""
    import pickle

    return b"pk\n" + base64_text(pickle.dumps(value, 4)).encode("ascii")


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
    "PickleData": pickle_result,
}
