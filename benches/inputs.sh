# What the comparison scripts share, to be sourced: where things are, the programs to be measured, and inputs of the generator.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}
inputs=${FRAGKIT_BENCH_IN:-$here/generated}

# Prints what the calling script says at its top, and then the options of the Python file that it ends in.
help() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
  exec python3 "$here/$1" --help
}

# Ends the script if a program is missing.
need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || { echo "$(basename "$0"): $program is missing, see .ci/setup" >&2; exit 1; }
  done
}

# Builds fragkit, with the features of FRAGKIT_FEATURES, unless FRAGKIT names the program.
build_fragkit() {
  if [ -z "${FRAGKIT:-}" ]; then
    cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p fragkit-cli --features "${FRAGKIT_FEATURES:-}"
    FRAGKIT=$target/release/fragkit
  fi
  export FRAGKIT
}

# generate WHAT KIND SIZE OUT: makes an input unless it is there. What is there is whole: it gets its name last.
generate() {
  [ -e "$4" ] && return
  cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p fragkit-benches --bin generate
  mkdir -p "$(dirname "$4")"
  case $1 in
    file) "$target/release/generate" "$2" "$3" "$4" ;;
    folder) "$target/release/generate" "$2" "$3" --files "$4" ;;
  esac
}
