//! The files of a mail: those of types and sizes an organisation takes become files of the record, the others are named in a note.

use std::io::Cursor;

use fieldline_model::DocumentId;

use super::parts::Enclosure;
use crate::attachments::{self, File};
use crate::call::Call;
use crate::named::blob_of;
use crate::table::{Result, TableError};

/// The media types that are taken, with commas; a star ends one that stands for many.
const TYPES: &str = "fieldline.mail.attachment_types";
const USUAL_TYPES: &str = "image/*,text/plain,text/csv,application/pdf,application/zip,application/json,application/rtf,audio/*,video/mp4,\
    message/rfc822,application/vnd.openxmlformats-officedocument.*,application/vnd.oasis.opendocument.*,application/msword,\
    application/vnd.ms-excel,application/vnd.ms-powerpoint";
/// What runs where somebody opens it, whatever its type is said to be.
const NEVER: [&str; 16] =
    ["exe", "com", "bat", "cmd", "scr", "pif", "js", "jse", "vbs", "vbe", "wsf", "hta", "msi", "ps1", "lnk", "jar"];
/// The largest file that is taken.
const BYTES: &str = "fieldline.mail.attachment_bytes";
const USUAL_BYTES: usize = 10 << 20;
/// Files of one mail that are taken.
const MOST_FILES: usize = 50;

impl Call<'_> {
    /// Makes the files of a mail those of a record; what was not taken, and why, one line each.
    pub(super) fn take_files(&mut self, files: &[Enclosure<'_>], record: &DocumentId) -> Result<Vec<String>> {
        let types = self.property(TYPES)?.unwrap_or_else(|| USUAL_TYPES.to_owned());
        let most = self.property_as(BYTES)?.unwrap_or(USUAL_BYTES);
        let (mut refused, mut taken) = (Vec::new(), 0);
        for file in files {
            match refusal(file, &types, most)
                .or_else(|| (taken == MOST_FILES).then(|| "there are too many files".into()))
            {
                Some(why) => {
                    refused.push(format!("{} ({}, {} bytes): {why}", file.name, file.content_type, file.size_bytes))
                }
                None => match self.keep_file(file, record) {
                    Ok(()) => taken += 1,
                    Err(TableError::Service(error)) => return Err(error.into()),
                    Err(problem) => refused.push(format!("{}: {problem}", file.name)),
                },
            }
        }
        Ok(refused)
    }

    fn keep_file(&mut self, file: &Enclosure<'_>, record: &DocumentId) -> Result<()> {
        let bytes = file.bytes();
        let kept = File {
            blob: blob_of(&bytes),
            size_bytes: bytes.len() as u64,
            name: file.name.clone(),
            content_type: file.content_type.clone(),
        };
        let mut reader = Cursor::new(&bytes[..]);
        while !attachments::keep(self, &kept, &mut reader)?.complete {}
        attachments::attach(self, record.table.as_str(), record.sys_id, &kept).map(drop)
    }
}

fn refusal(file: &Enclosure<'_>, types: &str, most: usize) -> Option<String> {
    let end = file.name.rsplit_once('.').map(|(_, end)| end.to_lowercase()).unwrap_or_default();
    let is_taken = |one: &str| match one.trim().strip_suffix('*') {
        Some(beginning) => file.content_type.starts_with(beginning),
        None => file.content_type == one.trim(),
    };
    match () {
        () if file.size_bytes > most => Some(format!("files of more than {most} bytes are not taken")),
        () if NEVER.contains(&end.as_str()) => Some("files that run are not taken".into()),
        () if !types.split(',').any(is_taken) => Some("files of this type are not taken".into()),
        () => None,
    }
}
