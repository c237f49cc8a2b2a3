//! The office: the server's process on its own data directory, and a dispatcher who works on it over REST has the service desk,
//! and says what is promised.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Once;

use fieldline_model::{DocumentId, SysId};
use fieldline_sync::frame::MEDIA_TYPE;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::serving::{Serving, server_binary};
use crate::{Line, Technician, pause_milliseconds, wait};

/// Everybody's password; it is checked like any other.
pub const PASSWORD: &str = "a long enough password";
/// The dispatcher's sign-in name.
pub const DISPATCHER: &str = "dora";
/// The administrator's sign-in name.
pub const ADMINISTRATOR: &str = "admin";

/// A server with a dispatcher. The process dies with it.
pub struct Office {
    home: TempDir,
    http: Client,
    dispatcher: SysId,
    server: Serving,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; `null` when it was not JSON.
    pub body: Json,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

/// What a process costs.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// Processor time used.
    pub busy_milliseconds: u64,
    /// Memory held.
    pub memory_bytes: u64,
}

impl Answer {
    /// What the server says happened and what to do, in either of its forms.
    pub fn detail(&self) -> &str {
        let detail = self.body["detail"].as_str().or(self.body["error"]["detail"].as_str());
        detail.unwrap_or_else(|| panic!("{} says what happened", self.body))
    }
}

impl Office {
    /// Opens an office on an empty data directory.
    pub fn open() -> Self {
        Self::opened(&[], |_| http())
    }

    /// Opens an office that is reached over HTTPS under a name, by who trusts its own authority and no other.
    pub fn open_over_https(name: &str) -> Self {
        Self::opened(&["--tls-self-signed", "--tls-name", name], |data| {
            drop(http());
            let pem = std::fs::read(data.join("tls/ca.pem")).expect("the server made an authority");
            let authority = reqwest::Certificate::from_pem(&pem).expect("a certificate");
            Client::builder().tls_certs_only([authority]).https_only(true).build().expect("a client")
        })
    }

    /// Opens an office whose server is told more.
    pub fn open_with(more: &[&str]) -> Self {
        Self::opened(more, |_| http())
    }

    fn opened(more: &[&str], client: impl FnOnce(&Path) -> Client) -> Self {
        let home = tempfile::tempdir().expect("there is room for a data directory");
        let server = serve(home.path(), "127.0.0.1:0", more);
        let http = client(home.path());
        let mut office = Self { home, http, dispatcher: SysId([0; 16]), server };
        office.dispatcher = office.hires(DISPATCHER, &["wm_dispatcher", "itil", "sla_manager"]);
        office
    }

    /// What the server's process has cost so far. Linux says so; no story about it is told elsewhere.
    pub fn costs(&self) -> Costs {
        let read = |file: &str| {
            let path = format!("/proc/{}/{file}", self.server.id());
            std::fs::read_to_string(path).expect("the kernel tells what a process costs")
        };
        let stat = read("stat");
        // After the name in brackets: state is the first field, user and system time are the 12th and 13th.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
        let status = read("status");
        let kilobytes =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
        Costs { busy_milliseconds: ticks * 10, memory_bytes: 1_024 * kilobytes.unwrap_or(0_u64) }
    }

    /// Where the server is reached.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where the server is reached, for browsers and phones.
    pub fn url(&self) -> String {
        format!("{}://{}", self.server.scheme(), self.server.address())
    }

    /// Whom review tasks of the dispatcher's steps go to.
    pub fn dispatcher(&self) -> SysId {
        self.dispatcher
    }

    /// Kills the server as `kill -9` does and starts it again under the same address.
    pub fn is_killed_and_comes_back(&mut self) {
        let address = self.server.address().to_string();
        self.server.is_killed();
        self.server = serve(self.home.path(), &address, &[]);
    }

    /// Runs a command of the server's binary on the office's data; returns whether it succeeded, and what it
    /// printed: data, or else why not.
    pub fn runs(&self, arguments: &[&str], input: &str) -> (bool, String) {
        let mut command = Command::new(server_binary());
        command.args(arguments).arg("--data").arg(self.home.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary was built");
        child.stdin.take().expect("it was piped").write_all(input.as_bytes()).expect("the command reads its input");
        let output = child.wait_with_output().expect("the command ends");
        let printed = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.success(), String::from_utf8(printed).expect("the binary prints text"))
    }

    /// Lets a person in; everybody has the same password here.
    pub fn hires(&self, name: &str, roles: &[&str]) -> SysId {
        let mut arguments = vec!["user", "add", name, "--json", "--password-stdin"];
        arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
        let (done, printed) = self.runs(&arguments, PASSWORD);
        assert!(done, "{name} was let in: {printed}");
        let printed: Json = serde_json::from_str(&printed).expect("--json prints JSON");
        printed["user"].as_str().and_then(|user| user.parse().ok()).expect("it names the new user")
    }

    /// Hires a technician and gives them a phone that talks to the server itself.
    pub fn technician(&self, name: &str) -> Technician {
        let user = self.hires(name, &["wm_agent"]);
        Technician::enrolled(name, user, &self.url())
    }

    /// Hires a technician whose phone talks through a line.
    pub fn technician_behind(&self, line: &Line, name: &str) -> Technician {
        let user = self.hires(name, &["wm_agent"]);
        Technician::enrolled(name, user, &line.url())
    }

    /// Gives a technician one more, empty device, which knows only what the server knows.
    pub fn another_phone_of(&self, technician: &Technician) -> Technician {
        let phone = Technician::enrolled(technician.name(), technician.user(), &self.url());
        phone.syncs();
        phone
    }

    /// Asks the server anything, as somebody.
    pub fn asks(&self, who: &str, method: Method, path: &str, body: Option<&Json>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url())).basic_auth(who, Some(PASSWORD));
        if let Some(body) = body {
            request = request.json(body);
        }
        self.sends_request(request)
    }

    /// A request to a path of the server, for stories that need another kind than the dispatcher's.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url()))
    }

    /// Sends a request and reads the answer.
    pub fn sends_request(&self, request: reqwest::RequestBuilder) -> Answer {
        wait(async {
            let response = request.send().await.expect("the server answers");
            let status = response.status().as_u16();
            let bytes = response.bytes().await.expect("the answer is whole").to_vec();
            Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default(), bytes }
        })
    }

    /// What the server answers to bytes sent to where phones sync.
    pub fn asks_sync(&self, token: &str, frame: &[u8]) -> Vec<u8> {
        let request = self.request(Method::POST, "/api/v1/sync").bearer_auth(token);
        self.sends_request(request.header(CONTENT_TYPE, MEDIA_TYPE).body(frame.to_vec())).bytes
    }

    /// The dispatcher creates a record.
    pub fn creates(&self, table: &str, fields: &Json) -> DocumentId {
        self.made_by(DISPATCHER, table, fields)
    }

    /// What the server answers to somebody whom it does not refuse.
    pub fn done_by(&self, who: &str, method: Method, path: &str, body: Option<&Json>) -> Json {
        let answer = self.asks(who, method, path, body);
        assert!(answer.status < 300, "{who} asks {path}: {}", answer.body);
        answer.body
    }

    /// Somebody creates a record.
    pub fn made_by(&self, who: &str, table: &str, fields: &Json) -> DocumentId {
        let answer = self.asks(who, Method::POST, &format!("/api/now/table/{table}"), Some(fields));
        assert_eq!(answer.status, 201, "{who} creates {fields}: {}", answer.body);
        record(table, &answer.body["result"])
    }

    /// What somebody reads of a record, references as plain identities.
    pub fn reads_as(&self, who: &str, id: &DocumentId) -> Json {
        let path = format!("/api/now/table/{id}?sysparm_exclude_reference_link=true");
        self.done_by(who, Method::GET, &path, None)["result"].clone()
    }

    /// What the administrator finds by an encoded query within ten seconds: what follows from something takes a moment.
    pub fn eventually_finds(&self, table: &str, query: &str) -> Json {
        let path = format!("/api/now/table/{table}?sysparm_query={query}&sysparm_exclude_reference_link=true");
        for _ in 0..100 {
            let found = self.done_by(ADMINISTRATOR, Method::GET, &path, None);
            if let Some(first) = found["result"].as_array().and_then(|found| found.first()) {
                return first.clone();
            }
            pause_milliseconds(100);
        }
        panic!("no {table} with {query} came within ten seconds");
    }

    /// The dispatcher changes a record.
    pub fn changes(&self, id: &DocumentId, fields: &Json) {
        let answer = self.asks(DISPATCHER, Method::PATCH, &format!("/api/now/table/{id}"), Some(fields));
        assert_eq!(answer.status, 200, "changing {id} to {fields}: {}", answer.body);
    }

    /// What the dispatcher reads of a record, references as plain identities.
    pub fn reads(&self, id: &DocumentId) -> Json {
        let path = format!("/api/now/table/{id}?sysparm_exclude_reference_link=true");
        let answer = self.asks(DISPATCHER, Method::GET, &path, None);
        assert_eq!(answer.status, 200, "reading {id}: {}", answer.body);
        answer.body["result"].clone()
    }

    /// What the dispatcher finds by an encoded query, references as plain identities.
    pub fn finds(&self, table: &str, query: &str) -> Vec<Json> {
        let path = format!("/api/now/table/{table}?sysparm_query={query}&sysparm_exclude_reference_link=true");
        let answer = self.asks(DISPATCHER, Method::GET, &path, None);
        assert_eq!(answer.status, 200, "finding {query}: {}", answer.body);
        answer.body["result"].as_array().cloned().expect("a query answers a list")
    }

    /// Creates a job and sends a technician to it.
    pub fn sends(&self, technician: &Technician, what: &str) -> DocumentId {
        self.creates("wm_task", &job_for(technician, what))
    }

    /// Creates a task of an order and sends a technician to it.
    pub fn sends_to(&self, order: &DocumentId, technician: &Technician, what: &str) -> DocumentId {
        let mut job = job_for(technician, what);
        job["parent"] = order.sys_id.to_string().into();
        self.creates("wm_task", &job)
    }

    /// Gives a job to another technician.
    pub fn reassigns(&self, task: &DocumentId, technician: &Technician) {
        self.changes(task, &json!({ "assigned_to": technician.user().to_string() }));
    }

    /// Cancels a job.
    pub fn cancels(&self, task: &DocumentId) {
        self.changes(task, &json!({ "state": "7" }));
    }
}

fn job_for(technician: &Technician, what: &str) -> Json {
    json!({ "short_description": what, "assigned_to": technician.user().to_string(), "state": "16" })
}

/// The identity of a record as the record API shows it.
pub fn record(table: &str, shown: &Json) -> DocumentId {
    let sys_id = shown["sys_id"].as_str().and_then(|text| text.parse().ok());
    DocumentId::new(table, sys_id.unwrap_or_else(|| panic!("{shown} names its sys_id")))
}

fn http() -> Client {
    static TLS: Once = Once::new();
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Client::new()
}

fn serve(data: &Path, listen: &str, more: &[&str]) -> Serving {
    let arguments = ["serve", "--listen", listen, "--data"];
    let mut command = Command::new(server_binary());
    Serving::begins(command.args(arguments).arg(data).args(more).env("FIELDLINE_ADMIN_PASSWORD", PASSWORD))
}
