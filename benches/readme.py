"""The ratios that the README quotes, each with the bound that it is held to."""

from measure import MISSING, Results, ratio_text

VIDEO = ["video"]
START_CODES = ["video-annex-b"]
SMALL_FRAMES = ["audio", "audio-51", "alaw"]
ALL = VIDEO + START_CODES + SMALL_FRAMES

MOST, LEAST = "at most", "at least"
TMPFS, DISK = "tmpfs", "a disk"

# What, of which inputs, in which table; the ratio of these two programs; the bound, and where it is meant for.
RATIOS = [
    ("`cp` again, wall against `cp`: the noise", ALL, "clip", "cp again", "cp", Results.WALL, None),
    ("`list`, wall against `cat`", VIDEO, "list", "fragkit list --json", "cat", Results.WALL, (MOST, 0.35, None)),
    ("`list`, wall against `cat`", SMALL_FRAMES, "list", "fragkit list --json", "cat", Results.WALL, None),
    ("`list`, CPU less than `ffprobe -show_packets`", VIDEO, "list", "ffprobe -show_packets", "fragkit list --json", Results.CPU, (LEAST, 20, None)),
    ("`list`, CPU less than `ffprobe -show_packets`", SMALL_FRAMES, "list", "ffprobe -show_packets", "fragkit list --json", Results.CPU, None),
    # Frames are checked in every clip: the bound of 1.45 for clips with checks is within that of 1.3.
    ("`clip`, wall against `cp`", VIDEO, "clip", "fragkit clip", "cp", Results.WALL, (MOST, 1.3, TMPFS)),
    ("`clip`, CPU against `cp`", VIDEO, "clip", "fragkit clip", "cp", Results.CPU, (MOST, 1.4, DISK)),
    ("`clip`, converted, wall against `cp`", START_CODES, "clip", "fragkit clip", "cp", Results.WALL, (MOST, 1.5, None)),
    ("`clip`, wall against `cp`", SMALL_FRAMES, "clip", "fragkit clip", "cp", Results.WALL, (MOST, 2.0, None)),
    ("`clip`, CPU less than `ffmpeg -c copy`", VIDEO + START_CODES, "clip", "ffmpeg -c copy", "fragkit clip", Results.CPU, (LEAST, 2.1, None)),
    ("`clip`, CPU less than `ffmpeg -c copy`", SMALL_FRAMES, "clip", "ffmpeg -c copy", "fragkit clip", Results.CPU, (LEAST, 15, None)),
    ("`clip`, CPU less than with `+faststart`", VIDEO + START_CODES, "clip", "ffmpeg +faststart", "fragkit clip", Results.CPU, (LEAST, 3.0, None)),
    ("`clip`, CPU less than with `+faststart`", SMALL_FRAMES, "clip", "ffmpeg +faststart", "fragkit clip", Results.CPU, None),
    ("`clip` of one document, CPU less than `mkvmerge`", ["video-plain"], "plain", "mkvmerge", "fragkit clip", Results.CPU, (LEAST, 4, None)),
    ("`clip` from a pipe, wall against a file", ALL, "pipe", "pipe to fragkit clip", "file to fragkit clip", Results.WALL, (MOST, 1.25, None)),
    ("`clip` from a pipe, CPU less than ffmpeg", ALL, "pipe", "pipe to ffmpeg -c copy", "pipe to fragkit clip", Results.CPU, None),
    ("`list`, all cores faster than one", SMALL_FRAMES, "cores", "list, one core", "list, all cores", Results.WALL, None),
    # What is bound to be 1.7 times as fast are the stages that compute, each by itself: `cores` of src/bin measures these.
    ("`clip` to nowhere, all cores faster than one", ALL, "cores", "clip to nowhere, one core", "clip to nowhere, all cores", Results.WALL, None),
]


def bounds(measured, filesystem):
    """Rows of a table: what, of which input, the bound, what was measured, and whether it holds."""
    rows = []
    for what, kinds, table, mine, theirs, field, bound in RATIOS:
        for kind in kinds:
            if table not in measured.get(kind, {}):
                continue
            found = measured[kind][table].ratio(mine, theirs, field)
            rows.append([what, kind, *judged(bound, found, filesystem)])
    for kind in ALL:
        for program, peak in measured.get(kind, {}).get("memory", {}).items():
            if "fragkit" in program:
                rows.append([f"{program}, peak RssAnon", kind, MISSING, f"{peak:.1f} MiB", MISSING])
    return rows


def judged(bound, found, filesystem):
    """The bound, what was measured, and whether it holds; of a bound for another file system that is left open."""
    if bound is None:
        return [MISSING, ratio_text(found), MISSING]
    which, limit, where = bound
    told = f"{which} {limit}" + (f" on {where}" if where else "")
    if found is None:
        return [told, MISSING, "not measured"]
    if where and (where == TMPFS) != (filesystem == "tmpfs"):
        return [told, ratio_text(found), MISSING]
    holds = found[0] <= limit if which == MOST else found[0] >= limit
    return [told, ratio_text(found), "yes" if holds else "NO"]
