//! What a query asks of a table's records once it fits the table: typed, small, and without anything that could be misread.
//!
//! Every check is positive: it never holds for an empty field, except [`Check::SameAs`], which holds for two. What a query
//! says the other way round is a [`Filter::Not`] around it, so that "is not" holds for an empty field, as clients expect.

use minicbor::{Decode, Encode};

use crate::id::{FieldName, SysId, TableName};
use crate::time::Timestamp;
use crate::value::Decimal;

/// Which records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Those all of these hold for; none of them holds for every record.
    All(Vec<Filter>),
    /// Those one of these holds for; none of them holds for no record.
    Any(Vec<Filter>),
    /// Those this does not hold for.
    Not(Box<Filter>),
    /// Those whose field passes the check.
    Test(Path, Check),
    /// Those that so many other records refer to.
    Related(Related),
    /// Those in which all of these words are, or words that begin so.
    Words(String),
}

/// The way to a field, through references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The references followed, the record's own first.
    pub steps: Vec<Step>,
    /// The field at the end.
    pub field: FieldName,
}

/// A reference that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The field that holds it.
    pub field: FieldName,
    /// The tables its target may be in.
    pub tables: Vec<TableName>,
}

/// What a field must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Anything but empty.
    Filled,
    /// One of these.
    Is(Vec<Operand>),
    /// Before or after this.
    Compare(Comparison, Operand),
    /// Text with this in it, in lower case.
    Contains(String),
    /// Text that begins so, in lower case.
    StartsWith(String),
    /// Text that ends so, in lower case.
    EndsWith(String),
    /// The same as another field; two empty fields are the same.
    SameAs(Path),
    /// Before or after another field and so many more (milliseconds, where both are moments).
    CompareField(Comparison, Path, i64),
    /// A moment at which a clock so many seconds ahead of UTC shows this.
    Part(DatePart, Comparison, i64, i32),
}

/// What is read off a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePart {
    /// The year, as people write it.
    Year,
    /// 1 to 4.
    Quarter,
    /// 1 to 12.
    Month,
    /// 0 is Sunday.
    DayOfWeek,
    /// 0 to 23.
    Hour,
}

/// A value to compare with. Which one, the field's type decides.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Operand {
    /// Text in lower case; also references and lists, as hexadecimal text.
    #[n(0)]
    Text(#[n(0)] String),
    /// A number.
    #[n(1)]
    Number(#[n(0)] Decimal),
    /// A moment.
    #[n(2)]
    Moment(#[n(0)] Timestamp),
    /// Yes or no.
    #[n(3)]
    Boolean(#[n(0)] bool),
}

/// Which of two is larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

/// Other records that carry a value of this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The field here; `sys_id` for references.
    pub here: FieldName,
    /// The tables of the others.
    pub tables: Vec<TableName>,
    /// Their field that holds it.
    pub field: FieldName,
    /// Which of them count.
    pub filter: Box<Filter>,
    /// How many there must be.
    pub count: (Comparison, u32),
}

/// One sort key; an empty field comes before every value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub path: Path,
    /// Largest first.
    pub descending: bool,
}

impl Filter {
    /// Every record.
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// No record.
    pub fn nothing() -> Self {
        Self::Any(Vec::new())
    }

    /// The records this does not hold for.
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Records whose field has this value.
    pub fn equals(field: &str, value: impl Into<Operand>) -> Self {
        Self::Test(Path::of(field), Check::Is(vec![value.into()]))
    }

    /// Records that stand behind a place in an order: the one whose sort keys have these values.
    pub fn after(order: &[Sort], place: &[Option<Operand>]) -> Self {
        let (Some((key, order)), Some((value, place))) = (order.split_first(), place.split_first()) else {
            return Self::nothing();
        };
        let is = |check| Self::Test(key.path.clone(), check);
        let behind = Self::after(order, place);
        match (value, key.descending) {
            (None, false) => Self::Any(vec![is(Check::Filled), behind]),
            (None, true) => is(Check::Filled).negated().and(behind),
            (Some(value), descending) => {
                let (less, more) = match descending {
                    true => (Comparison::LessOrEqual, Comparison::Less),
                    false => (Comparison::GreaterOrEqual, Comparison::Greater),
                };
                let not_before = is(Check::Compare(less, value.clone()));
                let filled = not_before.and(Self::Any(vec![is(Check::Compare(more, value.clone())), behind]));
                if descending { Self::Any(vec![is(Check::Filled).negated(), filled]) } else { filled }
            }
        }
    }

    /// Whether it looks at nothing but fields of the record.
    pub fn is_of_the_record_itself(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().all(Self::is_of_the_record_itself),
            Self::Not(part) => part.is_of_the_record_itself(),
            Self::Test(_, Check::SameAs(_) | Check::CompareField(..)) | Self::Related(_) | Self::Words(_) => false,
            Self::Test(path, _) => path.steps.is_empty(),
        }
    }

    /// Records for which this and another hold.
    pub fn and(self, other: Self) -> Self {
        Self::All(vec![self, other])
    }
}

impl Path {
    /// A field of the record itself.
    pub fn of(field: &str) -> Self {
        Self { steps: Vec::new(), field: field.into() }
    }
}

impl From<SysId> for Operand {
    fn from(id: SysId) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<&str> for Operand {
    fn from(text: &str) -> Self {
        Self::Text(text.to_lowercase())
    }
}

impl From<bool> for Operand {
    fn from(yes: bool) -> Self {
        Self::Boolean(yes)
    }
}

impl From<i64> for Operand {
    fn from(number: i64) -> Self {
        Self::Number(Decimal::whole(number))
    }
}

impl Comparison {
    /// The comparison of the words `LT`, `LE`, `EE`, `GE` and `GT`.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "LT" => Self::Less,
            "LE" => Self::LessOrEqual,
            "EE" => Self::Equal,
            "GE" => Self::GreaterOrEqual,
            "GT" => Self::Greater,
            _ => return None,
        })
    }

    /// How queries and SQL write it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }

    /// Whether two that stand in this order pass.
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Greater => order.is_gt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::condition::Alone;
    use crate::id::DocumentId;
    use crate::record::Record;
    use crate::value::Value;

    fn compared(order: &[Sort], one: &[Option<Operand>], other: &[Option<Operand>]) -> std::cmp::Ordering {
        let number = |value: &Option<Operand>| match value {
            Some(Operand::Number(number)) => Some(*number),
            _ => None,
        };
        let text = |value: &Option<Operand>| match value {
            Some(Operand::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let keys = order.iter().zip(one.iter().zip(other)).map(|(key, (one, other))| {
            let order = number(one).cmp(&number(other)).then_with(|| text(one).cmp(&text(other)));
            if key.descending { order.reverse() } else { order }
        });
        keys.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    }

    proptest! {
        #[test]
        fn what_stands_behind_a_place_is_what_comes_later_in_the_order(
            values in proptest::collection::vec((proptest::option::of(0..3i64), proptest::option::of(0..2i64)), 1..9),
            descending in any::<[bool; 2]>(),
        ) {
            let key = |field, descending| Sort { path: Path::of(field), descending };
            let order = [key("a", descending[0]), key("b", descending[1]), key("sys_id", false)];
            let records = (0u8..).zip(values).map(|(number, (a, b))| {
                let mut record = Record::new(DocumentId::new("task", SysId([number; 16])));
                record.set("a", a.map(Value::Integer));
                record.set("b", b.map(Value::Integer));
                record
            });
            let records: Vec<Record> = records.collect();
            let place = |record: &Record| order.each_ref().map(|key| key.path.value(record, &Alone));
            for one in &records {
                let filter = Filter::after(&order, &place(one));
                for other in &records {
                    let is_behind = compared(&order, &place(one), &place(other)).is_lt();
                    prop_assert_eq!(filter.matches(other, &Alone), is_behind, "{:?} {:?}", one, other);
                }
            }
        }
    }
}
