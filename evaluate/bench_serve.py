"""Load test of `baogao models serve`: many clients at once, for a while.

    .venv/bin/python evaluate/bench_serve.py --model models/pipeline --clients 16 --seconds 60

Prints how many reports were labelled, errors (the exit status is 1 when there is one), latency, and the
memory of the server and its workers, early and late: flat means that a service left running stays up.
"""

from __future__ import annotations

import argparse
import collections
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]


def memory(pid: int) -> float:
    """Resident megabytes of a process and its children, from /proc (Linux); nan elsewhere."""
    try:
        own = next(
            line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
        )
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, StopIteration):
        return float("nan")
    return int(own.split()[1]) / 1024 + sum(memory(int(child)) for child in children)


def client(
    address: str, reports: list[Path], first: int, stop: float, took: list, wrong: collections.Counter
) -> None:
    """Send one report after the other until `stop`; notes seconds and what went wrong."""
    with httpx.Client(timeout=120) as http:
        turn = first
        while time.monotonic() < stop:
            report = reports[turn % len(reports)]
            turn += 1
            start = time.monotonic()
            try:
                answer = http.post(
                    f"{address}/api/label", params={"name": report.name}, content=report.read_bytes()
                )
                if answer.status_code != 200:
                    wrong[f"{answer.status_code} {answer.json().get('code')}"] += 1
                elif answer.json()["report"] != report.stem:
                    wrong["the answer is to another report"] += 1
                else:
                    took.append(time.monotonic() - start)
            except (httpx.HTTPError, ValueError) as error:
                wrong[type(error).__name__] += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default=ROOT / "models/pipeline", help="a pipeline folder or package")
    parser.add_argument(
        "--reports", type=Path, default=ROOT / "corpus/reports", help="a folder of raw reports"
    )
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    reports = sorted(path for path in options.reports.iterdir() if path.is_file())
    server = subprocess.Popen(
        [sys.executable, "-m", "baogao", "models", "serve", "--model", str(options.model), "--port", "0",
         "--workers", str(options.workers)],
        stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert server.stderr is not None
    line = server.stderr.readline()
    if not line.startswith("serving on "):
        print(line.strip(), file=sys.stderr)
        return server.wait()
    address = line.split()[2].rstrip("/")
    took: list[float] = []
    wrong: collections.Counter[str] = collections.Counter()
    begin = time.monotonic()
    stop = begin + options.seconds
    threads = [
        threading.Thread(target=client, args=(address, reports, number, stop, took, wrong))
        for number in range(options.clients)
    ]
    for thread in threads:
        thread.start()
    sizes = []
    while time.monotonic() < stop:
        time.sleep(min(1.0, options.seconds / 20))
        sizes.append(memory(server.pid))
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begin
    server.terminate()
    server.wait(20)
    third = max(1, len(sizes) // 3)
    early, late = statistics.median(sizes[third : 2 * third]), statistics.median(sizes[-third:])
    print(f"clients {options.clients}, workers {options.workers}, {seconds:.0f} s, {len(reports)} reports")
    rate = len(took) / seconds
    print(f"labelled {len(took)}, {rate:.1f} a second; errors {sum(wrong.values())} {dict(wrong)}")
    if len(took) > 1:
        middle, high = statistics.median(took), statistics.quantiles(took, n=20)[-1]
        print(f"latency: median {middle:.2f} s, 95% under {high:.2f} s, longest {max(took):.2f} s")
    print(
        f"memory of all processes: {early:.0f} MB in the second third, {late:.0f} MB in the last "
        f"({late / early:.3f} times), most {max(sizes):.0f} MB"
    )
    return 1 if wrong or not took else 0


if __name__ == "__main__":
    sys.exit(main())
