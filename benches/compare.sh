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

. "$(dirname "${BASH_SOURCE[0]}")/inputs.sh"
video=1GiB audio=100MiB
pass=()
while [ $# -gt 0 ]; do
  case $1 in
    --video) video=${2:?--video SIZE}; shift 2 ;;
    --audio) audio=${2:?--audio SIZE}; shift 2 ;;
    -h|--help) help compare.py ;;
    *) pass+=("$1"); shift ;;
  esac
done

need ffmpeg ffprobe mkvmerge python3 taskset
build_fragkit
sources=()
for input in "video $video" "video-annex-b $video" "audio $audio" "audio-51 $audio" "alaw $audio" "video-plain $video"; do
  read -r kind size <<<"$input"
  generate file "$kind" "$size" "$inputs/$kind-$size.mkv"
  sources+=("$inputs/$kind-$size.mkv")
done

exec python3 "$here/compare.py" ${pass[@]+"${pass[@]}"} "${sources[@]}"
