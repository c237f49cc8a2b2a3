//! What is said in a chat: rows in the order of their numbers, never changed.

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use crate::call::Call;
use crate::query::number_field;
use crate::table::{Result, TableError};

const MESSAGES: &str = "fl_chat_message";
/// The most one says at once.
const TEXT_CHARACTERS: usize = 4_000;
/// The most a visitor says in a minute.
const MOST_A_MINUTE: usize = 30;
const MINUTE_MILLISECONDS: i64 = 60_000;
/// The most one chat holds.
const MOST_MESSAGES: i64 = 5_000;
/// The most that is answered at once.
const PAGE: u32 = 200;
const TRANSCRIPT_BYTES: usize = 60_000;

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Customer,
    Agent,
    System,
}

impl By {
    fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number in the chat, from 1 on.
    pub order: i64,
    /// `customer`, `agent` or `system`.
    pub by: String,
    /// What whoever said it is called, if anybody did who is known.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// Refuses what is nothing, or too much.
pub(super) fn check(text: &str) -> Result<()> {
    let invalid = |problem: String| Err(TableError::invalid(MESSAGES, Some(&"text".into()), problem));
    match text.chars().count() {
        _ if text.trim().is_empty() => invalid("must not be empty".into()),
        said if said > TEXT_CHARACTERS => {
            invalid(format!("has {said} characters, {TEXT_CHARACTERS} are the most; say it in parts"))
        }
        _ => Ok(()),
    }
}

/// Refuses a visitor who says more than people do.
pub(super) fn check_pace(call: &Call<'_>, chat: &DocumentId) -> Result<()> {
    let since = call.now.plus_milliseconds(-MINUTE_MILLISECONDS);
    let said = newest(call, chat.sys_id, u32::try_from(MOST_A_MINUTE).unwrap_or(u32::MAX))?;
    let own = said.iter().filter(|row| row.text("author_kind") == "customer" && row.time("said_at") > Some(since));
    if own.count() < MOST_A_MINUTE {
        return Ok(());
    }
    let problem = format!("{MOST_A_MINUTE} messages a minute are the most; wait a little");
    Err(TableError::invalid(chat, Some(&"text".into()), problem))
}

fn newest(call: &Call<'_>, chat: SysId, limit: u32) -> Result<Vec<Record>> {
    let query = Query::parse(&format!("parent={chat}^ORDERBYDESCorder")).query;
    Ok(call.some_rows_of(MESSAGES, &query, (limit, 0))?)
}

/// Adds what somebody says.
pub(super) fn add(call: &mut Call<'_>, chat: &DocumentId, by: By, author: Option<SysId>, text: &str) -> Result<()> {
    let last = newest(call, chat.sys_id, 1)?.first().and_then(|row| number_field(row, "order")).unwrap_or_default();
    if last >= MOST_MESSAGES {
        return Err(TableError::invalid(chat, None, "has as many messages as one chat holds; begin another one"));
    }
    let text: String =
        text.chars().filter(|letter| *letter == '\n' || *letter == '\t' || !letter.is_control()).collect();
    let mut row = Record::new(DocumentId::new(MESSAGES, call.new_sys_id()));
    row.set("parent", Some(Value::Reference(chat.sys_id)));
    row.set("order", Some(Value::Integer(last + 1)));
    row.set("author_kind", Some(Value::text(by.word())));
    row.set("author", author.map(Value::Reference));
    row.set("text", Some(Value::Text(text)));
    row.set("said_at", Some(Value::Time(call.now)));
    Ok(call.put_row(row)?)
}

/// What was said in a chat after a number, as far as one answer holds.
///
/// # Errors
/// When the database fails. Who asks has been let in.
pub fn said_after(call: &Call<'_>, chat: &Record, after: i64) -> Result<Vec<Message>> {
    let query = Query::parse(&format!("parent={}^order>{after}^ORDERBYorder", chat.id.sys_id)).query;
    let rows = call.some_rows_of(MESSAGES, &query, (PAGE, 0))?;
    rows.iter().map(|row| message(call, chat, row)).collect()
}

fn message(call: &Call<'_>, chat: &Record, row: &Record) -> Result<Message> {
    let author = call.referred("sys_user", row.reference("author"))?;
    let guest = || if row.text("author_kind") == "customer" { chat.text("guest_name") } else { "" };
    Ok(Message {
        order: number_field(row, "order").unwrap_or_default(),
        by: row.text("author_kind").to_owned(),
        name: author.as_ref().map_or_else(guest, |author| author.text("name")).to_owned(),
        at: row.time("said_at").unwrap_or_default(),
        text: row.text("text").to_owned(),
    })
}

/// Everything said in a chat, as one text; of a long one the beginning.
pub(crate) fn transcript(call: &Call<'_>, chat: &Record) -> Result<String> {
    let mut rows = call.rows(MESSAGES, &Filter::equals("parent", chat.id.sys_id))?;
    rows.sort_by_key(|row| number_field(row, "order"));
    let mut transcript = String::new();
    for row in &rows {
        let said = message(call, chat, row)?;
        let who = if said.name.is_empty() { &said.by } else { &said.name };
        let line = format!("[{}] {who}: {}\n", said.at, said.text);
        if transcript.len() + line.len() > TRANSCRIPT_BYTES {
            break;
        }
        transcript += &line;
    }
    Ok(transcript)
}
