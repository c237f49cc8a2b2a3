//! A run of cases in this process, and what they cost.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fieldline_fuzz::mutate::mutated;
use fieldline_fuzz::{Border, Guard, Taken, corpus};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

/// The stack of a secondary thread on an iPhone: what recurses without bound dies here.
const STACK_BYTES: usize = 512 << 10;
/// Broken promises told in words; the rest are counted.
const MOST_TOLD: usize = 20;
/// Cases between two fresh houses, so that a case depends on few others.
const CASES_A_GUARD: u64 = 1_000;

/// What came of many cases.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Inputs fed.
    pub cases: u64,
    /// Inputs of which something was let in.
    pub let_in: u64,
    /// Inputs that broke a promise.
    pub breaks: u64,
    /// The first of those, in words.
    pub broken: Vec<String>,
    /// Processor time of the dearest input that was let in, by the kilobyte (or part of one) it had.
    pub dearest_microseconds: u64,
    /// The most memory one input needed on top of what was there before.
    pub most_bytes: u64,
}

impl Tally {
    /// Adds another run's figures.
    pub fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.let_in += other.let_in;
        self.breaks += other.breaks;
        self.broken.extend(other.broken);
        self.broken.truncate(MOST_TOLD);
        self.dearest_microseconds = self.dearest_microseconds.max(other.dearest_microseconds);
        self.most_bytes = self.most_bytes.max(other.most_bytes);
    }

    /// The figures as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "cases": self.cases, "let_in": self.let_in, "breaks": self.breaks, "broken": self.broken,
            "dearest_microseconds": self.dearest_microseconds, "most_bytes": self.most_bytes,
        })
    }

    /// Reads what [`Tally::to_json`] wrote.
    pub fn of_json(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        let number = |name: &str| json[name].as_u64();
        let words = json["broken"].as_array()?.iter().filter_map(|word| word.as_str().map(str::to_owned));
        Some(Self {
            cases: number("cases")?,
            let_in: number("let_in")?,
            breaks: number("breaks")?,
            broken: words.collect(),
            dearest_microseconds: number("dearest_microseconds")?,
            most_bytes: number("most_bytes")?,
        })
    }

    fn took(&mut self, taken: &Taken) {
        self.most_bytes = self.most_bytes.max(taken.cost.memory_bytes);
        if taken.let_in_bytes > 0 {
            self.let_in += 1;
            let a_kilobyte = taken.cost.microseconds * 1024 / taken.let_in_bytes.max(1024) as u64;
            self.dearest_microseconds = self.dearest_microseconds.max(a_kilobyte);
        }
    }

    fn broke(&mut self, what: String) {
        self.breaks += 1;
        if self.broken.len() < MOST_TOLD {
            self.broken.push(what);
        }
    }
}

/// Feeds cases `first..first + count` to a border, the committed corpus before them.
pub fn run(border: &Border, first: u64, count: u64) -> Tally {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let thread = thread.spawn_scoped(scope, || feed(border, first, count)).expect("a thread starts");
        thread.join().expect("panics are caught case by case")
    })
}

fn feed(border: &Border, first: u64, count: u64) -> Tally {
    let mut tally = Tally::default();
    let mut guard = (border.open)();
    let mut beginnings = guard.honest();
    beginnings.extend(corpus(border.name));
    let known = if first == 0 { beginnings.clone() } else { Vec::new() };
    // A panic of a guard itself is told as it comes; those of the cases are caught, counted and told in the figures.
    std::panic::set_hook(Box::new(|_| {}));
    for (number, input) in known.iter().enumerate() {
        one(border, &mut guard, input, &format!("beginning {number}"), &mut tally);
    }
    for case in first..first + count {
        if case.is_multiple_of(CASES_A_GUARD) {
            guard = (border.open)();
        }
        let input = input_of(border, case, &beginnings);
        one(border, &mut guard, &input, &format!("case {case}"), &mut tally);
    }
    tally
}

/// The input of a case, the same on every machine as long as the corpus is.
pub fn input(border: &Border, case: u64) -> Vec<u8> {
    let mut beginnings = (border.open)().honest();
    beginnings.extend(corpus(border.name));
    input_of(border, case, &beginnings)
}

fn input_of(border: &Border, case: u64, beginnings: &[Vec<u8>]) -> Vec<u8> {
    let salt = border.name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(byte.into()));
    let mut rng = ChaCha8Rng::seed_from_u64(case ^ salt.rotate_left(32));
    let [honest, other] = [0; 2].map(|_: u8| &beginnings[rng.next_u32() as usize % beginnings.len()]);
    mutated(honest, other, &mut rng)
}

fn one(border: &Border, guard: &mut Box<dyn Guard>, input: &[u8], name: &str, tally: &mut Tally) {
    tally.cases += 1;
    match catch_unwind(AssertUnwindSafe(|| guard.take(input))) {
        Ok(Ok(taken)) => tally.took(&taken),
        Ok(Err(broken)) => tally.broke(format!("{name}: {broken}")),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            tally.broke(format!("{name}: it panicked: {}", words.unwrap_or("without words")));
            *guard = (border.open)();
        }
    }
}
