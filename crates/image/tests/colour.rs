//! Colour conversion beside ffmpeg's: a stranger's word on matrix, range, depth, subsampling and siting. Without ffmpeg there
//! is nothing to compare with, and the tests say so.

#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use fragkit_fragment::{Assembler, Item, Limits};
use fragkit_image::colour::{to_jfif, to_rgb};
use fragkit_image::{ChromaFormat, Colour, Matrix, Picture, Plane, Planes, Siting};

const SIZE: (u32, u32) = (322, 182);

/// What ffmpeg makes of its input; `None` where there is no ffmpeg.
fn ffmpeg(arguments: &str, input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-bitexact"]).args(arguments.split(' '));
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: there is no ffmpeg");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feed = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap().ok();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

fn picture(raw: &[u8], chroma: ChromaFormat, bit_depth: u8) -> Picture {
    let (width, height) = SIZE;
    let chroma_size = chroma.chroma_size(width, height);
    let wide: Vec<u16> = if bit_depth == 8 {
        raw.iter().copied().map(u16::from).collect()
    } else {
        raw.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
    };
    let mut rest = wide.as_slice();
    let planes = [SIZE, chroma_size, chroma_size].map(|(width, height)| {
        let (plane, behind) = rest.split_at((width * height) as usize);
        rest = behind;
        Plane { data: plane.to_vec(), stride: width as usize }
    });
    let planes =
        if bit_depth == 8 {
            Planes::Narrow(planes.map(|plane| Plane {
                data: plane.data.iter().map(|&sample| sample as u8).collect(),
                stride: plane.stride,
            }))
        } else {
            Planes::Wide(planes)
        };
    Picture { width, height, chroma, bit_depth, planes }
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square: f64 = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / square).log10()
}

/// Of the first video track of a file.
fn of_file(name: &str) -> Colour {
    let path = format!("{}/../../testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut assembler = Assembler::new(Limits::default());
    assembler.push(std::fs::read(path).unwrap().into());
    assembler.finish();
    let fragment = std::iter::from_fn(|| assembler.poll())
        .find_map(|item| match item {
            Item::Fragment(fragment) => Some(fragment),
            Item::Finding(_) => None,
        })
        .unwrap();
    Colour::of_track(fragment.head.tracks.video().unwrap())
}

/// What is expected is what ffprobe 5.1 says of these files, and the rule of the size where it says nothing.
#[test]
fn tracks_tell_their_colour() {
    let silent = Colour { matrix: Matrix::Bt601, full_range: false, siting: Siting::LEFT, primaries: 2, transfer: 2 };
    let hd = Colour { matrix: Matrix::Bt709, primaries: 1, transfer: 1, ..silent };
    assert_eq!(of_file("h264-baseline.chunks.mkv"), silent);
    assert_eq!(of_file("h265-main10.chunks.mkv"), silent);
    assert_eq!(of_file("h264-colour-sar.chunks.mkv"), hd);
    assert_eq!(of_file("h264-mkv-colour.chunks.mkv"), Colour { full_range: true, ..hd });
}

#[test]
fn rgb_and_jfif_agree_with_ffmpeg() {
    let size = format!("{}x{}", SIZE.0, SIZE.1);
    let flags = "accurate_rnd+full_chroma_int+full_chroma_inp+bicubic";
    // All colours, softened as cameras do and short of what no range can hold: filters differ at edges alone.
    let source = format!(
        "-f lavfi -i testsrc=s={size} -frames:v 1 -vf format=gbrp,gblur=4,lutrgb=r=val*0.7+38:g=val*0.7+38:b=val*0.7+38 \
         -f rawvideo -pix_fmt rgb24 -"
    );
    let Some(rgb) = ffmpeg(&source, &[]) else { return };
    let matrices = [
        ("bt601", Matrix::Bt601),
        ("bt709", Matrix::Bt709),
        ("fcc", Matrix::Fcc),
        ("smpte240m", Matrix::Smpte240),
        ("bt2020", Matrix::Bt2020),
    ];
    let formats = [
        ("yuv420p", ChromaFormat::Yuv420, 8),
        ("yuv422p", ChromaFormat::Yuv422, 8),
        ("yuv444p", ChromaFormat::Yuv444, 8),
        ("yuv420p10le", ChromaFormat::Yuv420, 10),
        ("yuv422p10le", ChromaFormat::Yuv422, 10),
        ("yuv444p12le", ChromaFormat::Yuv444, 12),
    ];
    for (matrix_name, matrix) in matrices {
        for (range, full_range) in [("tv", false), ("pc", true)] {
            for (format, chroma, bit_depth) in formats {
                // A start of ffmpeg for each: the rarer matrices need not be tried with all that has been.
                let rare = matches!(matrix, Matrix::Fcc | Matrix::Smpte240);
                if rare && !matches!(format, "yuv420p" | "yuv444p12le") {
                    continue;
                }
                let sitings: &[bool] = if chroma == ChromaFormat::Yuv444 || rare { &[true] } else { &[true, false] };
                for &left in sitings {
                    let horizontal = match (chroma, left) {
                        (ChromaFormat::Yuv444, _) => -513,
                        (_, true) => 0,
                        (_, false) => 128,
                    };
                    let vertical = if chroma == ChromaFormat::Yuv420 { 128 } else { -513 };
                    let there = format!(
                        "-f rawvideo -pix_fmt rgb24 -s {size} -i - -vf scale=out_color_matrix={matrix_name}:out_range={range}:\
                         out_h_chr_pos={horizontal}:out_v_chr_pos={vertical}:flags={flags} -f rawvideo -pix_fmt {format} -"
                    );
                    let samples = ffmpeg(&there, &rgb).unwrap();
                    let back = format!(
                        "-f rawvideo -pix_fmt {format} -s {size} -i - -vf scale=in_color_matrix={matrix_name}:in_range={range}:\
                         in_h_chr_pos={horizontal}:in_v_chr_pos={vertical}:flags={flags} -f rawvideo -pix_fmt rgb24 -"
                    );
                    let theirs = ffmpeg(&back, &samples).unwrap();

                    let picture = picture(&samples, chroma, bit_depth);
                    let siting = if left { Siting::LEFT } else { Siting::CENTRE };
                    let colour = Colour { matrix, full_range, siting, primaries: 2, transfer: 2 };
                    let ours = to_rgb(&picture, &colour).unwrap();
                    let near = psnr(&ours, &theirs);
                    let jfif = to_rgb(&to_jfif(picture, &colour).unwrap(), &Colour::JFIF).unwrap();
                    let jfif = psnr(&jfif, &theirs);
                    let what = format!("{matrix_name} {range} {format} left {left}: {near:.1} dB, JFIF {jfif:.1} dB");
                    println!("{what}");
                    assert!(near >= 45.0 && jfif >= 44.0, "{what}");
                }
            }
        }
    }
}
