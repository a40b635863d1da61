"""Measures an endpoint through the official SDK's Executor; `local.py` lies beside it.

PHASE is `trips`, `rate` or `first`, COUNT says how many tasks, and POLL, where it is given, how many
seconds the SDK waits between looks at what has come.
"""

import os
import time

from globus_compute_sdk.sdk import executor as sdk
from local import ENDPOINT, client, show, until

COUNT = int(os.environ["COUNT"])
PATIENCE = 300


class Watcher(sdk._ResultWatcher):
    """Looks as often as is asked for; the Executor has no parameter for that."""

    def __init__(self, *args, **options):
        super().__init__(*args, poll_period_s=float(os.environ["POLL"]), **options)


def noop():
    return None


def trips(ours):
    """Milliseconds of tasks that follow each other."""
    times = []
    for _ in range(COUNT):
        begun = time.perf_counter()
        ours.submit(noop).result(PATIENCE)
        times.append((time.perf_counter() - begun) * 1000)
    return times


def rate(ours):
    """Tasks a second, of all at once."""
    begun = time.perf_counter()
    for future in [ours.submit(noop) for _ in range(COUNT)]:
        future.result(PATIENCE)
    return COUNT / (time.perf_counter() - begun)


def first(ours):
    """Milliseconds since 1970 at which a result is there that was asked for before there was an endpoint."""
    future = ours.submit(noop)
    until(lambda: future.task_id is not None)
    print("submitted", flush=True)
    future.result(PATIENCE)
    return time.time() * 1000


if "POLL" in os.environ:
    sdk._ResultWatcher = Watcher
phase = dict(trips=trips, rate=rate, first=first)[os.environ["PHASE"]]
# Tasks that are sent one by one are not held back with a limit of one.
with sdk.Executor(ENDPOINT, client=client(), batch_size=COUNT, api_burst_limit=1) as ours:
    if phase is not first:
        ours.submit(noop).result(PATIENCE)
    show(phase(ours))
