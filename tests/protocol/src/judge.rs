//! Whether what a phone believes is so. The judge reads the server's log and the phones' screens, never a message.

use std::collections::BTreeMap;

use fieldline_device::view::Fate;
use fieldline_model::{BlobHash, DocumentId};
use fieldline_storage::EditKey;

use crate::{Day, Phone};

impl Day {
    /// Edits Mia's phone takes for settled that the server has neither in its log nor among those kept aside.
    pub fn false_receipts(&self) -> Vec<u64> {
        let (device, epoch) = (self.mia.enrolment().device, self.mia.enrolment().epoch);
        let log = self.office.server.storage().read().expect("a sound database");
        let mut settled = self.mia.outbox();
        settled.retain(|edit| !matches!(edit.fate, Fate::Local | Fate::Sent));
        let is_there = |counter: u64| {
            let key = EditKey { device, epoch, counter };
            let accepted = log.edit(key).expect("a sound database").is_some();
            accepted || !log.held(key).expect("a sound database").is_empty()
        };
        settled.into_iter().map(|edit| edit.counter).filter(|counter| !is_there(*counter)).collect()
    }

    /// How much the server has recorded: it grows with everything it takes.
    pub fn recorded(&self) -> u64 {
        self.office.server.storage().read().and_then(|tx| tx.head()).expect("a sound database")
    }

    /// Everything Mia's phone shows of the day's work.
    pub fn mia_shows(&mut self) -> String {
        let outbox = self.mia.outbox();
        format!("{:?} {outbox:?}", shows(&mut self.mia, &self.jobs))
    }

    /// Asserts that everything Mia did is on the server once, that both sides show the same, and that what was taken away
    /// is gone.
    pub fn everything_arrived_once(&mut self) {
        let status = self.mia.device().sync_status().expect("a status");
        let open = (status.unsent_edits, status.held_edits, status.unsent_files, status.wanted_documents);
        assert_eq!(open, (0, 0, 0, 0), "unsent, held, files, wanted");
        assert_eq!(self.false_receipts(), [0_u64; 0]);
        let jobs = self.jobs.clone();
        assert!(self.mia.device().record(&jobs[2]).expect("a sound disk").is_none(), "the job given away is gone");
        self.bob.syncs(&mut self.office);
        let mut on_the_third = self.bob.notes_on(&jobs[2]);
        on_the_third.sort_unstable();
        let expected = ["I have the key", "Nobody at home, left a card", "The tenant asks for a call before you come"];
        assert_eq!(on_the_third, expected);
        assert_eq!(self.mia.notes_on(&jobs[1]), ["On the way, stuck behind the tunnel"]);
        assert_eq!(self.mia.notes_on(&jobs[0]).len(), 1);
        let mut fresh = self.office.gives_another_phone_to(&self.mia);
        fresh.syncs(&mut self.office);
        assert_eq!(shows(&mut self.mia, &jobs), shows(&mut fresh, &jobs), "the phone shows what the server knows");
        self.every_file_is_whole(&mut fresh);
    }

    /// A phone that has no file fetches those of the first job from the server, byte for byte.
    fn every_file_is_whole(&mut self, fresh: &mut Phone) {
        let job = &self.jobs[0];
        let attached = self.mia.sees(job).details.expect("a document").attachments;
        let files: Vec<BlobHash> = attached.into_iter().map(|file| file.what.blob).collect();
        assert_eq!(files.len(), 3, "photo, thumbnail, signature");
        for blob in &files {
            fresh.device().fetch(job, *blob).expect("the record shows the file");
        }
        fresh.syncs(&mut self.office);
        for blob in files {
            let (ours, theirs) = (self.mia.device().file(blob), fresh.device().file(blob));
            assert_eq!(ours.expect("it is on the phone"), theirs.expect("it came whole"));
        }
    }
}

fn shows(phone: &mut Phone, records: &[DocumentId]) -> BTreeMap<DocumentId, Option<String>> {
    let mut shown = |id: &DocumentId| {
        let view = phone.device().record(id).expect("a phone reads its own records")?;
        Some(format!("{:?} {:?}", view.details, view.history))
    };
    records.iter().map(|id| (id.clone(), shown(id))).collect()
}
