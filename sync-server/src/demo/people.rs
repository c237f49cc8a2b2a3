//! Who works the demo's shift, and what they might say.

use rand_core::Rng;

/// The technicians: sign-in name and full name.
pub const TECHNICIANS: [(&str, &str); 12] = [
    ("mia", "Mia Laurent"),
    ("jonas", "Jonas Keller"),
    ("aisha", "Aisha Benali"),
    ("luca", "Luca Ferrero"),
    ("sofia", "Sofia Marques"),
    ("tomas", "Tomáš Novák"),
    ("nora", "Nora Lindqvist"),
    ("david", "David Okafor"),
    ("elena", "Elena Petrova"),
    ("pierre", "Pierre Gastaud"),
    ("yuki", "Yuki Tanaka"),
    ("omar", "Omar Haddad"),
];

/// Who is on watch in the night: sign-in name and full name.
pub const NIGHT: (&str, &str) = ("noor", "Noor Haddad");

/// The dispatcher: sign-in name and full name.
pub const DISPATCHER: (&str, &str) = ("dana", "Dana Dispatch");

/// Spare parts every van carries.
pub const PARTS: [&str; 4] = ["Access point AP-22", "Patch cable 3 m", "Power supply 48 V", "Thin client TC-5"];

/// What every job's checklist asks.
pub const QUESTIONS: [(&str, &[&str]); 3] = [
    ("power_isolated", &["yes", "no, not needed"]),
    ("cabling", &["tidy", "replaced", "labels missing"]),
    ("customer_informed", &["yes", "left a card"]),
];

/// What technicians note.
pub const NOTES: [&str; 6] = [
    "Cabinet was locked, concierge has the key.",
    "Replaced the patch cable, link is up.",
    "Label on the socket did not match the plan.",
    "Power supply ran hot, exchanged it.",
    "Customer reports that it happens after lunch only.",
    "Fan is noisy, order one for the next visit.",
];

/// How jobs end well.
pub const OUTCOMES: [&str; 4] = [
    "Works again, tested with the customer.",
    "Replaced and tested.",
    "Reconfigured on site.",
    "Cable reseated, stable.",
];

/// Draws one of several things.
pub fn one_of<'a, T>(things: &'a [T], rng: &mut dyn Rng) -> &'a T {
    &things[below(things.len(), rng)]
}

/// Draws a whole number below `limit`, which is at least 1 and small.
pub fn below(limit: usize, rng: &mut dyn Rng) -> usize {
    (rng.next_u64() % limit as u64) as usize
}

/// Whether something happens that does so `percent` times in a hundred.
pub fn chance(percent: usize, rng: &mut dyn Rng) -> bool {
    below(100, rng) < percent
}
