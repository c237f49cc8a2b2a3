//! People: what technicians do with what their phones show, and what the dispatcher does meanwhile without asking them.

use std::collections::BTreeMap;

use fieldline_device::view::{Day, Item, StepOffer};
use fieldline_device::{Captured, Command, DeviceError};
use fieldline_model::{Decimal, DocumentId, FieldName, SysId, TableName, Timestamp, Value};
use rand_core::Rng;

use crate::dice::{between, happens, one_of};
use crate::office::Office;
use crate::phone::{Phone, Promise};
use crate::plan::MINUTE;

const DAY_MILLISECONDS: i64 = 24 * 60 * MINUTE;
/// Tables whose records technicians work on besides their own tasks.
const SHARED_TABLES: [&str; 3] = ["wm_order", "incident", "alm_asset"];

/// Lets a technician do one thing; returns what it was.
pub fn technician(phone: &mut Phone, now: Timestamp, rng: &mut dyn Rng) -> String {
    let shown = phone.clock.shows(now);
    let command = match choose(phone, shown, rng) {
        Some(command) => command,
        None => return "has nothing to do".into(),
    };
    let deed = deed_of(&command);
    if let Command::DiscardHeld { counter } = command {
        return discard(phone, counter, shown, rng);
    }
    match phone.device().execute(command.clone(), shown, rng) {
        // Sent again it is the same work, promised before.
        Ok(_) if matches!(command, Command::ResendHeld { .. }) => deed.into(),
        Ok(done) => {
            let edit = *done.edits.first().expect("whatever a technician does here makes an edit");
            let promise = Promise { document: done.document, at: done.at, truly_at: now, deed, command, edit };
            phone.promises.push(promise);
            deed.into()
        }
        Err(DeviceError::NotLoaded(_)) => format!("waits for the document to {deed}"),
        Err(error) => format!("may not {deed}: {error}"),
    }
}

/// Gives up an edit the server holds: nobody is owed it any more.
fn discard(phone: &mut Phone, counter: u64, shown: Timestamp, rng: &mut dyn Rng) -> String {
    let held = phone.device().needs_attention().expect("a phone can read its own status").held;
    let Some(held) = held.into_iter().find(|held| held.counter == counter) else { return "finds nothing held".into() };
    match phone.device().execute(Command::DiscardHeld { counter }, shown, rng) {
        Ok(_) => {
            phone.promises.retain(|promise| (&promise.document, promise.at) != (&held.document, held.made_at));
            "discards what was held".into()
        }
        Err(error) => format!("may not discard what was held: {error}"),
    }
}

fn deed_of(command: &Command) -> &'static str {
    match command {
        Command::Create { .. } => "create",
        Command::SetFields { .. } => "set fields",
        Command::Include { .. } => "include",
        Command::Exclude { .. } => "exclude",
        Command::Confirm { .. } => "confirm",
        Command::ResendHeld { .. } => "send again",
        Command::Comment { .. } => "comment",
        Command::WorkNote { .. } => "note",
        Command::Transition { .. } => "take a step",
        Command::Answer { .. } => "answer",
        Command::UsePart { .. } => "use a part",
        Command::Count { .. } => "count",
        Command::LogTime { .. } => "log time",
        Command::Read { .. } => "read a meter",
        Command::AddPhoto { .. } => "add a photo",
        _ => "something else",
    }
}

fn choose(phone: &mut Phone, now: Timestamp, rng: &mut dyn Rng) -> Option<Command> {
    if happens(rng, 50) {
        return Some(create(phone.user, now, rng));
    }
    if happens(rng, 100)
        && let Some(command) = settle(phone, rng)
    {
        return Some(command);
    }
    let shared = happens(rng, 250);
    let items = if shared { shared_items(phone, rng) } else { tasks(phone, now) };
    // Most of the time a person goes on with the job in hand, so jobs get somewhere and the office meddles with real work.
    let in_hand = happens(rng, 600).then(|| items.first()).flatten();
    let item = in_hand.or(one_of(rng, &items)).cloned()?;
    if !shared && happens(rng, 450) {
        let view = phone.device().record(&item.document).ok().flatten()?;
        if let Some(offer) = one_of(rng, &view.steps) {
            return Some(step(item.document, offer, now, rng));
        }
    }
    if happens(rng, 40) {
        return count(phone, rng);
    }
    Some(match rng.next_u32() % 6 {
        0 => take_part(phone, item.document, rng),
        1 => watch(&item, rng),
        _ => add_something(item.document, now, rng),
    })
}

/// Settles something that waits for this person: an edit the server holds, or a value in doubt.
fn settle(phone: &mut Phone, rng: &mut dyn Rng) -> Option<Command> {
    let waits = phone.device().needs_attention().expect("a phone can read its own status");
    if let Some(held) = one_of(rng, &waits.held) {
        let counter = held.counter;
        return Some(if happens(rng, 500) {
            Command::ResendHeld { counter }
        } else {
            Command::DiscardHeld { counter }
        });
    }
    let doubt = one_of(rng, &waits.records)?;
    let field = one_of(rng, &doubt.alternatives)?.field.clone();
    Some(Command::Confirm { document: doubt.item.document.clone(), field })
}

/// Takes a part out of the van, or puts one back; now and then out of whichever stockroom is nearest.
fn take_part(phone: &mut Phone, document: DocumentId, rng: &mut dyn Rng) -> Command {
    let van = phone.device().van_stock().expect("a phone can read its own lists");
    let part = one_of(rng, &van).map(|stock| stock.item.fields.clone()).unwrap_or_default();
    let reference = |field: &str| part.get(field).and_then(Value::as_reference);
    let (model, mut stockroom) = (reference("model").unwrap_or(SysId([7; 16])), reference("stockroom"));
    if happens(rng, 150) {
        let rooms = phone.device().by_table(&"alm_stockroom".into()).expect("a phone can read its own lists");
        stockroom = one_of(rng, &rooms).map(|room| room.document.sys_id);
    }
    let quantity = if happens(rng, 300) { -between(rng, 1, 3) } else { between(rng, 1, 5) };
    Command::UsePart { document, model, quantity, asset: None, stockroom }
}

/// Counts a part in the van, and finds what the phone says is there, or nearly.
fn count(phone: &mut Phone, rng: &mut dyn Rng) -> Option<Command> {
    let van = phone.device().van_stock().expect("a phone can read its own lists");
    let stock = one_of(rng, &van)?;
    let reference = |field: &str| stock.item.fields.get(field).and_then(Value::as_reference);
    let quantity = (stock.left + between(rng, -1, 2)).max(0);
    let (stockroom, model) = (reference("stockroom")?, reference("model")?);
    Some(Command::Count { stockroom, model, quantity, reason: format!("count {}", rng.next_u32() % 9) })
}

/// Puts somebody on a record's watch list or takes somebody off.
fn watch(item: &Item, rng: &mut dyn Rng) -> Command {
    let (document, field) = (item.document.clone(), "watch_list".into());
    match item.fields.get("watch_list") {
        Some(Value::List(on_it)) if happens(rng, 500) && !on_it.is_empty() => {
            let item = *one_of(rng, on_it).expect("it is not empty");
            Command::Exclude { document, field, item }
        }
        _ => Command::Include { document, field, item: SysId([rng.next_u32() as u8 % 4; 16]) },
    }
}

/// Today's list; who finds nothing there, such as on a phone whose clock is years off, looks through all tasks.
fn tasks(phone: &mut Phone, now: Timestamp) -> Vec<Item> {
    let day = Day { from: now, until: now.plus_milliseconds(DAY_MILLISECONDS) };
    let today = phone.device().today(day).expect("a phone can read its own lists");
    if !today.is_empty() {
        return today;
    }
    phone.device().by_table(&TableName::from("wm_task")).expect("a phone can read its own lists")
}

fn shared_items(phone: &mut Phone, rng: &mut dyn Rng) -> Vec<Item> {
    let table = one_of(rng, &SHARED_TABLES).expect("there are several");
    phone.device().by_table(&TableName::from(*table)).expect("a phone can read its own lists")
}

fn create(user: SysId, now: Timestamp, rng: &mut dyn Rng) -> Command {
    let text = format!("Found on site at {}: {}", now.0, rng.next_u32() % 100);
    let mut fields = BTreeMap::from([("short_description".into(), Value::text(text))]);
    let table = if happens(rng, 700) { "wm_task" } else { "incident" };
    let owner = if table == "wm_task" { "assigned_to" } else { "caller_id" };
    fields.insert(owner.into(), Value::Reference(user));
    Command::Create { table: table.into(), fields }
}

fn step(document: DocumentId, offer: &StepOffer, now: Timestamp, rng: &mut dyn Rng) -> Command {
    let text = |field: &str| Some(Value::text(format!("{field} written at {}", now.0)));
    Command::Transition {
        document,
        step: offer.step.clone(),
        reason: one_of(rng, &offer.reasons).cloned(),
        fields: offer.missing.iter().map(|field| (field.clone(), text(field.as_str()))).collect(),
        comment: happens(rng, 300).then(|| format!("With the step, at {}", now.0)),
    }
}

fn add_something(document: DocumentId, now: Timestamp, rng: &mut dyn Rng) -> Command {
    let text = format!("note {} of {now}", rng.next_u32());
    if document.table == "alm_asset" {
        return add_to_an_asset(document, text, rng);
    }
    match rng.next_u32() % 9 {
        0 => Command::Comment { document, text },
        1 | 2 => Command::WorkNote { document, text },
        3 => Command::SetFields { document, fields: BTreeMap::from([("description".into(), Some(Value::text(text)))]) },
        4 => {
            let question = format!("question-{}", rng.next_u32() % 2);
            Command::Answer { document, question, answer: text, photo: None }
        }
        5 => Command::SetFields { document, fields: BTreeMap::from([(emptied(rng), None)]) },
        6 => Command::LogTime {
            document,
            kind: "work".into(),
            started_at: now.plus_milliseconds(-between(rng, MINUTE, 60 * MINUTE)),
            ended_at: now,
        },
        7 => Command::SetFields { document, fields: BTreeMap::from([level(rng)]) },
        _ => {
            let most_bytes = if happens(rng, 300) { 150_000 } else { 10_000 };
            Command::AddPhoto { document, photo: photo(rng, most_bytes), thumbnail: Some(photo(rng, 3_000)) }
        }
    }
}

/// Assets are everybody's who works at their site.
fn add_to_an_asset(document: DocumentId, text: String, rng: &mut dyn Rng) -> Command {
    match rng.next_u32() % 3 {
        0 => Command::Read {
            document,
            meter: "hours".into(),
            value: Decimal::whole(between(rng, 0, 9_000)),
            unit: "h".into(),
        },
        1 => Command::WorkNote { document, text },
        _ => Command::Answer { document, question: "safe?".into(), answer: text, photo: None },
    }
}

/// A field somebody empties.
fn emptied(rng: &mut dyn Rng) -> FieldName {
    FieldName::from(if happens(rng, 500) { "description" } else { "impact" })
}

/// Impact or urgency, as the technician sees it.
fn level(rng: &mut dyn Rng) -> (FieldName, Option<Value>) {
    let field = FieldName::from(if happens(rng, 500) { "urgency" } else { "impact" });
    (field, Some(Value::Integer(between(rng, 1, 3))))
}

fn photo(rng: &mut dyn Rng, most_bytes: u32) -> Captured {
    let mut bytes = vec![0; (rng.next_u32() % most_bytes) as usize + 1];
    rng.fill_bytes(&mut bytes);
    Captured { bytes, file_name: "photo.jpg".into(), content_type: "image/jpeg".into() }
}

/// Lets the dispatcher do one thing; returns what it was.
pub fn dispatcher(office: &mut Office, now: Timestamp, rng: &mut dyn Rng) -> String {
    let technicians = office.technicians.clone();
    let someone = *one_of(rng, &technicians).expect("somebody was hired");
    if happens(rng, 250) {
        return office.send_work(someone, now, rng);
    }
    if happens(rng, 80) {
        return office.change_a_role(now, rng);
    }
    // Half the time the office meddles with work that somebody has begun, for that is where people get in each other's way.
    let begun = if happens(rng, 500) { office.tasks("stateIN17,18", now, rng) } else { Vec::new() };
    let tasks = if begun.is_empty() { office.tasks("active=true", now, rng) } else { begun };
    let Some(task) = one_of(rng, &tasks).cloned() else { return "sees no open task".into() };
    let deed = match rng.next_u32() % 6 {
        0 | 1 => vec![("assigned_to", someone.to_string()), ("state", "16".into())],
        2 => vec![("state", "7".into())],
        3 => vec![("urgency", between(rng, 1, 3).to_string()), ("impact", between(rng, 1, 3).to_string())],
        4 => vec![("description", format!("Changed by the office at {}", now.0))],
        _ => vec![("work_notes", format!("The office says at {}", now.0))],
    };
    office.change(&task, &deed, now, rng)
}

/// Lets the dispatcher take back work that somebody has said to do; returns what it was.
pub fn withdraw(office: &mut Office, now: Timestamp, rng: &mut dyn Rng) -> String {
    let tasks = office.tasks("stateIN16,17", now, rng);
    match one_of(rng, &tasks).cloned() {
        Some(task) => office.change(&task, &[("state", "10".into())], now, rng),
        None => "has given nobody work".into(),
    }
}

/// Lets the dispatcher cancel work that somebody is at; returns what it was.
pub fn cancel(office: &mut Office, now: Timestamp, rng: &mut dyn Rng) -> String {
    let tasks = office.tasks("stateIN17,18", now, rng);
    match one_of(rng, &tasks).cloned() {
        Some(task) => office.change(&task, &[("state", "7".into())], now, rng),
        None => "sees nobody at work".into(),
    }
}

/// Lets the dispatcher move an order to another site; returns what it was.
pub fn move_an_order(office: &mut Office, now: Timestamp, rng: &mut dyn Rng) -> String {
    let tasks = office.tasks("active=true", now, rng);
    match one_of(rng, &tasks).cloned() {
        Some(task) => office.move_the_order_of(&task, now, rng),
        None => "sees no open task".into(),
    }
}
