//! The private data of a track: sound, mended and of what, or why it cannot be used.

use fragkit::codec::{CodecId, CodecPrivate, Effect, Fault, Field, Origin, Repaired};
use fragkit::{Finding, Fragment, Track};

/// What there is to be said of the private data of one track.
#[derive(Debug, Clone, Default)]
pub(super) struct Private {
    /// What is wrong with it, and what the container says otherwise.
    faults: Vec<Fault>,
    /// Where what is used comes from; `None` where nothing can be.
    pub(super) from: Option<Origin>,
}

impl Private {
    /// Looks at a track of a fragment. `strict` means that nothing is mended.
    pub(super) fn of(track: &Track, fragment: &Fragment, strict: bool) -> Private {
        let entry = &track.entry;
        if !is_media(track) {
            return Private::default();
        }
        let stated = track.stated();
        let unusable = |error| Private { faults: vec![Fault { error, effect: Effect::Fatal }], from: None };
        let is_known = !matches!(CodecId::parse(&entry.codec_id), CodecId::Other(_));
        if strict || !is_known {
            return match &track.codec_private {
                Err(error) => unusable(error.clone()),
                Ok(private) => {
                    let faults = private.check().into_iter().chain(private.check_against(&stated)).collect();
                    Private { faults, from: Some(Origin::AsStored) }
                }
            };
        }
        let frames = fragment.frames.iter().filter(|frame| frame.track == entry.number);
        let stored = entry.codec_private.as_deref();
        match CodecPrivate::repair(&entry.codec_id, stored, &stated, frames.map(|frame| &frame.payload[..])) {
            Err(error) => unusable(error),
            Ok(Repaired { private, mut faults, from, .. }) => {
                faults.extend(private.check_against(&stated));
                Private { faults, from: Some(from) }
            }
        }
    }

    /// What is wrong, without its place.
    pub(super) fn findings(&self, track: &Track) -> impl Iterator<Item = Finding> {
        self.faults.iter().map(|fault| Finding::of_private_data(track, fault))
    }

    /// The first fault that keeps some reader from using the stored private data.
    pub(super) fn harm(&self) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.effect > Effect::Harmless)
    }

    /// How many faults nobody minds.
    pub(super) fn oddities(&self) -> usize {
        self.faults.iter().filter(|fault| fault.effect == Effect::Harmless).count()
    }

    /// Whether something other than the stored bytes is used.
    pub(super) fn is_mended(&self) -> bool {
        self.from.is_some_and(|from| from != Origin::AsStored)
    }

    /// What is used, in a word or two.
    pub(super) fn source(&self) -> Option<&'static str> {
        Some(match self.from? {
            Origin::AsStored => "stored",
            Origin::PrivateData => "private data",
            Origin::Frames => "frames",
            Origin::Adts => "ADTS header",
            Origin::CodecId => "codec id",
            _ => "elsewhere",
        })
    }
}

/// The fields of a track's private data.
#[derive(Debug)]
pub(super) enum Fields {
    /// Of the stored bytes.
    Stored(Vec<Field>),
    /// Of what was made instead, because the stored bytes cannot be read.
    Mended(Vec<Field>),
    /// Neither can be read: the first of the stored bytes in hex.
    Unreadable(String),
}

impl Fields {
    pub(super) fn of(stored: &Track, mended: &Track) -> Fields {
        match (&stored.codec_private, &mended.codec_private) {
            (Ok(private), _) => Fields::Stored(private.fields()),
            (_, Ok(private)) => Fields::Mended(private.fields()),
            _ => {
                let bytes = stored.entry.codec_private.as_deref().unwrap_or_default();
                Fields::Unreadable(bytes.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect())
            }
        }
    }
}

/// Whether a track is picture or sound.
pub(super) fn is_media(track: &Track) -> bool {
    track.entry.track_type.is_picture_or_sound()
}

/// Whether a finding is about private data and not about frames.
pub(super) fn is_about_private_data(finding: &Finding) -> bool {
    finding.path.ends_with("CodecPrivate")
}

const SHOWN_BYTES: usize = 32;
