//! Stretches from, inclusive, until, exclusive: what is in either, and what is in one and not in the other.

/// A stretch of a day, in milliseconds from its midnight on.
pub(super) type Span = (i64, i64);

/// The same stretches sorted, those that touch joined.
pub fn joined<T: Copy + Ord>(mut spans: Vec<(T, T)>) -> Vec<(T, T)> {
    spans.sort_unstable();
    let mut out: Vec<(T, T)> = Vec::with_capacity(spans.len());
    for (from, until) in spans {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => out.push((from, until)),
        }
    }
    out
}

/// What is left of joined stretches without other joined ones.
pub fn without<T: Copy + Ord>(spans: &[(T, T)], taken: &[(T, T)]) -> Vec<(T, T)> {
    let mut out = Vec::with_capacity(spans.len());
    for &(mut from, until) in spans {
        for &(taken_from, taken_until) in taken.iter().filter(|taken| taken.0 < until) {
            if taken_from > from {
                out.push((from, taken_from));
            }
            from = from.max(taken_until);
        }
        if from < until {
            out.push((from, until));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_joined_and_taken_from_each_other() {
        assert_eq!(joined(vec![(8, 9), (1, 3), (2, 5), (5, 6)]), [(1, 6), (8, 9)]);
        assert_eq!(without(&[(1, 6), (8, 12)], &[(0, 2), (3, 4), (5, 9), (11, 20)]), [(2, 3), (4, 5), (9, 11)]);
        assert_eq!(without(&[(1, 6)], &[]), [(1, 6)]);
        assert_eq!(without(&[(1, 6)], &[(1, 6)]), []);
        assert_eq!(without(&[(5, 6)], &[(1, 2), (7, 8)]), [(5, 6)]);
    }
}
