//! The server and the policies agree, over every way to ask.

mod device;
mod judge;
mod oracle;
mod rows;
mod scopes;
mod world;

use judge::Judge;

/// Cases of one world; more worlds are judged by hand with `ACCESS_WORLDS=20`.
const CASES: usize = 2_500;

fn worlds() -> u64 {
    std::env::var("ACCESS_WORLDS").ok().and_then(|worlds| worlds.parse().ok()).unwrap_or(4)
}

async fn agree(seeds: impl Iterator<Item = u64>) {
    let (mut cases, mut permitted) = (0, 0);
    for seed in seeds {
        let mut judge = Judge::of(seed);
        let (_, disagreements) = judge.predicates();
        assert_eq!(disagreements, Vec::<String>::new(), "in memory, world {seed}");
        let judged = judge.judge(CASES).await;
        assert!(judged.disagreements.is_empty(), "world {seed}: {:#?}", judged.disagreements);
        cases += judged.by_way.values().map(|(cases, _)| cases).sum::<usize>();
        permitted += judged.by_way.values().map(|(_, permitted)| permitted).sum::<usize>();
        assert_eq!(judged.by_way.len(), 13, "every way was tried");
    }
    let some = permitted * 10 > cases && permitted * 10 < cases * 9;
    assert!(some, "neither everything nor nothing: {permitted} of {cases}");
    println!("{cases} cases, {permitted} of records in sight, 0 disagreements");
}

#[tokio::test]
async fn generated_cases_agree_with_the_policies_and_nothing_leaks() {
    agree((0..worlds()).step_by(2)).await;
}

#[tokio::test]
async fn generated_cases_of_other_worlds_agree_too() {
    agree((1..worlds()).step_by(2)).await;
}

#[tokio::test]
async fn a_rule_the_server_does_not_keep_is_a_disagreement() {
    let shipped = fieldline_model::Dictionary::shipped();
    let mut judge = Judge::of(0).believing(shipped);
    let judged = judge.judge(300).await;
    assert!(!judged.disagreements.is_empty(), "the policies know nothing of the field with readers");
}

#[test]
fn a_row_the_server_shows_by_another_rule_is_a_disagreement() {
    use fieldline_model::dictionary::{Dictionary, SHIPPED_LIFE_CYCLES, SHIPPED_TABLES};
    let altered = SHIPPED_TABLES.iter().map(|(file, text)| (*file, text.replace("INpublished,", "INdraft,")));
    let altered: Vec<(&str, String)> = altered.collect();
    let altered: Vec<(&str, &str)> = altered.iter().map(|(file, text)| (*file, text.as_str())).collect();
    let altered = Dictionary::parse(&altered, SHIPPED_LIFE_CYCLES).expect("it fits together");
    let (_, disagreements) = Judge::of(0).believing(&altered).predicates();
    assert!(!disagreements.is_empty(), "the policies show drafts in place of what is published");
}
