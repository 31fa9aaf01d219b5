#!/usr/bin/env python3
"""Measures whole programs side by side; called by compare.sh, which builds them and makes the inputs.

Each round runs every program once, in an order that moves on by one from round to round, so that what disturbs the
machine meets them all. A ratio is that of two runs of the same round; given is the median over the rounds, and the least
and the greatest.
"""

import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

MISSING = "-"


class Failed(Exception):
    """A program did not do what it was run for."""


class Program:
    """One contender: a pipeline of commands, and the file it writes, if any."""

    def __init__(self, name, *commands, output=None, stdout=None):
        self.name = name
        self.commands = commands
        self.output = output
        # Where standard output of the last command goes: a path, or nowhere.
        self.stdout = stdout


def remove(path):
    if path and os.path.exists(path):
        os.remove(path)


def start(program, started):
    """Starts the commands of a program, connected by pipes, and appends them to `started`."""
    upstream = subprocess.DEVNULL
    for index, command in enumerate(program.commands):
        last = index + 1 == len(program.commands)
        sink = open(program.stdout, "wb") if last and program.stdout else subprocess.DEVNULL
        stdout = sink if last else subprocess.PIPE
        try:
            process = subprocess.Popen(command, stdin=upstream, stdout=stdout, stderr=subprocess.DEVNULL)
        finally:
            for ours in (upstream, sink):
                if ours is not subprocess.DEVNULL:
                    ours.close()
        started.append(process)
        upstream = process.stdout


def reap(process):
    """Waits for one process; gives its resource usage."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def stop(started):
    for process in started:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            reap(process)


def check(program, started):
    for process, command in zip(started, program.commands):
        if process.returncode != 0:
            raise Failed(f"{program.name}: {os.path.basename(command[0])} ended with {process.returncode}")
    for path in (program.output, program.stdout):
        if path and (not os.path.exists(path) or os.path.getsize(path) == 0):
            raise Failed(f"{program.name}: nothing was written")


def run(program):
    """One run with a fresh output: wall-clock seconds, CPU seconds of all its processes, bytes written."""
    for path in (program.output, program.stdout):
        remove(path)
    # What earlier runs left to be written to the disk is not to be charged to this one.
    os.sync()
    started = []
    begun = time.perf_counter()
    try:
        start(program, started)
        usages = [reap(process) for process in started]
        wall = time.perf_counter() - begun
        check(program, started)
        size = os.path.getsize(program.output or program.stdout) if program.output or program.stdout else 0
    finally:
        stop(started)
        for path in (program.output, program.stdout):
            remove(path)
    return wall, sum(usage.ru_utime + usage.ru_stime for usage in usages), size


def peak_anonymous(program, watched):
    """Peak RssAnon in KiB of the command at index `watched`, sampled about every 5 ms."""
    for path in (program.output, program.stdout):
        remove(path)
    peak, started = 0, []
    try:
        start(program, started)
        status = f"/proc/{started[watched].pid}/status"
        while True:
            try:
                with open(status, encoding="ascii") as file:
                    text = file.read()
            except OSError:
                break
            found = re.search(r"^RssAnon:\s+(\d+) kB", text, re.MULTILINE)
            if not found:
                break  # It has ended and waits to be reaped.
            peak = max(peak, int(found[1]))
            time.sleep(0.005)
        for process in started:
            reap(process)
        check(program, started)
    finally:
        stop(started)
        for path in (program.output, program.stdout):
            remove(path)
    return peak


def warm(path):
    """Reads a file once, so that it is in the page cache."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 22):
            pass


def ratio(runs, base, field):
    pairs = [mine[field] / theirs[field] for mine, theirs in zip(runs, base) if theirs[field] > 0]
    if not pairs:
        return MISSING
    return f"{statistics.median(pairs):.2f} ({min(pairs):.2f}-{max(pairs):.2f})"


def table(title, header, rows, out):
    lines = ["", f"### {title}", "", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    for line in lines:
        print(line, file=out)
    out.flush()


def compare(title, programs, rounds, base, ours, out):
    """Runs the programs in alternation and prints the table: each against `base`, and against `ours`."""
    results = {program.name: [] for program in programs}
    broken = {}
    for turn in range(rounds):
        shift = turn % len(programs)
        for program in programs[shift:] + programs[:shift]:
            if program.name in broken:
                continue
            try:
                result = run(program)
            except (Failed, OSError) as error:
                broken[program.name] = str(error)
                print(f"compare.py: left out: {error}", file=sys.stderr)
                continue
            results[program.name].append(result)
            progress = f"{title}: round {turn + 1}/{rounds}, {program.name}: {result[0]:.3f} s, CPU {result[1]:.3f} s"
            print(progress, file=sys.stderr)
    header = ["program", "wall s", f"/ {base}", f"/ {ours}", "CPU s", f"/ {base}", f"/ {ours}", "MB out"]
    rows = []
    for program in programs:
        runs = results[program.name]
        if program.name in broken or not runs:
            rows.append([program.name, "failed"] + [MISSING] * 6)
            continue
        row = [program.name]
        for field in (0, 1):
            row.append(f"{statistics.median(result[field] for result in runs):.3f}")
            for against in (base, ours):
                row.append(MISSING if against in broken else ratio(runs, results[against], field))
        row.append(f"{runs[0][2] / 1e6:.1f}" if runs[0][2] else MISSING)
        rows.append(row)
    table(title, header, rows, out)
    return not broken


def clip_programs(fragkit, source, folder):
    output = os.path.join(folder, "out.mp4")
    ffmpeg = ["ffmpeg", "-nostdin", "-v", "quiet", "-y", "-i", source, "-map", "0", "-c", "copy"]
    return [
        Program("cp", ["cp", source, output], output=output),
        Program("fragkit clip", [fragkit, "clip", source, "-o", output], output=output),
        Program("ffmpeg -c copy", [*ffmpeg, output], output=output),
        Program("ffmpeg +faststart", [*ffmpeg, "-movflags", "+faststart", output], output=output),
    ]


def pipe_programs(fragkit, source, folder):
    output = os.path.join(folder, "out.mp4")
    ffmpeg = ["ffmpeg", "-v", "quiet", "-y", "-i", "-", "-map", "0", "-c", "copy", output]
    return [
        Program("pipe to cat", ["cat", source], ["cat"], stdout=output),
        Program("file to fragkit clip", [fragkit, "clip", source, "-o", output], output=output),
        Program("pipe to fragkit clip", ["cat", source], [fragkit, "clip", "-", "-o", output], output=output),
        Program("pipe to ffmpeg -c copy", ["cat", source], ffmpeg, output=output),
    ]


def list_programs(fragkit, source):
    return [
        Program("cat", ["cat", source]),
        Program("fragkit list --json", [fragkit, "list", source, "--json"]),
        Program("ffprobe -show_packets", ["ffprobe", "-v", "quiet", "-show_packets", source]),
    ]


def memory(fragkit, source, folder, out):
    output = os.path.join(folder, "out.mp4")
    contenders = [
        (Program("file to fragkit clip", [fragkit, "clip", source, "-o", output], output=output), 0),
        (Program("pipe to fragkit clip", ["cat", source], [fragkit, "clip", "-", "-o", output], output=output), 1),
        (Program("file to fragkit list", [fragkit, "list", source, "--json"]), 0),
        (clip_programs(fragkit, source, folder)[2], 0),
        (clip_programs(fragkit, source, folder)[3], 0),
    ]
    rows, whole = [], True
    for program, watched in contenders:
        try:
            peak = f"{peak_anonymous(program, watched) / 1024:.1f}"
        except (Failed, OSError) as error:
            print(f"compare.py: left out: {error}", file=sys.stderr)
            peak, whole = "failed", False
        rows.append([program.name, peak])
    table(f"Memory, {name(source)}", ["program", "peak RssAnon, MiB"], rows, out)
    return whole


def name(path):
    return os.path.splitext(os.path.basename(path))[0]


def filesystem(folder):
    """The type of the file system that a folder is on."""
    best, kind = "", "unknown"
    with open("/proc/mounts", encoding="utf-8", errors="replace") as file:
        for line in file:
            _, mount, found, *_ = line.split()
            inside = os.path.realpath(folder).startswith(mount.rstrip("/") + "/")
            if inside and len(mount) >= len(best):
                best, kind = mount, found
    return kind


def meminfo(field):
    with open("/proc/meminfo", encoding="ascii") as file:
        return int(re.search(rf"^{field}:\s+(\d+) kB", file.read(), re.MULTILINE)[1]) * 1024


def version(command):
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return "missing"
    return " ".join(text.split("\n")[0].split()[:3]) or "unknown"


class Tee:
    """Text to standard output and to a file."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8") if path else None  # Closed when the program ends.

    def write(self, text):
        sys.stdout.write(text)
        if self.file:
            self.file.write(text)

    def flush(self):
        sys.stdout.flush()
        if self.file:
            self.file.flush()


def main():
    parser = argparse.ArgumentParser(description="Compare fragkit with cp, cat, ffmpeg and ffprobe.")
    parser.add_argument("inputs", nargs="+", help="chunk streams")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each program (default 7)")
    parser.add_argument("--out", default=os.environ.get("FRAGKIT_BENCH_OUT"), help="folder for outputs (default: FRAGKIT_BENCH_OUT, or a temporary folder beside the inputs)")
    parser.add_argument("--only", action="append", choices=["clip", "pipe", "list", "memory"], help="this table alone; may be repeated")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables to a file as well")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: at least one")
    fragkit = os.environ.get("FRAGKIT") or shutil.which("fragkit") or "fragkit"
    wanted = arguments.only or ["clip", "pipe", "list", "memory"]

    largest = max(os.path.getsize(path) for path in arguments.inputs)
    beside = arguments.out or os.path.dirname(os.path.abspath(arguments.inputs[0]))
    os.makedirs(beside, exist_ok=True)
    # The input, the output, and as much again for what the kernel still has to write.
    if meminfo("MemAvailable") < 3 * largest:
        print("compare.py: memory is short for these inputs; the disk will be measured too", file=sys.stderr)
    if shutil.disk_usage(beside).free < 2 * largest:
        parser.error("--out: not enough room there")

    out = Tee(arguments.markdown)
    whole = True
    with tempfile.TemporaryDirectory(prefix="out-", dir=beside) as folder:
        facts = [version(["uname", "-sr"]), f"{os.cpu_count()} CPUs", version([fragkit, "--version"]), version(["ffmpeg", "-version"])]
        print(f"{', '.join(facts)}; {arguments.rounds} rounds; outputs on {filesystem(folder)}", file=out)
        for source in arguments.inputs:
            warm(source)
            label = f"{name(source)} ({os.path.getsize(source) / 1e6:.1f} MB)"
            tables = {
                "clip": lambda: compare(f"Clip, {label}", clip_programs(fragkit, source, folder), arguments.rounds, "cp", "fragkit clip", out),
                "pipe": lambda: compare(f"Clip from a pipe, {label}", pipe_programs(fragkit, source, folder), arguments.rounds, "pipe to cat", "file to fragkit clip", out),
                "list": lambda: compare(f"List, {label}", list_programs(fragkit, source), arguments.rounds, "cat", "fragkit list --json", out),
                "memory": lambda: memory(fragkit, source, folder, out),
            }
            for each in wanted:
                whole &= tables[each]()
    return 0 if whole else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
