//! What answers say beside what a checklist asks: who signed or would not, and that somebody is safe.
//!
//! An answer is kept under a key, with its history, and flagged where two people answered without knowing of each other; an app of
//! any age shows it. So what people say on site are answers: `signature.customer` and `signature.technician` hold a name and a
//! picture, or, without a picture, why there is none; `photo.HASH` what a photo shows; `safety.USER` a sign of life;
//! `meter_replaced.METER` that a meter begins anew.
//!
//! A signature is of everything its change builds on: the hashes of those changes are in the change itself, and they hold all
//! before them, so nobody can put anything under a signature afterwards. [`Signature::covers`] is that in one line.

use fieldline_model::checklist::Given;
use fieldline_model::lone_worker::{self, HELP, Sign};
use fieldline_model::{BlobHash, Place, SysId, Timestamp, hex};

use crate::document::Document;
use crate::edit::EditId;
use crate::journal::{Answer, Entry};
use crate::layout;
use crate::project::{Answered, Projection, answered};

/// Who signs on a job.
pub const SIGNERS: [&str; 2] = ["customer", "technician"];

/// The key under which somebody signs.
pub fn signature_key(signer: &str) -> String {
    format!("signature.{signer}")
}

/// The key under which it is said what a photo shows.
pub fn photo_key(photo: BlobHash) -> String {
    format!("photo.{photo}")
}

/// The key under which it is said that a meter was replaced.
pub fn replaced_key(meter: &str) -> String {
    format!("meter_replaced.{meter}")
}

/// Whether a key is none of a question's but of what is said here.
pub fn is_reserved(key: &str) -> bool {
    key.split('.').next().is_some_and(|first| ["signature", "photo", "meter_replaced", "safety"].contains(&first))
}

/// That somebody signed, or would not.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Signature {
    /// `customer` or `technician`.
    pub signer: String,
    /// Who signed; `None` when nobody did.
    pub name: Option<String>,
    /// Why nobody did.
    pub refused: Option<String>,
    /// The signature.
    pub picture: Option<BlobHash>,
    /// On whose phone.
    pub by: SysId,
    /// When.
    pub at: Timestamp,
    /// Where, if the phone knew.
    pub place: Option<Place>,
    /// The SHA-256, in digits, of the hashes of the changes that were signed.
    pub covers: String,
    /// How many edits of the record are not among what was signed: done afterwards, or elsewhere.
    pub edits_since: usize,
    /// Whether somebody who did not know of it holds another one.
    pub is_disputed: bool,
}

impl Document {
    /// Who signed last, or would not, each with what it was about.
    pub fn signatures(&self) -> Vec<Signature> {
        let answers = answered(self.entries::<Answer>(layout::ANSWERS));
        let of = |signer: &str| {
            let key = signature_key(signer);
            let answered = answers.iter().find(|answered| answered.latest.what.question == key)?;
            self.signature(signer, answered)
        };
        SIGNERS.into_iter().filter_map(of).collect()
    }

    fn signature(&self, signer: &str, answered: &Answered) -> Option<Signature> {
        let entry = &answered.latest;
        let id = EditId { device: entry.device, epoch: entry.epoch, counter: entry.counter };
        let hash = self.ledger.change_of(id)?;
        let mut signed = self.ledger.get(hash)?.deps.clone();
        signed.sort_unstable();
        let bytes: Vec<u8> = signed.iter().flat_map(|hash| hash.0).collect();
        let covers = hex::encode(ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref());
        let covered = self.ledger.ancestors(&[hash]).len();
        let (text, picture) = (entry.what.answer.clone(), entry.what.photo);
        let (name, refused) = if picture.is_some() { (Some(text), None) } else { (None, Some(text)) };
        Some(Signature {
            signer: signer.to_owned(),
            name,
            refused,
            picture,
            by: entry.by,
            at: entry.at,
            place: entry.place,
            covers,
            edits_since: self.ledger.len() - covered,
            is_disputed: answered.is_disputed,
        })
    }
}

impl Projection {
    /// The question that is answered under a key.
    pub fn answer(&self, key: &str) -> Option<&Answered> {
        self.answers.iter().find(|answered| answered.latest.what.question == key)
    }

    /// The newest answer under a key.
    pub fn given(&self, key: &str) -> Option<Given<'_>> {
        let answer = &self.answer(key)?.latest.what;
        Some(Given { text: &answer.answer, picture: answer.photo })
    }

    /// A person's signs of life.
    pub fn signs_of(&self, user: SysId) -> Vec<Sign> {
        let Some(answered) = self.answer(&lone_worker::answer_key(user)) else { return Vec::new() };
        let theirs = answered.others.iter().chain([&answered.latest]).filter(|entry| entry.by == user);
        let sign =
            |entry: &Entry<Answer>| Sign { at: entry.at, place: entry.place, is_help: entry.what.answer == HELP };
        theirs.map(sign).collect()
    }
}

#[cfg(test)]
mod tests {
    use fieldline_model::Dictionary;
    use fieldline_model::priority::PriorityMatrix;

    use super::*;
    use crate::edit::{Act, Edit};
    use crate::testing::{description, edit, set, task};

    fn signs(answer: &str, photo: Option<BlobHash>) -> Act {
        Act::Answer { question: signature_key("customer"), answer: answer.into(), photo }
    }

    fn apply(document: &mut Document, phone: u8, counter: u64, act: Act) {
        let edit = edit(phone, counter, &document.heads()).act(act);
        document.apply(&edit).expect("is on the heads");
    }

    #[test]
    fn a_signature_covers_what_was_there_and_counts_what_came_after() {
        let mut document = Document::seed(task());
        apply(&mut document, 1, 1, description("Boiler"));
        let before = document.full_heads();
        apply(&mut document, 1, 2, signs("Lena Hofmann", Some(BlobHash([5; 32]))));
        let signed = document.signatures().remove(0);
        assert_eq!((signed.name.as_deref(), signed.refused, signed.edits_since), (Some("Lena Hofmann"), None, 0));
        let digest = ring::digest::digest(&ring::digest::SHA256, &before[0].0);
        assert_eq!(signed.covers, hex::encode(digest.as_ref()));
        apply(&mut document, 1, 3, set("description", fieldline_model::Value::text("and more")));
        let later = document.signatures().remove(0);
        assert_eq!((later.covers, later.edits_since), (signed.covers, 1));
    }

    #[test]
    fn a_refusal_is_kept_with_its_reason_and_a_later_signature_takes_its_place() {
        let mut document = Document::seed(task());
        apply(&mut document, 1, 1, description("Boiler"));
        apply(&mut document, 1, 2, signs("had left before the end", None));
        let refused = document.signatures().remove(0);
        assert_eq!((refused.name, refused.refused.as_deref()), (None, Some("had left before the end")));
        apply(&mut document, 1, 3, signs("Lena Hofmann", Some(BlobHash([5; 32]))));
        assert_eq!(document.signatures().remove(0).refused, None);
    }

    #[test]
    fn only_a_persons_own_word_is_a_sign_of_their_life() {
        let mut document = Document::seed(task());
        let (mia, others) = (SysId([1; 16]), SysId([2; 16]));
        let says =
            |answer: &str| Act::Answer { question: lone_worker::answer_key(mia), answer: answer.into(), photo: None };
        apply(&mut document, 1, 1, description("Boiler"));
        for (counter, (author, answer)) in (2..).zip([(mia, "safe"), (others, "safe"), (mia, HELP)]) {
            let edit = Edit { author, ..edit(1, counter, &document.heads()) }.act(says(answer));
            document.apply(&edit).expect("is on the heads");
        }
        let projection = document.project(Dictionary::shipped(), &PriorityMatrix::default());
        let signs = projection.signs_of(mia);
        assert_eq!((signs.len(), signs.iter().filter(|sign| sign.is_help).count()), (2, 1));
        assert_eq!(projection.signs_of(others), []);
    }
}
