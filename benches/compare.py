#!/usr/bin/env python3
"""Measures whole programs side by side; called by compare.sh, which builds them and makes the inputs. See measure.py for how
they are run.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile

from measure import end_with, MISSING, Program, Results, Tee, alternate, compare, filesystem, meminfo, memory, name, ratio_text, table, version, warm
from readme import bounds

TWO_AT_ONCE = "two clips to nowhere at once, a core each"
TABLES = ["clip", "pipe", "list", "cores", "memory", "plain"]


def kind(source):
    """What the generator calls it: the name without the size."""
    return re.sub(r"-[^-]*$", "", name(source))


def ffmpeg(source, folder, *options, reads=None):
    """`ffmpeg -c copy` and what it writes: MP4, or for G.711, which it does not put there, QuickTime."""
    output = os.path.join(folder, "out.mov" if kind(source) == "alaw" else "out.mp4")
    command = ["ffmpeg", "-v", "quiet", "-y", *(["-i", reads] if reads else ["-nostdin", "-i", source])]
    return [*command, "-map", "0", "-c", "copy", *options, output], output


def ffmpeg_program(title, source, folder, *options):
    command, output = ffmpeg(source, folder, *options)
    return Program(title, command, output=output)


def clip_programs(fragkit, source, folder):
    output = os.path.join(folder, "out.mp4")
    return [
        Program("cp", ["cp", source, output], output=output),
        # The same once more: how far its ratio is from 1 is the noise of the machine.
        Program("cp again", ["cp", source, output], output=output),
        Program("fragkit clip", [fragkit, "clip", source, "-o", output], output=output),
        ffmpeg_program("ffmpeg -c copy", source, folder),
        ffmpeg_program("ffmpeg +faststart", source, folder, "-movflags", "+faststart"),
    ]


def plain_programs(fragkit, source, folder):
    output = os.path.join(folder, "out.mp4")
    merged = os.path.join(folder, "out.mkv")
    return [
        Program("cp", ["cp", source, output], output=output),
        Program("fragkit clip", [fragkit, "clip", source, "-o", output], output=output),
        Program("mkvmerge", ["mkvmerge", "--quiet", "-o", merged, source], output=merged),
        ffmpeg_program("ffmpeg -c copy", source, folder),
    ]


def pipe_programs(fragkit, source, folder):
    output = os.path.join(folder, "out.mp4")
    command, written = ffmpeg(source, folder, reads="-")
    return [
        Program("pipe to cat", ["cat", source], ["cat"], stdout=output),
        Program("file to fragkit clip", [fragkit, "clip", source, "-o", output], output=output),
        Program("pipe to fragkit clip", ["cat", source], [fragkit, "clip", "-", "-o", output], output=output),
        Program("pipe to ffmpeg -c copy", ["cat", source], command, output=written),
    ]


def list_programs(fragkit, source):
    return [
        Program("cat", ["cat", source]),
        Program("fragkit list --json", [fragkit, "list", source, "--json"]),
        Program("ffprobe -show_packets", ["ffprobe", "-v", "quiet", "-show_packets", source]),
    ]


def cores(title, fragkit, source, rounds, out):
    """What computes, on one core and on all: nothing is written, so that the file system has no part in it."""
    one_core = ["env", "RAYON_NUM_THREADS=1", "taskset", "-c", "0"]
    commands = {"list": [fragkit, "list", source, "--json"], "clip to nowhere": [fragkit, "clip", source, "-o", "/dev/null"]}
    programs = []
    for what, command in commands.items():
        programs += [Program(f"{what}, one core", [*one_core, *command]), Program(f"{what}, all cores", command)]
    # What the machine has to give: two processes that know nothing of each other, each on a core of its own.
    clip = [fragkit, "clip", source, "-o", "/dev/null"]
    programs.append(Program(TWO_AT_ONCE, [*one_core, *clip], [*one_core[:-1], "1", *clip]))
    results = alternate(title, programs, rounds)
    header = ["operation", "one core, wall s", "all cores, wall s", "times as fast", "CPU, all / one"]
    rows = []
    for what in commands:
        one, every = f"{what}, one core", f"{what}, all cores"
        walls = [results.median(each, Results.WALL) for each in (one, every)]
        row = [what, *("failed" if wall is None else f"{wall:.3f}" for wall in walls)]
        rows.append([*row, results.ratio_text(one, every, Results.WALL), results.ratio_text(every, one, Results.CPU)])
    one, control = results.median("clip to nowhere, one core", Results.WALL), results.median(TWO_AT_ONCE, Results.WALL)
    if one and control:
        doubled = results.ratio("clip to nowhere, one core", TWO_AT_ONCE, Results.WALL)
        rows.append([TWO_AT_ONCE, f"{2 * one:.3f}", f"{control:.3f}", ratio_text([2 * ratio for ratio in doubled]), MISSING])
    table(title, header, rows, out)
    return results


def memory_contenders(fragkit, source, folder):
    """Programs, and which command of each is watched."""
    output = os.path.join(folder, "out.mp4")
    return [
        (Program("file to fragkit clip", [fragkit, "clip", source, "-o", output], output=output), 0),
        (Program("pipe to fragkit clip", ["cat", source], [fragkit, "clip", "-", "-o", output], output=output), 1),
        (Program("file to fragkit list", [fragkit, "list", source, "--json"]), 0),
        (ffmpeg_program("ffmpeg -c copy", source, folder), 0),
        (ffmpeg_program("ffmpeg +faststart", source, folder, "-movflags", "+faststart"), 0),
    ]


def measure(source, wanted, fragkit, folder, rounds, out):
    """Prints the tables of one input; gives what was measured, by table, and whether all programs worked."""
    warm(source)
    label = f"{name(source)} ({os.path.getsize(source) / 1e6:.1f} MB)"
    measured = {}
    if kind(source) == "video-plain":
        if "plain" in wanted:
            programs = plain_programs(fragkit, source, folder)
            measured["plain"] = compare(f"One plain document, {label}", programs, rounds, "cp", "fragkit clip", out)
    else:
        if "clip" in wanted:
            programs = clip_programs(fragkit, source, folder)
            measured["clip"] = compare(f"Clip, {label}", programs, rounds, "cp", "fragkit clip", out)
        if "pipe" in wanted:
            programs = pipe_programs(fragkit, source, folder)
            measured["pipe"] = compare(f"Clip from a pipe, {label}", programs, rounds, "pipe to cat", "file to fragkit clip", out)
        if "list" in wanted:
            programs = list_programs(fragkit, source)
            measured["list"] = compare(f"List, {label}", programs, rounds, "cat", "fragkit list --json", out)
        if "cores" in wanted:
            measured["cores"] = cores(f"One core and {os.cpu_count()}, {label}", fragkit, source, rounds, out)
    whole = not any(results.broken for results in measured.values())
    if "memory" in wanted and kind(source) != "video-plain":
        contenders = memory_contenders(fragkit, source, folder)
        measured["memory"] = memory(f"Memory, {label}", contenders, out)
        whole &= len(measured["memory"]) == len(contenders)
    return measured, whole


def main():
    parser = argparse.ArgumentParser(description="Compare fragkit with cp, cat, ffmpeg, ffprobe and mkvmerge.")
    parser.add_argument("inputs", nargs="+", help="streams of the generator, named KIND-SIZE.mkv")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each program (default 7)")
    parser.add_argument("--out", default=os.environ.get("FRAGKIT_BENCH_OUT"), help="folder for outputs (default: FRAGKIT_BENCH_OUT, or a temporary folder beside the inputs)")
    parser.add_argument("--only", action="append", choices=TABLES, help="this table alone; may be repeated")
    parser.add_argument("--kind", action="append", metavar="KIND", help="inputs of this kind alone; may be repeated")
    parser.add_argument("--readme", action="store_true", help="end with one table of the ratios that are to hold, each beside its bound")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables to a file as well")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: at least one")
    fragkit = os.environ.get("FRAGKIT") or shutil.which("fragkit") or "fragkit"
    wanted = arguments.only or TABLES
    inputs = [source for source in arguments.inputs if not arguments.kind or kind(source) in arguments.kind]
    if not inputs:
        parser.error(f"--kind: there is {', '.join(kind(source) for source in arguments.inputs)}")

    largest = max(os.path.getsize(path) for path in inputs)
    beside = arguments.out or os.path.dirname(os.path.abspath(inputs[0]))
    os.makedirs(beside, exist_ok=True)
    # The input, the output, and as much again for what the kernel still has to write.
    if meminfo("MemAvailable") < 3 * largest:
        print("compare.py: memory is short for these inputs; the disk will be measured too", file=sys.stderr)
    if shutil.disk_usage(beside).free < 2 * largest:
        parser.error("--out: not enough room there")

    out = Tee(arguments.markdown)
    whole, measured = True, {}
    with tempfile.TemporaryDirectory(prefix="out-", dir=beside) as folder:
        facts = [version(["uname", "-sr"]), f"{os.cpu_count()} CPUs"]
        facts += [version(command) for command in ([fragkit, "--version"], ["ffmpeg", "-version"], ["mkvmerge", "--version"])]
        kind_of_disk = filesystem(folder)
        print(f"{', '.join(facts)}; {arguments.rounds} rounds; outputs on {kind_of_disk}", file=out)
        for source in inputs:
            measured[kind(source)], good = measure(source, wanted, fragkit, folder, arguments.rounds, out)
            whole &= good
    if arguments.readme:
        table(f"What is to hold, outputs on {kind_of_disk}", ["ratio", "input", "bound", "measured", "holds"], bounds(measured, kind_of_disk), out)
    return 0 if whole else 1


if __name__ == "__main__":
    end_with(main)
