//! How hot the search is: it cools down once, goes back to the best plan, is warmed up a little, cools down again, and so on. One
//! long descent ends in the plans near one another that it happened upon; many short ones from the best plan so far leave them.

use crate::model::Model;

/// The temperature at the beginning and at the end, as parts of what a visit costs on average in the first plan.
const HOTTEST: f64 = 1.0;
const COLDEST: f64 = 0.02;
/// The temperature at the end where shifts are unlike: what fits one fits few others, and the search is caught much earlier.
const COLDEST_UNLIKE: f64 = 0.08;
/// The temperature at the beginning where a plan is changed that is good already.
const HOTTEST_REPAIR: f64 = 0.2;
/// The temperature a search is warmed up to.
const WARM: f64 = 0.4;
/// A round has at least so many tries a visit; the first counts for two.
const TRIES_A_VISIT: f64 = 700.0;
/// Most rounds.
const MOST_ROUNDS: f64 = 16.0;
/// How fast tries are is known after so many.
const TRIES_TIMED: u64 = 1024;

/// The temperature of a search under way.
pub struct Cooling {
    hottest: f64,
    coldest: f64,
    tries_a_round: f64,
    /// How many tries there were at the first look, and which part of the budget was used by then.
    first_look: Option<(u64, f64)>,
    rounds: Option<f64>,
    round: f64,
}

impl Cooling {
    /// Of a search that begins with nothing.
    pub fn afresh(model: &Model<'_>) -> Self {
        Self {
            hottest: HOTTEST,
            coldest: if model.has_unlike_days() { COLDEST_UNLIKE } else { COLDEST },
            tries_a_round: TRIES_A_VISIT * model.stops.len() as f64,
            first_look: None,
            rounds: None,
            round: 0.0,
        }
    }

    /// Of a search that begins with a plan that is good already.
    pub fn repair(model: &Model<'_>) -> Self {
        Self { hottest: HOTTEST_REPAIR, ..Self::afresh(model) }
    }

    /// Takes in which part of the budget so many tries have used. Says how hot it is, as a part of what a visit costs, and whether
    /// a round has begun that goes out from the best plan.
    pub fn look(&mut self, tries: u64, spent: f64) -> (f64, bool) {
        let (tries_first, spent_first) = *self.first_look.get_or_insert((tries, spent));
        if self.rounds.is_none() && tries >= TRIES_TIMED {
            let all_tries = (tries - tries_first) as f64 * (1.0 - spent_first) / (spent - spent_first);
            self.rounds = Some((all_tries / self.tries_a_round).floor().clamp(1.0, MOST_ROUNDS));
        }
        let rounds = self.rounds.unwrap_or(1.0);
        let at = (spent * (rounds + 1.0) - 1.0).max(0.0);
        let round = at.floor();
        let (hottest, cooled) = if round == 0.0 {
            (self.hottest, spent * (rounds + 1.0) / 2.0)
        } else {
            (WARM.min(self.hottest), at.fract())
        };
        let is_new = std::mem::replace(&mut self.round, round) != round;
        (hottest * (self.coldest / hottest).powf(cooled), is_new)
    }
}
