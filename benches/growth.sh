#!/usr/bin/env bash
# How cost grows with the input: one file of 1 MiB to 8 GiB, and a folder of many files. See README.md beside this script.
#
#   benches/growth.sh                               1 MiB, 16 MiB, 256 MiB, 1 GiB, 8 GiB; 20,000 files
#   benches/growth.sh --sizes "1MiB 64MiB" --files 1000 --rounds 1      a quick look
#   benches/growth.sh --only files                  one table
#   benches/growth.sh --markdown results.md         the tables to a file as well
#
# FRAGKIT            the program to measure, instead of building it
# FRAGKIT_BENCH_IN   folder for the generated inputs (default: generated/ beside this script)
# FRAGKIT_BENCH_OUT  as --out
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/inputs.sh"
sizes="1MiB 16MiB 256MiB 1GiB 8GiB" files=20000
pass=()
while [ $# -gt 0 ]; do
  case $1 in
    --sizes) sizes=${2:?--sizes \"SIZE ...\"}; shift 2 ;;
    --files) files=${2:?--files COUNT}; shift 2 ;;
    -h|--help) help growth.py ;;
    *) pass+=("$1"); shift ;;
  esac
done

need python3
build_fragkit
sources=()
for size in $sizes; do
  source=$inputs/video-sparse-$size.mkv
  generate file video-sparse "$size" "$source"
  sources+=("$source")
done
folder=$inputs/alaw-$files-files
generate folder alaw "$files" "$folder"

exec python3 "$here/growth.py" ${pass[@]+"${pass[@]}"} --folder "$folder" "${sources[@]}"
