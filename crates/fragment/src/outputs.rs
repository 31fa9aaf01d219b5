//! Which outputs a stream allows: with fragkit, from the service, and why not.
//!
//! ```text
//! clip       H.264 (AAC, A-law), H.265 (AAC); nothing may change
//! images     H.264, H.265; with fragkit MJPEG too
//! HLS fMP4   H.264 (AAC), H.265 (AAC), AAC; private data may change 500 times
//! HLS TS     H.264 (AAC), AAC; likewise
//! DASH       H.264 (AAC, A-law, mu-law), H.265 (AAC), AAC; nothing may change
//! ```
//!
//! Kinesis Video Streams developer guide, "Video playback requirements", and the API pages of GetClip,
//! GetHLSStreamingSessionURL, GetDASHStreamingSessionURL and GetImages.

use fragkit_codec::wave::G711Law;
use fragkit_codec::{CodecId, CodecPrivate, Effect, Fault};
use fragkit_mkv::TrackType;

use crate::advice;
use crate::continuity::{Change, change};
use crate::finding::{Finding, Severity};
use crate::tracks::{Track, Tracks};

/// What the service makes of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutputKind {
    /// One MP4: GetClip.
    Clip,
    /// Pictures: GetImages.
    Images,
    /// HLS with fragmented MP4: GetHLSStreamingSessionURL.
    HlsFmp4,
    /// HLS with MPEG transport streams.
    HlsTs,
    /// DASH: GetDASHStreamingSessionURL.
    Dash,
}

/// Fragments with the same tracks, one behind the other.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// The tracks as they are stored, which is how the service takes them.
    pub stored: Tracks,
    /// The tracks as fragkit takes them: mended where it mends them, and otherwise the same.
    pub mended: Tracks,
    /// Whether any of the frames can be used.
    pub has_frames: bool,
}

/// Whether an output can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Of what it speaks.
    pub kind: OutputKind,
    /// Whether fragkit makes it.
    pub fragkit: bool,
    /// Whether the service gives it.
    pub service: bool,
    /// The exception that the service gives instead, if it has one.
    pub exception: Option<&'static str>,
    /// Why, in one sentence.
    pub reason: String,
}

/// What the outputs come to for a stream of these stretches.
///
/// `findings` are those of an [`Index`](crate::Index) over it, of which the ones about frames count. `strict` says that
/// nothing is to be repaired: then fragkit makes no clip of what the service takes for broken.
#[must_use]
pub fn verdicts(stretches: &[Stretch], findings: &[Finding], strict: bool) -> Vec<Verdict> {
    OutputKind::ALL.iter().map(|&kind| verdict(kind, stretches, findings, strict)).collect()
}

impl OutputKind {
    /// All of them.
    pub const ALL: [OutputKind; 5] =
        [OutputKind::Clip, OutputKind::Images, OutputKind::HlsFmp4, OutputKind::HlsTs, OutputKind::Dash];

    /// A short name, such as `hls-fmp4`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            OutputKind::Clip => "clip",
            OutputKind::Images => "images",
            OutputKind::HlsFmp4 => "hls-fmp4",
            OutputKind::HlsTs => "hls-ts",
            OutputKind::Dash => "dash",
        }
    }

    /// Whether this track has a part in it.
    fn takes(self, track: &Track) -> bool {
        match track.entry.track_type {
            TrackType::Video => true,
            TrackType::Audio => self != OutputKind::Images,
            _ => false,
        }
    }
}

/// What keeps an output from being made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Obstacle {
    exception: Option<&'static str>,
    reason: String,
    /// Whether the media is of the right kind, but broken.
    broken: bool,
    /// What fragkit does about it, if anything.
    done: Option<&'static str>,
}

/// A codec that the service plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Avc,
    Hevc,
    Aac,
    ALaw,
    MuLaw,
}

fn verdict(kind: OutputKind, stretches: &[Stretch], findings: &[Finding], strict: bool) -> Verdict {
    let service = service_obstacle(kind, stretches, findings);
    let own = match kind {
        OutputKind::Clip => service.clone().filter(|service| strict && service.broken).or_else(|| unusable(stretches)),
        OutputKind::Images => no_pictures(stretches),
        _ => None,
    };
    let reason = match (&service, &own) {
        (None, None) => allowed(kind, stretches),
        (Some(service), None) if kind == OutputKind::Clip => {
            format!("{}; {}", service.reason, what_fragkit_does(stretches, service))
        }
        (Some(service), None) if kind == OutputKind::Images => {
            let takes = match service {
                Obstacle { done: Some(done), .. } => done,
                Obstacle { broken: true, .. } => "fragkit has an error for each picture that it hits",
                _ => "fragkit takes pictures of it",
            };
            format!("{}; {takes}", service.reason)
        }
        (Some(service), Some(own)) if !service.reason.starts_with(&own.reason) => {
            format!("{}; {}", service.reason, own.reason)
        }
        (Some(obstacle), _) | (None, Some(obstacle)) => obstacle.reason.clone(),
    };
    Verdict {
        kind,
        fragkit: matches!(kind, OutputKind::Clip | OutputKind::Images) && own.is_none(),
        service: service.is_none(),
        exception: service.and_then(|obstacle| obstacle.exception),
        reason,
    }
}

/// What keeps fragkit from taking any picture. It takes them of the first track of video, whatever else there is.
fn no_pictures(stretches: &[Stretch]) -> Option<Obstacle> {
    let tracks = || stretches.iter().filter_map(|stretch| stretch.mended.video());
    if tracks().next().is_none() {
        return Some(Obstacle::new(None, "there is no track of pictures"));
    }
    if !stretches.iter().any(|stretch| stretch.has_frames) {
        return Some(Obstacle::new(None, "no frame can be used"));
    }
    let obstacle = |track: &Track| {
        let number = track.entry.number;
        let reason = match (&track.codec_private, track.refused_encoding) {
            (_, Some(encoding)) => format!("track {number} is stored with {encoding}"),
            _ if track.is_mjpeg() => return None,
            _ if codec(track).is_none() => {
                format!("track {number} ({}) is none of H.264, H.265 and MJPEG", track.entry.codec_id)
            }
            (Err(error), _) => format!("track {number}: {error}"),
            (Ok(_), _) => format!("track {number}: {}", track.lacks()?),
        };
        Some(Obstacle::new(None, reason))
    };
    // One stretch that can be decoded is enough: each picture stands for itself.
    let obstacles: Vec<Option<Obstacle>> = tracks().map(obstacle).collect();
    if obstacles.iter().any(Option::is_none) { None } else { obstacles.into_iter().flatten().next() }
}

/// How fragkit makes a clip where the service makes none.
fn what_fragkit_does(stretches: &[Stretch], service: &Obstacle) -> String {
    let takes = match service {
        Obstacle { done: Some(done), .. } => done,
        Obstacle { broken: true, .. } => "fragkit takes it as it is",
        _ => "fragkit takes it",
    };
    match changes(stretches).count() {
        0 => takes.into(),
        changes if service.broken => format!("{takes}, and --on-change split makes {} files", changes + 1),
        changes => format!("`fragkit clip --on-change split` makes {} files", changes + 1),
    }
}

/// What keeps the service from giving an output: first what no codec id allows, then what is broken, then what changes.
fn service_obstacle(kind: OutputKind, stretches: &[Stretch], findings: &[Finding]) -> Option<Obstacle> {
    if !stretches.iter().flat_map(|stretch| stretch.stored.iter()).any(|track| OutputKind::Clip.takes(track)) {
        let reason = "there is neither picture nor sound in the stream";
        return Some(Obstacle::new(Some("ResourceNotFoundException"), reason));
    }
    let tracks = || stretches.iter().flat_map(|stretch| stretch.stored.iter()).filter(|track| kind.takes(track));
    let unknown = tracks().find_map(|track| unknown(kind, track));
    unknown
        .or_else(|| stretches.iter().find_map(|stretch| combination(kind, &stretch.stored)))
        .or_else(|| stretches.iter().find_map(|stretch| broken_private(kind, stretch)))
        .or_else(|| broken_frames(kind, stretches, findings))
        .or_else(|| changed(kind, stretches))
}

/// A codec that is none of those that are played, or frames that are packed away.
fn unknown(kind: OutputKind, track: &Track) -> Option<Obstacle> {
    let Track { entry, codec_private, refused_encoding, .. } = track;
    let number = entry.number;
    if let Some(encoding) = refused_encoding {
        return Some(unsupported(kind, format!("track {number} is stored with {encoding}")));
    }
    // What sound in A_MS/ACM is cannot be told before its private data is readable.
    let told = CodecId::parse(&entry.codec_id) != CodecId::Acm || codec_private.is_ok();
    let reason = || format!("track {number} ({}) is none of H.264, H.265, AAC and G.711", entry.codec_id);
    (told && codec(track).is_none()).then(|| unsupported(kind, reason()))
}

/// Tracks that the service does not play together.
fn combination(kind: OutputKind, tracks: &Tracks) -> Option<Obstacle> {
    let of_type = |wanted: TrackType| tracks.iter().filter(move |track| track.entry.track_type == wanted);
    let (video, audio) = (of_type(TrackType::Video).next(), of_type(TrackType::Audio).next());
    if of_type(TrackType::Video).count() > 1 || (of_type(TrackType::Audio).count() > 1 && kind != OutputKind::Images) {
        return Some(unsupported(kind, "the service takes one track of pictures and one of sound".into()));
    }
    let number = |track: Option<&Track>| track.map(|track| track.entry.number);
    if number(video).is_some_and(|number| number != 1) {
        return Some(unsupported(kind, "the service looks for pictures in track 1".into()));
    }
    if video.is_some() && kind != OutputKind::Images && number(audio).is_some_and(|number| number != 2) {
        return Some(unsupported(kind, "the service looks for sound in track 2".into()));
    }
    let said = match (kind, video.and_then(codec), audio.and_then(codec)) {
        _ if video.is_none() && kind == OutputKind::Images => "there is no track of pictures",
        _ if video.is_none() && kind == OutputKind::Clip => "the service makes no clip of audio alone",
        (OutputKind::Images, ..) => return None,
        (OutputKind::HlsTs, Some(Codec::Hevc), _) => "the service puts no H.265 into MPEG transport streams",
        (OutputKind::HlsFmp4 | OutputKind::HlsTs, _, Some(Codec::ALaw | Codec::MuLaw)) => {
            "HLS has no G.711, the service plays AAC in it"
        }
        (OutputKind::Clip, _, Some(Codec::MuLaw)) => "the service takes A-law into a clip, not mu-law",
        (OutputKind::Clip, Some(Codec::Hevc), Some(Codec::ALaw)) => {
            "the service takes A-law into a clip beside H.264, not H.265"
        }
        (OutputKind::Dash, Some(Codec::Hevc), Some(Codec::ALaw | Codec::MuLaw)) => {
            "the service plays G.711 in DASH beside H.264, not H.265"
        }
        (OutputKind::Dash, None, Some(Codec::ALaw | Codec::MuLaw)) if video.is_none() => {
            "the service plays G.711 in DASH beside H.264, not alone"
        }
        _ => return None,
    };
    Some(unsupported(kind, said.into()))
}

/// Private data that is missing, or that the service does not take as it is.
fn broken_private(kind: OutputKind, stretch: &Stretch) -> Option<Obstacle> {
    let mut tracks = stretch.stored.iter().filter(|track| kind.takes(track));
    tracks.find_map(|track| {
        let faults = match &track.codec_private {
            Ok(private) => private.check(),
            Err(error) => vec![Fault { error: error.clone(), effect: Effect::Fatal }],
        };
        let (fault, exception) = faults.iter().find_map(|fault| Some((fault, advice::refused_for(track, fault)?)))?;
        // GetImages has no such exceptions; each picture has an error of its own.
        let (exception, error) = match kind {
            OutputKind::Images => (None, " (MEDIA_ERROR)"),
            _ => (Some(exception), ""),
        };
        let number = track.entry.number;
        let after = stretch.mended.by_number(number);
        let mended = after.is_some_and(|after| after.entry.codec_private != track.entry.codec_private);
        let done = mended.then_some(MENDS);
        let reason = format!("track {number}: {fault}{error}");
        Some(Obstacle { broken: true, done, ..Obstacle::new(exception, reason) })
    })
}

/// Frames that are not what their codec asks for. GetClip looks at them; what plays the stream fails on them.
fn broken_frames(kind: OutputKind, stretches: &[Stretch], findings: &[Finding]) -> Option<Obstacle> {
    let has_part = |finding: &&Finding| {
        let named = |track: &Track| finding.message.starts_with(&format!("track {}: ", track.entry.number));
        stretches.iter().flat_map(|stretch| stretch.stored.iter()).any(|track| kind.takes(track) && named(track))
    };
    let of_frames = findings.iter().filter(|finding| finding.path.starts_with("Segment > Cluster"));
    let finding =
        of_frames.filter(|finding| finding.exception.is_some() && finding.severity > Severity::Note).find(has_part)?;
    let (exception, reason) = match kind {
        OutputKind::Clip => (finding.exception, finding.message.clone()),
        OutputKind::Images => (None, format!("{} (MEDIA_ERROR)", finding.message)),
        _ => (None, format!("the service hands out what players cannot read: {}", finding.message)),
    };
    let done = finding.repair.as_ref().map(|repair| match repair.ends_with("is left out") {
        true => "fragkit leaves it out",
        false => MENDS,
    });
    Some(Obstacle { broken: true, done, ..Obstacle::new(exception, reason) })
}

/// Tracks or private data that change on the way.
fn changed(kind: OutputKind, stretches: &[Stretch]) -> Option<Obstacle> {
    let refuse = |reason: String| Obstacle::new(Some(CHANGED), reason);
    match kind {
        OutputKind::Images => None,
        OutputKind::HlsFmp4 | OutputKind::HlsTs => {
            let mut pairs = stretches.iter().zip(stretches.iter().skip(1));
            let tracks = pairs.find_map(|(before, after)| change_of_tracks(&before.mended, &after.mended));
            tracks.map(|change| refuse(change.to_string())).or_else(|| {
                let count = changes(stretches).count();
                let reason =
                    format!("private data changes {count} times, the service plays {HLS_CHANGES} in a session");
                (count > HLS_CHANGES).then(|| refuse(reason))
            })
        }
        _ => changes(stretches).next().map(|change| refuse(change.to_string())),
    }
}

fn changes(stretches: &[Stretch]) -> impl Iterator<Item = Change> {
    stretches.iter().zip(stretches.iter().skip(1)).filter_map(|(before, after)| change(&before.mended, &after.mended))
}

/// A change that is more than one of private data.
fn change_of_tracks(before: &Tracks, after: &Tracks) -> Option<Change> {
    let of_track = |track: &Track| {
        let number = track.entry.number;
        let Some(now) = after.by_number(number) else { return Some(Change::TrackRemoved { track: number }) };
        let name = |track: &Track| codec(track).map_or(track.entry.codec_id.clone(), |codec| codec.name().into());
        let (before, after) = (name(track), name(now));
        (before != after).then_some(Change::Codec { track: number, before, after })
    };
    let is_new = |track: &&Track| before.by_number(track.entry.number).is_none();
    let added = || after.iter().find(is_new).map(|track| Change::TrackAdded { track: track.entry.number });
    before.iter().find_map(of_track).or_else(added)
}

/// What keeps fragkit from making a clip.
fn unusable(stretches: &[Stretch]) -> Option<Obstacle> {
    let kind = OutputKind::Clip;
    let tracks = || stretches.iter().flat_map(|stretch| stretch.mended.iter()).filter(|track| kind.takes(track));
    if tracks().next().is_none() {
        let reason = "there is neither picture nor sound in the stream";
        return Some(Obstacle::new(None, reason));
    }
    if !stretches.iter().any(|stretch| stretch.has_frames) {
        return Some(Obstacle::new(None, "no frame can be used"));
    }
    let unreadable = |track: &Track| {
        let number = track.entry.number;
        let reason = match &track.codec_private {
            Err(error) => format!("track {number}: {error}"),
            Ok(_) if track.entry.track_type == TrackType::Audio && track.audio_clock().is_none() => {
                format!("track {number}: the private data does not say how long frames are")
            }
            Ok(_) => format!("track {number}: {}", track.lacks()?),
        };
        Some(Obstacle::new(None, reason))
    };
    tracks().find_map(|track| unknown(kind, track).or_else(|| unreadable(track)))
}

/// What the service makes an output of, and whether fragkit does.
fn allowed(kind: OutputKind, stretches: &[Stretch]) -> String {
    let tracks = stretches.first().map(|stretch| &stretch.mended[..]).unwrap_or_default();
    let names: Vec<&str> = tracks.iter().filter(|track| kind.takes(track)).filter_map(codec).map(Codec::name).collect();
    let media = match &names[..] {
        [first, others @ ..] if !others.is_empty() => format!("{first} with {}", others.join(" and ")),
        _ => names.concat(),
    };
    match kind {
        OutputKind::Clip | OutputKind::Images => media,
        _ => format!("the service plays {media}, fragkit writes no playlist"),
    }
}

fn codec(track: &Track) -> Option<Codec> {
    let codec = match (CodecId::parse(&track.entry.codec_id), &track.codec_private) {
        (CodecId::Avc, _) => Codec::Avc,
        (CodecId::Hevc, _) => Codec::Hevc,
        (CodecId::Aac, _) => Codec::Aac,
        (CodecId::Acm, Ok(CodecPrivate::Wave(format))) => match format.g711_law()? {
            G711Law::ALaw => Codec::ALaw,
            G711Law::MuLaw => Codec::MuLaw,
        },
        _ => return None,
    };
    let video = matches!(codec, Codec::Avc | Codec::Hevc);
    (track.entry.track_type == if video { TrackType::Video } else { TrackType::Audio }).then_some(codec)
}

fn unsupported(kind: OutputKind, reason: String) -> Obstacle {
    let exception = (kind != OutputKind::Images).then_some("UnsupportedStreamMediaTypeException");
    Obstacle::new(exception, reason)
}

impl Obstacle {
    fn new(exception: Option<&'static str>, reason: impl Into<String>) -> Self {
        Obstacle { exception, reason: reason.into(), broken: false, done: None }
    }
}

impl Codec {
    fn name(self) -> &'static str {
        match self {
            Codec::Avc => "H.264",
            Codec::Hevc => "H.265",
            Codec::Aac => "AAC",
            Codec::ALaw => "G.711 A-law",
            Codec::MuLaw => "G.711 mu-law",
        }
    }
}

/// What is said where private data or frames are put right.
const MENDS: &str = "fragkit mends it";
/// What the service gives where tracks or private data change.
const CHANGED: &str = "InvalidCodecPrivateDataException";
/// How often private data may change in one HLS session.
const HLS_CHANGES: usize = 500;

#[cfg(test)]
mod tests {
    use fragkit_codec::wave::WaveFormat;
    use fragkit_mkv::TrackEntry;

    use super::*;
    use crate::testing::{fragments, testdata};

    fn entry(file: &str) -> TrackEntry {
        fragments(&testdata(file)).swap_remove(0).head.tracks[0].entry.clone()
    }

    fn h264() -> TrackEntry {
        entry("h264-baseline.mkv")
    }

    fn h265() -> TrackEntry {
        entry("h265-main10.mkv")
    }

    fn audio(codec_id: &str, private: Vec<u8>) -> TrackEntry {
        TrackEntry {
            number: 2,
            track_type: TrackType::Audio,
            codec_id: codec_id.into(),
            codec_private: Some(private.into()),
            ..TrackEntry::default()
        }
    }

    fn aac() -> TrackEntry {
        audio("A_AAC", vec![0x11, 0x90])
    }

    fn g711(law: G711Law) -> TrackEntry {
        audio("A_MS/ACM", WaveFormat::g711(law, 1, 8_000).write().unwrap())
    }

    fn stretch(entries: &[TrackEntry]) -> Stretch {
        let tracks = Tracks::new(entries);
        Stretch { stored: tracks.clone(), mended: tracks, has_frames: true }
    }

    fn all(stretches: &[Stretch]) -> Vec<Verdict> {
        verdicts(stretches, &[], false)
    }

    fn of(kind: OutputKind, verdicts: &[Verdict]) -> &Verdict {
        verdicts.iter().find(|verdict| verdict.kind == kind).unwrap()
    }

    /// Names of the outputs that the service gives.
    fn given(entries: &[TrackEntry]) -> Vec<&'static str> {
        let given = all(&[stretch(entries)]).into_iter().filter(|verdict| verdict.service);
        given.map(|verdict| verdict.kind.name()).collect()
    }

    /// Exception and reason of one output that is refused.
    fn refused(kind: OutputKind, entries: &[TrackEntry]) -> (Option<&'static str>, String) {
        let verdicts = all(&[stretch(entries)]);
        let verdict = of(kind, &verdicts);
        assert!(!verdict.service);
        (verdict.exception, verdict.reason.clone())
    }

    const UNSUPPORTED: Option<&str> = Some("UnsupportedStreamMediaTypeException");
    const INVALID: Option<&str> = Some("InvalidCodecPrivateDataException");

    #[test]
    fn h264_with_aac_goes_everywhere() {
        for entries in [&[h264()][..], &[h264(), aac()]] {
            assert_eq!(given(entries), ["clip", "images", "hls-fmp4", "hls-ts", "dash"]);
        }
        let verdicts = all(&[stretch(&[h264(), aac()])]);
        assert!(verdicts.iter().all(|verdict| verdict.exception.is_none()));
        let fragkit: Vec<_> = verdicts.iter().filter(|verdict| verdict.fragkit).map(|verdict| verdict.kind).collect();
        assert_eq!(fragkit, [OutputKind::Clip, OutputKind::Images]);
        assert_eq!(of(OutputKind::Clip, &verdicts).reason, "H.264 with AAC");
        let said = |kind| of(kind, &verdicts).reason.as_str();
        assert_eq!(said(OutputKind::Images), "H.264");
        assert_eq!(said(OutputKind::Dash), "the service plays H.264 with AAC, fragkit writes no playlist");
    }

    #[test]
    fn fragkit_takes_pictures_of_mjpeg_and_wherever_a_stretch_can_be_decoded() {
        let mjpeg = TrackEntry { codec_id: "V_MJPEG".into(), codec_private: None, ..h264() };
        let images = |stretches: &[Stretch]| of(OutputKind::Images, &all(stretches)).clone();
        let verdict = images(&[stretch(std::slice::from_ref(&mjpeg))]);
        assert!(verdict.fragkit && !verdict.service);
        assert_eq!(
            verdict.reason,
            "track 1 (V_MJPEG) is none of H.264, H.265, AAC and G.711; fragkit takes pictures of it"
        );
        let unreadable = TrackEntry { codec_private: Some(vec![9; 9].into()), ..h264() };
        let verdict = images(&[stretch(std::slice::from_ref(&unreadable))]);
        assert!(!verdict.fragkit, "{}", verdict.reason);
        assert!(images(&[stretch(&[unreadable]), stretch(&[h264()])]).fragkit);
        let other = TrackEntry { codec_id: "V_VP9".into(), codec_private: None, ..h264() };
        assert!(!images(&[stretch(&[other])]).fragkit);
        assert!(!images(&[stretch(&[TrackEntry { number: 1, ..aac() }])]).fragkit);
    }

    #[test]
    fn h265_is_not_put_into_transport_streams() {
        assert_eq!(given(&[h265(), aac()]), ["clip", "images", "hls-fmp4", "dash"]);
        let said = "the service puts no H.265 into MPEG transport streams".to_owned();
        assert_eq!(refused(OutputKind::HlsTs, &[h265()]), (UNSUPPORTED, said));
    }

    #[test]
    fn hls_has_no_g711() {
        assert_eq!(given(&[h264(), g711(G711Law::ALaw)]), ["clip", "images", "dash"]);
        let said = "HLS has no G.711, the service plays AAC in it".to_owned();
        assert_eq!(refused(OutputKind::HlsFmp4, &[h264(), g711(G711Law::ALaw)]), (UNSUPPORTED, said.clone()));
        assert_eq!(refused(OutputKind::HlsTs, &[h264(), g711(G711Law::MuLaw)]), (UNSUPPORTED, said));
    }

    #[test]
    fn mu_law_goes_into_dash_and_not_into_a_clip_of_the_service() {
        let entries = [h264(), g711(G711Law::MuLaw)];
        assert_eq!(given(&entries), ["images", "dash"]);
        let said = "the service takes A-law into a clip, not mu-law; fragkit takes it".to_owned();
        assert_eq!(refused(OutputKind::Clip, &entries), (UNSUPPORTED, said));
        assert!(all(&[stretch(&entries)])[0].fragkit);
    }

    #[test]
    fn g711_beside_h265_goes_nowhere() {
        let entries = [h265(), g711(G711Law::ALaw)];
        assert_eq!(given(&entries), ["images"]);
        let said = "the service takes A-law into a clip beside H.264, not H.265; fragkit takes it".to_owned();
        assert_eq!(refused(OutputKind::Clip, &entries), (UNSUPPORTED, said));
        let said = "the service plays G.711 in DASH beside H.264, not H.265".to_owned();
        assert_eq!(refused(OutputKind::Dash, &entries), (UNSUPPORTED, said));
    }

    #[test]
    fn aac_alone_is_played_and_makes_no_clip_of_the_service() {
        let alone = [TrackEntry { number: 1, ..aac() }];
        assert_eq!(given(&alone), ["hls-fmp4", "hls-ts", "dash"]);
        let said = "the service makes no clip of audio alone; fragkit takes it".to_owned();
        assert_eq!(refused(OutputKind::Clip, &alone), (UNSUPPORTED, said));
        assert_eq!(refused(OutputKind::Images, &alone), (None, "there is no track of pictures".into()));
    }

    #[test]
    fn g711_alone_is_not_played() {
        let alone = [TrackEntry { number: 1, ..g711(G711Law::ALaw) }];
        assert_eq!(given(&alone), [""; 0]);
        let said = "the service plays G.711 in DASH beside H.264, not alone".to_owned();
        assert_eq!(refused(OutputKind::Dash, &alone), (UNSUPPORTED, said));
    }

    #[test]
    fn the_service_takes_one_track_of_each_kind_with_the_usual_numbers() {
        let said = |entries: &[TrackEntry]| refused(OutputKind::Dash, entries).1;
        let third = TrackEntry { number: 3, ..g711(G711Law::ALaw) };
        assert_eq!(said(&[h264(), aac(), third.clone()]), "the service takes one track of pictures and one of sound");
        assert_eq!(given(&[h264(), aac(), third.clone()]), ["images"]);
        assert_eq!(said(&[h264(), third]), "the service looks for sound in track 2");
        assert_eq!(said(&[TrackEntry { number: 3, ..h264() }, aac()]), "the service looks for pictures in track 1");
    }

    #[test]
    fn other_codecs_are_not_supported() {
        let opus = audio("A_OPUS", Vec::new());
        let said = "track 2 (A_OPUS) is none of H.264, H.265, AAC and G.711".to_owned();
        assert_eq!(refused(OutputKind::Clip, &[h264(), opus.clone()]), (UNSUPPORTED, said.clone()));
        assert_eq!(refused(OutputKind::Dash, &[h264(), opus.clone()]), (UNSUPPORTED, said));
        assert_eq!(given(&[h264(), opus.clone()]), ["images"]);
        assert!(!all(&[stretch(&[h264(), opus])])[0].fragkit);
        let pcm = WaveFormat { format_tag: 1, ..WaveFormat::g711(G711Law::ALaw, 1, 8_000) };
        let said = "track 2 (A_MS/ACM) is none of H.264, H.265, AAC and G.711".to_owned();
        assert_eq!(refused(OutputKind::Clip, &[h264(), audio("A_MS/ACM", pcm.write().unwrap())]), (UNSUPPORTED, said));
    }

    #[test]
    fn missing_private_data_is_refused_by_its_name() {
        let without = TrackEntry { codec_private: None, ..h264() };
        let (exception, reason) = refused(OutputKind::HlsFmp4, std::slice::from_ref(&without));
        assert_eq!(exception, Some("MissingCodecPrivateDataException"));
        assert_eq!(reason, "track 1: avcC: there are no bytes (ISO/IEC 14496-15, 5.3.3.1)");
        // A picture has an error of its own.
        let (exception, reason) = refused(OutputKind::Images, std::slice::from_ref(&without));
        assert!(exception.is_none() && reason.ends_with("(MEDIA_ERROR)"), "{reason}");
        assert!(!all(&[stretch(&[without])])[0].fragkit);
        let silent = [h264(), audio("A_MS/ACM", Vec::new())];
        assert_eq!(refused(OutputKind::Dash, &silent).0, Some("MissingCodecPrivateDataException"));
    }

    #[test]
    fn what_fragkit_mends_the_service_refuses() {
        let stored = Tracks::new(&[TrackEntry { codec_private: Some(vec![0, 0, 0, 1, 0x67].into()), ..h264() }]);
        let mended = [Stretch { stored, mended: Tracks::new(&[h264()]), has_frames: true }];
        let verdicts = all(&mended);
        let clip = of(OutputKind::Clip, &verdicts);
        assert!(clip.fragkit && !clip.service && clip.exception == INVALID);
        assert!(clip.reason.ends_with("(ISO/IEC 14496-15, 5.3.3.1); fragkit mends it"), "{}", clip.reason);
        assert!(verdicts.iter().all(|verdict| !verdict.service));
        assert!(!super::verdicts(&mended, &[], true)[0].fragkit, "nothing is mended where that is not wanted");
    }

    #[test]
    fn the_service_does_not_look_into_the_private_data_of_sound() {
        let mut private = g711(G711Law::ALaw).codec_private.unwrap().to_vec();
        private[8..12].fill(0);
        private[14] = 0;
        assert_eq!(given(&[h264(), audio("A_MS/ACM", private)]), ["clip", "images", "dash"]);
    }

    #[test]
    fn broken_frames_are_refused_by_get_clip_alone() {
        let finding = Finding {
            exception: Some("InvalidMediaFrameException"),
            path: "Segment > Cluster > SimpleBlock".into(),
            repair: Some("the frame is left out".into()),
            ..Finding::new(Severity::Warning, "track 2: AAC frame: has no bytes")
        };
        let verdicts = super::verdicts(&[stretch(&[h264(), aac()])], std::slice::from_ref(&finding), false);
        let clip = of(OutputKind::Clip, &verdicts);
        assert_eq!(clip.exception, finding.exception);
        assert_eq!((clip.fragkit, &*clip.reason), (true, "track 2: AAC frame: has no bytes; fragkit leaves it out"));
        let dash = of(OutputKind::Dash, &verdicts);
        assert!(!dash.service && dash.exception.is_none() && dash.reason.contains("players cannot read"));
        assert!(of(OutputKind::Images, &verdicts).service, "sound has no part in pictures");
    }

    #[test]
    fn fragkit_makes_no_clip_where_every_frame_is_left_out() {
        let verdicts = all(&[Stretch { has_frames: false, ..stretch(&[h264()]) }]);
        let clip = of(OutputKind::Clip, &verdicts);
        assert_eq!((clip.fragkit, &*clip.reason), (false, "no frame can be used"));
    }

    #[test]
    fn aac_that_says_nothing_of_its_frames_is_refused() {
        let adts = audio("A_AAC", vec![0xff, 0xf1, 0x50, 0x40, 0x21, 0x3f, 0xfc]);
        let (exception, reason) = refused(OutputKind::Dash, &[h264(), adts.clone()]);
        assert_eq!(exception, INVALID);
        assert!(reason.contains("an ADTS header begins like this"), "{reason}");
        assert!(!all(&[stretch(&[h264(), adts])])[0].fragkit);
    }

    /// As many stretches, each with other private data than the one before.
    fn changing(count: usize) -> Vec<Stretch> {
        let both = [stretch(&[h264()]), stretch(&[entry("h264-vfr.mkv")])];
        both.iter().cycle().take(count).cloned().collect()
    }

    #[test]
    fn private_data_may_change_in_hls_alone() {
        let verdicts = all(&changing(3));
        let given: Vec<_> = verdicts.iter().filter(|each| each.service).map(|each| each.kind.name()).collect();
        assert_eq!(given, ["images", "hls-fmp4", "hls-ts"]);
        let clip = of(OutputKind::Clip, &verdicts);
        assert_eq!((clip.fragkit, clip.exception), (true, INVALID));
        let said = "the codec private data of track 1 changes; `fragkit clip --on-change split` makes 3 files";
        assert_eq!(clip.reason, said);
    }

    #[test]
    fn private_data_may_change_500_times_in_hls() {
        assert!(of(OutputKind::HlsTs, &all(&changing(501))).service);
        let verdicts = all(&changing(502));
        assert_eq!(of(OutputKind::HlsTs, &verdicts).exception, INVALID);
        let said = "private data changes 501 times, the service plays 500 in a session";
        assert_eq!(of(OutputKind::HlsFmp4, &verdicts).reason, said);
    }

    #[test]
    fn tracks_may_not_come_or_go() {
        let verdicts = all(&[stretch(&[h264(), aac()]), stretch(&[h264()])]);
        let given: Vec<_> = verdicts.iter().filter(|each| each.service).map(|each| each.kind.name()).collect();
        assert_eq!(given, ["images"]);
        assert_eq!(of(OutputKind::HlsFmp4, &verdicts).reason, "track 2 is gone");
        assert!(of(OutputKind::Clip, &verdicts).fragkit);
        // Nor behind a change of another kind.
        let verdicts = all(&[stretch(&[h264(), aac()]), stretch(&[entry("h264-main-aac.mkv")])]);
        assert_eq!(of(OutputKind::HlsTs, &verdicts).reason, "track 2 is gone");
    }

    #[test]
    fn codecs_may_not_change() {
        let verdicts = all(&[stretch(&[h264(), aac()]), stretch(&[h264(), g711(G711Law::ALaw)])]);
        assert_eq!(of(OutputKind::Dash, &verdicts).reason, "the codec of track 2 changes from A_AAC to A_MS/ACM");
        let verdicts = all(&[stretch(&[h264()]), stretch(&[TrackEntry { number: 1, ..h265() }])]);
        let said = "the codec of track 1 changes from H.264 to H.265";
        assert_eq!(of(OutputKind::HlsFmp4, &verdicts).reason, said);
    }

    #[test]
    fn without_media_there_is_nothing_to_be_had() {
        for stretches in [&[][..], &[stretch(&[])]] {
            let verdicts = all(stretches);
            assert!(verdicts.iter().all(|verdict| !verdict.fragkit && !verdict.service));
            assert!(verdicts.iter().all(|verdict| verdict.exception == Some("ResourceNotFoundException")));
            assert_eq!(verdicts[0].reason, "there is neither picture nor sound in the stream");
        }
    }
}
