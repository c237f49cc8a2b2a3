//! How well a group, or changes of a model, did: points for each change of the last year that was closed, fewer for incidents that
//! it caused. A score is explained by the changes that made it.
//!
//! What a score is called, and how probable success is with it, are records (`chg_success_score_rating`).
//!
//! Source: ServiceNow "Success score calculation".

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{Record, SysId};

use super::CHANGES;
use crate::call::Call;
use crate::query::number_field;
use crate::question::Question;
use crate::table;

/// Points by close code.
const CLOSED: [(&str, i64); 3] = [("successful", 3), ("successful_issues", -2), ("unsuccessful", -5)];
/// Points by the priority of an incident that was caused.
const CAUSED: [(i64, i64); 3] = [(1, -10), (2, -5), (3, -2)];
/// The changes that count.
const YEAR_MILLISECONDS: i64 = 365 * 86_400_000;
const RATINGS: &str = "chg_success_score_rating";

/// Whose changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Team {
    /// Those of an assignment group.
    Group,
    /// Those of a change model.
    Model,
}

impl Team {
    /// The field of a change that names it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Group => "assignment_group",
            Self::Model => "chg_model",
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Group => "sys_user_group",
            Self::Model => "chg_model",
        }
    }
}

/// What a score is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// The sum of the points.
    pub points: i64,
    /// What that is called; empty where nothing was closed, or no rating fits.
    pub rating: String,
    /// How probable success is: `low`, `medium` or `high`.
    pub probability: Option<String>,
    /// How many changes made it.
    pub changes: usize,
    /// What each gave.
    pub parts: Vec<Part>,
}

/// What one change, or one incident it caused, gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The change.
    pub change: Record,
    /// The incident, where it is for one.
    pub incident: Option<Record>,
    /// The points.
    pub points: i64,
}

/// The score of a group or a model, as far as the caller sees its changes.
///
/// # Errors
/// When there is no such group or model for the caller.
pub fn read(call: &Call<'_>, team: Team, of: SysId) -> table::Result<Score> {
    table::read(call, team.table(), of)?;
    let seen = Question::new(call, CHANGES, &Query::parse(&query(call, team, of)).query)?.records(call, u32::MAX, 0)?;
    let whole = self::of(call, team, of)?;
    let sees = |part: &Part| seen.iter().any(|change| change.id == part.change.id);
    Ok(Score { parts: whole.parts.iter().filter(|part| sees(part)).cloned().collect(), ..whole })
}

/// The score of a group or a model.
///
/// # Errors
/// When the database fails.
pub(crate) fn of(call: &Call<'_>, team: Team, of: SysId) -> crate::error::Result<Score> {
    let changes = call.rows_of_query(CHANGES, &query(call, team, of))?;
    let mut parts = Vec::new();
    for change in &changes {
        let closed = CLOSED.iter().find(|(code, _)| *code == change.text("close_code"));
        parts.extend(closed.map(|(_, points)| Part { change: change.clone(), incident: None, points: *points }));
        for incident in call.rows("incident", &Filter::equals("caused_by", change.id.sys_id))? {
            let priority = number_field(&incident, "priority");
            let points = CAUSED.iter().find(|(caused, _)| Some(*caused) == priority).map(|(_, points)| *points);
            parts.extend(points.map(|points| Part { change: change.clone(), incident: Some(incident), points }));
        }
    }
    let points = parts.iter().map(|part| part.points).sum();
    let rating = if changes.is_empty() { None } else { rating(call, points)? };
    let said = |field: &str| rating.as_ref().map(|row| row.text(field).to_owned());
    let (name, probability) = (said("rating").unwrap_or_default(), said("success_probability"));
    Ok(Score { points, rating: name, probability, changes: changes.len(), parts })
}

fn query(call: &Call<'_>, team: Team, of: SysId) -> String {
    let since = call.now.plus_milliseconds(-YEAR_MILLISECONDS);
    format!("{}={of}^state=3^closed_at>={since}^ORDERBYclosed_at^ORDERBYnumber", team.field())
}

/// The highest rating that so many points reach.
fn rating(call: &Call<'_>, points: i64) -> crate::error::Result<Option<Record>> {
    let ratings = call.rows(RATINGS, &Filter::everything())?;
    let from = |row: &Record| number_field(row, "greater_than_or_equal").unwrap_or(i64::MIN);
    Ok(ratings.into_iter().filter(|row| from(row) <= points).max_by_key(from))
}
