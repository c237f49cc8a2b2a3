//! The operations of a table (ServiceNow "SOAP direct web service API functions").
//!
//! Records are named by example: an element with a text asks for that value, one without asks nothing. Elements that begin
//! with `__` say more about the question. Written fields may be empty, which empties them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use fieldline_model::condition::{Group, Order, Parsed, Query};
use fieldline_model::{FieldType, Record, SysId, Table, Timestamp};
use fieldline_service::question::Question;
use fieldline_service::table::{self, Detail};
use fieldline_service::{Call, Server, TableError};
use serde_json::Value;

use super::super::flat::flat;
use super::super::{Errand, many, staged};
use super::{NAMESPACE, check_role, enveloped, namespace_of};
use crate::Entropy;
use crate::refusal::{Refusal, no_record};
use crate::table::{Names, Parameters, Reader, Show, View, class, clause, figures, record_input};
use crate::xml::{Element, Writing, named};

/// Records answered when a message names no limit.
const RECORDS: u32 = 250;
/// Records and keys answered at the most.
const MOST: u32 = 10_000;

/// The operations, and what each needs a role for.
pub const OPERATIONS: [(&str, &str); 9] = [
    ("get", "query"),
    ("getKeys", "query"),
    ("getRecords", "query"),
    ("aggregate", "query"),
    ("insert", "create"),
    ("insertMultiple", "create"),
    ("update", "update"),
    ("deleteRecord", "delete"),
    ("deleteMultiple", "delete"),
];

/// The aggregates of the operation, and the parameters of figures they stand for.
pub const AGGREGATES: [(&str, &str); 5] = [
    ("COUNT", "sysparm_count"),
    ("SUM", "sysparm_sum_fields"),
    ("AVG", "sysparm_avg_fields"),
    ("MIN", "sysparm_min_fields"),
    ("MAX", "sysparm_max_fields"),
];

/// Does an operation and writes its answer.
///
/// # Errors
/// When there is no such operation, the caller may not, or the service refuses; nothing is done then.
pub fn answered(
    errand: &Errand,
    operation: &Element,
    staging: bool,
    server: &Server,
    now: Timestamp,
    rng: &mut Entropy,
) -> Result<Vec<u8>, Refusal> {
    let name = operation.name.as_str();
    let known = OPERATIONS.iter().find(|(known, _)| *known == name);
    let all = || Refusal::Malformed(format!("{name}: there is {}", OPERATIONS.map(|(name, _)| name).join(", ")));
    let (_, word) = known.ok_or_else(all)?;
    check_role(&errand.caller, word)?;
    // Who asked in the namespace of no table is answered in it.
    let shared = operation.namespace == NAMESPACE || operation.namespace == format!("{NAMESPACE}/");
    let namespace = if shared { operation.namespace.clone() } else { namespace_of(&errand.table) };
    let work = |call: &mut Call<'_>| {
        let asked = Asked { errand, operation, parameters: errand.parameters()? };
        let several = staging && name == "insert" && staged_maps(call, &errand.table)? > 1;
        let response = if several { "multiInsertResponse".to_owned() } else { format!("{name}Response") };
        let (document, done) = enveloped(&namespace, |writing| {
            let mut done = Ok(());
            writing.within(&format!("tns:{response}"), |writing| done = asked.write(call, staging, writing));
            done
        });
        done.unwrap_or(Ok(())).map(|()| document)
    };
    if *word == "query" {
        server.read(&errand.caller, now, rng, work)
    } else {
        server.write(&errand.caller, now, rng, work)
    }
}

fn staged_maps(call: &Call<'_>, staging: &str) -> Result<usize, TableError> {
    fieldline_service::import_sets::columns(call, staging).map(|(_, maps)| maps)
}

/// An operation somebody asks for.
struct Asked<'e> {
    errand: &'e Errand,
    operation: &'e Element,
    parameters: Parameters,
}

impl Asked<'_> {
    fn write(&self, call: &mut Call<'_>, staging: bool, writing: &mut Writing) -> Result<(), Refusal> {
        match self.operation.name.as_str() {
            "insert" if staging => self.import(call, &[fields(self.operation)], writing),
            "insertMultiple" if staging => self.import(call, &self.records()?, writing),
            "get" => self.get(call, writing),
            "getKeys" => self.get_keys(call, writing),
            "getRecords" => self.get_records(call, writing),
            "aggregate" => self.aggregate(call, writing),
            "insert" => self.insert(call, fields(self.operation), writing),
            "insertMultiple" => self.insert_multiple(call, writing),
            "update" => self.update(call, writing),
            "deleteRecord" => self.delete_record(call, writing),
            _ => self.delete_multiple(call, writing),
        }
    }

    fn table(&self, call: &Call<'_>) -> Result<Arc<Table>, Refusal> {
        call.dictionary.shared(&self.errand.table).ok_or_else(|| self.errand.unknown_table())
    }

    /// The record in `sys_id`, which no record has when it is ill-formed.
    fn sys_id(&self) -> Option<SysId> {
        self.operation.text_of("sys_id").parse().ok()
    }

    fn get(&self, call: &mut Call<'_>, writing: &mut Writing) -> Result<(), Refusal> {
        let declared = self.table(call)?;
        let Some(sys_id) = self.sys_id() else { return Ok(()) };
        match table::read(call, &self.errand.table, sys_id) {
            Ok(record) => {
                let dictionary = call.dictionary.clone();
                let mut reader = Reader::new(call, &dictionary, self.names(&declared), Show::All);
                self.record(&mut reader, &declared, &record, writing)
            }
            Err(TableError::NotFound(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn get_keys(&self, call: &mut Call<'_>, writing: &mut Writing) -> Result<(), Refusal> {
        let keys: Vec<_> = self.found(call, MOST)?.iter().map(|record| record.id.sys_id.to_string()).collect();
        writing.leaf("sys_id", &keys.join(","));
        writing.leaf("count", &keys.len().to_string());
        Ok(())
    }

    fn get_records(&self, call: &mut Call<'_>, writing: &mut Writing) -> Result<(), Refusal> {
        let declared = self.table(call)?;
        let records = self.found(call, RECORDS)?;
        let dictionary = call.dictionary.clone();
        let mut reader = Reader::new(call, &dictionary, self.names(&declared), Show::All);
        for record in &records {
            let mut done = Ok(());
            writing.within("getRecordsResult", |writing| done = self.record(&mut reader, &declared, record, writing));
            done?;
        }
        Ok(())
    }

    /// What is asked for, less what is left out.
    fn names<'n>(&'n self, table: &'n Table) -> Names<'n> {
        let excluded: Vec<&str> = self.operation.text_of("__exclude_columns").split(',').map(str::trim).collect();
        let mut names = self.parameters.names(table);
        names.retain(|name| !excluded.contains(&&**name));
        names
    }

    /// Values as XML Schema has them: truths are digits, and what is no text is left out when it is empty.
    fn record(
        &self,
        reader: &mut Reader<'_, '_, '_>,
        table: &Table,
        record: &Record,
        writing: &mut Writing,
    ) -> Result<(), Refusal> {
        for (name, text) in flat(reader, table, (record, None), self.parameters.show)? {
            let kind = table.field(&name).map(|field| field.field_type);
            match (kind, text.as_str()) {
                (Some(FieldType::Boolean), "true") => writing.leaf(&name, "1"),
                (Some(FieldType::Boolean), "false") => writing.leaf(&name, "0"),
                (Some(FieldType::Boolean | FieldType::Integer | FieldType::Decimal), "") => {}
                (_, text) => writing.leaf(&named(&name), text),
            }
        }
        Ok(())
    }

    /// The records asked for by example, with what extended elements say.
    fn found(&self, call: &Call<'_>, usual: u32) -> Result<Vec<Record>, Refusal> {
        let number = |name: &str| match self.operation.text_of(name) {
            "" => Ok(None),
            text => {
                let wrong = |_| Refusal::Malformed(format!("{name}: must be a whole number from 0, such as 250"));
                text.parse::<u32>().map(Some).map_err(wrong)
            }
        };
        let first = number("__first_row")?.unwrap_or_default();
        let window = number("__last_row")?.map(|last| last.saturating_sub(first));
        let limit = [number("__limit")?, window].into_iter().flatten().min().unwrap_or(usual).min(MOST);
        let question = Question::new(call, &self.errand.table, &self.asked_for(call)?.query)?;
        Ok(question.records(call, limit, first)?)
    }

    /// What is asked for, and what of it cannot be.
    fn asked_for(&self, call: &Call<'_>) -> Result<Parsed, Refusal> {
        let declared = self.table(call)?;
        let Parsed { mut query, mut ignored } = Query::parse(self.operation.text_of("__encoded_query"));
        if query.groups.is_empty() {
            query.groups.push(Group::default());
        }
        for (name, text) in self.example() {
            match clause(name, text, &declared, &call.dictionary) {
                Some(clause) => query.groups.iter_mut().for_each(|group| group.clauses.push(clause.clone())),
                None => ignored.push(format!("{name}={text}")),
            }
        }
        for (name, descending) in [("__order_by", false), ("__order_by_desc", true)] {
            let fields = self.operation.text_of(name).split(',').map(str::trim).filter(|field| !field.is_empty());
            let path = |field: &str| field.split('.').map(str::to_owned).collect();
            query.order.extend(fields.map(|field| Order { path: path(field), descending }));
        }
        Ok(Parsed { query, ignored })
    }

    /// The values that are asked for.
    fn example(&self) -> Vec<(&str, &str)> {
        let is_asked = |child: &&Element| {
            let is_figure = AGGREGATES.iter().any(|(word, _)| *word == child.name);
            let asks =
                !child.name.starts_with("__") && !is_figure && child.name != "GROUP_BY" && child.name != "HAVING";
            asks && !child.text.trim().is_empty()
        };
        let asked = self.operation.children.iter().filter(is_asked);
        asked.map(|child| (child.name.as_str(), child.text.trim())).collect()
    }

    fn aggregate(&self, call: &mut Call<'_>, writing: &mut Writing) -> Result<(), Refusal> {
        if self.operation.child("LAST").is_some() {
            let instead = "LAST: is not answered; ask getRecords with __order_by_desc and __limit 1";
            return Err(Refusal::Malformed(instead.into()));
        }
        let listed = |word: &str| {
            let children = self.operation.children.iter().filter(|child| child.name == word);
            let texts = children.map(|child| child.text.trim()).filter(|text| !text.is_empty());
            texts.collect::<Vec<_>>().join(",")
        };
        let asked = AGGREGATES.into_iter().chain([("GROUP_BY", "sysparm_group_by"), ("HAVING", "sysparm_having")]);
        let pairs = asked.map(|(word, parameter)| (parameter, listed(word))).filter(|(_, list)| !list.is_empty());
        let all_of = |(parameter, list): (&str, String)| {
            let list = if parameter == "sysparm_count" { "true".to_owned() } else { list };
            (parameter.to_owned(), list)
        };
        let pairs: Vec<_> = pairs.map(all_of).collect();
        let (parameters, origin) = (self.parameters.clone(), self.errand.origin.clone());
        let view = View { table: self.table(call)?, parameters, origin };
        let figures = figures(call, &view, &self.asked_for(call)?.query, &pairs)?;
        for set in figures.as_array().map_or_else(|| std::slice::from_ref(&figures), Vec::as_slice) {
            writing.within("aggregateResult", |writing| write_figures(set, writing));
        }
        Ok(())
    }

    fn insert(
        &self,
        call: &mut Call<'_>,
        fields: BTreeMap<String, String>,
        writing: &mut Writing,
    ) -> Result<(), Refusal> {
        let class = class(call.server, &self.errand.table, &fields);
        let input = record_input(call.server, &class, fields, self.parameters.input_display_value);
        let Detail { record, .. } = table::create(call, &class, &input)?;
        let display = self.table(call)?.display.to_string();
        let dictionary = call.dictionary.clone();
        let names = vec![Cow::Borrowed(display.as_str())];
        let shown = Reader::new(call, &dictionary, names, Show::Values).named(&record)?;
        writing.leaf("sys_id", &record.id.sys_id.to_string());
        if display != "sys_id" {
            writing.leaf(&display, &shown[0].value);
        }
        Ok(())
    }

    fn insert_multiple(&self, call: &mut Call<'_>, writing: &mut Writing) -> Result<(), Refusal> {
        for record in self.records()? {
            let mut done = Ok(());
            writing.within("insertResponse", |writing| done = self.insert(call, record, writing));
            done?;
        }
        Ok(())
    }

    /// What one message inserts.
    fn records(&self) -> Result<Vec<BTreeMap<String, String>>, Refusal> {
        let records: Vec<_> =
            self.operation.children.iter().filter(|child| child.name == "record").map(fields).collect();
        many::check(records)
    }

    /// Rows of an import set; where several maps read it, each result says which one it is of.
    fn import(
        &self,
        call: &mut Call<'_>,
        rows: &[BTreeMap<String, String>],
        writing: &mut Writing,
    ) -> Result<(), Refusal> {
        let several = staged_maps(call, &self.errand.table)? > 1;
        let one_of_many = self.operation.name == "insertMultiple";
        for staged in staged::stage(call, &self.errand.table, rows)? {
            let results = |writing: &mut Writing| {
                for result in &staged.results {
                    let mut fields = staged::fields(staged.row, result);
                    fields.extend(several.then(|| ("map", result.transform_map.clone())));
                    let leaves =
                        |writing: &mut Writing| fields.iter().for_each(|(name, text)| writing.leaf(name, text));
                    if several || one_of_many { writing.within("insertResponse", leaves) } else { leaves(writing) }
                }
            };
            if several && one_of_many { writing.within("multiInsertResponse", results) } else { results(writing) }
        }
        Ok(())
    }

    fn update(&self, call: &mut Call<'_>, writing: &mut Writing) -> Result<(), Refusal> {
        self.table(call)?;
        let sys_id = self.sys_id().ok_or_else(no_record)?;
        let mut fields = fields(self.operation);
        fields.remove("sys_id");
        let table = self.errand.table.as_str();
        let input = record_input(call.server, table, fields, self.parameters.input_display_value);
        table::update(call, table, sys_id, &input)?;
        writing.leaf("sys_id", &sys_id.to_string());
        Ok(())
    }

    fn delete_record(&self, call: &mut Call<'_>, writing: &mut Writing) -> Result<(), Refusal> {
        self.table(call)?;
        let deleted = self.sys_id().map(|sys_id| table::delete(call, &self.errand.table, sys_id));
        let count = match deleted {
            Some(Ok(())) => "1",
            None | Some(Err(TableError::NotFound(_))) => "0",
            Some(Err(error)) => return Err(error.into()),
        };
        writing.leaf("count", count);
        Ok(())
    }

    fn delete_multiple(&self, call: &mut Call<'_>, writing: &mut Writing) -> Result<(), Refusal> {
        let records = many::all(call, &self.errand.table, &self.asked_for(call)?)?;
        for record in &records {
            table::delete(call, &self.errand.table, record.id.sys_id)?;
        }
        writing.leaf("count", &records.len().to_string());
        Ok(())
    }
}

/// What is written: a text by field, also the empty one.
fn fields(element: &Element) -> BTreeMap<String, String> {
    let written = element.children.iter().filter(|child| !child.name.starts_with("__"));
    written.map(|child| (child.name.clone(), child.text.clone())).collect()
}

/// One set of figures, and the group it is of.
fn write_figures(set: &Value, writing: &mut Writing) {
    for (word, figures) in set["stats"].as_object().into_iter().flatten() {
        match figures {
            Value::Object(figures) => {
                figures.values().for_each(|figure| writing.leaf(word, figure.as_str().unwrap_or_default()));
            }
            figure => writing.leaf(word, figure.as_str().unwrap_or_default()),
        }
    }
    for group in set["groupby_fields"].as_array().into_iter().flatten() {
        let text = |name: &str| group[name].as_str().unwrap_or_default();
        writing.leaf(&named(text("field")), text("value"));
    }
}
