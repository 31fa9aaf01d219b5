//! Pictures of other sizes.
