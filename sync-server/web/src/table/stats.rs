//! Figures over a table (ServiceNow "Aggregate API"): counts, sums, means, extremes, in groups if wanted.
//!
//! Every figure is a string, a mean has four decimals. What may not be read and what is no number is left out, as everywhere.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use fieldline_model::condition::{Comparison, Path, Query};
use fieldline_model::{FieldType, Timestamp};
use fieldline_service::question::Question;
use fieldline_service::{Call, TableError};
use fieldline_storage::{Aggregation, Bucket, Figure, Function};
use serde_json::{Map, Value, json};

use super::parameters::Show;
use super::reader::Reader;
use super::shape::Cell;
use super::{Asked, View, answered, criteria};
use crate::App;
use crate::caller::blocking;
use crate::endpoint::{Access, Content, Endpoint};
use crate::refusal::{Failure, Refusal};

pub fn endpoints() -> Vec<Endpoint> {
    let stats = |base: &str| Endpoint {
        method: "get",
        path: format!("{base}/{{table}}"),
        summary: "Answers figures about the records that match a query",
        access: Access::Person,
        request: Content::Empty,
        status: 200,
        answer: Content::Stats,
        handler: get(answer),
    };
    ["/api/now/stats", "/api/now/v1/stats"].map(stats).into()
}

/// The words of the API for what is made of many values.
const FUNCTIONS: [(&str, Function); 5] = [
    ("count", Function::Count),
    ("sum", Function::Sum),
    ("avg", Function::Average),
    ("min", Function::Minimum),
    ("max", Function::Maximum),
];

/// A figure of a field.
#[derive(Debug, Clone, PartialEq)]
struct Of {
    function: Function,
    field: String,
    path: Path,
    holds: FieldType,
}

/// What is asked for.
#[derive(Debug, Default)]
struct Wanted {
    count: bool,
    figures: Vec<Of>,
    group_by: Vec<(String, Path)>,
    having: Vec<(Of, Comparison, bool, f64)>,
    order: Vec<(By, bool)>,
}

#[derive(Debug)]
enum By {
    Count,
    Figure(Of),
    Group(usize),
}

async fn answer(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let result = blocking(&app, move |server, now, rng| {
        let Asked { who, view, pairs, .. } = asked;
        who.read(server, now, rng, |call| {
            let query = criteria(&view.parameters, &view.table, &call.dictionary);
            figures(call, &view, &query, &pairs)
        })
    })
    .await?;
    Ok(answered(StatusCode::OK, result))
}

/// The figures that parameters name, about the records that match a query: one set, or a list of one a group.
///
/// # Errors
/// When a parameter cannot be read or the database fails.
pub fn figures(call: &mut Call<'_>, view: &View, query: &Query, pairs: &[(String, String)]) -> Result<Value, Refusal> {
    let wanted = Wanted::read(call, view.table.name.as_str(), pairs)?;
    let question = Question::new(call, view.table.name.as_str(), query)?;
    let buckets = question.aggregate(call, &wanted.aggregation())?;
    Ok(wanted.shaped(call, view, buckets)?)
}

impl Wanted {
    fn read(call: &Call<'_>, table: &str, pairs: &[(String, String)]) -> Result<Self, Refusal> {
        let mut wanted = Self::default();
        let list = |value: &str| value.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
        for (name, value) in pairs {
            match name.as_str() {
                "sysparm_count" => wanted.count = value.trim().eq_ignore_ascii_case("true"),
                "sysparm_group_by" => {
                    let path = |name: String| call.path(table, &name).map(|(path, _)| (name, path));
                    wanted.group_by = list(value).into_iter().filter_map(path).collect();
                }
                "sysparm_having" => {
                    for part in list(value) {
                        wanted.having.extend(having(call, table, &part)?);
                    }
                }
                name => {
                    let word = name.strip_prefix("sysparm_").and_then(|name| name.strip_suffix("_fields"));
                    if let Some(word) = word {
                        let figure = |field: String| Of::new(call, table, word, &field);
                        wanted.figures.extend(list(value).into_iter().filter_map(figure));
                    }
                }
            }
        }
        let order = pairs.iter().filter(|(name, _)| name == "sysparm_order_by" || name == "sysparm_orderby");
        for part in order.flat_map(|(_, value)| list(value)) {
            wanted.order.extend(wanted.by(call, table, &part));
        }
        Ok(wanted)
    }

    /// `AVG^state`, `field^DESC` or `COUNT`.
    fn by(&self, call: &Call<'_>, table: &str, text: &str) -> Option<(By, bool)> {
        let mut words: Vec<&str> = text.split('^').collect();
        let descending = words.last().is_some_and(|word| word.eq_ignore_ascii_case("desc"));
        words.retain(|word| !word.eq_ignore_ascii_case("desc") && !word.eq_ignore_ascii_case("asc"));
        let by = match words[..] {
            [word] if word.eq_ignore_ascii_case("count") => By::Count,
            [field] => By::Group(self.group_by.iter().position(|(name, _)| name == field)?),
            [word, field] => By::Figure(Of::new(call, table, &word.to_lowercase(), field)?),
            _ => return None,
        };
        Some((by, descending))
    }

    /// The figures to work out: what is answered, then what groups are chosen and ordered by.
    fn all(&self) -> Vec<&Of> {
        let ordered = self.order.iter().filter_map(|(by, _)| if let By::Figure(of) = by { Some(of) } else { None });
        self.figures.iter().chain(self.having.iter().map(|(of, ..)| of)).chain(ordered).collect()
    }

    fn aggregation(&self) -> Aggregation {
        Aggregation {
            group_by: self.group_by.iter().map(|(_, path)| path.clone()).collect(),
            figures: self.all().into_iter().map(|of| (of.function, of.path.clone())).collect(),
        }
    }

    fn figure<'b>(&self, bucket: &'b Bucket, of: &Of) -> Option<&'b Figure> {
        let at = self.all().into_iter().position(|known| known == of)?;
        bucket.figures[at].as_ref()
    }

    fn shaped(&self, call: &mut Call<'_>, view: &View, mut buckets: Vec<Bucket>) -> Result<Value, TableError> {
        buckets.retain(|bucket| self.having.iter().all(|rule| self.passes(bucket, rule)));
        let names = self.group_by.iter().map(|(name, _)| name.as_str().into()).collect();
        let dictionary = call.dictionary.clone();
        let mut reader = Reader::new(call, &dictionary, names, Show::All);
        let mut groups = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            let example = bucket.example.as_ref().map(|example| reader.row(example, None));
            let cells = example.transpose()?.unwrap_or_default();
            groups.push((bucket, cells));
        }
        for (by, descending) in self.order.iter().rev() {
            groups.sort_by(|one, other| {
                let order = self.compare(by, one, other);
                if *descending { order.reverse() } else { order }
            });
        }
        if self.group_by.is_empty() {
            let stats = groups.first().map_or_else(|| json!({}), |(bucket, _)| self.stats(bucket));
            return Ok(json!({ "stats": stats }));
        }
        let group = |(bucket, cells): Grouped| {
            let fields: Vec<Value> = cells.into_iter().map(|(name, cell)| grouped(name, cell, view)).collect();
            json!({ "stats": self.stats(&bucket), "groupby_fields": fields })
        };
        Ok(groups.into_iter().map(group).collect())
    }

    fn stats(&self, bucket: &Bucket) -> Value {
        let mut stats = Map::new();
        if self.count {
            stats.insert("count".into(), bucket.count.to_string().into());
        }
        for (word, function) in FUNCTIONS {
            let of_it = self.figures.iter().filter(|of| of.function == function);
            let shown = |of: &Of| (of.field.clone(), Value::from(of.shown(self.figure(bucket, of))));
            let figures: Map<String, Value> = of_it.map(shown).collect();
            if !figures.is_empty() {
                stats.insert(word.into(), figures.into());
            }
        }
        stats.into()
    }

    fn passes(&self, bucket: &Bucket, (of, comparison, is_not, wanted): &(Of, Comparison, bool, f64)) -> bool {
        let figure = self.figure(bucket, of).and_then(number);
        figure.is_some_and(|figure| comparison.holds(figure.total_cmp(wanted)) != *is_not)
    }

    fn compare(&self, by: &By, one: &Grouped, other: &Grouped) -> std::cmp::Ordering {
        match by {
            By::Count => one.0.count.cmp(&other.0.count),
            By::Figure(of) => {
                let [one, other] = [one, other].map(|group| self.figure(&group.0, of).and_then(number));
                one.unwrap_or(f64::MIN).total_cmp(&other.unwrap_or(f64::MIN))
            }
            By::Group(at) => {
                let value = |group: &Grouped| group.1.get(*at).map(|(_, cell)| cell.value.clone());
                let (one, other) = (value(one), value(other));
                let numbers = [&one, &other].map(|text| text.as_ref().and_then(|text| text.parse::<f64>().ok()));
                match numbers {
                    [Some(one), Some(other)] => one.total_cmp(&other),
                    _ => one.cmp(&other),
                }
            }
        }
    }
}

type Grouped = (Bucket, Vec<(String, Cell<'static>)>);

fn grouped(name: String, cell: Cell<'_>, view: &View) -> Value {
    match view.parameters.show {
        Show::Values => json!({ "field": name, "value": cell.value }),
        Show::DisplayValues => json!({ "field": name, "value": cell.display_value }),
        Show::All => json!({ "field": name, "value": cell.value, "display_value": cell.display_value }),
    }
}

impl Of {
    fn new(call: &Call<'_>, table: &str, word: &str, field: &str) -> Option<Self> {
        let (_, function) = FUNCTIONS.into_iter().find(|(known, _)| *known == word)?;
        // `COUNT^*`: every record has an identity.
        let (path, holds) = call.path(table, if field == "*" { "sys_id" } else { field })?;
        let is_number = matches!(holds, FieldType::Integer | FieldType::Decimal);
        let adds = matches!(function, Function::Sum | Function::Average);
        (is_number || !adds).then(|| Self { function, field: field.to_owned(), path, holds })
    }

    fn shown(&self, figure: Option<&Figure>) -> String {
        match figure {
            None => String::new(),
            Some(Figure::Text(text)) => text.clone(),
            Some(Figure::Whole(milliseconds))
                if self.holds == FieldType::GlideDateTime && self.function != Function::Count =>
            {
                Timestamp(*milliseconds).to_string()
            }
            Some(figure) if self.function == Function::Average => format!("{:.4}", number(figure).unwrap_or_default()),
            Some(Figure::Whole(whole)) => whole.to_string(),
            Some(Figure::Real(real)) => format!("{real:.6}").trim_end_matches('0').trim_end_matches('.').to_owned(),
        }
    }
}

fn number(figure: &Figure) -> Option<f64> {
    match figure {
        Figure::Whole(whole) => Some(*whole as f64),
        Figure::Real(real) => Some(*real),
        Figure::Text(_) => None,
    }
}

/// `count^priority^>^3`; a field that cannot be figured is left out.
fn having(call: &Call<'_>, table: &str, text: &str) -> Result<Option<(Of, Comparison, bool, f64)>, Refusal> {
    let malformed = || {
        let example = "write it as aggregate^field^operator^number, such as count^priority^>^3";
        Refusal::Malformed(format!("sysparm_having: {example}"))
    };
    let [word, field, operator, value] = text.split('^').collect::<Vec<_>>()[..] else { return Err(malformed()) };
    let operators = [
        (">", Comparison::Greater, false),
        (">=", Comparison::GreaterOrEqual, false),
        ("<", Comparison::Less, false),
        ("<=", Comparison::LessOrEqual, false),
        ("=", Comparison::Equal, false),
        ("!=", Comparison::Equal, true),
    ];
    let known = operators.into_iter().find(|(symbol, ..)| *symbol == operator);
    let (_, comparison, is_not) = known.ok_or_else(malformed)?;
    let value = value.trim().parse().map_err(|_| malformed())?;
    if !FUNCTIONS.iter().any(|(known, _)| *known == word.to_lowercase()) {
        return Err(malformed());
    }
    Ok(Of::new(call, table, &word.to_lowercase(), field).map(|of| (of, comparison, is_not, value)))
}
