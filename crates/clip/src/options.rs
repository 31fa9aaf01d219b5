//! What is asked of a clip.

pub use fragkit_fragment::OnChange;
use fragkit_fragment::{Gaps, Selector, ServiceLimits};

/// Which fragments make the clip, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Which fragments.
    pub selector: Selector,
    /// What happens to time that no fragment covers.
    pub gaps: Gaps,
    /// What happens where tracks or private data change.
    pub on_change: OnChange,
    /// What the service would refuse or cut off.
    pub limits: ServiceLimits,
    /// Refuse what the service refuses instead of repairing it.
    pub strict: bool,
}
