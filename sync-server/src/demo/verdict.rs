//! Whether everything came together: every phone against the server, every edit that was called safe against the feed.
//!
//! The server's side is worked out anew from the edits in its log, not taken from what it shows, so a fault in its
//! projections would be found here, too. A phone must hold exactly the records of its person's scope, each as the server has
//! it; a document must agree in every word, step, part, picture and provenance.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_device::Device;
use fieldline_documents::{Document, Edit};
use fieldline_model::{DocumentId, SysId, Timestamp};
use fieldline_service::Server;
use fieldline_storage::Tx;

use super::phone::{Phone, Saved};
use crate::failed::Failed;

/// How it came out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Records compared, over all phones.
    pub compared: u64,
    /// What differs, in words; empty when everything converged.
    pub differences: Vec<String>,
    /// Edits a phone called safe that are neither on the server nor shown as held.
    pub lost: u64,
    /// Edits that are on the server more than once.
    pub doubled: u64,
    /// Edits the server keeps aside and the phone shows with a way out.
    pub held: u64,
}

impl Verdict {
    /// Compares everything.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub fn of(server: &Server, phones: &[Phone]) -> Result<Self, Failed> {
        let mut judge =
            Judge { server, tx: server.storage().read()?, digests: BTreeMap::new(), verdict: Self::default() };
        for phone in phones {
            judge.compare(phone)?;
            judge.look_for_edits(phone)?;
        }
        Ok(judge.verdict)
    }
}

struct Judge<'a> {
    server: &'a Server,
    tx: Box<dyn Tx + 'a>,
    digests: BTreeMap<DocumentId, [u8; 32]>,
    verdict: Verdict,
}

impl Judge<'_> {
    /// The records a person's phones should hold.
    fn scope(&self, user: SysId) -> Result<BTreeSet<DocumentId>, Failed> {
        let mut scope = BTreeSet::new();
        for (key, interval) in self.tx.subscriptions(user)? {
            if interval.until.is_none() {
                scope.extend(self.tx.members(&key)?);
            }
        }
        Ok(scope)
    }

    fn compare(&mut self, phone: &Phone) -> Result<(), Failed> {
        let scope = self.scope(phone.user)?;
        let device = phone.runtime.device();
        for id in &scope {
            self.verdict.compared += 1;
            if let Some(problem) = self.difference(&device, id)? {
                self.verdict.differences.push(format!("{}: {id} {problem}", phone.name));
            }
        }
        for table in self.server.dictionary().tables() {
            let held = device.by_table(&table.name).map_err(super::phone_failed(phone.name))?;
            let extra = held.into_iter().filter(|item| !scope.contains(&item.document));
            let told = extra.map(|item| format!("{}: {} is out of scope and still there", phone.name, item.document));
            self.verdict.differences.extend(told);
        }
        Ok(())
    }

    fn difference(&mut self, device: &Device, id: &DocumentId) -> Result<Option<String>, Failed> {
        let Some(here) = device.record(id).map_err(super::phone_failed("a technician"))? else {
            return Ok(Some("is missing".into()));
        };
        if let Some(details) = here.details {
            return Ok((details.digest() != self.digest(id)?).then(|| "has another history".into()));
        }
        let row = self.tx.record(id)?.map(|(_, record)| record);
        let differs = row.is_none_or(|row| row.fields != here.item.fields);
        Ok(differs.then(|| "has other fields".into()))
    }

    /// What a document means, from the edits in the server's log.
    fn digest(&mut self, id: &DocumentId) -> Result<[u8; 32], Failed> {
        if let Some(digest) = self.digests.get(id) {
            return Ok(*digest);
        }
        let mut document = Document::seed(id.clone());
        for edit in self.edits(id)? {
            document.apply(&edit).map_err(|problem| Failed::Usage(format!("{id}: {problem}")))?;
        }
        let digest = document.project(&self.server.dictionary(), &self.server.priorities()).digest();
        self.digests.insert(id.clone(), digest);
        Ok(digest)
    }

    fn edits(&self, id: &DocumentId) -> Result<Vec<Edit>, Failed> {
        let stored = self.tx.edits(id, 0)?;
        let decoded = stored.iter().map(|(_, stored)| Edit::decode(&stored.body));
        decoded.collect::<Result<_, _>>().map_err(|problem| Failed::Usage(format!("{id}: {problem}")))
    }

    /// Looks for every edit the phone called safe. Made anew after a hold or a missing predecessor, an edit has another
    /// number and the same author, record and moment, so that is how it is known.
    fn look_for_edits(&mut self, phone: &Phone) -> Result<(), Failed> {
        let held = phone.runtime.device().needs_attention().map_err(super::phone_failed(phone.name))?.held;
        let mut found: BTreeMap<DocumentId, BTreeMap<Timestamp, u64>> = BTreeMap::new();
        for Saved { document, at, .. } in &phone.seen.saved {
            if !found.contains_key(document) {
                let mut moments = BTreeMap::new();
                for edit in self.edits(document)?.into_iter().filter(|edit| edit.author == phone.user) {
                    *moments.entry(edit.at).or_default() += 1;
                }
                found.insert(document.clone(), moments);
            }
            match found[document].get(at) {
                Some(1) => {}
                Some(_) => self.verdict.doubled += 1,
                None if held.iter().any(|held| held.document == *document && held.made_at == *at) => {
                    self.verdict.held += 1
                }
                None => self.verdict.lost += 1,
            }
        }
        Ok(())
    }
}
