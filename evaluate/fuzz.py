"""Every reader of the package under atheris, coverage-guided: the longer run of tests/test_hostile.py.

    pip install atheris                                          # Linux; not part of the lock
    .venv/bin/python evaluate/fuzz.py --seconds 60               # each reader, one after the other
    .venv/bin/python evaluate/fuzz.py --readers pdf --seconds 600

A reader may read a file or raise a BaogaoError; anything else, more than 30 s for a file or more than 2 GB of
memory is a finding: its input stays in --output and the exit status is 1. Run `python evaluate/fuzz.py
--readers NAME --again FILE` to see one again. Native code (pdfium, Arrow, lxml) is not instrumented.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from fuzz_readers import SECONDS, readers

MEMORY_MB = 2000  # of the whole process; it has some 500 after its imports


def fuzz_one(name: str, arguments: list[str]) -> None:
    """Fuzz a reader in this process; libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["baogao"]):
        import baogao.annotations.rules
        import baogao.corpus.segment
        import baogao.evaluate.pairs
        import baogao.models.parts  # noqa: F401
        from baogao.errors import BaogaoError

        reader = readers()[name]
        folder = tempfile.TemporaryDirectory(prefix="baogao-fuzz-")
        path = Path(folder.name) / reader.file

        def one(data: bytes) -> None:
            path.write_bytes(data)
            try:
                reader.read(path)
            except BaogaoError as error:
                assert "\n" not in str(error)
            assert [p.name for p in path.parent.iterdir()] == [path.name]

        one(reader.seed)
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def main() -> None:
    known = readers()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readers", nargs="+", choices=known, default=list(known), metavar="NAME")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader")
    parser.add_argument("--output", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--again", type=Path, help="one input, once")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        other = "BAOGAO_FUZZ_EXAMPLES=5000 pytest tests/test_hostile.py"
        sys.exit(f"atheris is not installed: pip install atheris; without it: {other}")
    limits = [f"-timeout={SECONDS}", f"-rss_limit_mb={MEMORY_MB}"]
    if options.inside or options.again:
        rest = [str(options.again)] if options.again else [str(options.output / options.readers[0])]
        where = f"-artifact_prefix={options.output}/{options.readers[0]}-"
        fuzz_one(options.readers[0], [*limits, where, f"-max_total_time={options.seconds}", *rest])
        return
    findings = []
    for name in options.readers:
        corpus = options.output / name
        corpus.mkdir(parents=True, exist_ok=True)
        (corpus / "seed").write_bytes(known[name].seed)
        command = [sys.executable, __file__, "--inside", "--readers", name, "--output", str(options.output)]
        done = subprocess.run(
            [*command, "--seconds", str(options.seconds)], capture_output=True, text=True, errors="replace"
        )
        said = done.stderr.strip().splitlines()
        runs = next((line for line in reversed(said) if line.startswith("Done ")), "stopped")
        print(f"{name:<14}{'finding' if done.returncode else 'nothing':<9}{runs}", flush=True)
        if done.returncode:
            findings.append(name)
            print("\n".join([*done.stdout.splitlines()[-12:], *said[-3:]]))
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
