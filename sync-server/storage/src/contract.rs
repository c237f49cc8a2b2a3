//! The battery every backend must pass: one function per promise of the traits, run unchanged by each backend.
//!
//! ```text
//! fieldline_storage::battery!(make, open);
//! ```
//!
//! `make` is a function that returns an empty storage and whatever must outlive it (a temporary directory, `()`); `open` opens
//! the file that [`Storage::backup`](crate::Storage::backup) wrote; the backend's tests need `tempfile` for it. Promises that concern many inputs are checked on generated
//! ones against a naive model; the inputs are the same on every run.

pub mod accounts;
pub mod agreement;
pub mod audit;
pub mod documents;
pub mod feed;
pub mod grants;
pub mod jobs;
pub mod memos;
pub mod queries;
pub mod records;
pub mod scopes;
pub mod search;
pub mod tallies;
pub mod transactions;
pub mod world;

use fieldline_model::{DeviceId, DocumentId, SysId, Timestamp};

use crate::{EditKey, FeedEntry, Happening, ScopeKey, StoredEdit};

/// Writes one test per promise. See the [module](crate::contract).
#[macro_export]
macro_rules! battery {
    ($make:path, $open:path) => {
        $crate::battery! { @each $make;
            transactions: what_is_committed_is_seen_and_what_is_dropped_never_was;
            transactions: a_transaction_sees_its_own_writes;
            transactions: a_reading_transaction_refuses_to_write;
            transactions: writers_on_many_threads_number_without_gap_or_repetition;
            documents: an_edit_is_found_by_its_key_with_its_position;
            documents: a_key_is_recorded_once;
            documents: the_newest_counter_of_a_device_counts_what_was_accepted_and_what_was_kept_aside;
            documents: the_edits_of_a_document_come_in_order;
            documents: a_snapshot_is_replaced_by_the_next;
            documents: the_first_held_edit_stays_and_other_branches_are_kept_beside_it;
            feed: positions_are_dense_across_rollbacks;
            feed: an_entry_is_listed_under_the_keys_of_its_record_after_the_call;
            feed: entering_and_leaving_open_and_close_one_interval;
            feed: a_row_has_the_position_of_its_last_change;
            feed: pages_of_changes_agree_with_a_naive_feed;
            scopes: an_anchors_links_are_replaced_whole;
            scopes: a_record_stays_linked_until_its_last_anchor_lets_go;
            scopes: members_between_two_positions_agree_with_the_intervals;
            scopes: members_read_in_pages_are_all_of_them_once;
            scopes: subscriptions_begin_and_end_after_the_newest_position;
            records: every_kind_of_value_comes_back_exactly;
            records: a_record_is_found_in_any_of_the_tables_asked;
            records: a_removed_row_is_gone;
            records: leased_numbers_never_overlap;
            queries: every_operator_answers_as_documented;
            queries: paths_walk_through_references;
            queries: pages_follow_the_order_and_never_overlap;
            queries: what_is_out_of_sight_is_not_found_by_any_way;
            queries: groups_are_counted_and_figured;
            queries: text_in_a_query_is_never_sql;
            queries: the_longest_query_is_answered;
            agreement: answers_agree_with_the_evaluation_in_memory;
            tallies: counts_by_a_field_are_those_of_the_records_there_are;
            search: records_are_found_by_their_words_and_by_whoever_may_see_them;
            search: articles_are_found_by_some_of_the_words_that_describe_something;
            audit: what_was_noted_is_a_table_that_can_be_asked;
            accounts: an_account_is_found_by_name_in_any_case;
            accounts: devices_are_listed_newest_first_and_stay_when_revoked;
            accounts: tokens_end_when_removed_or_expired;
            grants: a_client_ends_with_everything_it_was_granted;
            grants: a_users_tokens_end_together_but_for_those_of_devices;
            grants: what_has_expired_is_cleared_out_and_nothing_else;
            grants: keys_and_providers_are_listed_and_removed;
            accounts: a_file_arrives_piece_by_piece_and_is_dropped_when_wrong;
            accounts: what_a_file_says_is_kept_as_long_as_the_file;
            memos: a_memo_belongs_to_its_owner_and_purpose;
            memos: memos_are_forgotten_by_age_and_by_number;
            jobs: a_job_of_a_name_is_moved_by_putting_it_again;
            jobs: jobs_are_due_in_the_order_of_their_moments;
        }

        #[test]
        fn a_backup_opens_and_holds_the_same() {
            let (storage, _keep) = $make();
            let directory = tempfile::tempdir().expect("a temporary directory can be made");
            let to = directory.path().join("backup");
            $crate::contract::transactions::a_backup_opens_and_holds_the_same(&storage, &to, |path| $open(path))
                .expect("the storage works");
        }
    };
    (@each $make:path; $($module:ident: $promise:ident;)+) => {
        $(
            #[test]
            fn $promise() {
                let (storage, _keep) = $make();
                $crate::contract::$module::$promise(&storage).expect("the storage works");
            }
        )+
    };
}

/// The nth sys_id.
fn sys_id(number: u32) -> SysId {
    let mut bytes = [0xa5; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    SysId(bytes)
}

/// The nth work order task.
fn task(number: u32) -> DocumentId {
    DocumentId::new("wm_task", sys_id(number))
}

fn key(name: &str) -> ScopeKey {
    ScopeKey(name.to_owned())
}

/// An edit of a record by one device, told apart by its counter.
fn edit(document: &DocumentId, counter: u64) -> StoredEdit {
    StoredEdit {
        key: EditKey { device: DeviceId([7; 16]), epoch: 1, counter },
        document: document.clone(),
        hash: [counter.to_le_bytes()[0]; 32],
        body: format!("edit {counter}").into_bytes(),
        author: sys_id(1),
        received_at: Timestamp(1_790_000_000_000),
    }
}

fn edited(document: &DocumentId, counter: u64) -> FeedEntry {
    FeedEntry { document: document.clone(), happening: Happening::Edit(Box::new(edit(document, counter))) }
}

fn row(document: &DocumentId) -> FeedEntry {
    FeedEntry { document: document.clone(), happening: Happening::Row }
}

fn enter(document: &DocumentId, name: &str) -> FeedEntry {
    FeedEntry { document: document.clone(), happening: Happening::Enter(key(name)) }
}

fn leave(document: &DocumentId, name: &str) -> FeedEntry {
    FeedEntry { document: document.clone(), happening: Happening::Leave(key(name)) }
}

/// Repeatable dice (SplitMix64, Steele et al. 2014), so that a failing battery fails again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % u64::from(limit)) as u32
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }
}
