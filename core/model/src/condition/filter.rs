//! What a query asks of a table's records once it fits the table: typed, small, and without anything that could be misread.
//!
//! Every check is positive: it never holds for an empty field, except [`Check::SameAs`], which holds for two. What a query
//! says the other way round is a [`Filter::Not`] around it, so that "is not" holds for an empty field, as clients expect.

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// Text in lower case; also references and lists, as hexadecimal text.
    Text(String),
    /// A number.
    Number(Decimal),
    /// A moment.
    Moment(Timestamp),
    /// Yes or no.
    Boolean(bool),
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
