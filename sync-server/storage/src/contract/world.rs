//! A small dictionary, and queries fitted to it: tasks of two kinds and the people and places they refer to.

use std::sync::LazyLock;

use fieldline_model::condition::{Asking, Filter, Path, Query, Resolved, Sort};
use fieldline_model::{Dictionary, Timestamp, Utc0};

const TASK: &str = r#"
name = "task"
label = "Task"
kind = "document"
display = "number"
field = [
  { name = "number", label = "", type = "string" },
  { name = "short_description", label = "", type = "string" },
  { name = "close_notes", label = "", type = "string" },
  { name = "priority", label = "", type = "integer" },
  { name = "impact", label = "", type = "integer" },
  { name = "quantity", label = "", type = "decimal" },
  { name = "active", label = "", type = "boolean" },
  { name = "closed_at", label = "", type = "glide_date_time" },
  { name = "opened_at", label = "", type = "glide_date_time" },
  { name = "assigned_to", label = "", type = "reference", reference = "sys_user" },
  { name = "parent", label = "", type = "reference", reference = "task" },
  { name = "watch_list", label = "", type = "glide_list", reference = "sys_user", merge = "set" },
]"#;
const INCIDENT: &str =
    "name = \"incident\"\nlabel = \"\"\nextends = \"task\"\nkind = \"document\"\ndisplay = \"number\"";
const WM_TASK: &str = "name = \"wm_task\"\nlabel = \"\"\nextends = \"task\"\nkind = \"document\"\ndisplay = \"number\"";
const SYS_USER: &str = r#"
name = "sys_user"
label = "User"
kind = "reference"
display = "name"
field = [
  { name = "name", label = "", type = "string" },
  { name = "user_name", label = "", type = "string" },
  { name = "location", label = "", type = "reference", reference = "cmn_location" },
]"#;
const LOCATION: &str = r#"
name = "cmn_location"
label = "Location"
kind = "reference"
display = "short_description"
field = [{ name = "short_description", label = "", type = "string" }]"#;

/// The dictionary.
pub static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| {
    let tables = [TASK, INCIDENT, WM_TASK, SYS_USER, LOCATION].map(|text| ("world", text));
    Dictionary::parse(&tables, &[]).expect("it fits together")
});

/// A query of tasks, asked on 2026-03-03 at noon, UTC. Everything in it must be understood.
pub fn resolved(query: &str) -> (Filter, Vec<Sort>) {
    let parsed = Query::parse(query);
    let resolved = fitted(&parsed.query);
    assert_eq!([parsed.ignored, resolved.ignored].concat(), Vec::<String>::new(), "{query}");
    (resolved.filter, resolved.order)
}

/// A query of tasks, without what they do not have.
pub fn fitted(query: &Query) -> Resolved {
    let asking = Asking {
        dictionary: &DICTIONARY,
        now: Timestamp::parse("2026-03-03 12:00:00").expect("a moment"),
        zone: &Utc0,
        user: None,
        groups: &Vec::new,
        may_read: &|_, _| true,
    };
    query.resolve("task", &asking)
}

/// A path of tasks; a name they do not have is taken as it is.
pub fn path(text: &str) -> Path {
    let order = fitted(&Query::parse(&format!("ORDERBY{text}")).query).order;
    order.into_iter().next().map_or_else(|| Path::of(text), |sort| sort.path)
}
