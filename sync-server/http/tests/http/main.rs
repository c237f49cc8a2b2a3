//! Requests reach a real socket that misbehaves: flows go on with what it answers, webhooks are signed, retried and given up.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by stopping")]

mod house;
mod outside;

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fieldline_http::{Allowed, Sender};
use fieldline_service::{jobs, outgoing::Outcome};
use house::{House, MINUTE, MORNING, until};
use outside::{Does, Heard, Outside, says};
use serde_json::{Value, json};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const HOUR: i64 = 60 * MINUTE;

/// The signature of a message by the definition of HMAC (RFC 2104), which shares nothing with the server but SHA-256.
fn signature(secret: &str, message: &str) -> String {
    let sha256 = |bytes: &[u8]| ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec();
    let mut key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    key.resize(64, 0);
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = sha256(&[padded(0x36), message.as_bytes().to_vec()].concat());
    BASE64_STANDARD.encode(sha256(&[padded(0x5c), inner].concat()))
}

fn verifies(heard: &Heard, secret: &str) -> bool {
    let of = |name: &str| heard.headers[name].clone();
    let message = format!("{}.{}.{}", of("webhook-id"), of("webhook-timestamp"), heard.body);
    of("webhook-signature").split(' ').any(|given| given == format!("v1,{}", signature(secret, &message)))
}

/// A connection named Tickets to an outside system, with a password.
fn connected(house: &mut House, outside: &Outside) {
    let policy = house.create(
        "sys_retry_policy",
        &[("name", "Thrice"), ("count", "2"), ("interval", "10"), ("max_elapsed_time", "3600")],
    );
    let alias = house.create("sys_alias", &[("name", "Tickets"), ("retry_policy", &policy.sys_id.to_string())]);
    let fields = [("name", "Desk"), ("user_name", "fieldline"), ("password", "correct horse battery")];
    let credential = house.create("basic_auth_credentials", &fields);
    let fields = [
        ("name", "Tickets outside"),
        ("connection_alias", &alias.sys_id.to_string()),
        ("credential", &credential.sys_id.to_string()),
        ("connection_url", &format!("{}/v1", outside.url)),
    ];
    house.create("http_connection", &fields);
}

const TICKET: &str = r#"[
    {"do":"call","connection":"Tickets","method":"POST","path":"/tickets?of={{trigger.number}}","id":"ask",
     "headers":{"X-Source":"{{trigger.number}}"},
     "body":{"title":"{{trigger.short_description}}","nested":[{"n":1}]},"as":"answer"},
    {"do":"if","record":"answer.status","condition":"=201",
     "then":[{"do":"for_each","in":"answer.body.tags","as":"tag","steps":[
        {"do":"update","record":"trigger","fields":{"work_notes":"Tag {{tag.name}}"}}]}]},
    {"do":"update","record":"trigger","fields":{"correlation_id":"{{answer.body.ticket.id}}"}}]"#;

#[tokio::test]
async fn a_flow_asks_until_it_is_answered_under_one_key_and_goes_on_with_the_answer() {
    let (mut house, outside) = (House::new(), Outside::begin().await);
    connected(&mut house, &outside);
    house.flow("Ticket", TICKET);
    let sender = house.sender();
    let wait = ("retry-after", "120".to_owned());
    let answer = json!({ "ticket": { "id": 4711 }, "tags": [{ "name": "a" }, { "name": "b" }] }).to_string();
    outside.will([Does::Says(503, vec![wait], "busy".into()), Does::HangsUp, says(201, &answer)]);
    let reported = house.incident("No \"link\" \\ at {all}\n&path=../..");
    house.ring();
    assert_eq!(outside.heard().len(), 0, "nothing is sent inside a transaction");
    house.send_due(&sender).await;
    assert_eq!(house.run_of(&reported).text("state"), "waiting");
    let due = house.server.next_request_due().unwrap().unwrap();
    assert_eq!(due.milliseconds_since(house.now()), 120_000, "it comes back when it was told to");
    house.wait(120_000);
    house.send_due(&sender).await;
    house.wait(MINUTE);
    house.send_due(&sender).await;
    house.ring();
    assert_eq!(house.run_of(&reported).text("state"), "complete", "{:?}", house.run_of(&reported));
    assert_eq!(house.record(&reported).text("correlation_id"), "4711");
    let heard = outside.heard();
    let keys: Vec<&String> = heard.iter().map(|heard| &heard.headers["idempotency-key"]).collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!((heard[0].method.as_str(), heard[0].path.split('=').next()), ("POST", Some("/v1/tickets?of")));
    assert_eq!(
        heard[0].headers["authorization"],
        format!("Basic {}", BASE64_STANDARD.encode("fieldline:correct horse battery"))
    );
    assert_eq!(heard[0].headers["x-source"], house.record(&reported).text("number"));
    let body: Value = serde_json::from_str(&heard[0].body).unwrap();
    assert_eq!(body, json!({ "title": house.record(&reported).text("short_description"), "nested": [{ "n": 1 }] }));
    let row = house.rows("sys_outbound_http_log", "").remove(0);
    assert_eq!((row.text("state"), row.get("attempts").unwrap().to_string()), ("sent", "3".to_owned()));
}

#[tokio::test]
async fn a_secret_is_in_no_record_no_audit_and_no_explanation() {
    let (mut house, outside) = (House::new(), Outside::begin().await);
    connected(&mut house, &outside);
    house.flow("Ticket", TICKET);
    outside.will([says(404, "")]);
    house.incident("No link");
    house.ring();
    house.send_due(&house.sender()).await;
    house.ring();
    let credential = house.rows("basic_auth_credentials", "").remove(0);
    house.update(&credential.id, &[("password", "battery staple"), ("user_name", "desk")]);
    house.webhook(&outside, &[]);
    let tables: Vec<String> = house.server.dictionary().tables().map(|table| table.name.to_string()).collect();
    let (mut seen, mut user_names) = (0, 0);
    for table in tables {
        for row in house.rows(&table, "") {
            let text = format!("{row:?}");
            seen += 1;
            user_names += usize::from(text.contains("fieldline"));
            for secret in ["correct horse battery", "battery staple", &SECRET[6..]] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
    assert!(seen > 10 && user_names > 0, "what is no secret is found the same way");
    assert!(credential.time("secret_set_on").is_some());
}

#[tokio::test]
async fn a_final_failure_stops_the_run_where_people_see_it_and_it_goes_on_there_once_mended() {
    let (mut house, outside) = (House::new(), Outside::begin().await);
    connected(&mut house, &outside);
    let flow = house.flow("Ticket", TICKET);
    let sender = house.sender();
    outside.will([says(422, "title is too short")]);
    let reported = house.incident("No");
    house.ring();
    house.send_due(&sender).await;
    house.ring();
    let run = house.run_of(&reported);
    assert_eq!((run.text("state"), run.text("position")), ("error", "ask"));
    assert!(run.text("error_message").contains("answered 422 title is too short"), "{run:?}");
    let stopped = house.write(|call| jobs::stopped(call, 10));
    assert_eq!(stopped.len(), 1, "one place to try it again: {stopped:?}");
    // The same again: the same key. Mended: another.
    outside.will([says(422, "title is still too short"), says(201, "{}")]);
    house.retry(&stopped[0].name);
    house.ring();
    house.send_due(&sender).await;
    house.ring();
    assert!(house.run_of(&reported).text("error_message").contains("still"), "{:?}", house.run_of(&reported));
    house.update(
        &flow,
        &[("definition", &TICKET.replace("{{trigger.short_description}}", "{{trigger.short_description}}!"))],
    );
    house.retry(&stopped[0].name);
    house.ring();
    house.send_due(&sender).await;
    house.ring();
    assert_eq!(house.run_of(&reported).text("state"), "complete", "{:?}", house.run_of(&reported));
    let keys: Vec<String> = outside.heard().iter().map(|heard| heard.headers["idempotency-key"].clone()).collect();
    assert!(keys[0] == keys[1] && keys[1] != keys[2], "{keys:?}");
}

#[tokio::test]
async fn who_dies_between_sending_and_saying_so_lets_the_same_request_be_sent_again() {
    let (mut house, outside) = (House::new(), Outside::begin().await);
    connected(&mut house, &outside);
    house.webhook(&outside, &[]);
    house.flow("Ticket", TICKET);
    let sender = house.sender();
    house.incident("No link");
    house.ring();
    let claimed = house.claim();
    assert_eq!(claimed.len(), 2);
    for request in &claimed {
        let clock = house.clock();
        assert!(matches!(sender.send(request, &clock).await, Outcome::Answered(_)));
    }
    house.restart();
    house.send_due(&sender).await;
    assert_eq!(outside.heard().len(), 2, "the claims are not over");
    house.wait(5 * MINUTE);
    house.send_due(&sender).await;
    house.ring();
    let heard = outside.heard();
    for header in ["webhook-id", "idempotency-key"] {
        let ids: Vec<_> = heard.iter().filter_map(|heard| heard.headers.get(header)).collect();
        assert!(ids.len() == 2 && ids[0] == ids[1], "{header}: {ids:?}");
    }
    assert!(house.rows("sys_outbound_http_log", "state!=sent").is_empty());
    assert_eq!(house.server.next_request_due().unwrap(), None);
}

#[tokio::test]
async fn a_webhook_is_a_signed_cloud_event_of_what_changed_and_only_of_what_was_asked_for() {
    let (mut house, outside) = (House::new(), Outside::begin().await);
    let more = [
        ("condition", "priority=1"),
        ("events", "created,updated,deleted"),
        ("fields", "short_description,impact,state"),
    ];
    house.webhook(&outside, &more);
    let sender = house.sender();
    house.incident("Not of priority 1");
    let urgent = house.create("incident", &[("short_description", "Döwn"), ("impact", "1"), ("urgency", "1")]);
    house.wait(MINUTE);
    house.update(&urgent, &[("short_description", "Down"), ("category", "network")]);
    house.delete(&urgent);
    house.send_due(&sender).await;
    let heard = outside.heard();
    assert_eq!(heard.len(), 3);
    assert!(heard.iter().all(|heard| verifies(heard, SECRET)), "{heard:?}");
    let mut forged = heard[0].clone();
    forged.body = forged.body.replace("Döwn", "Fine");
    assert!(!verifies(&forged, SECRET) && !verifies(&heard[0], "whsec_AfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let mut events: Vec<Value> = heard.iter().map(|heard| serde_json::from_str(&heard.body).unwrap()).collect();
    events.sort_by_key(|event| event["type"].as_str().unwrap().to_owned());
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["incident.created", "incident.deleted", "incident.updated"]);
    let (created, updated) = (&events[0], &events[2]);
    assert_eq!(created["specversion"], "1.0");
    assert_eq!(created["source"], "/api/now/table/incident");
    assert_eq!(created["subject"], urgent.sys_id.to_string());
    assert_eq!(created["data"]["record"], json!({ "impact": "1", "short_description": "Döwn", "state": "1" }));
    assert_eq!(updated["data"]["changed"], json!(["short_description"]), "what it is not told is not named either");
    assert_ne!(created["sequence"], updated["sequence"]);
    for heard in &heard {
        let event: Value = serde_json::from_str(&heard.body).unwrap();
        assert_eq!(event["id"], heard.headers["webhook-id"]);
        assert_eq!(heard.headers["content-type"], "application/cloudevents+json; charset=utf-8");
        let seconds: i64 = heard.headers["webhook-timestamp"].parse().unwrap();
        assert_eq!(seconds, (MORNING + MINUTE) / 1_000);
    }
}

#[tokio::test]
async fn a_webhook_is_tried_for_days_then_given_up_until_somebody_says_so() {
    let (mut house, outside) = (House::new(), Outside::begin().await);
    house.webhook(&outside, &[]);
    let sender = house.sender();
    let (mut tries, began) = (0, house.now());
    outside.will((0..40).map(|_| says(500, "down")));
    house.incident("No link");
    while let Some(due) = house.server.next_request_due().unwrap() {
        house.wait(due.milliseconds_since(house.now()).max(0));
        house.send_due(&sender).await;
        tries += 1;
    }
    let days = house.now().milliseconds_since(began) / (24 * HOUR);
    assert!((3..=5).contains(&days) && tries > 12, "{tries} tries in {days} days");
    let heard = outside.heard();
    assert!(
        heard.iter().all(|each| each.headers["webhook-id"] == heard[0].headers["webhook-id"] && verifies(each, SECRET))
    );
    let row = house.rows("sys_outbound_http_log", "").remove(0);
    assert_eq!((row.text("state"), row.text("error_string")), ("failed", "it answered 500 down"));
    let stopped = house.write(|call| jobs::stopped(call, 10)).remove(0);
    assert_eq!(stopped.kind, "http");
    house.retry(&stopped.name);
    let mended = Outside::begin().await;
    let webhook = house.rows("fl_webhook", "").remove(0);
    house.update(&webhook.id, &[("url", &mended.url)]);
    house.send_due(&house.sender()).await;
    assert_eq!((mended.heard().len(), house.rows("sys_outbound_http_log", "state=sent").len()), (1, 1));
}

#[tokio::test]
async fn who_answers_gone_is_told_nothing_more() {
    let (mut house, outside) = (House::new(), Outside::begin().await);
    house.webhook(&outside, &[]);
    let sender = house.sender();
    outside.will([says(410, "")]);
    house.incident("One");
    house.send_due(&sender).await;
    let webhook = house.rows("fl_webhook", "").remove(0);
    assert!(webhook.text("problem").contains("410") && webhook.get("active").unwrap().to_string() == "false");
    house.incident("Two");
    house.send_due(&sender).await;
    assert_eq!((outside.heard().len(), house.rows("sys_outbound_http_log", "").len()), (1, 1));
}

#[tokio::test]
async fn nobody_is_followed_to_another_host_and_nobody_inside_is_asked() {
    let (mut house, outside, hidden) = (House::new(), Outside::begin().await, Outside::begin().await);
    let sender = house.sender();
    house.webhook(&outside, &[]);
    connected(&mut house, &outside);
    house.flow(
        "Ticket",
        &TICKET.replace("\"POST\"", "\"GET\"").replace("\"id\":\"ask\",", "\"id\":\"ask\",\"timeout_seconds\":5,"),
    );
    let elsewhere = || Does::Says(307, vec![("location", format!("{}/secret", hidden.url))], String::new());
    outside.will([elsewhere(), elsewhere()]);
    let reported = house.incident("No link");
    house.ring();
    house.send_due(&sender).await;
    house.ring();
    assert_eq!((outside.heard().len(), hidden.heard().len()), (2, 0));
    assert!(house.run_of(&reported).text("error_message").contains("307"), "{:?}", house.run_of(&reported));
    let webhook = house.rows("fl_webhook", "").remove(0);
    house.update(&webhook.id, &[("active", "false")]);
    // On its own host a question is followed: the control that redirects were seen at all.
    let here = ("location", "/v1/elsewhere".to_owned());
    outside.will([Does::Says(307, vec![here], String::new()), says(201, "{}")]);
    let reported = house.incident("Another");
    house.ring();
    house.send_due(&sender).await;
    house.ring();
    assert!(outside.heard().iter().any(|heard| heard.path == "/v1/elsewhere"), "{:?}", outside.heard());
    assert_eq!(house.run_of(&reported).text("state"), "complete", "{:?}", house.run_of(&reported));
    // Without leave nobody on this machine is asked at all, and nobody tries again.
    let before = outside.heard().len();
    let reported = house.incident("Inside");
    house.ring();
    house.send_due(&Sender::new(Allowed::default()).unwrap()).await;
    house.ring();
    assert_eq!(outside.heard().len(), before);
    let said = house.run_of(&reported).text("error_message").to_owned();
    assert!(said.contains("--allow-inside 127.0.0.1"), "{said}");
}

#[tokio::test]
async fn what_answers_too_much_or_too_late_is_let_go() {
    let (mut house, outside) = (House::new(), Outside::begin().await);
    connected(&mut house, &outside);
    house.flow("Ticket", &TICKET.replace("\"id\":\"ask\",", "\"id\":\"ask\",\"timeout_seconds\":1,"));
    let sender = house.sender();
    outside.will([Does::Dawdles(Duration::from_secs(30)), says(200, &"x".repeat(1 << 20))]);
    let reported = house.incident("No link");
    house.ring();
    house.send_due(&sender).await;
    let row = house.rows("sys_outbound_http_log", "").remove(0);
    assert!(row.text("error_string").contains("no answer came within 1 seconds"), "{row:?}");
    house.wait(MINUTE);
    house.send_due(&sender).await;
    house.ring();
    assert_eq!(house.run_of(&reported).text("state"), "complete", "{:?}", house.run_of(&reported));
    let row = house.rows("sys_outbound_http_log", "").remove(0);
    assert_eq!((row.text("state"), row.text("response_body")), ("sent", ""), "what is too much is not kept");
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_anew_when_it_is_refused() {
    let (mut house, outside) = (House::new(), Outside::begin().await);
    connected(&mut house, &outside);
    let fields = [
        ("name", "Client"),
        ("token_url", &*format!("{}/token", outside.url)),
        ("client_id", "fieldline"),
        ("client_secret", "hush"),
        ("oauth_scope", "tickets"),
    ];
    let credential = house.create("oauth_2_0_credentials", &fields).sys_id.to_string();
    let connection = house.rows("http_connection", "").remove(0);
    house.update(&connection.id, &[("credential", &credential)]);
    house.flow("Ticket", TICKET);
    let sender = house.sender();
    let token =
        |name: &str| says(200, &json!({ "access_token": name, "token_type": "Bearer", "expires_in": 600 }).to_string());
    outside.will([token("one"), says(201, "{}"), says(201, "{}"), says(401, ""), token("two"), says(201, "{}")]);
    for title in ["One", "Two", "Three"] {
        let reported = house.incident(title);
        house.ring();
        house.send_due(&sender).await;
        house.ring();
        assert_eq!(house.run_of(&reported).text("state"), "complete", "{title}");
    }
    let said: Vec<(String, String)> = outside
        .heard()
        .iter()
        .map(|heard| (heard.path.split('?').next().unwrap().to_owned(), heard.headers["authorization"].clone()))
        .collect();
    let basic = format!("Basic {}", BASE64_STANDARD.encode("fieldline:hush"));
    let bearer = |name: &str| ("/v1/tickets".to_owned(), format!("Bearer {name}"));
    let asks = ("/token".to_owned(), basic);
    assert_eq!(said, [asks.clone(), bearer("one"), bearer("one"), bearer("one"), asks, bearer("two")]);
    assert_eq!(outside.heard()[0].body, "grant_type=client_credentials&scope=tickets");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loop_wakes_by_itself_and_a_slow_system_keeps_nobody_waiting() {
    let (mut house, slow, quick) = (House::new(), Outside::begin().await, Outside::begin().await);
    house.webhook(&slow, &[]);
    house.webhook(&quick, &[]);
    slow.will((0..3).map(|_| Does::Dawdles(Duration::from_secs(15))));
    let sending = house.begin_sending();
    tokio::time::sleep(Duration::from_millis(50)).await;
    for title in ["One", "Two", "Three"] {
        let so_far = quick.heard().len();
        house.incident(title);
        until("it wakes and sends", || quick.heard().len() > so_far).await;
    }
    until("the quick are done", || house.rows("sys_outbound_http_log", "state=sent").len() == 3).await;
    assert_eq!(house.rows("sys_outbound_http_log", "state=ready").len(), 3, "the slow are still under way");
    sending.abort();
}
