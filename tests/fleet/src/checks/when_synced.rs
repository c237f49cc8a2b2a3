//! Promises 1 and 3 in the middle of the storm: a phone that says it has everything has everything there was when the server
//! answered, as the log says it, and nothing out of its scope; and what others did reaches records with unsent work, too.
//!
//! What an exchange forgets and a later one puts right is not seen when it is calm. Working out what the log says takes
//! longer than the answer, so one answer in a few is looked at.

use std::collections::BTreeMap;

use fieldline_device::view::RecordView;
use fieldline_model::{DocumentId, FieldName, Value};
use fieldline_sync::frame;
use fieldline_sync::session::Event;
use fieldline_sync::wire::WIRE_VERSION;

use super::case::Case;
use super::scope::in_scope;
use crate::phone::Phone;
use crate::truth::Meaning;
use crate::world::World;

/// One answer in so many is looked at.
const ONE_IN: u64 = 4;

/// What a phone took in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// An answer.
    Answer,
    /// The last answer: it says that it has everything.
    Everything,
}

impl Took {
    /// By what a session says of it.
    pub fn from_events(events: &[Event]) -> Option<Self> {
        let has = |wanted: fn(&Event) -> bool| events.iter().any(wanted);
        match (has(|event| matches!(event, Event::Synced { .. })), has(|event| matches!(event, Event::Absorbed(_)))) {
            (true, _) => Some(Self::Everything),
            (false, true) => Some(Self::Answer),
            (false, false) => None,
        }
    }
}

/// What a phone must show once it has taken in an answer.
pub struct Expected {
    /// By which answer: one request may be answered twice, each time as things stand then.
    answer: Vec<u8>,
    records: BTreeMap<DocumentId, Told>,
}

/// What the log says of a record.
struct Told {
    fields: BTreeMap<FieldName, Value>,
    /// `None` for a reference row.
    meaning: Option<Meaning>,
}

/// What the answer to a phone's `number`-th request must bring about, if it is the last and one of those looked at.
pub fn expect(world: &World, phone: usize, number: u64, answer: &[u8]) -> Option<Expected> {
    // Somebody hostile may have told the phone of what never was; a copy that gets numbers of its own begins over with them.
    if !(number + phone as u64).is_multiple_of(ONE_IN) || world.deceived.contains(&phone) {
        return None;
    }
    frame::decode_response(answer, WIRE_VERSION).ok().filter(|answer| !answer.more && answer.renew_epoch.is_none())?;
    let server = world.office.server();
    let tx = server.storage().read().expect("the server's database can be read");
    let dictionary = server.dictionary();
    let case = Case::open(&*tx, &dictionary, &[]);
    let told = |id: DocumentId| {
        let fields = case.records.get(&id.sys_id)?.fields.clone();
        let meaning = case.meanings.get(&id).cloned();
        Some((id, Told { fields, meaning }))
    };
    let records = in_scope(&case, world.phones[phone].user).into_iter().filter_map(told).collect();
    Some(Expected { answer: answer.to_vec(), records })
}

impl Expected {
    /// Whether it is what this answer brings about.
    pub fn is_of(&self, answer: &[u8]) -> bool {
        self.answer == answer
    }

    /// What is wrong with a phone that has taken in the answer.
    pub fn judge(&self, phone: &mut Phone, took: Took) -> Vec<String> {
        match took {
            Took::Everything => self.with_everything(phone),
            Took::Answer => self.with_unsent_work(phone),
        }
    }

    fn with_everything(&self, phone: &mut Phone) -> Vec<String> {
        let knows_all = !phone.is_older();
        let device = phone.device();
        let open = |id: &DocumentId| device.record(id).expect("a phone can read its own records");
        let missing = |(id, told): (&DocumentId, &Told)| match open(id) {
            None => vec![format!("{id} was in scope when it was answered and is not on the phone")],
            Some(view) => told.differences(id, &view, knows_all),
        };
        let mut broken: Vec<String> = self.records.iter().flat_map(missing).collect();
        broken.extend(self.out_of_scope(phone));
        broken
    }

    /// Under unsent work lies everything others did, unless its document is asked for, and lists show the two together.
    fn with_unsent_work(&self, phone: &mut Phone) -> Vec<String> {
        let status = phone.device().sync_status().expect("a phone can read its own status");
        if status.unsent_edits == 0 || status.wanted_documents > 0 {
            return Vec::new();
        }
        let unsent = phone.everything().into_iter().filter(|item| item.unsent > 0);
        let (device, mut broken) = (phone.device(), Vec::new());
        for id in unsent.map(|item| item.document) {
            let view = device.record(&id).expect("a phone can read its own records");
            let told = self.records.get(&id).and_then(|told| told.meaning.as_ref());
            if let Some((meaning, view)) = told.zip(view) {
                broken.extend(under_unsent_work(&id, meaning, &view));
            }
        }
        broken
    }

    fn out_of_scope(&self, phone: &mut Phone) -> Vec<String> {
        let items = phone.everything().into_iter();
        let stays = items.filter(|item| item.unsent == 0 && !self.records.contains_key(&item.document));
        stays
            .map(|item| format!("{} was out of scope when it was answered and is on the phone", item.document))
            .collect()
    }
}

impl Told {
    /// Where what is shown is not what the log says; work that the server did not have is the phone's own business.
    fn differences(&self, id: &DocumentId, view: &RecordView, knows_all: bool) -> Vec<String> {
        if view.item.unsent > 0 {
            return Vec::new();
        }
        let is_undecided = self.meaning.as_ref().is_some_and(|meaning| !meaning.undecided.is_empty());
        let mut broken = Vec::new();
        if view.item.fields != self.fields && !is_undecided && knows_all {
            broken.push(format!("{id} showed other fields in lists than its edits said when it was answered"));
        }
        let Some(meaning) = self.meaning.as_ref().filter(|_| knows_all) else { return broken };
        match &view.details {
            None => broken.push(format!("{id} was in scope and only its row is on the phone")),
            Some(details) => {
                let differences = meaning.differences(&details.into()).into_iter();
                broken.extend(differences.map(|what| format!("{id}: when it was answered, on the phone {what}")));
            }
        }
        broken
    }
}

fn under_unsent_work(id: &DocumentId, meaning: &Meaning, view: &RecordView) -> Vec<String> {
    let Some(details) = &view.details else { return Vec::new() };
    let shown = Meaning::from(details);
    let has_all = meaning.work_notes.iter().all(|note| shown.work_notes.contains(note))
        && meaning.comments.iter().all(|comment| shown.comments.contains(comment))
        && meaning.readings.iter().all(|reading| shown.readings.contains(reading));
    let mut broken = Vec::new();
    if !has_all {
        broken.push(format!("{id} lacks under unsent work what others had written when it was answered"));
    }
    if view.item.fields != details.record.fields {
        broken.push(format!("{id} shows other fields in lists than its document has"));
    }
    broken
}
