"""The processes that a function has started, by what Linux tells of them; elsewhere there are none."""

import os
import signal
import time

# How long they may take to end when they are asked to, seconds.
GRACE = 5


def below(root):
    """All that descends from a process: when each one started, by its id."""
    parents, started = {}, {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            fields = stat_of(int(name))
            if fields is not None:
                parents[int(name)], started[int(name)] = int(fields[1]), fields[19]
    found, wave = {}, {root}
    while wave:
        wave = {pid for pid, parent in parents.items() if parent in wave and pid not in found}
        found.update((pid, started[pid]) for pid in wave)
    return found


def stat_of(pid):
    """From the state on; none for a process that has ended."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields


def end_all(processes):
    """Asks first, so that a launcher can end its ranks on other nodes."""
    send(processes, signal.SIGTERM)
    limit = time.monotonic() + GRACE
    while living(processes) and time.monotonic() < limit:
        reap(processes)
        time.sleep(0.02)
    late = dict(processes)
    for pid in living(processes):
        late.update(below(pid))
    send(late, signal.SIGKILL)
    while living(late):
        reap(late)
        time.sleep(0.002)
    reap(late)


def living(processes):
    return [pid for pid, at in processes.items() if (stat_of(pid) or [None] * 20)[19] == at]


def send(processes, number):
    for pid in living(processes):
        try:
            os.kill(pid, number)
        except OSError:
            pass


def reap(processes):
    for pid in processes:
        try:
            os.waitpid(pid, os.WNOHANG)
        except OSError:
            pass
