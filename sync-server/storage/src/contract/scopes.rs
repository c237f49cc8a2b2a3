//! Promises of [`Scopes`](crate::Scopes).

use std::collections::BTreeSet;

use super::{Dice, enter, key, leave, row, sys_id, task};
use crate::{Interval, Position, Result, Storage};

/// An anchor's links are exactly what was put last; other anchors keep theirs.
pub fn an_anchors_links_are_replaced_whole(storage: &dyn Storage) -> Result<()> {
    let (me, group) = (key("user:1"), key("group:1"));
    let before = BTreeSet::from([(me.clone(), task(1)), (me.clone(), task(2)), (group.clone(), task(1))]);
    let after = BTreeSet::from([(me.clone(), task(1)), (group, task(3))]);
    let mut tx = storage.begin()?;
    tx.put_links(&task(1), &before)?;
    tx.put_links(&task(9), &before)?;
    tx.put_links(&task(1), &after)?;
    tx.commit()?;
    let tx = storage.read()?;
    assert_eq!(tx.links(&task(1))?, after);
    assert_eq!(tx.links(&task(9))?, before);
    assert_eq!(tx.links(&task(5))?, BTreeSet::new());
    assert_eq!(tx.anchors(&task(3))?, BTreeSet::from([task(1)]));
    assert_eq!(tx.anchors(&task(1))?, BTreeSet::from([task(1), task(9)]), "each anchor once, whatever the keys");
    Ok(())
}

/// Two tasks at one site: the site stays in scope until both are gone.
pub fn a_record_stays_linked_until_its_last_anchor_lets_go(storage: &dyn Storage) -> Result<()> {
    let (me, site) = (key("user:1"), task(50));
    let links = BTreeSet::from([(me.clone(), site.clone())]);
    let mut tx = storage.begin()?;
    tx.put_links(&task(1), &links)?;
    tx.put_links(&task(2), &links)?;
    assert!(tx.linked(&me, &site)?);
    assert!(!tx.linked(&key("user:2"), &site)?);
    tx.put_links(&task(1), &BTreeSet::new())?;
    assert!(tx.linked(&me, &site)?, "the second task still needs it");
    tx.put_links(&task(2), &BTreeSet::new())?;
    assert!(!tx.linked(&me, &site)?);
    assert_eq!(tx.anchors(&site)?, BTreeSet::new());
    tx.commit()
}

/// Generated comings and goings, asked for every range.
pub fn members_between_two_positions_agree_with_the_intervals(storage: &dyn Storage) -> Result<()> {
    let mut dice = Dice(2);
    let scope = key("k");
    let mut tx = storage.begin()?;
    for _ in 0..40 {
        let record = task(dice.below(8));
        let entry = if dice.below(2) == 0 { enter(&record, "k") } else { leave(&record, "k") };
        tx.append(&[entry])?;
    }
    tx.commit()?;
    let tx = storage.read()?;
    let touches = |interval: &Interval, after: Position, upto: Position| {
        interval.from <= upto && interval.until.is_none_or(|until| until > after)
    };
    for after in 0..=40 {
        for upto in after..=40 {
            let mut expected = Vec::new();
            for record in (0..8).map(task) {
                let intervals = tx.memberships(&record)?;
                if intervals.iter().any(|(_, interval)| touches(interval, after, upto)) {
                    expected.push(record);
                }
            }
            assert_eq!(tx.members_between(&scope, after, upto)?, expected, "({after}, {upto}]");
        }
    }
    let now = tx.head()?;
    assert_eq!(tx.members(&scope)?, tx.members_between(&scope, now, now)?);
    Ok(())
}

/// Generated comings and goings: read page after page, whatever the page's size, the members are those read at once.
pub fn members_read_in_pages_are_all_of_them_once(storage: &dyn Storage) -> Result<()> {
    let mut dice = Dice(3);
    let scope = key("k");
    let mut tx = storage.begin()?;
    for _ in 0..60 {
        let record = task(dice.below(20));
        let entry = if dice.below(3) > 0 { enter(&record, "k") } else { leave(&record, "k") };
        tx.append(&[entry])?;
    }
    tx.commit()?;
    let tx = storage.read()?;
    let all = tx.members(&scope)?;
    assert!(all.len() > 5);
    for limit in [1, 2, 7, 100] {
        let mut read: Vec<_> = Vec::new();
        loop {
            let page = tx.members_after(&scope, read.last(), limit)?;
            assert!(page.len() <= limit as usize);
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        assert_eq!(read, all, "in pages of {limit}");
    }
    Ok(())
}

/// A subscription covers what comes after it and not what was there; one that covered nothing leaves no trace.
pub fn subscriptions_begin_and_end_after_the_newest_position(storage: &dyn Storage) -> Result<()> {
    let user = sys_id(1);
    let keys = |names: &[&str]| names.iter().map(|name| key(name)).collect::<BTreeSet<_>>();
    let mut tx = storage.begin()?;
    tx.append(&[row(&task(1))])?;
    tx.subscribe(user, &keys(&["everyone", "group:1", "user:1"]))?;
    tx.append(&[row(&task(1)), row(&task(1))])?;
    tx.subscribe(user, &keys(&["everyone", "group:2"]))?;
    tx.subscribe(user, &keys(&["everyone", "group:2"]))?;
    tx.subscribe(sys_id(2), &keys(&["user:2"]))?;
    tx.commit()?;
    let gone = Interval { from: 2, until: Some(4) };
    let kept = Interval { from: 2, until: None };
    let new = Interval { from: 4, until: None };
    let expected = [(key("everyone"), kept), (key("group:1"), gone), (key("group:2"), new), (key("user:1"), gone)];
    let mut tx = storage.begin()?;
    assert_eq!(tx.subscriptions(user)?, expected);
    tx.subscribe(user, &keys(&["everyone"]))?;
    let expected = [(key("everyone"), kept), (key("group:1"), gone), (key("user:1"), gone)];
    assert_eq!(tx.subscriptions(user)?, expected, "group:2 never covered a position");
    assert_eq!(tx.subscriptions(sys_id(3))?, []);
    tx.commit()
}
