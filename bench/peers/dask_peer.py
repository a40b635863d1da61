"""Dask distributed: a local cluster of two processes with a thread each, tasks mapped in batches."""
import logging

from dask.distributed import Client, LocalCluster
from measure import SETTINGS, WORKERS, measure

if __name__ == "__main__":
    with LocalCluster(
        n_workers=WORKERS,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        silence_logs=logging.ERROR,
        local_directory=SETTINGS["folder"],
    ) as cluster, Client(cluster) as client:

        def run_all(function, values):
            client.gather(client.map(function, values, pure=False, batch_size=1000))

        measure(run_all)
