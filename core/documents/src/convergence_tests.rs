//! Phones that edit one record and hear of each other in any order end up with the same record, and nobody's deed is lost.
//!
//! The oracle beside each property is deliberately naive: it keeps, for each edit, the set of edits its author knew of.

use std::collections::{BTreeMap, BTreeSet};

use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ObjType, ROOT, ReadDoc};
use fieldline_model::life_cycle::StepId;
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{DeviceId, Dictionary, SysId, Timestamp, Value};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::document::{ApplyError, Document};
use crate::edit::{Act, ChangeHash, Edit, EditId};
use crate::journal::Entry;
use crate::project::Projection;
use crate::testing::{answer, attach, edit, note, set, step, task};

const FIELD: &str = "category_note";
const STEPS: [&str; 8] = ["qualify", "assign", "accept", "start_work", "pause", "resume", "complete", "cancel"];

/// What one phone does next.
#[derive(Debug, Clone)]
enum Deed {
    Write(u8),
    Empty,
    Confirm,
    Include(u8),
    Exclude(u8),
    Note,
    Step(u8),
    Answer(u8),
    Part(i64),
    Attach,
    /// Takes away a file of the team, whether or not the phone has heard of it.
    Detach(u8),
    /// Gives a file of the team another name, whether or not the phone has heard of it.
    Rename(u8),
    /// Hears of what another phone knows, in an order the seed decides.
    Hear(u8, u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0..4_u8).prop_map(Deed::Write),
        1 => Just(Deed::Empty),
        1 => Just(Deed::Confirm),
        2 => (0..3_u8).prop_map(Deed::Include),
        2 => (0..3_u8).prop_map(Deed::Exclude),
        3 => Just(Deed::Note),
        3 => (0..STEPS.len() as u8).prop_map(Deed::Step),
        2 => (0..3_u8).prop_map(Deed::Answer),
        1 => any::<i64>().prop_map(Deed::Part),
        2 => Just(Deed::Attach),
        2 => any::<u8>().prop_map(Deed::Detach),
        1 => any::<u8>().prop_map(Deed::Rename),
        5 => (0..4_u8, any::<u64>()).prop_map(|(from, seed)| Deed::Hear(from, seed)),
    ]
}

fn project(document: &Document) -> Projection {
    document.project(Dictionary::shipped(), &PriorityMatrix::default())
}

fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for last in (1..items.len()).rev() {
        items.swap(last, (rng.next_u64() % (last as u64 + 1)) as usize);
    }
}

struct Phone {
    document: Document,
    knows: BTreeSet<EditId>,
}

/// Phones, every edit ever made, and what each author knew.
struct Team {
    phones: Vec<Phone>,
    edits: BTreeMap<EditId, (Edit, ChangeHash)>,
    past: BTreeMap<EditId, BTreeSet<EditId>>,
}

impl Team {
    fn new(size: usize) -> Self {
        let phone = || Phone { document: Document::seed(task()), knows: BTreeSet::new() };
        Self { phones: (0..size).map(|_| phone()).collect(), edits: BTreeMap::new(), past: BTreeMap::new() }
    }

    fn after(script: &[(u8, i64, Deed)]) -> Self {
        let mut team = Self::new(4);
        for (phone, at, deed) in script {
            team.act(usize::from(*phone), *at, deed);
        }
        for phone in 0..4 {
            (0..4).for_each(|other| team.hear(phone, other, phone as u64));
        }
        (0..4).for_each(|phone| team.hear(phone, 3, 9));
        team
    }

    fn act(&mut self, phone: usize, at: i64, deed: &Deed) {
        let item = |number: u8| SysId([number; 16]);
        let act = match deed {
            Deed::Hear(from, seed) => return self.hear(phone, usize::from(*from), *seed),
            Deed::Write(number) => set("short_description", Value::text(format!("{FIELD} {number}"))),
            Deed::Empty => set("short_description", None),
            Deed::Confirm => Act::Confirm { field: "short_description".into() },
            Deed::Include(number) => Act::Include { field: "watch_list".into(), item: item(*number) },
            Deed::Exclude(number) => Act::Exclude { field: "watch_list".into(), item: item(*number) },
            Deed::Note => note("seen"),
            Deed::Step(number) => step(STEPS[usize::from(*number)]),
            Deed::Answer(number) => answer("gas_off", &number.to_string()),
            Deed::Part(quantity) => {
                Act::UsePart { model: item(1), quantity: *quantity, asset: None, stockroom: None, lease: None }
            }
            Deed::Attach => attach("photo.jpg"),
            Deed::Detach(number) => Act::Detach { file: self.some_file(*number) },
            Deed::Rename(number) => Act::Rename { file: self.some_file(*number), file_name: format!("{number}.jpg") },
        };
        let counter = self.edits.len() as u64 + 1;
        let Phone { document, knows } = &mut self.phones[phone];
        let mut edit = edit(phone as u8, counter, &document.heads()).act(act);
        edit.at = Timestamp(at);
        let applied = document.apply(&edit).expect("builds on what its author has");
        assert!(!applied.already && !applied.merged);
        self.past.insert(edit.id, knows.clone());
        knows.insert(edit.id);
        self.edits.insert(edit.id, (edit, applied.hash));
    }

    /// One of the files anybody attached; one that nobody did, while there is none.
    fn some_file(&self, number: u8) -> StepId {
        let attached: Vec<&EditId> =
            self.acts().filter(|(_, act)| matches!(act, Act::Attach { .. })).map(|(id, _)| id).collect();
        let nobodys = EditId { device: DeviceId([9; 16]), epoch: 1, counter: 1 };
        attached.get(usize::from(number) % attached.len().max(1)).map_or(nobodys, |id| **id).act(0)
    }

    fn hear(&mut self, phone: usize, from: usize, seed: u64) {
        let mut news: Vec<EditId> = self.phones[from].knows.difference(&self.phones[phone].knows).copied().collect();
        shuffle(&mut news, seed);
        let Phone { document, knows } = &mut self.phones[phone];
        receive(document, news.iter().map(|id| &self.edits[id]).collect());
        knows.extend(news);
    }

    fn acts(&self) -> impl Iterator<Item = (&EditId, &Act)> {
        self.edits.iter().map(|(id, (edit, _))| (id, &edit.acts[0]))
    }

    /// The edits of a kind that none of another kind had seen.
    fn uncovered(&self, made: impl Fn(&Act) -> bool, covering: impl Fn(&Act) -> bool) -> Vec<EditId> {
        let covered = |id: &EditId| self.acts().any(|(later, act)| covering(act) && self.past[later].contains(id));
        self.acts().filter(|(id, act)| made(act) && !covered(id)).map(|(id, _)| *id).collect()
    }
}

/// Applies edits in the order given, the orphans again later, and checks that each makes the change its author made.
fn receive(document: &mut Document, mut news: Vec<&(Edit, ChangeHash)>) {
    while !news.is_empty() {
        let before = news.len();
        news.retain(|(edit, hash)| match document.apply(edit) {
            Ok(applied) => {
                assert_eq!(applied.hash, *hash, "another replica made another change");
                false
            }
            Err(ApplyError::UnknownHeads(_)) => true,
            Err(error) => panic!("an honest edit was refused: {error}"),
        });
        assert!(news.len() < before, "no edit could be applied");
    }
}

fn script() -> impl Strategy<Value = Vec<(u8, i64, Deed)>> {
    // Few moments, so that ties happen; they run both with and against the order of the deeds.
    proptest::collection::vec((0..4_u8, 1_700_000_000_000..1_700_000_000_020_i64, deed()), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn replicas_that_heard_the_same_agree_whatever_the_order(script in script(), seed in any::<u64>()) {
        let team = Team::after(&script);
        let first = &team.phones[0].document;
        let digest = project(first).digest();
        for phone in &team.phones {
            prop_assert_eq!(phone.document.full_heads(), first.full_heads());
            prop_assert_eq!(project(&phone.document).digest(), digest);
            prop_assert_eq!(phone.document.edits(), team.edits.len());
        }
        let loaded = Document::load(task(), &first.save()).expect("was just saved");
        prop_assert_eq!(project(&loaded).digest(), digest);
        prop_assert_eq!(loaded.save(), first.save());
        let verified = Document::verify(task(), &first.save(), &first.full_heads()).expect("is made of edits");
        prop_assert_eq!(project(&verified).digest(), digest);
        let mut replayed = Document::seed(task());
        let mut all: Vec<_> = team.edits.values().collect();
        shuffle(&mut all, seed);
        receive(&mut replayed, all);
        prop_assert_eq!(replayed.full_heads(), first.full_heads());
        prop_assert_eq!(project(&replayed).digest(), digest);
    }

    #[test]
    fn every_entry_anybody_ever_added_is_there_once(script in script()) {
        let team = Team::after(&script);
        let sent = |kind: fn(&Act) -> bool| team.acts().filter(|(_, act)| kind(act)).count();
        let projection = project(&team.phones[1].document);
        prop_assert_eq!(projection.work_notes.len(), sent(|act| matches!(act, Act::WorkNote { .. })));
        prop_assert_eq!(projection.parts.len(), sent(|act| matches!(act, Act::UsePart { .. })));
        let answers: usize = projection.answers.iter().map(|answered| 1 + answered.others.len()).sum();
        prop_assert_eq!(answers, sent(|act| matches!(act, Act::Answer { .. })));
        let history = team.phones[2].document.history(Dictionary::shipped());
        prop_assert_eq!(history.iter().map(|line| line.id).collect::<BTreeSet<_>>(), team.edits.keys().copied().collect());
        prop_assert!(history.iter().all(|line| line.deeds.len() == 1), "{:?}", history);
    }

    #[test]
    fn a_value_stays_in_sight_until_somebody_who_saw_it_writes_or_confirms(script in script()) {
        let team = Team::after(&script);
        let writes = |act: &Act| matches!(act, Act::Set { .. });
        let covers = |act: &Act| matches!(act, Act::Set { .. } | Act::Confirm { .. });
        let mut written: BTreeSet<Option<Value>> = BTreeSet::new();
        for id in team.uncovered(writes, covers) {
            if let Act::Set { value, .. } = &team.edits[&id].0.acts[0] {
                written.insert(value.clone());
            }
        }
        let projection = project(&team.phones[0].document);
        let mut seen: BTreeSet<Option<Value>> = projection.alternatives.iter().map(|other| other.value.clone()).collect();
        seen.insert(projection.record.get("short_description").cloned());
        prop_assert!(written.is_subset(&seen), "{:?} of {:?}", seen, written);
        if team.uncovered(covers, covers).len() < 2 {
            prop_assert!(projection.alternatives.is_empty());
        }
    }

    #[test]
    fn what_was_added_to_a_set_stays_unless_somebody_who_saw_it_took_it_out(script in script()) {
        let team = Team::after(&script);
        let mut expected = BTreeSet::new();
        for number in 0..3 {
            let is = |item: &SysId| *item == SysId([number; 16]);
            let adds = |act: &Act| matches!(act, Act::Include { item, .. } if is(item));
            let takes = |act: &Act| matches!(act, Act::Exclude { item, .. } if is(item));
            if !team.uncovered(adds, takes).is_empty() {
                expected.insert(SysId([number; 16]));
            }
        }
        let projection = project(&team.phones[3].document);
        let expected = (!expected.is_empty()).then(|| Value::List(expected.into_iter().collect()));
        prop_assert_eq!(projection.record.get("watch_list").cloned(), expected);
    }

    #[test]
    fn a_file_stays_unless_somebody_who_knew_of_it_removed_it_and_has_the_newest_name_such_a_person_gave_it(script in script()) {
        let team = Team::after(&script);
        let mut expected = BTreeMap::new();
        for (id, _) in team.acts().filter(|(_, act)| matches!(act, Act::Attach { .. })) {
            let (file, mut name, mut newest) = (id.act(0), "photo.jpg".to_owned(), None);
            let mut is_there = true;
            for (later, act) in team.acts().filter(|(later, _)| team.past[later].contains(id)) {
                let at = Some((team.edits[later].0.at, *later));
                match act {
                    Act::Detach { file: gone } if *gone == file => is_there = false,
                    Act::Rename { file: renamed, file_name } if *renamed == file && at > newest => {
                        (name, newest) = (file_name.clone(), at);
                    }
                    _ => {}
                }
            }
            expected.extend(is_there.then_some((file, name)));
        }
        let files = project(&team.phones[2].document).attachments;
        let shown: BTreeMap<StepId, String> = files.into_iter().map(|file| (file.id(), file.what.file_name)).collect();
        prop_assert_eq!(shown, expected);
    }

    #[test]
    fn a_question_is_disputed_exactly_when_answers_that_differ_have_not_seen_each_other(script in script()) {
        let team = Team::after(&script);
        let answers = |act: &Act| matches!(act, Act::Answer { .. });
        let open = team.uncovered(answers, answers);
        let texts: BTreeSet<&str> = open.iter().filter_map(|id| match &team.edits[id].0.acts[0] {
            Act::Answer { answer, .. } => Some(answer.as_str()),
            _ => None,
        }).collect();
        let projection = project(&team.phones[0].document);
        prop_assert_eq!(projection.answers.len(), usize::from(!open.is_empty()));
        for answered in &projection.answers {
            prop_assert_eq!(answered.is_disputed, texts.len() > 1);
            let Entry { device, epoch, counter, .. } = answered.latest;
            let shown = EditId { device, epoch, counter };
            prop_assert!(open.contains(&shown));
        }
    }
}

/// Why documents are seeded: the same two notes, in lists that two replicas created each for itself.
#[test]
fn without_the_common_seed_one_of_two_notes_would_be_gone() {
    let with_note = |actor: u8| {
        let mut doc = AutoCommit::new().with_actor(ActorId::from([actor; 20]));
        let list = doc.put_object(ROOT, "work_notes", ObjType::List).expect("the root is a map");
        doc.insert(&list, 0, "a note").expect("the list is there");
        doc
    };
    let (mut one, mut other) = (with_note(1), with_note(2));
    one.merge(&mut other).expect("merges");
    let (_, list) = one.get(ROOT, "work_notes").expect("reads").expect("one of the two lists");
    assert_eq!(one.length(&list), 1);
}
