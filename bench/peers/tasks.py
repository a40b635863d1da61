"""What every subject runs: nothing, and a task that takes an exact time and no processor."""
import time


def noop(x=None):
    return x


def wait(milliseconds):
    # A sleep ends up to a tenth of a millisecond late, which would count against whoever runs it,
    # so the last 0.2 ms are waited for awake.
    end = time.perf_counter() + milliseconds / 1000
    left = end - time.perf_counter() - 0.0002
    if left > 0:
        time.sleep(left)
    while time.perf_counter() < end:
        pass
