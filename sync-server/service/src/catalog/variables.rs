//! The questions of an item, and what answers cost.

use std::collections::BTreeMap;

use fieldline_model::condition::Filter;
use fieldline_model::value::Decimal;
use fieldline_model::{Record, SysId, Value};

use crate::call::Call;
use crate::query::number_field;
use crate::table::{Result, TableError};

const LABEL: i64 = 11;
const REQUESTED_FOR: i64 = 31;
/// Types that show something and ask nothing: label, break, containers, rich text.
const SILENT: [i64; 6] = [LABEL, 12, 19, 20, 24, 32];

/// A question of an item.
pub struct Variable {
    /// The `item_option_new` record.
    pub record: Record,
    /// The `question_choice` records to choose from.
    pub choices: Vec<Record>,
}

/// What somebody answers, by the question's name.
pub type Answers = BTreeMap<String, String>;

/// What something costs: at once, and again and again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    /// At once.
    pub once: Decimal,
    /// At every interval of the item.
    pub recurring: Decimal,
}

impl Variable {
    /// Its type's number.
    pub fn kind(&self) -> i64 {
        number_field(&self.record, "type").unwrap_or_default()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.record.text("name")
    }

    /// Whether something is asked.
    pub fn asks(&self) -> bool {
        !SILENT.contains(&self.kind())
    }

    /// Whether it must be answered.
    pub fn is_mandatory(&self) -> bool {
        self.record.says("mandatory")
    }

    /// The answer, else what stands for it.
    pub fn answer<'a>(&'a self, answers: &'a Answers) -> &'a str {
        let given = answers.get(self.name()).map(String::as_str).filter(|text| !text.is_empty());
        given.unwrap_or_else(|| self.record.text("default_value"))
    }

    fn price(&self, answer: &str) -> Price {
        let is_checked = matches!(answer.to_lowercase().as_str(), "true" | "yes" | "1");
        let chosen = self.choices.iter().find(|choice| value_of(choice).eq_ignore_ascii_case(answer));
        match chosen {
            Some(choice) => Price { once: amount(choice, "misc"), recurring: amount(choice, "rec_misc") },
            None if is_checked => {
                let [once, recurring] =
                    ["price_if_checked", "rec_price_if_checked"].map(|field| amount(&self.record, field));
                Price { once, recurring }
            }
            None => Price::default(),
        }
    }
}

/// What a choice is stored as.
pub fn value_of(choice: &Record) -> &str {
    let value = choice.text("value");
    if value.is_empty() { choice.text("text") } else { value }
}

/// An amount of money in a field.
pub fn amount(record: &Record, field: &str) -> Decimal {
    match record.get(field) {
        Some(Value::Decimal(amount)) => *amount,
        _ => Decimal::default(),
    }
}

/// The active questions of an item, in their order.
///
/// # Errors
/// When the database fails.
pub fn of_item(call: &Call<'_>, item: SysId) -> Result<Vec<Variable>> {
    let in_order = |records: &mut Vec<Record>| {
        records.sort_by_key(|record| (number_field(record, "order").unwrap_or_default(), record.id.sys_id));
    };
    let mut records =
        call.rows("item_option_new", &Filter::equals("cat_item", item).and(Filter::equals("active", true)))?;
    in_order(&mut records);
    let mut variables = Vec::with_capacity(records.len());
    for record in records {
        let mut choices = call.rows("question_choice", &Filter::equals("question", record.id.sys_id))?;
        choices.retain(|choice| !choice.says("inactive"));
        in_order(&mut choices);
        variables.push(Variable { record, choices });
    }
    Ok(variables)
}

/// Checks that everything mandatory is answered.
///
/// # Errors
/// Names the questions that are not.
pub(super) fn check(item: &Record, variables: &[Variable], answers: &Answers) -> Result<()> {
    let open = variables.iter().filter(|one| one.asks() && one.is_mandatory() && one.answer(answers).is_empty());
    let names: Vec<&str> = open.map(Variable::name).collect();
    if names.is_empty() {
        return Ok(());
    }
    let problem = format!("Mandatory Variables are required: {}", names.join(", "));
    Err(TableError::invalid(&item.id, None, problem))
}

/// What one piece of an item costs with these answers.
pub(super) fn price(item: &Record, variables: &[Variable], answers: &Answers) -> Price {
    let own = Price { once: amount(item, "price"), recurring: amount(item, "recurring_price") };
    let answered = variables.iter().map(|variable| variable.price(variable.answer(answers)));
    answered.fold(own, |sum, more| Price {
        once: plus(sum.once, more.once),
        recurring: plus(sum.recurring, more.recurring),
    })
}

/// Whether an item asks whom it is for.
pub fn asks_for_whom(variables: &[Variable]) -> bool {
    variables.iter().any(|variable| variable.kind() == REQUESTED_FOR)
}

/// Whom the answers say it is for.
pub(super) fn requested_for(variables: &[Variable], answers: &Answers) -> Option<SysId> {
    let asked = variables.iter().find(|variable| variable.kind() == REQUESTED_FOR)?;
    asked.answer(answers).parse().ok()
}

/// A sum of money.
pub fn plus(a: Decimal, b: Decimal) -> Decimal {
    Decimal { millionths: a.millionths.saturating_add(b.millionths) }
}

/// So many times an amount.
pub fn times(amount: Decimal, quantity: i64) -> Decimal {
    Decimal { millionths: amount.millionths.saturating_mul(quantity) }
}

/// What people read for an answer to a question.
///
/// # Errors
/// When there is no such question.
pub fn display(call: &Call<'_>, variable: &str, value: &str) -> Result<String> {
    let id = variable.parse::<SysId>().map_err(|_| TableError::NotFound("the variable".into()))?;
    let found = call.tx.find(call.dictionary.family("item_option_new"), id)?;
    let record = found.ok_or_else(|| TableError::NotFound(format!("item_option_new/{id}")))?;
    let choices = call.rows("question_choice", &Filter::equals("question", id))?;
    if let Some(choice) = choices.iter().find(|choice| value_of(choice).eq_ignore_ascii_case(value)) {
        return Ok(choice.text("text").to_owned());
    }
    let people = (number_field(&record, "type") == Some(REQUESTED_FOR)).then_some("sys_user");
    let table = people.unwrap_or_else(|| record.text("reference"));
    let target = value.parse::<SysId>().ok();
    let target = target.map(|target| call.tx.find(call.dictionary.family(table), target)).transpose()?.flatten();
    let shown = target.and_then(|target| {
        let display = call.dictionary.table(target.id.table.as_str())?.display.clone();
        Some(target.text(display.as_str()).to_owned())
    });
    Ok(shown.unwrap_or_else(|| value.to_owned()))
}
