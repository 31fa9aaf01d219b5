#!/usr/bin/env bash
# Makes the test files from synthetic pictures and tones with ffmpeg and mkvmerge, and rewrites SHA256SUMS.
# Usage: testdata/make.sh [OUTPUT_FOLDER]   (default: the folder of this script)
#
# The same tool versions give the same bytes: one thread, bitexact flags, no dates, fixed seeds, and no
# instructions beyond the baseline of the processor. README.md beside this script says what each file is for.
set -euo pipefail
export LC_ALL=C TZ=UTC

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here}
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in ffmpeg mkvmerge sha256sum; do
  command -v "$program" >/dev/null || { echo "make.sh: $program is missing, see .ci/setup" >&2; exit 1; }
done

# Arguments for one input: size, frames per second, seconds [, further filters].
picture() { echo "-f lavfi -i testsrc2=size=$1:rate=$2:duration=$3${4:+,$4}"; }
# Arguments for one input: channel expressions (| between them), sample rate, seconds.
tone() { echo "-f lavfi -i aevalsrc=exprs=$1:sample_rate=$2:duration=$3"; }

MONO='0.2*sin(440*2*PI*t)'
STEREO='0.2*sin(440*2*PI*t)|0.2*sin(554*2*PI*t)'
FIVE_ONE='0.1*sin(440*2*PI*t)|0.1*sin(554*2*PI*t)|0.1*sin(659*2*PI*t)|0.1*sin(55*2*PI*t)|0.1*sin(330*2*PI*t)|0.1*sin(277*2*PI*t)'

# ffmpeg with everything switched off that could change from run to run. The last argument is the output.
encode() {
  local last=${!#}
  ffmpeg -nostdin -hide_banner -v error -y -cpuflags 0 -filter_threads 1 "${@:1:$#-1}" \
    -threads 1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1 "$last"
}

# mkvmerge likewise. First argument: the output. The seed is the output's name, so that track ids differ.
merge() {
  local output=$1
  shift
  mkvmerge --quiet --deterministic "$(basename "$output")" --no-date --output "$output" "$@"
}

# One group of pictures a second at 25 frames per second, closed, key frames nowhere else.
GOP='-g 25 -keyint_min 25 -sc_threshold 0'
X264="-c:v libx264 -preset medium -pix_fmt yuv420p $GOP"
X264_BFRAMES='-profile:v high -bf 3 -refs 4 -x264-params b-adapt=0:b-pyramid=normal'
X265="-c:v libx265 -preset medium"
# info=0: the SEI would name the processor.
X265_PARAMS='log-level=none:info=0:pools=none:frame-threads=1:wpp=0:keyint=25:min-keyint=25:scenecut=0'

h264_by_ffmpeg() {
  encode $(picture 160x120 25 6) $X264 -profile:v baseline -crf 36 "$out/h264-baseline.mkv"

  encode $(picture 240x180 30 6) $(tone "$STEREO" 48000 6) $X264 -g 30 -keyint_min 30 -profile:v main -bf 0 -crf 37 \
    -c:a aac -b:a 24k "$out/h264-main-aac.mkv"

  encode $(picture 160x120 25 6) $(tone "$MONO" 44100 6) $X264 $X264_BFRAMES -crf 34 \
    -c:a aac -b:a 16k "$out/h264-high-bframes-aac.mkv"

  # Leading B-frames: shown before the I-frame that opens their cluster, stored after it. 24 frames a group, so that
  # the runs of three B-frames end at the I-frame.
  encode $(picture 160x120 24 6) $X264 -g 24 -keyint_min 24 $X264_BFRAMES:open-gop=1 -crf 34 "$out/h264-high-opengop.mkv"

  # Neither side is a multiple of 16, so the SPS crops. BT.709 on a picture so small that a guess by size says
  # BT.601: only a reader of the VUI gets the colours right.
  encode $(picture 162x122 25 4 "format=gbrp,scale=out_color_matrix=bt709:out_range=tv:flags=bitexact+accurate_rnd,format=yuv420p,setsar=4/3") \
    $X264 -profile:v high -bf 0 -crf 30 \
    -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv "$out/h264-colour-sar.mkv"

  # Four slices a picture, access unit delimiters, and the parameter sets again before each key frame.
  encode $(picture 160x120 12 4) $X264 -g 12 -keyint_min 12 -profile:v main -bf 0 -crf 36 -x264-params slices=4 \
    -bsf:v dump_extra=freq=keyframe,h264_metadata=aud=insert "$out/h264-slices-inband.mkv"

  # Uneven steps between frames, 42 to 83 ms.
  encode $(picture 160x120 15 4 "settb=1/1000,setpts='floor(1000*N/15)+8*mod(7*N,5)'") -enc_time_base 1:1000 -vsync passthrough \
    $X264 -g 15 -keyint_min 15 -profile:v main -bf 0 -crf 38 "$out/h264-vfr.mkv"
}

h265_by_ffmpeg() {
  # 164x124: neither side is a multiple of 8, so the SPS has a conformance window.
  encode $(picture 164x124 25 5) $(tone "$STEREO" 48000 5) $X265 -pix_fmt yuv420p -crf 34 \
    -x265-params "$X265_PARAMS:open-gop=0:bframes=3:b-adapt=0:b-pyramid=1" \
    -c:a aac -b:a 24k "$out/h265-bframes-aac.mkv"

  # Open groups: later key frames are CRA pictures with leading RASL pictures.
  encode $(picture 160x120 24 4) $X265 -profile:v main10 -pix_fmt yuv420p10le -crf 34 \
    -x265-params "$X265_PARAMS:keyint=24:min-keyint=24:open-gop=1:bframes=3:b-adapt=0:b-pyramid=1" "$out/h265-main10.mkv"
}

audio_by_ffmpeg() {
  encode $(tone "$MONO" 16000 6) -c:a aac -b:a 16k -cluster_time_limit 1000 "$out/aac-mono.mkv"
  encode $(tone "$MONO" 8000 4) -c:a pcm_alaw -cluster_time_limit 1000 "$out/alaw.mkv"
  encode $(tone "$MONO" 8000 4) -c:a pcm_mulaw -cluster_time_limit 1000 "$out/ulaw.mkv"
  encode $(picture 160x120 25 4) $(tone "$MONO" 8000 4) $X264 -profile:v baseline -crf 38 -c:a pcm_alaw \
    -metadata creation_time=2024-01-02T03:04:05.678Z "$out/h264-alaw.mkv"

  # Through a pipe: the Segment's size stays unknown, and there are no Cues and no Duration.
  encode $(picture 160x120 25 4) $(tone "$MONO" 8000 4) $X264 -profile:v baseline -crf 38 -c:a pcm_mulaw \
    -f matroska -live 1 pipe:1 > "$out/h264-ulaw.mkv"
}

# Elementary streams and small MKV files for mkvmerge to take apart.
elementary_streams() {
  encode $(tone "$MONO" 16000 4) -c:a aac -b:a 16k -f adts "$work/mono.aac"
  encode $(tone "$STEREO" 48000 4) -c:a aac -b:a 24k -f adts "$work/stereo.aac"
  encode $(tone "$FIVE_ONE" 48000 4) -c:a aac -b:a 48k -channel_layout 5.1 -f adts "$work/5.1.aac"
  encode $(picture 160x120 25 4) $X264 $X264_BFRAMES -crf 36 -f h264 "$work/bframes.h264"
  encode $(picture 160x120 30000/1001 5) $X264 -g 30 -keyint_min 30 -profile:v main -bf 0 -crf 38 -f h264 "$work/2997.h264"

  # BT.709 in full range, and a bitstream that does not say so.
  encode $(picture 160x120 12 4 "format=gbrp,scale=out_color_matrix=bt709:out_range=pc:flags=bitexact+accurate_rnd,format=yuv420p,setparams=range=unknown:colorspace=unknown") \
    $X264 -g 12 -keyint_min 12 -profile:v main -bf 0 -crf 32 -f h264 "$work/fullrange.h264"
  encode $(picture 160x120 12 4) $X265 -pix_fmt yuv420p -crf 34 \
    -x265-params "$X265_PARAMS:keyint=12:min-keyint=12:open-gop=0:bframes=0" -f hevc "$work/plain.hevc"
  # Digital silence: every frame has the same size.
  encode $(tone 0 16000 4) -c:a aac -b:a 16k -f adts "$work/silence.aac"
}

files_by_mkvmerge() {
  # --aac-is-sbr 0:0, or mkvmerge takes AAC at 24 kHz and less for HE-AAC.
  local lc='--aac-is-sbr 0:0' ms='--timestamp-scale 1000000'

  # Several audio frames in one block. Left alone, mkvmerge takes the shortest kind of lacing block by block, and for
  # audio alone a timestamp scale of one sample.
  merge "$out/lacing.mkv" "$work/stereo.aac"
  merge "$out/lacing-xiph.mkv" --engage lacing_xiph $ms $lc "$work/mono.aac"
  merge "$out/lacing-ebml.mkv" --engage lacing_ebml $ms $lc "$work/mono.aac"
  merge "$out/lacing-fixed.mkv" $ms $lc "$work/silence.aac"

  merge "$out/aac-stereo.mkv" --disable-lacing $ms --cluster-length 1000ms "$work/stereo.aac"
  merge "$out/aac-lc-51.mkv" --disable-lacing $ms "$work/5.1.aac"
  merge "$out/aac-sbr-signalled.mkv" --disable-lacing $ms --aac-is-sbr 0:1 "$work/mono.aac"
  merge "$out/timestamp-scale.mkv" --disable-lacing --timestamp-scale 100000 --cluster-length 1000ms $lc "$work/mono.aac"
  merge "$out/zlib.mkv" --disable-lacing $ms --compression 0:zlib $lc "$work/mono.aac"

  merge "$out/blockgroups.mkv" --engage no_simpleblocks --cluster-length 1000ms \
    --default-duration 0:25fps "$work/bframes.h264" --disable-lacing $lc "$work/mono.aac"
  merge "$out/h264-2997.mkv" --default-duration 0:30000/1001p "$work/2997.h264"
  merge "$out/h264-mkv-colour.mkv" --default-duration 0:12fps --colour-matrix-coefficients 0:1 --colour-range 0:2 \
    --colour-transfer-characteristics 0:1 --colour-primaries 0:1 "$work/fullrange.h264"
  merge "$out/h265-inband.mkv" --default-duration 0:12fps "$work/plain.hevc"
  merge "$out/two-audio.mkv" --cluster-length 1000ms "$out/h264-alaw.mkv" $lc "$work/mono.aac"
}

# CHUNK STREAMS (last section): each source as GetMedia would give it back, made by the program itself.
# FRAGKIT names a built program; without it cargo builds one.
chunk_streams() {
  local fragkit=(cargo run -q --release --manifest-path "$here/../Cargo.toml" -p fragkit-cli --)
  [ -z "${FRAGKIT:-}" ] || fragkit=("$FRAGKIT")
  if ! "${fragkit[@]}" chunks --help >/dev/null 2>&1; then
    echo "make.sh: no chunk streams: the fragkit program is not built or has no 'chunks' (set FRAGKIT, or install cargo)" >&2
    return 0
  fi
  chunk() { # SOURCE NAME OPTION...
    local source="$1" name="$2"
    shift 2
    "${fragkit[@]}" chunks "$out/$source.mkv" -o "$out/$name.chunks.mkv" --start 2024-01-01T00:00:00Z "$@"
  }
  local file name
  for file in "$out"/*.mkv; do
    name=$(basename "$file" .mkv)
    case "$name" in
      *.chunks | zlib) ;;
      *) chunk "$name" "$name" --fragment-length 1s ;;
    esac
  done
  # Habits of producers and spellings of the service.
  chunk h264-high-bframes-aac h264-annexb --fragment-length 2s --annex-b
  chunk h265-bframes-aac h265-annexb --fragment-length 2s --annex-b
  chunk h264-main-aac fragment-list --fragment-length 2s --tag-names fragment-list --no-trailing-tags --cluster-size known
  chunk aac-mono exceptions --fragment-length 1s --exception 2=4000 --exception 4=4500 --tag-names fragment-list
  chunk h264-baseline user-tags --fragment-length 1s --tag scene=yard --tag scene=gate --tag empty=
}

h264_by_ffmpeg
h265_by_ffmpeg
audio_by_ffmpeg
elementary_streams
files_by_mkvmerge
chunk_streams

(cd "$out" && sha256sum -- *.mkv > SHA256SUMS)
