//! Where things lie in the Automerge document, and the one change every document is born from.
//!
//! The seed creates every container, so two replicas never create rival ones and lose a side. It has a fixed actor, time
//! and content: its hash is the same on every replica forever. Later containers come from a second fixed change; nothing
//! here is ever renamed. Below the containers there are only scalars, so nothing is deep and nothing has to recurse.

use std::collections::BTreeMap;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, AutomergeError, ObjId, ObjType, ROOT, ReadDoc, Value};
use fieldline_model::DeviceId;

pub(crate) const FIELDS: &str = "fields";
pub(crate) const SETS: &str = "sets";
pub(crate) const COMMENTS: &str = "comments";
pub(crate) const WORK_NOTES: &str = "work_notes";
pub(crate) const TRANSITIONS: &str = "transitions";
pub(crate) const ANSWERS: &str = "answers";
pub(crate) const PARTS: &str = "parts";
pub(crate) const TIME_ENTRIES: &str = "time_entries";
pub(crate) const READINGS: &str = "readings";
pub(crate) const ATTACHMENTS: &str = "attachments";

const MAPS: [&str; 2] = [FIELDS, SETS];
const LISTS: [&str; 8] = [COMMENTS, WORK_NOTES, TRANSITIONS, ANSWERS, PARTS, TIME_ENTRIES, READINGS, ATTACHMENTS];

/// The version of the layout, kept in the document for readers that come later.
const SCHEMA: i64 = 1;

/// The actor a device writes as during one epoch.
pub(crate) fn actor(device: DeviceId, epoch: u32) -> ActorId {
    let mut bytes = device.0.to_vec();
    bytes.extend(epoch.to_be_bytes());
    ActorId::from(bytes)
}

/// A document that holds the seeding change and nothing else.
pub(crate) fn seeded() -> Automerge {
    let mut doc = Automerge::new().with_actor(actor(DeviceId([0; 16]), 0));
    let mut transaction = doc.transaction();
    transaction.put(ROOT, "schema", SCHEMA).expect("the root is a map");
    for (names, kind) in [(&MAPS[..], ObjType::Map), (&LISTS[..], ObjType::List)] {
        for name in names {
            transaction.put_object(ROOT, *name, kind).expect("the root is a map");
        }
    }
    transaction.commit_with(CommitOptions::default().with_time(0));
    doc
}

/// The containers of one document.
#[derive(Debug, Clone)]
pub(crate) struct Containers(BTreeMap<&'static str, ObjId>);

impl Containers {
    /// Finds them; names the first that is missing or of another type.
    pub(crate) fn of(doc: &impl ReadDoc) -> Result<Self, String> {
        let wanted =
            MAPS.iter().map(|name| (*name, ObjType::Map)).chain(LISTS.iter().map(|name| (*name, ObjType::List)));
        let find = |(name, kind): (&'static str, ObjType)| match doc.get(ROOT, name) {
            Ok(Some((Value::Object(found), id))) if found == kind => Ok((name, id)),
            _ => Err(format!("the container \"{name}\" is missing")),
        };
        wanted.map(find).collect::<Result<_, _>>().map(Self)
    }

    /// One container by name.
    pub(crate) fn get(&self, name: &str) -> &ObjId {
        self.0.get(name).expect("the names are constants of this file and all were found")
    }

    /// Every container with its name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &ObjId)> {
        self.0.iter().map(|(name, id)| (*name, id))
    }

    /// Whether nothing lies below the containers but scalars.
    pub(crate) fn are_flat(&self, doc: &impl ReadDoc) -> Result<bool, AutomergeError> {
        for name in MAPS {
            for key in doc.keys(self.get(name)) {
                if doc.get_all(self.get(name), key)?.iter().any(|(value, _)| value.is_object()) {
                    return Ok(false);
                }
            }
        }
        let mut entries = LISTS.iter().flat_map(|name| doc.values(self.get(name)));
        Ok(entries.all(|(value, _)| !value.is_object()))
    }
}
