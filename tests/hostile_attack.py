"""Attacks readers, each in a process of its own that dies at the limits that evaluate/fuzz_readers.py states.

In: the name of a reader a line. Out: its exit status, after a line for each finding.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import tempfile
import traceback
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from baogao.errors import BaogaoError
from fuzz_readers import MEMORY, SECONDS, Reader, readers

# What a mutation writes: control characters, lone surrogates in UTF-8, width, separators, deep nesting.
PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [b"\0", b"\xff\xfe", b"\xed\xa0\x80", "\u2028".encode(), "\U00020bb7".encode(), b'"', b"{"]
    ),
    st.sampled_from(
        [b"[" * 3000, b'{"a":' * 3000, b"1e999", b"-1", b"99999999999999999999", b"null", b"<" * 500]
    ),
)


def attack(reader: Reader, path: Path) -> None:
    """Read what becomes of the seed under some edits."""
    seed = reader.seed

    @settings(
        max_examples=int(os.environ.get("BAOGAO_FUZZ_EXAMPLES", "40")),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @example([(0, len(seed), b"[" * 3000)])
    @example([(0, len(seed), b'{"slices":' * 3000)])
    @given(st.lists(st.tuples(st.integers(0, len(seed)), st.integers(0, 40), PIECES), max_size=4))
    def edited(edits):
        data = seed
        for at, length, piece in edits:
            data = data[:at] + piece + data[at + length :]
        path.write_bytes(data)
        signal.alarm(SECONDS)  # nobody handles it: the process ends
        try:
            reader.read(path)
        except BaogaoError as error:
            assert "\n" not in str(error) and len(str(error)) < 3000
        signal.alarm(0)
        assert [p.name for p in path.parent.iterdir()] == [path.name]

    edited()


def limit_memory() -> None:
    """MEMORY bytes more of address space, where the system tells how much there is."""
    with contextlib.suppress(FileNotFoundError):
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))


def main() -> None:
    known = readers()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(1, 2)
            status = 1
            try:
                reader = known[line.strip()]
                with tempfile.TemporaryDirectory(prefix="baogao-hostile-") as folder:
                    path = Path(folder) / reader.file
                    path.write_bytes(reader.seed)
                    with contextlib.suppress(BaogaoError):
                        reader.read(path)  # imports what it needs before memory counts
                    limit_memory()
                    attack(reader, path)
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(status)
        print(f"exit {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}", flush=True)


if __name__ == "__main__":
    main()
