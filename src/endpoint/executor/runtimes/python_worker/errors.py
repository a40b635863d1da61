"""What ends a task without a result, as the manager wants to hear it."""

import json
import sys
import traceback

VERSION = "%d.%d.%d" % sys.version_info[:3]
# Modules of the worker are compiled under such names; their frames are nobody's business.
OWN_FRAME = "<funcx "
MAX_MESSAGE_CHARACTERS = 10000
MAX_TYPE_CHARACTERS = 200


class TaskFailure(Exception):
    """Ends a task for a reason that is not the function's own exception."""

    def __init__(self, code, kind, message, hint=None):
        super().__init__(message)
        self.code, self.kind, self.hint = code, kind, hint


def describe(thrown, code, limit):
    """A task error as bytes, the traceback without the worker's frames."""
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
        elif isinstance(thrown, SystemExit):
            hint = "Return a value, or raise an exception that says what is wrong."
    error = {
        "code": code,
        "type": kind[:MAX_TYPE_CHARACTERS],
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


def is_own(frames):
    return frames.tb_frame.f_code.co_filename.startswith(OWN_FRAME)


def traceback_of(thrown):
    frames = thrown.__traceback__
    while frames is not None and is_own(frames):
        frames = frames.tb_next
    try:
        return "".join(traceback.format_exception(type(thrown), thrown, frames))
    except Exception:
        return ""
