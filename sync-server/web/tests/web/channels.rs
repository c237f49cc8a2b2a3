//! Customers come in by mail, by phone and by chat, and agents take what they are offered.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fieldline_service::NewUser;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::house::{House, PASSWORD, basic};

async fn made(house: &House, table: &str, fields: Value) -> String {
    let made = house.ask("POST", &format!("/api/now/table/{table}"), &basic("admin"), fields).await;
    assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
    made.json()["result"]["sys_id"].as_str().expect("a sys_id").to_owned()
}

async fn row(house: &House, table: &str, id: &str) -> Value {
    let path = format!("/api/now/table/{table}/{id}?sysparm_exclude_reference_link=true");
    house.ask("GET", &path, &basic("admin"), Value::Null).await.json()["result"].clone()
}

fn person(house: &House, user_name: &str, roles: &[&str]) -> String {
    let new = NewUser { user_name, name: user_name, password: PASSWORD, roles };
    let (now, mut rng) = (house.clock().now(), fieldline_web::Entropy::open());
    house.server.create_user(&house.server.system(), &new, now, &mut rng).expect("a new name").to_string()
}

/// Does what is due, as the server does while it runs.
fn ring(house: &House) {
    let mut rng = fieldline_web::Entropy::open();
    while house.server.do_due(100, house.clock().now(), &mut rng).expect("the database works") > 0 {}
}

async fn hand_in(house: &House, who: &str, mail: &str) -> crate::house::Answer {
    let request = Request::post("/api/v1/mail").header("host", "here").header("authorization", basic(who));
    let request = request.header("content-type", "message/rfc822").body(Body::from(mail.to_owned()));
    house.send(request.expect("well formed")).await
}

#[tokio::test]
async fn a_gateway_hands_mail_in_and_is_told_what_it_became() {
    let house = House::new();
    person(&house, "gateway", &["integration"]);
    made(&house, "customer_contact", json!({ "name": "Ann", "email": "ann@boxwood.example" })).await;
    let mail = "From: ann@boxwood.example\r\nMessage-ID: <1@boxwood>\r\nSubject: Leak\r\n\r\nIt leaks.";
    let taken = hand_in(&house, "gateway", mail).await;
    assert_eq!((taken.status.as_u16(), taken.json()["outcome"].as_str()), (200, Some("opened")));
    let case = row(&house, "sn_customerservice_case", taken.json()["record"].as_str().expect("a record")).await;
    assert_eq!(case["short_description"], "Leak");
    assert_eq!(hand_in(&house, "gateway", mail).await.json()["outcome"], "known_before");
    let ignored = hand_in(&house, "gateway", "From: eve@elsewhere.example\r\n\r\nHi").await.json();
    assert_eq!(
        (ignored["outcome"].as_str(), ignored["reason"].as_str()),
        (Some("ignored"), Some("nobody here knows its sender"))
    );
    hand_in(&house, "dora", mail).await.problem(403);
    house.ask("POST", "/api/v1/mail", &basic("gateway"), json!({})).await.problem(415);
}

#[tokio::test]
async fn a_switchboard_tells_of_a_call_and_is_told_whose_it_is() {
    let house = House::new();
    person(&house, "ada", &["case_agent"]);
    let account = made(&house, "customer_account", json!({ "name": "Boxwood" })).await;
    let contact =
        made(&house, "customer_contact", json!({ "name": "Ann", "phone": "+49 30 123456", "account": account })).await;
    let case =
        made(&house, "sn_customerservice_case", json!({ "short_description": "Leak", "contact": contact })).await;
    let found =
        house.ask("GET", "/api/v1/interactions/callers?number=030%20123456", &basic("ada"), Value::Null).await.json();
    assert_eq!(found["callers"][0]["open"][0]["sys_id"], case.as_str());
    house.ask("GET", "/api/v1/interactions/callers?number=12", &basic("ada"), Value::Null).await.problem(400);
    let opened = house
        .ask("POST", "/api/v1/interactions", &basic("ada"), json!({ "type": "phone", "phone_number": "030 123456" }))
        .await;
    assert_eq!(opened.status.as_u16(), 201);
    let opened = opened.json();
    assert_eq!(opened["callers"][0]["account"]["title"], "Boxwood");
    let id = opened["interaction"]["sys_id"].as_str().expect("a sys_id").to_owned();
    let at = |what: &str| format!("/api/v1/interactions/{id}/{what}");
    assert_eq!(house.ask("POST", &at("link"), &basic("ada"), json!({ "task": case })).await.status.as_u16(), 200);
    let call_back = json!({ "at": "2026-06-01T09:00:00Z" });
    assert_eq!(house.ask("POST", &at("callback"), &basic("ada"), call_back).await.status.as_u16(), 200);
    let second = house.ask("POST", &at("case"), &basic("ada"), json!({ "short_description": "Another" })).await;
    assert_eq!((second.status.as_u16(), second.json()["title"].as_str()), (201, Some("Another")));
    house.ask("POST", &at("close"), &basic("ada"), json!({ "wrap_up_code": "" })).await.problem(400);
    assert_eq!(
        house.ask("POST", &at("close"), &basic("ada"), json!({ "wrap_up_code": "done" })).await.status.as_u16(),
        200
    );
    house.ask("POST", &at("close"), &basic("mia"), json!({ "wrap_up_code": "done" })).await.problem(404);
}

/// A desk for chats with one agent.
async fn chat_desk(house: &House) -> String {
    let agent = person(house, "ada", &["case_agent", "awa_agent"]);
    let group = made(house, "sys_user_group", json!({ "name": "Desk" })).await;
    made(house, "sys_user_grmember", json!({ "group": group, "user": agent })).await;
    let channel = json!({ "name": "Chats", "table": "interaction", "condition": "type=chat" });
    let channel = made(house, "awa_service_channel", channel).await;
    made(house, "awa_queue", json!({ "name": "Chats", "service_channel": channel, "groups": group })).await;
    let state = made(house, "awa_presence_state", json!({ "name": "Available", "available": "true" })).await;
    let there = house.ask("PUT", "/api/v1/presence", &basic("ada"), json!({ "state": state })).await;
    assert_eq!(there.json()["state"], state.as_str());
    made(house, "sys_properties", json!({ "name": "fieldline.chat.guests", "value": "true" })).await;
    agent
}

/// A WebSocket, spoken by hand.
struct Socket(TcpStream);

impl Socket {
    async fn open(address: std::net::SocketAddr, path: &str, authorization: Option<&str>) -> Result<Self, String> {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let key = BASE64_STANDARD.encode([7; 16]);
        let authorization = authorization.map(|text| format!("authorization: {text}\r\n")).unwrap_or_default();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: here\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: {key}\r\n{authorization}\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("an answer"));
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        if head.starts_with("HTTP/1.1 101") { Ok(Self(stream)) } else { Err(head) }
    }

    async fn say(&mut self, said: Value) {
        let text = said.to_string().into_bytes();
        let length = u16::try_from(text.len()).expect("a short message").to_be_bytes();
        // Masked with nothing, as the length of any size is written.
        let frame = [&[0x81, 0xfe, length[0], length[1], 0, 0, 0, 0][..], &text].concat();
        self.0.write_all(&frame).await.expect("sent");
    }

    async fn hear(&mut self) -> Value {
        let hearing = async {
            loop {
                let (kind, length) =
                    (self.0.read_u8().await.expect("a frame"), self.0.read_u8().await.expect("a frame"));
                let length = if length == 126 { self.0.read_u16().await.expect("a length") } else { u16::from(length) };
                let mut text = vec![0; usize::from(length)];
                self.0.read_exact(&mut text).await.expect("a whole frame");
                if kind & 0xf == 1 {
                    return serde_json::from_slice(&text).expect("JSON");
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), hearing).await.expect("something is said")
    }

    /// What is said next, in brief.
    async fn said(&mut self) -> String {
        let said = self.hear().await;
        match said["type"].as_str() {
            Some("message") => format!(
                "{} {}: {}",
                said["order"],
                said["by"].as_str().unwrap_or_default(),
                said["text"].as_str().unwrap_or_default()
            ),
            _ => said["type"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_chats_with_the_agent_who_took_it_comes_back_and_is_wrapped_up() {
    let house = House::new();
    chat_desk(&house).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serving =
        tokio::spawn(fieldline_web::serve(listener, house.server.clone(), house.clock(), std::future::pending()));
    let mut guest = Socket::open(address, "/api/v1/chat", None).await.expect("anybody opens one");
    guest.say(json!({ "type": "say", "text": "too early" })).await;
    assert_eq!(guest.said().await, "refused");
    guest.say(json!({ "type": "begin", "text": "It smokes", "name": "Cy", "email": "cy@elsewhere.example" })).await;
    let begun = guest.hear().await;
    let (chat, pass) =
        (begun["chat"].as_str().expect("a chat").to_owned(), begun["pass"].as_str().expect("a pass").to_owned());
    assert_eq!(guest.said().await, "1 customer: It smokes");
    let offered = async {
        loop {
            ring(&house);
            let inbox = house.ask("GET", "/api/v1/work-items", &basic("ada"), Value::Null).await.json();
            if let Some(item) = inbox["items"].get(0) {
                return item.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let item = tokio::time::timeout(Duration::from_secs(20), offered).await.expect("it is offered");
    assert_eq!((item["record"].as_str(), item["state"].as_str()), (Some(chat.as_str()), Some("pending_accept")));
    let path = format!("/api/v1/chat/{chat}");
    assert!(Socket::open(address, &path, None).await.is_err_and(|head| head.starts_with("HTTP/1.1 401")));
    assert!(
        Socket::open(address, &path, Some(&basic("mia"))).await.is_err_and(|head| head.starts_with("HTTP/1.1 404"))
    );
    let mut agent = Socket::open(address, &path, Some(&basic("ada"))).await.expect("an agent opens it");
    assert_eq!(agent.said().await, "1 customer: It smokes");
    agent.say(json!({ "type": "say", "text": "Hello" })).await;
    assert_eq!(agent.said().await, "refused", "it is not hers yet");
    let accept = format!("/api/v1/work-items/{}/accept", item["sys_id"].as_str().expect("a sys_id"));
    assert_eq!(house.ask("POST", &accept, &basic("ada"), Value::Null).await.json()["state"], "accepted");
    agent.say(json!({ "type": "say", "text": "Where?" })).await;
    assert_eq!((agent.said().await, guest.said().await), ("2 agent: Where?".into(), "2 agent: Where?".into()));
    drop(guest);
    agent.say(json!({ "type": "say", "text": "Still there?" })).await;
    assert_eq!(agent.said().await, "3 agent: Still there?");
    let mut back = Socket::open(address, &format!("/api/v1/chat?pass={pass}"), None).await.expect("with the pass");
    back.say(json!({ "type": "resume", "chat": chat, "after": 2 })).await;
    assert_eq!(back.said().await, "3 agent: Still there?", "what was missed, and nothing twice");
    back.say(json!({ "type": "say", "text": "In the cellar" })).await;
    assert_eq!(
        (back.said().await, agent.said().await),
        ("4 customer: In the cellar".into(), "4 customer: In the cellar".into())
    );
    let close = format!("/api/v1/interactions/{chat}/close");
    let wrapped = house.ask("POST", &close, &basic("ada"), json!({ "wrap_up_code": "advised" })).await;
    assert_eq!(wrapped.status.as_u16(), 200);
    assert_eq!((back.said().await, agent.said().await), ("ended".into(), "ended".into()));
    let transcript = row(&house, "interaction", &chat).await["transcript"].as_str().expect("a text").to_owned();
    assert!(transcript.contains("Cy: It smokes") && transcript.contains("ada: Where?"), "{transcript}");
    serving.abort();
}

#[tokio::test]
async fn an_agent_declines_or_hands_over_what_they_are_offered() {
    let house = House::new();
    chat_desk(&house).await;
    let reason = made(&house, "awa_reject_reason", json!({ "name": "Busy" })).await;
    let call = made(&house, "interaction", json!({ "type": "chat" })).await;
    ring(&house);
    let inbox = house.ask("GET", "/api/v1/work-items", &basic("ada"), Value::Null).await.json();
    let item = inbox["items"][0]["sys_id"].as_str().expect("an item").to_owned();
    let at = |what: &str| format!("/api/v1/work-items/{item}/{what}");
    house.ask("POST", &at("reject"), &basic("ada"), json!({ "reason": call })).await.problem(400);
    assert_eq!(house.ask("POST", &at("reject"), &basic("ada"), json!({ "reason": reason })).await.status.as_u16(), 204);
    assert_eq!(row(&house, "awa_work_item", &item).await["state"], "queued");
    house.ask("POST", &at("hand-over"), &basic("ada"), json!({})).await.problem(400);
    house.ask("GET", "/api/v1/work-items", &basic("mia"), Value::Null).await.problem(403);
}
