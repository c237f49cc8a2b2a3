//! A customer's cases: which there are, what was said and decided, and what the customer does about them.
//!
//! What a customer may do is what the case's life cycle lets a customer do, and always about a case that is theirs. A proposed
//! solution is answered here and nowhere else.

use fieldline_documents::Projection;
use fieldline_model::condition::{Filter, Query};
use fieldline_model::plant::{self, Plant};
use fieldline_model::{Record, SysId};
use serde::Serialize;

use super::{Part, Shown, called, choice, newest, person, things, visits};
use crate::call::Call;
use crate::cases::CASES;
use crate::csm::customers::{CONTACTS, Customer, INSTALLED};
use crate::csm::replaced::ASSETS;
use crate::csm::survey;
use crate::knowledge::search;
use crate::moment::Moment;
use crate::table::{self, Detail, Input, Result, TableError};

/// Articles that are suggested for what somebody writes.
const SUGGESTED: usize = 3;
/// What a customer may write when opening a case.
const WRITABLE: [&str; 8] =
    ["short_description", "description", "category", "priority", "product", "asset", "install_base", "account"];

/// A case in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseLine {
    /// Its identity.
    pub sys_id: SysId,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub short_description: String,
    /// Where it stands.
    pub state: Shown,
    /// How urgent it is.
    pub priority: Shown,
    /// When it was opened.
    pub opened_at: Option<Moment>,
    /// When it was closed.
    pub closed_at: Option<Moment>,
    /// Whose it is.
    pub account: Option<String>,
    /// Which product it is about.
    pub product: Option<String>,
}

/// A case with all a customer may know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseView {
    /// What lists show.
    #[serde(flatten)]
    pub line: CaseLine,
    /// In the customer's words.
    pub description: String,
    /// What it is about, by name.
    pub asset: Option<String>,
    /// The entitlement it comes under, by name.
    pub entitlement: Option<String>,
    /// How it was solved, once a solution is proposed.
    pub resolution: Option<Resolution>,
    /// What happened, oldest first.
    pub timeline: Vec<Happened>,
    /// Who comes when.
    pub work_orders: Vec<visits::OrderView>,
    /// What the customer may do now: `comment`, `close`, `accept`, `reject`, `survey`.
    pub actions: Vec<&'static str>,
}

/// A proposed solution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resolution {
    /// Its kind.
    pub code: String,
    /// In words.
    pub notes: String,
}

/// Something that happened, as a customer may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happened {
    /// When.
    pub at: Moment,
    /// `opened`, `comment`, `step`, `arrived` or `ended`.
    pub kind: &'static str,
    /// The number of the record it happened to.
    pub number: String,
    /// Who did it, where that is somebody.
    pub by: Option<String>,
    /// What was said, or what the step is called.
    pub text: String,
}

/// An article that may answer a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// Its identity.
    pub sys_id: SysId,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// What it says around the words.
    pub snippet: String,
}

/// What a customer does with a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Says something.
    Comment(String),
    /// Is content with the solution.
    Accept,
    /// Is not, and says why.
    Reject(String),
    /// Needs it no more, and may say why.
    Close(String),
    /// Rates it once it is closed.
    Survey {
        /// 1 to 5.
        score: i64,
        /// In words.
        answer: String,
    },
}

/// The caller's cases, the newest first; only those that are open when asked for.
///
/// # Errors
/// When the caller is no customer, or the database fails.
pub fn list(call: &Call<'_>, open: bool, part: Part) -> Result<Vec<CaseLine>> {
    let mut own = super::customer(call)?.cases();
    if open {
        own = own.and(Filter::equals("active", true));
    }
    newest(call, CASES, &own, "opened_at", part)?.iter().map(|case| line(call, case)).collect()
}

/// A case of the caller's.
///
/// # Errors
/// When there is none of this identity for them.
pub fn read(call: &mut Call<'_>, case: SysId) -> Result<CaseView> {
    let case = own(call, case)?;
    view(call, &case)
}

/// What happened to a case that is the caller's, or that the caller sees anyway, as its customer may know it.
pub(crate) fn public_timeline(call: &mut Call<'_>, case: &Record) -> Result<Vec<Happened>> {
    let projection = call.projection(&case.id)?;
    let orders = visits::of_case(call, case.id.sys_id)?;
    timeline(call, &projection, &orders)
}

/// A case if it is the caller's.
pub(crate) fn own(call: &Call<'_>, case: SysId) -> Result<Record> {
    let customer = super::customer(call)?;
    let is_it = Filter::equals("sys_id", case).and(customer.cases());
    let found = call.some_rows(CASES, &is_it, 1)?.into_iter().next();
    found.ok_or_else(|| TableError::NotFound(format!("case {case}")))
}

fn line(call: &Call<'_>, case: &Record) -> Result<CaseLine> {
    Ok(CaseLine {
        sys_id: case.id.sys_id,
        number: case.text("number").to_owned(),
        short_description: case.text("short_description").to_owned(),
        state: choice(call, case, "state"),
        priority: choice(call, case, "priority"),
        opened_at: Moment::of(case, "opened_at"),
        closed_at: Moment::of(case, "closed_at"),
        account: called(call, case, "account")?,
        product: called(call, case, "product")?,
    })
}

fn view(call: &mut Call<'_>, case: &Record) -> Result<CaseView> {
    let projection = call.projection(&case.id)?;
    let work_orders = visits::of_case(call, case.id.sys_id)?;
    let stage = projection.stage.as_deref().unwrap_or_default();
    // What is written there before a solution is proposed is a draft of the house.
    let is_solved = matches!(stage, "resolved" | "closed");
    let solution = Resolution { code: case.text("resolution_code").into(), notes: case.text("close_notes").into() };
    Ok(CaseView {
        line: line(call, case)?,
        description: case.text("description").to_owned(),
        asset: called(call, case, "asset")?,
        entitlement: called(call, case, "entitlement")?,
        resolution: Some(solution).filter(|solution| is_solved && !solution.notes.is_empty()),
        timeline: timeline(call, &projection, &work_orders)?,
        actions: actions(call, case, stage)?,
        work_orders,
    })
}

fn actions(call: &Call<'_>, case: &Record, stage: &str) -> Result<Vec<&'static str>> {
    Ok(match stage {
        "new" | "open" | "awaiting_info" => vec!["comment", "close"],
        "resolved" => vec!["comment", "accept", "reject"],
        _ if survey::is_open(call, case)? => vec!["survey"],
        _ => Vec::new(),
    })
}

fn timeline(call: &Call<'_>, projection: &Projection, orders: &[visits::OrderView]) -> Result<Vec<Happened>> {
    let case = &projection.record;
    let number = case.text("number").to_owned();
    let mut all = Vec::new();
    if let Some(at) = Moment::of(case, "opened_at") {
        let by = case.reference("opened_by").map(|user| person(call, user)).transpose()?.flatten();
        all.push(Happened {
            at,
            kind: "opened",
            number: number.clone(),
            by,
            text: case.text("short_description").into(),
        });
    }
    let noted = projection.work_notes.iter().filter(|_| plant::is(Plant::NotesToldToCustomers));
    for comment in projection.comments.iter().chain(noted) {
        let (by, text) = (person(call, comment.by)?, comment.what.text.clone());
        all.push(Happened { at: Moment(comment.at), kind: "comment", number: number.clone(), by, text });
    }
    let life_cycle = call.dictionary.life_cycle_of(CASES);
    for step in &projection.accepted {
        let text = life_cycle.and_then(|life_cycle| life_cycle.step(&step.name)).map_or("", |rule| &rule.label);
        let (by, text) = (person(call, step.by)?, text.to_owned());
        all.push(Happened { at: Moment(step.at), kind: "step", number: number.clone(), by, text });
    }
    for visit in orders.iter().flat_map(|order| &order.visits) {
        for (at, kind) in [(visit.arrived_at, "arrived"), (visit.ended_at, "ended")] {
            let (number, by) = (visit.number.clone(), visit.technician.clone());
            all.extend(at.map(|at| Happened { at, kind, number, by, text: visit.state.label.clone() }));
        }
    }
    all.sort_by_key(|happened| happened.at);
    Ok(all)
}

/// Articles for what somebody is about to ask, that this customer may read.
///
/// # Errors
/// When the caller is no customer, or the database fails.
pub fn suggestions(call: &Call<'_>, words: &str) -> Result<Vec<Suggestion>> {
    super::customer(call)?;
    let found = search::search(call, words, &Query::default())?;
    let suggestion = |found: &search::Found| Suggestion {
        sys_id: found.article.id.sys_id,
        number: found.article.text("number").to_owned(),
        title: found.article.text("short_description").to_owned(),
        snippet: found.snippet(words),
    };
    Ok(found.iter().take(SUGGESTED).map(suggestion).collect())
}

/// Opens a case for the caller, and suggests articles that may help while they wait.
///
/// # Errors
/// When the caller is no customer, names what is not theirs, or a field does not fit.
pub fn create(call: &mut Call<'_>, fields: Input) -> Result<(CaseView, Vec<Suggestion>)> {
    let customer = super::customer(call)?;
    let mut input = Input::default();
    for (name, text) in fields.fields {
        if !WRITABLE.contains(&name.as_str()) {
            let problem = format!("is not asked for; send some of {}", WRITABLE.join(", "));
            let name: String = name.chars().take(80).collect();
            return Err(TableError::invalid(CASES, Some(&name.as_str().into()), problem));
        }
        input.fields.insert(name, text);
    }
    check_own(call, &customer, &input)?;
    for (field, id) in who(call, &customer, input.fields.get("account"))? {
        input.fields.insert(field.to_owned(), id.to_string());
    }
    input.fields.insert("contact_type".into(), "web".into());
    let made = call.implied(|call| table::create(call, CASES, &input))?;
    let words = ["short_description", "description"].map(|field| made.record.text(field)).join(" ");
    let suggested = suggestions(call, &words)?;
    Ok((view(call, &made.record)?, suggested))
}

/// Refuses things and accounts that are not the customer's.
fn check_own(call: &Call<'_>, customer: &Customer, input: &Input) -> Result<()> {
    let given = |field: &str| input.fields.get(field).filter(|text| !text.is_empty());
    let not_yours = |field: &str| {
        TableError::invalid(CASES, Some(&field.into()), "is none of yours; choose one of those that are listed for you")
    };
    for (field, of) in [("asset", ASSETS), ("install_base", INSTALLED)] {
        let Some(text) = given(field) else { continue };
        let id = text.parse().map_err(|_| not_yours(field))?;
        if !things::is_own(call, customer, of, id)? {
            return Err(not_yours(field));
        }
    }
    match given("account").map(|text| text.parse::<SysId>()) {
        Some(Ok(account)) if customer.acts_for(account) => Ok(()),
        None => Ok(()),
        Some(_) => Err(not_yours("account")),
    }
}

/// Who opens a case: a contact with their account, or the partner's contact for another's account, or a consumer.
fn who(call: &Call<'_>, customer: &Customer, account: Option<&String>) -> Result<Vec<(&'static str, SysId)>> {
    let account = account.and_then(|text| text.parse::<SysId>().ok());
    for contact in &customer.contacts {
        let Some(row) = call.tx.find(call.dictionary.family(CONTACTS), *contact)? else { continue };
        let own = row.reference("account");
        match account {
            Some(account) if own != Some(account) => {
                let partner = own.map(|own| ("partner", own));
                return Ok(partner.into_iter().chain([("partner_contact", *contact), ("account", account)]).collect());
            }
            _ => return Ok(own.map(|own| ("account", own)).into_iter().chain([("contact", *contact)]).collect()),
        }
    }
    let consumer = customer.consumers.iter().next().map(|consumer| ("consumer", *consumer));
    Ok(consumer.into_iter().collect())
}

/// Does what a customer does with a case of theirs.
///
/// # Errors
/// When the case is not theirs, or it stands where that is not possible.
pub fn act(call: &mut Call<'_>, case: SysId, act: &Act) -> Result<CaseView> {
    let case = own(call, case)?;
    let stage = call.stage_shown(&case).unwrap_or_default().to_owned();
    let may = actions(call, &case, &stage)?;
    let wanted = act.word();
    if !may.contains(&wanted) {
        let offered =
            if may.is_empty() { "nothing is left to do".into() } else { format!("you may {}", may.join(", ")) };
        let problem = format!("is {}, so \"{wanted}\" is not possible; {offered}", choice(call, &case, "state").label);
        return Err(TableError::invalid(&case.id, Some(&"state".into()), problem));
    }
    let fields = match act {
        Act::Survey { score, answer } => {
            survey::answer(call, &case, *score, answer)?;
            return view(call, &case);
        }
        Act::Comment(text) | Act::Reject(text) if text.trim().is_empty() => {
            let problem = "must not be empty; say it in a few words";
            return Err(TableError::invalid(&case.id, Some(&"comments".into()), problem));
        }
        Act::Comment(text) => Input::of(&[("comments", text)]),
        Act::Accept => Input::of(&[("state", "closed")]),
        Act::Reject(text) => Input::of(&[("state", "open"), ("comments", text)]),
        Act::Close(text) => Input::of(&[("state", "closed"), ("comments", text)]),
    };
    let Detail { record, .. } = call.implied(|call| table::update(call, CASES, case.id.sys_id, &fields))?;
    view(call, &record)
}

impl Act {
    fn word(&self) -> &'static str {
        match self {
            Self::Comment(_) => "comment",
            Self::Accept => "accept",
            Self::Reject(_) => "reject",
            Self::Close(_) => "close",
            Self::Survey { .. } => "survey",
        }
    }
}
