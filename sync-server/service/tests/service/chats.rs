//! Chats: who is let in, what is said in which order, and that nobody waits for ever.

use fieldline_model::{DocumentId, Record, SysId};
use fieldline_service::chat::{self, Begun, Message, Visitor};
use fieldline_service::interactions;
use fieldline_service::{Call, Caller, TableError};

use crate::house::House;

const SECOND: i64 = 1_000;

struct Room {
    house: House,
    agent: Caller,
    ann: Caller,
    contact: SysId,
}

impl Room {
    fn new() -> Self {
        let mut house = House::new();
        let agent = house.person("ada", "Ada Agent", &["case_agent"]);
        let ann = house.person("ann", "Ann Lee", &["customer"]);
        let (system, user) = (house.server.system(), ann.user.to_string());
        let fields = [("name", "Ann Lee"), ("email", "ann@boxwood.example"), ("user", user.as_str())];
        let contact = house.create(&system, "customer_contact", &fields).unwrap().record.id.sys_id;
        Self { house, agent, ann, contact }
    }

    fn write<T>(&mut self, work: impl FnOnce(&mut Call<'_>) -> Result<T, TableError>) -> Result<T, TableError> {
        let system = self.house.server.system();
        self.house.server.write(&system, self.house.now, &mut self.house.rng, work)
    }

    fn property(&mut self, name: &str, value: &str) {
        let system = self.house.server.system();
        self.house.create(&system, "sys_properties", &[("name", name), ("value", value)]).unwrap();
    }

    fn begin(&mut self, visitor: &Visitor, text: &str) -> Result<Begun, TableError> {
        self.write(|call| chat::begin(call, visitor, text))
    }

    fn say(&mut self, visitor: &Visitor, chat: SysId, text: &str) -> Result<(), TableError> {
        self.write(|call| chat::say_as_visitor(call, visitor, chat, text))
    }

    fn answer(&mut self, chat: SysId, text: &str) -> Result<(), TableError> {
        let agent = self.agent.clone();
        self.house
            .server
            .write(&agent, self.house.now, &mut self.house.rng, |call| chat::say_as_agent(call, chat, text))
    }

    fn said(&mut self, chat: SysId, after: i64) -> Vec<Message> {
        self.write(|call| {
            let row = call_row(call, chat);
            chat::said_after(call, &row, after)
        })
        .unwrap()
    }

    fn row(&mut self, chat: SysId) -> Record {
        let system = self.house.server.system();
        self.house.get(&system, &DocumentId::new("interaction", chat)).unwrap().record
    }

    fn take(&mut self, chat: SysId) {
        let (agent, user) = (self.agent.clone(), self.agent.user.to_string());
        let fields = [("assigned_to", user.as_str()), ("state", "work_in_progress")];
        self.house.update(&agent, &DocumentId::new("interaction", chat), &fields).unwrap();
    }
}

fn call_row(call: &Call<'_>, chat: SysId) -> Record {
    call.tx.record(&DocumentId::new("interaction", chat)).unwrap().unwrap().1
}

#[test]
fn what_is_said_has_numbers_and_becomes_the_transcript() {
    let mut room = Room::new();
    let ann = Visitor::User(room.ann.clone());
    let begun = room.begin(&ann, "My pump leaks\nsince Monday").unwrap();
    let chat = begun.chat.id.sys_id;
    assert_eq!((begun.chat.text("type"), begun.chat.text("short_description")), ("chat", "My pump leaks"));
    assert_eq!(
        (begun.chat.reference("opened_for"), begun.chat.reference("contact")),
        (Some(room.ann.user), Some(room.contact))
    );
    assert!(matches!(room.answer(chat, "Hello"), Err(TableError::Denied { .. })), "it is not hers yet");
    room.take(chat);
    room.answer(chat, "Which pump?").unwrap();
    room.say(&ann, chat, "The left one").unwrap();
    let said: Vec<(i64, String, String, String)> =
        room.said(chat, 0).into_iter().map(|one| (one.order, one.by, one.name, one.text)).collect();
    let one = |order, by: &str, name: &str, text: &str| (order, by.to_owned(), name.to_owned(), text.to_owned());
    let expected = [
        one(1, "customer", "Ann Lee", "My pump leaks\nsince Monday"),
        one(2, "agent", "Ada Agent", "Which pump?"),
        one(3, "customer", "Ann Lee", "The left one"),
    ];
    assert_eq!(said, expected);
    assert_eq!(room.said(chat, 2).len(), 1, "whoever comes back is told the rest");
    let agent = room.agent.clone();
    let closed = room
        .house
        .server
        .write(&agent, room.house.now, &mut room.house.rng, |call| interactions::close(call, chat, "solved", ""));
    let transcript = closed.unwrap().text("transcript").to_owned();
    assert!(transcript.contains("Ada Agent: Which pump?") && transcript.lines().count() == 4, "{transcript}");
    let refused = room.say(&ann, chat, "And?").unwrap_err();
    assert!(refused.to_string().contains("is over"), "{refused}");
}

#[test]
fn only_who_is_let_in_chats_and_only_in_their_own() {
    let mut room = Room::new();
    let guest = Visitor::Guest { name: "Cy".into(), email: "cy@elsewhere.example".into() };
    assert!(matches!(room.begin(&guest, "Hi"), Err(TableError::Denied { .. })));
    room.property("fieldline.chat.guests", "true");
    for (name, email) in [("", "cy@elsewhere.example"), ("Cy", "nowhere")] {
        let nobody = Visitor::Guest { name: name.into(), email: email.into() };
        assert!(matches!(room.begin(&nobody, "Hi"), Err(TableError::Denied { .. })), "{name} {email}");
    }
    let begun = room.begin(&guest, "Hi").unwrap();
    let (chat, own) = (begun.chat.id.sys_id, Visitor::Pass(begun.pass.clone()));
    assert_eq!(begun.chat.text("guest_email"), "cy@elsewhere.example");
    room.say(&own, chat, "It is me").unwrap();
    let others = [
        guest,
        Visitor::User(room.ann.clone()),
        Visitor::Pass(String::new()),
        Visitor::Pass(begun.pass.replace(|letter: char| letter.is_ascii_lowercase(), "a")),
    ];
    for other in &others {
        assert!(matches!(room.say(other, chat, "Me, too"), Err(TableError::NotFound(_))), "{other:?}");
    }
    let anns = room.begin(&Visitor::User(room.ann.clone()), "Mine").unwrap();
    assert!(matches!(room.say(&own, anns.chat.id.sys_id, "Yours"), Err(TableError::NotFound(_))));
    room.house.wait(24 * 60 * 60 * SECOND);
    assert!(matches!(room.say(&own, chat, "Late"), Err(TableError::NotFound(_))), "a pass is good for a day");
}

#[test]
fn a_contact_with_a_pass_chats_without_signing_in() {
    let mut room = Room::new();
    let (agent, contact, mia) = (room.agent.clone(), room.contact, room.house.mia.clone());
    let issue = |room: &mut Room, by: &Caller| {
        room.house.server.read(by, room.house.now, &mut room.house.rng, |call| chat::issue(call, contact))
    };
    assert!(issue(&mut room, &mia).is_err());
    let pass = issue(&mut room, &agent).unwrap();
    let begun = room.begin(&Visitor::Pass(pass.clone()), "Hello").unwrap();
    assert_eq!(begun.chat.reference("contact"), Some(contact));
    room.say(&Visitor::Pass(pass), begun.chat.id.sys_id, "Again").unwrap();
    assert!(room.begin(&Visitor::Pass(begun.pass), "Another").is_err(), "the pass of a chat is for that chat");
}

#[test]
fn nobody_says_too_much_or_too_often() {
    let mut room = Room::new();
    let ann = Visitor::User(room.ann.clone());
    for bad in ["", " \n", &"x".repeat(4_001)] {
        assert!(room.begin(&ann, bad).is_err());
    }
    let chat = room.begin(&ann, "1").unwrap().chat.id.sys_id;
    let said = (0..40).filter(|_| room.say(&ann, chat, "more").is_ok()).count();
    assert_eq!(said, 29);
    room.house.wait(60 * SECOND);
    room.say(&ann, chat, "later").unwrap();
}

#[test]
fn a_chat_that_nobody_takes_is_offered_a_case_with_what_was_said() {
    let mut room = Room::new();
    room.property("fieldline.chat.guests", "true");
    let guest = Visitor::Guest { name: "Cy New".into(), email: "cy@elsewhere.example".into() };
    let begun = room.begin(&guest, "It smokes").unwrap();
    let (chat, own) = (begun.chat.id.sys_id, Visitor::Pass(begun.pass));
    room.house.wait(119 * SECOND);
    room.house.ring();
    assert_eq!(room.said(chat, 1), []);
    room.house.wait(SECOND);
    room.house.ring();
    assert!(room.said(chat, 1)[0].text.contains("open a case"));
    let case = room.write(|call| chat::case_instead(call, &own, chat)).unwrap();
    assert_eq!((case.text("contact_type"), case.text("short_description")), ("chat", "It smokes"));
    assert!(case.text("description").contains("Cy New: It smokes"), "{case:?}");
    let system = room.house.server.system();
    let contact = DocumentId::new("customer_contact", case.reference("contact").unwrap());
    assert_eq!(room.house.get(&system, &contact).unwrap().record.text("email"), "cy@elsewhere.example");
    assert_eq!(room.row(chat).text("state"), "closed_abandoned");
    let again = room.write(|call| chat::case_instead(call, &own, chat)).unwrap();
    assert_eq!(again.id, case.id, "once however often it is asked for");
}

#[test]
fn a_case_is_opened_at_once_where_an_organisation_says_so_and_none_for_a_chat_that_was_taken() {
    let mut room = Room::new();
    room.property("fieldline.chat.case_instead", "open");
    let ann = Visitor::User(room.ann.clone());
    let waits = room.begin(&ann, "One").unwrap().chat.id.sys_id;
    let taken = room.begin(&ann, "Two").unwrap().chat.id.sys_id;
    room.take(taken);
    room.house.wait(120 * SECOND);
    room.house.ring();
    let agent = room.agent.clone();
    assert_eq!(room.house.query(&agent, "sn_customerservice_case", "").len(), 1);
    assert_eq!(
        (room.row(waits).text("state").to_owned(), room.row(taken).text("state").to_owned()),
        ("closed_abandoned".into(), "work_in_progress".into())
    );
    room.write(|call| chat::leave(call, &ann, taken)).unwrap();
    assert_eq!(room.row(taken).text("state"), "closed_complete");
}

#[test]
fn articles_that_may_help_are_named_first_of_those_the_customer_may_read() {
    let mut room = Room::new();
    let system = room.house.server.system();
    for (title, state) in [("Leaking pump: tighten the valve", "published"), ("Leaking pump secrets", "draft")] {
        let fields = [("short_description", title), ("text", "Tighten the valve."), ("workflow_state", state)];
        room.house.create(&system, "kb_knowledge", &fields).unwrap();
    }
    room.house.server.index_due(1_000, room.house.now, &mut room.house.rng).unwrap();
    let visible = room.house.query(&room.ann.clone(), "kb_knowledge", "workflow_state=published").len();
    let chat = room.begin(&Visitor::User(room.ann.clone()), "my pump is leaking").unwrap().chat.id.sys_id;
    let said = room.said(chat, 1);
    assert_eq!(said.len(), visible, "{said:?}");
    assert!(said.iter().all(|one| one.text.contains("tighten the valve") && !one.text.contains("secrets")), "{said:?}");
}

#[test]
fn who_opened_a_case_is_mailed_the_articles_they_have_not_read_when_that_is_on() {
    let mut room = Room::new();
    let system = room.house.server.system();
    let user = DocumentId::new("sys_user", room.ann.user);
    room.house.update(&system, &user, &[("email", "ann@boxwood.example")]).unwrap();
    let mut articles = Vec::new();
    for title in ["Leaking pump: tighten the valve", "Leaking pump: change the seal"] {
        let fields = [("short_description", title), ("text", "Do it."), ("workflow_state", "published")];
        articles.push(room.house.create(&system, "kb_knowledge", &fields).unwrap().record.id.sys_id);
    }
    room.house.server.index_due(1_000, room.house.now, &mut room.house.rng).unwrap();
    let (ann, contact, read) = (room.ann.clone(), room.contact.to_string(), articles[0]);
    let led = fieldline_service::knowledge::used::Led::default();
    room.house
        .server
        .write(&ann, room.house.now, &mut room.house.rng, |call| {
            fieldline_service::knowledge::used::note_view(call, read, led)
        })
        .unwrap();
    let case = [("short_description", "my pump is leaking"), ("contact", contact.as_str())];
    let mails = |room: &mut Room| {
        room.house.ring();
        room.house.query(&room.house.server.system(), "sys_email", "")
    };
    room.house.create(&system, "sn_customerservice_case", &case).unwrap();
    assert_eq!(mails(&mut room).len(), 0, "it is off");
    room.property("fieldline.case.auto_responder", "true");
    let opened = room.house.create(&system, "sn_customerservice_case", &case).unwrap().record;
    let [mail] = &mails(&mut room)[..] else { panic!("one mail") };
    assert_eq!(
        (mail.text("recipients"), mail.text("instance")),
        ("ann@boxwood.example", &*opened.id.sys_id.to_string())
    );
    assert!(mail.text("body").contains("change the seal") && !mail.text("body").contains("tighten"), "{mail:?}");
    room.house.wait(31 * crate::house::DAY);
    room.house.create(&system, "sn_customerservice_case", &case).unwrap();
    let all = mails(&mut room);
    assert!(all.iter().any(|mail| mail.text("body").contains("tighten")), "what was read a month ago is named again");
}
