"""Parsl's high-throughput executor: one local block, two workers, tasks fetched ahead."""
import parsl
from measure import SETTINGS, WORKERS, measure
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

if __name__ == "__main__":
    executor = HighThroughputExecutor(
        label="htex",
        address="127.0.0.1",
        max_workers_per_node=WORKERS,
        prefetch_capacity=100,
        provider=LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1),
    )
    config = Config(
        executors=[executor],
        strategy="none",
        initialize_logging=False,
        run_dir=SETTINGS["folder"],
    )
    with parsl.load(config):
        apps = {}

        def run_all(function, values):
            if function not in apps:
                apps[function] = parsl.python_app(function)
            futures = [apps[function](value) for value in values]
            for future in futures:
                future.result()

        measure(run_all)
