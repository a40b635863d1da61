"""What the SDK of Globus Compute sends beyond source and JSON, and what its functions expect.

Compiled when a task first needs it: most never do. The forms are those of
`globus_compute_sdk/serialize/concretes.py`, the variables and the default of a result's form those
of `globus_compute_endpoint/engines/helper.py`.
"""

import inspect
import json
import os
import pickle
import sys

from funcx_envelope import (
    base64_bytes,
    base64_text,
    function_of_source,
    json_result,
    load_code,
    load_data,
    unpack,
)
from funcx_errors import VERSION, TaskFailure
from funcx_late import late

# Part of every pickle that holds the bytecode of a function.
BYTECODE = b"_create_code"
# A value with more parts than this goes as dill, which is quicker than to look at all of them.
MAX_LOOKED_AT = 1000
HERE = "Python %s (%s)" % (VERSION, sys.executable)
CHOOSE = (
    "name another Python in the endpoint's profile: executor.runtimes.python.interpreter, "
    "or executor.workerInit to activate its environment."
)


class Task:
    """What is known of the task that runs."""

    client = {}


# Around a task.


def begin(settings):
    Task.client = settings.get("client", {})
    os.environ["GC_TASK_UUID"] = settings["task_id"]
    if "folder" in settings:
        os.environ["GC_TASK_SANDBOX_DIR"] = settings["folder"]


def end():
    Task.client = {}
    os.environ.pop("GC_TASK_UUID", None)
    os.environ.pop("GC_TASK_SANDBOX_DIR", None)


def environment():
    """The details that the SDK compares with its own; finds versions without an import."""
    system = os.uname()
    name = "%s-%s-%s" % (system.sysname, system.release, system.machine)
    try:
        name += "-with-" + os.confstr("CS_GNU_LIBC_VERSION").replace(" ", "")
    except (ValueError, OSError, AttributeError):
        pass
    found = {"os": name, "python_version": VERSION}
    for module, field in (
        ("dill", "dill_version"),
        ("globus_compute_sdk", "globus_compute_sdk_version"),
    ):
        version = version_of(module)
        if version is not None:
            found[field] = version
    return found


def version_of(module):
    loaded = getattr(sys.modules.get(module), "__version__", None)
    if isinstance(loaded, str):
        return loaded
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            package, _, rest = name.partition("-")
            is_metadata = rest.endswith((".dist-info", ".egg-info"))
            if is_metadata and package.replace(".", "_").lower() == module:
                return rest.rpartition(".")[0].partition("-")[0]
    return None


def call(function, positional, keyword):
    """A ShellFunction leaves its command running at its walltime; this ends it."""
    if getattr(function, "walltime", None) is None or not hasattr(function, "execute_cmd_line"):
        return function(*positional, **keyword)
    processes = late("funcx_processes")
    before = processes.below(os.getpid())
    try:
        return function(*positional, **keyword)
    finally:
        after = processes.below(os.getpid())
        processes.end_all({pid: at for pid, at in after.items() if pid not in before})


# Loading.


def dill_for(what):
    try:
        import dill
    except ImportError:
        raise TaskFailure(
            "CouldNotExecuteUserTaskError",
            "ModuleNotFoundError",
            "%s with dill, which %s does not have" % (what, HERE),
            "Install it there (%s -m pip install dill), or %s Or send source and JSON, which need "
            "no package: %s" % (sys.executable, CHOOSE, SOURCE_AND_JSON),
        )
    return dill


SOURCE_AND_JSON = (
    "from globus_compute_sdk.serialize import ComputeSerializer, PureSourceTextInspect, JSONData; "
    "Executor(endpoint_id, serializer=ComputeSerializer(strategy_code=PureSourceTextInspect(), "
    "strategy_data=JSONData()))."
)


def two_ways(theirs):
    ours = VERSION.rpartition(".")[0]
    return "Two ways out: Python %s at the client, or Python %s at the endpoint (%s); or source " \
        "and JSON, which every Python reads: %s" % (
            ours, ".".join(theirs.split(".")[:2]), CHOOSE.rstrip("."), SOURCE_AND_JSON
        )


def python_of(what):
    """The Python that serialized it, where that is known: of a function the one it was registered in."""
    keys = ("function_python", "python") if what == "The function" else ("python",)
    return next((Task.client[key] for key in keys if key in Task.client), None)


def is_other(python):
    """Whether its bytecode is not that of this one."""
    return "." in python and python.split(".")[:2] != VERSION.split(".")[:2]


def with_dill(what, pickled):
    return dill_for("%s: serialized" % what).loads(pickled)


def load(what, pickled, loads):
    """Loads a pickle; `what` is "The function" or "The arguments"."""
    theirs = python_of(what)
    if theirs is not None and is_other(theirs) and BYTECODE in pickled:
        raise TaskFailure(
            "CouldNotExecuteUserTaskError",
            "DeserializationError",
            "%s: serialized by Python %s as its bytecode, which %s cannot run; it would fail in any "
            "way, or crash the worker" % (what, theirs, HERE),
            two_ways(theirs),
        )
    try:
        return loads(what, pickled)
    except ModuleNotFoundError as thrown:
        raise module_missing(what, thrown)
    except TaskFailure:
        raise
    except Exception as thrown:
        raise unreadable(what, thrown, theirs)


def module_missing(what, thrown):
    name = (thrown.name or "").partition(".")[0]
    if name == "globus_compute_sdk":
        hint = "Install it there (%s -m pip install globus-compute-sdk), or %s" % (
            sys.executable, CHOOSE
        )
    else:
        hint = (
            "Install it there, or %s A module of your own is not sent along: define in the function "
            "what it needs, or put the module where the endpoint's Python finds it." % CHOOSE
        )
    return TaskFailure(
        "CouldNotExecuteUserTaskError",
        "ModuleNotFoundError",
        "%s: serialized with a reference to the module %s, which %s does not have"
        % (what, name or "it names", HERE),
        hint,
    )


def unreadable(what, thrown, theirs):
    versions = "a Python that is not known" if theirs is None else "Python %s" % theirs
    dill = version_of("dill")
    return TaskFailure(
        "CouldNotExecuteUserTaskError",
        "DeserializationError",
        "%s: serialized by %s, not readable by %s with dill %s: %s"
        % (what, versions, HERE, dill, shown(thrown)),
        two_ways(theirs) if theirs is not None and is_other(theirs) else
        "Compare the versions of Python and dill at both ends. Source and JSON depend on neither: "
        + SOURCE_AND_JSON,
    )


def shown(thrown):
    return str(thrown) if isinstance(thrown, TaskFailure) else "%s: %s" % (
        type(thrown).__name__, thrown
    )


def load_other_data(header, body, blobs):
    """Arguments in a form that is neither JSON nor ours."""
    if header == "00":
        return load("The arguments", base64_bytes(body), with_dill), True
    if header == "13":
        return first_that_loads(
            "The arguments", unpack(body), lambda part: load_data(part, blobs)
        )
    raise ValueError("the arguments have the unknown header %r" % header)


def load_other_code(header, body, handle):
    """A function in a form that is not plain source."""
    if header == "02":
        return load("The function", base64_bytes(body), lambda _, data: pickle.loads(data))
    if header in ("01", "03", "04"):
        loaded = load("The function", base64_bytes(body), with_dill)
        return loaded if header == "01" else function_of_source(loaded[0], loaded[1], handle)
    if header == "10":
        parts = iter(body.split(":"))
        pairs = []
        for identifier, part in zip(parts, parts):
            # Source has colons of its own, and then it is the last one.
            rest = ":".join((part, *parts)) if identifier in ("st\n", "sd\n") else part
            pairs.append(identifier + rest)
        return first_that_loads("The function", pairs, lambda part: load_code(part, handle))
    if header == "12":
        return first_that_loads("The function", unpack(body), lambda part: load_code(part, handle))
    raise ValueError("the function has the unknown header %r" % header)


def first_that_loads(what, buffers, read):
    failures, hints = [], []
    for buffer in buffers:
        try:
            return read(buffer)
        except Exception as thrown:
            failures.append("%s: %s" % (NAMES.get(buffer[:2], buffer[:2]), shown(thrown)))
            hints.append(getattr(thrown, "hint", None))
    raise TaskFailure(
        "CouldNotExecuteUserTaskError",
        "DeserializationError",
        "%s: none of the %d forms in which it was serialized can be read\n* %s"
        % (what, len(failures), "\n* ".join(failures)),
        next((hint for hint in hints if hint), None),
    )


# Results.


def encode_result(value, settings):
    """In the first form that can hold it; without a list in the SDK's default, which is dill."""
    paths = settings.get("result_serializers")
    if not paths:
        return usual_result(value)
    failures = []
    for path in paths:
        try:
            return serializer_of(path, callable(value))(value).encode("utf-8")
        except Exception as thrown:
            failures.append("%s: %s" % (path, shown(thrown)))
    raise not_serialized(value, failures)


def usual_result(value):
    if is_exact(value, [MAX_LOOKED_AT]):
        try:
            return json_result(value)
        except ValueError:
            pass
    try:
        return DillCode(value).encode("ascii") if callable(value) else dill_data(value)
    except Exception as thrown:
        failure = thrown
    if isinstance(failure, TaskFailure):
        # There is no dill here: a tuple comes back as a list.
        try:
            return json_result(value)
        except (TypeError, ValueError, RecursionError) as thrown:
            raise not_serialized(value, [shown(failure), "JSONData: %s" % shown(thrown)])
    raise not_serialized(value, ["DillDataBase64: %s" % shown(failure)])


def is_exact(value, left):
    """Whether JSON gives back the same value: no tuple, subclass or number as a key in it."""
    left[0] -= 1
    kind = type(value)
    if left[0] < 0:
        return False
    if kind is list:
        return all(is_exact(item, left) for item in value)
    if kind is dict:
        return all(type(key) is str and is_exact(item, left) for key, item in value.items())
    return value is None or kind in (str, int, float, bool)


def not_serialized(value, failures):
    return TaskFailure(
        "RemoteExecutionError",
        "SerializationError",
        "the result, of type %s, cannot be serialized. All strategies failed.\n* %s"
        % (type(value).__name__, "\n* ".join(failures)),
        "Return what dill or JSON can hold, not open files, generators, locks or connections; or "
        "name other result_serializers.",
    )


def serializer_of(path, for_code):
    module, _, name = path.rpartition(".")
    serializer = SERIALIZERS.get(name)
    if serializer is None or module.partition(".")[0] != "globus_compute_sdk":
        raise ValueError("it is not a known serialization strategy")
    if (name in CODE) != for_code:
        raise ValueError(
            "%s is a %s serialization strategy, expected a %s strategy"
            % ((name, "data", "code") if for_code else (name, "code", "data"))
        )
    return serializer


def dill_data(value):
    return DillDataBase64(value).encode("ascii")


def JSONData(value):
    return "11\n" + json.dumps(value)


def DillDataBase64(value):
    return "00\n" + pickled(value)


def DillCode(value):
    return "01\n" + pickled(value)


def DillCodeTextInspect(value):
    return "03\n" + pickled((value.__name__, inspect.getsource(value)))


def DillCodeSource(value):
    return "04\n" + pickled((value.__name__, source_by_dill(value)))


def PureSourceTextInspect(value):
    return "st\n%s:%s" % (value.__name__, inspect.getsource(value))


def PureSourceDill(value):
    return "sd\n%s:%s" % (value.__name__, source_by_dill(value))


def CombinedCode(value):
    return "10\n" + ":".join(
        form[:3] + ":" + form[3:]
        for form in forms(
            value,
            (DillCodeSource, DillCode, DillCodeTextInspect, PureSourceDill, PureSourceTextInspect),
        )
    )


def AllCodeStrategies(value):
    return "12\n" + packed(forms(value, (PureSourceTextInspect, PureSourceDill, DillCode)))


def AllDataStrategies(value):
    return "13\n" + packed(forms(value, (JSONData, DillDataBase64)))


def pickled(value):
    return base64_text(dill_for("The result: serialized").dumps(value))


def source_by_dill(value):
    dill_for("The result: serialized")
    from dill.source import getsource

    return getsource(value, lstrip=True)


def packed(buffers):
    return "".join("%d\n%s" % (len(buffer), buffer) for buffer in buffers)


def forms(value, serializers):
    found, failures = [], []
    for serializer in serializers:
        try:
            found.append(serializer(value))
        except Exception as thrown:
            failures.append("%s: %s" % (serializer.__name__, shown(thrown)))
    if not found:
        raise ValueError("no strategy can hold it (%s)" % "; ".join(failures))
    return found


CODE = {
    "DillCode": DillCode,
    "DillCodeTextInspect": DillCodeTextInspect,
    "DillCodeSource": DillCodeSource,
    "PureSourceTextInspect": PureSourceTextInspect,
    "PureSourceDill": PureSourceDill,
    "CombinedCode": CombinedCode,
    "AllCodeStrategies": AllCodeStrategies,
}
SERIALIZERS = dict(
    CODE,
    JSONData=JSONData,
    DillDataBase64=DillDataBase64,
    AllDataStrategies=AllDataStrategies,
)
NAMES = {
    "00": "DillDataBase64",
    "01": "DillCode",
    "02": "PickleCode",
    "03": "DillCodeTextInspect",
    "04": "DillCodeSource",
    "11": "JSONData",
    "st": "PureSourceTextInspect",
    "sd": "PureSourceDill",
}
