//! A server with two people in it, and a way to ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fieldline_model::{Dictionary, SysId, Timestamp};
use fieldline_service::{NewUser, PasswordCost, Server};
use fieldline_storage_sqlite::SqliteStorage;
use fieldline_web::{Clock, Entropy};
use serde_json::Value;
use tower::ServiceExt;

/// 1 June 2026, 08:00 UTC.
const MORNING: i64 = 1_780_300_800_000;
/// Everybody's password.
pub const PASSWORD: &str = "canary-password-7";

/// A server and its people.
pub struct House {
    pub server: Arc<Server>,
    pub router: Router,
    clock: Arc<AtomicI64>,
    pub mia: SysId,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl House {
    /// `dora` dispatches and works the service desk, `mia` is a technician, `admin` may everything.
    pub fn new() -> Self {
        Self::over(SqliteStorage::in_memory().expect("memory"))
    }

    /// The same on a disk, where nobody who reads waits for who writes.
    pub fn on_disk(folder: &std::path::Path) -> Self {
        Self::over(SqliteStorage::open(folder.join("fieldline.db")).expect("a new file"))
    }

    fn over(storage: SqliteStorage) -> Self {
        crate::logs::capture();
        let clock = Arc::new(AtomicI64::new(MORNING));
        let (now, mut rng) = (Timestamp(MORNING), Entropy::open());
        let server = Server::open(Arc::new(storage), Dictionary::shipped().clone(), now, &mut rng).expect("opens");
        let server = Arc::new(server.with_password_cost(PasswordCost::cheapest()));
        let system = server.system();
        server.bootstrap_admin(Some(PASSWORD), now, &mut rng).expect("the first administrator");
        let mut add = |user_name, name, roles: &[&str]| {
            let new = NewUser { user_name, name, password: PASSWORD, roles };
            server.create_user(&system, &new, now, &mut rng).expect("a new name")
        };
        add("dora", "Dora Dispatcher", &["wm_dispatcher", "wm_qualifier", "itil"]);
        let mia = add("mia", "Mia Canaryname", &["wm_agent"]);
        let router = fieldline_web::router(server.clone(), telling(&clock));
        Self { server, router, clock, mia }
    }

    /// Lets somebody more in.
    pub fn hire(&self, user_name: &str, roles: &[&str]) -> SysId {
        let new = NewUser { user_name, name: user_name, password: PASSWORD, roles };
        let now = Timestamp(self.clock.load(Ordering::Relaxed));
        self.server.create_user(&self.server.system(), &new, now, &mut Entropy::open()).expect("a new name")
    }

    /// The clock, for another router over the same server.
    pub fn clock(&self) -> Arc<dyn Clock> {
        telling(&self.clock)
    }

    /// Lets time pass.
    pub fn wait_minutes(&self, minutes: i64) {
        self.clock.fetch_add(minutes * 60_000, Ordering::Relaxed);
    }

    /// Sends a request as it stands.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a whole body").to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Sends JSON (or nothing, when null) under an `Authorization` header.
    pub async fn ask(&self, method: &str, path: &str, authorization: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "fieldline.example");
        let request = request.header(header::AUTHORIZATION, authorization);
        let request = match body {
            Value::Null => request.body(Body::empty()),
            body => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
        };
        self.send(request.expect("a well-formed request")).await
    }

    /// Signs somebody in and gives their `Authorization` header.
    pub async fn sign_in(&self, user_name: &str) -> String {
        let body = serde_json::json!({ "user_name": user_name, "password": PASSWORD });
        let answer = self.ask("POST", "/api/v1/session", "", body).await;
        assert_eq!(answer.status, StatusCode::OK);
        format!("Bearer {}", answer.json()["token"].as_str().expect("a token"))
    }
}

fn telling(clock: &Arc<AtomicI64>) -> Arc<dyn Clock> {
    let told = clock.clone();
    Arc::new(move || Timestamp(told.load(Ordering::Relaxed)))
}

/// The `Authorization` header with a user name and everybody's password.
pub fn basic(user_name: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user_name}:{PASSWORD}")))
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts a problem document of this status and gives its detail.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["type"].as_str().is_some_and(|kind| kind.starts_with("urn:fieldline:problem:")));
        problem["detail"].as_str().expect("a detail").to_owned()
    }
}
