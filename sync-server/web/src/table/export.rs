//! A list as a file (`/incident_list.do?CSV`), for spreadsheets and older scripts: values as people read them.
//!
//! Source: ServiceNow "Exporting data from a URL".

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fieldline_service::table::Question;

use super::Show;
use super::criteria;
use super::parameters::Parameters;
use super::reader::Reader;
use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Access, Content, Endpoint};
use crate::layers::NO_SUCH_PATH;
use crate::refusal::{Problem, Refusal};

const SUFFIX: &str = "_list.do";

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint {
        method: "get",
        path: "/{list}".to_owned(),
        summary: "Answers a table's records as a file: /incident_list.do?CSV",
        access: Access::Person,
        request: Content::Empty,
        status: 200,
        answer: Content::Csv,
        handler: get(export),
    }]
}

async fn export(
    State(app): State<App>,
    Path(list): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    signed: Result<Signed, Problem>,
) -> Result<Response, Problem> {
    let Some(table) = list.strip_suffix(SUFFIX).map(str::to_owned) else {
        return Err(Refusal::NotFound(NO_SUCH_PATH.into()).into());
    };
    let Signed(caller) = signed?;
    if !pairs.iter().any(|(name, _)| name == "CSV") {
        return Err(Refusal::Malformed(format!("say what kind of file: /{list}?CSV")).into());
    }
    let pairs: Vec<_> = pairs.into_iter().filter(|(name, _)| name != "CSV").collect();
    let parameters = Parameters::read(&pairs)?;
    let text = blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call| {
            let declared = call.dictionary.shared(&table);
            let declared = declared.ok_or_else(|| Refusal::UnknownTable(table.chars().take(80).collect()))?;
            let query = criteria::criteria(&parameters, &declared, &call.dictionary);
            let records = Question::new(call, &table, &query)?.records(call, parameters.rows(), parameters.offset)?;
            let names = parameters.names(&declared);
            let mut file = csv::Writer::from_writer(Vec::new());
            let in_memory = "writing to memory cannot fail";
            file.write_record(names.iter().map(|name| name.as_bytes())).expect(in_memory);
            let dictionary = call.dictionary.clone();
            let mut reader = Reader::new(call, &dictionary, names, Show::DisplayValues);
            for record in &records {
                let cells = reader.named(record).map_err(Refusal::from)?;
                file.write_record(cells.iter().map(|cell| safe(&cell.display_value))).expect(in_memory);
            }
            Ok::<_, Refusal>(file.into_inner().expect(in_memory))
        })
    })
    .await?;
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"))];
    Ok((kind, text).into_response())
}

/// A text that a spreadsheet would run as a formula is marked as text (OWASP "CSV Injection").
fn safe(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if is_formula { format!("'{text}") } else { text.to_owned() }
}
