use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use fieldline_model::Timestamp;
use fieldline_web::authority::Authority;
use fieldline_web::tls::Tls;
use fieldline_web::{Edge, Limits, Network};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{House, basic};
use crate::wire::Served;

fn listing(headers: &str) -> String {
    let (path, authorization) = ("/api/now/table/sys_user?sysparm_limit=1", basic("dora"));
    format!(
        "GET {path} HTTP/1.1\r\nHost: inner\r\nAuthorization: {authorization}\r\nConnection: close\r\n{headers}\r\n"
    )
}

const FORWARDED: &str =
    "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outer.example\r\n";

#[tokio::test]
async fn forwarded_headers_are_believed_from_a_named_proxy_and_from_nobody_else() {
    let alone = Served::at(Edge::default()).await.plain(&listing(FORWARDED)).await;
    assert!(alone.head.contains("link: <http://inner/"), "{}", alone.head);
    assert!(!alone.head.contains("strict-transport-security"), "{}", alone.head);
    let network: Network = "127.0.0.0/8".parse().expect("a network");
    let served = Served::at(Edge { proxies: [network.0].into(), ..Edge::default() }).await;
    let behind = served.plain(&listing(FORWARDED)).await;
    assert!(behind.head.contains("link: <https://outer.example/"), "{}", behind.head);
    assert!(behind.head.contains("strict-transport-security"), "{}", behind.head);
    let standard = served.plain(&listing("Forwarded: for=203.0.113.9;proto=https;host=outer.example\r\n")).await;
    assert!(standard.head.contains("link: <https://outer.example/"), "{}", standard.head);
}

#[tokio::test]
async fn large_answers_are_compressed_for_who_takes_it_and_tokens_and_small_ones_never() {
    let served = Served::at(Edge::default()).await;
    let packed =
        served.plain(&listing("Accept-Encoding: gzip, br\r\n").replace("sysparm_limit=1", "sysparm_limit=9")).await;
    assert!(packed.head.contains("content-encoding: gzip"), "{}", packed.head);
    assert!(
        packed.head.contains("x-total-count: 4") && packed.head.contains("vary: accept-encoding"),
        "{}",
        packed.head
    );
    let plain = served.plain(&listing("").replace("sysparm_limit=1", "sysparm_limit=9")).await;
    assert!(!plain.head.contains("content-encoding") && plain.body.len() > packed.body.len());

    let house = &served.house;
    let ask = async |method: &str, path: &str, body: Value| {
        let request = Request::builder().method(method).uri(path).header("authorization", basic("dora"));
        let request = request.header("accept-encoding", "gzip").header("content-type", "application/json");
        house.send(request.body(Body::from(body.to_string())).expect("well formed")).await
    };
    let described = ask("GET", "/openapi.json", json!({})).await;
    assert_eq!(described.header("content-encoding"), "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&described.body[..]).read_to_string(&mut text).expect("gzip");
    assert!(text.starts_with('{') && text.len() > 3 * described.body.len());
    let session =
        ask("POST", "/api/v1/session", json!({ "user_name": "dora", "password": crate::house::PASSWORD })).await;
    assert_eq!((session.status.as_u16(), session.header("content-encoding")), (200, ""));
    let small = ask("GET", "/api/now/table/incident", json!({})).await;
    assert_eq!((small.status.as_u16(), small.header("content-encoding")), (200, ""));
}

#[tokio::test]
async fn a_compressed_record_is_read_by_the_table_api_and_by_those_beside_it() {
    let house = House::new();
    for path in ["/api/now/table/incident", "/api/sn_chg_rest/change", "/api/sn_customerservice/case"] {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(json!({ "short_description": "No power" }).to_string().as_bytes()).expect("memory");
        let request = Request::builder().method("POST").uri(path).header("authorization", basic("admin"));
        let request = request.header("content-encoding", "gzip").header("content-type", "application/json");
        let answer = house.send(request.body(Body::from(packer.finish().expect("memory"))).expect("well formed")).await;
        assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.json());
    }
}

#[tokio::test]
async fn a_line_of_eight_kilobytes_is_answered_and_one_of_twenty_three_refused_as_a_proxy_would() {
    let served = Served::at(Edge::default()).await;
    let line =
        |bytes: usize| listing("").replace("sysparm_limit=1", &format!("sysparm_query=number={}", "1".repeat(bytes)));
    let long = served.plain(&line(8_000)).await;
    assert!(long.head.starts_with("http/1.1 200"), "{}", long.head);
    let overlong = served.plain(&line(23_000)).await;
    assert!(overlong.head.starts_with("http/1.1 414"), "{}", overlong.head);
    let first = String::from_utf8_lossy(&overlong.body).lines().next().expect("a line").to_owned();
    assert!(first.contains("<html>"), "{first}");
}

#[tokio::test]
async fn whoever_sends_half_a_request_or_nothing_is_let_go_and_others_are_answered() {
    let home = tempfile::tempdir().expect("room");
    let authority = Authority::open(home.path().join("tls"), Timestamp(1_780_300_800_000)).expect("made");
    let files = authority.certify(&[], &[], Timestamp(1_780_300_800_000)).expect("made");
    let tls = Some(Arc::new(Tls::open(files).expect("a good pair")));
    let moment = Duration::from_millis(50);
    let limits = Limits { connections: 1, handshake: moment, head: moment };
    let plain = Served::at(Edge { limits, ..Edge::default() }).await;
    let encrypted = Served::at(Edge { limits, tls, ..Edge::default() }).await;
    for (served, sent) in [
        (&plain, "GET /healthz HTTP/1.1\r\nHost: a"),
        (&plain, ""),
        (&plain, "PRI * HTT"),
        (&encrypted, "\x16\x03"),
        (&encrypted, ""),
    ] {
        let mut socket = TcpStream::connect(served.address).await.expect("it listens");
        socket.write_all(sent.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        drop(socket.read_to_end(&mut answer).await);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{sent:?}");
    }
    let answered = plain.plain("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answered.head.starts_with("http/1.1 200"), "{}", answered.head);
}

#[tokio::test]
async fn a_post_may_say_which_method_it_means_and_a_get_may_not() {
    let house = House::new();
    let body = json!({ "short_description": "x" });
    let made = house.ask("POST", "/api/now/table/incident", &basic("dora"), body).await.json();
    let path = format!("/api/now/table/incident/{}", made["result"]["sys_id"].as_str().expect("a sys_id"));
    let mean = async |method: &str, meant: &str| {
        let request = Request::builder().method(method).uri(&path).header("authorization", basic("dora"));
        let request = request.header("x-http-method-override", meant).header("content-type", "application/json");
        house.send(request.body(Body::from("{\"short_description\":\"y\"}")).expect("well formed")).await
    };
    let patched = mean("POST", "patch").await;
    assert_eq!((patched.status.as_u16(), &patched.json()["result"]["short_description"]), (200, &json!("y")));
    let read = mean("GET", "PATCH").await;
    assert_eq!(read.status.as_u16(), 200);
    assert_eq!(mean("POST", "BREW").await.status.as_u16(), 405);
}

#[tokio::test]
async fn head_is_get_without_a_body_and_refusals_have_the_form_of_their_path() {
    let house = House::new();
    for path in ["/healthz", "/api/now/table/sys_user", "/openapi.json"] {
        let (get, head) = (
            house.ask("GET", path, &basic("dora"), Value::Null).await,
            house.ask("HEAD", path, &basic("dora"), Value::Null).await,
        );
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("x-total-count"), get.header("x-total-count"));
    }
    for (method, path, status) in [
        ("GET", "/api/now/nonsense", 404),
        ("DELETE", "/api/now/table", 404),
        ("PUT", "/api/now/table/incident", 405),
        ("GET", "/api/sn_nonsense/x", 404),
    ] {
        let answer = house.ask(method, path, &basic("dora"), Value::Null).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (status, &json!("failure")), "{method} {path}");
    }
    house.ask("GET", "/api/v1/nonsense", &basic("dora"), Value::Null).await.problem(404);
}
