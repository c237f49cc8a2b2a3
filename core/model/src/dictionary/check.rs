//! Refuses a dictionary that does not fit together: a name that is nowhere declared, a field that cannot hold what fills it.

use std::collections::BTreeSet;

use super::load::{Checked, ensure, wrong};
use super::{Dictionary, EVERYONE, Field, FieldType, Kind, Merge, Readers, Table};
use crate::condition::{Asking, Query};
use crate::id::FieldName;
use crate::life_cycle::{LifeCycle, StepRule};
use crate::time::{Timestamp, Utc0};

type Roles = BTreeSet<String>;

/// Checks a completed table against the whole.
pub(super) fn check_table(dictionary: &Dictionary, table: &Table) -> Checked {
    let place = table.name.as_str();
    let known = |field: &FieldName| table.field(field.as_str()).is_some();
    ensure(known(&table.display), place, || format!("displays \"{}\", which is no field of it", table.display))?;
    check_roles(dictionary.roles(), place, [&table.create, &table.read, &table.write, &table.delete])?;
    for field in &table.fields {
        let hides = table.kind == Kind::Document && !field.read.is_empty();
        ensure(!hides, &format!("{place}.{}", field.name), || {
            "has readers, but whoever holds a record people work on holds all of it; put it in a table of its own"
                .into()
        })?;
        check_field(dictionary, &format!("{place}.{}", field.name), field)?;
    }
    check_offline(dictionary, table)?;
    check_readers(dictionary, table)?;
    let Some(name) = &table.life_cycle else { return Ok(()) };
    let life_cycle = dictionary.life_cycle(name).ok_or_else(|| wrong(place, format!("no life cycle \"{name}\"")))?;
    ensure(table.kind == Kind::Document, place, || "has a life cycle, so its kind must be \"document\"".into())?;
    check_life_cycle_fields(table, life_cycle)
}

fn check_roles<'a>(roles: &Roles, place: &str, lists: impl IntoIterator<Item = &'a Vec<String>>) -> Checked {
    lists.into_iter().flatten().try_for_each(|role| {
        let known = roles.contains(role) || role == EVERYONE;
        let all = || roles.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        ensure(known, place, || format!("role \"{role}\" is none of {}", all()))
    })
}

fn check_field(dictionary: &Dictionary, place: &str, field: &Field) -> Checked {
    let refers = matches!(field.field_type, FieldType::Reference | FieldType::GlideList);
    match &field.reference {
        Some(table) => {
            ensure(refers, place, || format!("names the table \"{table}\" but is no reference or glide_list"))?;
            let known = dictionary.table(table.as_str()).is_some();
            ensure(known, place, || format!("refers to \"{table}\", which no file declares"))?;
        }
        None => ensure(!refers, place, || "needs `reference`, the table it points to".into())?,
    }
    let list = field.field_type == FieldType::GlideList;
    ensure(list == (field.merge == Merge::Set), place, || {
        "a glide_list merges as \"set\", and nothing else does".into()
    })?;
    let derived = field.merge == Merge::Derived;
    let claims = field.mandatory || field.default.is_some() || !field.write.is_empty();
    ensure(!(derived && claims), place, || "is derived, so it has no `mandatory`, `default` or `write`".into())?;
    check_roles(dictionary.roles(), place, [&field.write, &field.read])?;
    check_choices(place, field)?;
    match field.default.as_ref().map(|text| field.parse(text)) {
        Some(Err(problem)) => Err(wrong(place, format!("its default does not fit: {problem}"))),
        _ => Ok(()),
    }
}

fn check_choices(place: &str, field: &Field) -> Checked {
    let simple = matches!(field.field_type, FieldType::String | FieldType::Integer);
    ensure(simple || field.choices.is_empty(), place, || "only a string or integer has choices".into())?;
    let mut seen = BTreeSet::new();
    field.choices.iter().try_for_each(|choice| {
        ensure(seen.insert(&choice.value), place, || format!("offers the choice \"{}\" twice", choice.value))?;
        let fits = field.field_type == FieldType::String || choice.value.parse::<i64>().is_ok();
        ensure(fits, place, || format!("is an integer, so its choice \"{}\" must be one", choice.value))
    })
}

fn check_offline(dictionary: &Dictionary, table: &Table) -> Checked {
    let place = table.name.as_str();
    let names = |fields: &[FieldName], target: &str| -> Checked {
        fields.iter().try_for_each(|name| {
            let field = table.field(name.as_str());
            let right = field.is_some_and(|field| field.reference.as_ref().is_some_and(|to| *to == *target));
            ensure(right, place, || format!("is held offline by \"{name}\", which is no reference to {target} of it"))
        })
    };
    names(&table.offline.users, "sys_user")?;
    names(&table.offline.groups, "sys_user_group")?;
    table.offline.with.iter().try_for_each(|name| {
        let leads = table.field(name.as_str()).is_some_and(|field| field.field_type == FieldType::Reference);
        ensure(leads, place, || format!("travels with \"{name}\", which is no reference of it"))
    })?;
    table.offline.fields.iter().try_for_each(|name| {
        let fits = table.kind == Kind::Reference && table.field(name.as_str()).is_some();
        ensure(fits, place, || format!("sends \"{name}\" to devices, which is no field of a row of it"))
    })?;
    table.offline.follow.iter().try_for_each(|path| {
        let steps: Vec<&str> = path.split('.').collect();
        let fields = dictionary.walk(place, &steps);
        let refers = |field: &&Field| matches!(field.field_type, FieldType::Reference | FieldType::GlideList);
        let leads = fields.is_some_and(|fields| fields.iter().all(refers));
        ensure(leads, place, || format!("follows \"{path}\", which does not lead to a record through references"))
    })
}

/// Who reads single rows is told by fields of theirs that everybody who sees the row may know, or asking would tell of others.
fn check_readers(dictionary: &Dictionary, table: &Table) -> Checked {
    let place = table.name.as_str();
    let is_open = |name: &str| table.field(name).is_some_and(|field| field.read.is_empty());
    let looks_up = table.rows.is_empty() || table.kind == Kind::Reference;
    ensure(looks_up, place, || "is worked on, so `offline` says who holds its records, not `rows`".into())?;
    for rows in &table.rows {
        let named: &[&FieldName] = match rows {
            Readers::Query(_) => &[],
            Readers::ForRoles { roles, .. } => &[roles],
            Readers::Of { table, sys_id } => &[table, sys_id],
        };
        let unknown = named.iter().find(|name| !is_open(name.as_str()));
        ensure(unknown.is_none(), place, || format!("lets rows be read by fields everybody knows, not by {named:?}"))?;
        rows.query().map_or(Ok(()), |query| check_rows_query(dictionary, table, query))?;
    }
    table.fields.iter().try_for_each(|field| {
        let reserved = field.known.is_none() || !field.read.is_empty();
        let place = format!("{place}.{}", field.name);
        ensure(reserved, &place, || "is known of some records, so it needs `read`, the roles that know all".into())?;
        field.known.as_deref().map_or(Ok(()), |query| check_rows_query(dictionary, table, query))
    })
}

fn check_rows_query(dictionary: &Dictionary, table: &Table, text: &str) -> Checked {
    let asking = Asking {
        dictionary,
        now: Timestamp(0),
        zone: &Utc0,
        user: None,
        groups: &Vec::new,
        may_read: &|_, field| field.read.is_empty(),
    };
    let parsed = Query::parse(text);
    let resolved = parsed.query.resolve(table.name.as_str(), &asking);
    let fits = parsed.ignored.is_empty() && resolved.ignored.is_empty() && resolved.filter.is_of_the_record_itself();
    ensure(fits && resolved.order.is_empty(), table.name.as_str(), || {
        format!(
            "says by \"{text}\" which rows are read, which asks for more than fields of the row that everybody knows"
        )
    })
}

/// Checks a life cycle by itself.
pub(super) fn check_life_cycle(life_cycle: &LifeCycle, roles: &Roles) -> Checked {
    let name = &life_cycle.name;
    let mut stages = BTreeSet::new();
    let mut states = BTreeSet::new();
    for stage in &life_cycle.stages {
        let place = format!("life cycle {name}, stage {}", stage.name);
        ensure(stages.insert(stage.name.as_str()), &place, || "is declared twice".into())?;
        let new = states.insert((stage.state, stage.sub_state.as_deref()));
        ensure(new, &place, || "has the state and sub_state of another stage".into())?;
    }
    let known = |place: &str, stage: &str| ensure(stages.contains(stage), place, || format!("no stage \"{stage}\""));
    known(&format!("life cycle {name}"), &life_cycle.initial)?;
    let mut steps = BTreeSet::new();
    for step in &life_cycle.steps {
        let place = format!("life cycle {name}, step {}", step.name);
        ensure(steps.insert(step.name.as_str()), &place, || "is declared twice".into())?;
        known(&place, &step.to)?;
        step.from.iter().try_for_each(|from| known(&place, from))?;
        check_roles(roles, &place, [&step.roles])?;
        let offered = step.comment_for.as_ref().is_none_or(|reason| step.reasons.contains(reason));
        ensure(offered, &place, || "asks for a comment for a reason it does not offer".into())?;
    }
    Ok(())
}

/// The fields a life cycle fills must be there, derived, and of the type it fills them with.
fn check_life_cycle_fields(table: &Table, life_cycle: &LifeCycle) -> Checked {
    let derived = |name: &str, types: &[FieldType]| -> Checked {
        let place = format!("{}.{name}", table.name);
        let field = table.field(name);
        let right = field.is_some_and(|field| field.merge == Merge::Derived && types.contains(&field.field_type));
        ensure(right, &place, || {
            format!("life cycle {} fills it, so it must be a derived field of type {types:?}", life_cycle.name)
        })
    };
    derived("state", &[FieldType::Integer])?;
    derived("active", &[FieldType::Boolean])?;
    for stage in &life_cycle.stages {
        stage.sub_state.as_ref().map_or(Ok(()), |_| derived("sub_state", &[FieldType::String]))?;
        stage.seconds_in.as_ref().map_or(Ok(()), |name| derived(name.as_str(), &[FieldType::Integer]))?;
    }
    for step in &life_cycle.steps {
        let stamps = [FieldType::GlideDateTime, FieldType::Reference, FieldType::Integer];
        step.stamps.iter().chain(&step.clears).try_for_each(|name| derived(name.as_str(), &stamps))?;
        let place = format!("life cycle {}, step {}", life_cycle.name, step.name);
        step.requires.iter().try_for_each(|name| {
            let known = table.field(name.as_str()).is_some();
            ensure(known, &place, || format!("requires \"{name}\", which is no field of {}", table.name))
        })?;
        if let Some(name) = &step.reason_field {
            derived(name.as_str(), &[FieldType::String, FieldType::Integer])?;
            check_reasons(&place, step, table.field(name.as_str()).expect("checked above"))?;
        }
    }
    Ok(())
}

fn check_reasons(place: &str, step: &StepRule, field: &Field) -> Checked {
    step.reasons.iter().try_for_each(|reason| {
        let fits = field.reason_value(reason).is_some();
        ensure(fits, place, || format!("reason \"{reason}\" is no choice of the field \"{}\"", field.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const THING: &str = r#"name = "thing"
        label = "Thing"
        kind = "document"
        display = "name"
        "#;
    const USER: &str = "name = \"sys_user\"\nlabel = \"User\"\nkind = \"reference\"\ndisplay = \"name\"
        field = [{ name = \"name\", label = \"Name\", type = \"string\" }]";
    const NAME: &str = r#"{ name = "name", label = "Name", type = "string" }"#;

    fn complaint(table: &str, life_cycles: &[(&str, &str)]) -> String {
        let tables = [("thing.toml", table), ("sys_user.toml", USER)];
        Dictionary::parse(&tables, life_cycles).expect_err("must not fit").to_string()
    }

    #[test]
    fn whatever_does_not_fit_is_refused_by_place_and_reason() {
        let cases = [
            (format!("{THING} colour = 1"), "thing.toml: "),
            (format!("{THING} field = []"), "thing: displays \"name\""),
            (format!("{THING} extends = \"box\"\n field = [{NAME}]"), "thing: extends \"box\", which no file"),
            (format!("{THING} extends = \"thing\"\n field = [{NAME}]"), "extends it in turn"),
            (format!("{THING} field = [{NAME}, {NAME}]"), "thing.name: is declared twice"),
            (format!("{THING} life_cycle = \"moth\"\n field = [{NAME}]"), "thing: no life cycle \"moth\""),
            (format!("{THING} create = [\"king\"]\n field = [{NAME}]"), "thing: role \"king\" is none of admin"),
            (format!("{THING} offline.follow = [\"name\"]\n field = [{NAME}]"), "thing: follows \"name\""),
            (format!("{THING} offline.with = [\"name\"]\n field = [{NAME}]"), "thing: travels with \"name\""),
            (format!("{THING} offline.users = [\"name\"]\n field = [{NAME}]"), "thing: is held offline by \"name\""),
            (format!("{THING} offline.fields = [\"name\"]\n field = [{NAME}]"), "thing: sends \"name\" to devices"),
        ];
        for (table, wanted) in cases {
            let problem = complaint(&table, &[]);
            assert!(problem.contains(wanted), "{problem}\nshould contain: {wanted}");
        }
    }

    #[test]
    fn a_field_that_does_not_fit_is_refused_by_name() {
        let cases = [
            (r#"type = "reference", reference = "box""#, "refers to \"box\", which no file declares"),
            (r#"type = "reference""#, "needs `reference`"),
            (r#"type = "string", reference = "sys_user""#, "is no reference"),
            (r#"type = "string", merge = "set""#, "a glide_list merges as \"set\""),
            (r#"type = "string", merge = "derived", mandatory = true"#, "is derived"),
            (r#"type = "integer", default = "many""#, "its default does not fit"),
            (r#"type = "integer", choices = [["a", "A"]]"#, "must be one"),
            (r#"type = "string", choices = [["a", "A"], ["a", "B"]]"#, "the choice \"a\" twice"),
            (r#"type = "boolean", choices = [["a", "A"]]"#, "only a string or integer has choices"),
        ];
        for (declaration, wanted) in cases {
            let extra = format!("{{ name = \"x\", label = \"X\", {declaration} }}");
            let problem = complaint(&format!("{THING} field = [{NAME}, {extra}]"), &[]);
            assert!(problem.starts_with("thing.x: ") && problem.contains(wanted), "{problem}");
        }
    }

    #[test]
    fn a_life_cycle_that_does_not_fit_is_refused_by_stage_step_or_field() {
        let stages = r#"name = "moth"
            initial = "egg"
            stage = [{ name = "egg", label = "Egg", state = 1, rank = 1 }]
            "#;
        let cases = [
            (stages.replace("initial = \"egg\"", "initial = \"wing\"") + "step = []", "life cycle moth: no stage"),
            (
                format!("{stages} step = [{{ name = \"fly\", label = \"Fly\", from = [\"wing\"], to = \"egg\" }}]"),
                "step fly",
            ),
            (format!("{stages} step = []"), "thing.state: life cycle moth fills it"),
        ];
        for (life_cycle, wanted) in cases {
            let table = format!("{THING} life_cycle = \"moth\"\n field = [{NAME}]");
            let problem = complaint(&table, &[("moth.toml", &life_cycle)]);
            assert!(problem.contains(wanted), "{problem}\nshould contain: {wanted}");
        }
    }
}
