//! The device in the world: what portals, proxies and servers may answer, and what it makes of that.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use fieldline_model::{DeviceId, SysId, Timestamp};
use fieldline_store::DatabaseKey;
use fieldline_sync::frame::{MEDIA_TYPE, encode_response};
use fieldline_sync::session::Event;
use fieldline_sync::wire::Response;

use crate::runtime::{Entropy, Runtime, RuntimeError};
use crate::{Device, DeviceError, Enrolment, SigningKey};

/// A refusal as our server words it.
const OURS: &str = r#"{"type":"urn:fieldline:problem:x"}"#;

/// Answers each connection with the next of `answers`, whatever was asked; says how many there were.
fn stub<A: AsRef<[u8]> + Clone + Send + 'static>(answers: &[A]) -> (String, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answers = answers.to_vec();
    let serve = move || {
        for answer in &answers {
            let (mut connection, _) = listener.accept().unwrap();
            let mut asked = [0; 4096];
            assert!(connection.read(&mut asked).unwrap() > 0);
            connection.write_all(answer.as_ref()).unwrap();
        }
        answers.len()
    };
    (address, thread::spawn(serve))
}

fn http(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Location: /portal\r\nConnection: close\r\n\r\n{body}"
    )
}

fn runtime(dir: &std::path::Path, server: &str) -> Runtime {
    let mut device = Device::open(dir, &DatabaseKey::new([1; 32])).unwrap();
    let key = SigningKey::random(&mut Entropy::default());
    let (device_id, user) = (DeviceId([1; 16]), SysId([2; 16]));
    let (token, server, relay_key) = ("secret".into(), server.into(), None);
    let enrolment = Enrolment { device: device_id, epoch: 1, user, token, server, key, relay_key };
    device.enrol(enrolment).unwrap();
    Runtime::new(device).unwrap()
}

#[tokio::test]
async fn nothing_a_portal_or_a_broken_proxy_says_is_taken_for_an_answer() {
    let page = "<html>Welcome to HotelNet</html>";
    let strange = [
        http("302 Found", "text/html", page),
        http("200 OK", "text/html", page),
        http("200 OK", MEDIA_TYPE, page),
        http("200 OK", MEDIA_TYPE, ""),
        http("200 OK", MEDIA_TYPE, "FL\u{0}\u{1}\u{0}\u{0}cut"),
        http("206 Partial Content", MEDIA_TYPE, "FL"),
        http("401 Unauthorized", "text/html", page),
        http("403 Forbidden", "text/html", page),
        http("511 Network Authentication Required", "text/html", page),
        http("500 Internal Server Error", "application/problem+json", "{}"),
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut".to_owned(),
        "nonsense".to_owned(),
    ];
    let (address, served) = stub(&strange);
    let dir = tempfile::tempdir().unwrap();
    let runtime = runtime(dir.path(), &address);
    for answer in &strange {
        let events = runtime.sync_until_idle().await.unwrap();
        assert!(matches!(events[..], [Event::Failed { .. }]), "{answer}: {events:?}");
    }
    assert_eq!(served.join().unwrap(), strange.len());
    assert_eq!(runtime.device().sync_status().unwrap().synced_at, None);
}

#[tokio::test]
async fn a_refused_token_a_revoked_device_and_an_old_app_are_told_apart() {
    for (status, event) in [
        ("401 Unauthorized", Event::NeedsSignIn),
        ("403 Forbidden", Event::Revoked),
        ("426 Upgrade Required", Event::UpdateNeeded),
    ] {
        let (address, served) = stub(&[http(status, "application/problem+json", OURS)]);
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(runtime(dir.path(), &address).sync_until_idle().await.unwrap(), [event]);
        served.join().unwrap();
    }
}

#[tokio::test]
async fn enrolling_says_what_the_server_refused_and_when_it_is_no_server_of_ours() {
    let refused = http("401 Unauthorized", "application/problem+json", r#"{"detail":"the password is wrong"}"#);
    let (address, served) = stub(&[refused, http("200 OK", "text/html", "<html>")]);
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(Device::open(dir.path(), &DatabaseKey::new([1; 32])).unwrap()).unwrap();
    let mut complaint = Vec::new();
    for _ in 0..2 {
        complaint.push(runtime.enrol(&address, "mia", "guess", "phone").await.unwrap_err().to_string());
    }
    served.join().unwrap();
    assert!(complaint[0].contains("401: the password is wrong"), "{}", complaint[0]);
    assert!(complaint[1].contains("is not a Fieldline server"), "{}", complaint[1]);
    assert!(runtime.device().enrolment().is_none());
    let nobody = runtime.enrol("http://127.0.0.1:1", "mia", "guess", "phone").await.unwrap_err();
    assert!(matches!(nobody, RuntimeError::Unreachable { .. }));
    assert!(matches!(runtime.sync_until_idle().await, Err(DeviceError::NotEnrolled)));
}

#[tokio::test]
async fn an_answer_to_another_question_is_a_failed_try_and_not_worth_waiting_for() {
    let old = Response { cursor: b"elsewhere".to_vec().into(), ..Response::to(u64::MAX, 1, Timestamp(0)) };
    let body = encode_response(&old);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let (address, served) = stub(&vec![[head.into_bytes(), body].concat(); 2]);
    let dir = tempfile::tempdir().unwrap();
    let runtime = runtime(dir.path(), &address);
    for _ in 0..2 {
        let events = runtime.sync_until_idle().await.unwrap();
        assert!(matches!(events[..], [Event::Failed { .. }]), "{events:?}");
    }
    assert_eq!(served.join().unwrap(), 2);
}

#[tokio::test]
async fn a_kept_connection_that_died_costs_no_pause() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = http("503 Service Unavailable", "text/plain", "busy").replace("Connection: close\r\n", "");
    let serve = move || {
        let ask = |connection: &mut std::net::TcpStream| connection.read(&mut [0; 4096]).unwrap();
        let (mut kept, _) = listener.accept().unwrap();
        ask(&mut kept);
        kept.write_all(answer.as_bytes()).unwrap();
        assert!(ask(&mut kept) > 0, "the second request comes on the kept connection");
        drop(kept);
        let (mut fresh, _) = listener.accept().unwrap();
        ask(&mut fresh);
        fresh.write_all(http("403 Forbidden", "application/problem+json", OURS).as_bytes()).unwrap();
    };
    let served = thread::spawn(serve);
    let dir = tempfile::tempdir().unwrap();
    let runtime = runtime(dir.path(), &address);
    assert!(matches!(runtime.sync_until_idle().await.unwrap()[..], [Event::Failed { .. }]));
    assert_eq!(runtime.sync_until_idle().await.unwrap(), [Event::Revoked], "the answer on the fresh connection");
    served.join().unwrap();
}
