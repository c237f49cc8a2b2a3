//! What may be asked of a table, in words from which clients are generated: WSDL 1.1, document/literal, one service a table.
//!
//! Answers are described field by field in the order they have, each optional, because a caller sees what they may. Truths and
//! numbers have types; a choice is a text, because it may be answered as people read it. A table of an import set answers
//! what its maps made of a row.
//!
//! Source: ServiceNow "Direct web services", WSDL 1.1 (W3C Note of 15 March 2001).

use std::borrow::Cow;
use std::collections::BTreeSet;

use fieldline_model::dictionary::{Kind, Merge};
use fieldline_model::{FieldType, Table};
use fieldline_service::{Call, import_sets};

use super::super::Errand;
use super::super::flat::{DISPLAY, stands_for_something};
use super::namespace_of;
use super::operations::{AGGREGATES, OPERATIONS};
use crate::refusal::Refusal;
use crate::table::{Show, field_names};
use crate::xml::{Writing, named};

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const SOAP: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
const HTTP: &str = "http://schemas.xmlsoap.org/soap/http";
const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";
const TEXT: &str = "xsd:string";
const NUMBER: &str = "xsd:integer";

/// What a question may say beside its example.
const EXTENDED: [(&str, &str); 8] = [
    ("__use_view", TEXT),
    ("__encoded_query", TEXT),
    ("__limit", NUMBER),
    ("__first_row", NUMBER),
    ("__last_row", NUMBER),
    ("__order_by", TEXT),
    ("__order_by_desc", TEXT),
    ("__exclude_columns", TEXT),
];

/// What an insert into a table of an import set answers.
const STAGED: [&str; 7] =
    ["sys_id", "table", "display_name", "display_value", "status", "status_message", "error_message"];

/// Describes the table in the address.
///
/// # Errors
/// When there is no such table, or the database fails.
pub fn document(errand: &Errand, call: &Call<'_>) -> Result<Vec<u8>, Refusal> {
    let declared = call.dictionary.shared(&errand.table);
    let staging = import_sets::is_staging(call, &errand.table)?;
    let (columns, maps) = import_sets::columns(call, &errand.table)?;
    if declared.is_none() && !staging {
        return Err(errand.unknown_table());
    }
    let show = errand.parameters()?.show;
    let described = Described { errand, declared: declared.as_deref(), columns, staging, several: maps > 1, show };
    let mut writing = Writing::new();
    described.write(&mut writing);
    Ok(writing.done())
}

/// One element of a message.
struct Part {
    name: String,
    kind: &'static str,
    required: bool,
    repeats: bool,
}

impl Part {
    fn optional(name: impl Into<String>, kind: &'static str) -> Self {
        Self { name: name.into(), kind, required: false, repeats: false }
    }

    fn required(name: &str, kind: &'static str) -> Self {
        Self { required: true, ..Self::optional(name, kind) }
    }

    fn write(&self, writing: &mut Writing) {
        let mut attributes = vec![("name", self.name.as_str()), ("type", self.kind)];
        attributes.push(("minOccurs", if self.required { "1" } else { "0" }));
        attributes.push(("maxOccurs", if self.repeats { "unbounded" } else { "1" }));
        writing.empty("xsd:element", &attributes);
    }
}

struct Described<'d> {
    errand: &'d Errand,
    declared: Option<&'d Table>,
    columns: BTreeSet<String>,
    staging: bool,
    several: bool,
    show: Show,
}

impl Described<'_> {
    fn write(&self, writing: &mut Writing) {
        let (table, namespace) = (self.errand.table.as_str(), namespace_of(&self.errand.table));
        let service = format!("ServiceNow_{table}");
        let namespaces = [
            ("xmlns:wsdl", WSDL),
            ("xmlns:soap", SOAP),
            ("xmlns:xsd", SCHEMA),
            ("xmlns:tns", namespace.as_str()),
            ("targetNamespace", namespace.as_str()),
        ];
        writing.element("wsdl:definitions", &namespaces, |writing| {
            writing.within("wsdl:types", |writing| {
                let form = [("elementFormDefault", "unqualified"), ("targetNamespace", namespace.as_str())];
                writing.element("xsd:schema", &form, |writing| self.write_messages(writing));
            });
            for (name, _) in OPERATIONS {
                let messages = [("SoapIn", name.to_owned()), ("SoapOut", self.response(name))];
                for (end, element) in messages {
                    writing.element("wsdl:message", &[("name", &format!("{name}{end}"))], |writing| {
                        writing.empty("wsdl:part", &[("name", table), ("element", &format!("tns:{element}"))]);
                    });
                }
            }
            write_port(writing);
            self.write_binding(writing);
            writing.element("wsdl:service", &[("name", &service)], |writing| {
                let port = [("name", "ServiceNowSoap"), ("binding", "tns:ServiceNowSoap")];
                writing.element("wsdl:port", &port, |writing| {
                    let shown = match self.show {
                        Show::Values => "",
                        Show::DisplayValues => "displayvalue=true&",
                        Show::All => "displayvalue=all&",
                    };
                    let address = self.errand.origin.at(&format!("/{table}.do?{shown}SOAP"));
                    writing.empty("soap:address", &[("location", &address)]);
                });
            });
        });
    }

    /// The element that answers an operation.
    fn response(&self, name: &str) -> String {
        if name == "insert" && self.several { "multiInsertResponse".into() } else { format!("{name}Response") }
    }

    fn write_binding(&self, writing: &mut Writing) {
        let binding = [("name", "ServiceNowSoap"), ("type", "tns:ServiceNowSoap")];
        writing.element("wsdl:binding", &binding, |writing| {
            writing.empty("soap:binding", &[("style", "document"), ("transport", HTTP)]);
            for (name, _) in OPERATIONS {
                writing.element("wsdl:operation", &[("name", name)], |writing| {
                    let action = format!("{}/{name}", namespace_of(&self.errand.table));
                    writing.empty("soap:operation", &[("soapAction", &action), ("style", "document")]);
                    for way in ["wsdl:input", "wsdl:output"] {
                        writing.within(way, |writing| writing.empty("soap:body", &[("use", "literal")]));
                    }
                });
            }
        });
    }

    fn write_messages(&self, writing: &mut Writing) {
        let (example, written) = (self.example(), self.written());
        let keys = [Part::required("sys_id", TEXT), Part::required("count", NUMBER)];
        let count = [Part::required("count", NUMBER)];
        let identity = [Part::required("sys_id", TEXT)];
        element(writing, "get", &[&identity, &extended()[..1]]);
        element(writing, "getResponse", &[&self.answered()]);
        element(writing, "getKeys", &[&example, &extended()]);
        element(writing, "getKeysResponse", &[&keys]);
        element(writing, "getRecords", &[&example, &extended()]);
        many(writing, "getRecordsResponse", "getRecordsResult", &self.answered());
        let figures = AGGREGATES.iter().map(|(word, _)| *word).chain(["GROUP_BY", "HAVING"]);
        let figures: Vec<_> = figures.map(|word| Part { repeats: true, ..Part::optional(word, TEXT) }).collect();
        element(writing, "aggregate", &[&figures, &example, &extended()]);
        let counted = AGGREGATES.iter().map(|(word, _)| word.to_lowercase());
        let counted = counted.map(|word| Part { repeats: true, ..Part::optional(word, TEXT) });
        let groups = self.names().into_iter().map(|name| Part::optional(name, TEXT));
        let groups = groups.filter(|part| !AGGREGATES.iter().any(|(word, _)| word.eq_ignore_ascii_case(&part.name)));
        many(writing, "aggregateResponse", "aggregateResult", &counted.chain(groups).collect::<Vec<_>>());
        element(writing, "insert", &[&written]);
        self.write_inserted(writing);
        many(writing, "insertMultiple", "record", &written);
        let optional = written.into_iter().map(|part| Part { required: false, ..part }).collect::<Vec<_>>();
        element(writing, "update", &[&identity, &optional]);
        element(writing, "updateResponse", &[&identity]);
        element(writing, "deleteRecord", &[&identity]);
        element(writing, "deleteRecordResponse", &[&count]);
        element(writing, "deleteMultiple", &[&example, &extended()]);
        element(writing, "deleteMultipleResponse", &[&count]);
    }

    fn write_inserted(&self, writing: &mut Writing) {
        if !self.staging {
            let display = self.declared.map_or("sys_id", |table| table.display.as_str());
            let mut parts = vec![Part::required("sys_id", TEXT)];
            parts.extend((display != "sys_id").then(|| Part::optional(display, TEXT)));
            element(writing, "insertResponse", &[&parts]);
            return many(writing, "insertMultipleResponse", "insertResponse", &parts);
        }
        let map = self.several.then_some("map");
        let parts: Vec<_> = STAGED.into_iter().chain(map).map(|name| Part::optional(name, TEXT)).collect();
        if !self.several {
            element(writing, "insertResponse", &[&parts]);
            return many(writing, "insertMultipleResponse", "insertResponse", &parts);
        }
        many(writing, "multiInsertResponse", "insertResponse", &parts);
        nested(writing, "insertMultipleResponse", |writing| {
            repeated(writing, "multiInsertResponse", |writing| {
                repeated(writing, "insertResponse", |writing| parts.iter().for_each(|part| part.write(writing)));
            });
        });
    }

    fn names(&self) -> Vec<String> {
        self.declared.map(field_names).unwrap_or_default().into_iter().map(Cow::into_owned).collect()
    }

    fn kind(&self, name: &str) -> &'static str {
        let field = self.declared.and_then(|table| table.field(name)).filter(|field| field.choices.is_empty());
        match field.map(|field| field.field_type) {
            Some(FieldType::Boolean) => "xsd:boolean",
            Some(FieldType::Integer) => NUMBER,
            Some(FieldType::Decimal) => "xsd:decimal",
            _ => TEXT,
        }
    }

    fn example(&self) -> Vec<Part> {
        self.names().into_iter().map(|name| Part { kind: self.kind(&name), ..Part::optional(name, TEXT) }).collect()
    }

    fn answered(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        for name in self.names() {
            let field = self.declared.and_then(|table| table.field(&name));
            if field.is_some_and(|field| !self.errand.caller.may(&field.read)) {
                continue;
            }
            let display = field.is_some_and(stands_for_something) && self.show == Show::All;
            let display = display.then(|| Part::optional(format!("{DISPLAY}{name}"), TEXT));
            parts.push(Part::optional(name.clone(), self.kind(&name)));
            parts.extend(display);
        }
        parts
    }

    /// What may be written: no field that the server works out, and columns of an import set by the names their maps know.
    fn written(&self) -> Vec<Part> {
        let writable = |name: &String| {
            let field = self.declared.and_then(|table| table.field(name));
            !name.starts_with("sys_") && field.is_none_or(|field| field.merge != Merge::Derived)
        };
        let required = |name: &str| {
            let table = self.declared.filter(|table| table.kind == Kind::Reference && !self.staging);
            table.and_then(|table| table.field(name)).is_some_and(|field| field.mandatory && field.default.is_none())
        };
        let own = self.names().into_iter().filter(writable);
        let own =
            own.map(|name| Part { required: required(&name), kind: self.kind(&name), ..Part::optional(name, TEXT) });
        let mut parts: Vec<Part> = own.collect();
        let is_name = |column: &&String| named(column) == column.as_str();
        let others =
            self.columns.iter().filter(is_name).filter(|column| !parts.iter().any(|part| part.name == **column));
        parts.extend(others.map(|column| Part::optional(column.clone(), TEXT)).collect::<Vec<_>>());
        parts
    }
}

fn write_port(writing: &mut Writing) {
    writing.element("wsdl:portType", &[("name", "ServiceNowSoap")], |writing| {
        for (name, _) in OPERATIONS {
            writing.element("wsdl:operation", &[("name", name)], |writing| {
                writing.empty("wsdl:input", &[("message", &format!("tns:{name}SoapIn"))]);
                writing.empty("wsdl:output", &[("message", &format!("tns:{name}SoapOut"))]);
            });
        }
    });
}

fn extended() -> Vec<Part> {
    EXTENDED.into_iter().map(|(name, kind)| Part::optional(name, kind)).collect()
}

/// A message with these parts in it.
fn element(writing: &mut Writing, name: &str, parts: &[&[Part]]) {
    nested(writing, name, |writing| parts.iter().flat_map(|parts| parts.iter()).for_each(|part| part.write(writing)));
}

/// A message with any number of elements of one name, with these parts in each.
fn many(writing: &mut Writing, name: &str, item: &str, parts: &[Part]) {
    nested(writing, name, |writing| {
        repeated(writing, item, |writing| parts.iter().for_each(|part| part.write(writing)));
    });
}

fn nested(writing: &mut Writing, name: &str, inside: impl FnOnce(&mut Writing)) {
    writing.element("xsd:element", &[("name", name)], |writing| typed(writing, inside));
}

fn repeated(writing: &mut Writing, name: &str, inside: impl FnOnce(&mut Writing)) {
    let any = [("name", name), ("minOccurs", "0"), ("maxOccurs", "unbounded")];
    writing.element("xsd:element", &any, |writing| typed(writing, inside));
}

fn typed(writing: &mut Writing, inside: impl FnOnce(&mut Writing)) {
    writing.within("xsd:complexType", |writing| writing.within("xsd:sequence", inside));
}
