//! How long a tour takes up to a place, where working time costs something: as Vidal et al. keep it, see `walk`.

/// A tour up to a place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stretch {
    /// The shortest time from setting out to then.
    pub duration: i32,
    /// The latest moment to set out with nothing becoming later than it must.
    pub sets_out_by: i32,
}

impl Stretch {
    /// Before anything, for somebody who need not set out before a moment.
    pub fn before(sets_out_by: i32) -> Self {
        Self { duration: 0, sets_out_by }
    }

    #[inline]
    pub fn pass(&mut self, seconds: i32) {
        self.duration += seconds;
    }

    #[inline]
    pub fn not_before(&mut self, moment: i32) {
        self.duration = self.duration.max(moment - self.sets_out_by);
    }

    #[inline]
    pub fn not_after(&mut self, moment: i32) {
        self.sets_out_by = self.sets_out_by.min(moment - self.duration);
    }

    #[inline]
    pub fn is_as_good_as(&self, other: &Self) -> bool {
        self.duration <= other.duration && self.sets_out_by >= other.sets_out_by
    }
}
