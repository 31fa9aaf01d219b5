#!/usr/bin/env bash
# Whole programs against each other: builds fragkit, generates the inputs, and measures. See README.md beside this script.
#
#   benches/compare.sh                                        1 GiB of video (lengths, start codes, one plain document), 100 MiB
#                                                             of audio (stereo, 5.1, A-law), 7 rounds
#   benches/compare.sh --video 100MiB --audio 10MiB --rounds 3          a quick look
#   benches/compare.sh --out /dev/shm                         outputs to a tmpfs; the default is a temporary folder on disk
#   benches/compare.sh --readme --out /dev/shm                what the README quotes, each beside its bound, at the end
#   benches/compare.sh --markdown results.md                  the tables to a file as well
#
# FRAGKIT            the program to measure, instead of building it
# FRAGKIT_BENCH_IN   folder for the generated inputs (default: generated/ beside this script)
# FRAGKIT_BENCH_OUT  as --out
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
inputs=${FRAGKIT_BENCH_IN:-$here/generated}
export FRAGKIT_BENCH_IN=$inputs
video=1GiB audio=100MiB
pass=()
while [ $# -gt 0 ]; do
  case $1 in
    --video) video=${2:?--video SIZE}; shift 2 ;;
    --audio) audio=${2:?--audio SIZE}; shift 2 ;;
    -h|--help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exec python3 "$here/compare.py" --help ;;
    *) pass+=("$1"); shift ;;
  esac
done

for program in ffmpeg ffprobe mkvmerge python3 taskset; do
  command -v "$program" >/dev/null || { echo "compare.sh: $program is missing, see .ci/setup" >&2; exit 1; }
done

target=${CARGO_TARGET_DIR:-$root/target}
cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p fragkit-benches --bin generate
if [ -z "${FRAGKIT:-}" ]; then
  cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p fragkit-cli
  FRAGKIT=$target/release/fragkit
fi
export FRAGKIT

mkdir -p "$inputs"
sources=()
for input in "video $video" "video-annex-b $video" "audio $audio" "audio-51 $audio" "alaw $audio" "video-plain $video"; do
  read -r kind size <<<"$input"
  sources+=("$inputs/$kind-$size.mkv")
  # A file that is there is whole: `generate` gives it its name last.
  [ -s "$inputs/$kind-$size.mkv" ] || "$target/release/generate" "$kind" "$size" "$inputs/$kind-$size.mkv"
done

exec python3 "$here/compare.py" ${pass[@]+"${pass[@]}"} "${sources[@]}"
