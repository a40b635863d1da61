"""`concurrent.futures` with two processes: a future for each task, or chunks when asked for."""
from concurrent.futures import ProcessPoolExecutor

from measure import SETTINGS, WORKERS, measure

if __name__ == "__main__":
    with ProcessPoolExecutor(WORKERS) as pool:

        def run_each(function, values):
            futures = [pool.submit(function, value) for value in values]
            for future in futures:
                future.result()

        def run_chunks(function, values):
            for _ in pool.map(function, values, chunksize=1000):
                pass

        if SETTINGS.get("chunks"):
            measure(run_chunks, rate_only=True)
        else:
            measure(run_each)
