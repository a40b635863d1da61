"""Measures one peer; the same for all that are driven from Python.

The settings are the first argument, JSON: `tasks` for the rate, `trips` one at a time, `waits` as
pairs of milliseconds and tasks, `folder` for files. Prints one line of JSON.
"""
import json
import sys
import time

import tasks

WORKERS = 2
SETTINGS = json.loads(sys.argv[1])


def quantile(values, fraction):
    return sorted(values)[min(len(values) - 1, int(len(values) * fraction))]


def seconds(action, *arguments):
    begun = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - begun


def measure(run_all, rate_only=False):
    """`run_all(function, values)` submits all, and returns when the results are in its hand."""
    run_all(tasks.noop, range(max(20, SETTINGS["tasks"] // 5)))
    measured = {"rate": SETTINGS["tasks"] / seconds(run_all, tasks.noop, range(SETTINGS["tasks"]))}
    if not rate_only:
        trips = [1000 * seconds(run_all, tasks.noop, [1]) for _ in range(SETTINGS["trips"])]
        measured["p50"] = quantile(trips, 0.5)
        measured["p99"] = quantile(trips, 0.99)
        measured["efficiency"] = {}
        for duration, count in SETTINGS["waits"]:
            spent = WORKERS * seconds(run_all, tasks.wait, [duration] * count)
            measured["efficiency"][duration] = count * duration / 1000 / spent
    print(json.dumps(measured), flush=True)
