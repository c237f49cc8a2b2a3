//! The floor: axum over one SQLite table with a column for each field. It writes as durably as ours and does the least that
//! gives the same answers.

mod rows;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{self, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, ToSql, params};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Result;
use super::connection::Request;
use super::house::House;
use rows::Columns;

/// The word that makes this program the floor: `api-floor FILE`.
pub const COMMAND: &str = "api-floor";

/// What people ask by, each with an index for both orders: the best this can be. Ours has both for state and group only.
const ASKED_BY: [&str; 6] = ["state", "active", "priority", "assigned_to", "assignment_group", "caller_id"];
const ORDERS: [&str; 2] = ["number, sys_id", "sys_updated_on DESC, sys_id"];
/// What else there is an index of.
const OTHERS: [&str; 4] =
    ["number, sys_id", "sys_updated_on DESC, sys_id", "sys_created_on DESC, sys_id", "parent, sys_id"];
/// Records asked of ours at a time while filling.
const FILLED_AT_ONCE: usize = 1_000;

/// Fills the floor with what ours answers.
pub fn fill(house: &House, mut ask: impl FnMut(&Request) -> Result<Vec<u8>>) -> Result<()> {
    let passing = house.directory.join("floor.filling");
    drop(std::fs::remove_file(&passing));
    let mut connection = connect(&passing)?;
    let columns = Columns::of_incidents();
    connection.execute_batch(&format!(
        "CREATE TABLE incident ({}); CREATE TABLE sys_user (sys_id TEXT PRIMARY KEY, name TEXT);
         CREATE INDEX user_by_name ON sys_user (name);",
        columns.declared()
    ))?;
    let mut records = |target: String| -> Result<Vec<Map<String, Value>>> {
        let mut answer: Value = serde_json::from_slice(&ask(&Request::get(target))?)?;
        Ok(serde_json::from_value(answer["result"].take())?)
    };
    let people = records("/api/now/table/sys_user?sysparm_fields=sys_id,name".to_owned())?;
    let tx = connection.transaction()?;
    for person in people {
        let name = person["name"].as_str().map(str::to_lowercase);
        tx.execute("INSERT INTO sys_user VALUES (?1, ?2)", params![person["sys_id"].as_str(), name])?;
    }
    for offset in (0..house.records).step_by(FILLED_AT_ONCE) {
        let window = format!("sysparm_limit={FILLED_AT_ONCE}&sysparm_offset={offset}&sysparm_no_count=true");
        for record in records(format!("/api/now/table/incident?{window}&sysparm_exclude_reference_link=true"))? {
            columns.insert(&tx, &record)?;
        }
        eprint!("\rfilling the floor: {} of {} incidents ", offset + FILLED_AT_ONCE, house.records);
    }
    eprintln!();
    let asked_by = ASKED_BY.iter().flat_map(|field| ORDERS.map(|order| format!("{field}, {order}")));
    for (number, columns) in asked_by.chain(OTHERS.map(str::to_owned)).enumerate() {
        tx.execute_batch(&format!("CREATE INDEX incident_by_{number} ON incident ({columns})"))?;
    }
    tx.commit()?;
    drop(connection);
    Ok(std::fs::rename(passing, house.floor())?)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(100);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; PRAGMA cache_size = -16384;",
    )?;
    Ok(connection)
}

/// What every handler has.
struct Floor {
    path: PathBuf,
    columns: Columns,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    records: AtomicUsize,
}

type Shared = State<Arc<Floor>>;

/// Serves until it is ended.
pub fn serve(path: &Path) -> Result<()> {
    let writer = connect(path)?;
    let records = writer.query_row("SELECT count(*) FROM incident", [], |row| row.get::<_, i64>(0))?;
    let floor = Floor {
        path: path.to_owned(),
        columns: Columns::of_incidents(),
        writer: Mutex::new(writer),
        readers: Mutex::default(),
        records: AtomicUsize::new(usize::try_from(records)?),
    };
    let router = Router::new()
        .route("/incident", get(list).post(create))
        .route("/incident/{sys_id}", get(read).patch(update))
        .route("/count", get(count))
        .with_state(Arc::new(floor));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        println!("listening on http://{}", listener.local_addr()?);
        axum::serve(listener, router).await
    })?;
    Ok(())
}

impl Floor {
    /// Works with a connection that reads, where it may block.
    async fn reading(
        self: Arc<Self>,
        work: impl FnOnce(&Self, &Connection) -> rusqlite::Result<Response> + Send + 'static,
    ) -> Response {
        blocking(move || {
            let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| connect(&self.path), Ok)?;
            let answer = work(&self, &connection);
            self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            answer
        })
        .await
    }

    /// Works with the connection that writes.
    async fn writing(
        self: Arc<Self>,
        work: impl FnOnce(&Self, &Connection) -> rusqlite::Result<Response> + Send + 'static,
    ) -> Response {
        blocking(move || work(&self, &self.writer.lock().unwrap_or_else(PoisonError::into_inner))).await
    }

    fn one(&self, connection: &Connection, status: StatusCode, sys_id: &str) -> rusqlite::Result<Response> {
        let sql = format!("SELECT {} FROM incident WHERE sys_id = ?1", self.columns.names());
        let json = connection.prepare_cached(&sql)?.query_row([sys_id], |row| self.columns.json(row))?;
        Ok(answered(status, &json))
    }
}

async fn blocking(work: impl FnOnce() -> rusqlite::Result<Response> + Send + 'static) -> Response {
    let done = tokio::task::spawn_blocking(work).await.expect("the floor does not panic");
    done.unwrap_or_else(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response())
}

fn answered(status: StatusCode, result: &str) -> Response {
    let body = format!("{{\"result\":{result}}}");
    (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8")], body).into_response()
}

async fn read(State(floor): Shared, extract::Path(sys_id): extract::Path<String>) -> Response {
    floor.reading(move |floor, connection| floor.one(connection, StatusCode::OK, &sys_id)).await
}

#[derive(Deserialize)]
struct Asked {
    field: String,
    value: String,
    order: String,
    limit: i64,
    offset: i64,
}

async fn list(State(floor): Shared, Query(asked): Query<Asked>) -> Response {
    floor.reading(move |floor, connection| floor.page(connection, &asked)).await
}

impl Floor {
    fn page(&self, connection: &Connection, asked: &Asked) -> rusqlite::Result<Response> {
        let by_name = "caller_id IN (SELECT sys_id FROM sys_user WHERE name >= ?1 AND name < ?1 || char(1114111))";
        let (filter, value): (String, Option<&dyn ToSql>) = match asked.field.as_str() {
            "" => ("TRUE".into(), None),
            "caller_id.name" => (by_name.into(), Some(&asked.value)),
            field => (format!("{field} = ?1"), Some(&asked.value)),
        };
        let order = match asked.order.as_str() {
            "Newest" => "sys_updated_on DESC, ",
            // As ours answers what is asked for in no order.
            _ => "number, ",
        };
        let (names, window) = (self.columns.names(), format!("LIMIT {} OFFSET {}", asked.limit, asked.offset));
        let sql = format!("SELECT {names} FROM incident WHERE {filter} ORDER BY {order}sys_id {window}");
        let mut json = String::from("[");
        let (mut statement, values) = (connection.prepare_cached(&sql)?, value.as_slice());
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            json += if json.len() > 1 { "," } else { "" };
            json += &self.columns.json(row)?;
        }
        json.push(']');
        let sql = format!("SELECT count(*) FROM incident WHERE {filter}");
        let total: i64 = connection.prepare_cached(&sql)?.query_row(values, |row| row.get(0))?;
        let mut response = answered(StatusCode::OK, &json);
        response.headers_mut().insert("x-total-count", total.into());
        Ok(response)
    }
}

#[derive(Deserialize)]
struct Counted {
    mean: Option<String>,
}

async fn count(State(floor): Shared, Query(Counted { mean }): Query<Counted>) -> Response {
    let work = move |_: &Floor, connection: &Connection| {
        let figure = mean.as_ref().map_or_else(String::new, |field| format!(", printf('%.4f', avg({field}))"));
        let sql = format!("SELECT state, count(*){figure} FROM incident GROUP BY state ORDER BY state");
        let mut statement = connection.prepare_cached(&sql)?;
        let groups = statement.query_map([], |row| {
            let (state, count): (i64, i64) = (row.get(0)?, row.get(1)?);
            let mut stats = json!({ "count": count.to_string() });
            if let Some(field) = &mean {
                stats["avg"] = json!({ (field.as_str()): row.get::<_, String>(2)? });
            }
            Ok(json!({ "stats": stats, "groupby_fields": [{ "field": "state", "value": state.to_string() }] }))
        })?;
        Ok(answered(StatusCode::OK, &Value::Array(groups.collect::<Result<_, _>>()?).to_string()))
    };
    floor.reading(work).await
}

async fn create(State(floor): Shared, Json(given): Json<Map<String, Value>>) -> Response {
    let number = floor.records.fetch_add(1, Ordering::Relaxed);
    let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
    let sys_id = format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64());
    let work = move |floor: &Floor, connection: &Connection| {
        let (now, user) = (rows::now(), "integration.measured");
        let mut record = given;
        let own = json!({ "sys_id": sys_id, "sys_class_name": "incident", "number": format!("INC{:07}", number + 1),
            "state": "1", "active": "true", "priority": "3", "opened_at": now, "sys_created_on": now,
            "sys_created_by": user, "sys_updated_on": now, "sys_updated_by": user, "sys_mod_count": "0" });
        record.extend(own.as_object().cloned().unwrap_or_default());
        floor.columns.insert(connection, &record)?;
        floor.one(connection, StatusCode::CREATED, &sys_id)
    };
    floor.writing(work).await
}

async fn update(
    State(floor): Shared,
    extract::Path(sys_id): extract::Path<String>,
    Json(given): Json<Map<String, Value>>,
) -> Response {
    let work = move |floor: &Floor, connection: &Connection| {
        let names = given.keys().zip(4..).map(|(name, at)| format!("{name} = ?{at}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "UPDATE incident SET sys_updated_on = ?2, sys_updated_by = ?3, sys_mod_count = sys_mod_count + 1, {names}
             WHERE sys_id = ?1"
        );
        let own = [sys_id.clone(), rows::now(), "integration.measured".to_owned()].map(Sql::from);
        let values = own.into_iter().chain(given.values().map(|value| Sql::from(value.as_str().map(str::to_owned))));
        connection.prepare_cached(&sql)?.execute(rusqlite::params_from_iter(values))?;
        floor.one(connection, StatusCode::OK, &sys_id)
    };
    floor.writing(work).await
}
