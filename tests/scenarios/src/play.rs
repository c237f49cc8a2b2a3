//! Plays a scenario, step by step.

use std::path::Path;

use fieldline_model::DocumentId;
use fieldline_stories::{PASSWORD, Portal, record};
use reqwest::Method;
use serde_json::Value as Json;

use crate::compare::{Mask, matches};
use crate::files::Mishap;
use crate::phone::Language;
use crate::scenario::{Asked, Scenario, Step};
use crate::stage::Stage;

/// What the phones said, with everything masked that differs from run to run.
///
/// # Errors
/// The first step that did not go as expected, and how.
pub fn play(scenario: &Scenario, language: &Language, folder: &Path) -> Result<Vec<Json>, String> {
    let mut stage = Stage::new(language);
    let needs_disk = |step: &&Step| matches!(step, Step::Files { happens: Mishap::Fills, .. });
    for step in scenario.steps.iter().filter(needs_disk) {
        if let Step::Files { who, .. } = step {
            stage.carried(who, true)?;
        }
    }
    let (mut said, mut mask) = (Vec::new(), Mask::default());
    for (number, step) in scenario.steps.iter().enumerate() {
        mask.texts = stage.own_texts();
        let answer = take(&mut stage, step, folder).map_err(|problem| format!("step {}: {problem}", number + 1))?;
        said.extend(answer.map(|answer| mask.masked(&answer)));
    }
    stage.homes().try_for_each(|home| home.keep_secret(&scenario.secrets))?;
    Ok(said)
}

/// Takes a step; what a phone said, if it was asked something that every language answers alike.
fn take(stage: &mut Stage<'_>, step: &Step, folder: &Path) -> Result<Option<Json>, String> {
    match step {
        Step::Hires { name, roles } => {
            let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
            let user = stage.office.hires(name, &roles);
            stage.names(name, user.to_string().into());
        }
        Step::Creates { table, fields, named } => {
            let created = stage.office.creates(table, &stage.meant(fields)?);
            stage.names(named, created.sys_id.to_string().into());
        }
        Step::Changes { table, record, fields } => {
            stage.office.changes(&document(stage, table, record)?, &stage.meant(fields)?);
        }
        Step::Reads { table, record, expect } => {
            let read = stage.office.reads(&document(stage, table, record)?);
            matches(&stage.meant(expect)?, &read, "the server's record")?;
        }
        Step::Asks { who, method, path, body, status, keep } => {
            let method: Method = method.parse().map_err(|_| format!("{method} is no method"))?;
            let body = body.as_ref().map(|body| stage.meant(body)).transpose()?;
            let path =
                path.split('/').map(|part| stage.sys_id(part).unwrap_or(part.into())).collect::<Vec<_>>().join("/");
            let answer = stage.office.asks(who, method, &path, body.as_ref());
            if answer.status != *status {
                return Err(format!("{path} is answered by {}: {}", answer.status, answer.body));
            }
            stage.keeps(keep, &answer.body)?;
        }
        Step::Runs { command, keep } => {
            let words: Vec<String> = command.iter().map(|word| stage.sys_id(word).unwrap_or(word.clone())).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (done, printed) = stage.office.runs(&words, PASSWORD);
            if !done {
                return Err(format!("{command:?}: {printed}"));
            }
            stage.keeps(keep, &serde_json::from_str(&printed).unwrap_or_default())?;
        }
        Step::Phone(asked) => return ask(stage, asked),
        Step::Kills { who } => stage.kills(who),
        Step::Files { who, happens } => stage.carried(who, false)?.home.happens(*happens, folder)?,
        Step::Line { carries: true } => stage.line.is_repaired(),
        Step::Line { carries: false } => stage.line.breaks_after(0),
        Step::Answers { status: None, .. } => stage.line.is_freed(),
        Step::Answers { status: Some(status), media_type, body } => {
            let head = format!("HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n", body.len());
            stage.line.is_captured(Portal::says(format!("{head}Connection: close\r\n\r\n{body}")));
        }
        Step::ServerRestarts => stage.office.is_killed_and_comes_back(),
    }
    Ok(None)
}

fn document(stage: &Stage<'_>, table: &str, name: &str) -> Result<DocumentId, String> {
    Ok(record(table, &serde_json::json!({ "sys_id": stage.sys_id(name)? })))
}

fn ask(stage: &mut Stage<'_>, asked: &Asked) -> Result<Option<Json>, String> {
    let Asked { who, call, with, expect, error, keep, varies } = asked;
    let answer = stage.asks(who, call, with)?;
    let place = format!("{who}'s {call}");
    let said = match (answer, error) {
        (Ok(answer), None) => {
            if let Some(expect) = expect {
                matches(&stage.meant(expect)?, &answer, &place)?;
            }
            stage.keeps(keep, &answer)?;
            answer
        }
        (Err(refused), Some(error)) => {
            matches(&stage.meant(error)?, &refused, &place)?;
            // Its words are the core's, which not every language hands on with an error that has nothing else to say.
            if refused["kind"] == "stopped" { Json::Null } else { refused }
        }
        (Ok(answer), Some(error)) => return Err(format!("{place}: expected {error}, got {answer}")),
        (Err(refused), None) => return Err(format!("{place}: {refused}")),
    };
    Ok((!varies).then_some(said))
}
