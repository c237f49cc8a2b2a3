//! Records as a file, for spreadsheets and older scripts (`/incident_list.do?CSV`, `?EXCEL`, `?XML`).
//!
//! A spreadsheet shows values as people read them, XML as they are stored; `sysparm_display_value` says otherwise.
//!
//! Source: ServiceNow "Export directly from a URL", "Query parameters for display value and header".

use std::borrow::Cow;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use fieldline_model::Table;
use fieldline_service::table::Question;
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::Errand;
use crate::App;
use crate::caller::blocking;
use crate::refusal::Refusal;
use crate::table::{Cell, Reader, Show};
use crate::xml::{Writing, named};

/// The longest text a cell of a spreadsheet holds.
const CELL_CHARACTERS: usize = 32_767;

/// Records by name of field.
struct Sheet {
    table: String,
    names: Vec<String>,
    labels: Vec<String>,
    rows: Vec<Vec<Cell<'static>>>,
    show: Option<Show>,
}

impl Sheet {
    /// The heads of columns: names, or labels if the address asks for them.
    fn heads(&self, errand: &Errand) -> &[String] {
        let wants_labels = errand.parameter("sysparm_export_column_header_label");
        if wants_labels.is_some_and(|given| given.eq_ignore_ascii_case("true")) { &self.labels } else { &self.names }
    }

    fn text<'c>(&self, cell: &'c Cell<'_>, usual: Show) -> &'c str {
        if self.show.unwrap_or(usual) == Show::Values { &cell.value } else { &cell.display_value }
    }
}

/// As comma-separated values.
///
/// # Errors
/// When there is no such table, a parameter cannot be read, or the database fails.
pub async fn csv(app: &App, errand: Errand) -> Result<Response, Refusal> {
    made(app, errand, "text/csv; charset=utf-8", |errand, sheet| {
        let mut file = csv::Writer::from_writer(Vec::new());
        let in_memory = "writing to memory cannot fail";
        file.write_record(sheet.heads(errand)).expect(in_memory);
        for row in &sheet.rows {
            let texts = row.iter().map(|cell| safe(sheet.text(cell, Show::DisplayValues)));
            file.write_record(texts).expect(in_memory);
        }
        Ok(file.into_inner().expect(in_memory))
    })
    .await
}

/// As a workbook.
///
/// # Errors
/// As [`csv`].
pub async fn excel(app: &App, errand: Errand) -> Result<Response, Refusal> {
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    made(app, errand, kind, |errand, sheet| {
        let too_much = |problem| Refusal::Malformed(format!("a workbook cannot hold this: {problem}; ask for less"));
        workbook(sheet, sheet.heads(errand)).map_err(too_much)
    })
    .await
}

/// As XML, an element a record.
///
/// # Errors
/// As [`csv`].
pub async fn xml(app: &App, errand: Errand) -> Result<Response, Refusal> {
    made(app, errand, "text/xml; charset=utf-8", |_, sheet| {
        let mut writing = Writing::new();
        writing.within("xml", |writing| {
            for row in &sheet.rows {
                writing.within(&sheet.table, |writing| {
                    for (name, cell) in sheet.names.iter().zip(row) {
                        writing.leaf(&named(name), sheet.text(cell, Show::Values));
                    }
                });
            }
        });
        Ok(writing.done())
    })
    .await
}

async fn made(
    app: &App,
    errand: Errand,
    kind: &'static str,
    write: impl FnOnce(&Errand, &Sheet) -> Result<Vec<u8>, Refusal> + Send + 'static,
) -> Result<Response, Refusal> {
    let bytes = blocking(app, move |server, now, rng| {
        let sheet = server.read(&errand.caller, now, rng, |call| gathered(&errand, call))?;
        write(&errand, &sheet)
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response())
}

fn gathered(errand: &Errand, call: &mut fieldline_service::Call<'_>) -> Result<Sheet, Refusal> {
    let declared = call.dictionary.shared(&errand.table).ok_or_else(|| errand.unknown_table())?;
    let parameters = errand.parameters()?;
    let query = errand.query(call, &parameters, &declared);
    let records = Question::new(call, &errand.table, &query)?.records(call, parameters.rows(), parameters.offset)?;
    let names: Vec<_> = parameters.names(&declared).into_iter().map(Cow::into_owned).collect();
    let dictionary = call.dictionary.clone();
    let mut reader = Reader::new(call, &dictionary, parameters.names(&declared), Show::All);
    let rows = records.iter().map(|record| reader.named(record)).collect::<Result<_, _>>()?;
    let labels = names.iter().map(|name| label(&declared, name)).collect();
    let show = errand.parameter("sysparm_display_value").map(|_| parameters.show);
    Ok(Sheet { table: errand.table.clone(), names, labels, rows, show })
}

fn label(table: &Table, name: &str) -> String {
    table.field(name).map_or_else(|| name.to_owned(), |field| field.label.clone())
}

fn workbook(sheet: &Sheet, heads: &[String]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    let bold = Format::new().set_bold();
    for (column, head) in (0..).zip(heads) {
        page.write_string_with_format(0, column, head, &bold)?;
    }
    for (at, row) in (1..).zip(&sheet.rows) {
        for (column, cell) in (0..).zip(row) {
            // Texts are written as texts, which no spreadsheet runs.
            let text = sheet.text(cell, Show::DisplayValues);
            match text.char_indices().nth(CELL_CHARACTERS) {
                Some((end, _)) => page.write_string(at, column, &text[..end])?,
                None => page.write_string(at, column, text)?,
            };
        }
    }
    book.save_to_buffer()
}

/// A text that a spreadsheet would run as a formula is marked as text (OWASP "CSV Injection").
fn safe(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if is_formula { format!("'{text}") } else { text.to_owned() }
}
