//! Planes that were found to be as long as they should be, row by row.

use super::ShapeError;
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

/// A plane of which each row is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a, T> {
    data: &'a [T],
    stride: usize,
    width: usize,
    height: usize,
}

impl<'a, T> View<'a, T> {
    /// The rows of a plane, if it has so many of that width.
    pub(crate) fn new(plane: &'a Plane<T>, width: u32, height: u32) -> Option<Self> {
        let (width, height) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
        let needed = height.saturating_sub(1).checked_mul(plane.stride)?.checked_add(width)?;
        let there = height == 0 || (plane.stride >= width && plane.data.len() >= needed);
        there.then_some(Self { data: &plane.data, stride: plane.stride, width, height })
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// A row from the top, the last one for numbers beyond it.
    pub(crate) fn row(&self, y: usize) -> &'a [T] {
        let start = y.min(self.height.saturating_sub(1)) * self.stride;
        self.data.get(start..).and_then(|rest| rest.get(..self.width)).unwrap_or_default()
    }
}

/// How large a picture is and how its chroma is sampled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) chroma: ChromaFormat,
}

impl Shape {
    pub(super) fn of(picture: &Picture) -> Self {
        Self { width: picture.width, height: picture.height, chroma: picture.chroma }
    }

    /// The three planes of a picture. Those of chroma are empty where there is none.
    pub(super) fn views<'a, T>(&self, [y, cb, cr]: &'a [Plane<T>; 3]) -> Result<[View<'a, T>; 3], ShapeError> {
        let (width, height) = self.chroma.chroma_size(self.width, self.height);
        let luma = View::new(y, self.width, self.height).ok_or(ShapeError("the luma plane is too short"))?;
        let chroma = |plane| View::new(plane, width, height).ok_or(ShapeError("a chroma plane is too short"));
        Ok([luma, chroma(cb)?, chroma(cr)?])
    }
}

/// Whether size, depth and planes of a picture agree.
pub(crate) fn check_shape(picture: &Picture) -> Result<(), ShapeError> {
    if picture.width == 0 || picture.height == 0 {
        return Err(ShapeError::NO_SAMPLES);
    }
    let shape = Shape::of(picture);
    match &picture.planes {
        Planes::Narrow(planes) if picture.bit_depth == 8 => shape.views(planes).map(drop),
        Planes::Wide(planes) if (8..=16).contains(&picture.bit_depth) => shape.views(planes).map(drop),
        _ => Err(ShapeError("the bit depth is not that of the planes")),
    }
}
