//! How a configuration tells of SBR and PS (ISO/IEC 14496-3, 1.6.5.2).
//!
//! ```text
//! hierarchical          type 5 or 29 in front, then its frequency and the core's type
//! backward-compatible   0x2b7, type 5, sbrPresentFlag, frequency [0x548, psPresentFlag] behind the specific part
//! implicit              nothing: a decoder finds the data in the frames
//! ```

use super::{
    SamplingFrequency, inconsistent,
    object_type::{self, AOT_BSAC, AOT_SBR},
};
use crate::{
    bits::{BitReader, BitWriter},
    error::Error,
};

/// How the stream tells of SBR and PS (1.6.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// Where it stands: in front (hierarchical) or at the end, where old decoders do not look (backward-compatible).
    pub hierarchical: bool,
    /// `extensionAudioObjectType`: 5 SBR, 22 ER BSAC; 29 for hierarchical PS.
    pub audio_object_type: u8,
    /// `sbrPresentFlag`.
    pub sbr_present_flag: bool,
    /// `psPresentFlag`, `None` where nothing is said.
    pub ps_present_flag: Option<bool>,
    /// `extensionSamplingFrequency`, that of the output; present when `sbr_present_flag` is set.
    pub frequency: Option<SamplingFrequency>,
    /// `extensionChannelConfiguration`, with ER BSAC only.
    pub channel_configuration: Option<u8>,
}

impl Extension {
    /// The extension behind the specific part, or `None` with the reader where it was: old writers leave other bits there.
    pub(super) fn read_backward_compatible(r: &mut BitReader<'_>) -> Option<Self> {
        let ahead = &mut r.clone();
        let extension = Self::read_sync(ahead).ok().flatten()?;
        *r = ahead.clone();
        Some(extension)
    }

    fn read_sync(r: &mut BitReader<'_>) -> Result<Option<Self>, Error> {
        if r.bits_left() < 16 || r.u16(11, "syncExtensionType")? != SYNC_SBR {
            return Ok(None);
        }
        let audio_object_type = object_type::read(r)?;
        if !matches!(audio_object_type, AOT_SBR | AOT_BSAC) {
            return Ok(None);
        }
        let sbr_present_flag = r.flag("sbrPresentFlag")?;
        let frequency = if sbr_present_flag { Some(SamplingFrequency::read(r)?) } else { None };
        let mut ps_present_flag = None;
        let mut channel_configuration = None;
        if audio_object_type == AOT_BSAC {
            channel_configuration = Some(r.u8(4, "extensionChannelConfiguration")?);
        } else if sbr_present_flag && r.bits_left() >= 12 {
            let ahead = &mut r.clone();
            if ahead.u16(11, "syncExtensionType")? == SYNC_PS {
                ps_present_flag = Some(ahead.flag("psPresentFlag")?);
                *r = ahead.clone();
            }
        }
        Ok(Some(Self {
            hierarchical: false,
            audio_object_type,
            sbr_present_flag,
            ps_present_flag,
            frequency,
            channel_configuration,
        }))
    }

    pub(super) fn put_backward_compatible(self, w: &mut BitWriter) -> Result<(), Error> {
        w.put(11, SYNC_SBR);
        object_type::put(w, self.audio_object_type);
        w.put(1, self.sbr_present_flag);
        match self.frequency {
            Some(frequency) if self.sbr_present_flag => frequency.put(w),
            None if !self.sbr_present_flag => {}
            _ => return Err(inconsistent("extensionSamplingFrequencyIndex", "does not go with sbrPresentFlag")),
        }
        match (self.audio_object_type, self.channel_configuration, self.ps_present_flag) {
            (AOT_BSAC, Some(channel_configuration), None) => w.put(4, channel_configuration),
            (AOT_SBR, None, Some(ps_present_flag)) if self.sbr_present_flag => {
                w.put(11, SYNC_PS);
                w.put(1, ps_present_flag);
            }
            (AOT_SBR, None, None) => {}
            _ => return Err(inconsistent("extensionAudioObjectType", "does not go with the fields of the extension")),
        }
        Ok(())
    }
}

pub(super) const SYNC_SBR: u16 = 0x2b7;
pub(super) const SYNC_PS: u16 = 0x548;
