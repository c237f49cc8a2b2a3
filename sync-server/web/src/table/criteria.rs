//! Which records a list asks for: an encoded query, or plain `field=value` pairs, where choices and references may be
//! given as people read them. What a table does not have is left out and the rest holds; clients rely on that.

use fieldline_model::condition::{Condition, Group, Operator, Query, Term};
use fieldline_model::dictionary::{Dictionary, Field, FieldType, Table};

use super::parameters::Parameters;

/// The query a list's parameters stand for.
pub fn criteria(parameters: &Parameters, table: &Table, dictionary: &Dictionary) -> Query {
    match &parameters.query {
        Some(text) => Query::parse(text).query,
        None => pairs(&parameters.pairs, table, dictionary),
    }
}

fn pairs(pairs: &[(String, String)], table: &Table, dictionary: &Dictionary) -> Query {
    let clauses: Vec<_> = pairs.iter().filter_map(|(name, value)| clause(name, value, table, dictionary)).collect();
    Query { groups: if clauses.is_empty() { Vec::new() } else { vec![Group { clauses }] }, order: Vec::new() }
}

/// That a field has a value, given as people read it or as it is stored; `None` where the name leads nowhere.
pub fn clause(name: &str, value: &str, table: &Table, dictionary: &Dictionary) -> Option<Vec<Term>> {
    let path: Vec<String> = name.split('.').map(str::to_owned).collect();
    let field = *dictionary.walk(table.name.as_str(), &path)?.last()?;
    let equals = |path: Vec<String>, value: &str| {
        Term::from(Condition { path, operator: Operator::Equals, value: value.to_owned() })
    };
    if field.field_type == FieldType::Reference && value.parse::<fieldline_model::SysId>().is_err() && !value.is_empty()
    {
        let target = dictionary.table(field.reference.as_ref()?.as_str())?;
        let known_by = [target.display.as_str(), "user_name"].into_iter().filter(|name| target.field(name).is_some());
        let walked = |name: &str| path.iter().cloned().chain([name.to_owned()]).collect();
        return Some(known_by.map(|name| equals(walked(name), value)).collect());
    }
    Some(vec![equals(path, stored(field, value))])
}

/// The value of a choice given by its label, else the value as given.
fn stored<'a>(field: &'a Field, given: &'a str) -> &'a str {
    let labelled = field.choices.iter().find(|choice| choice.label.eq_ignore_ascii_case(given));
    labelled.map_or(given, |choice| choice.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Vec<Vec<String>> {
        let dictionary = Dictionary::shipped();
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let parameters = Parameters { pairs, ..Parameters::default() };
        let query = criteria(&parameters, dictionary.table("incident").expect("shipped"), dictionary);
        let groups = query.groups.into_iter().flat_map(|group| group.clauses);
        groups.map(|clause| clause.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn pairs_take_values_labels_and_names_and_leave_out_what_the_table_does_not_have() {
        assert_eq!(read(&[("impact", "high"), ("colour", "red")]), [["impact=1"]]);
        let by_name = [["assigned_to.name=mia", "assigned_to.user_name=mia"]];
        assert_eq!(read(&[("assigned_to", "mia")]), by_name);
        assert_eq!(read(&[("caller_id.email", "a^b")]).len(), 1);
        assert_eq!(read(&[("colour", "red")]), Vec::<Vec<String>>::new());
    }
}
