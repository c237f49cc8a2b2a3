//! What somebody wrote anew, without the mail below it that they answer.
//!
//! Programs say where the old mail begins in few ways; what comes from there on is cut. Where nothing is left (somebody answered
//! between the lines, or below), all of it is kept, because too much is better than nothing.

/// How lines begin, in lower case, with which programs introduce a mail they quote.
const RULED_OFF: [&str; 6] = [
    "-----original message-----",
    "-----ursprüngliche nachricht-----",
    "-----message d'origine-----",
    "---------- forwarded message",
    "________________________________",
    "begin forwarded message:",
];
/// What is in the sentence that says who wrote the mail below; it ends in a colon.
const WROTE: [&str; 7] = [" wrote", " schrieb", " a écrit", " escribió", " ha scritto", " schreef", " skrev"];
/// Lines that such a sentence may be folded into.
const FOLDED_LINES: usize = 3;

/// A text without the mail it quotes.
pub(super) fn cut(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let end = (0..lines.len()).find(|at| begins_quoted(&lines[*at..])).unwrap_or(lines.len());
    let mut own: Vec<&str> = lines[..end].to_vec();
    let quoted =
        own.iter().rev().take_while(|line| line.trim().is_empty() || line.trim_start().starts_with('>')).count();
    own.truncate(own.len() - quoted);
    if let Some(signature) = own.iter().position(|line| *line == "-- ") {
        own.truncate(signature);
    }
    let own = own.join("\n").trim().to_owned();
    if own.is_empty() { text.trim().to_owned() } else { own }
}

/// Whether the old mail begins with the first of these lines.
fn begins_quoted(lines: &[&str]) -> bool {
    let first = lines[0].trim().to_lowercase();
    RULED_OFF.iter().any(|mark| first.starts_with(mark)) || says_who_wrote(lines) || is_header_block(lines)
}

/// "On Monday, Ann Lee <ann@example.org> wrote:", which mail programs fold.
fn says_who_wrote(lines: &[&str]) -> bool {
    let begins =
        |line: &str| ["on ", "am ", "le ", "el ", "il ", "op ", "den "].iter().any(|word| line.starts_with(word));
    if !begins(&lines[0].trim().to_lowercase()) {
        return false;
    }
    let sentence = lines.iter().take(FOLDED_LINES).take_while(|line| !line.trim().is_empty());
    let mut so_far = String::new();
    for line in sentence {
        so_far = format!("{so_far} {}", line.trim().to_lowercase());
        if so_far.ends_with(':') && WROTE.iter().any(|verb| so_far.contains(verb)) {
            return true;
        }
    }
    false
}

/// The headers of the old mail, as Outlook writes them: from whom, when, to whom.
fn is_header_block(lines: &[&str]) -> bool {
    let named = |line: &str, names: &[&str]| {
        let line = line.trim().trim_start_matches('*').to_lowercase();
        names.iter().any(|name| line.starts_with(name))
    };
    named(lines[0], &["from:", "von:", "de :", "de:"])
        && lines.get(1).is_some_and(|line| {
            named(line, &["sent:", "date:", "gesendet:", "datum:", "envoyé :", "envoyé:", "enviado:"])
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_cut_where_programs_say_it_begins() {
        for (mail, own) in [
            ("It works.\n\nOn Mon, 2 Mar 2026 at 08:00, Desk <desk@example.org> wrote:\n> Try this.\n", "It works."),
            (
                "It works.\nOn Mon, 2 Mar 2026 at 08:00, Service Desk\n<desk@example.org> wrote:\n\nTry this.",
                "It works.",
            ),
            ("Danke!\n\nAm 02.03.26 um 08:00 schrieb Desk:\n> Bitte", "Danke!"),
            ("Yes\n\n-----Original Message-----\nFrom: Desk", "Yes"),
            ("Yes\n\nFrom: Desk <desk@example.org>\nSent: Monday\nTo: Ann\n\nTry", "Yes"),
            ("Yes\n> old\n> older\n", "Yes"),
            ("Yes\n-- \nAnn Lee\nPhone 1", "Yes"),
            ("> Is it on?\nYes.\n> Since when?\nToday.", "> Is it on?\nYes.\n> Since when?\nToday."),
            ("On the roof it leaks.\nPlease come.", "On the roof it leaks.\nPlease come."),
            ("> only quoted", "> only quoted"),
            ("From: my point of view it is broken", "From: my point of view it is broken"),
            ("", ""),
        ] {
            assert_eq!(cut(mail), own, "{mail:?}");
        }
    }
}
