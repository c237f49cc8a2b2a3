//! Mail reaches a real socket: with its headers, in its conversation, after refusals, and again after a crash.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by stopping")]

mod smtp;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use fieldline_due::Surroundings;
use fieldline_mail::{Mailer, keep_sending};
use fieldline_model::condition::Query;
use fieldline_model::{Dictionary, DocumentId, Record, Timestamp};
use fieldline_service::table::{self, Input};
use fieldline_service::{Server, TableError, jobs, question};
use fieldline_storage_sqlite::SqliteStorage;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use smtp::Smtp;
use tokio::task::JoinHandle;

const MORNING: i64 = 1_772_438_400_000;
const MINUTE: i64 = 60_000;

/// A server with a rule that tells Mia of incidents.
struct House {
    server: Arc<Server>,
    clock: Arc<AtomicI64>,
    rng: ChaCha8Rng,
}

impl House {
    fn new() -> Self {
        let (storage, mut rng) = (Arc::new(SqliteStorage::in_memory().unwrap()), ChaCha8Rng::seed_from_u64(7));
        let server = Server::open(storage, Dictionary::shipped().clone(), Timestamp(MORNING), &mut rng).unwrap();
        let mut house = Self { server: Arc::new(server), clock: Arc::new(AtomicI64::new(MORNING)), rng };
        let mia = house.create("sys_user", &[("user_name", "mia"), ("email", "mia@example.org")]).sys_id.to_string();
        house.create(
            "sysevent_email_action",
            &[
                ("name", "Told"),
                ("collection", "incident"),
                ("action_insert", "true"),
                ("action_update", "true"),
                ("recipient_users", &mia),
                ("subject", "Störung: {{short_description}}"),
                ("message", "{{category}}\n.\nBis später"),
            ],
        );
        house
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::Relaxed))
    }

    fn wait(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::Relaxed);
    }

    fn write<T>(&mut self, work: impl FnOnce(&mut fieldline_service::Call<'_>) -> Result<T, TableError>) -> T {
        let (system, now) = (self.server.system(), self.now());
        self.server.write(&system, now, &mut self.rng, work).unwrap()
    }

    fn create(&mut self, table: &str, fields: &[(&str, &str)]) -> DocumentId {
        self.write(|call| table::create(call, table, &Input::of(fields))).record.id
    }

    fn update(&mut self, id: &DocumentId, fields: &[(&str, &str)]) {
        self.write(|call| table::update(call, id.table.as_str(), id.sys_id, &Input::of(fields)));
    }

    fn outbox(&mut self) -> Vec<Record> {
        let query = Query::parse("ORDERBYsys_created_on").query;
        self.write(|call| question::query(call, "sys_email", &query, 100, 0)).records
    }

    fn begin_sending(&self, smtp: &Smtp) -> JoinHandle<std::convert::Infallible> {
        let mailer = Mailer::new(&smtp.url, None, "Service desk <desk@fieldline.example>").unwrap();
        let clock = self.clock.clone();
        let around = Surroundings {
            clock: Arc::new(move || Timestamp(clock.load(Ordering::Relaxed))),
            chance: Arc::new(|| Box::new(ChaCha8Rng::seed_from_u64(8))),
        };
        tokio::spawn(keep_sending(self.server.clone(), mailer, around))
    }

    /// Lets whoever sends look again, as it does by itself after a while.
    fn wake(&mut self) {
        self.create("incident", &[("short_description", "Wake")]);
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect(what);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_has_its_headers_and_the_next_about_the_same_record_answers_it() {
    let (mut house, smtp) = (House::new(), Smtp::begin().await);
    let sending = house.begin_sending(&smtp);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let reported = house.create("incident", &[("short_description", "Kein Netz"), ("category", "network")]);
    until("it wakes and sends", || smtp.letters().len() == 1).await;
    house.wait(MINUTE);
    house.update(&reported, &[("category", "hardware")]);
    until("it sends the second", || smtp.letters().len() == 2).await;
    until("it notes both", || house.outbox().iter().all(|mail| mail.text("state") == "sent")).await;
    let (letters, rows) = (smtp.letters(), house.outbox());
    let first = letters[0].header("Message-ID").unwrap();
    assert_eq!(first, format!("<{}@fieldline.example>", rows[0].id.sys_id));
    assert_eq!(letters[0].to, "mia@example.org");
    assert_eq!(letters[0].header("To").unwrap(), "mia@example.org");
    assert_eq!(letters[0].header("From").unwrap(), "\"Service desk\" <desk@fieldline.example>");
    assert_eq!(letters[0].header("Auto-Submitted").unwrap(), "auto-generated");
    assert_eq!(letters[0].header("Date").unwrap(), "Mon, 02 Mar 2026 08:00:00 +0000");
    assert_eq!(letters[0].header("In-Reply-To"), None);
    assert!(letters[0].header("Subject").unwrap().starts_with("INC"), "{letters:?}");
    assert!(letters[0].body().contains("network\r\n.\r\nBis sp"), "{letters:?}");
    assert_eq!(letters[1].header("In-Reply-To"), Some(first.clone()));
    assert_eq!(letters[1].header("References"), Some(first));
    assert_eq!(house.server.next_mail_due().unwrap(), None);
    sending.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_is_asked_again_ever_later_and_in_the_end_no_more_until_somebody_says_so() {
    let (mut house, smtp) = (House::new(), Smtp::begin().await);
    smtp.refuse(Some("451 try again later\r\n"));
    house.create("incident", &[("short_description", "No link")]);
    for attempt in 1..=8 {
        let sending = house.begin_sending(&smtp);
        until("it is asked", || smtp.asked() == attempt).await;
        let wait = 30_000 << attempt;
        let due = (attempt < 8).then(|| house.now().plus_milliseconds(wait));
        until("it is put off, or stopped", || house.server.next_mail_due().unwrap() == due).await;
        house.wait(wait);
        sending.abort();
    }
    until("it is stopped", || house.outbox()[0].text("state") == "failed").await;
    let stopped = house.write(|call| jobs::stopped(call, 10)).remove(0);
    assert!(stopped.problem.as_ref().is_some_and(|problem| problem.contains("451")), "{stopped:?}");
    smtp.refuse(None);
    let sending = house.begin_sending(&smtp);
    house.write(|call| jobs::retry(call, &stopped.name));
    until("it is sent", || house.outbox()[0].text("state") == "sent").await;
    assert_eq!(smtp.letters().len(), 1);
    sending.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dies_between_sending_and_saying_so_lets_the_same_mail_be_sent_again() {
    let (mut house, smtp) = (House::new(), Smtp::begin().await);
    house.create("incident", &[("short_description", "No link")]);
    let mailer = Mailer::new(&smtp.url, None, "desk@fieldline.example").unwrap();
    let now = house.now();
    let claimed = house.server.claim_mail(mailer.domain(), 10, now, &mut house.rng).unwrap().remove(0);
    mailer.send(&claimed, now).await.unwrap();
    let sending = house.begin_sending(&smtp);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(smtp.letters().len(), 1, "the claim is not over");
    house.wait(5 * MINUTE);
    house.wake();
    until("both are sent", || house.outbox().iter().all(|mail| mail.text("state") == "sent")).await;
    let mut ids: Vec<_> = smtp.letters().iter().map(|letter| letter.header("Message-ID").unwrap()).collect();
    ids.retain(|id| *id == claimed.message_id);
    assert_eq!((ids.len(), smtp.letters().len()), (2, 3), "twice, as the same mail, and the one that woke the sender");
    sending.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_for_good_is_not_asked_again() {
    let (mut house, smtp) = (House::new(), Smtp::begin().await);
    smtp.refuse(Some("550 no such mailbox\r\n"));
    house.create("incident", &[("short_description", "No link")]);
    let sending = house.begin_sending(&smtp);
    until("it is stopped", || house.outbox()[0].text("state") == "failed").await;
    assert_eq!((smtp.asked(), house.server.next_mail_due().unwrap()), (1, None));
    let stopped = house.write(|call| jobs::stopped(call, 10)).remove(0);
    assert!(stopped.problem.as_ref().is_some_and(|problem| problem.contains("550")), "{stopped:?}");
    sending.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_with_html_has_its_plain_text_first_and_nothing_filled_in_becomes_markup() {
    let (mut house, smtp) = (House::new(), Smtp::begin().await);
    let rule = house
        .write(|call| question::query(call, "sysevent_email_action", &Query::parse("name=Told").query, 10, 0))
        .records;
    house.update(&rule[0].id, &[("message_html", "<p>In <b>{{category}}</b></p>")]);
    house.create("incident", &[("short_description", "No link"), ("category", "<script>x</script>")]);
    let sending = house.begin_sending(&smtp);
    until("it is sent", || smtp.letters().len() == 1).await;
    let letter = &smtp.letters()[0];
    assert!(letter.header("Content-Type").is_some_and(|kind| kind.starts_with("multipart/alternative")), "{letter:?}");
    let (plain, html) = letter.body().split_once("Content-Type: text/html").expect("two parts");
    assert!(plain.contains("text/plain") && plain.contains("<script>x</script>"), "{plain}");
    assert!(html.contains("<p>In <b>&lt;script&gt;x&lt;&#x2F;script&gt;</b></p>"), "{html}");
    sending.abort();
}

#[tokio::test]
async fn what_cannot_be_sent_from_or_through_is_refused() {
    for (url, password, from, problem) in [
        ("smtp://mail.example.org", None, "desk", "\"desk\" is no address"),
        ("mail.example.org", None, "desk@example.org", "is written smtp://"),
        ("smtp://desk@mail.example.org", None, "desk@example.org", "there is no password for desk"),
        ("smtp://mail.example.org", Some("secret"), "desk@example.org", "there is a password and no name"),
    ] {
        let refused = Mailer::new(url, password, from).err().expect(problem).to_string();
        assert!(refused.contains(problem) && !refused.contains("secret"), "{refused}");
    }
    for url in ["smtp://desk@mail.example.org", "smtps://desk@mail.example.org"] {
        let mailer = Mailer::new(url, Some("secret"), "desk@example.org").unwrap();
        assert_eq!(mailer.domain(), "example.org");
    }
}
