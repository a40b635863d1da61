"""The Celery application of `celery_peer.py` and its workers."""
import os

import tasks
from celery import Celery

app = Celery("peer", broker=os.environ["PEER_REDIS"], backend=os.environ["PEER_REDIS"])
app.conf.update(
    worker_prefetch_multiplier=64,
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    result_expires=300,
    broker_connection_retry_on_startup=True,
)
FUNCTIONS = {
    tasks.noop: app.task(tasks.noop, name="noop"),
    tasks.wait: app.task(tasks.wait, name="wait"),
}
