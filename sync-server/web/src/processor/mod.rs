//! Addresses of the form `/{table}.do?WORD`, by which programs reach the interfaces that are older than REST. The word names
//! the processor: `SOAP` and its `WSDL`, `JSONv2`, or a kind of file (`CSV`, `XML`, `EXCEL`); `/{table}_list.do` is the same.
//!
//! They are other forms of the record API and nothing besides: the same questions, writes, access and values. `many.rs` holds
//! what changes several records, `staged.rs` what becomes of a row of an import set. What it leaves out: PDF and binary
//! spreadsheets; form views, of which there are none, so every field is answered, as for a view that does not exist.
//!
//! Source: ServiceNow "Web services", "Export directly from a URL".

mod export;
mod flat;
mod jsonv2;
mod many;
mod soap;
mod staged;

use axum::body::Body;
use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use fieldline_model::Table;
use fieldline_model::condition::{Order, Query as Wanted};
use fieldline_service::{Call, Caller};

use crate::App;
use crate::caller::TableCaller;
use crate::endpoint::{Access, Content, Endpoint};
use crate::layers::NO_SUCH_PATH;
use crate::links::Origin;
use crate::refusal::{Problem, Refusal};
use crate::table::{Parameters, criteria};

pub fn endpoints() -> Vec<Endpoint> {
    let page = |method, summary, request, handler| Endpoint {
        method,
        path: "/{page}".to_owned(),
        summary,
        access: Access::Person,
        request,
        status: 200,
        answer: Content::Processed,
        handler,
    };
    let reads = "Answers records as a file, JSONv2 or a WSDL: /incident_list.do?CSV, /incident.do?WSDL";
    let writes = "Takes a SOAP or JSONv2 message: /incident.do?SOAP, /incident.do?JSONv2";
    vec![page("get", reads, Content::Empty, get(answer)), page("post", writes, Content::Message, post(answer))]
}

/// The query parameters that pages read, beside the word.
pub const PARAMETERS: [&str; 9] = [
    "sysparm_action",
    "sysparm_sys_id",
    "sysparm_query",
    "sysparm_fields",
    "sysparm_orderby",
    "sysparm_record_count",
    "sysparm_display_value",
    "displayvalue",
    "displayvariables",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Processor {
    Wsdl,
    Soap,
    JsonV2,
    Csv,
    Xml,
    Excel,
}

/// The words of addresses; `JSON` is what the first version was asked by.
const WORDS: [(&str, Processor); 8] = [
    ("WSDL", Processor::Wsdl),
    ("SOAP", Processor::Soap),
    ("JSONv2", Processor::JsonV2),
    ("JSON", Processor::JsonV2),
    ("CSV", Processor::Csv),
    ("XML", Processor::Xml),
    ("EXCEL", Processor::Excel),
    ("XLSX", Processor::Excel),
];

/// What parameters are called here, and in the record API.
const SAME: [(&str, &str); 2] = [("displayvalue", "sysparm_display_value"), ("sysparm_record_count", "sysparm_limit")];

fn in_common((name, value): (String, String)) -> (String, String) {
    let known = SAME.iter().find(|(here, _)| name == *here);
    (known.map_or(name, |(_, known)| (*known).to_owned()), value)
}

/// What an address asks of which table.
struct Page {
    table: String,
    processor: Processor,
    pairs: Vec<(String, String)>,
}

impl Page {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none of these.
    fn of(uri: &Uri) -> Result<Self, Refusal> {
        let name = uri.path().trim_start_matches('/');
        let table =
            name.strip_suffix("_list.do").or_else(|| name.strip_suffix(".do")).filter(|table| !table.is_empty());
        let no_such_path = || Refusal::NotFound(NO_SUCH_PATH.into());
        let table = table.ok_or_else(no_such_path)?.to_owned();
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(mut pairs) = pairs.map_err(|problem| Refusal::Malformed(format!("the address: {problem}")))?;
        let word = |name: &str| WORDS.iter().find(|(word, _)| name.eq_ignore_ascii_case(word)).map(|(_, known)| *known);
        let Some(processor) = pairs.iter().find_map(|(name, _)| word(name)) else {
            let kinds = WORDS.map(|(word, _)| word).join(", ");
            let is_list = name.ends_with("_list.do");
            return Err(if is_list {
                Refusal::Malformed(format!("say what kind: /{name}? and one of {kinds}"))
            } else {
                no_such_path()
            });
        };
        pairs.retain(|(name, _)| word(name).is_none());
        let pairs = pairs.into_iter().map(in_common).collect();
        Ok(Self { table, processor, pairs })
    }
}

/// Who asks what of a table.
struct Errand {
    caller: Caller,
    table: String,
    pairs: Vec<(String, String)>,
    headers: HeaderMap,
    origin: Origin,
}

impl Errand {
    /// The last value of a parameter: what a message says counts before what its address says.
    fn parameter(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The parameters it has in common with the record API.
    fn parameters(&self) -> Result<Parameters, Refusal> {
        Parameters::read(&self.pairs)
    }

    /// Which records are meant, in which order.
    fn query(&self, call: &Call<'_>, parameters: &Parameters, table: &Table) -> Wanted {
        let mut query = criteria(parameters, table, &call.dictionary);
        if let Some(field) = self.parameter("sysparm_orderby") {
            query.order.push(Order { path: field.split('.').map(str::to_owned).collect(), descending: false });
        }
        query
    }

    fn unknown_table(&self) -> Refusal {
        Refusal::UnknownTable(self.table.chars().take(80).collect())
    }
}

async fn answer(State(app): State<App>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Page { table, processor, pairs } = match Page::of(&parts.uri) {
        Ok(page) => page,
        Err(refusal) => return Problem(refusal).into_response(),
    };
    let caller = match TableCaller::from_request_parts(&mut parts, &app).await {
        Ok(TableCaller(caller)) => caller,
        Err(failure) => return failure.into_response(),
    };
    let writes = parts.method == Method::POST;
    // These messages may come under any content type, which a page elsewhere could send by the browser of whoever is signed
    // in (Fetch Metadata, 2.1).
    if writes && parts.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Problem(Refusal::Forbidden("a page elsewhere may not send this; send it from a program".into()))
            .into_response();
    }
    let (origin, headers) = (Origin::of(&parts.headers), parts.headers);
    let errand = Errand { caller, table, pairs, headers, origin };
    let file = |done: Result<Response, Refusal>| done.unwrap_or_else(|refusal| Problem(refusal).into_response());
    match (processor, writes) {
        (Processor::Soap, true) => soap::answer(&app, errand, body).await,
        (Processor::JsonV2, _) => jsonv2::answer(&app, errand, writes.then_some(body)).await,
        (Processor::Wsdl, false) => file(soap::describe(&app, errand).await),
        (Processor::Csv, false) => file(export::csv(&app, errand).await),
        (Processor::Xml, false) => file(export::xml(&app, errand).await),
        (Processor::Excel, false) => file(export::excel(&app, errand).await),
        _ => Problem(Refusal::MethodNotAllowed).into_response(),
    }
}

/// An answer with another body; status and headers stay.
fn with_body(mut response: Response, content_type: HeaderValue, body: Vec<u8>) -> Response {
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(body);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(address: &str) -> Result<String, u16> {
        let page = Page::of(&address.parse().expect("an address"));
        let page = page.map_err(|refusal| refusal.status().as_u16())?;
        let pairs = page.pairs.iter().map(|(name, value)| format!(" {name}={value}"));
        Ok(format!("{:?} {}{}", page.processor, page.table, pairs.collect::<String>()))
    }

    #[test]
    fn the_word_names_the_processor_wherever_it_stands_and_in_any_case() {
        let soap = "Soap incident sysparm_display_value=all";
        assert_eq!(page("/incident.do?displayvalue=all&SOAP").as_deref(), Ok(soap));
        assert_eq!(page("/incident.do?soap=&displayvalue=all").as_deref(), Ok(soap));
        assert_eq!(page("/u_x_list.do?XLSX").as_deref(), Ok("Excel u_x"));
        assert_eq!(page("/incident_list.do"), Err(400));
        for nothing in ["/incident.do", "/.do?XML", "/incident?CSV", "/_list.do"] {
            assert_eq!(page(nothing), Err(404), "{nothing}");
        }
    }
}
