//! Records as a file, for spreadsheets and older scripts (`/incident_list.do?CSV`, `?EXCEL`, `?XML`).
//!
//! A spreadsheet shows values as people read them, XML as they are stored; `sysparm_display_value` says otherwise.
//!
//! Source: ServiceNow "Export directly from a URL", "Query parameters for display value and header".

use std::borrow::Cow;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use fieldline_model::Table;
use fieldline_service::TableError;
use fieldline_service::question::Question;
use rust_xlsxwriter::{Format, Workbook};

use super::Errand;
use crate::App;
use crate::caller::blocking;
use crate::refusal::Refusal;
use crate::table::{Cell, Parameters, Reader, Show};
use crate::xml::{Writing, named};

/// The longest text a cell of a spreadsheet holds.
const CELL_CHARACTERS: usize = 32_767;

/// What a file has beside its rows.
struct Sheet {
    table: String,
    names: Vec<String>,
    /// The heads of columns: names, or labels if the address asks for them.
    heads: Vec<String>,
    show: Option<Show>,
}

/// The cells of each record, read as the file is written: a list has many more cells than records.
type Rows<'r> = &'r mut dyn Iterator<Item = Result<Vec<Cell<'static>>, TableError>>;

impl Sheet {
    fn of(errand: &Errand, parameters: &Parameters, table: &Table) -> Self {
        let names: Vec<_> = parameters.names(table).into_iter().map(Cow::into_owned).collect();
        let wants_labels = errand.parameter("sysparm_export_column_header_label");
        let wants_labels = wants_labels.is_some_and(|given| given.eq_ignore_ascii_case("true"));
        let label = |name: &String| table.field(name).filter(|_| wants_labels).map(|field| field.label.clone());
        let heads = names.iter().map(|name| label(name).unwrap_or_else(|| name.clone())).collect();
        let show = errand.parameter("sysparm_display_value").map(|_| parameters.show);
        Self { table: errand.table.clone(), names, heads, show }
    }

    fn write(&self, row: &[Cell<'_>], writing: &mut Writing) {
        writing.within(&self.table, |writing| {
            for (name, cell) in self.names.iter().zip(row) {
                writing.leaf(&named(name), self.text(cell, Show::Values));
            }
        });
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
    made(app, errand, "text/csv; charset=utf-8", |sheet, rows| {
        let mut file = csv::Writer::from_writer(Vec::new());
        let in_memory = "writing to memory cannot fail";
        file.write_record(&sheet.heads).expect(in_memory);
        for row in rows {
            let row = row?;
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
    made(app, errand, kind, |sheet, rows| {
        let too_much = |problem| Refusal::Malformed(format!("a workbook cannot hold this: {problem}; ask for less"));
        let mut book = Workbook::new();
        let page = book.add_worksheet();
        let bold = Format::new().set_bold();
        for (column, head) in (0..).zip(&sheet.heads) {
            page.write_string_with_format(0, column, head, &bold).map_err(too_much)?;
        }
        for (at, row) in (1..).zip(rows) {
            for (column, cell) in (0..).zip(&row?) {
                // Texts are written as texts, which no spreadsheet runs.
                let text = sheet.text(cell, Show::DisplayValues);
                let end = text.char_indices().nth(CELL_CHARACTERS).map_or(text.len(), |(end, _)| end);
                page.write_string(at, column, &text[..end]).map_err(too_much)?;
            }
        }
        book.save_to_buffer().map_err(too_much)
    })
    .await
}

/// As XML, an element a record.
///
/// # Errors
/// As [`csv`].
pub async fn xml(app: &App, errand: Errand) -> Result<Response, Refusal> {
    made(app, errand, "text/xml; charset=utf-8", |sheet, mut rows| {
        let (mut writing, mut done) = (Writing::new(), Ok(()));
        writing
            .within("xml", |writing| done = (&mut rows).try_for_each(|row| row.map(|row| sheet.write(&row, writing))));
        done?;
        Ok(writing.done())
    })
    .await
}

async fn made(
    app: &App,
    errand: Errand,
    kind: &'static str,
    write: impl FnOnce(&Sheet, Rows<'_>) -> Result<Vec<u8>, Refusal> + Send + 'static,
) -> Result<Response, Refusal> {
    let bytes = blocking(app, move |server, now, rng| {
        server.read(&errand.caller, now, rng, |call| {
            let declared = call.dictionary.shared(&errand.table).ok_or_else(|| errand.unknown_table())?;
            let parameters = errand.parameters()?;
            let query = errand.query(call, &parameters, &declared);
            let question = Question::new(call, &errand.table, &query)?;
            let records = question.records(call, parameters.rows(), parameters.offset)?;
            let sheet = Sheet::of(&errand, &parameters, &declared);
            let dictionary = call.dictionary.clone();
            let mut reader = Reader::new(call, &dictionary, parameters.names(&declared), Show::All);
            write(&sheet, &mut records.iter().map(|record| reader.named(record)))
        })
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response())
}

/// A text that a spreadsheet would run as a formula is marked as text (OWASP "CSV Injection").
fn safe(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if is_formula { format!("'{text}") } else { text.to_owned() }
}
