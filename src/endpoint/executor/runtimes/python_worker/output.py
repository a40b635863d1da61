"""Descriptors 1 and 2: pipes that the manager reads."""

import os
import struct
import sys

SEQUENCE = struct.Struct("<I")


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
        write_all(self.kept, self.marker + SEQUENCE.pack(sequence))


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
