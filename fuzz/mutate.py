#!/usr/bin/env python3
"""Runs the program on many damaged copies of real files, and holds it to what is said of bad input.

  fuzz/mutate.py                             10,000 copies of the files in testdata, through every subcommand
  fuzz/mutate.py --count 200                 a quick look
  fuzz/mutate.py --seed 7 --keep findings    other copies; what breaks a promise is kept there

Of each run: it ends by itself, done (0) or with invalid input (1), says nothing of a panic, takes less than 10 s and 512 MiB, and
leaves no output behind that is not whole. Of each file in which one chunk of several was damaged: all others are listed.

FRAGKIT    the program, instead of target/release/fragkit
"""

import argparse
import concurrent.futures
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FRAGKIT = os.environ.get("FRAGKIT") or os.path.join(ROOT, "target", "release", "fragkit")
SECONDS = 10
MEBIBYTES = 512

# Elements that hold others, by id (RFC 9559).
MASTERS = {0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0, 0xE1, 0x1F43B675, 0xA0, 0x1254C367, 0x7373, 0x67C8, 0x63C0, 0x6D80, 0x6240}
EBML_HEADER = 0x1A45DFA3
# What a chunk begins with, also without its EBML header.
STARTS = {EBML_HEADER.to_bytes(4, "big"), (0x18538067).to_bytes(4, "big")}


def commands(path, folder, number):
    """Every subcommand, with what it writes if it is done and only then; an index or a sheet also tells what is missing."""
    out = lambda name: os.path.join(folder, name)
    yield "list", ["list", path], None
    yield "list --json", ["list", path, "--json"], None
    yield "inspect", ["inspect", path], None
    yield "inspect --fields", ["inspect", path, "--fields", "--json"], None
    yield "report", ["report", path], None
    yield "report --html", ["report", path, "--html", out("report.html")], out("report.html")
    yield "clip", ["clip", path, "-o", out("clip.mp4"), "--on-change", "split", "--include-cut"], out("clip.mp4")
    yield "audio", ["audio", path, "-o", out("audio"), "--include-cut"], None
    yield "merge", ["merge", path, "-o", out("merged.mkv"), "--include-cut"], out("merged.mkv")
    yield "media", ["media", path, "-o", out("media.mkv"), "--fragment", number], out("media.mkv")
    yield "chunks", ["chunks", path, "-o", out("chunks.mkv"), "--fragment-length", "1s"], out("chunks.mkv")
    yield "images", ["images", path, "--out", out("images"), "--every", "700ms", "--width", "64", "--max-results", "12"], None
    yield "images --sheet", ["images", path, "--sheet", out("sheet.jpg"), "--every", "2s", "--width", "64", "--pick", "keyframe", "--max-results", "12"], None


def elements(data, start, end, found, depth=0):
    """Where elements lie: (start, data start, end), of masters also what is in them."""
    at = start
    while at < end:
        header = element_header(data, at, end)
        if header is None:
            return
        number, data_at, size = header
        stop = end if size is None else min(end, data_at + size)
        found.append((at, data_at, stop, number))
        if number in MASTERS and depth < 8:
            elements(data, data_at, stop, found, depth + 1)
        at = stop


def element_header(data, at, end):
    first = data[at]
    id_len = 9 - first.bit_length() if first else 9
    if id_len > 4 or at + id_len >= end:
        return None
    number = int.from_bytes(data[at : at + id_len], "big")
    at += id_len
    first = data[at]
    size_len = 9 - first.bit_length() if first else 9
    if size_len > 8 or at + size_len > end:
        return None
    size = int.from_bytes(data[at : at + size_len], "big") & ((1 << (7 * size_len)) - 1)
    unknown = size == (1 << (7 * size_len)) - 1
    return number, at + size_len, None if unknown else size


def flip(rng, data, found):
    for _ in range(rng.choice([1, 1, 2, 8, 40])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def cut(rng, data, found):
    return data[: rng.randrange(1, len(data))]


def blow_up(rng, data, found):
    """A size, or a run of bytes in front of an element's data, becomes huge."""
    start, data_at, _, _ = rng.choice(found)
    at = rng.randrange(start, data_at)
    data[at:data_at] = rng.choice([b"\xff", b"\x7f", b"\x01", b"\x00"])[:1] * (data_at - at)
    return data


def resize(rng, data, found):
    """A size that is a little wrong, in eight bytes."""
    start, data_at, end, number = rng.choice(found)
    id_len = (number.bit_length() + 7) // 8
    size = max(0, end - data_at + rng.choice([-1000, -7, -1, 1, 7, 1000, 1 << 30, 1 << 40, (1 << 56) - 2 - (end - data_at)]))
    data[start + id_len : data_at] = (size | 1 << 56).to_bytes(8, "big")
    return data


def duplicate(rng, data, found):
    start, _, end, _ = rng.choice(found)
    piece = bytes(data[start:end])[: 1 << 20]
    data[end:end] = piece * rng.choice([1, 1, 2, 16])
    return data


def swap(rng, data, found):
    a, b = sorted(rng.sample(found, 2)) if len(found) > 1 else (found[0], found[0])
    if a[2] <= b[0]:
        return data[: a[0]] + data[b[0] : b[2]] + data[a[2] : b[0]] + data[a[0] : a[2]] + data[b[2] :]
    return data[: b[0]] + data[b[2] :]


def drop(rng, data, found):
    start, _, end, _ = rng.choice(found)
    return data[:start] + data[end:]


def graft(rng, data, found):
    """An element in the place of another one."""
    (a_start, _, a_end, _), (b_start, _, b_end, _) = rng.choice(found), rng.choice(found)
    return data[:a_start] + data[b_start:b_end] + data[a_end:]


def noise(rng, data, found):
    at = rng.randrange(len(data))
    data[at : at + rng.choice([0, 16, 500])] = rng.randbytes(rng.choice([1, 16, 500, 5000]))
    return data


KINDS = [flip, flip, cut, blow_up, blow_up, resize, resize, duplicate, swap, drop, graft, noise]


class Case:
    """One damaged copy."""

    def __init__(self, path, data, what, number, listed):
        self.path, self.data, self.what = path, data, what
        # Of a fragment of the sound file.
        self.number = number
        # Numbers of the fragments that must be listed, where only one chunk of several was damaged.
        self.listed = listed


def mutated(rng, path, whole, found, numbers):
    chunks = [at for at, _, _, number in found if number == EBML_HEADER] + [len(whole)]
    if numbers and rng.random() < 0.3:
        # One chunk: its neighbours are unharmed.
        index = rng.randrange(len(chunks) - 1)
        start, end = chunks[index], chunks[index + 1]
        inside = [(s - start, d - start, e - start, n) for s, d, e, n in found if start <= s and e <= end]
        kind = rng.choice(KINDS)
        chunk = kind(rng, bytearray(whole[start:end]), inside)
        others = numbers[:index] + numbers[index + 1 :]
        if index and bytes(chunk[:4]) not in STARTS:
            # Something else stands behind the chunk before: then its size may be what is wrong.
            others.remove(numbers[index - 1])
        return Case(path, whole[:start] + chunk + whole[end:], f"{kind.__name__} in chunk {index}", rng.choice(numbers), others)
    data = bytearray(whole)
    names = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        kind = rng.choice(KINDS)
        again = []
        elements(data, 0, len(data), again)
        if not again:
            break
        data = kind(rng, data, again)
        names.append(kind.__name__)
        if not data:
            data = bytearray(b"\0")
    return Case(path, data, " ".join(names), rng.choice(numbers) if numbers else "1", None)


def run(command, folder):
    """Exit code, seconds, peak in MiB, what it said, what it printed."""
    with open(os.path.join(folder, "stdout"), "w+b") as out, open(os.path.join(folder, "stderr"), "w+b") as err:
        begun = time.monotonic()
        process = subprocess.Popen([FRAGKIT, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        timer = threading.Timer(SECONDS, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        err.seek(0)
        out.seek(0)
        return process.returncode, seconds, usage.ru_maxrss / 1024, err.read().decode("utf-8", "replace"), out.read()


def broken_promises(case, work):
    """What a copy shows, with the names of the subcommands."""
    folder = tempfile.mkdtemp(dir=work)
    path = os.path.join(folder, "in.mkv")
    with open(path, "wb") as file:
        file.write(case.data)
    findings, worst = [], (0.0, 0.0)
    for name, command, output in commands(path, folder, case.number):
        code, seconds, peak, said, printed = run(command, folder)
        worst = (max(worst[0], seconds), max(worst[1], peak))
        if code < 0:
            ended = "it took too long" if seconds >= SECONDS else signal.Signals(-code).name
            findings.append(f"{name}: {ended} after {seconds:.1f} s")
        elif code not in (0, 1):
            findings.append(f"{name}: exit code {code}: {said[-300:]}")
        if "panicked" in said:
            findings.append(f"{name}: {said[-600:]}")
        if peak > MEBIBYTES:
            findings.append(f"{name}: {peak:.0f} MiB")
        if output and os.path.exists(output) != (code == 0):
            findings.append(f"{name}: exit code {code}, and the output is {'there' if code else 'missing'}")
        left = [each for each in os.listdir(folder) if each.startswith(".") or each.endswith((".part", ".tmp"))]
        if left:
            findings.append(f"{name}: left behind {left}")
        if name == "list --json" and case.listed is not None and code == 0:
            listed = {fragment.get("FragmentNumber") for fragment in json.loads(printed)["Fragments"]}
            missing = [number for number in case.listed if number not in listed]
            if missing:
                findings.append(f"{name}: {len(missing)} unharmed fragments are missing, the first {missing[0]}")
        if name == "list --json" and case.listed and code != 0:
            findings.append(f"{name}: exit code {code} though {len(case.listed)} fragments are unharmed: {said[-300:]}")
    shutil.rmtree(folder)
    return case, findings, worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="files to damage (default: those of testdata)")
    parser.add_argument("--count", type=int, default=10_000, help="how many copies (default 10000)")
    parser.add_argument("--seed", type=int, default=1, help="which copies (default 1)")
    parser.add_argument("--keep", metavar="DIR", help="keep copies that break a promise")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at the same time")
    arguments = parser.parse_args()
    folder = os.path.join(ROOT, "testdata")
    paths = arguments.files or sorted(os.path.join(folder, each) for each in os.listdir(folder) if each.endswith(".mkv"))
    sources = []
    for path in paths:
        with open(path, "rb") as file:
            whole = file.read()
        found = []
        elements(whole, 0, len(whole), found)
        done = subprocess.run([FRAGKIT, "list", path, "--json", "--by", "producer"], capture_output=True, check=False)
        numbers = [each.get("FragmentNumber") for each in json.loads(done.stdout)["Fragments"]] if done.returncode == 0 else []
        headers = sum(1 for *_, number in found if number == EBML_HEADER)
        # Where each chunk has its fragment, and each its own number, damage can be told apart.
        usable = None not in numbers and len(set(numbers)) == len(numbers) == headers > 1
        sources.append((path, whole, found, numbers if usable else None))
    rng = random.Random(arguments.seed)
    beside = "/dev/shm" if os.path.isdir("/dev/shm") else None
    failures, slowest, largest, done = 0, 0.0, 0.0, 0
    with tempfile.TemporaryDirectory(prefix="mutate-", dir=beside) as work, concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        pending = set()

        def settle(futures):
            nonlocal failures, slowest, largest, done
            for future in futures:
                case, findings, (seconds, peak) = future.result()
                done += 1
                slowest, largest = max(slowest, seconds), max(largest, peak)
                for finding in findings:
                    print(f"{os.path.basename(case.path)}, {case.what}: {finding}", flush=True)
                if findings:
                    failures += 1
                    if arguments.keep:
                        os.makedirs(arguments.keep, exist_ok=True)
                        with open(os.path.join(arguments.keep, f"{failures}.mkv"), "wb") as file:
                            file.write(case.data)

        for _ in range(arguments.count):
            pending.add(pool.submit(broken_promises, mutated(rng, *rng.choice(sources)), work))
            if len(pending) >= 4 * arguments.jobs:
                finished, pending = concurrent.futures.wait(pending, return_when=concurrent.futures.FIRST_COMPLETED)
                settle(finished)
        settle(pending)
    runs = done * len(list(commands("", "", "")))
    print(f"{done} copies of {len(sources)} files, {runs} runs: {failures} break a promise; slowest {slowest:.2f} s, largest {largest:.0f} MiB")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
