//! When enough of those asked together have answered, and what their answers come to.

use crate::approvals::Answer;

/// Which answers of several people count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WaitFor {
    /// One who approves is enough; all must reject.
    AnyApproval,
    /// Whoever answers first decides.
    FirstResponse,
    /// All must approve; one may reject.
    AllResponses,
    /// So many of a hundred must approve.
    Percentage(i64),
}

impl WaitFor {
    /// Reads the fields `wait_for` and `percentage`. A share of nothing is the first response, one of a hundred is all of them.
    pub fn of(word: &str, percentage: Option<i64>) -> Self {
        match (word, percentage) {
            ("first_response", _) => Self::FirstResponse,
            ("all_responses", _) => Self::AllResponses,
            ("percentage", None | Some(i64::MIN..=0)) => Self::FirstResponse,
            ("percentage", Some(100..)) => Self::AllResponses,
            ("percentage", Some(share)) => Self::Percentage(share),
            _ => Self::AnyApproval,
        }
    }

    /// What the answers of so many people asked come to; `None` as long as that is open.
    pub fn outcome(self, asked: usize, answers: &[Answer]) -> Option<Answer> {
        let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
        let (approved, rejected) = (count(Answer::Approved), count(Answer::Rejected));
        let needed = match self {
            Self::FirstResponse => return answers.first().copied(),
            Self::AnyApproval => 1,
            Self::AllResponses => asked,
            Self::Percentage(share) => share_of(asked, share),
        };
        match () {
            () if approved >= needed => Some(Answer::Approved),
            () if rejected > asked.saturating_sub(needed) => Some(Answer::Rejected),
            () => None,
        }
    }
}

/// A share of people, rounded to the nearest, half a person up; never nobody.
fn share_of(people: usize, share: i64) -> usize {
    let doubled = people.saturating_mul(usize::try_from(share).unwrap_or_default()).saturating_mul(2);
    (doubled.saturating_add(100) / 200).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(wait: WaitFor, asked: usize, answers: &str) -> &'static str {
        let read = |letter| if letter == 'a' { Answer::Approved } else { Answer::Rejected };
        let answers: Vec<Answer> = answers.chars().map(read).collect();
        wait.outcome(asked, &answers).map_or("open", Answer::word)
    }

    #[test]
    fn one_all_the_first_or_a_share_of_those_asked_decide() {
        let share = |percentage| WaitFor::of("percentage", percentage);
        for (wait, asked, answers, expected) in [
            (WaitFor::of("any_approval", None), 3, "rr", "open"),
            (WaitFor::of("any_approval", None), 3, "rra", "approved"),
            (WaitFor::of("any_approval", None), 3, "rrr", "rejected"),
            (WaitFor::of("first_response", None), 3, "", "open"),
            (WaitFor::of("first_response", None), 3, "r", "rejected"),
            (WaitFor::of("all_responses", None), 3, "aa", "open"),
            (WaitFor::of("all_responses", None), 3, "aaa", "approved"),
            (WaitFor::of("all_responses", None), 3, "ar", "rejected"),
            (share(Some(50)), 4, "a", "open"),
            (share(Some(50)), 4, "aa", "approved"),
            (share(Some(50)), 4, "rr", "open"),
            (share(Some(50)), 4, "rrr", "rejected"),
            // 2.5 people are three of them, 2.4 are two.
            (share(Some(50)), 5, "aa", "open"),
            (share(Some(48)), 5, "aa", "approved"),
            (share(Some(1)), 5, "a", "approved"),
            (share(None), 5, "r", "rejected"),
            (share(Some(0)), 5, "r", "rejected"),
            (share(Some(100)), 2, "a", "open"),
        ] {
            assert_eq!(outcome(wait, asked, answers), expected, "{wait:?} of {asked}: {answers}");
        }
    }
}
