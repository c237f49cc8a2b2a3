//! The ten thousand records every side holds, and their history.
//!
//! *The mapping.* The measurements this is compared with used a synthetic work order of 29 keys and about 1,550 bytes of JSON,
//! born by one change and followed by ten that write one field each, by three actors. Here that record is a work order or a
//! task of one, in the dictionary's own fields (30 to 33 keys with the stamps every record has); the five notes of the
//! synthetic one are its `description`, because a list must be able to search them. Of a hundred records 98 are such orders
//! and tasks, one is an asset, and one is a location, an account or a contact: those are rows without a history. Text is
//! drawn from 200 words. Fifty tasks are open and make up the day; the last change of all others cancels them, which makes
//! the server write one change more to their orders.

use fieldline_documents::{Act, Document, Edit, EditId};
use fieldline_model::{DeviceId, DocumentId, SysId, Timestamp, Value};
use fieldline_sync::wire::PushedEdit;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use crate::data::{DAY, sys_id};
use crate::sync::Result;

/// Tasks that are still to be done.
pub const OPEN_TASKS: usize = 50;
/// How many of a history's changes each of the three authors makes, the creating one included.
const CHANGES: [usize; 3] = [5, 3, 3];
/// Words of a description: with these a record has about 1,550 bytes of JSON.
const DESCRIPTION_WORDS: usize = 62;

const WORDS: &str = "about above access account address adjust after again air alarm already also always amber annual another \
answer area arrive asked away back badly basement battery before below best better between bitter black blocked blue bolt \
both bottom bracket bring broken brown building burst button cable cabinet call came cannot care ceiling chain change cheap \
clean clear clock close cold colour common contact copper corner could cover crack cracked current daily damp dark date day \
deep door down drain dry dust early east easy edge eight empty end engine enough enter even every exit extra face failed \
fan far fast few field fill final find fine first fit five fix flat flow fluid follow four frame free fresh front full fuse \
gap garage gas gate gauge given glass good green grey ground guard half hall handle hard heat heavy height here high hinge \
hold hole hose hour house inner inside iron item joint just keep kitchen known large last late latch leak left length less \
level lift light line link list little load lock long loose loud low lower made main make mark metal middle minor minute \
mode month more motor mount move much must name narrow near need new next";

/// Someone who writes: on a device of their own, in one line of numbered edits.
#[derive(Debug)]
pub struct Author {
    pub user: SysId,
    pub device: DeviceId,
    pub counter: u64,
}

/// How many of each table make up so many records.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// Orders, and as many tasks.
    pub orders: usize,
    pub assets: usize,
    pub locations: usize,
    /// Accounts, and as many contacts.
    pub accounts: usize,
}

impl Mix {
    pub fn of(records: usize) -> Self {
        let (assets, locations, accounts) = (records / 100, records / 200, records / 400);
        Self { orders: (records - assets - locations - 2 * accounts) / 2, assets, locations, accounts }
    }

    /// Records with a history.
    pub fn documents(self) -> usize {
        2 * self.orders + self.assets
    }

    pub fn records(self) -> usize {
        self.documents() + self.locations + 2 * self.accounts
    }

    /// The documents in the order in which they are made: orders before their tasks.
    pub fn document(self, number: usize) -> DocumentId {
        let (orders, tasks) = (self.orders, 2 * self.orders);
        let table = if number < orders {
            "wm_order"
        } else if number < tasks {
            "wm_task"
        } else {
            "alm_asset"
        };
        DocumentId::new(table, sys_id(number))
    }

    /// A row without a history: its table, identity and fields.
    pub fn rows(self) -> impl Iterator<Item = (&'static str, SysId, String)> {
        let count = self.locations + 2 * self.accounts;
        (0..count).map(move |index| {
            let table = if index < self.locations {
                "cmn_location"
            } else if index < self.locations + self.accounts {
                "customer_account"
            } else {
                "customer_contact"
            };
            (table, sys_id(self.documents() + index), text(&mut chance(self.documents() + index), 4))
        })
    }

    fn row(self, first: usize, count: usize, number: usize) -> Option<Value> {
        Some(Value::Reference(sys_id(self.documents() + first + number % count.max(1))))
    }
}

fn chance(number: usize) -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64(!(number as u64))
}

fn below(rng: &mut impl Rng, limit: u32) -> i64 {
    i64::from(rng.next_u32() % limit)
}

fn text(rng: &mut impl Rng, words: usize) -> String {
    let all: Vec<&str> = WORDS.split_whitespace().collect();
    (0..words).map(|_| all[rng.next_u32() as usize % all.len()]).collect::<Vec<_>>().join(" ")
}

fn set(field: &str, value: impl Into<Option<Value>>) -> Act {
    Act::Set { field: field.into(), value: value.into() }
}

fn words(field: &str, rng: &mut impl Rng, count: usize) -> Act {
    set(field, Value::text(text(rng, count)))
}

/// A document and its history: the edits of the three authors in their order, each with the hash of the change it makes.
pub fn history(
    mix: Mix,
    number: usize,
    assignee: SysId,
    authors: &mut [&mut Author; 3],
) -> Result<(Document, [Vec<PushedEdit>; 3])> {
    let id = mix.document(number);
    let rng = &mut chance(number);
    let creating = match id.table.as_str() {
        "alm_asset" => asset(mix, number, assignee, rng),
        _ => work(mix, number, assignee, authors[0].user, rng),
    };
    let mut acts: Vec<Vec<Act>> = vec![creating];
    acts.extend(changes(mix, number, rng).into_iter().map(|act| vec![act]));
    let mut document = Document::seed(id);
    let mut acts = acts.into_iter();
    let mut pushed = [Vec::new(), Vec::new(), Vec::new()];
    for ((author, changes), pushed) in authors.iter_mut().zip(CHANGES).zip(&mut pushed) {
        for acts in acts.by_ref().take(changes) {
            pushed.push(edit(&mut document, author, acts)?);
        }
    }
    Ok((document, pushed))
}

/// One edit on top of a document, as it is pushed.
pub fn edit(document: &mut Document, author: &mut Author, acts: Vec<Act>) -> Result<PushedEdit> {
    author.counter += 1;
    let id = EditId { device: author.device, epoch: 1, counter: author.counter };
    let at = DAY.0.plus_milliseconds(-(90 * 86_400_000) + author.counter as i64 * 1_013);
    let edit = Edit { acts, ..Edit::new(document.id().clone(), id, author.user, at, &document.heads()) };
    let hash = document.apply(&edit)?.hash.0[..16].try_into()?;
    Ok(PushedEdit { counter: author.counter, hash, body: edit.encode().into(), epoch: None })
}

fn moment(rng: &mut impl Rng, hours: u32) -> Value {
    Value::Time(Timestamp(DAY.0.0 + below(rng, hours) * 3_600_000))
}

fn work(mix: Mix, number: usize, assignee: SysId, opener: SysId, rng: &mut impl Rng) -> Vec<Act> {
    let is_order = number < mix.orders;
    let job = if is_order { number } else { number - mix.orders };
    let day = if job < OPEN_TASKS { 0 } else { -1 - below(rng, 600) };
    let starts = DAY.0.0 + day * 86_400_000 + 8 * 3_600_000 + below(rng, 36) * 900_000;
    let time = |hours: i64| Value::Time(Timestamp(starts + hours * 3_600_000));
    let mut acts = vec![
        set("number", Value::text(format!("{}{number:07}", if is_order { "WO" } else { "WOT" }))),
        words("short_description", rng, 6),
        words("description", rng, DESCRIPTION_WORDS),
        set("impact", Value::Integer(1 + below(rng, 3))),
        set("urgency", Value::Integer(1 + below(rng, 3))),
        set("assigned_to", Value::Reference(assignee)),
        set("opened_at", time(-50)),
        set("opened_by", Value::Reference(opener)),
        set("location", mix.row(0, mix.locations, job)),
        set("account", mix.row(mix.locations, mix.accounts, job)),
        set("contact", mix.row(mix.locations + mix.accounts, mix.accounts, job)),
        set("asset", Value::Reference(sys_id(2 * mix.orders + job % mix.assets.max(1)))),
        set("due_date", time(30)),
        set("contact_type", Value::text(["phone", "email", "web", "monitoring"][below(rng, 4) as usize])),
        set("correlation_id", Value::text(format!("ERP-{:08}", rng.next_u32() % 100_000_000))),
        set("expected_start", time(0)),
        set("estimated_end", time(2)),
    ];
    if is_order {
        acts.push(set("requested_due_by", time(40)));
        acts.push(set("billable", Value::Boolean(below(rng, 2) == 0)));
        acts.push(set("under_warranty", Value::Boolean(below(rng, 4) == 0)));
    } else {
        acts.push(set("parent", Value::Reference(sys_id(job))));
        acts.push(set("work_type", Value::text(["break_fix", "install", "inspection"][below(rng, 3) as usize])));
        acts.push(set("window_start", time(-1)));
        acts.push(set("window_end", time(4)));
        acts.push(set("estimated_work_duration", Value::Integer(900 * (1 + below(rng, 12)))));
        acts.push(set("estimated_travel_duration", Value::Integer(60 * (5 + below(rng, 55)))));
    }
    acts
}

fn asset(mix: Mix, number: usize, assignee: SysId, rng: &mut impl Rng) -> Vec<Act> {
    vec![
        words("display_name", rng, 4),
        set("asset_tag", Value::text(format!("A{number:06}"))),
        set("serial_number", Value::text(format!("{:08X}", rng.next_u32()))),
        set("install_status", Value::Integer(1)),
        set("quantity", Value::Integer(1)),
        set("assigned_to", Value::Reference(assignee)),
        set("location", mix.row(0, mix.locations, number)),
        set("account", mix.row(mix.locations, mix.accounts, number)),
        set("install_date", moment(rng, 24_000)),
    ]
}

/// Ten changes that write one field each.
fn changes(mix: Mix, number: usize, rng: &mut impl Rng) -> Vec<Act> {
    if number >= 2 * mix.orders {
        return (0..10).map(|_| set("warranty_expiration", moment(rng, 24_000))).collect();
    }
    let mut acts = vec![
        set("urgency", Value::Integer(1 + below(rng, 3))),
        set("due_date", moment(rng, 400)),
        words("close_notes", rng, 6),
        set("estimated_end", moment(rng, 400)),
        set("contact_type", Value::text(["chat", "social", "walk-in"][below(rng, 3) as usize])),
        set("impact", Value::Integer(1 + below(rng, 3))),
        words("short_description", rng, 6),
        set("correlation_id", Value::text(format!("CRM-{:08}", rng.next_u32() % 100_000_000))),
        set("due_date", moment(rng, 400)),
    ];
    let is_done = number >= mix.orders + OPEN_TASKS;
    let cancel = Act::Transition { step: "cancel".into(), reason: Some("done by another visit".into()) };
    acts.push(if is_done { cancel } else { words("close_notes", rng, 12) });
    acts
}
