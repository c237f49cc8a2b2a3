//! Which road a place lies at: the nearest one, through a grid of cells.
//!
//! Near a place the earth is flat enough: within a kilometer the error is below a millimeter at 45 degrees.

use fieldline_model::Place;

use crate::network::{Network, Road};

/// Farthest a place may lie from its road.
pub const FARTHEST_METERS: f64 = 1_000.0;
/// How far the search looks, first and when it found none: in towns nearly everything has a road within the first.
const REACHES_METERS: [f64; 3] = [50.0, 250.0, FARTHEST_METERS];
/// Side of a cell in millionths of a degree: 111 m of latitude.
const CELL_MICRO: i32 = 1_000;
/// A degree of latitude on the mean earth radius, by millionths.
const METERS_A_MICRO: f64 = 0.111_195;

/// A place on a road.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snapped {
    /// The number of the road in [`Network::roads`].
    pub road: usize,
    /// Where on it: 0 at its low end, 1 at its high end.
    pub fraction: f64,
    /// How far off the road the place lies, as the crow flies.
    pub off_meters: f64,
}

/// Roads by the cells they touch.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    /// Row, column, road; sorted.
    cells: Vec<(i32, i32, u32)>,
}

impl Grid {
    pub(crate) fn new(network: &Network) -> Self {
        let mut cells = Vec::with_capacity(network.roads().len() * 2);
        for (number, road) in network.roads().iter().enumerate() {
            let [low, high] = ends(network, road).map(|end| [end.latitude_micro, end.longitude_micro]);
            let steps =
                low.iter().zip(high).map(|(low, high)| low.abs_diff(high)).max().unwrap_or(0) / CELL_MICRO as u32 + 1;
            let point = |step: u32| {
                let between = |at: usize| low[at] + ((high[at] - low[at]) as i64 * step as i64 / steps as i64) as i32;
                [between(0), between(1)].map(|micro| micro.div_euclid(CELL_MICRO))
            };
            for step in 0..steps {
                let ([row, column], [next_row, next_column]) = (point(step), point(step + 1));
                for row in row.min(next_row)..=row.max(next_row) {
                    let columns = column.min(next_column)..=column.max(next_column);
                    cells.extend(columns.map(|column| (row, column, number as u32)));
                }
            }
        }
        cells.sort_unstable();
        cells.dedup();
        Self { cells }
    }

    /// The nearest road, unless every road is too far away.
    pub(crate) fn nearest(&self, network: &Network, place: Place) -> Option<Snapped> {
        let east = meters_a_micro_east(place);
        REACHES_METERS.into_iter().find_map(|within| {
            let near = self.around(place, east, within).map(|road| project(network, road, place, east));
            let nearest = near.min_by(|one, other| one.off_meters.total_cmp(&other.off_meters));
            nearest.filter(|nearest| nearest.off_meters <= within)
        })
    }

    fn around(&self, place: Place, east: f64, meters: f64) -> impl Iterator<Item = usize> + '_ {
        let reach = |micro: i32, meters_a_micro: f64| {
            let micros = (meters / meters_a_micro) as i32;
            (micro - micros).div_euclid(CELL_MICRO)..=(micro + micros).div_euclid(CELL_MICRO)
        };
        let columns = reach(place.longitude_micro, east);
        reach(place.latitude_micro, METERS_A_MICRO).flat_map(move |row| {
            let from = self.cells.partition_point(|cell| (cell.0, cell.1) < (row, *columns.start()));
            let until = self.cells.partition_point(|cell| (cell.0, cell.1) <= (row, *columns.end()));
            self.cells[from..until].iter().map(|cell| cell.2 as usize)
        })
    }
}

fn ends(network: &Network, road: &Road) -> [Place; 2] {
    [road.low, road.high].map(|node| network.nodes()[node as usize])
}

/// Degrees of longitude get narrow towards the poles; no road leads beyond 89 degrees.
fn meters_a_micro_east(place: Place) -> f64 {
    METERS_A_MICRO * (f64::from(place.latitude_micro) / 1e6).to_radians().cos().max(0.017)
}

fn project(network: &Network, number: usize, place: Place, east: f64) -> Snapped {
    let [(x, y), (other_x, other_y)] = ends(network, &network.roads()[number]).map(|end| {
        let x = f64::from(end.longitude_micro - place.longitude_micro) * east;
        (x, f64::from(end.latitude_micro - place.latitude_micro) * METERS_A_MICRO)
    });
    let (along_x, along_y) = (other_x - x, other_y - y);
    let squared = along_x * along_x + along_y * along_y;
    let fraction = if squared > 0.0 { (-(x * along_x + y * along_y) / squared).clamp(0.0, 1.0) } else { 0.0 };
    let off_meters = (x + fraction * along_x).hypot(y + fraction * along_y);
    Snapped { road: number, fraction, off_meters }
}
