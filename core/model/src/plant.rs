//! Planted bugs: mistakes that could have been made, each behind one `if` at the place where it would have been made.
//!
//! A simulator that finds nothing proves nothing until it has been seen to find things. `cargo xtask fleet --planted`
//! simulates with each of these in turn and says how soon it is caught. The mistakes exist only in development builds, where none
//! is made until the simulator sows it. In what is shipped [`is`] is a constant `false`, the compiler removes what stands behind
//! it, and neither names nor descriptions are in the program.
//!
//! To add one: a line here, `if plant::is(Plant::ItsName)` at the place, and a look at whether `--plant ItsName` is caught.

use std::cell::Cell;

macro_rules! plants {
    ($($name:ident: $what:literal,)*) => {
        /// A mistake that can be planted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Plant {
            $(#[doc = $what] $name,)*
        }

        /// Every mistake, its name and what is broken.
        pub const ALL: &[(Plant, &str, &str)] = &[$((Plant::$name, stringify!($name), $what),)*];
    };
}

plants! {
    FoldByArrival: "steps are judged in the order in which they came to the list, whatever their authors knew",
    FoldForgetsRank: "of steps that did not know of each other the earlier goes first, not the one that leads furthest",
    FoldForgetsWork: "an office cancel undoes work that its author had not seen",
    FoldRefusesSeenCancel: "a cancel is refused although its author had seen the work",
    FoldFollowsAnything: "a step is followed although it does not lead on from where the record stands",
    StampsOverwritten: "a stamp takes the moment of the newest step instead of the first",
    PauseCountsAsWork: "the seconds of a pause are added to the seconds worked",
    ReasonOutlivesItsStep: "the reason of an earlier step stays on the record",
    ClearsForgotten: "a step does not clear the stamps of the round before it",
    OldestValueShown: "of two values written without knowledge of each other the older one is shown",
    AlternativesDropped: "the value that is not shown is not kept as an alternative",
    ExcludeForgotten: "a record taken out of a set stays in it",
    OnlyFirstActWritten: "of several things done in one edit only the first is written into the change",
    StepsForgetWhatTheyKnew: "a step does not say on which steps it follows",
    AnswersForgetWhatTheyKnew: "an answer does not say on which answers it follows",
    ConfirmTakesTheOther: "confirming keeps the value that was not shown",
    EmptiedFieldShowsDefault: "a field that somebody emptied shows its default again",
    JournalNotSorted: "journals stand in the order of merging and not of time",
    DisputeNotSeen: "two different answers to one question do not count as disputed",
    ClocksRunByArrival: "a service level clock moves when work arrives and not when it was done",
    NotesToldToCustomers: "what is noted on a case is told to its customer like a comment",
    StockBooksOnlyUse: "parts put back are booked as used",
    AckClearsUnsent: "a receipt for one edit clears the whole outbox",
    SentCountsAsSaved: "an edit leaves the outbox when it is put on the wire",
    OutboxKeepsOneOfARecord: "a newer edit of a record replaces the one that waits in the outbox",
    CursorBeforeData: "the cursor is saved in a transaction of its own before what it stands for",
    StaleAnswerTaken: "an answer to an earlier request is taken for the one in flight",
    DeadlineForgotten: "an exchange without an answer is waited for without end",
    PortalStopsTheSession: "the page of a captive portal is taken for the server's word that the app is too old",
    UpdateReadsNothingAnew: "what an older app could not read is not read again once it is updated",
    DraftOutlivesReceipt: "the document with unsent edits stays on top after everything was acknowledged",
    DraftNotRebuilt: "what others did does not reach a document that has unsent edits",
    HeldEditDropped: "an edit the server holds disappears from the device",
    HeldCountsAsAccepted: "an edit the server holds is shown as accepted",
    GapAccepted: "an edit whose predecessors are missing is skipped instead of fetching the document",
    RenumberedWhileSent: "an edit is made anew under another number although the server may have it",
    PurgeForgotten: "a record that left the scope stays on the device",
    PurgeTakesUnsentWork: "purging a record takes the unsent work on it along",
    RowOverwritesUnsentWork: "a server's row is shown over a document that has unsent edits",
    RestoredServerNotOffered: "a server restored from a backup is not offered again what it forgot",
    AcknowledgedForgottenAtOnce: "acknowledged edits are not kept for a server that may be restored",
    NumbersUsedTwice: "a phone gives one of its leased numbers to two records",
    AttentionForgotten: "what needs a person is not counted, so nobody is shown it",
    FileMarkedSentEarly: "a captured file counts as delivered with its first piece",
    StockDoubleApplied: "a record's parts are booked again each time it changes",
    LeaseForgetsUnsent: "what a phone took under a lease counts only once the server has it",
    LeaseNotConsumed: "what was taken under a lease does not count against it on the server",
    SearchNotUpdated: "the search index is not brought up to date after a change",
    ReceiptBeforeCommit: "the answer leaves before the commit, and the process dies between the two",
    DedupeDropped: "an edit that came before is recorded once more",
    ReviewOpenedAgain: "a refused step opens a review task each time its record changes",
    ReviewForgotten: "a refused step opens no review task",
    AuthorNotChecked: "an edit may name another author than the person signed in",
    ScopeNotChecked: "an edit of a record that never was in the author's scope is taken",
    RolesNotChecked: "an edit is taken although the author's roles do not allow it",
    SignatureNotChecked: "edits are taken under a signature that is not the device's",
    HoldNotKept: "a held edit is answered and not kept on the server",
    HoldBlocksTheRest: "after a held edit the rest of the batch gets no answer",
    OrphanCountsAsAccepted: "an edit on unknown changes gets a receipt and is dropped",
    SnapshotBeforeReactions: "documents are stored before the server's reactions changed them",
    RowWrittenOncePerCall: "the second edit of a record in one call does not reach its row",
    EnterNotListed: "a record that enters a scope is not announced",
    LeaveNotListed: "a record that leaves a scope is not announced",
    CarriedRecordsNotRelinked: "what a carried record refers to is not carried anew when it changes",
    ScopeWidened: "whoever opened a record keeps it in scope for ever",
    EndedSubscriptionsCount: "a group somebody has left still gives its records",
    SubscriptionsNotReread: "a phone is not told what a change of groups brings or takes",
    PageCutSkips: "what did not fit into an answer is skipped in the next one",
    CursorAheadOfPage: "the cursor stands at the feed's head while pages are still to come",
    OwnEditsToldByNumber: "edits count as the device's own by epoch alone and are not sent to others",
    BootstrapEndsAtHead: "what changed during an initial sync is not sent after it",
    RestoredServerKeepsItsEpoch: "a server restored from a backup goes on as if nothing had happened",
    RollUpForgotten: "an order does not follow its tasks",
    NumbersLeasedTwice: "two devices are leased the same numbers",
    FeedHeadShort: "the feed's head is moved one short, so two changes get one position",
    ListedUnderOneKey: "a change is listed for one of those who hold the record only",
    EditsSinceOneLate: "the first edit after a device's position is left out",
    BlobCompleteEarly: "a file counts as whole before its last piece",
    ChecksumIgnored: "a message damaged on the way is read all the same",
    CopyNotNoticed: "a phone restored from an old backup is not told from the one that went on",
    CopyNotToldWhatItDid: "a copy of a phone is not sent what the other copy did, because it counts as its own",
    DeedCountedAgain: "a deed that two copies of a phone bring under two numbers counts twice",
    RelayedAnswerTakenWhole: "an answer that lay in a kiosk is taken whole although the phone has gone on since",
    RevokedDeviceAnswered: "a revoked device goes on as before",
}

thread_local! {
    static SOWN: Cell<Option<Plant>> = const { Cell::new(None) };
}

/// Whether a mistake is planted in this thread.
#[inline]
pub fn is(plant: Plant) -> bool {
    cfg!(debug_assertions) && SOWN.get() == Some(plant)
}

/// Plants a mistake in everything this thread does from here on, or none. What is shipped stays as it is.
pub fn sow(plant: Option<Plant>) {
    if cfg!(debug_assertions) {
        SOWN.set(plant);
    }
}
