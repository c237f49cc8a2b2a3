//! Time and length of a way in one number: one addition and one comparison find the fastest way and how long it is.
//!
//! Hundredths of seconds stand above decimeters in the 53 bits a float keeps exactly: of two ways the faster is less, of two
//! equally fast ones the shorter. 2^25 decimeters are 3,355 km, 2^28 hundredths 31 days; a longer way borrows a hundredth
//! of a second.

/// Time and length of a way; infinite where there is none.
pub(crate) type Cost = f64;

/// No way.
pub(crate) const NONE: Cost = f64::INFINITY;

const BITS: u32 = 25;
const HUNDREDTH: f64 = (1_u64 << BITS) as f64;

/// What it costs to go so far at so many kilometers an hour, each rounded; [`NONE`] where one may not go at all.
pub(crate) fn cost(decimeters: f64, kilometers_per_hour: f64) -> Cost {
    if kilometers_per_hour <= 0.0 {
        return NONE;
    }
    let hundredths = decimeters * 36.0 / kilometers_per_hour;
    hundredths.round() * HUNDREDTH + decimeters.round()
}

/// Whole seconds and meters; `None` where there is no way.
pub(crate) fn seconds_and_meters(cost: Cost) -> Option<(i32, i32)> {
    let whole = cost as i64;
    let (hundredths, decimeters) = (whole >> BITS, whole & ((1 << BITS) - 1));
    cost.is_finite().then_some((((hundredths + 50) / 100) as i32, ((decimeters + 5) / 10) as i32))
}

/// The cheaper of two; compiles to one instruction where `f64::min` must mind what is not a number.
pub(crate) fn cheaper(one: Cost, other: Cost) -> Cost {
    if other < one { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kilometer_at_thirty_six_takes_a_hundred_seconds() {
        assert_eq!(seconds_and_meters(cost(10_000.0, 36.0)), Some((100, 1_000)));
        assert_eq!(seconds_and_meters(cost(10_000.0, 36.0) + cost(5_000.0, 18.0)), Some((200, 1_500)));
        assert_eq!(seconds_and_meters(cost(10_000.0, 0.0)), None);
    }

    #[test]
    fn the_faster_way_costs_less_and_of_two_as_fast_the_shorter() {
        assert!(cost(20_000.0, 100.0) < cost(10_000.0, 40.0));
        assert!(cost(10_000.0, 50.0) < cost(20_000.0, 100.0));
    }
}
