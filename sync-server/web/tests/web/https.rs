use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use fieldline_model::Timestamp;
use fieldline_web::Edge;
use fieldline_web::authority::Authority;
use fieldline_web::tls::{Files, Tls};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::house::basic;
use crate::wire::{Served, exchange};

const NOW: Timestamp = Timestamp(1_780_300_800_000);
const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: desk.example\r\nConnection: close\r\n\r\n";

/// An authority's directory, its certificate, and a server it vouches for.
async fn office(home: &Path) -> (Authority, Files, Served) {
    let authority = Authority::open(home.join("tls"), now()).expect("made");
    let files = authority.certify(&["desk.example".into()], &[], now()).expect("made");
    let tls = Some(Arc::new(Tls::open(files.clone()).expect("a good pair")));
    (authority, files, Served::at(Edge { tls, ..Edge::default() }).await)
}

/// Certificates are checked against the machine's own clock.
fn now() -> Timestamp {
    fieldline_web::Clock::now(&fieldline_web::SystemClock)
}

#[tokio::test]
async fn who_trusts_the_local_authority_reaches_the_server_by_each_of_its_names() {
    let home = tempfile::tempdir().expect("room");
    let (authority, _, served) = office(home.path()).await;
    for name in ["localhost", "127.0.0.1", "::1", "desk.example"] {
        let socket = served.encrypted(&authority.certificate(), name, "http/1.1").await.expect("trusted");
        let reply = exchange(socket, HEALTH).await;
        assert!(reply.head.starts_with("http/1.1 200"), "{name}: {}", reply.head);
        assert!(reply.head.contains("strict-transport-security: max-age="), "{}", reply.head);
    }
    let other = served.encrypted(&authority.certificate(), "other.example", "http/1.1").await;
    assert!(other.is_err(), "a name that was not asked for is not vouched for");
    let stranger = Authority::open(home.path().join("stranger"), NOW).expect("made");
    let untrusting = served.encrypted(&stranger.certificate(), "localhost", "http/1.1").await;
    assert!(untrusting.is_err(), "who trusts another authority is not let in");
}

#[tokio::test]
async fn links_say_https_and_a_plain_request_is_not_answered() {
    let home = tempfile::tempdir().expect("room");
    let (authority, _, served) = office(home.path()).await;
    let socket = served.encrypted(&authority.certificate(), "localhost", "http/1.1").await.expect("trusted");
    let path = "/api/now/table/sys_user?sysparm_limit=1&sysparm_query=user_name=mia^ORDERBYname";
    let authorization = basic("dora");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: desk.example\r\nAuthorization: {authorization}\r\nConnection: close\r\n\r\n"
    );
    let reply = exchange(socket, &request).await;
    assert!(reply.head.contains("link: <https://desk.example/api/now/table/sys_user?"), "{}", reply.head);
    let mut plain = tokio::net::TcpStream::connect(served.address).await.expect("it listens");
    tokio::io::AsyncWriteExt::write_all(&mut plain, HEALTH.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    drop(tokio::io::AsyncReadExt::read_to_end(&mut plain, &mut answer).await);
    assert!(!answer.starts_with(b"HTTP"), "nothing is told without encryption");
}

#[tokio::test]
async fn http_2_is_spoken_to_who_asks_for_it() {
    let home = tempfile::tempdir().expect("room");
    let (authority, _, served) = office(home.path()).await;
    let socket = served.encrypted(&authority.certificate(), "localhost", "h2").await.expect("trusted");
    assert_eq!(socket.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let connected = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await;
    let (mut client, connection) = connected.expect("HTTP/2");
    tokio::spawn(connection);
    let ask = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(format!("https://desk.example{path}"));
        request.header("authorization", basic("dora")).body(Body::empty()).expect("well formed")
    };
    let asked = ["/healthz", "/api/now/table/incident", "/api/now/table/nonsense"];
    let answers: Vec<_> = asked.map(|path| client.send_request(ask("GET", path))).into_iter().collect();
    let mut statuses = Vec::new();
    for answer in answers {
        let answer = answer.await.expect("an answer");
        let link = answer.headers().get("link").map(|link| link.to_str().expect("text").to_owned());
        assert!(link.is_none_or(|link| link.starts_with("<https://desk.example/")), "the host is the one asked for");
        statuses.push(answer.status());
    }
    assert_eq!(statuses, [StatusCode::OK, StatusCode::OK, StatusCode::BAD_REQUEST]);
}

#[tokio::test]
async fn a_changed_certificate_is_shown_to_the_next_connection_and_a_broken_one_to_nobody() {
    let home = tempfile::tempdir().expect("room");
    let (authority, files, served) = office(home.path()).await;
    let shown = async || {
        let socket = served.encrypted(&authority.certificate(), "localhost", "http/1.1").await.expect("trusted");
        socket.get_ref().1.peer_certificates().expect("shown")[0].to_vec()
    };
    let first = shown().await;
    assert_eq!(shown().await, first);
    authority.certify(&[], &[], now()).expect("renewed");
    let second = shown().await;
    assert_ne!(second, first);
    fs::write(&files.certificate, "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n").expect("written");
    assert_eq!(shown().await, second, "the old one stays");
    fs::remove_file(&files.certificate).expect("removed");
    assert_eq!(shown().await, second, "the old one stays");
    authority.certify(&[], &[], now()).expect("mended");
    assert_ne!(shown().await, second, "and it goes on from there");
}

#[test]
fn a_certificate_and_a_key_that_do_not_go_together_are_refused_by_name() {
    let home = tempfile::tempdir().expect("room");
    let one = Authority::open(home.path().join("one"), NOW).expect("made").certify(&[], &[], NOW).expect("made");
    let other = Authority::open(home.path().join("other"), NOW).expect("made").certify(&[], &[], NOW).expect("made");
    let problem = |certificate: &Path, key: &Path| {
        let files = Files { certificate: certificate.into(), key: key.into() };
        Tls::open(files).err().expect("refused").to_string()
    };
    assert!(problem(&one.certificate, &other.key).contains("does not go with the certificate"));
    let ca: PathBuf = home.path().join("one/ca.pem");
    assert!(problem(&one.certificate, &ca).contains("holds no PEM private key"));
    assert!(problem(&home.path().join("one/ca.key"), &one.key).contains("holds no PEM certificate"));
    assert!(problem(&home.path().join("none.pem"), &one.key).contains("none.pem"));
}

#[cfg(unix)]
#[test]
fn keys_are_their_owners_alone_and_the_authority_is_made_once() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().expect("room");
    let directory = home.path().join("tls");
    Authority::open(directory.clone(), NOW).expect("made").certify(&[], &[], NOW).expect("made");
    let read = |name: &str| fs::read(directory.join(name)).expect("there");
    let (ca, server) = (read("ca.pem"), read("server.pem"));
    let again = Authority::open(directory.clone(), NOW).expect("there");
    again.certify(&[], &[], NOW).expect("made");
    assert_eq!(read("ca.pem"), ca);
    assert_ne!(read("server.pem"), server);
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!([mode(&directory.join("ca.key")), mode(&directory.join("server.pem"))], [0o600, 0o600]);
}
