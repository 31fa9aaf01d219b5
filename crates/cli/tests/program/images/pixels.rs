//! Pictures as pixels, read by ffmpeg, and how far two are apart.

use crate::process::program;

/// A picture, three bytes a pixel.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Rgb {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) bytes: Vec<u8>,
}

impl std::fmt::Debug for Rgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl Rgb {
    /// Pictures of one size that stand one behind the other.
    pub(super) fn sequence(bytes: &[u8], width: usize, height: usize) -> Vec<Rgb> {
        assert!(bytes.len().is_multiple_of(width * height * 3));
        bytes.chunks(width * height * 3).map(|bytes| Rgb { width, height, bytes: bytes.into() }).collect()
    }

    /// Reads PNG files, all in one go.
    pub(super) fn of_pngs<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Vec<Rgb> {
        let files: Vec<&[u8]> = files.into_iter().collect();
        let sizes: Vec<(usize, usize)> = files.iter().map(|file| png_size(file)).collect();
        let mut pictures = Vec::new();
        for (files, sizes) in files.chunk_by(|a, b| png_size(a) == png_size(b)).zip(sizes.chunk_by(|a, b| a == b)) {
            let words = "-v error -f png_pipe -i pipe:0 -fps_mode passthrough -pix_fmt rgb24 -f rawvideo pipe:1";
            let done = program("ffmpeg").words(words).stdin(files.concat()).done();
            assert_eq!((done.code, &*done.stderr), (Some(0), ""), "ffmpeg reads the PNG");
            pictures.extend(Rgb::sequence(&done.stdout, sizes[0].0, sizes[0].1));
        }
        assert_eq!(pictures.len(), files.len());
        pictures
    }

    /// Reads a PNG file.
    #[track_caller]
    pub(super) fn of_png(file: &[u8]) -> Rgb {
        Rgb::of_pngs([file]).remove(0)
    }

    /// Reads a JPEG file as libjpeg-turbo does.
    #[track_caller]
    pub(super) fn of_jpeg(file: &[u8]) -> Rgb {
        let done = program("djpeg").words("-pnm").stdin(file).done();
        assert_eq!((done.code, &*done.stderr), (Some(0), ""), "djpeg reads the JPEG");
        Rgb::of_pnm(&done.stdout)
    }

    /// Reads binary PPM and PGM files.
    fn of_pnm(file: &[u8]) -> Rgb {
        let lines: Vec<&[u8]> = file.splitn(4, |&byte| byte == b'\n').collect();
        let sides: Vec<usize> =
            std::str::from_utf8(lines[1]).unwrap().split(' ').map(|side| side.parse().unwrap()).collect();
        let bytes = match lines[0] {
            b"P6" => lines[3].to_vec(),
            b"P5" => lines[3].iter().flat_map(|&grey| [grey; 3]).collect(),
            other => panic!("{other:?}"),
        };
        assert_eq!(bytes.len(), sides[0] * sides[1] * 3);
        Rgb { width: sides[0], height: sides[1], bytes }
    }

    pub(super) fn to_ppm(&self) -> Vec<u8> {
        [format!("P6\n{} {}\n255\n", self.width, self.height).as_bytes(), &self.bytes].concat()
    }

    pub(super) fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        self.bytes[(y * self.width + x) * 3..][..3].try_into().unwrap()
    }

    /// Peak signal-to-noise ratio over all samples, in decibels; infinite if they are the same.
    pub(super) fn psnr(&self, other: &Rgb) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let (mut at, mut sum) = (0, 0_u64);
        let (a, b) = (&self.bytes[..], &other.bytes[..]);
        while at < a.len() {
            let difference = u64::from(a[at].abs_diff(b[at]));
            sum += difference * difference;
            at += 1;
        }
        10.0 * (255.0 * 255.0 * a.len() as f64 / sum as f64).log10()
    }
}

/// Width and height as a PNG file's header has them.
pub(super) fn png_size(file: &[u8]) -> (usize, usize) {
    assert!(file.starts_with(b"\x89PNG\r\n\x1A\n") && &file[12..16] == b"IHDR", "a PNG file");
    let side = |at: usize| usize::try_from(u32::from_be_bytes(file[at..at + 4].try_into().unwrap())).unwrap();
    assert_eq!(file[24..26], [8, 2], "8 bits, RGB");
    (side(16), side(20))
}
