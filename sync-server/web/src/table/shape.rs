//! The forms the Table API answers a value in: as stored, as people read it, or both; references with or without a link.

use fieldline_model::DocumentId;
use serde_json::{Value, json};

use super::parameters::{Parameters, Show};
use crate::links::Origin;

/// One value of an answer. Empty values have empty texts and no target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// As stored.
    pub value: String,
    /// As people read it.
    pub display_value: String,
    /// The record a reference leads to.
    pub target: Option<DocumentId>,
}

/// The value in the form that was asked for.
pub fn shaped(cell: Cell, parameters: &Parameters, origin: &Origin) -> Value {
    let Cell { value, display_value, target } = cell;
    let link = target.filter(|_| !parameters.exclude_reference_link).map(|target| link(&target, origin));
    match (parameters.show, link) {
        (Show::Values, None) => value.into(),
        (Show::Values, Some(link)) => json!({ "link": link, "value": value }),
        (Show::DisplayValues, None) => display_value.into(),
        (Show::DisplayValues, Some(link)) => json!({ "display_value": display_value, "link": link }),
        (Show::All, None) => json!({ "display_value": display_value, "value": value }),
        (Show::All, Some(link)) => json!({ "display_value": display_value, "link": link, "value": value }),
    }
}

/// The address of a record.
pub fn link(record: &DocumentId, origin: &Origin) -> String {
    origin.at(&format!("/api/now/table/{record}"))
}

#[cfg(test)]
mod tests {
    use fieldline_model::SysId;

    use super::*;

    #[test]
    fn a_reference_has_six_forms_and_an_empty_one_never_a_link() {
        let origin = Origin("http://h".into());
        let id = SysId([0xab; 16]);
        let target = Some(DocumentId::new("sys_user", id));
        let abel = Cell { value: id.to_string(), display_value: "Abel Tuter".into(), target };
        let link = format!("http://h/api/now/table/sys_user/{id}");
        for (show, exclude_reference_link, full, empty) in [
            (Show::Values, false, json!({ "link": link, "value": id }), json!("")),
            (Show::Values, true, json!(id), json!("")),
            (Show::DisplayValues, false, json!({ "display_value": "Abel Tuter", "link": link }), json!("")),
            (Show::DisplayValues, true, json!("Abel Tuter"), json!("")),
            (
                Show::All,
                false,
                json!({ "display_value": "Abel Tuter", "link": link, "value": id }),
                json!({ "display_value": "", "value": "" }),
            ),
            (
                Show::All,
                true,
                json!({ "display_value": "Abel Tuter", "value": id }),
                json!({ "display_value": "", "value": "" }),
            ),
        ] {
            let parameters = Parameters { show, exclude_reference_link, ..Parameters::default() };
            assert_eq!(shaped(abel.clone(), &parameters, &origin), full, "{show:?} {exclude_reference_link}");
            assert_eq!(shaped(Cell::default(), &parameters, &origin), empty, "{show:?} {exclude_reference_link}");
        }
    }
}
