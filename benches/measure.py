"""Runs programs side by side and measures them; what compare.py, images.py and growth.py share.

Each round runs every program once, in an order that moves on by one from round to round, so that what disturbs the
machine meets them all. A ratio is that of two runs of the same round; given is the median over the rounds, and the least
and the greatest.
"""

import os
import re
import signal
import statistics
import subprocess
import sys
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
    """Has a file in the page cache as reading it from the disk brings it there. What was left of when it was written, or of other
    runs, lies there in smaller pages, and to map these takes up to four times as long.
    """
    with open(path, "rb", buffering=0) as file:
        if hasattr(os, "posix_fadvise"):
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while file.read(1 << 17):
            pass


class Results:
    """What programs took, by name, round by round."""

    WALL, CPU, SIZE = range(3)

    def __init__(self, names):
        self.runs = {name: [] for name in names}
        # Why programs were left out.
        self.broken = {}

    def median(self, name, field):
        """The median, or nothing if the program failed."""
        if name in self.broken or not self.runs.get(name):
            return None
        return statistics.median(run[field] for run in self.runs[name])

    def ratio(self, mine, theirs, field):
        """Median, least and greatest of the ratios within the rounds, or nothing if one of them failed."""
        if mine in self.broken or theirs in self.broken:
            return None
        rounds = zip(self.runs.get(mine, []), self.runs.get(theirs, []))
        ratios = [one[field] / other[field] for one, other in rounds if other[field] > 0]
        return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None

    def ratio_text(self, mine, theirs, field):
        return ratio_text(self.ratio(mine, theirs, field))


def ratio_text(found):
    return f"{found[0]:.2f} ({found[1]:.2f}-{found[2]:.2f})" if found else MISSING


def table(title, header, rows, out):
    lines = ["", f"### {title}", "", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    for line in lines:
        print(line, file=out)
    out.flush()


def alternate(title, programs, rounds):
    """Runs the programs in alternation; one that fails is left out from then on."""
    results = Results([program.name for program in programs])
    for turn in range(rounds):
        shift = turn % len(programs)
        for program in programs[shift:] + programs[:shift]:
            if program.name in results.broken:
                continue
            try:
                result = run(program)
            except (Failed, OSError) as error:
                results.broken[program.name] = str(error)
                print(f"left out: {error}", file=sys.stderr)
                continue
            results.runs[program.name].append(result)
            progress = f"{title}: round {turn + 1}/{rounds}, {program.name}: {result[0]:.3f} s, CPU {result[1]:.3f} s"
            print(progress, file=sys.stderr)
    return results


def compare(title, programs, rounds, base, ours, out):
    """Runs the programs in alternation and prints the table: each against `base`, and against `ours`."""
    results = alternate(title, programs, rounds)
    header = ["program", "wall s", f"/ {base}", f"/ {ours}", "CPU s", f"/ {base}", f"/ {ours}", "MB out"]
    rows = []
    for program in programs:
        name = program.name
        if results.median(name, Results.WALL) is None:
            rows.append([name, "failed"] + [MISSING] * 6)
            continue
        row = [name]
        for field in (Results.WALL, Results.CPU):
            row.append(f"{results.median(name, field):.3f}")
            row += [results.ratio_text(name, against, field) for against in (base, ours)]
        size = results.median(name, Results.SIZE)
        row.append(f"{size / 1e6:.1f}" if size else MISSING)
        rows.append(row)
    table(title, header, rows, out)
    return results


def memory(title, contenders, out):
    """Prints the peak RssAnon of each program, of its command at the index beside it; gives the peaks in MiB."""
    rows, peaks = [], {}
    for program, watched in contenders:
        try:
            peaks[program.name] = peak_anonymous(program, watched) / 1024
        except (Failed, OSError) as error:
            print(f"left out: {error}", file=sys.stderr)
        peak = peaks.get(program.name)
        rows.append([program.name, "failed" if peak is None else f"{peak:.1f}"])
    table(title, ["program", "peak RssAnon, MiB"], rows, out)
    return peaks


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
    """The first words that a program says of itself."""
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return "missing"
    words = text.split("\n")[0].split()[:3]
    return " ".join(word for word in words if not word.startswith("(")) or "unknown"


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


def end_with(main):
    """Runs a script's main function and ends with what it gives."""
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
