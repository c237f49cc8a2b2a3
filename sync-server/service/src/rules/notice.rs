//! Notifications: rows of `sysevent_email_action` that say who is told of what, and in which words.

use std::collections::BTreeSet;

use fieldline_model::condition::Query;
use fieldline_model::dictionary::{Field, FieldType, Kind};
use fieldline_model::{Dictionary, Record, SysId};
use fieldline_storage::Tx;

use super::{Action, Rule};
use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::table::{self, TableError};
use crate::template;
use crate::webhooks::WEBHOOKS;

pub(super) const TABLE: &str = "sysevent_email_action";
/// Where mail waits, and where people are told inside the app: nobody is told of these.
pub(crate) const TOLD: [&str; 2] = ["sys_email", "sn_inapp_notification"];
/// What people say of a record: to everybody, and inside the house.
pub(crate) const JOURNALS: [&str; 2] = ["comments", "work_notes"];
/// Tables of people, and of groups of people.
const PEOPLE: [&str; 3] = ["sys_user", "customer_contact", "sys_user_group"];
/// The longest that mail is gathered.
const WEEK_MINUTES: i64 = 7 * 24 * 60;

/// Who is told, and in which words.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    /// How.
    pub channel: Channel,
    /// Whoever it is.
    pub users: BTreeSet<SysId>,
    /// Whoever is in them.
    pub groups: BTreeSet<SysId>,
    /// Ways from the record to others.
    pub fields: Vec<String>,
    /// Whether who made the change is told, too.
    pub to_its_author: bool,
    /// Whether it tells of work notes, which are for those inside the house.
    pub is_internal: bool,
    /// The subject of a mail, with names of fields.
    pub subject: String,
    /// What is said, with names of fields.
    pub message: String,
    /// The same as HTML; empty when it is said as plain text only.
    pub message_html: String,
    /// For how many minutes mails are gathered into one.
    pub gather_minutes: Option<i64>,
}

/// How somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// By mail.
    Email,
    /// Inside the app.
    InApp,
    /// By a webhook, which is told in place of people.
    Webhook(SysId),
}

pub(super) fn rule(row: &Record, _: &Dictionary, _: &dyn Tx) -> Result<Option<Rule>> {
    let action = Action::Notify(Box::new(notice(row)));
    let rule = Rule::of(row, row.text("collection"), row.text("condition"), action);
    Ok(Some(rule.about_what_it_says(row)))
}

fn notice(row: &Record) -> Notice {
    let list = |field: &str| row.references(field).into_iter().collect();
    let (subject, message) = (row.text("subject"), row.text("message"));
    Notice {
        channel: match (row.text("type"), row.reference("webhook")) {
            ("in_app", _) => Channel::InApp,
            ("webhook", Some(webhook)) => Channel::Webhook(webhook),
            _ => Channel::Email,
        },
        users: list("recipient_users"),
        groups: list("recipient_groups"),
        fields: paths(row).map(str::to_owned).collect(),
        to_its_author: row.says("send_self"),
        is_internal: names(row).any(|(_, name)| name == JOURNALS[1]) || asks_of_work_notes(row),
        subject: subject.to_owned(),
        message: message.to_owned(),
        message_html: row.text("message_html").to_owned(),
        gather_minutes: number_field(row, "digest_interval").filter(|_| row.says("digest")),
    }
}

fn asks_of_work_notes(row: &Record) -> bool {
    Query::parse(row.text("condition")).query.changes().any(|path| *path == [JOURNALS[1]])
}

fn paths(row: &Record) -> impl Iterator<Item = &str> {
    row.text("recipient_fields").split(',').map(str::trim).filter(|path| !path.is_empty())
}

/// The names its words have, each with the field that has it.
fn names(row: &Record) -> impl Iterator<Item = (&'static str, &str)> {
    ["subject", "message", "message_html"]
        .into_iter()
        .flat_map(|field| template::names(row.text(field)).map(move |name| (field, name)))
}

/// Refuses a notification that would reach nobody, or that says what nobody knows.
pub(super) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid = |field: &str, problem: String| TableError::invalid(&row.id, Some(&field.into()), problem);
    let table = row.text("collection");
    if call.dictionary.table(table).is_none() || TOLD.contains(&table) {
        return Err(invalid(
            "collection",
            format!("there is no table \"{table}\" of whose records anybody could be told"),
        ));
    }
    if !row.says("action_insert") && !row.says("action_update") {
        return Err(invalid("action_insert", "it would never tell anybody; set action_insert or action_update".into()));
    }
    if !row.text("condition").is_empty() {
        call.check_condition(row, &"condition".into(), table, row.text("condition"))?;
    }
    let told = notice(row);
    if row.text("type") == "webhook" {
        check_webhook(call, row, &told)?;
    } else if told.users.is_empty() && told.groups.is_empty() && told.fields.is_empty() {
        let problem = "tells nobody; name people here, or recipient_groups or recipient_fields";
        return Err(invalid("recipient_users", problem.into()));
    }
    for path in &told.fields {
        check_recipients(&call.dictionary, table, path).map_err(|problem| invalid("recipient_fields", problem))?;
    }
    for (field, name) in names(row) {
        check_name(&call.dictionary, table, name).map_err(|problem| invalid(field, problem))?;
    }
    check_digest(row).map_err(|problem| invalid("digest_interval", problem))
}

fn check_webhook(call: &Call<'_>, row: &Record, told: &Notice) -> table::Result<()> {
    let found = row.reference("webhook").map(|id| call.tx.find(call.dictionary.family(WEBHOOKS), id)).transpose()?;
    let problem = match found.flatten() {
        None => "must name the webhook that is told",
        Some(_) if told.is_internal => "may not be told of work notes, which stay inside the house",
        Some(_) => return Ok(()),
    };
    Err(TableError::invalid(&row.id, Some(&"webhook".into()), problem))
}

fn check_digest(row: &Record) -> Result<(), String> {
    let minutes = number_field(row, "digest_interval");
    match row.says("digest") {
        true if row.text("type") != "email" => {
            Err("only mail can be gathered; set type to email, or digest to false".into())
        }
        true if !minutes.is_some_and(|minutes| (1..=WEEK_MINUTES).contains(&minutes)) => {
            Err(format!("must be 1 to {WEEK_MINUTES}; say for how many minutes mail is gathered"))
        }
        _ => Ok(()),
    }
}

fn check_recipients(dictionary: &Dictionary, table: &str, path: &str) -> Result<(), String> {
    let last = *walked(dictionary, table, path)?.last().ok_or("names no field")?;
    let leads = |people: &&str| last.reference.as_ref().is_some_and(|to| dictionary.is_a(to.as_str(), people));
    match PEOPLE.iter().any(leads) {
        true => Ok(()),
        false => Err(format!("\"{path}\" of {table} leads to no people; it must end at one of {}", PEOPLE.join(", "))),
    }
}

fn check_name(dictionary: &Dictionary, table: &str, name: &str) -> Result<(), String> {
    let is_document = dictionary.table(table).is_some_and(|table| table.kind == Kind::Document);
    if is_document && JOURNALS.contains(&name) {
        return Ok(());
    }
    match walked(dictionary, table, name)?.iter().find(|field| !field.read.is_empty()) {
        Some(field) => {
            let who = field.read.join(", ");
            Err(format!("\"{name}\" may only be known to {who}, and a message goes to others, too; leave it out"))
        }
        None => Ok(()),
    }
}

/// The fields a way through references passes.
fn walked<'d>(dictionary: &'d Dictionary, table: &str, path: &str) -> Result<Vec<&'d Field>, String> {
    let steps: Vec<&str> = path.split('.').collect();
    let fields =
        dictionary.walk(table, &steps).ok_or_else(|| format!("{table} has no field \"{path}\"; check the name"))?;
    let (_, passed) = fields.split_last().ok_or("names no field")?;
    match passed.iter().find(|field| field.field_type != FieldType::Reference) {
        Some(field) => {
            Err(format!("\"{path}\" of {table} goes through {}, which leads to no single record", field.name))
        }
        None => Ok(fields),
    }
}
