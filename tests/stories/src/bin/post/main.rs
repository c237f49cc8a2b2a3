//! A conversation by mail through real mail servers: OpenSMTPD takes it, Dovecot keeps it, and Fieldline sends and fetches. Started by
//! `cargo xtask mail`, which sees to it that both are there; it ends with a panic that says what did not come about.
//!
//! A customer's mail opens a case, their answers are found and move it to its end, and a program that answers everything without
//! saying that it is one does not keep the house busy for ever.

mod customer;
mod servers;

use fieldline_stories::{ADMINISTRATOR, Office, pause_milliseconds};
use reqwest::Method;
use serde_json::{Value, json};

use crate::customer::{Customer, Letter};
use crate::servers::Servers;

const DESK: &str = "desk@desk.example";
const CASES: &str = "sn_customerservice_case";
/// How often it is looked for something, five times a second: the servers have schedules, and the mailbox is looked into each second.
const MOST_LOOKS: usize = 300;
/// How many mails an hour the desk follows of one sender in this story.
const MOST_PER_HOUR: usize = 8;

fn main() {
    let servers = Servers::begin();
    let (smtp, imap) = (servers.smtp(), servers.imap(DESK));
    let password = servers.password_file();
    let mail =
        ["--smtp", &smtp, "--mail-from", DESK, "--imap", &imap, "--imap-every", "1", "--imap-password-file", &password];
    let office = Office::open_with(&mail);
    prepare(&office);
    the_conversation(&office, &servers);
    println!("a conversation made, threaded, moved and ended a case");
    let answered = the_loop(&office, &servers);
    println!("a program that answers everything was answered {answered} times, and no more");
}

fn prepare(office: &Office) {
    let rule = json!({
        "name": "News", "collection": CASES, "action_insert": "true", "action_update": "true", "send_self": "true",
        "recipient_fields": "contact", "subject": "News of your case", "message": "{{comments}}",
    });
    made(office, "sysevent_email_action", &rule);
    let most = json!({ "name": "fieldline.mail.most_per_hour", "value": MOST_PER_HOUR.to_string() });
    made(office, "sys_properties", &most);
    for (name, email) in [("Ann Lee", "ann@boxwood.example"), ("Robot", "robot@boxwood.example")] {
        made(office, "customer_contact", &json!({ "name": name, "email": email }));
    }
}

fn made(office: &Office, table: &str, fields: &Value) -> Value {
    let made = office.asks(ADMINISTRATOR, Method::POST, &format!("/api/now/table/{table}"), Some(fields));
    assert_eq!(made.status, 201, "{}", made.body);
    made.body["result"].clone()
}

fn found(office: &Office, table: &str, query: &str) -> Vec<Value> {
    let path = format!("/api/now/table/{table}?sysparm_query={query}&sysparm_display_value=all");
    let found = office.asks(ADMINISTRATOR, Method::GET, &path, None);
    assert_eq!(found.status, 200, "{}", found.body);
    found.body["result"].as_array().cloned().unwrap_or_default()
}

fn value<'v>(record: &'v Value, field: &str) -> &'v str {
    record[field]["value"].as_str().unwrap_or_default()
}

/// Waits for something to come about.
fn until<T>(what: &str, mut looked: impl FnMut() -> Option<T>) -> T {
    for _ in 0..MOST_LOOKS {
        if let Some(found) = looked() {
            return found;
        }
        pause_milliseconds(200);
    }
    panic!("{what} did not come about in time");
}

fn the_conversation(office: &Office, servers: &Servers) {
    let mut ann = Customer::new(servers, "ann@boxwood.example");
    ann.writes(DESK, &Letter { subject: "My pump leaks".into(), text: "Since Monday.".into(), ..Letter::default() });
    let case = until("a case of the mail", || found(office, CASES, "short_description=My pump leaks").pop());
    let (id, number) = (value(&case, "sys_id").to_owned(), value(&case, "number").to_owned());
    let changes = |fields: Value| {
        let changed = office.asks(ADMINISTRATOR, Method::PATCH, &format!("/api/now/table/{CASES}/{id}"), Some(&fields));
        assert_eq!(changed.status, 200, "{}", changed.body);
    };
    let state = || value(&found(office, CASES, &format!("sys_id={id}"))[0], "state").to_owned();
    changes(json!({ "state": "10" }));
    changes(json!({ "state": "18", "comments": "Which valve is it?" }));
    let asked =
        until("the question in her mailbox", || ann.reads().into_iter().find(|mail| mail.text.contains("Which valve")));
    assert!(asked.subject.contains(&number), "its number is in the subject: {}", asked.subject);
    ann.writes(DESK, &asked.answered("The left one."));
    until("the case goes on", || (state() == "10").then_some(()));
    assert_eq!(found(office, CASES, "short_descriptionLIKEpump").len(), 1, "an answer opens no case");
    changes(
        json!({ "state": "6", "resolution_code": "fixed", "close_notes": "Tightened", "comments": "Is it dry now?" }),
    );
    let proposed =
        until("the solution in her mailbox", || ann.reads().into_iter().find(|mail| mail.text.contains("dry now")));
    ann.writes(DESK, &proposed.answered("Accepted, thank you!"));
    until("the case is closed", || (state() == "3").then_some(()));
}

/// Lets a program answer everything it is sent; how often it was answered.
fn the_loop(office: &Office, servers: &Servers) -> usize {
    let mut robot = Customer::new(servers, "robot@boxwood.example");
    robot.writes(DESK, &Letter { subject: "Out of office".into(), text: "I am away.".into(), ..Letter::default() });
    let (mut answered, mut quiet) = (0, 0);
    while quiet < 50 {
        let news = robot.reads();
        quiet = if news.is_empty() { quiet + 1 } else { 0 };
        answered += news.len();
        assert!(answered < 10 * MOST_PER_HOUR, "it never ends");
        for mail in news {
            robot.writes(DESK, &mail.answered("I am away."));
        }
        pause_milliseconds(200);
    }
    assert!(answered > 1, "the robot was answered at least once, or this proves nothing");
    let ignored = found(office, "sys_email", "type=received-ignored^origin=robot@boxwood.example");
    assert!(!ignored.is_empty(), "what was too much is kept");
    answered
}
