#!/usr/bin/env python3
"""Pictures by fragkit and by ffmpeg side by side; called by images.sh, which makes the inputs. See measure.py for how they run."""

import argparse
import os
import shutil
import sys
import tempfile

from measure import end_with, Program, Tee, compare, filesystem, memory, name, version, warm

TABLES = ["keyframe", "sheet", "exact", "memory"]


class Pictures(Program):
    """A contender that fills a folder. The index stands for the folder: it must be there in the end."""

    def __init__(self, title, folder, command, last):
        super().__init__(title, command, output=os.path.join(folder, last))
        self.folder = folder


def contenders(fragkit, source, folder):
    """Key frames as JPEG."""

    def ours(title, *options):
        out = os.path.join(folder, title.replace(" ", "-"))
        os.makedirs(out, exist_ok=True)
        command = [fragkit, "images", source, "--out", out, "--every", "2s", "--pick", "keyframe", *options]
        return Pictures(title, out, command, "index.json")

    def theirs(title, *options):
        out = os.path.join(folder, title.replace(" ", "-"))
        os.makedirs(out, exist_ok=True)
        decode = ["ffmpeg", "-nostdin", "-v", "quiet", "-y", *options, "-skip_frame", "nokey", "-i", source]
        # -q:v 5 gives files of about the size that quality 80 gives.
        encode = ["-an", "-vsync", "passthrough", "-q:v", "5"]
        threads = options if options else []
        return Pictures(title, out, [*decode, *encode, *threads, os.path.join(out, "%d.jpg")], "1.jpg")

    return [
        theirs("ffmpeg -threads 1", "-threads", "1"),
        ours("fragkit --jobs 1", "--jobs", "1"),
        theirs("ffmpeg"),
        ours("fragkit --jobs 2", "--jobs", "2"),
    ]


def exact(fragkit, source, folder):
    """A picture every 3 s, and its cost beside key frames."""
    programs = []
    for title, options in [
        ("keyframe --every 3s", ["--pick", "keyframe"]),
        ("exact --every 3s", []),
        ("exact --every 3s --width 320", ["--width", "320"]),
    ]:
        out = os.path.join(folder, title.replace(" ", "-"))
        os.makedirs(out, exist_ok=True)
        command = [fragkit, "images", source, "--out", out, "--every", "3s", *options]
        programs.append(Pictures(title, out, command, "index.json"))
    sheet = os.path.join(folder, "sheet.jpg")
    command = [fragkit, "images", source, "--sheet", sheet, "--every", "3s"]
    programs.append(Program("exact --every 3s --sheet", command, output=sheet))
    return programs


def sheets(fragkit, source, folder):
    """A contact sheet beside the pictures that are on it."""
    out, sheet = os.path.join(folder, "pictures"), os.path.join(folder, "sheet.jpg")
    os.makedirs(out, exist_ok=True)
    command = [fragkit, "images", source, "--every", "3s", "--pick", "keyframe"]
    pictures = Pictures("pictures", out, [*command, "--out", out], "index.json")
    # Of the size that they have on the sheet.
    small = os.path.join(folder, "small")
    os.makedirs(small, exist_ok=True)
    tiles = Pictures("pictures --width 320", small, [*command, "--out", small, "--width", "320"], "index.json")
    return [pictures, tiles, Program("contact sheet", [*command, "--sheet", sheet], output=sheet)]


def main():
    parser = argparse.ArgumentParser(description="Compare pictures by fragkit with pictures by ffmpeg.")
    parser.add_argument("inputs", nargs="+", help="chunk streams")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each program (default 7)")
    parser.add_argument("--only", action="append", choices=TABLES, help="this table alone; may be repeated")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables to a file as well")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: at least one")
    fragkit = os.environ.get("FRAGKIT") or shutil.which("fragkit") or "fragkit"
    beside = os.environ.get("FRAGKIT_BENCH_OUT")
    beside = beside or ("/dev/shm" if os.path.isdir("/dev/shm") else os.path.dirname(os.path.abspath(arguments.inputs[0])))
    wanted = arguments.only or TABLES
    out = Tee(arguments.markdown)
    whole = True
    with tempfile.TemporaryDirectory(prefix="images-", dir=beside) as folder:
        facts = [version(["uname", "-sr"]), f"{os.cpu_count()} CPUs", version([fragkit, "--version"]), version(["ffmpeg", "-version"])]
        print(f"{', '.join(facts)}; {arguments.rounds} rounds; pictures on {filesystem(folder)}", file=out)
        for source in arguments.inputs:
            warm(source)
            label = f"{name(source)} ({os.path.getsize(source) / 1e6:.1f} MB)"
            own = os.path.join(folder, name(source))
            os.makedirs(own)
            if "keyframe" in wanted:
                programs = contenders(fragkit, source, own)
                whole &= not compare(f"Key frames, {label}", programs, arguments.rounds, "ffmpeg -threads 1", "ffmpeg", out).broken
            if "sheet" in wanted:
                programs = sheets(fragkit, source, own)
                title = f"Contact sheet of key frames, every 3 s, {label}"
                whole &= not compare(title, programs, arguments.rounds, "pictures", "pictures --width 320", out).broken
            if "exact" in wanted:
                programs = exact(fragkit, source, own)
                rounds = max(1, arguments.rounds // 2)
                whole &= not compare(f"Every 3 s, {label}", programs, rounds, "keyframe --every 3s", "exact --every 3s", out).broken
            if "memory" in wanted:
                programs = [*contenders(fragkit, source, own)[1::2], *exact(fragkit, source, own)[1:]]
                peaks = memory(f"Memory, {label}", [(program, 0) for program in programs], out)
                whole &= len(peaks) == len(programs)
            shutil.rmtree(own)
    return 0 if whole else 1


if __name__ == "__main__":
    end_with(main)
