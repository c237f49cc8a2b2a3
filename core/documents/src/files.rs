//! The files of a document: those that were attached, less those that were removed, under their newest names.
//!
//! A file is the act that attached it, not its content. So whoever attaches the same photo again, even without having heard
//! that it was removed, attaches another file, which stays; a removal beats every renaming, and of two names the newer
//! counts. A removal says what its author knew of, which is found when it is written and not claimed, so nobody takes away
//! what was still to come. The history keeps what a removed file was called and who removed it; its bytes are not here.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::BlobHash;
use fieldline_model::life_cycle::StepId;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::journal::Entry;
use crate::layout;

/// A reference to a captured file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
pub struct Attachment {
    /// Its content's hash.
    #[n(0)]
    pub blob: BlobHash,
    /// What people call it.
    #[n(1)]
    pub file_name: String,
    /// Its media type.
    #[n(2)]
    pub content_type: String,
    /// Its length.
    #[n(3)]
    pub size_bytes: u64,
    /// What it is for; decides what is sent first.
    #[n(4)]
    pub role: AttachmentRole,
    /// The photo this is the thumbnail of.
    #[n(5)]
    pub of: Option<BlobHash>,
}

/// What a captured file is for, in the order files are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum AttachmentRole {
    /// A signature.
    #[n(0)]
    Signature,
    /// A small version of a photo.
    #[n(1)]
    Thumbnail,
    /// A photo.
    #[n(2)]
    Photo,
    /// Anything else.
    #[n(3)]
    Document,
}

/// What became of a file. It stands among the files, where an app that knows of no such thing skips it as it skips
/// whatever it cannot read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileChange {
    pub(crate) deed: FileDeed,
    /// What the file is called from then on, or was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file_name: Option<String>,
    /// `None` when the author knew of no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<StepId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileDeed {
    Removed,
    Renamed,
}

impl Document {
    /// A file by the act that attached it, as it was then, whatever became of it.
    pub fn file(&self, id: StepId) -> Option<Entry<Attachment>> {
        Entry::one(&self.doc, self.containers.get(layout::ATTACHMENTS), &self.ledger, None, id)
    }

    /// The files that are left, oldest first.
    pub(crate) fn files(&self) -> Vec<Entry<Attachment>> {
        let (mut removed, mut names) = (BTreeSet::new(), BTreeMap::new());
        for entry in self.entries::<FileChange>(layout::ATTACHMENTS) {
            match (entry.what.deed, entry.what.file, entry.what.file_name) {
                (FileDeed::Removed, Some(file), _) => drop(removed.insert(file)),
                (FileDeed::Renamed, Some(file), Some(name)) => drop(names.insert(file, name)),
                _ => {}
            }
        }
        let mut files: Vec<Entry<Attachment>> = self.entries(layout::ATTACHMENTS);
        files.retain(|file| !removed.contains(&file.id()));
        for file in &mut files {
            if let Some(name) = names.remove(&file.id()) {
                file.what.file_name = name;
            }
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use fieldline_model::priority::PriorityMatrix;
    use fieldline_model::{Dictionary, hex};

    use super::*;
    use crate::edit::{Act, Edit, EditId, Head};
    use crate::testing::{attach, edit, task};

    fn names(document: &Document) -> Vec<String> {
        let projection = document.project(Dictionary::shipped(), &PriorityMatrix::default());
        projection.attachments.into_iter().map(|file| file.what.file_name).collect()
    }

    fn apply(document: &mut Document, edit: Edit) -> (EditId, Head) {
        (edit.id, document.apply(&edit).expect("is on known heads").hash.head())
    }

    fn rename(file: StepId, name: &str) -> Act {
        Act::Rename { file, file_name: name.into() }
    }

    #[test]
    fn a_removed_file_is_listed_no_more_and_the_history_says_who_removed_what() {
        let mut document = Document::seed(task());
        let both = edit(1, 1, &document.heads()).act(attach("before.jpg")).act(attach("after.jpg"));
        let (id, _) = apply(&mut document, both);
        let renamed = edit(2, 2, &document.heads()).act(rename(id.act(1), "done.jpg"));
        apply(&mut document, renamed);
        let removed = edit(2, 3, &document.heads()).act(Act::Detach { file: id.act(0) });
        apply(&mut document, removed);
        assert_eq!(names(&document), ["done.jpg"]);
        let history = document.history(Dictionary::shipped());
        let told: Vec<&str> = history[1..].iter().map(|line| line.deeds[0].detail.as_str()).collect();
        assert_eq!(told, ["renamed, done.jpg", "removed, before.jpg"]);
        assert_eq!(document.file(id.act(0)).map(|file| file.what.file_name).as_deref(), Some("before.jpg"));
        assert_eq!(document.file(id.act(2)), None);
    }

    #[test]
    fn a_file_attached_again_without_having_heard_of_the_removal_stays() {
        let mut document = Document::seed(task());
        let first = edit(1, 1, &document.heads()).act(attach("before.jpg"));
        let (id, head) = apply(&mut document, first);
        apply(&mut document, edit(2, 2, &[head]).act(Act::Detach { file: id.act(0) }));
        apply(&mut document, edit(1, 3, &[head]).act(attach("before.jpg")));
        apply(&mut document, edit(3, 4, &[head]).act(rename(id.act(0), "too late.jpg")));
        assert_eq!(names(&document), ["before.jpg"]);
    }

    #[test]
    fn nobody_removes_or_renames_a_file_they_do_not_know_of() {
        let mut document = Document::seed(task());
        let seed = document.heads();
        let coming = edit(1, 1, &seed).act(attach("before.jpg"));
        let file = coming.id.act(0);
        apply(&mut document, edit(2, 2, &seed).act(Act::Detach { file }));
        apply(&mut document, edit(3, 3, &seed).act(rename(file, "mine.jpg")));
        apply(&mut document, coming);
        assert_eq!(names(&document), ["before.jpg"]);
    }

    #[test]
    fn a_file_may_be_removed_in_the_edit_that_attached_it() {
        let mut document = Document::seed(task());
        let edit = edit(1, 1, &document.heads()).act(attach("blurred.jpg"));
        let file = edit.id.act(0);
        apply(&mut document, edit.act(Act::Detach { file }));
        assert_eq!(names(&document), [""; 0]);
    }

    /// What an app reads that was built before files could be removed.
    #[test]
    fn an_older_app_goes_on_listing_the_file_and_stumbles_over_nothing() {
        let mut document = Document::seed(task());
        let first = edit(1, 1, &document.heads()).act(attach("before.jpg"));
        let (id, _) = apply(&mut document, first);
        let later = edit(2, 2, &document.heads()).act(rename(id.act(0), "x")).act(Act::Detach { file: id.act(0) });
        apply(&mut document, later);
        let read: Vec<Entry<Attachment>> = document.entries(layout::ATTACHMENTS);
        assert_eq!(read.into_iter().map(|file| file.what.file_name).collect::<Vec<_>>(), ["before.jpg"]);
        assert!(Document::verify(task(), &document.save(), &document.full_heads()).is_ok());
    }

    /// Bytes of the protocol, as in `document`: of files their author knew of.
    #[test]
    fn removing_and_renaming_make_the_same_changes_as_ever() {
        let mut document = Document::seed(task());
        let first = edit(1, 1, &document.heads()).act(attach("before.jpg"));
        let (id, _) = apply(&mut document, first);
        let mut made = Vec::new();
        for (counter, act) in [(2, rename(id.act(0), "after.jpg")), (3, Act::Detach { file: id.act(0) })] {
            let later = edit(1, counter, &document.heads()).act(act);
            made.push(hex::encode(&apply(&mut document, later).1.0));
        }
        assert_eq!(made, ["9edc285ad98fb111", "38428b62b56eea6d"]);
    }
}
