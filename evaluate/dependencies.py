"""Versions and licences of everything in requirements.lock, and known vulnerabilities where a source answers.

    .venv/bin/python evaluate/dependencies.py

Advisories come from pip-audit, when it is installed and reaches its source; where not, the table says so.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"


def locked() -> dict[str, str]:
    """Name → version of the lines of the lock; where it names several for several Pythons, the last."""
    found = re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", LOCK.read_text(encoding="utf-8"), re.M
    )
    return dict(found)


def licence(name: str) -> str:
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return "(not installed here)"
    given = about.get("License-Expression") or ""
    classifiers = [
        c.rsplit(" :: ", 1)[-1] for c in about.get_all("Classifier") or [] if c.startswith("License")
    ]
    short = (about.get("License") or "").strip().splitlines()
    return given or ", ".join(classifiers) or (short[0][:60] if short else "(says none)")


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    packages = locked()
    for name, version in sorted(packages.items()):
        print(f"{name:<32}{version:<16}{licence(name)}")
    print(f"\n{len(packages)} packages")
    audit = shutil.which("pip-audit", path=str(Path(sys.executable).parent)) or shutil.which("pip-audit")
    if audit is None:
        print("vulnerabilities: not looked up (pip-audit is not installed)")
        return
    done = subprocess.run([audit, "--requirement", str(LOCK), "--no-deps", "--disable-pip"], text=True)
    if done.returncode not in (0, 1):
        print("vulnerabilities: not looked up (no advisory source answered)")
    sys.exit(done.returncode if done.returncode in (0, 1) else 0)


if __name__ == "__main__":
    main()
