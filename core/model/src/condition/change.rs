//! What a condition asks of a change (`stateCHANGESTO6`): only whoever holds a record as it was and as it is can say.
//!
//! A list shows records as they are, so there these conditions are left out and named. Rules answer them first, by
//! [`Query::of_change`], and ask the rest of the record as it is.

use super::{Condition, Operator, Query, Term};
use crate::record::Record;

impl Operator {
    /// Whether it compares a record as it is with what it was.
    pub fn asks_of_a_change(self) -> bool {
        matches!(self, Self::Changes | Self::ChangesFrom | Self::ChangesTo)
    }
}

impl Query {
    /// The query in which what is asked of a change is answered; `before` is `None` for a record that is new.
    pub fn of_change(&self, before: Option<&Record>, after: &Record) -> Self {
        let mut settled = self.clone();
        for group in &mut settled.groups {
            for term in group.clauses.iter_mut().flatten() {
                let Term::Condition(condition) = &*term else { continue };
                if condition.operator.asks_of_a_change() {
                    *term = constant(holds(condition, before, after)).into();
                }
            }
        }
        settled
    }

    /// Whether a change is asked for, and not only how things stand.
    pub fn asks_of_a_change(&self) -> bool {
        self.changes().next().is_some()
    }

    /// The paths whose change is asked for.
    pub fn changes(&self) -> impl Iterator<Item = &[String]> {
        let terms = self.groups.iter().flat_map(|group| group.clauses.iter().flatten());
        terms.filter_map(|term| match term {
            Term::Condition(condition) if condition.operator.asks_of_a_change() => Some(&condition.path[..]),
            _ => None,
        })
    }
}

fn holds(condition: &Condition, before: Option<&Record>, after: &Record) -> bool {
    let [field] = &condition.path[..] else { return false };
    let text = |record: &Record| record.get(field).map(ToString::to_string).unwrap_or_default();
    let (old, new) = (before.map(text).unwrap_or_default(), text(after));
    let is = |text: &str| text.eq_ignore_ascii_case(&condition.value);
    old != new
        && match condition.operator {
            Operator::ChangesFrom => is(&old),
            Operator::ChangesTo => is(&new),
            _ => true,
        }
}

/// A condition that holds for every record, or for none.
fn constant(holds: bool) -> Condition {
    let operator = if holds { Operator::IsNotEmpty } else { Operator::IsEmpty };
    Condition { path: vec!["sys_id".into()], operator, value: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{Alone, Asking};
    use crate::{Dictionary, DocumentId, SysId, Timestamp, Utc0, Value};

    fn incident(state: i64) -> Record {
        let mut record = Record::new(DocumentId::new("incident", SysId([1; 16])));
        record.set("state", Some(Value::Integer(state)));
        record.set("active", Some(Value::Boolean(true)));
        record
    }

    fn matches(text: &str, before: Option<&Record>, after: &Record) -> bool {
        let asking = Asking {
            dictionary: Dictionary::shipped(),
            now: Timestamp(0),
            zone: &Utc0,
            user: None,
            groups: &Vec::new,
            may_read: &|_, _| true,
        };
        let parsed = Query::parse(text);
        assert_eq!((parsed.ignored, parsed.query.to_string()), (Vec::new(), text.to_owned()));
        let resolved = parsed.query.of_change(before, after).resolve("incident", &asking);
        assert_eq!(resolved.ignored, Vec::<String>::new());
        resolved.filter.matches(after, &Alone)
    }

    #[test]
    fn a_change_is_seen_by_what_a_record_was_and_is() {
        let (new, resolved) = (incident(1), incident(6));
        for (text, born, changed, kept) in [
            ("stateVALCHANGES", true, true, false),
            ("stateCHANGESTO6", true, true, false),
            ("stateCHANGESFROM1", false, true, false),
            ("stateCHANGESFROM1^stateCHANGESTO6", false, true, false),
            ("active=true^stateCHANGESTO1^ORstateCHANGESTO6", true, true, false),
            ("stateCHANGESTO1^NQactive=true", true, true, true),
            ("caller_id.nameVALCHANGES", false, false, false),
        ] {
            assert_eq!(matches(text, None, &resolved), born, "{text} of a new record");
            assert_eq!(matches(text, Some(&new), &resolved), changed, "{text} of a change");
            assert_eq!(matches(text, Some(&resolved), &resolved), kept, "{text} of none");
        }
        let query = Query::parse("active=true^stateCHANGESTO1^ORimpactVALCHANGES").query;
        assert_eq!(query.changes().collect::<Vec<_>>(), [["state".to_owned()], ["impact".to_owned()]]);
    }
}
