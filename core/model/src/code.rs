//! What a barcode or QR code may stand for: the same on the phone and on the server.
//!
//! A code is either the identity of a record, alone or at the end of an address such as `…/alm_asset/<sys_id>`, or one of the
//! marks that things bear: an asset's tag or serial number, a part's barcode or number, the mark on a stockroom or a place. Marks
//! are compared as scanners give them, without regard to case and to spaces around them. One mark may be on several things; all
//! of them are found, and a person chooses.

use crate::{Record, SysId, Value};

/// The tables whose records bear marks, and the fields that hold them.
pub const MARKS: [(&str, &[&str]); 4] = [
    ("alm_asset", &["asset_tag", "serial_number"]),
    ("cmdb_model", &["barcode", "model_number"]),
    ("alm_stockroom", &["barcode"]),
    ("cmn_location", &["barcode"]),
];

/// The longest code that is looked up.
pub const MAX_CHARACTERS: usize = 255;

/// The identity a code names, if it names one.
pub fn identity(code: &str) -> Option<SysId> {
    let code = code.trim().trim_end_matches('/');
    let last = code.rsplit(['/', '=']).next().unwrap_or(code);
    last.parse().ok()
}

/// The field whose mark on a record a code is.
pub fn mark_of<'m>(record: &Record, fields: &'m [&'m str], code: &str) -> Option<&'m str> {
    let code = code.trim();
    let is_it = |field: &&&str| {
        let mark = record.get(field).and_then(Value::as_text).map(str::trim);
        mark.is_some_and(|mark| !mark.is_empty() && mark.to_lowercase() == code.to_lowercase())
    };
    fields.iter().find(is_it).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dictionary, DocumentId};

    #[test]
    fn an_identity_is_found_alone_and_at_the_end_of_an_address() {
        let id = SysId([0xab; 16]);
        for code in [id.to_string(), format!("https://desk.example/alm_asset/{id}/"), format!(" ?sys_id={id}")] {
            assert_eq!(identity(&code), Some(id), "{code}");
        }
        assert_eq!(identity("4006381333931"), None);
    }

    #[test]
    fn a_mark_is_compared_whole_and_without_regard_to_case() {
        let mut asset = Record::new(DocumentId::new("alm_asset", SysId([1; 16])));
        asset.set("serial_number", Some(Value::text("sn-001")));
        assert_eq!(mark_of(&asset, MARKS[0].1, " SN-001 "), Some("serial_number"));
        assert_eq!(mark_of(&asset, MARKS[0].1, "SN-00"), None);
        assert_eq!(mark_of(&asset, MARKS[0].1, ""), None);
    }

    #[test]
    fn every_mark_is_a_field_of_its_table() {
        for (table, fields) in MARKS {
            let table = Dictionary::shipped().table(table).expect("shipped");
            fields.iter().for_each(|field| assert!(table.field(field).is_some(), "{}.{field}", table.name));
        }
    }
}
