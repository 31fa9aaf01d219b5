#!/usr/bin/env python3
"""Counts the instructions of the hot loops under callgrind and holds them against instructions.json.

Instructions do not depend on how busy a machine is: 5 % more of them is a change of the code, or of what compiled it. The
figures therefore hold for one compiler, one libc and one set of CPU features, which stand beside them; where these differ,
nothing is compared.
"""

import argparse
import concurrent.futures
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BASELINE = os.path.join(HERE, "instructions.json")
# More than this part up fails, more than this part down is told of.
TOLERANCE = 0.05
# The function of src/bin/instructions.rs in which is counted.
COUNTED = "*instructions*counted*"


class Failed(Exception):
    """Something that is needed does not work."""


def output(command, **options):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: ended with {done.returncode}\n{done.stderr.strip()}")
    return done.stdout


def made_with():
    """What the counts depend on beside the code."""
    rustc = output(["rustc", "-vV"])
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        flags = set(re.search(r"^(?:flags|Features)\s*:(.*)$", file.read(), re.MULTILINE)[1].split())
    return {
        "rustc": rustc.splitlines()[0],
        "target": re.search(r"^host: (.*)$", rustc, re.MULTILINE)[1],
        "features": " ".join(sorted(flags & {"ssse3", "sse4_2", "avx", "avx2", "asimd"})),
        "libc": " ".join(platform.libc_ver()),
        "valgrind": output(["valgrind", "--version"]).strip(),
    }


def build():
    root = os.path.dirname(HERE)
    subprocess.run(
        ["cargo", "build", "--quiet", "--release", "--package", "fragkit-benches", "--bin", "instructions"], cwd=root, check=True
    )
    return os.path.join(os.path.abspath(os.path.join(root, os.environ.get("CARGO_TARGET_DIR", "target"))), "release", "instructions")


def count(program, name):
    """How many instructions a bench needs."""
    with tempfile.TemporaryDirectory(prefix="instructions-") as folder:
        counts = os.path.join(folder, "counts")
        callgrind = ["valgrind", "--tool=callgrind", f"--toggle-collect={COUNTED}", f"--callgrind-out-file={counts}"]
        output([*callgrind, program, name], env={**os.environ, "RAYON_NUM_THREADS": "1"})
        with open(counts, encoding="utf-8", errors="replace") as file:
            total = re.search(r"^(?:totals|summary): (\d+)$", file.read(), re.MULTILINE)
    if not total or int(total[1]) == 0:
        raise Failed(f"{name}: callgrind counted nothing")
    return int(total[1])


def count_all(program, names, jobs):
    """The counts by name, told as they come."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        counts = {}
        for name, instructions in zip(names, pool.map(lambda name: count(program, name), names)):
            counts[name] = instructions
            print(f"{instructions:>12,}  {name}")
    return counts


def compare(counts, baseline):
    """Says what moved; gives whether nothing went up too far."""
    good = True
    for name, now in counts.items():
        before = baseline.get(name)
        if before is None:
            print(f"instructions.py: {name} is not in instructions.json; --write puts it there", file=sys.stderr)
            good = False
            continue
        change = now / before - 1
        told = f"{name}: {before:,} instructions before, {now:,} now, {change:+.1%}"
        if change > TOLERANCE:
            print(f"instructions.py: {told}", file=sys.stderr)
            good = False
        elif change < -TOLERANCE:
            print(f"{told}; --write makes that the new measure")
    return good


def main():
    parser = argparse.ArgumentParser(description="Count the instructions of the hot loops.")
    parser.add_argument("--write", action="store_true", help="make these counts the ones to be held")
    parser.add_argument("--only", metavar="NAME", help="this bench alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="benches at the same time (default: one for each processor)")
    parser.add_argument("--strict-toolchain", action="store_true", help="fail where compiler, libc or processor are not those of the baseline")
    arguments = parser.parse_args()
    if not shutil.which("valgrind"):
        raise Failed("valgrind is missing, see .ci/setup")
    baseline = {"made with": None, "instructions": {}}
    if os.path.exists(BASELINE):
        with open(BASELINE, encoding="utf-8") as file:
            baseline = json.load(file)
    here = made_with()
    differs = [f"{field}: {value}, not {here[field]}" for field, value in (baseline["made with"] or {}).items() if value != here[field]]
    if differs and not arguments.write:
        print(f"instructions.py: nothing is compared, as instructions.json is of {'; '.join(differs)}", file=sys.stderr)
        return 1 if arguments.strict_toolchain else 0
    if differs and arguments.only:
        raise Failed(f"--write without --only: instructions.json is of {'; '.join(differs)}")

    program = build()
    names = output([program]).splitlines()
    if arguments.only and arguments.only not in names:
        raise Failed(f"--only {arguments.only}: there is {', '.join(names)}")
    counts = count_all(program, [arguments.only] if arguments.only else names, max(1, arguments.jobs))
    if arguments.write:
        kept = baseline["instructions"] if arguments.only else {}
        known = {**kept, **counts}
        with open(BASELINE, "w", encoding="utf-8") as file:
            json.dump({"made with": here, "instructions": {name: known[name] for name in names if name in known}}, file, indent=2)
            file.write("\n")
        return 0
    return 0 if compare(counts, baseline["instructions"]) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, subprocess.CalledProcessError) as error:
        print(f"instructions.py: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
