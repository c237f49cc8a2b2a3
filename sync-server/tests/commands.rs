//! The commands as an administrator's script runs them: real processes on a real directory.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const PASSWORD: &str = "an-administrators-password";

fn sync_server(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
    command.args(arguments).env_remove("FIELDLINE_LOG").env_remove("FIELDLINE_ADMIN_PASSWORD");
    command
}

fn done(arguments: &[&str]) -> String {
    let output = sync_server(arguments).output().expect("runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn refused(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = sync_server(arguments).output().expect("runs");
    assert!(!status.success(), "{arguments:?}");
    String::from_utf8(stderr).expect("text")
}

/// A server that serves, and ends with the test whatever happens.
struct Serving {
    process: Child,
    lines: Vec<String>,
    address: String,
}

impl Serving {
    fn begin(data: &str, password: Option<&str>) -> Self {
        let mut command = sync_server(&["serve", "--data", data, "--listen", "127.0.0.1:0"]);
        command.envs(password.map(|password| ("FIELDLINE_ADMIN_PASSWORD", password)));
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("runs");
        let said = BufReader::new(process.stdout.take().expect("piped"));
        let mut serving = Self { process, lines: Vec::new(), address: String::new() };
        for line in said.lines().map(|line| line.expect("text")) {
            if let Some(address) = line.strip_prefix("listening on http://") {
                serving.address = address.to_owned();
                return serving;
            }
            serving.lines.push(line);
        }
        panic!("the server ended early: {:?}", serving.lines);
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("listening");
        stream.write_all(request.as_bytes()).expect("connected");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    }

    fn sign_in(&self, password: &str) -> String {
        let body = format!("{{\"user_name\":\"admin\",\"password\":\"{password}\"}}");
        let head = "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json";
        self.ask(&format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }

    /// Tells it to stop, as a service manager does, and waits until it has.
    fn stop(mut self) -> bool {
        let told = Command::new("kill").arg(self.process.id().to_string()).status();
        told.is_ok_and(|status| status.success()) && self.process.wait().is_ok_and(|status| status.success())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn the_first_start_lets_the_administrator_in_and_a_told_stop_is_a_clean_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("new/data");
    let first = Serving::begin(text(&data), Some(PASSWORD));
    assert_eq!(first.lines.len(), 0, "a given password is not printed");
    assert!(first.sign_in(PASSWORD).starts_with("HTTP/1.1 200"));
    assert!(first.stop());
    let second = Serving::begin(text(&data), None);
    assert_eq!(second.lines.len(), 0, "only the first start makes an administrator");
    assert!(second.sign_in(PASSWORD).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_generated_password_is_printed_once_and_works() {
    let directory = tempfile::tempdir().expect("a directory");
    let serving = Serving::begin(text(directory.path()), None);
    let (_, said) = serving.lines[0].split_once("with the password ").expect("the password");
    let password = said.split(' ').next().expect("a word");
    assert!(serving.sign_in(password).starts_with("HTTP/1.1 200"));
    assert!(serving.sign_in("another-password").starts_with("HTTP/1.1 401"));
}

#[test]
fn people_and_devices_are_managed_beside_a_running_server() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = text(directory.path());
    let serving = Serving::begin(data, Some(PASSWORD));
    let added = done(&["user", "add", "mia", "--data", data, "--name", "Mia", "--role", "wm_agent", "--json"]);
    let added: Value = serde_json::from_str(&added).expect("JSON");
    assert!(added["password"].as_str().is_some_and(|password| password.len() >= 8));
    assert!(refused(&["user", "add", "mia", "--data", data]).contains("mia is taken"));
    assert!(refused(&["user", "add", "eve", "--data", data, "--role", "boss"]).contains("boss is no role"));

    let invited = done(&["device", "enrol", "--data", data, "--user", "mia", "--name", "phone", "--json"]);
    let invited: Value = serde_json::from_str(&invited).expect("JSON");
    let token = invited["token"].as_str().expect("a token");
    let body = format!("{{\"public_key\":\"{}\"}}", "07".repeat(32));
    let head = "POST /api/v1/devices HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json";
    let length = body.len();
    let answer =
        serving.ask(&format!("{head}\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n{body}"));
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let listed: Value = serde_json::from_str(&done(&["device", "list", "--data", data, "--json"])).expect("JSON");
    assert_eq!((&listed[0]["name"], &listed[0]["user"]), (&Value::from("phone"), &added["user"]));
    done(&["device", "revoke", "--data", data, listed[0]["device"].as_str().expect("an id")]);
    assert!(done(&["device", "list", "--data", data]).contains("locked out"));
    assert!(refused(&["device", "enrol", "--data", data, "--user", "nobody", "--name", "x"]).contains("user nobody"));
}

#[test]
fn a_backup_of_a_running_server_goes_on_in_another_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let (data, copy, other) = (directory.path().join("a"), directory.path().join("copy"), directory.path().join("b"));
    let (data, copy, other) = (text(&data), text(&copy), text(&other));
    let serving = Serving::begin(data, Some(PASSWORD));
    done(&["backup", "--data", data, copy]);
    assert!(refused(&["backup", "--data", data, copy]).contains("exists"));
    done(&["restore", "--data", other, copy]);
    assert!(refused(&["restore", "--data", other, copy]).contains("exists"));
    assert_eq!(done(&["export", "--data", other, "-"]), done(&["export", "--data", data, "-"]));
    let users = done(&["export", "--data", other, "--table", "sys_user", "-"]);
    let users: Vec<Value> = users.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(users.iter().any(|user| user["user_name"] == "admin" && user["sys_class_name"] == "sys_user"));
    assert!(refused(&["export", "--data", other, "--table", "nonsense", "-"]).contains("nonsense is no table"));
    assert!(refused(&["export", "--data", "/nonexistent/data", "-"]).contains("serve"));
    drop(serving);
    let restored = Serving::begin(other, None);
    assert!(restored.sign_in(PASSWORD).starts_with("HTTP/1.1 200"));
}

#[test]
fn programs_and_keys_are_managed_beside_a_running_server() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = text(directory.path());
    let serving = Serving::begin(data, Some(PASSWORD));
    let add = [
        "client",
        "add",
        "Portal",
        "--data",
        data,
        "--user",
        "admin",
        "--redirect-uri",
        "https://p.example/b",
        "--json",
    ];
    let client: Value = serde_json::from_str(&done(&add)).expect("JSON");
    let (id, secret) =
        (client["client_id"].as_str().expect("an id"), client["client_secret"].as_str().expect("a secret"));
    let token = |secret: &str| {
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let head = "POST /oauth_token.do HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                    Content-Type: application/x-www-form-urlencoded";
        serving.ask(&format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    };
    assert!(token(secret).starts_with("HTTP/1.1 200") && token("wrong").starts_with("HTTP/1.1 401"));
    let listed: Value = serde_json::from_str(&done(&["client", "list", "--data", data, "--json"])).expect("JSON");
    assert_eq!((&listed[0]["client_id"], listed[0].get("client_secret")), (&client["client_id"], None));
    let insecure = ["client", "add", "Portal", "--data", data, "--redirect-uri", "http://p.example/b"];
    assert!(refused(&insecure).contains("must be https://"));
    assert!(done(&["client", "remove", id, "--data", data]).contains("is removed"));
    assert!(token(secret).starts_with("HTTP/1.1 401"));

    let key = done(&["key", "add", "events", "--data", data, "--user", "admin", "--json"]);
    let key: Value = serde_json::from_str(&key).expect("JSON");
    let ask = || {
        let key = key["key"].as_str().expect("a key");
        serving.ask(&format!(
            "GET /api/now/table/incident HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-sn-apikey: {key}\r\n\r\n"
        ))
    };
    let answer = ask();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("x-ratelimit-limit: 100000"), "{answer}");
    assert!(done(&["key", "list", "--data", data]).contains("events"));
    assert!(done(&["key", "remove", key["id"].as_str().expect("an id"), "--data", data]).contains("is removed"));
    assert!(ask().starts_with("HTTP/1.1 401"));
    assert!(refused(&["key", "add", "x", "--data", data, "--user", "nobody"]).contains("nobody does not exist"));

    let reset: Value =
        serde_json::from_str(&done(&["user", "password", "admin", "--data", data, "--json"])).expect("JSON");
    assert!(serving.sign_in(PASSWORD).starts_with("HTTP/1.1 401"));
    assert!(serving.sign_in(reset["password"].as_str().expect("a password")).starts_with("HTTP/1.1 200"));
}

#[test]
fn an_outside_provider_is_believed_until_it_is_removed() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = text(directory.path());
    let serving = Serving::begin(data, Some(PASSWORD));
    let add = |issuer: &str| {
        let arguments = ["provider", "add", "acme", "--data", data, "--issuer", issuer, "--client-id", "us"];
        let mut adding = sync_server(&arguments).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
        adding.stdin.take().expect("piped").write_all(b"a-secret\n").expect("running");
        adding.wait_with_output().expect("ends")
    };
    assert!(String::from_utf8_lossy(&add("http://id.example").stderr).contains("must be https://"));
    assert!(add("https://id.invalid").status.success());
    let listed = done(&["provider", "list", "--data", data, "--json"]);
    assert!(listed.contains("https://id.invalid") && !listed.contains("a-secret"));
    let start = || serving.ask("GET /oidc/start?provider=acme HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(start().starts_with("HTTP/1.1 502"), "it does not exist, so it does not answer");
    assert!(done(&["provider", "remove", "acme", "--data", data]).contains("believed no more"));
    assert!(start().starts_with("HTTP/1.1 404"));
}

#[test]
fn a_bundle_of_roads_is_made_of_an_extract_and_ways_on_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (bundle, ways) = (directory.path().join("monaco.roads"), directory.path().join("monaco.ways"));
    let (bundle, ways) = (text(&bundle), text(&ways));
    let (extract, places) = (test_data("osm/monaco_roads.osm.pbf"), test_data("monaco_places.csv"));
    let made = done(&["roads", "build", &extract, "--out", bundle, "--json"]);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    assert_eq!(made["bytes"].as_u64(), std::fs::metadata(bundle).ok().map(|file| file.len()));
    assert_eq!((&made["networks"][0]["profile"], &made["networks"][1]["profile"]), (&"car".into(), &"foot".into()));
    assert!(done(&["roads", "build", &extract, "--out", bundle]).contains("arcs with shortcuts"));
    assert!(done(&["roads", "ways", bundle, &places, "--out", ways]).contains("ways between 320 places"));

    assert!(refused(&["roads", "build", &places, "--out", bundle]).contains("is no OpenStreetMap extract in PBF"));
    assert!(refused(&["roads", "build", "/nonexistent/x", "--out", bundle]).contains("opening /nonexistent/x failed"));
    assert!(refused(&["roads", "ways", &extract, &places, "--out", ways]).contains("is not a file of road networks"));
    assert!(refused(&["roads", "ways", bundle, &extract, "--out", ways]).contains("osm.pbf: "));
    let bicycle = refused(&["roads", "ways", bundle, &places, "--profile", "bicycle", "--out", ways]);
    assert!(bicycle.contains("bicycle is neither car nor foot"));
}

fn test_data(name: &str) -> String {
    format!("{}/../tests/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A PDF of one page, written by hand; its content as it stands or packed.
fn pdf(content: &[u8], filter: &str) -> Vec<u8> {
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>";
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";
    let stream = format!("<</Length {}{filter}>>stream\n", content.len());
    let objects: [&[&[u8]]; 5] = [
        &[b"<</Type/Catalog/Pages 2 0 R>>"],
        &[b"<</Type/Pages/Kids[3 0 R]/Count 1>>"],
        &[page.as_bytes()],
        &[stream.as_bytes(), content, b"\nendstream"],
        &[font.as_bytes()],
    ];
    let (mut file, mut places) = (b"%PDF-1.4\n".to_vec(), String::new());
    for (number, parts) in objects.iter().enumerate() {
        places += &format!("{:010} 00000 n \n", file.len());
        file.extend(format!("{} 0 obj\n", number + 1).as_bytes());
        file.extend(parts.concat());
        file.extend(b"\nendobj\n");
    }
    let trailer = "trailer\n<</Size 6/Root 1 0 R>>\nstartxref";
    let at = file.len();
    file.extend(format!("xref\n0 6\n0000000000 65535 f \n{places}{trailer}\n{at}\n%%EOF\n").as_bytes());
    file
}

/// Whether the process came to its end, and what it read.
fn read_pdf(bytes: &[u8]) -> (bool, String) {
    let mut command = sync_server(&["read-pdf"]);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("runs");
    process.stdin.take().expect("piped").write_all(bytes).expect("it is read to the end");
    let Output { status, stdout, .. } = process.wait_with_output().expect("it ends");
    (status.success(), String::from_utf8(stdout).expect("text"))
}

#[test]
fn what_a_pdf_says_is_read_by_a_process_of_its_own_whatever_it_unpacks_to() {
    let says = b"BT /F1 12 Tf 72 720 Td (Torque the flange) Tj ET";
    let (ended, text) = read_pdf(&pdf(says, ""));
    assert!(ended && text.contains("Torque the flange"), "{text}");
    assert_eq!(read_pdf(b"%PDF-1.4 nothing"), (true, String::new()));
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..100 {
        packed.write_all(&vec![b' '; 1 << 20]).expect("memory takes it");
    }
    packed.write_all(says).expect("memory takes it");
    let bomb = packed.finish().expect("memory takes it");
    // It is given up, or stopped by the limits the process has; either way nothing is read and nobody else is harmed.
    let (_, text) = read_pdf(&pdf(&bomb, "/Filter/FlateDecode"));
    assert_eq!(text, "", "{} bytes would be 100 MB", bomb.len());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "another process reads the file when it has nothing else to do")]
fn a_running_server_finds_a_record_by_what_a_pdf_of_it_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let serving = Serving::begin(text(directory.path()), Some(PASSWORD));
    let signed = serving.sign_in(PASSWORD);
    let (_, session) = signed.split_once("\r\n\r\n").expect("a body");
    let session: Value = serde_json::from_str(session).expect("JSON");
    let token = session["token"].as_str().expect("a token");
    let ask = |method: &str, path: &str, kind: &str, body: &str| {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}");
        let answer =
            serving.ask(&format!("{head}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
        serde_json::from_str::<Value>(body).expect("JSON")
    };
    let made = ask("POST", "/api/now/table/incident", "application/json", r#"{"short_description":"Cold"}"#);
    let id = made["result"]["sys_id"].as_str().expect("a sys_id");
    let manual = String::from_utf8(pdf(b"BT /F1 12 Tf (Torque the flange) Tj ET", "")).expect("plain letters");
    let path = format!("/api/now/attachment/file?table_name=incident&table_sys_id={id}&file_name=manual.pdf");
    ask("POST", &path, "application/pdf", &manual);
    let found = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let hits = ask("GET", "/api/v1/search?words=flange", "text/plain", "");
        hits["hits"][0]["sys_id"] == *id
    });
    assert!(found, "it is read in an idle moment");
}
