//! Changes and their tasks: listed, read, created, changed and deleted. Fields come in the body or as parameters.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, patch, post};
use fieldline_model::SysId;
use fieldline_service::change_requests::{self, Fields, Kind, Saved, Wanted, risk};
use fieldline_service::table::{self, Detail};
use fieldline_service::{Call, TableError};
use serde_json::{Value, json};

use super::BASE;
use crate::App;
use crate::asking::Ask;
use crate::both::{both_of, both_of_all};
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::{Failure, Refusal};
use crate::table::answered;

/// Records answered when the client names no limit.
const USUAL_LIMIT: u32 = 500;
/// The most it may name.
const LIMIT_AT_MOST: u32 = 10_000;

pub fn endpoints() -> Vec<Endpoint> {
    let (fields, nothing) = (Content::Json("ChangeFields"), Content::Empty);
    let (one, many) = ((200, Content::Json("ChangeResult")), (200, Content::Json("ChangesResult")));
    let (tasks, task) = ("/{sys_id}/task", "/{sys_id}/task/{task_sys_id}");
    let templates = "std_change_record_producer";
    let mut all = vec![
        endpoint("post", "/standard/{sys_id}", "Creates a change from a template", fields, one, post(create_standard)),
        endpoint("get", "/standard/template", "Lists standard templates", nothing, many, definitions(templates)),
        endpoint("get", "/standard/template/{sys_id}", "Answers a template", nothing, one, definition(templates)),
        endpoint("get", "/model", "Lists change models", nothing, many, definitions("chg_model")),
        endpoint("get", "/model/{sys_id}", "Answers a change model", nothing, one, definition("chg_model")),
        endpoint("get", tasks, "Lists a change's tasks", nothing, many, get(list_tasks)),
        endpoint("post", tasks, "Adds a task to a change", fields, one, post(create_task)),
        endpoint("get", task, "Answers a task of a change", nothing, one, get(read_task)),
        endpoint("patch", task, "Changes a task of a change", fields, one, patch(update_task)),
        endpoint("delete", task, "Deletes a task of a change", nothing, one, delete(remove_task)),
    ];
    for kind in [None, Some(Kind::Normal), Some(Kind::Standard), Some(Kind::Emergency)] {
        let at = |rest: &str| kind.map_or_else(|| rest.to_owned(), |kind| format!("/{}{rest}", kind.word()));
        all.push(endpoint("get", at(""), "Lists changes", nothing, many, listing(kind)));
        if kind != Some(Kind::Standard) {
            all.push(endpoint("post", at(""), "Creates a change", fields, one, creating(kind)));
        }
        all.push(endpoint("get", at("/{sys_id}"), "Answers a change", nothing, one, reading(kind)));
        all.push(endpoint("patch", at("/{sys_id}"), "Changes a change", fields, one, updating(kind)));
        all.push(endpoint("patch", at("/{sys_id}/risk"), "Works out a change's risk", nothing, one, assessing(kind)));
        all.push(endpoint("delete", at("/{sys_id}"), "Deletes a change", nothing, one, removing(kind)));
    }
    versioned(BASE, all)
}

/// Which records of a list.
///
/// # Errors
/// When a number is none.
pub fn wanted(ask: &Ask) -> Result<Wanted, Refusal> {
    Ok(Wanted {
        query: ask.parameter("query").unwrap_or_default().to_owned(),
        order: ask.parameter("order").map(str::to_owned),
        text: ask.parameter("textSearch").map(str::to_owned),
        limit: ask.number("limit", USUAL_LIMIT)?.min(LIMIT_AT_MOST),
        offset: ask.number("offset", 0)?,
    })
}

/// Fields from the body, else from the parameters that are none of the API's own.
async fn fields(ask: &Ask, body: Body) -> Result<Fields, Refusal> {
    let given = ask.pairs.iter().filter(|(name, _)| !name.starts_with("sysparm_"));
    let mut fields: Fields = given.cloned().collect();
    fields.extend(ask.texts(body).await?);
    Ok(fields)
}

fn shown(call: &mut Call<'_>, saved: &Saved) -> Result<Value, TableError> {
    let mut record = both_of(call, &saved.detail)?;
    record.insert("__meta".into(), json!({ "ignoredFields": saved.ignored }));
    Ok(record.into())
}

async fn write(
    app: App,
    ask: Ask,
    work: impl FnOnce(&mut Call<'_>) -> Result<Saved, TableError> + Send + 'static,
) -> Result<Response, Failure> {
    let record = ask.write(&app, |_, call| {
        let saved = work(call)?;
        Ok(shown(call, &saved)?)
    });
    Ok(answered(StatusCode::OK, record.await?))
}

fn assessing(kind: Option<Kind>) -> MethodRouter<App> {
    patch(async move |State(app): State<App>, ask: Ask| {
        let change = ask.sys_id("sys_id")?;
        write(app, ask, move |call| risk::calculate(call, kind, change)).await
    })
}

/// Answers what was deleted as it was.
async fn delete_it(
    app: App,
    ask: Ask,
    work: impl FnOnce(&mut Call<'_>) -> Result<Detail, TableError> + Send + 'static,
) -> Result<Response, Failure> {
    let record = ask.write(&app, |_, call| {
        let gone = work(call)?;
        Ok(Value::from(both_of(call, &gone)?))
    });
    Ok(answered(StatusCode::OK, record.await?))
}

fn listing(kind: Option<Kind>) -> MethodRouter<App> {
    get(async move |State(app): State<App>, ask: Ask| {
        let wanted = wanted(&ask)?;
        ask.answer(&app, move |_, call| {
            let records = change_requests::list(call, kind, &wanted)?;
            Ok(both_of_all(call, &records)?)
        })
        .await
    })
}

fn creating(kind: Option<Kind>) -> MethodRouter<App> {
    post(async move |State(app): State<App>, ask: Ask, body: Body| {
        let fields = fields(&ask, body).await?;
        write(app, ask, move |call| change_requests::create(call, kind, &fields)).await
    })
}

fn reading(kind: Option<Kind>) -> MethodRouter<App> {
    get(async move |State(app): State<App>, ask: Ask| {
        let sys_id = ask.sys_id("sys_id")?;
        ask.answer(&app, move |_, call| {
            let detail = change_requests::read(call, kind, sys_id)?;
            Ok(both_of(call, &detail)?.into())
        })
        .await
    })
}

fn updating(kind: Option<Kind>) -> MethodRouter<App> {
    patch(async move |State(app): State<App>, ask: Ask, body: Body| {
        let (sys_id, fields) = (ask.sys_id("sys_id")?, fields(&ask, body).await?);
        write(app, ask, move |call| change_requests::update(call, kind, sys_id, fields)).await
    })
}

fn removing(kind: Option<Kind>) -> MethodRouter<App> {
    delete(async move |State(app): State<App>, ask: Ask| {
        let sys_id = ask.sys_id("sys_id")?;
        delete_it(app, ask, move |call| change_requests::remove(call, kind, sys_id)).await
    })
}

fn definitions(table: &'static str) -> MethodRouter<App> {
    get(async move |State(app): State<App>, ask: Ask| {
        let wanted = wanted(&ask)?;
        ask.answer(&app, move |_, call| {
            let records = change_requests::definitions(call, table, &wanted)?;
            Ok(both_of_all(call, &records)?)
        })
        .await
    })
}

fn definition(table: &'static str) -> MethodRouter<App> {
    get(async move |State(app): State<App>, ask: Ask| {
        let sys_id = ask.sys_id("sys_id")?;
        ask.answer(&app, move |_, call| {
            let detail = table::get(call, table, sys_id)?;
            Ok(both_of(call, &detail)?.into())
        })
        .await
    })
}

async fn create_standard(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let (template, fields) = (ask.sys_id("sys_id")?, fields(&ask, body).await?);
    write(app, ask, move |call| change_requests::create_standard(call, template, &fields)).await
}

async fn list_tasks(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let (change, wanted) = (ask.sys_id("sys_id")?, wanted(&ask)?);
    ask.answer(&app, move |_, call| {
        let records = change_requests::tasks(call, change, &wanted)?;
        Ok(both_of_all(call, &records)?)
    })
    .await
}

async fn create_task(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let (change, fields) = (ask.sys_id("sys_id")?, fields(&ask, body).await?);
    write(app, ask, move |call| change_requests::create_task(call, change, fields)).await
}

fn task_of(ask: &Ask) -> Result<(SysId, SysId), Refusal> {
    Ok((ask.sys_id("sys_id")?, ask.sys_id("task_sys_id")?))
}

async fn read_task(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let (change, task) = task_of(&ask)?;
    ask.answer(&app, move |_, call| {
        let detail = change_requests::task(call, change, task)?;
        Ok(both_of(call, &detail)?.into())
    })
    .await
}

async fn update_task(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let ((change, task), fields) = (task_of(&ask)?, fields(&ask, body).await?);
    write(app, ask, move |call| change_requests::update_task(call, change, task, fields)).await
}

async fn remove_task(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let (change, task) = task_of(&ask)?;
    delete_it(app, ask, move |call| change_requests::remove_task(call, change, task)).await
}
