#!/usr/bin/env bash
# Runs the fuzz targets one after the other (or two at a time: --jobs 2) and says what came of it. Nothing but cargo fuzz and a
# nightly toolchain is needed.
#
#   fuzz/run.sh --minutes 30            every target for half an hour: a night
#   fuzz/run.sh --minutes 10 clip mkv   these two
#   fuzz/run.sh --seconds 20            a short look, as CI has it
#
# What they learn is kept in fuzz/corpus and used by the next run; what breaks them is left in fuzz/artifacts. An input that broke
# a target belongs into fuzz/regressions/<target>, where the plain tests go through it, beside the change that mends it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

seconds=600 jobs=1 targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) seconds=$(($2 * 60)); shift ;;
    --seconds) seconds=$2; shift ;;
    --jobs) jobs=$2; shift ;;
    -*) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(cargo +nightly fuzz list)
fi

cargo +nightly fuzz build
built=target/$(rustc +nightly -vV | sed -n 's/^host: //p')/release

fuzz() {
  local target=$1 corpus=corpus/$1 dictionary=matroska log=artifacts/$1.log
  mkdir -p "$corpus" artifacts
  case $target in
    codec_private | frame | nal | parameter_sets) dictionary=annex_b ;;
    movie) dictionary=mp4 ;;
  esac
  local folders=("$corpus")
  for kind in seeds regressions; do
    if [ -d "$kind/$target" ]; then folders+=("$kind/$target"); fi
  done
  if [ -f "corpora/$target.tar.gz" ]; then tar -xzf "corpora/$target.tar.gz" -C "$corpus" --skip-old-files; fi
  find ../testdata -name '*.mkv' -size -20k -exec cp -n {} "$corpus" \;
  local begun=$SECONDS failed=0
  "$built/$target" "${folders[@]}" "-dict=dictionaries/$dictionary.dict" "-max_total_time=$seconds" -max_len=20000 \
    -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -print_funcs=0 -reload=0 \
    "-artifact_prefix=artifacts/$target-" >"$log" 2>&1 || failed=1
  local last coverage runs
  last=$(grep -a 'cov: ' "$log" | tail -1 || true)
  coverage=$(sed 's/.*cov: \([0-9]*\) ft: \([0-9]*\).*/\1 edges, \2 features/' <<<"$last")
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%-16s %10s runs in %5s s   %s%s\n' "$target" "${runs:-?}" "$((SECONDS - begun))" "$coverage" \
    "$([ $failed = 0 ] || echo "   BROKEN: see fuzz/$log and fuzz/artifacts")"
  if [ $failed != 0 ]; then
    # So that it can be had again from the output alone.
    for input in artifacts/"$target"-*; do
      echo "$input, as base64 of gzip:"
      gzip -9c "$input" | base64
    done
  fi
  return $failed
}

pids=()
for target in "${targets[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
    wait -n || true
  done
  fuzz "$target" &
  pids+=($!)
done
broken=0
for pid in "${pids[@]}"; do
  wait "$pid" || broken=1
done
exit $broken
