//! A plan to look at: an SVG picture, and GeoJSON for a map (RFC 7946).

use std::fmt::Write;

use serde::Serialize;

use crate::plan::{Activity, Plan, Stop, Tour};
use crate::problem::Problem;

/// How wide the picture is, without its margin and the names beside it.
const WIDTH: f64 = 900.0;
const MARGIN: f64 = 20.0;
const NAMES_WIDTH: f64 = 220.0;

/// Where a place is: eastwards, then northwards, in degrees or whatever else the positions are in.
pub type At = (f64, f64);

/// The places a tour comes to, from its start to its end.
fn way(problem: &Problem, tour: &Tour) -> Vec<usize> {
    let shift = &problem.shifts()[tour.shift];
    let place = |stop: &Stop| match stop.activity {
        Activity::Visit(visit) => Some(problem.visits()[visit].place),
        Activity::Depot(_) => problem.depot_of(shift).map(|depot| depot.place),
        Activity::Break(_) => None,
    };
    let stops = tour.stops.iter().filter_map(place);
    std::iter::once(shift.sets_out().0).chain(stops).chain([shift.end_place]).collect()
}

/// A plan as an SVG picture: a colour for each tour, visits nobody makes as crosses.
pub fn svg(problem: &Problem, plan: &Plan, positions: &[At]) -> String {
    let frame = Frame::around(positions);
    let height = frame.height.max(plan.tours.len() as f64 * 16.0) + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {height:.0}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        WIDTH + 2.0 * MARGIN + NAMES_WIDTH
    );
    for (index, tour) in plan.tours.iter().enumerate() {
        draw_tour(&mut svg, problem, tour, index, &|place| frame.point(positions[place]));
    }
    for unserved in &plan.unserved {
        let (x, y) = frame.point(positions[problem.visits()[unserved.visit].place]);
        let name = escaped(&problem.visits()[unserved.visit].name);
        let cross = format!("M{:.1} {:.1}l8 8m0 -8l-8 8", x - 4.0, y - 4.0);
        put(
            &mut svg,
            &format!("<path d=\"{cross}\" stroke=\"#c00\" stroke-width=\"2\"><title>{name}: nobody</title></path>"),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_tour(svg: &mut String, problem: &Problem, tour: &Tour, index: usize, point: &dyn Fn(usize) -> At) {
    // The golden angle keeps neighbours apart however many there are.
    let colour = format!("hsl({:.0},70%,40%)", (index as f64 * 137.508) % 360.0);
    let name = escaped(&problem.shifts()[tour.shift].name);
    let points: Vec<String> =
        way(problem, tour).into_iter().map(point).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    put(
        svg,
        &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-opacity=\"0.7\"/>",
            points.join(" ")
        ),
    );
    let (x, y) = point(problem.shifts()[tour.shift].start_place);
    put(svg, &format!("<rect x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\" fill=\"{colour}\"/>", x - 4.0, y - 4.0));
    for (visit, begins) in tour.timed_visits() {
        let (x, y) = point(problem.visits()[visit].place);
        let title = format!("{} at {begins} s by {name}", escaped(&problem.visits()[visit].name));
        put(
            svg,
            &format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"><title>{title}</title></circle>"),
        );
    }
    let (x, y) = (WIDTH + 2.0 * MARGIN, MARGIN + 16.0 * index as f64);
    let visits = tour.visits().count();
    put(svg, &format!("<text x=\"{x:.0}\" y=\"{y:.0}\" fill=\"{colour}\">{name}: {visits}</text>"));
}

fn put(svg: &mut String, element: &str) {
    writeln!(svg, "{element}").expect("a string takes everything");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// How positions come to lie in the picture.
struct Frame {
    west: f64,
    north: f64,
    scale: f64,
    height: f64,
}

impl Frame {
    fn around(positions: &[At]) -> Self {
        let ends = |of: fn(&At) -> f64| {
            let least = positions.iter().map(of).fold(f64::INFINITY, f64::min);
            (least, positions.iter().map(of).fold(f64::NEG_INFINITY, f64::max))
        };
        let ((west, east), (south, north)) = (ends(|at| at.0), ends(|at| at.1));
        let scale = WIDTH / (east - west).max(north - south).max(1e-9);
        Self { west, north, scale, height: ((north - south) * scale).max(0.0) }
    }

    fn point(&self, (x, y): At) -> At {
        (MARGIN + (x - self.west) * self.scale, MARGIN + (self.north - y) * self.scale)
    }
}

/// A plan on a map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureCollection {
    #[serde(rename = "type")]
    kind: &'static str,
    features: Vec<Feature>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Feature {
    #[serde(rename = "type")]
    kind: &'static str,
    geometry: Geometry,
    properties: Properties,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Point(At),
    LineString(Vec<At>),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Properties {
    name: String,
    /// Whose tour it is or belongs to; nobody's for a visit that is not made.
    shift: Option<String>,
    begins_seconds: Option<i32>,
}

/// A plan as GeoJSON: a line for each tour, a point for each visit. Positions are degrees.
pub fn geojson(problem: &Problem, plan: &Plan, positions: &[At]) -> FeatureCollection {
    let feature = |geometry, name: &str, shift: Option<&String>, begins_seconds| Feature {
        kind: "Feature",
        geometry,
        properties: Properties { name: name.to_owned(), shift: shift.cloned(), begins_seconds },
    };
    let visit = |number: usize, shift: Option<&String>, begins: Option<i32>| {
        let of = &problem.visits()[number];
        feature(Geometry::Point(positions[of.place]), &of.name, shift, begins)
    };
    let mut features = Vec::new();
    for tour in &plan.tours {
        let shift = &problem.shifts()[tour.shift].name;
        let line = way(problem, tour).into_iter().map(|place| positions[place]).collect();
        features.push(feature(Geometry::LineString(line), shift, Some(shift), Some(tour.leaves_seconds)));
        features.extend(tour.timed_visits().map(|(number, begins)| visit(number, Some(shift), Some(begins))));
    }
    features.extend(plan.unserved.iter().map(|unserved| visit(unserved.visit, None, None)));
    FeatureCollection { kind: "FeatureCollection", features }
}
