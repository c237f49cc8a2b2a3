//! Rules that an organisation writes as records, kept as one ordered list: when they hold, of what, and what they do.
//!
//! * `business.rs` reads business rules (`sys_script`): refuse what would be written, or write fields. Scripts are not run.
//! * `assignment.rs` reads who gets what nobody has yet (`sysrule_assignment`), `policy.rs` which fields must be filled or left
//!   alone (`sys_data_policy2`), `trigger.rs` which incidents become major ones (`major_incident_trigger_rule`).
//! * `notice.rs` reads who is told of what (`sysevent_email_action`); `notifications/` tells them. `hook.rs` reads which systems are
//!   (`fl_webhook`); `webhooks/` tells those. `page.rs` reads of which tasks the people on call are told (`trigger_rule`);
//!   `on_call/` tells them.
//! * Service levels (`sla/`), channels and queues of work (`work_items/`) and flows (`flows/`) are read with them, and whom knowledge bases are for (`criteria.rs`).
//! * `before.rs` lets them judge a record before it is written, `after.rs` writes what follows from a change.
//!
//! The list is read when the server starts and after each change of a rule. A rule whose condition or whose values do not fit
//! its table is refused when it is written, because what a condition leaves out would make it hold for more than was meant.

mod after;
mod assignment;
mod before;
mod business;
mod criteria;
mod hook;
mod notice;
mod page;
mod policy;
mod trigger;

use std::collections::BTreeSet;

use fieldline_model::condition::{Asking, Filter, Query, World};
use fieldline_model::dictionary::Kind;
use fieldline_model::sla::Agreement;
use fieldline_model::{Dictionary, DocumentId, FieldName, Record, SysId, TableName};
use fieldline_storage::{Selection, Tx};

use crate::call::Call;
use crate::change_requests::{CHANGES, risk};
use crate::error::Result;
use crate::flows::{self, Flow};
use crate::query::number_field;
use crate::sla::agreement::{self, AGREEMENTS};
use crate::sla::schedule;
use crate::table::{self, Input, TableError};
use crate::work_items::{self, Desk};

pub(crate) use hook::Hook;
pub(crate) use notice::{Channel, JOURNALS, Notice, TOLD};

/// One rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The record that says so.
    pub id: DocumentId,
    /// What people call it.
    pub name: String,
    /// How often that record has been changed.
    pub version: i64,
    /// Rules with lower numbers come first.
    pub order: i64,
    /// The table whose records it is about, and those of tables that extend it.
    pub table: String,
    /// When it acts.
    pub when: When,
    /// What it does.
    pub action: Action,
}

/// Which changes of records somebody waits for.
#[derive(Debug, Clone)]
pub(crate) struct When {
    /// Whether new records count.
    pub of_new: bool,
    /// Whether records count that change.
    pub of_changed: bool,
    /// What must hold; it may ask of the change.
    pub condition: Query,
}

/// What a rule does.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Refuses the record as it would be, in these words.
    Refuse(String),
    /// Refuses it while one of some fields is empty, or when one of others is written.
    Demand {
        /// Must not be empty.
        filled: Vec<FieldName>,
        /// Must not be written.
        untouched: Vec<FieldName>,
    },
    /// Writes these texts.
    Write(Input),
    /// Writes these texts where the record has neither a group nor a person.
    Assign(Input),
    /// Tells people.
    Notify(Box<Notice>),
    /// Tells whoever is on call of this group, or of the one that has the task.
    Page(Option<SysId>),
    /// Tells an outside system.
    Post(Box<Hook>),
}

/// Every rule that is active, in order, and every service level.
#[derive(Debug, Default)]
pub(crate) struct Book {
    rules: Vec<Rule>,
    agreements: Vec<Agreement>,
    flows: Vec<Flow>,
    /// The tables that conditions about the risk of changes look into.
    risk_read: BTreeSet<TableName>,
    bases: criteria::Bases,
    /// How work is offered to agents.
    desk: Desk,
}

/// The tables whose rows are rules, each with what reads it.
const READERS: [(&str, Reader); 7] = [
    (business::TABLE, business::rule),
    (assignment::TABLE, assignment::rule),
    (policy::TABLE, policy::rule),
    (trigger::TABLE, trigger::rule),
    (notice::TABLE, notice::rule),
    (page::TABLE, page::rule),
    (hook::TABLE, hook::rule),
];
/// Tables whose rows say more about a rule, and those of service levels.
const PARTS: [&str; 10] = [
    policy::PARTS,
    AGREEMENTS,
    schedule::SCHEDULES,
    schedule::SPANS,
    schedule::CHILDREN,
    flows::FLOWS,
    risk::CONDITIONS,
    risk::ASSESSMENTS,
    work_items::CHANNELS,
    work_items::QUEUES,
];

/// Reads a row; `None` when it does nothing here.
type Reader = fn(&Record, &Dictionary, &dyn Tx) -> Result<Option<Rule>>;

/// Whether rows of a table are rules or parts of rules.
pub(crate) fn is_rule(table: &str) -> bool {
    READERS.iter().any(|(name, _)| *name == table) || PARTS.contains(&table) || criteria::PARTS.contains(&table)
}

impl Book {
    /// Reads every active rule.
    pub(crate) fn read(dictionary: &Dictionary, tx: &dyn Tx) -> Result<Self> {
        let (mut rules, active) = (Vec::new(), Filter::equals("active", true));
        for (table, reader) in READERS {
            for row in tx.select(&Selection::of(dictionary.family(table), &active), u32::MAX, 0)? {
                rules.extend(reader(&row, dictionary, tx)?);
            }
        }
        rules.sort_by_key(|rule| (rule.order, rule.id.sys_id));
        let (agreements, flows) = (agreements(dictionary, tx)?, flows(dictionary, tx)?);
        let (risk_read, bases) = (risk::looked_into(dictionary, tx)?, criteria::Bases::read(dictionary, tx)?);
        let desk = Desk::read(dictionary, tx)?;
        Ok(Self { rules, agreements, flows, risk_read, bases, desk })
    }

    /// How work is offered to agents.
    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Whether conditions about the risk of changes look into a table.
    pub(crate) fn is_risk_read(&self, table: &TableName) -> bool {
        self.risk_read.contains(table)
    }

    /// The rules about records of a table, in order.
    pub(crate) fn of<'b>(&'b self, dictionary: &'b Dictionary, table: &'b str) -> impl Iterator<Item = &'b Rule> {
        self.rules.iter().filter(move |rule| dictionary.is_a(table, &rule.table))
    }

    /// The service levels about records of a table, those that are no longer promised to anybody included.
    pub(crate) fn agreements_of<'b>(
        &'b self,
        dictionary: &'b Dictionary,
        table: &'b str,
    ) -> impl Iterator<Item = &'b Agreement> {
        self.agreements.iter().filter(move |agreement| dictionary.is_a(table, &agreement.table))
    }

    /// Whether anybody is to be told of records of a table.
    pub(crate) fn tells_of(&self, dictionary: &Dictionary, table: &str) -> bool {
        self.of(dictionary, table).any(|rule| matches!(rule.action, Action::Notify(_) | Action::Post(_)))
    }

    /// Whether there are flows at all.
    pub(crate) fn has_flows(&self) -> bool {
        !self.flows.is_empty()
    }

    /// The flows about records of a table, in order.
    pub(crate) fn flows_of<'b>(&'b self, dictionary: &'b Dictionary, table: &'b str) -> impl Iterator<Item = &'b Flow> {
        self.flows.iter().filter(move |flow| dictionary.is_a(table, &flow.table))
    }

    /// A flow.
    pub(crate) fn flow(&self, id: SysId) -> Option<&Flow> {
        self.flows.iter().find(|flow| flow.id == id)
    }

    /// A flow by its name or identity.
    pub(crate) fn flow_named(&self, name: &str) -> Option<&Flow> {
        self.flows.iter().find(|flow| flow.name == name || flow.id.to_string() == name)
    }

    /// A service level.
    pub(crate) fn agreement(&self, id: SysId) -> Option<&Agreement> {
        self.agreements.iter().find(|agreement| agreement.id == id)
    }
}

/// Every service level that can be worked with; one that cannot any more is logged.
fn agreements(dictionary: &Dictionary, tx: &dyn Tx) -> Result<Vec<Agreement>> {
    let (all, mut agreements) = (Filter::everything(), Vec::new());
    for row in tx.select(&Selection::of(dictionary.family(AGREEMENTS), &all), u32::MAX, 0)? {
        match agreement::read(&row, dictionary, tx)? {
            Ok(agreement) => agreements.push(agreement),
            Err(problem) => tracing::error!(agreement = %row.id, problem, "a service level cannot be worked with"),
        }
    }
    Ok(agreements)
}

/// Every flow that can be read, in order; one that cannot any more is logged.
fn flows(dictionary: &Dictionary, tx: &dyn Tx) -> Result<Vec<Flow>> {
    let (all, mut flows) = (Filter::everything(), Vec::new());
    for row in tx.select(&Selection::of(dictionary.family(flows::FLOWS), &all), u32::MAX, 0)? {
        match Flow::read(&row) {
            Ok(flow) => flows.push(flow),
            Err(problem) => tracing::error!(flow = %row.id, problem, "a flow cannot be read"),
        }
    }
    flows.sort_by_key(Flow::rank);
    Ok(flows)
}

impl Rule {
    /// A rule that a row describes, as far as all rows are alike.
    fn of(row: &Record, table: &str, condition: &str, action: Action) -> Self {
        let shown = if row.text("name").is_empty() { row.text("short_description") } else { row.text("name") };
        Self {
            id: row.id.clone(),
            name: shown.to_owned(),
            version: number_field(row, "sys_mod_count").unwrap_or_default(),
            order: number_field(row, "order").unwrap_or(100),
            table: table.to_owned(),
            when: When { of_new: true, of_changed: true, condition: Query::parse(condition).query },
            action,
        }
    }

    /// The same for what a row says it is about.
    fn about_what_it_says(mut self, row: &Record) -> Self {
        (self.when.of_new, self.when.of_changed) = (row.says("action_insert"), row.says("action_update"));
        self
    }

    /// How histories name it.
    pub(crate) fn named(&self) -> String {
        format!("rule \"{}\" ({}, version {})", self.name, self.id, self.version)
    }
}

impl Call<'_> {
    /// Refuses a rule that could not do what it says.
    ///
    /// # Errors
    /// Names what does not fit.
    pub(crate) fn check_rule(&self, row: &Record) -> table::Result<()> {
        let of_row = |field: &str| (field.into(), row.text(field).to_owned());
        let (table, conditions, writes): (_, Vec<(FieldName, String)>, _) = match row.id.table.as_str() {
            business::TABLE => (row.text("collection"), vec![of_row("filter_condition")], row.text("template")),
            assignment::TABLE => (row.text("table"), vec![of_row("condition")], ""),
            policy::TABLE => (row.text("model_table"), vec![of_row("conditions")], ""),
            trigger::TABLE => (trigger::OF, vec![of_row("condition")], ""),
            policy::PARTS => return policy::check_part(self, row),
            risk::CONDITIONS | risk::ASSESSMENTS => (CHANGES, vec![of_row("condition")], ""),
            notice::TABLE => return notice::check(self, row),
            page::TABLE => return page::check(self, row),
            hook::TABLE => return hook::check(self, row),
            AGREEMENTS => return agreement::check(self, row),
            flows::FLOWS => return flows::check(self, row),
            work_items::CHANNELS | work_items::QUEUES => return work_items::check(self, row),
            _ => return schedule::check(self, row),
        };
        for (field, condition) in conditions.iter().filter(|(_, condition)| !condition.is_empty()) {
            self.check_condition(row, field, table, condition)?;
        }
        if writes.is_empty() { Ok(()) } else { business::check_template(self, row, table, writes) }
    }

    /// Refuses a condition of which anything would be left out.
    ///
    /// # Errors
    /// Names what does not fit.
    pub(crate) fn check_condition(
        &self,
        row: &Record,
        field: &FieldName,
        table: &str,
        text: &str,
    ) -> table::Result<()> {
        let invalid = |problem: String| TableError::invalid(&row.id, Some(field), problem);
        if self.dictionary.table(table).is_none() {
            return Err(invalid(format!("there is no table \"{table}\" to ask; name the table the rule is about")));
        }
        let parsed = Query::parse(text);
        self.check_changes(&parsed.query, table).map_err(invalid)?;
        // What is asked of a change is no condition of a list; here it is answered before the rest is asked.
        let settled = parsed.query.of_change(None, &Record::new(DocumentId::new(table, SysId([0; 16]))));
        let left_out = parsed.ignored.into_iter().chain(settled.resolve(table, &self.anybody()).ignored).next();
        match left_out {
            Some(part) => {
                Err(invalid(format!("\"{part}\" is no condition of {table}; check the field and the operator")))
            }
            None => Ok(()),
        }
    }

    /// Refuses what asks for changes of a field that a table does not have.
    fn check_changes(&self, query: &Query, table: &str) -> std::result::Result<(), String> {
        let asked = query.changes().find(|path| match path {
            [field] => {
                let declared = self.dictionary.table(table);
                let is_journal =
                    JOURNALS.contains(&field.as_str()) && declared.is_some_and(|table| table.kind == Kind::Document);
                !is_journal && declared.is_none_or(|table| table.field(field).is_none())
            }
            _ => true,
        });
        asked.map_or(Ok(()), |path| {
            Err(format!(
                "\"{}\" is no field of {table} whose change could be asked for; name one of its own",
                path.join(".")
            ))
        })
    }

    /// Whether a change of a record is one that somebody waits for.
    pub(crate) fn has_come(&self, when: &When, before: Option<&Record>, after: &Record) -> bool {
        let concerned = if before.is_none() { when.of_new } else { when.of_changed };
        concerned && self.holds(&when.condition.of_change(before, after), after)
    }

    /// Whether a query that an administrator wrote holds for a record as it stands: what it still asks of a change has not
    /// happened.
    pub(crate) fn holds(&self, query: &Query, record: &Record) -> bool {
        let settled = query.asks_of_a_change().then(|| query.of_change(Some(record), record));
        let query = settled.as_ref().unwrap_or(query);
        let groups = || self.groups_of(self.caller.user).unwrap_or_default();
        let asking = Asking { user: Some(self.caller.user), groups: &groups, ..self.anybody() };
        query.resolve(record.id.table.as_str(), &asking).filter.matches(record, &Stored(self))
    }
}

/// The records there are.
struct Stored<'c, 's>(&'c Call<'s>);

impl World for Stored<'_, '_> {
    fn find(&self, tables: &[TableName], sys_id: SysId) -> Option<Record> {
        self.0.tx.find(tables, sys_id).ok().flatten()
    }

    fn all(&self, tables: &[TableName]) -> Vec<Record> {
        let rows = |table: &TableName| self.0.rows(table.as_str(), &Filter::everything()).unwrap_or_default();
        tables.first().map(rows).unwrap_or_default()
    }
}
