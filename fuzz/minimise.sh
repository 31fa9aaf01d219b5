#!/usr/bin/env bash
# Makes the corpora that are committed out of what the targets have learned: of the short inputs in fuzz/corpus/<target>, as few as
# cover all that the short ones cover, in fuzz/corpora/<target>.tar.gz. The plain tests go through them, and fuzz/run.sh begins
# with them. To be called after a long run; needs what that built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Longer ones say little more and weigh much.
longest=1024

built=target/$(rustc +nightly -vV | sed -n 's/^host: //p')/release
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(cargo +nightly fuzz list)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p corpora
for target in "${targets[@]}"; do
  rm -rf "$work"/*
  mkdir "$work/short" "$work/least"
  find "corpus/$target" -type f -size -"$((longest + 1))"c -exec cp {} "$work/short" \;
  "$built/$target" -set_cover_merge=1 -use_counters=0 -timeout=10 "$work/least" "$work/short" >"$work/log" 2>&1 || {
    tail -5 "$work/log" >&2
    exit 1
  }
  # The same bytes for the same inputs.
  (cd "$work/least" && tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=644 -cf - .) | gzip -9n >"corpora/$target.tar.gz"
  printf '%-16s %5d of %5d short inputs, %d bytes\n' "$target" "$(find "$work/least" -type f | wc -l)" \
    "$(find "$work/short" -type f | wc -l)" "$(stat -c %s "corpora/$target.tar.gz")"
done
