"""Adds up a meson testlog.json: the checks inside each program, what failed, what skipped and why.

Usage: summary.py TESTLOG. The last line is 'N passed, N failed, N skipped'; exit status 1 if a
test failed or none ran.
"""

import json
import re
import sys

CHECKS = re.compile(r"Checks: (\d+), Failures: (\d+), Errors: (\d+)")
# A failed check as libcheck tells it: file:line:F|E:case:test:number: why
FAILED_CHECK = re.compile(r"^\S+:\d+:[FE]:.*")
LINES_TOLD = 12


def reasons(test):
    """Why it failed: its failed checks, or else the last that it said. Long ones are cut."""
    said = (test.get("stdout", "") + test.get("stderr", "")).strip().splitlines()
    told = [line for line in said if FAILED_CHECK.match(line)] or said[-LINES_TOLD:]
    return [line if len(line) <= 600 else f"{line[:300]} ... {line[-300:]}" for line in told]


def main():
    passed = failed = skipped = 0
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            output = test.get("stdout", "")
            if test["result"] == "SKIP":
                skipped += 1
                reason = (output.strip().splitlines() or ["no reason given"])[-1]
                print(f"skipped {test['name']}: {reason}")
                continue
            totals = [tuple(map(int, found)) for found in CHECKS.findall(output)]
            bad = sum(failures + errors for _, failures, errors in totals)
            checks = sum(count for count, _, _ in totals) or 1
            if test["result"] != "OK" and bad == 0:
                bad = 1
            passed += max(checks - bad, 0)
            failed += bad
            if bad:
                print(f"FAILED {test['name']} ({test['result']}, {test['duration']:.0f} s)")
                for line in reasons(test):
                    print(f"  {line}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
