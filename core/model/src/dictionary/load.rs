//! Reads a dictionary from its files, lets tables inherit, and refuses what does not fit together.
//!
//! Every complaint names the file, or the table and field, or the life cycle and step, because the reader is somebody who
//! has just written a line of TOML. Checks are here and nowhere else: the rest of the product trusts a [`Dictionary`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Choice, Dictionary, Field, FieldType, Kind, Merge, ROLES, Table};
use crate::id::{FieldName, TableName};
use crate::life_cycle::{LifeCycle, StepRule};

/// Why a dictionary cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DictionaryError {
    /// The text of a table or life cycle does not parse.
    #[error("{file}: {source}")]
    Syntax {
        /// The file at fault.
        file: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A table, field, role or stage is named that is nowhere declared, or is declared twice.
    #[error("{place}: {problem}")]
    Inconsistent {
        /// The table and field, or the life cycle and step.
        place: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

type Checked = Result<(), DictionaryError>;

fn wrong(place: impl Into<String>, problem: impl Into<String>) -> DictionaryError {
    DictionaryError::Inconsistent { place: place.into(), problem: problem.into() }
}

/// Complains unless the condition holds.
fn ensure(condition: bool, place: &str, problem: impl FnOnce() -> String) -> Checked {
    if condition { Ok(()) } else { Err(wrong(place, problem())) }
}

macro_rules! files {
    ($($name:literal),* $(,)?) => { [$((concat!($name, ".toml"), include_str!(concat!("../../dictionary/", $name, ".toml")))),*] };
}

const EVERY_TABLE: (&str, &str) = ("every_table.toml", include_str!("../../dictionary/every_table.toml"));

static SHIPPED: LazyLock<Dictionary> = LazyLock::new(|| {
    let tables = files![
        "task",
        "incident",
        "sn_customerservice_case",
        "wm_order",
        "wm_task",
        "alm_asset",
        "alm_stockroom",
        "cmdb_ci",
        "cmdb_model",
        "cmn_location",
        "cmn_skill",
        "customer_account",
        "customer_contact",
        "dl_u_priority",
        "sys_user",
        "sys_user_group",
        "sys_user_grmember",
        "sys_user_has_skill",
    ];
    let life_cycles = files![
        "life_cycles/task",
        "life_cycles/incident",
        "life_cycles/case",
        "life_cycles/work_order",
        "life_cycles/work_order_task",
    ];
    Dictionary::parse(&tables, &life_cycles).expect("the shipped dictionary is checked by a test")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EveryTable {
    field: Vec<Field>,
}

impl Dictionary {
    /// The tables and life cycles every organisation starts with.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Reads tables and life cycles, each a file name (for complaints) and its text, in any order.
    ///
    /// # Errors
    /// When a file does not parse or the whole does not fit together; the error names the place.
    pub fn parse(tables: &[(&str, &str)], life_cycles: &[(&str, &str)]) -> Result<Self, DictionaryError> {
        let life_cycles = named(life_cycles, |life_cycle: &LifeCycle| life_cycle.name.clone())?;
        let declared = named(tables, |table: &Table| table.name.clone())?;
        let every: EveryTable = read(EVERY_TABLE)?;
        let mut complete = BTreeMap::new();
        for name in declared.keys() {
            inherit(name, &declared, &every.field, &mut complete, &mut Vec::new())?;
        }
        for table in complete.values_mut() {
            fill_state_choices(table, &life_cycles);
        }
        let dictionary = Self { tables: complete, life_cycles };
        dictionary.life_cycles.values().try_for_each(check_life_cycle)?;
        dictionary.tables.values().try_for_each(|table| check_table(&dictionary, table))?;
        Ok(dictionary)
    }
}

fn read<T: DeserializeOwned>((file, text): (&str, &str)) -> Result<T, DictionaryError> {
    toml::from_str(text).map_err(|source| DictionaryError::Syntax { file: file.to_owned(), source: Box::new(source) })
}

fn named<T, N>(files: &[(&str, &str)], name: impl Fn(&T) -> N) -> Result<BTreeMap<N, T>, DictionaryError>
where
    T: DeserializeOwned,
    N: Ord + Clone + std::fmt::Display,
{
    let mut found = BTreeMap::new();
    for file in files {
        let item: T = read(*file)?;
        let key = name(&item);
        let earlier = found.insert(key.clone(), item);
        ensure(earlier.is_none(), file.0, || format!("\"{key}\" is declared by another file already; rename one"))?;
    }
    Ok(found)
}

/// Completes a table with what it inherits, parents first.
fn inherit(
    name: &TableName,
    declared: &BTreeMap<TableName, Table>,
    every: &[Field],
    complete: &mut BTreeMap<TableName, Table>,
    below: &mut Vec<TableName>,
) -> Checked {
    if complete.contains_key(name) {
        return Ok(());
    }
    let mut table = declared[name].clone();
    let place = name.to_string();
    below.push(name.clone());
    let mut fields = every.to_vec();
    if let Some(parent) = &table.extends {
        ensure(declared.contains_key(parent), &place, || format!("extends \"{parent}\", which no file declares"))?;
        ensure(!below.contains(parent), &place, || format!("extends \"{parent}\", which extends it in turn"))?;
        inherit(parent, declared, every, complete, below)?;
        let parent = &complete[parent];
        ensure(parent.kind == table.kind, &place, || format!("is of another kind than \"{}\"", parent.name))?;
        fields.clone_from(&parent.fields);
        table.life_cycle = table.life_cycle.or_else(|| parent.life_cycle.clone());
    }
    table.fields = merge_fields(&table, fields)?;
    complete.insert(name.clone(), table);
    Ok(())
}

fn merge_fields(table: &Table, mut fields: Vec<Field>) -> Result<Vec<Field>, DictionaryError> {
    let mut own = BTreeSet::new();
    for field in &table.fields {
        let place = format!("{}.{}", table.name, field.name);
        ensure(own.insert(&field.name), &place, || "is declared twice; keep one".into())?;
        let mut field = field.clone();
        let writable = matches!(field.merge, Merge::Register | Merge::Set);
        if field.write.is_empty() && writable {
            field.write.clone_from(&table.write);
        }
        match fields.iter_mut().find(|inherited| inherited.name == field.name) {
            Some(inherited) => {
                let same = inherited.field_type == field.field_type;
                ensure(same, &place, || "has another type than the field it inherits".into())?;
                *inherited = field;
            }
            None => fields.push(field),
        }
    }
    Ok(fields)
}

/// The life cycle is the one place that says which states there are and what people call them.
fn fill_state_choices(table: &mut Table, life_cycles: &BTreeMap<String, LifeCycle>) {
    let Some(life_cycle) = table.life_cycle.as_ref().and_then(|name| life_cycles.get(name)) else { return };
    for field in &mut table.fields {
        let choice = |value: String, label: &String| Choice { value, label: label.clone() };
        let stages = life_cycle.stages.iter();
        let choices: Vec<Choice> = match field.name.as_str() {
            "state" => {
                let main = stages.filter(|stage| stage.sub_state.is_none());
                main.map(|stage| choice(stage.state.to_string(), &stage.label)).collect()
            }
            "sub_state" => stages.filter_map(|stage| Some(choice(stage.sub_state.clone()?, &stage.label))).collect(),
            _ => continue,
        };
        field.choices = choices;
    }
}

fn check_table(dictionary: &Dictionary, table: &Table) -> Checked {
    let place = table.name.as_str();
    let known = |field: &FieldName| table.field(field.as_str()).is_some();
    ensure(known(&table.display), place, || format!("displays \"{}\", which is no field of it", table.display))?;
    check_roles(place, [&table.create, &table.read, &table.write])?;
    for field in &table.fields {
        check_field(dictionary, &format!("{place}.{}", field.name), field)?;
    }
    check_offline(dictionary, table)?;
    let Some(name) = &table.life_cycle else { return Ok(()) };
    let life_cycle = dictionary.life_cycle(name).ok_or_else(|| wrong(place, format!("no life cycle \"{name}\"")))?;
    ensure(table.kind == Kind::Document, place, || "has a life cycle, so its kind must be \"document\"".into())?;
    check_life_cycle_fields(table, life_cycle)
}

fn check_roles<'a>(place: &str, lists: impl IntoIterator<Item = &'a Vec<String>>) -> Checked {
    lists.into_iter().flatten().try_for_each(|role| {
        ensure(ROLES.contains(&role.as_str()), place, || format!("role \"{role}\" is none of {}", ROLES.join(", ")))
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
    check_roles(place, [&field.write])?;
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
    table.offline.follow.iter().try_for_each(|path| {
        let steps: Vec<&str> = path.split('.').collect();
        let fields = dictionary.walk(place, &steps);
        let leads = fields.is_some_and(|fields| fields.iter().all(|field| field.field_type == FieldType::Reference));
        ensure(leads, place, || format!("follows \"{path}\", which does not lead to a record through references"))
    })
}

fn check_life_cycle(life_cycle: &LifeCycle) -> Checked {
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
        check_roles(&place, [&step.roles])?;
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
    fn the_shipped_dictionary_fits_together() {
        let dictionary = Dictionary::shipped();
        assert_eq!((dictionary.tables().count(), dictionary.life_cycles.len()), (18, 5));
        assert!(dictionary.is_a("wm_task", "task"));
        assert_eq!(dictionary.descendants("task").len(), 5);
        assert!(dictionary.descendants("nothing").is_empty());
    }

    #[test]
    fn a_table_has_its_ancestors_fields_first_and_may_declare_one_again() {
        let task = Dictionary::shipped().table("wm_task").expect("shipped");
        let names: Vec<&str> = task.fields.iter().take(9).map(|field| field.name.as_str()).collect();
        assert_eq!(names[0], "sys_id");
        assert_eq!(names[7], "number");
        let parents: Vec<&Field> = task.fields.iter().filter(|field| field.name == *"parent").collect();
        assert_eq!(parents.len(), 1);
        assert_eq!(parents[0].reference, Some("wm_order".into()));
    }

    #[test]
    fn states_and_sub_states_are_offered_as_the_life_cycle_declares_them() {
        let task = Dictionary::shipped().table("wm_task").expect("shipped");
        let labels = |field: &str| {
            let choices = &task.field(field).expect("declared").choices;
            choices.iter().map(|choice| format!("{} {}", choice.value, choice.label)).collect::<Vec<_>>()
        };
        assert!(labels("state").contains(&"17 Accepted".to_owned()));
        assert_eq!(labels("sub_state"), ["en_route En Route", "on_site On Site", "paused Paused"]);
    }

    #[test]
    fn roles_of_a_look_up_table_hold_for_all_its_fields() {
        let user = Dictionary::shipped().table("sys_user").expect("shipped");
        let open = |field: &&Field| field.write.is_empty() && field.merge != Merge::Derived;
        assert_eq!(user.fields.iter().find(open), None);
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
            (format!("{THING} offline.users = [\"name\"]\n field = [{NAME}]"), "thing: is held offline by \"name\""),
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
