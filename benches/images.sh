#!/usr/bin/env bash
# Pictures against ffmpeg: makes 10 minutes of 1080p video in both codecs, and measures whole programs. See README.md beside
# this script.
#
#   benches/images.sh                          both codecs, 7 rounds
#   benches/images.sh --minutes 1 --rounds 3   a quick look
#   benches/images.sh --markdown results.md    the tables to a file as well
#
# FRAGKIT            the program to measure, instead of building it
# FRAGKIT_FEATURES   features to build it with, such as ffmpeg
# FRAGKIT_BENCH_IN   folder for the inputs (default: generated/ beside this script)
# FRAGKIT_BENCH_OUT  folder for the pictures (default: /dev/shm, or else the inputs' folder)
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/inputs.sh"
minutes=10
pass=()
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) minutes=${2:?--minutes N}; shift 2 ;;
    -h|--help) help images.py ;;
    *) pass+=("$1"); shift ;;
  esac
done

need ffmpeg python3
build_fragkit

mkdir -p "$inputs"
# Twenty seconds of moving shapes with a camera's noise, 8 Mbit/s, a closed group of pictures each two seconds; then the same
# again and again.
loop() {
  local name=$1; shift
  local once=$inputs/$name-once.mkv whole=$inputs/$name-$minutes-min.mkv chunks=$inputs/$name-$minutes-min.chunks.mkv
  [ -s "$chunks" ] && { sources+=("$chunks"); return; }
  [ -s "$once" ] || {
    ffmpeg -nostdin -v error -y -f lavfi -i "testsrc2=size=1920x1080:rate=30,noise=alls=10:allf=t" -t 20 \
      -pix_fmt yuv420p "$@" -b:v 8M "$once.part.mkv" && mv "$once.part.mkv" "$once"
  }
  ffmpeg -nostdin -v error -y -stream_loop $((minutes * 3 - 1)) -i "$once" -c copy "$whole"
  "$FRAGKIT" chunks "$whole" -o "$chunks" --start 2024-01-01T00:00:00Z --fragment-length 2s
  rm "$whole"
  sources+=("$chunks")
}
sources=()
loop h264-1080p -c:v libx264 -preset fast -profile:v high -g 60 -keyint_min 60 -sc_threshold 0
loop h265-1080p -c:v libx265 -preset fast -x265-params "keyint=60:min-keyint=60:scenecut=0:open-gop=0:log-level=error"

exec python3 "$here/images.py" ${pass[@]+"${pass[@]}"} "${sources[@]}"
