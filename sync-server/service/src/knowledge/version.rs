//! Version numbers: whole ones are published, hundredths are on the way there.

/// The version after a step: the next whole number for a publication, else a hundredth more.
pub(super) fn next(version: &str, is_publication: bool) -> String {
    let (whole, part) = version.split_once('.').unwrap_or((version, "0"));
    let (whole, part) = (whole.parse::<u32>().unwrap_or(0), part.parse::<u32>().unwrap_or(0));
    match is_publication {
        true => format!("{}.0", whole.saturating_add(1)),
        false => format!("{whole}.{:02}", part.saturating_add(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_hundredths_and_publications_whole_numbers() {
        for (version, step, publication) in [
            ("", "0.01", "1.0"),
            ("0.01", "0.02", "1.0"),
            ("0.07", "0.08", "1.0"),
            ("1.0", "1.01", "2.0"),
            ("1.99", "1.100", "2.0"),
            ("first", "0.01", "1.0"),
        ] {
            assert_eq!((next(version, false), next(version, true)), (step.to_owned(), publication.to_owned()));
        }
    }
}
