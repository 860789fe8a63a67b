"""Very many reports on a real Ray cluster of several nodes on this machine, one of which dies."""

import os
import signal
import threading
import time

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from baogao.models.engine import predict_many

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'baogao[cluster]'")

PAGE = "甲县人民政府{year}年度法治政府建设情况报告\n{year}年,县政府制定规范性文件{n}件,群众满意。\n"
PARTITIONS = ds.partitioning(pa.schema([("year", pa.int32()), ("province", pa.string())]), flavor="hive")


@pytest.fixture
def cluster(monkeypatch):
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=100_000_000)
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def rows(output):
    found = ds.dataset(output, partitioning=PARTITIONS, ignore_prefixes=["_", "."]).to_table().to_pylist()
    return sorted(found, key=lambda row: row["id"])


def labelling_workers() -> list[int]:
    """Process ids of the actors that hold a pipeline; Ray names a process after its actor."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", encoding="utf-8", errors="replace") as handle:
                    if "RayLabeller" in handle.read():
                        found.append(int(name))
            except OSError:
                continue
    return found


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc"), reason="finds the worker to kill in /proc")
def test_a_worker_killed_in_the_middle_costs_no_row_and_doubles_none(cluster, tmp_path, tiny_pipeline):
    pages = tmp_path / "pages"
    pages.mkdir()
    for n in range(24):
        (pages / f"r{n:02d}.txt").write_text(PAGE.format(year=2020 + n % 3, n=n), encoding="utf-8")
    out = tmp_path / "ray"
    killed = []

    def kill_one() -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not list(out.glob("_parts/*.json")):
            time.sleep(0.02)
        workers = labelling_workers()
        if workers:
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])

    killer = threading.Thread(target=kill_one)
    killer.start()
    total = predict_many(
        [str(pages)], str(out), model=str(tiny_pipeline), engine="ray", jobs=2, part_size=1,
        address=cluster.address,
    )  # fmt: skip
    killer.join()
    assert killed, "no worker was there to kill"
    assert (total.parts, total.reports, total.failures) == (24, 24, [])
    predict_many([str(pages)], str(tmp_path / "local"), model=str(tiny_pipeline), part_size=1)
    assert rows(out) == rows(tmp_path / "local")
