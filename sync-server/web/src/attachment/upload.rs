//! Taking files in: as the body, or as a part of a form whose other parts may come before or after it.
//!
//! What arrives is spooled to a file of its own and hashed on the way; only when all of it is there does the database hear
//! of it, piece by piece. A client that stops sending is let go.

use std::io::{Seek, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use fieldline_model::{BlobHash, SysId};
use fieldline_service::TableError;
use fieldline_service::attachments::{self, File};
use futures_util::{Stream, StreamExt};
use tempfile::SpooledTempFile;
use tokio::time::timeout;

use super::{Asked, metadata};
use crate::App;
use crate::caller::blocking;
use crate::refusal::{Failure, Refusal, no_record};
use crate::table::answered;

/// What is held in memory of a file before it goes to the disk.
const SPOOLED_IN_MEMORY_BYTES: usize = 256 << 10;
/// How long a client may send nothing.
const SILENCE_SECONDS: u64 = 30;
/// Parts of a form, and the length of one that is no file.
const PARTS_AT_MOST: usize = 100;
const FIELD_BYTES: usize = 16 << 10;

/// A file that has arrived.
struct Spooled {
    bytes: SpooledTempFile,
    blob: BlobHash,
    size_bytes: u64,
}

/// Which record a file is for.
#[derive(Default)]
struct Target {
    table_name: String,
    table_sys_id: String,
    file_name: String,
    content_type: String,
}

impl Target {
    fn put(&mut self, name: &str, value: &str) {
        let field = match name {
            "table_name" => &mut self.table_name,
            "table_sys_id" => &mut self.table_sys_id,
            "file_name" => &mut self.file_name,
            "content_type" => &mut self.content_type,
            _ => return,
        };
        value.trim().clone_into(field);
    }

    /// # Errors
    /// Names the parameter that is missing.
    fn check(&self) -> Result<SysId, Refusal> {
        for (name, value) in
            [("table_name", &self.table_name), ("table_sys_id", &self.table_sys_id), ("file_name", &self.file_name)]
        {
            if value.is_empty() {
                return Err(Refusal::Malformed(format!("{name}: is missing; send it along")));
            }
        }
        self.table_sys_id.parse().map_err(|_| no_record())
    }
}

/// Attaches the body; the record is asked for before the body is read.
pub async fn binary(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    let mut target = Target { content_type: given_type(&asked.headers), ..Target::default() };
    for (name, value) in &asked.pairs {
        target.put(name, value);
    }
    let sys_id = target.check()?;
    let (caller, table) = (asked.caller.clone(), target.table_name.clone());
    blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call| attachments::attachable(call, &table, sys_id).map(drop))
    })
    .await?;
    if crate::body::is_gzip(&asked.headers)? {
        let problem = "a file is kept as it is sent; leave Content-Encoding out";
        return Err(Failure(Refusal::Malformed(problem.into())));
    }
    let declared =
        asked.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > app.attachment_bytes) {
        return Err(Failure(too_large(&app)));
    }
    let spooled = spool(&app, body.into_data_stream().map(|bytes| bytes.map_err(|_| broken_off()))).await?;
    attach(&app, asked, target, spooled).await
}

fn given_type(headers: &HeaderMap) -> String {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    given.filter(|given| !given.is_empty()).unwrap_or("application/octet-stream").to_owned()
}

/// The route of the form, whose parts have caps of their own.
pub fn form_route() -> MethodRouter<App> {
    post(form).layer(DefaultBodyLimit::disable())
}

async fn form(State(app): State<App>, asked: Asked, request: Request) -> Result<Response, Failure> {
    let unreadable = |problem: String| Failure(Refusal::Malformed(format!("the form: {problem}")));
    let form = Multipart::from_request(request, &app).await;
    let mut form = form.map_err(|problem| unreadable(problem.body_text()))?;
    let mut target = Target::default();
    for (name, value) in &asked.pairs {
        target.put(name, value);
    }
    let (mut spooled, mut named) = (None, (String::new(), String::new()));
    for _ in 0..PARTS_AT_MOST {
        let Some(part) = part_of(&mut form).await? else { break };
        match part.file_name().map(str::to_owned) {
            Some(file_name) if spooled.is_none() => {
                named = (file_name, part.content_type().unwrap_or("application/octet-stream").to_owned());
                spooled = Some(spool(&app, part.map(|bytes| bytes.map_err(|problem| refused(&problem)))).await?);
            }
            // Only one file is taken; the rest of the form is read to its end.
            Some(_) => drop(field(part).await?),
            None => {
                let name = part.name().unwrap_or_default().to_owned();
                target.put(&name, &field(part).await?);
            }
        }
    }
    let missing = || Refusal::Malformed("uploadFile: is missing; send the file as a part with a file name".into());
    let spooled = spooled.ok_or_else(missing)?;
    for (field, part) in [(&mut target.file_name, named.0), (&mut target.content_type, named.1)] {
        if field.is_empty() {
            *field = part;
        }
    }
    attach(&app, asked, target, spooled).await
}

async fn part_of(form: &mut Multipart) -> Result<Option<Field<'_>>, Refusal> {
    let part = timeout(Duration::from_secs(SILENCE_SECONDS), form.next_field()).await.map_err(|_| Refusal::TimedOut)?;
    part.map_err(|problem| refused(&problem))
}

async fn field(mut part: Field<'_>) -> Result<String, Refusal> {
    let mut text = Vec::new();
    while let Some(bytes) = next(&mut part).await? {
        let bytes = bytes.map_err(|problem| refused(&problem))?;
        if text.len() + bytes.len() > FIELD_BYTES {
            return Err(Refusal::Malformed(format!("the form: a field has at most {FIELD_BYTES} bytes")));
        }
        text.extend_from_slice(&bytes);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn refused(problem: &MultipartError) -> Refusal {
    Refusal::Malformed(format!("the form: {}", problem.body_text()))
}

fn broken_off() -> Refusal {
    Refusal::Malformed("the body broke off before its end; send the request again".into())
}

fn too_large(app: &App) -> Refusal {
    Refusal::TooLarge(usize::try_from(app.attachment_bytes).unwrap_or(usize::MAX))
}

async fn next<T>(stream: &mut (impl Stream<Item = T> + Unpin)) -> Result<Option<T>, Refusal> {
    timeout(Duration::from_secs(SILENCE_SECONDS), stream.next()).await.map_err(|_| Refusal::TimedOut)
}

/// Takes a file in, up to the cap.
async fn spool(app: &App, stream: impl Stream<Item = Result<Bytes, Refusal>>) -> Result<Spooled, Refusal> {
    let mut stream = std::pin::pin!(stream);
    let mut bytes = SpooledTempFile::new(SPOOLED_IN_MEMORY_BYTES);
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut size_bytes = 0;
    while let Some(piece) = next(&mut stream).await? {
        let piece = piece?;
        size_bytes += piece.len() as u64;
        if size_bytes > app.attachment_bytes {
            return Err(too_large(app));
        }
        context.update(&piece);
        bytes.write_all(&piece).map_err(unwritable)?;
    }
    if size_bytes == 0 {
        return Err(Refusal::Malformed("the file is empty; send its bytes".into()));
    }
    bytes.rewind().map_err(unwritable)?;
    let blob = BlobHash(context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes"));
    Ok(Spooled { bytes, blob, size_bytes })
}

fn unwritable(error: std::io::Error) -> Refusal {
    tracing::error!(%error, "a file could not be spooled; free some space where temporary files go");
    Refusal::Broken
}

/// Keeps the bytes, a few pieces at a time so that nobody waits long, and then attaches them.
async fn attach(app: &App, asked: Asked, target: Target, spooled: Spooled) -> Result<Response, Failure> {
    let sys_id = target.check()?;
    let Spooled { mut bytes, blob, size_bytes } = spooled;
    let file = File { blob, size_bytes, name: target.file_name, content_type: target.content_type };
    let (base, table) = (asked.base.clone(), target.table_name);
    let (result, id) = blocking(app, move |server, now, rng| {
        server.read(&asked.caller, now, rng, |call| attachments::attachable(call, &table, sys_id).map(drop))?;
        while !server.write(&asked.caller, now, rng, |call| attachments::keep(call, &file, &mut bytes))?.complete {}
        server.write(&asked.caller, now, rng, |call| {
            let row = attachments::attach(call, &table, sys_id, &file)?;
            Ok::<_, TableError>((metadata(call, &row, &asked.base)?, row.id.sys_id))
        })
    })
    .await?;
    let mut response = answered(StatusCode::CREATED, result);
    if let Ok(location) = HeaderValue::from_str(&format!("{base}/{id}/file")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}
