"""Read pip-audit's report from standard input and fail for what is known to be vulnerable.

    pip-audit --format json | python scripts/check_vulnerabilities.py

Exits with 1 where an installed package has a known vulnerability that is not in `ACCEPTED`. A service that cannot
be reached, or that knows none of the packages, is no reason to fail: then nothing was checked, and this says so.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

ACCEPTED: Mapping[str, str] = {}
"""Vulnerabilities that we live with: the id (or an alias of it), and why it does not concern us."""


def main() -> int:
    """Say what was checked and found; return the exit code."""
    report = sys.stdin.read()
    if not report.strip():
        print("NOTHING WAS CHECKED: pip-audit gave no report; it says above why.")
        return 0
    packages = json.loads(report)["dependencies"]
    audited = [package for package in packages if "skip_reason" not in package]
    if not audited:
        print(
            f"NOTHING WAS CHECKED: the vulnerability service knows none of the {len(packages)} packages, so it cannot "
            f"be the real one. It said of the first: {packages[0]['skip_reason'] if packages else 'nothing'}"
        )
        return 0
    found = [(package, vulnerability) for package in audited for vulnerability in package["vulns"]]
    problems = [
        (package, vulnerability) for package, vulnerability in found if not _is_accepted(vulnerability)
    ]
    print(f"{len(audited)} of {len(packages)} packages checked: {len(found)} vulnerabilities are known")
    for package in packages:
        if "skip_reason" in package:
            print(f"not checked: {package['name']}: {package['skip_reason']}")
    for package, vulnerability in problems:
        fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}")
    if problems:
        print("Update what is vulnerable, or say in ACCEPTED why it does not concern us.")
    return 1 if problems else 0


def _is_accepted(vulnerability: Mapping[str, Any]) -> bool:
    names = [vulnerability["id"], *vulnerability.get("aliases", ())]
    reasons = [ACCEPTED[name] for name in names if name in ACCEPTED]
    for reason in reasons:
        print(f"accepted: {vulnerability['id']}: {reason}")
    return bool(reasons)


if __name__ == "__main__":
    sys.exit(main())
