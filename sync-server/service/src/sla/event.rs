//! What happens to clocks, told to webhooks and to flows that wait for it.

use fieldline_model::SysId;
use fieldline_model::sla::{Agreement, Clock, ClockStage};

use crate::call::Call;
use crate::error::Result;
use crate::rules::Action;
use crate::webhooks::Told;

/// Something that happens to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlaEvent {
    Attached,
    Paused,
    Resumed,
    /// So much of the time promised is over.
    Percent(u32),
    Breached,
    Completed,
    Cancelled,
}

impl SlaEvent {
    /// What people call them.
    pub const WORDS: [&'static str; 7] =
        ["attached", "paused", "resumed", "percent", "breached", "completed", "cancelled"];

    /// What people call it.
    pub fn word(self) -> &'static str {
        let at = match self {
            Self::Attached => 0,
            Self::Paused => 1,
            Self::Resumed => 2,
            Self::Percent(_) => 3,
            Self::Breached => 4,
            Self::Completed => 5,
            Self::Cancelled => 6,
        };
        Self::WORDS[at]
    }

    /// Whether a word stands for some event.
    pub fn knows(word: &str) -> bool {
        let of_percent = word.strip_prefix("percent.").is_some_and(|percent| percent == "50" || percent == "75");
        Self::WORDS.contains(&word) || of_percent
    }

    /// Whether a word stands for this one: `percent` is any, `percent.75` that one.
    pub fn is(self, word: &str) -> bool {
        match (self, word.strip_prefix("percent.")) {
            (Self::Percent(percent), Some(wanted)) => percent.to_string() == wanted,
            _ => word == self.word(),
        }
    }

    fn percent(self) -> Option<u32> {
        match self {
            Self::Percent(percent) => Some(percent),
            _ => None,
        }
    }

    /// What happened to a clock between two looks at it, in order.
    pub(super) fn between(was: Option<&Clock>, is: &Clock) -> Vec<Self> {
        let mut events = Vec::new();
        if was.is_none() {
            events.push(Self::Attached);
        }
        if is.has_breached && !was.is_some_and(|was| was.has_breached) {
            events.push(Self::Breached);
        }
        let stage_was = was.map_or(ClockStage::InProgress, |was| was.stage);
        events.extend(match (stage_was, is.stage) {
            (was, is) if was == is => None,
            (_, ClockStage::Paused) => Some(Self::Paused),
            (_, ClockStage::InProgress) => Some(Self::Resumed),
            (_, ClockStage::Completed) => Some(Self::Completed),
            (_, ClockStage::Cancelled) => Some(Self::Cancelled),
        });
        events
    }
}

impl Call<'_> {
    /// Tells webhooks and flows what happened to a clock that has been written. Nobody hears of a history made elsewhere.
    pub(super) fn tell_of_clock(&mut self, agreement: &Agreement, clock: SysId, event: SlaEvent) -> Result<()> {
        if self.pending.is_history {
            return Ok(());
        }
        let Some(clock) = self.tx.find(self.dictionary.family(super::CLOCKS), clock)? else { return Ok(()) };
        let task = clock.reference("task").map(|id| self.tx.find(self.dictionary.family("task"), id)).transpose()?;
        let Some(task) = task.flatten() else { return Ok(()) };
        let (book, dictionary) = (self.book.clone(), self.dictionary.clone());
        for rule in book.of(&dictionary, task.id.table.as_str()) {
            let Action::Post(hook) = &rule.action else { continue };
            if hook.hears_of_clock(event) && self.holds(&rule.when.condition.of_change(None, &task), &task) {
                let about = (agreement.name.as_str(), &clock, &task);
                let told = Told::of_clock(self, event.word(), event.percent(), hook, about);
                self.post_event(rule.id.sys_id, &hook.url, &told)?;
            }
        }
        self.begin_of_clock(event, &clock, &task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_for_an_event() {
        assert!(SlaEvent::Percent(75).is("percent.75") && SlaEvent::Percent(75).is("percent"));
        assert!(!SlaEvent::Percent(50).is("percent.75") && !SlaEvent::Breached.is("percent"));
        assert!(SlaEvent::WORDS.iter().all(|word| SlaEvent::knows(word)) && SlaEvent::knows("percent.50"));
        assert!(!SlaEvent::knows("percent.60") && !SlaEvent::knows("late"));
    }
}
