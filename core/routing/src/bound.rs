//! What the rest of a tour costs at the least. A way through the visits left is a tree over them with a link at either end, and no tree
//! costs less than the least one. Prices on the visits, found once for the whole tour, make the least tree resemble a way (Held
//! and Karp, "The traveling-salesman problem and minimum spanning trees", Operations Research 18(6), 1970).

/// More than any tour costs.
const FAR: i64 = i64::MAX / 256;
/// How often prices are changed.
const ROUNDS: usize = 60;

/// What ways cost between a start, some visits, and home; [`FAR`] where time does not allow one.
pub struct Costs {
    pub count: usize,
    /// From each visit, and from the start as the last row, to each visit.
    pub to: Vec<i64>,
    /// From each visit home.
    pub home: Vec<i64>,
}

impl Costs {
    /// Takes in that nobody can go from one to another.
    pub fn forbid(&mut self, from: usize, to: usize) {
        self.to[from * self.count + to] = FAR;
    }

    fn between(&self, a: usize, b: usize) -> i64 {
        self.to[a * self.count + b].min(self.to[b * self.count + a])
    }
}

/// What is left of a tour, as sets of visits.
pub struct Bound {
    costs: Costs,
    prices: Vec<i64>,
    /// What it costs between two visits, whichever way, less the prices of both.
    between: Vec<i64>,
}

impl Bound {
    pub fn new(costs: Costs) -> Self {
        let mut bound = Self { prices: vec![0; costs.count], between: Vec::new(), costs };
        bound.reprice();
        let longest = bound.costs.to.iter().filter(|cost| **cost < FAR).max();
        let mut step = longest.map_or(0, |longest| longest / 10);
        let (mut best, mut best_prices) = (i64::MIN, bound.prices.clone());
        for _ in 0..ROUNDS {
            let (least, degrees) = bound.whole();
            if least > best {
                (best, best_prices) = (least, bound.prices.clone());
            }
            bound.prices.iter_mut().zip(degrees).for_each(|(price, degree)| *price += step * (2 - degree));
            bound.reprice();
            step = step * 19 / 20;
        }
        bound.prices = best_prices;
        bound.reprice();
        bound
    }

    /// The least that it costs to go on from a visit, or the start, to one of those left, and from there through all others and home,
    /// is this and [`Self::link`].
    pub fn after_link(&self, left: u32) -> i64 {
        let home = members(left).map(|visit| self.costs.home[visit] - self.prices[visit]).min().unwrap_or(0);
        self.tree(left, |_, _| ()) + home + self.paid(left)
    }

    /// What the first way costs of all that is left.
    pub fn link(&self, from: usize, to: usize) -> i64 {
        self.costs.to[from * self.costs.count + to] - self.prices[to]
    }

    /// Every visit has two ends of ways.
    fn paid(&self, left: u32) -> i64 {
        2 * members(left).map(|visit| self.prices[visit]).sum::<i64>()
    }

    /// The least cost of a whole tour, and how many ways meet at each visit.
    fn whole(&self) -> (i64, Vec<i64>) {
        let (count, mut degrees) = (self.costs.count, vec![0; self.costs.count]);
        let tree = self.tree((1 << count) - 1, |a, b| {
            degrees[a] += 1;
            degrees[b] += 1;
        });
        let first = (0..count).min_by_key(|visit| self.link(count, *visit)).unwrap_or(0);
        let last = (0..count).min_by_key(|visit| self.costs.home[*visit] - self.prices[*visit]).unwrap_or(0);
        degrees[first] += 1;
        degrees[last] += 1;
        let ends = self.link(count, first) + self.costs.home[last] - self.prices[last];
        (tree + ends + self.paid((1 << count) - 1), degrees)
    }

    fn reprice(&mut self) {
        let pairs = (0..self.costs.count).flat_map(|a| (0..self.costs.count).map(move |b| (a, b)));
        self.between = pairs.map(|(a, b)| self.costs.between(a, b) - self.prices[a] - self.prices[b]).collect();
    }

    /// What the least tree over some visits costs.
    fn tree(&self, left: u32, mut joined: impl FnMut(usize, usize)) -> i64 {
        let mut outside = left & left.wrapping_sub(1);
        let (mut newest, mut sum) = (left.trailing_zeros() as usize, 0);
        let mut nearest = [(i64::MAX, 0); u32::BITS as usize];
        while outside != 0 {
            let row = &self.between[newest * self.costs.count..][..self.costs.count];
            let mut next = (i64::MAX, 0);
            for visit in members(outside) {
                if row[visit] < nearest[visit].0 {
                    nearest[visit] = (row[visit], newest);
                }
                if nearest[visit].0 < next.0 {
                    next = (nearest[visit].0, visit);
                }
            }
            joined(nearest[next.1].1, next.1);
            (newest, sum) = (next.1, sum + next.0);
            outside &= !(1 << newest);
        }
        sum
    }
}

/// The visits of a set.
pub fn members(mut set: u32) -> impl Iterator<Item = usize> + Clone {
    std::iter::from_fn(move || {
        let member = (set != 0).then(|| set.trailing_zeros() as usize);
        set &= set.wrapping_sub(1);
        member
    })
}
