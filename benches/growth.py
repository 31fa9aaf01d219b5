#!/usr/bin/env python3
"""How cost grows with the input; called by growth.sh, which builds the programs and makes the inputs. See measure.py for how
they are run.
"""

import argparse
import glob
import os
import shutil
import sys
import tempfile

from measure import end_with, Failed, Program, Results, Tee, alternate, compare, filesystem, memory, name, peak_anonymous, table, version, warm


def programs_of(fragkit, source, folder):
    """What is done with one file."""
    clip, pictures = os.path.join(folder, "out.mp4"), os.path.join(folder, "pictures")
    os.makedirs(pictures, exist_ok=True)
    images = [fragkit, "images", source, "--out", pictures, "--pick", "keyframe", "--every", "60s"]
    programs = [
        Program("list", [fragkit, "list", source, "--json"]),
        Program("clip to nowhere", [fragkit, "clip", source, "-o", "/dev/null"]),
        Program("clip to a file", [fragkit, "clip", source, "-o", clip], output=clip),
        # What the system takes for as many bytes.
        Program("cp", ["cp", "--sparse=never", source, clip], output=clip),
        # The index of the pictures stands for them: it is written last.
        Program("a picture a minute", images, output=os.path.join(pictures, "index.json")),
    ]
    if shutil.disk_usage(folder).free < 1.2 * os.path.getsize(source):
        print(f"growth.py: there is no room for a clip of {source}", file=sys.stderr)
        del programs[2:4]
    return programs


def sizes(fragkit, sources, folder, rounds, out):
    """Time and memory of each operation, size by size."""
    rows, whole = {}, True
    for source in sources:
        warm(source)
        size = os.path.getsize(source)
        programs = programs_of(fragkit, source, folder)
        results = alternate(name(source), programs, rounds)
        for program in programs:
            row = [program.name, f"{size / 1e6:.1f}"]
            try:
                wall, cpu = (results.median(program.name, field) for field in (Results.WALL, Results.CPU))
                if wall is None:
                    raise Failed(results.broken[program.name])
                row += [f"{wall:.3f}", f"{wall / size * 1e9:.3f}", f"{cpu / size * 1e9:.3f}", f"{peak_anonymous(program, 0) / 1024:.1f}"]
            except (Failed, OSError) as error:
                print(f"left out: {error}", file=sys.stderr)
                row += ["failed"] + ["-"] * 3
                whole = False
            rows.setdefault(program.name, []).append(row)
    header = ["operation", "MB", "wall s", "wall s a GB", "CPU s a GB", "peak RssAnon, MiB"]
    table("Size", header, [row for of_program in rows.values() for row in of_program], out)
    return whole


def files(fragkit, inputs, folder, rounds, out):
    """A folder of many files beside `cat` of all of them."""
    paths = sorted(glob.glob(os.path.join(inputs, "*.mkv")))
    for path in paths:
        warm(path)
    size = sum(os.path.getsize(path) for path in paths)
    clip = os.path.join(folder, "out.mp4")
    programs = [
        Program("cat", ["cat", *paths]),
        Program("fragkit list", [fragkit, "list", inputs]),
        Program("fragkit clip to nowhere", [fragkit, "clip", inputs, "-o", "/dev/null"]),
        Program("cat to a file", ["cat", *paths], stdout=clip),
        Program("fragkit clip", [fragkit, "clip", inputs, "-o", clip], output=clip),
    ]
    title = f"{len(paths)} files ({size / 1e6:.1f} MB)"
    results = compare(title, programs, rounds, "cat", "cat to a file", out)
    peaks = memory(f"Memory, {title}", [(program, 0) for program in programs if "fragkit" in program.name], out)
    return not results.broken and len(peaks) == 3


def main():
    parser = argparse.ArgumentParser(description="Time and memory of fragkit by the size of its input.")
    parser.add_argument("inputs", nargs="+", help="chunk streams of several sizes")
    parser.add_argument("--folder", required=True, help="folder of files with one fragment each")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each program (default 3)")
    parser.add_argument("--only", choices=["sizes", "files"], help="this table alone")
    parser.add_argument("--out", default=os.environ.get("FRAGKIT_BENCH_OUT"), help="folder for outputs (default: FRAGKIT_BENCH_OUT, or a temporary folder beside the inputs)")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables to a file as well")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: at least one")
    fragkit = os.environ.get("FRAGKIT") or shutil.which("fragkit") or "fragkit"
    beside = arguments.out or os.path.dirname(os.path.abspath(arguments.inputs[0]))
    os.makedirs(beside, exist_ok=True)
    out = Tee(arguments.markdown)
    whole = True
    with tempfile.TemporaryDirectory(prefix="out-", dir=beside) as folder:
        facts = [version(["uname", "-sr"]), f"{os.cpu_count()} CPUs", version([fragkit, "--version"])]
        print(f"{', '.join(facts)}; {arguments.rounds} rounds; outputs on {filesystem(folder)}", file=out)
        if arguments.only != "files":
            whole &= sizes(fragkit, arguments.inputs, folder, arguments.rounds, out)
        if arguments.only != "sizes":
            whole &= files(fragkit, arguments.folder, folder, arguments.rounds, out)
    return 0 if whole else 1


if __name__ == "__main__":
    end_with(main)
