//! What a technician does and what happens to a phone, as words one can type.

use std::str::FromStr;

/// Everything that can be typed.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    /// The list of today.
    Today,
    /// Opens the n-th record of the last list.
    Open(usize),
    /// Takes a step of the record that is open.
    Step {
        /// Its name, or the beginning of it.
        step: String,
        /// Why, where the step asks.
        reason: Option<String>,
    },
    /// Sets a field of the record that is open.
    Set {
        /// The field.
        field: String,
        /// Its new value, in the Table API's text form.
        value: String,
    },
    /// Writes a work note.
    Note(String),
    /// Writes a comment the customer can read.
    Comment(String),
    /// Answers a question of the checklist.
    Answer {
        /// The question.
        question: String,
        /// The answer.
        answer: String,
    },
    /// Takes a photo of so many kilobytes.
    Photo(usize),
    /// Lets the customer sign.
    Sign,
    /// Finds records.
    Search(String),
    /// The record that is open, as a form.
    Form,
    /// Who did what to it.
    History,
    /// What waits for a decision.
    Attention,
    /// Gives up an edit the server holds.
    Discard(u64),
    /// Sends an edit the server holds again.
    Resend(u64),
    /// Keeps the value shown of a field in doubt.
    Confirm(String),
    /// What others did.
    News,
    /// What is in the van.
    Van,
    /// The best order of the day from where the phone is.
    Plan,
    /// The edits made here.
    Outbox,
    /// How the phone stands with its server.
    Status,
    /// Exchanges everything there is.
    Sync,
    /// Exchanges for at most so many seconds, as in the background.
    Background(u64),
    /// The radio.
    Radio(bool),
    /// So many of a hundred questions are lost.
    Lossy(u8),
    /// The clock is so many seconds fast, or slow.
    Clock(i64),
    /// Where the phone is.
    Here(f64, f64),
    /// The disk is full, or has room again.
    Disk(bool),
    /// The app is an old one, or was updated.
    App {
        /// Whether it is the newest.
        is_new: bool,
    },
    /// The battery is taken out.
    Kill,
    /// Time passes.
    Wait(u64),
    /// What can be typed.
    Help,
    /// The end.
    Quit,
    /// An empty line, or a remark.
    Nothing,
}

/// What can be typed, for people.
pub const HELP: &str = "\
  today · open N · search WORDS · van · plan · attention · news · outbox · status
  of the open record:  STEP [for REASON] (accept, start_travel, arrive, start_work, pause, complete …)
                       set FIELD VALUE · note TEXT · comment TEXT · answer QUESTION = TEXT · photo KB · sign · form · history
                       confirm FIELD
  of held edits:       discard N · resend N
  the world:           sync · background SECONDS · radio on|off · lossy PERCENT · clock +2h|-15m|0 · here LAT LON
                       disk full|free · app old|new · kill · wait SECONDS · quit";

impl FromStr for Word {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let line = line.split('#').next().unwrap_or_default().trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let text = || if rest.is_empty() { Err(format!("{word} what?")) } else { Ok(rest.to_owned()) };
        Ok(match word {
            "" => Self::Nothing,
            "today" => Self::Today,
            "open" => Self::Open(number(word, rest)?),
            "set" => {
                let (field, value) = rest.split_once(' ').ok_or("set FIELD VALUE")?;
                Self::Set { field: field.into(), value: value.trim().into() }
            }
            "note" => Self::Note(text()?),
            "comment" => Self::Comment(text()?),
            "answer" => {
                let (question, answer) = rest.split_once('=').ok_or("answer QUESTION = TEXT")?;
                Self::Answer { question: question.trim().into(), answer: answer.trim().into() }
            }
            "photo" => Self::Photo(number(word, rest)?),
            "sign" => Self::Sign,
            "search" => Self::Search(text()?),
            "form" => Self::Form,
            "history" => Self::History,
            "attention" => Self::Attention,
            "discard" => Self::Discard(number(word, rest)?),
            "resend" => Self::Resend(number(word, rest)?),
            "confirm" => Self::Confirm(text()?),
            "news" => Self::News,
            "van" => Self::Van,
            "plan" => Self::Plan,
            "outbox" => Self::Outbox,
            "status" => Self::Status,
            "sync" => Self::Sync,
            "background" => Self::Background(number(word, rest)?),
            "radio" => Self::Radio(choice(word, rest, "on", "off")?),
            "lossy" => Self::Lossy(number(word, rest)?),
            "clock" => Self::Clock(seconds(rest)?),
            "here" => {
                let (latitude, longitude) = rest.split_once(' ').ok_or("here LATITUDE LONGITUDE")?;
                Self::Here(number(word, latitude)?, number(word, longitude.trim())?)
            }
            "disk" => Self::Disk(choice(word, rest, "full", "free")?),
            "app" => Self::App { is_new: choice(word, rest, "new", "old")? },
            "kill" => Self::Kill,
            "wait" => Self::Wait(number(word, rest)?),
            "help" => Self::Help,
            "quit" => Self::Quit,
            step => {
                Self::Step { step: step.into(), reason: rest.strip_prefix("for ").map(|reason| reason.trim().into()) }
            }
        })
    }
}

fn number<T: FromStr>(word: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{word} wants a number, not \"{text}\""))
}

fn choice(word: &str, text: &str, yes: &str, no: &str) -> Result<bool, String> {
    match text {
        text if text == yes => Ok(true),
        text if text == no => Ok(false),
        _ => Err(format!("{word} {yes} or {word} {no}?")),
    }
}

/// `+2h`, `-15m`, `30s`, `0`.
fn seconds(text: &str) -> Result<i64, String> {
    let (digits, unit) = match text.chars().last() {
        Some('h') => (&text[..text.len() - 1], 3_600),
        Some('m') => (&text[..text.len() - 1], 60),
        Some('s') => (&text[..text.len() - 1], 1),
        _ => (text, 1),
    };
    number::<i64>("clock", digits.trim_start_matches('+')).map(|number| number.saturating_mul(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_understood_or_asked_back() {
        let understood = |line: &str| line.parse::<Word>().unwrap();
        assert_eq!(understood("open 2"), Word::Open(2));
        assert_eq!(understood("  # only a remark"), Word::Nothing);
        assert_eq!(understood("pause for break"), Word::Step { step: "pause".into(), reason: Some("break".into()) });
        assert_eq!(understood("clock -15m"), Word::Clock(-900));
        let answer = Word::Answer { question: "gas smell".into(), answer: "no".into() };
        assert_eq!(understood("answer gas smell = no"), answer);
        for unclear in ["open", "open x", "set", "radio loud", "clock soon", "note", "here 1"] {
            assert!(unclear.parse::<Word>().is_err(), "{unclear}");
        }
    }
}
