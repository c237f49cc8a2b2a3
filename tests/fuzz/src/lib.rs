//! Every border of the house, fed with what nobody honest sends.
//!
//! A [`Border`] takes bytes and says whether a promise broke: nothing panics, nothing is stored that cannot be read again,
//! honest people go on working. Two drivers feed the same borders: `fieldline-fuzz` (this crate's program: a million cases,
//! counted and measured, in child processes so that an abort is found and named) and libFuzzer (`tests/fuzz/libfuzzer`),
//! which follows coverage. The committed `corpus` has an honest beginning for each border and whatever once broke one.
//!
//! Of the record API over HTTP it has the messages in XML; the rest of its router is fed in `sync-server/web`'s own tests.

pub mod borders;
pub mod cost;
pub mod dice;
pub mod house;
pub mod mutate;

use std::cell::RefCell;
use std::path::PathBuf;

use crate::cost::Cost;

/// A place where bytes come in that somebody else made.
pub trait Guard {
    /// What honest people send, from which mutation starts.
    fn honest(&mut self) -> Vec<Vec<u8>>;

    /// Takes one input and says what of it was let in.
    ///
    /// # Errors
    /// Says which promise broke.
    fn take(&mut self, input: &[u8]) -> Result<Taken, String>;
}

/// What a border did with an input.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    /// Bytes that were let in; 0 when everything was refused.
    pub let_in_bytes: usize,
    /// What looking at the input cost, let in or not.
    pub cost: Cost,
}

impl Taken {
    /// What was let in when `yes`, and its cost.
    pub fn when(yes: bool, let_in_bytes: usize, cost: Cost) -> Self {
        Self { let_in_bytes: if yes { let_in_bytes } else { 0 }, cost }
    }
}

/// A border by name.
pub struct Border {
    /// What `--border` and the corpus call it.
    pub name: &'static str,
    /// What is fed.
    pub about: &'static str,
    /// Its part of every thousand cases.
    pub share: u64,
    /// Builds a fresh house around it.
    pub open: fn() -> Box<dyn Guard>,
}

/// The border of a name.
pub fn border(name: &str) -> Option<&'static Border> {
    borders::ALL.iter().chain([&borders::CONTROL]).find(|border| border.name == name)
}

/// Where a border's committed inputs lie.
pub fn corpus_folder(border: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "corpus", border].iter().collect()
}

/// The committed inputs of a border; each once broke something or is an honest beginning.
pub fn corpus(border: &str) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(corpus_folder(border)).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
    files.sort();
    files.iter().filter_map(|file| std::fs::read(file).ok()).collect()
}

thread_local! {
    static FED: RefCell<Option<Box<dyn Guard>>> = const { RefCell::new(None) };
}

/// Feeds one input to a border that stays open between the calls: what libFuzzer calls.
///
/// # Panics
/// When a promise breaks, so that the fuzzer keeps the input, and when there is no such border.
pub fn feed(name: &str, input: &[u8]) {
    FED.with_borrow_mut(|fed| {
        let guard = fed.get_or_insert_with(|| (border(name).expect("a border of this name").open)());
        if let Err(broken) = guard.take(input) {
            panic!("{broken}");
        }
    });
}
