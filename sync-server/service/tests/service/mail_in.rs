//! Mail that comes in: what it becomes, for whom, and what it never does.

use fieldline_model::{DocumentId, Record, SysId};
use fieldline_service::mail_in::{self, Outcome, Received};
use fieldline_service::{Caller, TableError};
use rand_core::Rng;

use crate::house::House;

const CASES: &str = "sn_customerservice_case";
const HOUR: i64 = 3_600_000;

/// A desk with a customer who signs in, one who does not, and a gateway that hands mail in.
struct Post {
    house: House,
    gateway: Caller,
    agent: Caller,
    group: String,
    ann: SysId,
    ann_user: SysId,
}

impl Post {
    fn new() -> Self {
        let mut house = House::new();
        let gateway = house.person("gateway", "Gateway", &["integration"]);
        let agent = house.person("ada", "Ada Agent", &["case_agent"]);
        let user = house.person("ann", "Ann Lee", &["customer"]);
        let mut post = Self { house, gateway, agent, group: String::new(), ann: SysId([0; 16]), ann_user: user.user };
        let account =
            post.made("customer_account", &[("name", "Boxwood"), ("email_domains", "boxwood.example, box.example")]);
        let user = post.ann_user.to_string();
        let ann = [("name", "Ann Lee"), ("email", "ann@boxwood.example"), ("account", &account), ("user", &user)];
        post.ann = post.made("customer_contact", &ann).parse().unwrap();
        let bob = [("name", "Bob Box"), ("email", "bob@boxwood.example"), ("account", &account)];
        post.made("customer_contact", &bob);
        post.group = post.made("sys_user_group", &[("name", "Desk")]);
        let (group, ada) = (post.group.clone(), post.agent.user.to_string());
        post.made("sys_user_grmember", &[("group", &group), ("user", &ada)]);
        post
    }

    fn made(&mut self, table: &str, fields: &[(&str, &str)]) -> String {
        let system = self.house.server.system();
        self.house.create(&system, table, fields).unwrap().record.id.sys_id.to_string()
    }

    fn property(&mut self, name: &str, value: &str) {
        self.made("sys_properties", &[("name", name), ("value", value)]);
    }

    fn take(&mut self, raw: &[u8]) -> Received {
        let gateway = self.gateway.clone();
        self.house
            .server
            .write(&gateway, self.house.now, &mut self.house.rng, |call| mail_in::receive(call, raw))
            .unwrap()
    }

    /// A mail with these headers and this text.
    fn mail(&mut self, headers: &str, text: &str) -> Outcome {
        self.take(format!("{headers}\n\n{text}").replace('\n', "\r\n").as_bytes()).outcome
    }

    fn case(&mut self, outcome: &Outcome) -> Record {
        let (system, id) = (self.house.server.system(), outcome.record().expect("a record").clone());
        self.house.get(&system, &id).unwrap().record
    }

    /// What was said in a record: by whom, and what; comments or notes.
    fn said(&mut self, id: &DocumentId, inside: bool) -> Vec<(SysId, String)> {
        let system = self.house.server.system();
        let detail = self.house.get(&system, id).unwrap().projection_of_document.unwrap();
        let entries = if inside { detail.work_notes } else { detail.comments };
        entries.into_iter().map(|entry| (entry.by, entry.what.text)).collect()
    }

    fn files(&mut self, id: SysId) -> Vec<String> {
        let system = self.house.server.system();
        let rows = self.house.query(&system, "sys_attachment", &format!("table_sys_id={id}"));
        rows.iter().map(|row| row.text("file_name").to_owned()).collect()
    }

    fn rows(&mut self, table: &str) -> usize {
        let system = self.house.server.system();
        self.house.query(&system, table, "").len()
    }

    /// A case of Ann's that was made by mail.
    fn anns_case(&mut self) -> Record {
        let opened = self.mail("From: ann@boxwood.example\nMessage-ID: <first@boxwood>\nSubject: Leak", "It leaks.");
        self.case(&opened)
    }
}

#[test]
fn only_a_gateway_hands_mail_in() {
    let mut post = Post::new();
    let agent = post.agent.clone();
    let refused = post
        .house
        .server
        .write(&agent, post.house.now, &mut post.house.rng, |call| mail_in::receive(call, b"From: a@b\n\nx"));
    assert!(matches!(refused, Err(TableError::Denied { .. })), "{refused:?}");
}

#[test]
fn a_known_sender_opens_a_case_in_their_own_name_once_however_often_the_mail_comes() {
    let mut post = Post::new();
    let case = post.anns_case();
    assert_eq!(case.id.table.as_str(), CASES);
    assert_eq!((case.text("short_description"), case.text("description")), ("Leak", "It leaks."));
    assert_eq!((case.text("contact_type"), case.reference("contact")), ("email", Some(post.ann)));
    assert_eq!((case.reference("opened_by"), case.reference("account").is_some()), (Some(post.ann_user), true));
    let again = post.mail("From: ann@boxwood.example\nMessage-ID: <first@boxwood>\nSubject: Leak", "It leaks.");
    assert_eq!((again, post.rows(CASES), post.rows("interaction")), (Outcome::KnownBefore, 1, 1));
    let system = post.house.server.system();
    let interaction = post.house.query(&system, "interaction", "").remove(0);
    assert_eq!((interaction.text("type"), interaction.text("state")), ("email", "closed_complete"));
    let rows = post.house.query(&system, "sys_email", "type=received");
    assert_eq!((rows.len(), rows[0].text("instance")), (1, &*case.id.sys_id.to_string()));
    let nameless = post.mail("From: ann@boxwood.example\nSubject: No name", "x");
    assert!(matches!(nameless, Outcome::Opened(_)));
    assert_eq!(post.mail("From: ann@boxwood.example\nSubject: No name", "x"), Outcome::KnownBefore);
}

#[test]
fn an_answer_is_found_by_the_mail_it_answers_and_else_by_the_number_in_its_subject() {
    let mut post = Post::new();
    let case = post.anns_case();
    let by_reference = post.mail(
        "From: ann@boxwood.example\nMessage-ID: <second@boxwood>\nReferences: <other@x> <first@boxwood>\nSubject: Re: thing",
        "More water.\n\nOn Monday, Desk <desk@example.org> wrote:\n> It leaks.",
    );
    assert_eq!(by_reference, Outcome::Commented(case.id.clone()));
    let number = case.text("number").to_lowercase();
    let by_number = post.mail(&format!("From: ann@boxwood.example\nSubject: Re: [{number}] Leak"), "Even more.");
    assert_eq!(by_number, Outcome::Commented(case.id.clone()));
    let ann = post.ann_user;
    assert_eq!(post.said(&case.id, false), [(ann, "More water.".to_owned()), (ann, "Even more.".to_owned())]);
    assert_eq!(post.rows(CASES), 1);
    let to_the_answer = post.mail("From: ann@boxwood.example\nIn-Reply-To: <second@boxwood>\nSubject: x", "And on.");
    assert_eq!(to_the_answer, Outcome::Commented(case.id));
}

#[test]
fn an_answer_to_a_mail_that_was_sent_is_found_by_its_message_id() {
    let mut post = Post::new();
    let contact = post.ann.to_string();
    let case = post.made(CASES, &[("short_description", "Leak"), ("contact", &contact)]);
    let rule = [
        ("name", "Told"),
        ("collection", CASES),
        ("action_update", "true"),
        ("recipient_fields", "contact"),
        ("subject", "News"),
        ("message", "{{comments}}"),
    ];
    post.made("sysevent_email_action", &rule);
    let user = DocumentId::new("sys_user", post.ann_user);
    let system = post.house.server.system();
    post.house.update(&system, &user, &[("email", "ann@boxwood.example")]).unwrap();
    let id = DocumentId::new(CASES, case.parse().unwrap());
    let agent = post.agent.clone();
    post.house.update(&agent, &id, &[("comments", "Which valve?")]).unwrap();
    let sent = post.house.server.claim_mail("desk.example", 10, post.house.now, &mut post.house.rng).unwrap().remove(0);
    assert_eq!(sent.to, "ann@boxwood.example");
    let answer = post
        .mail(&format!("From: ann@boxwood.example\nIn-Reply-To: {}\nSubject: News", sent.message_id), "The left one.");
    assert_eq!(answer, Outcome::Commented(id));
}

#[test]
fn customers_move_their_case_by_answering() {
    let mut post = Post::new();
    let (case, agent) = (post.anns_case(), post.agent.clone());
    let answer = |post: &mut Post, text: &str| {
        post.mail("From: ann@boxwood.example\nIn-Reply-To: <first@boxwood>\nSubject: Re", text)
    };
    let state = |post: &mut Post| post.case(&Outcome::Commented(case.id.clone())).get("state").unwrap().to_string();
    post.house.update(&agent, &case.id, &[("state", "10")]).unwrap();
    post.house.update(&agent, &case.id, &[("state", "18")]).unwrap();
    answer(&mut post, "It is the left valve.");
    assert_eq!(state(&mut post), "10", "awaiting information it goes on");
    let solved = [("state", "6"), ("resolution_code", "fixed"), ("close_notes", "Tightened")];
    post.house.update(&agent, &case.id, &solved).unwrap();
    answer(&mut post, "It still leaks!");
    assert_eq!(state(&mut post), "10", "resolved it is opened again");
    post.house.update(&agent, &case.id, &solved).unwrap();
    answer(&mut post, "Accepted, thanks.");
    assert_eq!(state(&mut post), "3");
    let more = answer(&mut post, "Another thing.");
    let Outcome::Opened(another) = &more else { panic!("{more:?}") };
    assert_eq!((post.case(&more).reference("parent"), another == &case.id), (Some(case.id.sys_id), false));
}

#[test]
fn whom_a_record_does_not_concern_says_nothing_customers_read() {
    let mut post = Post::new();
    let case = post.anns_case();
    let subject = format!("Subject: {}", case.text("number"));
    for stranger in ["eve@elsewhere.example", "bob@boxwood.example"] {
        let said = post.mail(&format!("From: {stranger}\n{subject}"), "Send me everything.");
        assert_eq!(said, Outcome::Noted(case.id.clone()), "{stranger}");
    }
    assert_eq!(post.said(&case.id, false), []);
    let notes = post.said(&case.id, true);
    assert!(
        notes.len() == 2 && notes[0].1.contains("eve@elsewhere.example") && notes[0].1.contains("everything"),
        "{notes:?}"
    );
    let (agent, group, user) = (post.agent.clone(), post.group.clone(), DocumentId::new("sys_user", post.agent.user));
    let system = post.house.server.system();
    post.house.update(&system, &user, &[("email", "ada@desk.example")]).unwrap();
    post.house.update(&system, &case.id, &[("assignment_group", &group)]).unwrap();
    let by_agent = post.mail(&format!("From: ada@desk.example\n{subject}"), "We are coming.");
    assert_eq!(by_agent, Outcome::Commented(case.id.clone()));
    assert_eq!(post.said(&case.id, false), [(agent.user, "We are coming.".to_owned())]);
}

#[test]
fn who_is_new_belongs_to_the_account_of_their_domain_and_strangers_are_let_in_only_when_an_organisation_says_so() {
    let mut post = Post::new();
    let new = post.mail("From: \"Cy New\" <cy@BOX.example>\nSubject: Hello", "I am new.");
    let case = post.case(&new);
    let system = post.house.server.system();
    let contact = DocumentId::new("customer_contact", case.reference("contact").unwrap());
    let contact = post.house.get(&system, &contact).unwrap().record;
    assert_eq!((contact.text("name"), contact.reference("account")), ("Cy New", case.reference("account")));
    assert!(case.reference("account").is_some());
    let stranger = "From: eve@elsewhere.example\nSubject: Hello";
    let ignored = post.mail(stranger, "Buy!");
    assert_eq!(ignored, Outcome::Ignored("nobody here knows its sender".into()));
    assert_eq!(post.house.query(&system, "sys_email", "state=ignored").len(), 1, "it is kept");
    post.property("fieldline.mail.unknown_senders", "case");
    let taken = post.mail(stranger, "Now?");
    assert_eq!(post.case(&taken).reference("account"), None);
}

#[test]
fn somebody_of_the_house_opens_an_incident() {
    let mut post = Post::new();
    let (system, dora) = (post.house.server.system(), post.house.dora.user);
    post.house.update(&system, &DocumentId::new("sys_user", dora), &[("email", "dora@house.example")]).unwrap();
    let opened = post.mail("From: dora@house.example\nSubject: No network", "Since eight.");
    let incident = post.case(&opened);
    assert_eq!((incident.id.table.as_str(), incident.reference("caller_id")), ("incident", Some(dora)));
}

#[test]
fn files_of_the_wrong_kind_or_size_are_refused_in_a_note_and_everything_else_is_taken() {
    let mut post = Post::new();
    let part = |name: &str, kind: &str, bytes: &[u8]| {
        let coded = base64_of(bytes);
        format!(
            "--b\nContent-Type: {kind}\nContent-Disposition: attachment; filename=\"{name}\"\nContent-Transfer-Encoding: base64\n\n{coded}\n"
        )
    };
    let mail = [
        "From: ann@boxwood.example\nSubject: Photos\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSee these.\n"
            .to_owned(),
        part("leak.jpg", "image/jpeg", b"picture"),
        part("tool.exe", "application/octet-stream", b"MZ"),
        part("photo.jpg.js", "image/jpeg", b"alert()"),
        part("huge.pdf", "application/pdf", &vec![7; 100 << 20]),
        "--b--\n".to_owned(),
    ];
    let opened = post.take(mail.concat().as_bytes()).outcome;
    let case = post.case(&opened);
    assert_eq!(case.text("description"), "See these.");
    assert_eq!(post.files(case.id.sys_id), ["leak.jpg"]);
    let notes = post.said(&case.id, true);
    let [(_, note)] = &notes[..] else { panic!("{notes:?}") };
    for name in ["tool.exe", "photo.jpg.js", "huge.pdf"] {
        assert!(note.contains(name), "{name}: {note}");
    }
    assert!(!note.contains("leak.jpg"), "{note}");
}

fn base64_of(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut coded = String::with_capacity(bytes.len() / 3 * 4 + 4);
    for three in bytes.chunks(3) {
        let word = three.iter().chain([&0, &0]).take(3).fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            coded.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    coded
}

#[test]
fn programs_our_own_address_and_too_much_mail_are_kept_and_not_answered() {
    let mut post = Post::new();
    post.property("fieldline.mail.own_addresses", "desk@desk.example, help@desk.example");
    post.property("fieldline.mail.most_per_hour", "5");
    for headers in [
        "From: ann@boxwood.example\nAuto-Submitted: auto-replied\nSubject: Away",
        "From: ann@boxwood.example\nPrecedence: bulk\nSubject: News",
        "From: Help@Desk.example\nSubject: Ours",
        "Subject: Nobody's",
        "From: ann@boxwood.example\nFrom: eve@elsewhere.example\nSubject: Two",
        "From: ann@boxwood.example\nReturn-Path: <>\nSubject: Null",
    ] {
        let outcome = post.mail(headers, "x");
        assert!(matches!(outcome, Outcome::Ignored(_)), "{headers}: {outcome:?}");
    }
    assert_eq!((post.rows(CASES), post.rows("sys_email")), (0, 6));
    let many: Vec<Outcome> =
        (0..8).map(|n| post.mail(&format!("From: ann@boxwood.example\nSubject: {n}"), "x")).collect();
    let ignored =
        many.iter().filter(|outcome| matches!(outcome, Outcome::Ignored(why) if why.contains("within an hour")));
    assert_eq!((ignored.count(), post.rows(CASES)), (3, 5));
    post.house.wait(HOUR);
    assert!(matches!(post.mail("From: ann@boxwood.example\nSubject: later", "x"), Outcome::Opened(_)));
}

#[test]
fn two_programs_that_answer_each_other_come_to_rest() {
    let mut post = Post::new();
    let rule = [
        ("name", "Echo"),
        ("collection", CASES),
        ("action_insert", "true"),
        ("action_update", "true"),
        ("recipient_fields", "contact"),
        ("send_self", "true"),
        ("subject", "We heard you"),
        ("message", "{{comments}}"),
    ];
    post.made("sysevent_email_action", &rule);
    let user = DocumentId::new("sys_user", post.ann_user);
    let system = post.house.server.system();
    post.house.update(&system, &user, &[("email", "ann@boxwood.example")]).unwrap();
    post.mail("From: ann@boxwood.example\nMessage-ID: <0@boxwood>\nSubject: Start", "Help");
    let mut rounds = 0;
    while let Some(sent) =
        post.house.server.claim_mail("desk.example", 1, post.house.now, &mut post.house.rng).unwrap().pop()
    {
        rounds += 1;
        assert!(rounds < 100, "it never ends");
        post.house.server.mail_sent(&sent, post.house.now, &mut post.house.rng).unwrap();
        // A program that says of itself nothing at all.
        let answer = format!(
            "From: ann@boxwood.example\nMessage-ID: <{rounds}@boxwood>\nIn-Reply-To: {}\nSubject: Re",
            sent.message_id
        );
        post.mail(&answer, &format!("I am away ({rounds})"));
        post.house.wait(60_000);
    }
    assert!((1..=25).contains(&rounds), "{rounds}");
}

#[test]
fn a_report_of_mail_that_did_not_arrive_is_noted_where_the_mail_is_and_in_its_record() {
    let mut post = Post::new();
    let contact = post.ann.to_string();
    let case = post.made(CASES, &[("short_description", "Leak"), ("contact", &contact)]);
    let rule = [
        ("name", "T"),
        ("collection", CASES),
        ("action_update", "true"),
        ("recipient_fields", "contact"),
        ("subject", "N"),
        ("message", "M"),
    ];
    post.made("sysevent_email_action", &rule);
    let (user, system) = (DocumentId::new("sys_user", post.ann_user), post.house.server.system());
    post.house.update(&system, &user, &[("email", "ann@boxwood.example")]).unwrap();
    let (id, agent) = (DocumentId::new(CASES, case.parse().unwrap()), post.agent.clone());
    post.house.update(&agent, &id, &[("comments", "Hello")]).unwrap();
    let sent = post.house.server.claim_mail("desk.example", 10, post.house.now, &mut post.house.rng).unwrap().remove(0);
    post.house.server.mail_sent(&sent, post.house.now, &mut post.house.rng).unwrap();
    let report = format!(
        "From: MAILER-DAEMON@mx.example\nReturn-Path: <>\nMessage-ID: <report@mx>\nSubject: Undelivered\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n--b\n\
         Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; ann@boxwood.example\nAction: failed\nStatus: 5.1.1\n\n\
         --b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {}\n--b--",
        sent.message_id
    );
    assert_eq!(post.mail(&report, ""), Outcome::Bounced);
    let mail = post.house.get(&system, &DocumentId::new("sys_email", sent.id)).unwrap().record;
    assert_eq!((mail.text("state"), mail.text("error_string").contains("5.1.1")), ("failed", true));
    let notes = post.said(&id, true);
    assert!(notes.iter().any(|(_, text)| text.contains("ann@boxwood.example") && text.contains("5.1.1")), "{notes:?}");
}

/// Mails nobody honest writes, by chance and by hand.
fn odd_mail(rng: &mut impl Rng, number: u32) -> Vec<u8> {
    const PIECES: [&str; 28] = [
        "From: ann@boxwood.example\r\n",
        "From: =?utf-8?B?////?= <ann@boxwood.example>\r\n",
        "From: \"a\\\"@b\" <ann@boxwood.example>, c@d\r\n",
        "Subject: =?x-unknown?Q?=FF=FE?= =?utf-8?Q?=0D=0ABcc:_x?=\r\n",
        "Subject: CS0001001\r\n",
        "Subject: \u{202e}\u{0}\u{1b}[2J\r\n",
        "Message-ID: <<<>>>\r\n",
        "Message-ID: \r\n",
        "References: <a <b> c> <first@boxwood\r\n",
        "Date: Thu, 99 Foo 99999 25:61:61 +9999\r\n",
        "Content-Type: multipart/mixed; boundary=\"\"\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n",
        "Content-Type: multipart/alternative; boundary=b\r\n",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n",
        "Content-Type: message/delivery-status\r\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Type: text/plain; charset=utf-7\r\n",
        "Content-Type: text/html; charset=iso-2022-jp; name*0*=utf-8''%ff; name*1=x\r\n",
        "Content-Type: ;;;=\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Disposition: attachment; filename=\"../../\u{0}x.png\"\r\n",
        "\r\n",
        "--b\r\n",
        "--b--\r\n",
        "<script><!-- &#x110000; &unknown; <p",
        "=00=FF=\r\n==ZZ AAAA====\r\n",
        "\u{fffd}\u{0}\u{7f}\r\r\n\n",
    ];
    let mut mail = Vec::new();
    for _ in 0..rng.next_u32() % 40 {
        mail.extend_from_slice(PIECES[rng.next_u32() as usize % PIECES.len()].as_bytes());
    }
    for _ in 0..rng.next_u32() % 8 {
        let at = rng.next_u32() as usize % (mail.len() + 1);
        mail.insert(at, (rng.next_u32() & 0xff) as u8);
    }
    mail.extend_from_slice(format!("\r\n{number}").as_bytes());
    mail
}

#[test]
fn two_hundred_odd_mails_harm_nothing_and_each_is_kept() {
    use rand_core::SeedableRng;
    let mut post = Post::new();
    post.property("fieldline.mail.unknown_senders", "case");
    post.property("fieldline.mail.most_per_hour", "1000");
    let case = post.anns_case();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
    let mut kept = 0;
    for number in 0..200 {
        let taken = post.take(&odd_mail(&mut rng, number));
        kept += usize::from(taken.outcome != Outcome::KnownBefore);
    }
    assert!(kept > 150, "most are different mails: {kept}");
    assert_eq!(post.rows("sys_email"), kept + 1);
    let system = post.house.server.system();
    for row in post.house.query(&system, "sys_email", "") {
        let texts = row.fields.values().filter_map(fieldline_model::Value::as_text);
        let is_clean = |text: &str| !text.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t');
        assert!(texts.clone().all(is_clean), "{row:?}");
        assert!(!row.text("subject").contains('\n') && !row.text("state").is_empty(), "{row:?}");
    }
    let honest = post.mail("From: ann@boxwood.example\nIn-Reply-To: <first@boxwood>\nSubject: Re", "Still here.");
    assert_eq!(honest, Outcome::Commented(case.id), "honest mail goes on");
}
