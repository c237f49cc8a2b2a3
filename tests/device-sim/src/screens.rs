//! What a technician would see, drawn with letters.

use std::fmt::Write;

use fieldline_device::Salvage;
use fieldline_device::day::DayPlan;
use fieldline_device::form::FormField;
use fieldline_device::news::News;
use fieldline_device::view::{Item, NeedsAttention, OutboxEdit, RecordView, StockItem, SyncStatus};
use fieldline_model::{Dictionary, Value};
use fieldline_sync::session::{Absorbed, Event};

const WIDTH: usize = 78;

/// A page with a title.
fn page(title: &str, lines: &[String]) -> String {
    let mut page = format!("┌─ {title} {}\n", "─".repeat(WIDTH.saturating_sub(title.chars().count() + 4)));
    for line in lines.iter().flat_map(|line| wrapped(line)) {
        let _ = writeln!(page, "│ {line}");
    }
    page.push_str(&format!("└{}", "─".repeat(WIDTH)));
    page
}

/// A line in as many as it takes, the later ones a little to the right.
fn wrapped(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split_inclusive([' ', '|']) {
        let current = lines.last_mut().expect("there is one from the beginning");
        if current.chars().count() + word.trim_end().chars().count() > WIDTH && !current.trim().is_empty() {
            lines.push(format!("      {word}"));
        } else {
            current.push_str(word);
        }
    }
    lines
}

/// The stage in the words people read.
fn stage(item: &Item) -> String {
    let life_cycle = Dictionary::shipped().life_cycle_of(item.document.table.as_str());
    let stage = item.stage.as_deref().and_then(|name| life_cycle?.stage(name));
    stage.map(|stage| stage.label.clone()).unwrap_or_default()
}

fn text(item: &Item, field: &str) -> String {
    item.fields.get(field).map(Value::to_string).unwrap_or_default()
}

/// What is not yet on the server, or needs somebody, as marks.
fn marks(item: &Item) -> String {
    let unsent = if item.unsent > 0 { format!(" ↑{}", item.unsent) } else { String::new() };
    let attention = if item.attention > 0 { format!(" !{}", item.attention) } else { String::new() };
    let reads_only = if item.is_editable { "" } else { " (read only until its history comes)" };
    let leaving = if item.is_leaving { " (leaves when it is delivered)" } else { "" };
    format!("{unsent}{attention}{reads_only}{leaving}")
}

fn line(item: &Item) -> String {
    let what = text(item, "short_description");
    let what = if what.is_empty() { item.document.table.to_string() } else { what };
    format!("{:<12} {:<18} {what}{}", item.display, stage(item), marks(item))
}

/// How the phone stands, in one line that tells the truth.
fn standing(status: &SyncStatus, radio: bool) -> String {
    let synced = status.synced_at.map_or("never in step".into(), |at| format!("in step as of {at}"));
    let radio = if radio { "" } else { " · the radio is off" };
    let unsent = match (status.unsent_edits, status.unsent_files) {
        (0, 0) => " · everything is sent".into(),
        (edits, files) => format!(" · {edits} edits and {files} files not sent yet, safe on this phone"),
    };
    let held = if status.held_edits > 0 { format!(" · {} held", status.held_edits) } else { String::new() };
    format!("{synced}{radio}{unsent}{held}")
}

/// A list of records.
pub fn list(items: &[Item], status: &SyncStatus, radio: bool) -> String {
    let mut lines = vec![standing(status, radio)];
    lines.extend(items.iter().enumerate().map(|(number, item)| format!("{:>2}  {}", number + 1, line(item))));
    if items.is_empty() {
        lines.push("nothing here".into());
    }
    page(&format!("{} records", items.len()), &lines)
}

/// One record with its buttons.
pub fn record(view: &RecordView) -> String {
    let mut lines = vec![line(&view.item)];
    if let Some(details) = &view.details {
        lines.extend(details.work_notes.iter().map(|note| format!("note     {}", note.what.text)));
        lines.extend(details.comments.iter().map(|note| format!("comment  {}", note.what.text)));
        let disputed = |is: bool| if is { "  (disputed)" } else { "" };
        lines.extend(details.answers.iter().map(|one| {
            let answer = &one.latest.what;
            format!("answer   {}: {}{}", answer.question, answer.answer, disputed(one.is_disputed))
        }));
        lines.extend(
            details
                .attachments
                .iter()
                .map(|file| format!("file     {} ({} kB)", file.what.file_name, file.what.size_bytes >> 10)),
        );
        lines.extend(details.alternatives.iter().map(|other| {
            let value = other.value.as_ref().map_or("nothing".into(), Value::to_string);
            format!("in doubt {}: somebody else wrote {value}", other.field)
        }));
    }
    let button = |offer: &fieldline_device::view::StepOffer| {
        let reasons =
            if offer.reasons.is_empty() { String::new() } else { format!(" for {}", offer.reasons.join("|")) };
        format!("[{}{reasons}]", offer.step)
    };
    lines.push(view.steps.iter().map(button).collect::<Vec<_>>().join(" "));
    page(&view.item.display, &lines)
}

/// A record as a form.
pub fn form(fields: &[FormField]) -> String {
    let shown = |field: &FormField| {
        let lock = if field.may_write { ' ' } else { '·' };
        let star = if field.is_mandatory { '*' } else { ' ' };
        format!("{lock}{star}{:<28} {}", field.label, field.shown)
    };
    let filled: Vec<String> =
        fields.iter().filter(|field| field.value.is_some() || field.may_write).map(shown).collect();
    page("form (· may not be written by this person)", &filled)
}

/// Who did what.
pub fn history(view: &RecordView) -> String {
    let deed = |deed: &fieldline_documents::history::Deed| format!("{} {}", deed.subject, deed.detail);
    let told = |line: &fieldline_documents::history::HistoryLine| {
        format!("{}  {}", line.at, line.deeds.iter().map(deed).collect::<Vec<_>>().join("; "))
    };
    page(&format!("history of {}", view.item.display), &view.history.iter().map(told).collect::<Vec<_>>())
}

/// What waits for a decision.
pub fn attention(needs: &NeedsAttention) -> String {
    let mut lines: Vec<String> = Vec::new();
    for held in &needs.held {
        lines.push(format!("held {}  {}  {}", held.counter, held.display, held.deeds.join("; ")));
        lines.push(format!("       {}   [discard {}] [resend {}]", held.detail, held.counter, held.counter));
    }
    for doubt in &needs.records {
        lines.push(line(&doubt.item));
        lines.extend(doubt.refused.iter().map(|refused| format!("       {} was not followed", refused.step.name)));
        lines.extend(
            doubt
                .alternatives
                .iter()
                .map(|other| format!("       {} is in doubt [confirm {}]", other.field, other.field)),
        );
    }
    if lines.is_empty() {
        lines.push("nothing needs a decision".into());
    }
    page("needs attention", &lines)
}

/// What others did.
pub fn news(news: &[News]) -> String {
    let told = |news: &News| {
        let who = news.by_name.as_deref().unwrap_or("");
        format!("{:<12} {:?} {who} {}", news.display, news.happened, news.deeds.join("; "))
    };
    page("what changed", &news.iter().map(told).collect::<Vec<_>>())
}

/// What is in the van.
pub fn van(stock: &[StockItem]) -> String {
    page("van", &stock.iter().map(|stock| format!("{:>4} × {}", stock.left, stock.item.display)).collect::<Vec<_>>())
}

/// The best order of the day.
pub fn plan(plan: &DayPlan) -> String {
    let mut lines: Vec<String> = Vec::new();
    for stop in &plan.stops {
        lines.push(format!("{} → {}  {}", stop.arrives_at, stop.ends_at, line(&stop.task)));
    }
    lines.extend(plan.left_out.iter().map(|left| format!("left out: {} — {}", left.task.display, left.reason)));
    lines.push(format!("back at {}", plan.back_at));
    page("the rest of the day", &lines)
}

/// The edits made here.
pub fn outbox(edits: &[OutboxEdit]) -> String {
    let told = |edit: &OutboxEdit| format!("{:>6}  {}  {:?}  {}", edit.counter, edit.made_at, edit.fate, edit.document);
    page("outbox", &edits.iter().map(told).collect::<Vec<_>>())
}

/// How the phone stands with its server.
pub fn status(status: &SyncStatus, salvage: Option<&Salvage>, radio: bool) -> String {
    let mut lines = vec![standing(status, radio)];
    lines.extend(salvage.map(ToString::to_string));
    if status.damaged_files > 0 {
        lines.push(format!("{} files were damaged before they were sent; capture them again", status.damaged_files));
    }
    page("status", &lines)
}

/// What an exchange did.
pub fn synced(events: &[Event], status: &SyncStatus) -> String {
    let absorbed = events.iter().filter_map(|event| match event {
        Event::Absorbed(Absorbed { accepted, changed, .. }) => Some((*accepted, *changed)),
        _ => None,
    });
    let (accepted, changed) = absorbed.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let trouble = events.iter().find_map(|event| match event {
        Event::Failed { .. } => Some("the server cannot be reached; everything is kept and tried again"),
        Event::NeedsSignIn | Event::Revoked => Some("the server did not know this device any more; signed in again"),
        Event::UpdateNeeded => Some("the app must be updated; everything is kept"),
        _ => None,
    });
    let mut lines = vec![format!("{accepted} edits taken by the server, {changed} records came or changed")];
    lines.extend(trouble.map(str::to_owned));
    lines.push(standing(status, true));
    page("sync", &lines)
}
