"""Versions and licences of everything in requirements.lock, and known vulnerabilities where a source answers.

    .venv/bin/python evaluate/dependencies.py

Advisories come from OSV (what pip-audit --vulnerability-service osv asks), the whole lock in one request;
where it cannot be reached the last line says so. Exit status 1 when one is known.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.request
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


def advisories(packages: dict[str, str], source: str) -> dict[str, list[str]]:
    """Name → ids of advisories about the locked version. Raises OSError where `source` does not answer."""
    queries = [
        {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
        for name, version in packages.items()
    ]
    request = urllib.request.Request(
        f"{source}/v1/querybatch",
        json.dumps({"queries": queries}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        results = json.load(answer)["results"]
    known = {
        name: [one["id"] for one in row.get("vulns", [])] for name, row in zip(packages, results, strict=True)
    }
    return {name: ids for name, ids in known.items() if ids}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", default="https://api.osv.dev", help="an OSV service")
    options = parser.parse_args()
    packages = locked()
    for name, version in sorted(packages.items()):
        print(f"{name:<32}{version:<16}{licence(name)}")
    print(f"\n{len(packages)} packages")
    try:
        found = advisories(packages, options.source)
    except (OSError, ValueError, KeyError) as error:
        print(f"vulnerabilities: not looked up, {options.source} does not answer ({error})")
        return
    for name, ids in found.items():
        print(f"{name} {packages[name]}: {', '.join(ids)}")
    print(f"vulnerabilities: {sum(map(len, found.values()))} known, in {len(found)} packages")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
