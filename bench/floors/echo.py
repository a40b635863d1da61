"""Reads records, each with its length before it, and writes them back, as many as came together."""
import os
import struct

LENGTH = struct.Struct("<I")
held = b""
while True:
    data = os.read(0, 1 << 20)
    if not data:
        break
    held += data
    records = []
    position = 0
    while position + 4 <= len(held):
        end = position + 4 + LENGTH.unpack_from(held, position)[0]
        if end > len(held):
            break
        record = held[position + 4:end]
        records.append(LENGTH.pack(len(record)) + record)
        position = end
    held = held[position:]
    answer = memoryview(b"".join(records))
    while answer:
        answer = answer[os.write(1, answer):]
