//! A checklist as people write it down: a row, and a row for each question (`fl_checklist`, `fl_checklist_question`).

use std::collections::BTreeSet;

use super::{Before, Checklist, Choice, Kind, Limits, Question, REMARK, ShowIf};
use crate::record::Record;
use crate::value::{Decimal, Value};

/// More questions than anybody answers on a job.
const MOST_QUESTIONS: usize = 300;
/// The longest name of a checklist and of a question: together they are an answer's key.
const MOST_NAME_BYTES: usize = 40;
/// What answers are called that belong to no checklist.
const TAKEN: [&str; 4] = ["signature", "photo", "meter_replaced", "safety"];
const USUAL_STARS: i64 = 5;

/// What is wrong with a row: its field, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {field}: {problem}")]
pub struct RowError {
    /// The name of the checklist or question.
    pub name: String,
    /// The field.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl Checklist {
    /// The checklist that rows say, its questions in their order.
    ///
    /// # Errors
    /// Names the first row that could not be answered or would never be shown.
    pub fn of_rows(checklist: &Record, questions: &[Record]) -> Result<Self, RowError> {
        let key = name_of(checklist, &TAKEN)?;
        let before = match checklist.text("before") {
            "start_work" => Before::StartWork,
            _ => Before::Complete,
        };
        let mut sorted: Vec<&Record> = questions.iter().collect();
        sorted.sort_by_key(|row| (integer(row, "order").unwrap_or(0), row.id.sys_id));
        let mut read: Vec<Question> = Vec::new();
        for row in sorted {
            let question = question(row, &read)?;
            read.push(question);
        }
        if !(1..=MOST_QUESTIONS).contains(&read.len()) {
            let problem = format!("has {} questions; give it 1 to {MOST_QUESTIONS}", read.len());
            return Err(RowError { name: key, field: "questions", problem });
        }
        Ok(Self { key, title: checklist.text("title").to_owned(), before, questions: read })
    }
}

fn name_of(row: &Record, taken: &[&str]) -> Result<String, RowError> {
    let name = row.text("name");
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let wrong = |problem: String| Err(RowError { name: name.to_owned(), field: "name", problem });
    if name.is_empty() || name.len() > MOST_NAME_BYTES || !name.bytes().all(plain) {
        return wrong(format!("must have 1 to {MOST_NAME_BYTES} of a-z, 0-9 and _"));
    }
    if taken.contains(&name) {
        return wrong("means something else already; take another".into());
    }
    Ok(name.to_owned())
}

fn question(row: &Record, earlier: &[Question]) -> Result<Question, RowError> {
    let key = name_of(row, &[REMARK])?;
    if earlier.iter().any(|question| question.key == key) {
        return Err(RowError { name: key, field: "name", problem: "is asked twice; take another".into() });
    }
    Ok(Question {
        text: row.text("question").to_owned(),
        kind: kind(row)?,
        mandatory: row.says("mandatory"),
        show_if: show_if(row, earlier)?,
        key,
    })
}

fn kind(row: &Record) -> Result<Kind, RowError> {
    let points = integer(row, "points").unwrap_or(0);
    let unit = row.text("unit").to_owned();
    Ok(match row.text("type") {
        "section" => Kind::Section,
        "yes_no" => Kind::YesNo { points },
        "number" => Kind::Number { unit, limits: limits(row)? },
        "reading" => Kind::Reading { meter: meter(row)?, unit, limits: limits(row)? },
        "choice" => Kind::Choice { choices: choices(row)? },
        "multi" => Kind::Multi { choices: choices(row)? },
        "date" => Kind::Date,
        "photo" => Kind::Photo,
        "signature" => Kind::Signature,
        "barcode" => Kind::Barcode,
        "rating" => Kind::Rating { most: integer(row, "stars").unwrap_or(USUAL_STARS).clamp(2, 10) },
        _ => Kind::Text,
    })
}

fn meter(row: &Record) -> Result<String, RowError> {
    let meter = row.text("meter");
    let problem = || "a reading is of a meter; name it".to_owned();
    (!meter.is_empty()).then(|| meter.to_owned()).ok_or_else(|| wrong(row, "meter", problem()))
}

fn limits(row: &Record) -> Result<Limits, RowError> {
    let [lower, upper] = ["lower_limit", "upper_limit"].map(|field| decimal(row, field));
    let [normal_from, normal_to] = ["normal_from", "normal_to"].map(|field| decimal(row, field));
    let ascending: Vec<Decimal> = [lower, normal_from, normal_to, upper].into_iter().flatten().collect();
    if !ascending.is_sorted() {
        let problem = "lower_limit, normal_from, normal_to and upper_limit must not fall; put them in order";
        return Err(wrong(row, "lower_limit", problem.into()));
    }
    Ok(Limits { lower, upper, normal_from, normal_to })
}

/// One choice a line: its value, what people read, and what it scores, with `|` between them.
fn choices(row: &Record) -> Result<Vec<Choice>, RowError> {
    let mut values = BTreeSet::new();
    let mut read = Vec::new();
    for line in row.text("choices").lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut parts = line.split('|').map(str::trim);
        let value = parts.next().unwrap_or_default();
        let label = parts.next().filter(|label| !label.is_empty()).unwrap_or(value).to_owned();
        let points = parts.next().map_or(Ok(0), str::parse).map_err(|_| {
            wrong(row, "choices", format!("\"{line}\": points are a whole number; write value|label|points"))
        })?;
        if value.is_empty() || value.contains(',') || !values.insert(value) {
            return Err(wrong(row, "choices", format!("\"{line}\": a value is there once and has no comma")));
        }
        read.push(Choice { value: value.to_owned(), label, points });
    }
    if read.is_empty() { Err(wrong(row, "choices", "give at least one, each on a line".into())) } else { Ok(read) }
}

/// Only earlier questions show others, so nothing ever waits for itself.
fn show_if(row: &Record, earlier: &[Question]) -> Result<Option<ShowIf>, RowError> {
    let question = row.text("show_if_question");
    if question.is_empty() {
        return Ok(None);
    }
    if !earlier.iter().any(|earlier| earlier.key == question && earlier.kind != Kind::Section) {
        let problem = format!("no earlier question is called \"{question}\"; name one, or change the order");
        return Err(wrong(row, "show_if_question", problem));
    }
    let is: Vec<String> = row.text("show_if_answers").split(',').map(|is| is.trim().to_owned()).collect();
    if is.iter().all(String::is_empty) {
        return Err(wrong(row, "show_if_answers", "say by which answers it is shown, with commas".into()));
    }
    Ok(Some(ShowIf { question: question.to_owned(), is }))
}

fn wrong(row: &Record, field: &'static str, problem: String) -> RowError {
    RowError { name: row.text("name").to_owned(), field, problem }
}

fn integer(row: &Record, field: &str) -> Option<i64> {
    row.get(field).and_then(Value::as_integer)
}

fn decimal(row: &Record, field: &str) -> Option<Decimal> {
    if let Some(Value::Decimal(number)) = row.get(field) { Some(*number) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DocumentId, SysId};

    fn row(table: &str, number: u8, fields: &[(&str, Value)]) -> Record {
        let mut row = Record::new(DocumentId::new(table, SysId([number; 16])));
        fields.iter().for_each(|(field, value)| row.set(*field, Some(value.clone())));
        row
    }

    fn asked(number: u8, name: &str, kind: &str, more: &[(&str, &str)]) -> Record {
        let mut row = row("fl_checklist_question", number, &[("order", Value::Integer(number.into()))]);
        let fields = [("name", name), ("type", kind)];
        fields.iter().chain(more).for_each(|(field, text)| row.set(*field, Some(Value::text(*text))));
        row
    }

    fn of(questions: &[Record]) -> Result<Checklist, String> {
        let checklist = row("fl_checklist", 9, &[("name", Value::text("boiler")), ("title", Value::text("Boiler"))]);
        Checklist::of_rows(&checklist, questions).map_err(|error| error.to_string())
    }

    #[test]
    fn questions_come_in_their_order_with_what_they_take() {
        let checklist = of(&[
            asked(3, "where", "text", &[("show_if_question", "state"), ("show_if_answers", "worn, broken")]),
            asked(1, "state", "choice", &[("choices", "ok|Fine|2\nworn\n\nbroken|Broken|-1")]),
        ])
        .unwrap();
        let keys: Vec<&str> = checklist.questions.iter().map(|question| question.key.as_str()).collect();
        assert_eq!(keys, ["state", "where"]);
        let Kind::Choice { choices } = &checklist.questions[0].kind else { panic!("a choice") };
        assert_eq!((choices[1].label.as_str(), choices[0].points, choices[2].points), ("worn", 2, -1));
        assert_eq!(checklist.questions[1].show_if.as_ref().unwrap().is, ["worn", "broken"]);
    }

    #[test]
    fn what_could_not_be_answered_is_refused_by_name() {
        let limits = |from: i64| {
            let mut row = asked(1, "bar", "number", &[]);
            row.set("lower_limit", Some(Value::Decimal(Decimal::whole(from))));
            row.set("upper_limit", Some(Value::Decimal(Decimal::whole(5))));
            row
        };
        assert!(of(&[limits(0)]).is_ok());
        for (questions, problem) in [
            (vec![], "boiler: questions: has 0 questions"),
            (vec![limits(6)], "bar: lower_limit: lower_limit, normal_from"),
            (vec![asked(1, "A b", "text", &[])], "A b: name: must have"),
            (vec![asked(1, "a", "text", &[]), asked(2, "a", "text", &[])], "a: name: is asked twice"),
            (vec![asked(1, "a", "choice", &[])], "a: choices: give at least one"),
            (vec![asked(1, "a", "choice", &[("choices", "x|X|many")])], "a: choices: \"x|X|many\": points"),
            (vec![asked(1, "a", "multi", &[("choices", "x\nx")])], "a: choices: \"x\": a value is there once"),
            (vec![asked(1, "a", "reading", &[])], "a: meter: a reading is of a meter"),
            (vec![asked(1, "a", "text", &[("show_if_question", "b")])], "a: show_if_question: no earlier question"),
        ] {
            let error = of(&questions).expect_err(problem);
            assert!(error.starts_with(problem), "{error}");
        }
        let taken = row("fl_checklist", 9, &[("name", Value::text("safety"))]);
        let error = Checklist::of_rows(&taken, &[asked(1, "a", "text", &[])]).unwrap_err();
        assert_eq!((error.field, error.problem.as_str()), ("name", "means something else already; take another"));
    }
}
