"""Celery over Redis: a prefork worker of two processes that fetches ahead, tasks sent by one producer."""
import os
import signal
import subprocess
import sys

from celery_app import FUNCTIONS, app
from measure import WORKERS, measure

COMMAND = [
    sys.executable, "-m", "celery", "--app", "celery_app", "worker",
    "--concurrency", str(WORKERS), "--pool", "prefork", "--loglevel", "ERROR",
    "--without-gossip", "--without-mingle", "--without-heartbeat",
]


def run_all(function, values):
    task = FUNCTIONS[function]
    with app.producer_pool.acquire(block=True) as producer:
        results = [task.apply_async((value,), producer=producer) for value in values]
    for result in results:
        result.get()


if __name__ == "__main__":
    worker = subprocess.Popen(COMMAND, stdout=sys.stderr, cwd=os.path.dirname(os.path.abspath(__file__)))
    try:
        measure(run_all)
    finally:
        app.close()
        worker.send_signal(signal.SIGTERM)
        worker.wait()
