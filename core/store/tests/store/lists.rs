//! What each list promises to the screen that shows it.

use crate::builders::{MIA, edit, edit_task, open, record, save, save_all, sys_id, task, task_id};
use fieldline_documents::edit::{Act, ChangeHash};
use fieldline_model::{Record, Timestamp, Value};
use fieldline_store::lists::{Listed, Span};
use fieldline_store::records::{RecordUpdate, Standing};
use fieldline_store::taken::Taken;
use fieldline_store::{Result, Store, StoreError, View};
use fieldline_sync::wire::{HoldReason, Outcome, Position, scope_term};

fn read<T>(store: &Store, look: impl FnOnce(View<'_>) -> Result<T>) -> T {
    store.read(look).expect("reads")
}

fn numbers(rows: &[Listed]) -> Vec<String> {
    rows.iter().map(|row| row.record.text("number").trim_start_matches(['W', 'O', 'T', '0']).to_owned()).collect()
}

fn with(mut record: Record, field: &str, value: Value) -> Record {
    record.set(field, Some(value));
    record
}

#[test]
fn today_is_what_begins_today_and_before_it_what_is_overdue_or_has_no_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let another = |number, state, start| with(task(number, state, start), "assigned_to", Value::Reference(sys_id(99)));
    let with_mia = |task| with(task, "additional_assignee_list", Value::List(vec![sys_id(98), MIA]));
    save_all(
        &store,
        &[
            task(1, 16, Some(180)),
            task(2, 3, Some(120)),  // done today: still part of the day
            task(3, 16, Some(50)),  // overdue
            task(4, 3, Some(60)),   // done before
            task(5, 16, Some(200)), // tomorrow
            task(6, 16, None),
            another(8, 16, Some(150)),
            with_mia(another(10, 16, Some(160))), // one of its crew
            with_mia(another(11, 3, Some(60))),
            with(another(12, 16, Some(170)), "opened_by", Value::Reference(MIA)),
            record("alm_asset", 9, &[("assigned_to", Value::Reference(MIA))]),
        ],
    );
    let day = Span { from: Timestamp(100), until: Timestamp(200) };
    assert_eq!(numbers(&read(&store, |view| view.today(MIA, day, 50))), ["6", "3", "2", "10", "1"]);
    assert_eq!(numbers(&read(&store, |view| view.today(MIA, day, 2))), ["6", "3"]);
}

#[test]
fn the_state_tabs_show_each_record_once_and_their_counts_agree() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    save_all(&store, &[task(3, 16, None), task(1, 16, None), task(2, 18, None)]);
    save_all(&store, &[task(3, 18, None)]);
    assert_eq!(numbers(&read(&store, |view| view.by_state(&"wm_task".into(), 16, 9))), ["1"]);
    assert_eq!(numbers(&read(&store, |view| view.by_state(&"wm_task".into(), 18, 9))), ["2", "3"]);
    let counts = read(&store, |view| view.counts());
    assert_eq!(
        counts.iter().map(|count| (count.state, count.records)).collect::<Vec<_>>(),
        [(Some(16), 1), (Some(18), 2)]
    );
}

#[test]
fn a_site_and_an_asset_list_their_work_open_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (site, boiler) = (Value::Reference(sys_id(70)), Value::Reference(sys_id(71)));
    save_all(
        &store,
        &[
            with(task(1, 3, None), "location", site.clone()),
            with(with(task(2, 16, None), "location", site), "asset", boiler.clone()),
            with(task(3, 16, None), "cmdb_ci", boiler),
            task(4, 16, None),
        ],
    );
    assert_eq!(numbers(&read(&store, |view| view.by_site(sys_id(70), 9))), ["2", "1"]);
    assert_eq!(numbers(&read(&store, |view| view.by_asset(sys_id(71), 9))), ["2", "3"]);
    assert_eq!(numbers(&read(&store, |view| view.referring(sys_id(71), &"wm_task".into(), 9))), ["2", "3"]);
}

#[test]
fn van_stock_is_what_lies_in_my_stockroom_and_what_i_took_that_nobody_knows_of_yet() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (van, valve) = (sys_id(80), sys_id(81));
    let stock =
        [("stockroom", Value::Reference(van)), ("model", Value::Reference(valve)), ("quantity", Value::Integer(5))];
    save_all(
        &store,
        &[
            record("alm_stockroom", 80, &[("manager", Value::Reference(MIA)), ("name", Value::text("Mia's van"))]),
            record("alm_stockroom", 82, &[("manager", Value::Reference(sys_id(99)))]),
            record("alm_asset", 83, &stock),
            record("alm_asset", 84, &[("stockroom", Value::Reference(sys_id(82)))]),
        ],
    );
    let take = |counter, quantity| {
        let act = Act::UsePart { model: valve, quantity, asset: None, stockroom: Some(van), lease: None };
        let edit = edit(counter, task_id(1), vec![act]);
        store.write(|tx| tx.append_edit(&edit, ChangeHash([0; 32]))).expect("saves");
    };
    let unsent = || {
        let stock = read(&store, |view| view.van_stock(MIA, 9));
        stock.iter().map(|stocked| (stocked.item.record.id.sys_id, stocked.unsent)).collect::<Vec<_>>()
    };
    assert_eq!(unsent(), [(sys_id(83), 0)]);
    take(1, 2);
    take(2, 1);
    take(3, -1);
    assert_eq!(unsent(), [(sys_id(83), 2)]);
    let accepted = Outcome::Accepted { position: Position(9), merged: false };
    store.write(|tx| tx.receive(1, &accepted, Timestamp(5)).map(drop)).expect("saves");
    assert_eq!(unsent(), [(sys_id(83), 0)], "what the server has is in what it says of the asset");
    store.write(|tx| tx.remove_edit(2)).expect("saves");
    assert_eq!(unsent(), [(sys_id(83), -1)]);
}

#[test]
fn a_lease_counts_what_was_taken_under_it_for_ever_and_what_is_held_back_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let lease = sys_id(90);
    let take = |counter, quantity| {
        let (model, stockroom) = (sys_id(81), Some(sys_id(80)));
        let act = Act::UsePart { model, quantity, asset: None, stockroom, lease: Some(lease) };
        store.write(|tx| tx.append_edit(&edit(counter, task_id(1), vec![act]), ChangeHash([0; 32]))).expect("saves");
    };
    let receive = |counter, outcome| store.write(|tx| tx.receive(counter, &outcome, Timestamp(5))).expect("saves");
    (1..=3).for_each(|counter| take(counter, counter as i64));
    receive(1, Outcome::Accepted { position: Position(9), merged: false });
    store.write(|tx| tx.forget_acknowledged(Timestamp(99)).map(drop)).expect("forgets");
    let taken = || read(&store, |view| view.taken_under(lease));
    assert_eq!(taken(), Taken { in_all: 6, unsent: 5 });
    receive(3, Outcome::Held { reason: HoldReason::Scope, detail: "gone".into() });
    assert_eq!(taken(), Taken { in_all: 3, unsent: 2 });
    store.write(|tx| tx.remove_edit(3)).expect("discards");
    assert_eq!(taken(), Taken { in_all: 3, unsent: 2 });
}

#[test]
fn search_finds_numbers_words_notes_and_names_that_came_late() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let found = |text: &str| numbers(&store.search(text, 9).unwrap());
    save_all(&store, &[with(task(1, 16, None), "location", Value::Reference(sys_id(70))), task(2, 16, None)]);
    assert_eq!(found("museum"), [""; 0]);
    save_all(&store, &[record("cmn_location", 70, &[("name", Value::text("Musée Océanographique"))])]);
    edit_task(&store, 2, "Replaced the gasket");
    assert_eq!(found("WOT0000001"), ["1"]);
    assert_eq!(found("boiler lea"), ["2", "1"], "what came last comes first");
    assert_eq!(found("gask"), ["2"]);
    assert_eq!(found("oceano boiler"), ["1"; 0], "only the last word may be unfinished");
    assert_eq!(found("boiler oceano"), ["1"]);
    save_all(&store, &[record("cmn_location", 70, &[("name", Value::text("Aquarium"))])]);
    assert_eq!(found("boiler musee"), [""; 0]);
    assert_eq!(found("aquarium boiler"), ["1"]);
    assert_eq!(found("\"*(:^ OR NOT"), [""; 0]);
    edit_task(&store, 2, "Put it back");
    assert_eq!(found("gasket"), [""; 0]);
}

#[test]
fn a_row_says_what_is_unsent_and_whether_it_can_be_edited() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    save_all(&store, &[task(1, 16, None)]);
    let row = |number| read(&store, |view| view.record(&task_id(number)));
    assert_eq!(row(1).map(|row| (row.has_document, row.unsent, row.standing)), Some((false, 0, Standing::Born)));
    edit_task(&store, 1, "one");
    edit_task(&store, 1, "two");
    assert_eq!(row(1).map(|row| (row.has_document, row.unsent)), Some((true, 2)));
    assert_eq!(row(2), None);
    store.write(|tx| tx.want(&task_id(2))).unwrap();
    assert_eq!(row(2), None, "a record of which only the name is known is shown nowhere");
    assert_eq!(read(&store, |view| view.wants(9)), [task_id(2)]);
}

#[test]
fn needs_attention_lists_records_and_held_edits() {
    use fieldline_sync::wire::{HoldReason, Outcome};
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let conflict = task(1, 16, None);
    let update = RecordUpdate { attention: 2, ..RecordUpdate::of_row(&conflict, "", None) };
    store.write(|tx| tx.put_record(&update)).unwrap();
    let counter = edit_task(&store, 2, "not mine to say");
    let held = Outcome::Held { reason: HoldReason::Role, detail: "ask a dispatcher".into() };
    store.write(|tx| tx.receive(counter, &held, Timestamp(5))).unwrap();
    let waiting = read(&store, |view| view.needs_attention(9));
    assert_eq!(numbers(&waiting.records), ["1"]);
    assert_eq!(waiting.held.iter().map(|edit| edit.counter).collect::<Vec<_>>(), [counter]);
}

#[test]
fn purging_takes_everything_but_the_outbox_and_the_checksum_proves_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    save_all(&store, &[task(1, 16, None), task(2, 16, None)]);
    edit_task(&store, 1, "unsent");
    let checksum = || read(&store, |view| view.scope_checksum());
    let term = |number| scope_term(&"wm_task".into(), sys_id(number));
    for number in [1, 2, 2] {
        store.write(|tx| tx.put_standing(&task_id(number), Standing::InScope)).unwrap();
    }
    assert_eq!(checksum(), term(1).wrapping_add(term(2)));
    store.write(|tx| tx.put_standing(&task_id(1), Standing::Leaving)).unwrap();
    assert_eq!(checksum(), term(2));
    assert_eq!(read(&store, |view| view.records_standing(Standing::Leaving)), [task_id(1)]);
    store
        .write(|tx| {
            tx.purge(&task_id(1))?;
            tx.purge(&task_id(2))
        })
        .unwrap();
    assert_eq!(checksum(), 0);
    assert_eq!(store.search("boiler", 9).unwrap(), []);
    assert_eq!(read(&store, |view| view.document(&task_id(1))), None);
    assert_eq!(read(&store, |view| view.unsent_count()), 1);
}

#[test]
fn an_error_in_a_transaction_undoes_every_part_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    edit_task(&store, 1, "kept");
    let failed = store.write(|tx| {
        let counter = tx.take_counter()?;
        let edit = edit(counter, task_id(1), Vec::new());
        tx.append_edit(&edit, ChangeHash([9; 32]))?;
        tx.put_draft(&task_id(1), b"half", counter)?;
        tx.put_standing(&task_id(1), Standing::InScope)?;
        tx.put_position(&task_id(1), Position(9))?;
        tx.put_cursor(Some(b"far"))?;
        tx.put_identity(b"nobody")?;
        save(tx, &task(7, 16, None));
        Err::<(), _>(StoreError::Full { doing: "a test".into() })
    });
    assert!(matches!(failed, Err(StoreError::Full { .. })));
    assert_eq!(read(&store, |view| view.document(&task_id(1))).unwrap().bytes, b"kept");
    assert_eq!(read(&store, |view| view.unsent_count()), 1);
    assert_eq!(read(&store, |view| view.scope_checksum()), 0);
    assert_eq!(read(&store, |view| view.cursor()), None);
    assert_eq!(store.search("boiler", 9).unwrap().len(), 1);
    assert_eq!(edit_task(&store, 1, "next"), 2, "the counter was given back with everything else");
}

#[test]
fn a_list_is_read_while_a_sync_is_writing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    save_all(&store, &[task(1, 16, None)]);
    store
        .write(|tx| {
            save(tx, &task(2, 16, None));
            assert_eq!(numbers(&read(&store, |view| view.by_state(&"wm_task".into(), 16, 9))), ["1"]);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(numbers(&read(&store, |view| view.by_state(&"wm_task".into(), 16, 9))), ["1", "2"]);
}
