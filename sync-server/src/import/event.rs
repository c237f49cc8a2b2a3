//! One row of an incident event log, checked and typed. The columns are those of ServiceNow's incident audit; a log of
//! another system is renamed to them first.
//!
//! `?` and nothing at all both mean unknown. Dates are `dd-mm-yyyy hh:mm` in UTC or anything the record API reads. What a
//! row says about the incident as a whole (who opened it, how it was resolved) stands in each of its rows.

use std::collections::BTreeMap;

use csv::StringRecord;
use fieldline_model::dictionary::Table;
use fieldline_model::{FieldName, SysId, Timestamp, Value};

use super::names::Named;
use super::source::RowError;

/// What a file's header must name for its rows to be events of incidents.
pub const NEEDED: [&str; 7] =
    ["number", "incident_state", "sys_updated_at", "sys_updated_by", "opened_at", "impact", "urgency"];

/// Columns that become a field of the incident by the same meaning.
const TEXTS: [&str; 2] = ["category", "subcategory"];

/// Columns that name a record: the column and field, and the record's table.
const NAMES: [(&str, &str); 5] = [
    ("caller_id", "sys_user"),
    ("location", "cmn_location"),
    ("cmdb_ci", "cmdb_ci"),
    ("assignment_group", "sys_user_group"),
    ("assigned_to", "sys_user"),
];

/// Columns without a field, kept as a work note whenever they say something new.
const NOTED: [&str; 5] = ["u_symptom", "problem_id", "rfc", "vendor", "caused_by"];

/// States by name: the life cycle's stage and, on hold, the reason, `None` when the life cycle has no word for it.
const STATES: [(&str, &str, Option<&str>); 8] = [
    ("New", "new", None),
    ("Active", "in_progress", None),
    ("Awaiting User Info", "on_hold", Some("awaiting_caller")),
    ("Awaiting Problem", "on_hold", Some("awaiting_problem")),
    ("Awaiting Vendor", "on_hold", Some("awaiting_vendor")),
    ("Awaiting Evidence", "on_hold", None),
    ("Resolved", "resolved", None),
    ("Closed", "closed", None),
];

/// Where an incident stood, in the log's words and the life cycle's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The log's word.
    pub name: &'static str,
    /// The life cycle's stage.
    pub stage: &'static str,
    /// Why it was on hold, when the life cycle knows that reason.
    pub reason: Option<&'static str>,
}

/// Something that happened to an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The incident's number.
    pub number: String,
    /// Where it stood afterwards.
    pub state: State,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub by: SysId,
    /// When the incident was opened.
    pub opened_at: Timestamp,
    /// Who opened it.
    pub opened_by: Option<SysId>,
    /// Who resolved it, in the end.
    pub resolved_by: Option<SysId>,
    /// How it was resolved, in the end.
    pub close_code: Option<Value>,
    /// The priority the other system had worked out.
    pub priority: Option<i64>,
    /// The incident's fields afterwards.
    pub fields: BTreeMap<FieldName, Value>,
    /// Columns without a field, afterwards.
    pub noted: BTreeMap<&'static str, String>,
    /// The records it names.
    pub names: Vec<Named>,
}

/// Reads events from rows.
pub struct Reader<'a> {
    columns: BTreeMap<&'a str, usize>,
    table: &'a Table,
}

impl<'a> Reader<'a> {
    /// A reader for rows under these columns; `table` is `incident`.
    pub fn new(columns: impl Iterator<Item = (usize, &'a str)>, table: &'a Table) -> Self {
        Self { columns: columns.map(|(index, name)| (name, index)).collect(), table }
    }

    /// Reads a row.
    ///
    /// # Errors
    /// Names the column, what is wrong with it and what would be right.
    pub fn event(&self, cells: &StringRecord) -> Result<Event, RowError> {
        let row = RowReader { reader: self, cells };
        let mut names = Vec::new();
        let by = row.name("sys_updated_by", "sys_user", &mut names).ok_or_else(|| unknown("sys_updated_by"))?;
        let opened_by = row.name("opened_by", "sys_user", &mut names);
        let opened_by = opened_by.or_else(|| row.name("sys_created_by", "sys_user", &mut names));
        Ok(Event {
            number: row.number()?,
            state: row.state()?,
            at: row.needed_moment("sys_updated_at")?,
            by,
            opened_at: row.needed_moment("opened_at")?,
            opened_by,
            resolved_by: row.name("resolved_by", "sys_user", &mut names),
            close_code: row.parsed("closed_code", "close_code", str::to_owned)?,
            priority: row.level("priority")?.and_then(|value| value.as_integer()),
            fields: row.fields(&mut names)?,
            noted: NOTED.into_iter().filter_map(|column| Some((column, row.cell(column)?.to_owned()))).collect(),
            names,
        })
    }
}

/// Reads `29-02-2016 01:16`.
fn european(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(' ')?;
    let [day, month, year] = <[&str; 3]>::try_from(date.split('-').collect::<Vec<_>>()).ok()?;
    Timestamp::parse(&format!("{year}-{month}-{day} {time}:00"))
}

fn unknown(column: &str) -> RowError {
    RowError::new(column, "is unknown; every event needs it")
}

struct RowReader<'a> {
    reader: &'a Reader<'a>,
    cells: &'a StringRecord,
}

impl RowReader<'_> {
    /// A cell's text, `None` when unknown.
    fn cell(&self, column: &str) -> Option<&str> {
        let text = self.cells.get(*self.reader.columns.get(column)?)?.trim();
        (!text.is_empty() && text != "?").then_some(text)
    }

    fn number(&self) -> Result<String, RowError> {
        let number = self.cell("number").ok_or_else(|| unknown("number"))?;
        let prefix = self.reader.table.number_prefix.as_deref().unwrap_or_default();
        let digits = number.strip_prefix(prefix).filter(|digits| digits.parse::<u64>().is_ok());
        let wrong = || RowError::new("number", format!("\"{number}\" is no number such as {prefix}0000045"));
        digits.map(|_| number.to_owned()).ok_or_else(wrong)
    }

    fn state(&self) -> Result<State, RowError> {
        let name = self.cell("incident_state").ok_or_else(|| unknown("incident_state"))?;
        let known = STATES.iter().find(|(known, _, _)| *known == name);
        known.map(|&(name, stage, reason)| State { name, stage, reason }).ok_or_else(|| {
            let all = STATES.map(|(name, _, _)| name).join(", ");
            RowError::new("incident_state", format!("\"{name}\" is no state, use one of {all}"))
        })
    }

    fn moment(&self, column: &str) -> Result<Option<Timestamp>, RowError> {
        let Some(text) = self.cell(column) else { return Ok(None) };
        match european(text).or_else(|| Timestamp::parse(text)).filter(|moment| moment.0 >= 0) {
            Some(moment) => Ok(Some(moment)),
            None => Err(RowError::new(column, format!("\"{text}\" is no date since 1970 such as 29-02-2016 01:16"))),
        }
    }

    fn needed_moment(&self, column: &str) -> Result<Timestamp, RowError> {
        self.moment(column)?.ok_or_else(|| unknown(column))
    }

    fn name(&self, column: &str, table: &'static str, names: &mut Vec<Named>) -> Option<SysId> {
        let named = Named::new(table, self.cell(column)?);
        let sys_id = named.sys_id();
        names.push(named);
        Some(sys_id)
    }

    /// A cell as a value of a field of the incident.
    fn parsed(&self, column: &str, field: &str, meant: impl Fn(&str) -> String) -> Result<Option<Value>, RowError> {
        let Some(text) = self.cell(column) else { return Ok(None) };
        let field =
            self.reader.table.field(field).ok_or_else(|| RowError::new(column, "the incident has no such field"))?;
        field.parse(&meant(text)).map_err(|problem| RowError::new(column, problem.to_string()))
    }

    /// `2 - Medium` is 2.
    fn level(&self, column: &str) -> Result<Option<Value>, RowError> {
        self.parsed(column, column, |text| text.split(" - ").next().unwrap_or(text).to_owned())
    }

    fn fields(&self, names: &mut Vec<Named>) -> Result<BTreeMap<FieldName, Value>, RowError> {
        let mut fields = BTreeMap::new();
        for column in TEXTS {
            fields.insert(column, self.parsed(column, column, str::to_owned)?);
        }
        for (column, table) in NAMES {
            fields.insert(column, self.name(column, table, names).map(Value::Reference));
        }
        for column in ["impact", "urgency"] {
            let level = self.level(column)?.ok_or_else(|| unknown(column))?;
            fields.insert(column, Some(level));
        }
        fields.insert("contact_type", self.parsed("contact_type", "contact_type", str::to_lowercase)?);
        Ok(fields.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect())
    }
}

#[cfg(test)]
mod tests {
    use fieldline_model::Dictionary;

    use super::*;

    const HEADER: &str =
        "number,incident_state,sys_updated_at,sys_updated_by,opened_at,impact,urgency,priority,location";

    fn read(row: &str) -> Result<Event, RowError> {
        let table = Dictionary::shipped().table("incident").expect("shipped");
        let reader = Reader::new(HEADER.split(',').enumerate(), table);
        reader.event(&row.split(',').collect())
    }

    #[test]
    fn a_row_of_the_real_log_is_understood() {
        let event = read("INC0000045,Awaiting User Info,29-02-2016 01:23,Updated by 21,29-02-2016 01:16,2 - Medium,3 - Low,4 - Low,?")
            .expect("well formed");
        assert_eq!((event.state.stage, event.state.reason), ("on_hold", Some("awaiting_caller")));
        assert_eq!(event.at.to_string(), "2016-02-29 01:23:00");
        assert_eq!((event.fields["impact"].as_integer(), event.priority), (Some(2), Some(4)));
        assert!(!event.fields.contains_key("location"), "unknown is empty");
        assert_eq!(event.names, [Named::new("sys_user", "Updated by 21")]);
    }

    #[test]
    fn what_is_wrong_with_a_row_names_its_column_and_what_would_be_right() {
        for (row, column, reason) in [
            ("X1,New,29-02-2016 01:23,U,29-02-2016 01:16,1 - High,1 - High,?,?", "number", "INC0000045"),
            (
                "INC1,-100,29-02-2016 01:23,U,29-02-2016 01:16,1 - High,1 - High,?,?",
                "incident_state",
                "use one of New, Active",
            ),
            (
                "INC1,New,31-02-2016 01:23,U,29-02-2016 01:16,1 - High,1 - High,?,?",
                "sys_updated_at",
                "29-02-2016 01:16",
            ),
            ("INC1,New,29-02-2016 01:23,?,29-02-2016 01:16,1 - High,1 - High,?,?", "sys_updated_by", "is unknown"),
            ("INC1,New,29-02-2016 01:23,U,29-02-2016 01:16,4 - Tiny,1 - High,?,?", "impact", "1 (High)"),
            ("INC1,New,29-02-2016 01:23,U,29-02-2016 01:16,1 - High,high,?,?", "urgency", "whole number"),
        ] {
            let problem = read(row).expect_err("malformed");
            assert_eq!(problem.column, column);
            assert!(problem.reason.contains(reason), "{problem:?}");
        }
    }
}
