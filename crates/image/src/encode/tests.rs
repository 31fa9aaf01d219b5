//! What is written, read back: by the `image` crate's decoders, by a walk over segments and chunks, and by strangers.
#![allow(clippy::as_conversions, reason = "of lengths and samples that the tests make up")]

use std::process::Command;

use fragkit_fragment::Timestamp;
use image::RgbImage;

use super::{About, Compression, decode_jpeg, jpeg, jpeg_rgb, png};
use crate::colour::{Colour, Matrix, to_rgb};
use crate::decoder::Limits;
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

const FORMATS: [ChromaFormat; 4] =
    [ChromaFormat::Monochrome, ChromaFormat::Yuv420, ChromaFormat::Yuv422, ChromaFormat::Yuv444];

/// A smooth picture, the rows of its planes `gap` samples apart; what lies between is noise that must not be seen.
fn smooth(chroma: ChromaFormat, width: u32, height: u32, gap: usize) -> Picture {
    let plane = |(width, height): (u32, u32), phase: f64, scale: f64| {
        let stride = width as usize + gap;
        let mut data: Vec<u8> = (0..stride * height as usize).map(|at| (at * 89 % 256) as u8).collect();
        for y in 0..height {
            for x in 0..width {
                let (across, down) = (f64::from(x) * scale + phase, f64::from(y) * scale - phase);
                let value = 128.0 + 60.0 * (across / 9.0).sin() + 40.0 * (down / 7.0).cos();
                data[y as usize * stride + x as usize] = value as u8;
            }
        }
        Plane { data, stride }
    };
    let small = chroma.chroma_size(width, height);
    let scale = if small.0 < width { 2.0 } else { 1.0 };
    let planes = match chroma {
        ChromaFormat::Monochrome => [plane((width, height), 0.0, 1.0), Plane::default(), Plane::default()],
        _ => [plane((width, height), 0.0, 1.0), plane(small, 3.0, scale), plane(small, 5.0, scale)],
    };
    Picture { width, height, chroma, bit_depth: 8, planes: Planes::Narrow(planes) }
}

/// As smooth pictures, with texture, and edges here and there.
fn busy(width: u32, height: u32) -> Picture {
    let mut picture = smooth(ChromaFormat::Yuv420, width, height, 0);
    let Planes::Narrow([luma, ..]) = &mut picture.planes else { unreachable!() };
    let mut random = 1_u32;
    for (at, sample) in luma.data.iter_mut().enumerate() {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let edge = if at / 37 % 5 == 0 { 60 } else { 0 };
        *sample = sample.saturating_add((random >> 28) as u8).saturating_add(edge);
    }
    picture
}

fn narrow(picture: &Picture) -> &[Plane<u8>; 3] {
    let Planes::Narrow(planes) = &picture.planes else { unreachable!() };
    planes
}

/// Peak signal-to-noise ratio in dB of the samples of two pictures' luma planes.
fn luma_psnr(one: &Picture, other: &Picture) -> f64 {
    let width = one.width as usize;
    let rows = narrow(one)[0].rows(width).zip(narrow(other)[0].rows(width));
    let squares: f64 =
        rows.flat_map(|(a, b)| a.iter().zip(b)).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * f64::from(one.width * one.height) / squares.max(1e-9)).log10()
}

fn about() -> About {
    About {
        time: Timestamp::from_millis(1_709_210_096_789),
        fragment_number: Some("91343852333181432392682062622220590765191907586".parse().unwrap()),
        sample_aspect_ratio: Some((32, 22)),
        primaries: 9,
        transfer: 16,
    }
}

#[test]
fn all_sizes_and_subsamplings_decode_to_near_the_source() {
    for chroma in FORMATS {
        for (width, height) in (1..=17).flat_map(|width| (1..=17).map(move |height| (width, height))) {
            let picture = smooth(chroma, width, height, 3);
            let file = jpeg(&picture, 95, &About::default()).unwrap();
            let decoded = image::load_from_memory_with_format(&file, image::ImageFormat::Jpeg).unwrap().into_rgb8();
            let source = to_rgb(&picture, &Colour::JFIF).unwrap();
            assert_eq!(decoded.dimensions(), (width, height));
            // Upsampling of chroma differs between decoders where it is steep: means are compared.
            let sum: u64 = decoded.as_raw().iter().zip(source.as_raw()).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
            let mean = sum as f64 / decoded.as_raw().len() as f64;
            assert!(mean < 3.5, "{chroma:?} {width} x {height}: {mean}");

            let (planes, colour) = decode_jpeg(&file, &Limits::default()).unwrap();
            assert_eq!((planes.width, planes.height, planes.chroma), (width, height, chroma));
            assert_eq!(colour, Colour::JFIF);
            assert!(
                luma_psnr(&picture, &planes) > 38.0,
                "{chroma:?} {width} x {height}: {}",
                luma_psnr(&picture, &planes)
            );
        }
    }
}

#[test]
fn extremes_survive_the_highest_quality() {
    for pattern in 0..64_usize {
        // A basis function of the transform at full swing: the largest coefficient there is.
        let (u, v) = (pattern % 8, pattern / 8);
        let wave =
            |x: usize, frequency: usize| ((2 * x + 1) as f64 * frequency as f64 * std::f64::consts::PI / 16.0).cos();
        let data = (0..64).map(|at| if wave(at % 8, u) * wave(at / 8, v) < 0.0 { 0 } else { 255 }).collect();
        let planes = Planes::Narrow([Plane { data, stride: 8 }, Plane::default(), Plane::default()]);
        let picture = Picture { width: 8, height: 8, chroma: ChromaFormat::Monochrome, bit_depth: 8, planes };
        let file = jpeg(&picture, 100, &About::default()).unwrap();
        let (decoded, _) = decode_jpeg(&file, &Limits::default()).unwrap();
        assert!(luma_psnr(&picture, &decoded) > 45.0, "{u} {v}: {}", luma_psnr(&picture, &decoded));
    }
}

#[test]
fn more_quality_is_more_bytes_and_less_noise() {
    let picture = busy(200, 120);
    let at = |quality| {
        let file = jpeg(&picture, quality, &About::default()).unwrap();
        (file.len(), luma_psnr(&picture, &decode_jpeg(&file, &Limits::default()).unwrap().0))
    };
    let steps = [1, 10, 30, 50, 70, 80, 90, 95, 100].map(at);
    for pair in steps.windows(2) {
        assert!(pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1, "{pair:?}");
    }
    assert_eq!((at(0), at(255)), (steps[0], steps[8]), "outside of 1 to 100, the nearest");
}

#[test]
fn planes_that_are_too_short_are_refused() {
    let mut picture = smooth(ChromaFormat::Yuv420, 33, 9, 0);
    let Planes::Narrow([_, cb, _]) = &mut picture.planes else { unreachable!() };
    cb.data.pop();
    assert!(jpeg(&picture, 80, &About::default()).is_err());
    let wide = Picture { width: 65_536, height: 1, ..smooth(ChromaFormat::Monochrome, 65_536, 1, 0) };
    assert!(jpeg(&wide, 80, &About::default()).unwrap_err().to_string().contains("65,535"));
}

#[test]
fn size_and_noise_are_those_of_cjpeg() {
    let source = busy(640, 360);
    let rgb = to_rgb(&source, &Colour::JFIF).unwrap();
    // From the same pixels: cjpeg converts and halves chroma itself.
    let ours = jpeg_rgb(&rgb, 80, &About::default()).unwrap();
    let directory = std::env::temp_dir().join(format!("fragkit-cjpeg-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let input = directory.join("picture.ppm");
    let ppm = [b"P6 640 360 255\n".as_slice(), rgb.as_raw()].concat();
    std::fs::write(&input, ppm).unwrap();
    let output = Command::new("cjpeg").args(["-quality", "80"]).arg(&input).output();
    std::fs::remove_dir_all(&directory).unwrap();
    let Ok(output) = output else {
        assert!(std::env::var_os("FRAGKIT_REQUIRE_STRANGERS").is_none(), "cjpeg is missing");
        eprintln!("skipped: cjpeg is missing");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |file: &[u8]| decode_jpeg(file, &Limits::default()).unwrap().0;
    let (our_psnr, their_psnr) = (luma_psnr(&source, &read(&ours)), luma_psnr(&source, &read(&output.stdout)));
    let ratio = ours.len() as f64 / output.stdout.len() as f64;
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
    assert!((our_psnr - their_psnr).abs() < 0.5, "{our_psnr} {their_psnr}");
}

/// The bodies of the segments before the scan, by marker.
fn segments(file: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut segments = Vec::new();
    let mut rest = &file[2..];
    loop {
        let (marker, length) = (rest[1], usize::from(u16::from_be_bytes([rest[2], rest[3]])));
        assert_eq!(rest[0], 0xff);
        segments.push((marker, rest[4..2 + length].to_vec()));
        rest = &rest[2 + length..];
        if marker == 0xda {
            return segments;
        }
    }
}

/// The texts of a directory of an Exif block and of the one below it, by tag.
fn exif_texts(block: &[u8], directory: usize) -> Vec<(u16, String)> {
    let short = |at: usize| u16::from_be_bytes([block[at], block[at + 1]]);
    let long = |at: usize| u32::from_be_bytes(block[at..at + 4].try_into().unwrap()) as usize;
    let fields: Vec<usize> = (0..usize::from(short(directory))).map(|index| directory + 2 + 12 * index).collect();
    assert!(fields.windows(2).all(|pair| short(pair[0]) < short(pair[1])), "fields are sorted");
    assert_eq!(long(directory + 2 + 12 * fields.len()), 0, "no directory follows");
    let mut texts = Vec::new();
    for at in fields {
        let (count, value) = (long(at + 4), if long(at + 4) > 4 { long(at + 8) } else { at + 8 });
        match short(at + 2) {
            4 => texts.extend(exif_texts(block, long(at + 8))),
            _ => texts.push((short(at), String::from_utf8(block[value..value + count].to_vec()).unwrap())),
        }
    }
    texts
}

fn assert_exif(block: &[u8]) {
    assert_eq!(&block[..8], b"MM\0*\0\0\0\x08");
    let expected = [
        (0x010e, "fragment 91343852333181432392682062622220590765191907586\0"),
        (0x9000, "0232"),
        (0x9003, "2024:02:29 12:34:56\0"),
        (0x9011, "+00:00\0"),
        (0x9291, "789\0"),
    ];
    assert_eq!(exif_texts(block, 8), expected.map(|(tag, text)| (tag, text.to_owned())));
}

#[test]
fn jpeg_files_tell_time_fragment_and_aspect() {
    let file = jpeg(&smooth(ChromaFormat::Yuv420, 20, 20, 0), 80, &about()).unwrap();
    let segments = segments(&file);
    let body = |marker| &segments.iter().find(|segment| segment.0 == marker).unwrap().1[..];
    assert_eq!(body(0xe0), b"JFIF\0\x01\x02\0\0\x10\0\x0b\0\0");
    assert_exif(body(0xe1).strip_prefix(b"Exif\0\0").unwrap());
    let comment = "fragkit time=2024-02-29T12:34:56.789Z fragment=91343852333181432392682062622220590765191907586";
    assert_eq!(String::from_utf8_lossy(body(0xfe)), comment);
}

#[test]
fn png_files_tell_time_fragment_aspect_and_colour() {
    let rgb = to_rgb(&busy(50, 30), &Colour::JFIF).unwrap();
    for compression in [Compression::Fast, Compression::Small] {
        let file = png(&rgb, compression, &about()).unwrap();
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(&pixels, rgb.as_raw());
        let info = reader.info();
        assert_exif(info.exif_metadata.as_ref().unwrap());
        let texts: Vec<(&str, &str)> =
            info.uncompressed_latin1_text.iter().map(|text| (text.keyword.as_str(), text.text.as_str())).collect();
        let fragment = "fragment 91343852333181432392682062622220590765191907586";
        assert_eq!(texts, [("Creation Time", "2024-02-29T12:34:56.789Z"), ("Description", fragment)]);
        let colour = info.coding_independent_code_points.as_ref().unwrap();
        let codes = (colour.color_primaries, colour.transfer_function, colour.matrix_coefficients);
        assert_eq!((codes, colour.is_video_full_range_image), ((9, 16, 0), true));
        assert!(info.pixel_dims.is_some());
    }
}

#[test]
fn nothing_is_written_of_what_is_not_known() {
    let rgb = RgbImage::new(3, 2);
    let file = png(&rgb, Compression::Fast, &About { primaries: 1, ..About::default() }).unwrap();
    let reader = ::png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
    assert!(reader.info().pixel_dims.is_none() && reader.info().coding_independent_code_points.is_none());
    let segments = segments(&jpeg_rgb(&rgb, 80, &About::default()).unwrap());
    assert_eq!(segments[0].1, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
    assert_eq!(segments[2].1, b"fragkit time=1970-01-01T00:00:00.000Z");
}

#[test]
fn ffprobe_reads_the_sample_aspect_ratio() {
    let picture = smooth(ChromaFormat::Yuv420, 40, 20, 0);
    let rgb = to_rgb(&picture, &Colour::JFIF).unwrap();
    let files =
        [("jpg", jpeg(&picture, 80, &about()).unwrap()), ("png", png(&rgb, Compression::Fast, &about()).unwrap())];
    for (extension, file) in files {
        let path = std::env::temp_dir().join(format!("fragkit-aspect-{}.{extension}", std::process::id()));
        std::fs::write(&path, file).unwrap();
        let entries = ["-v", "error", "-show_entries", "stream=width,height,sample_aspect_ratio", "-of", "csv=p=0"];
        let output = Command::new("ffprobe").args(entries).arg(&path).output();
        std::fs::remove_file(&path).unwrap();
        let Ok(output) = output else {
            assert!(std::env::var_os("FRAGKIT_REQUIRE_STRANGERS").is_none(), "ffprobe is missing");
            eprintln!("skipped: ffprobe is missing");
            return;
        };
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "40,20,16:11", "{extension}");
    }
}

#[test]
fn frames_without_huffman_tables_get_the_standard_ones() {
    let whole = jpeg(&busy(64, 48), 80, &About::default()).unwrap();
    let at = whole.windows(2).position(|pair| pair == [0xff, 0xc4]).unwrap();
    let length = usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
    let without = [&whole[..at], &whole[at + 2 + length..]].concat();
    assert_eq!(decode_jpeg(&without, &Limits::default()).unwrap(), decode_jpeg(&whole, &Limits::default()).unwrap());
}

#[test]
fn application_segments_and_padding_of_cameras_are_passed_over() {
    let whole = jpeg(&busy(64, 48), 80, &About::default()).unwrap();
    let avi = b"\xff\xe0\0\x10AVI1\0\0\0\0\0\0\0\0\0\0";
    let padded = [&whole[..2], avi, &whole[2..], &[0; 7]].concat();
    assert_eq!(decode_jpeg(&padded, &Limits::default()).unwrap(), decode_jpeg(&whole, &Limits::default()).unwrap());
}

#[test]
fn what_is_cut_off_is_an_error_wherever_it_ends() {
    let whole = jpeg(&busy(64, 48), 80, &about()).unwrap();
    for end in 0..whole.len() {
        assert!(decode_jpeg(&whole[..end], &Limits::default()).is_err(), "{end} of {}", whole.len());
    }
}

#[test]
fn pictures_beyond_the_limit_are_refused() {
    let file = jpeg(&smooth(ChromaFormat::Monochrome, 64, 48, 0), 80, &About::default()).unwrap();
    let limits = |max_picture_pixels| Limits { max_picture_pixels, ..Limits::default() };
    assert!(decode_jpeg(&file, &limits(64 * 48)).is_ok());
    let error = decode_jpeg(&file, &limits(64 * 48 - 1)).unwrap_err().to_string();
    assert_eq!(error, "limit max_picture_pixels: a JPEG has 3072 samples, 3071 is the most");
}

#[test]
fn jpegs_of_pixels_keep_their_colours() {
    let red = RgbImage::from_pixel(37, 23, image::Rgb([200, 30, 60]));
    let file = jpeg_rgb(&red, 90, &About::default()).unwrap();
    let (picture, colour) = decode_jpeg(&file, &Limits::default()).unwrap();
    assert_eq!((picture.chroma, colour.matrix), (ChromaFormat::Yuv420, Matrix::Bt601));
    for pixel in to_rgb(&picture, &colour).unwrap().pixels() {
        assert!(pixel.0.iter().zip([200, 30, 60]).all(|(&a, b)| a.abs_diff(b) < 5), "{pixel:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_frame_decoder_panic(
        at in 0..2000_usize, value: u8, more in proptest::collection::vec((0..2000_usize, proptest::num::u8::ANY), 0..6)
    ) {
        let mut file = jpeg(&busy(48, 40), 60, &about()).unwrap();
        for (at, value) in more.into_iter().chain([(at, value)]) {
            let length = file.len();
            file[at % length] = value;
        }
        if let Ok((picture, _)) = decode_jpeg(&file, &Limits { max_picture_pixels: 1 << 20, ..Limits::default() }) {
            crate::colour::view::check_shape(&picture).unwrap();
        }
    }
}
