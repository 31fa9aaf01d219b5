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

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
inputs=${FRAGKIT_BENCH_IN:-$here/generated}
sizes="1MiB 16MiB 256MiB 1GiB 8GiB" files=20000
pass=()
while [ $# -gt 0 ]; do
  case $1 in
    --sizes) sizes=${2:?--sizes \"SIZE ...\"}; shift 2 ;;
    --files) files=${2:?--files COUNT}; shift 2 ;;
    -h|--help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exec python3 "$here/growth.py" --help ;;
    *) pass+=("$1"); shift ;;
  esac
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
for size in $sizes; do
  source=$inputs/video-sparse-$size.mkv
  # What is there is whole: `generate` gives it its name last.
  [ -s "$source" ] || "$target/release/generate" video-sparse "$size" "$source"
  sources+=("$source")
done
folder=$inputs/alaw-$files-files
[ -d "$folder" ] || "$target/release/generate" alaw "$files" --files "$folder"

exec python3 "$here/growth.py" ${pass[@]+"${pass[@]}"} --folder "$folder" "${sources[@]}"
