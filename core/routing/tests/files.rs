//! Problems as people write them down, and what they are told when they wrote nonsense.

use fieldline_routing::{Iterations, Problem, ProblemFile, Start, check, solve};

const MORNING: &str = r#"{
  "positions": [
    { "latitude": 43.7384, "longitude": 7.4246 },
    { "latitude": 43.7311, "longitude": 7.4197 },
    { "latitude": 43.7402, "longitude": 7.4266 }
  ],
  "visits": [
    { "name": "Boiler", "place": 1, "service_seconds": 3600, "skills": { "gas": 2 } },
    { "name": "Lift", "place": 2, "service_seconds": 1800, "windows": [{ "from_seconds": 0, "until_seconds": 7200 }] }
  ],
  "shifts": [
    { "name": "Mia", "technician": "mia", "start_place": 0, "end_place": 0, "start_seconds": 0, "end_seconds": 28800,
      "skills": { "gas": 3 } }
  ]
}"#;

fn problem(text: &str) -> Result<Problem, String> {
    let file: ProblemFile = serde_json::from_str(text).map_err(|problem| problem.to_string())?;
    Problem::try_from(file).map_err(|problem| problem.to_string())
}

#[test]
fn a_morning_with_positions_is_planned() {
    let problem = problem(MORNING).expect("it makes sense");
    let plan = solve(&problem, Start::Afresh, 1, &mut Iterations(100));
    assert_eq!((plan.tours.len(), plan.unserved.len()), (1, 0));
    assert_eq!(check(&problem, &plan), Ok(plan.score));
}

#[test]
fn ways_that_are_known_are_taken_as_they_are() {
    let ways = r#"{ "ways": { "seconds": [[0, 60], [90, 0]] },
        "visits": [{ "place": 1 }], "shifts": [{ "end_seconds": 900 }] }"#;
    let problem = problem(ways).expect("it makes sense");
    assert_eq!(solve(&problem, Start::Afresh, 1, &mut Iterations(1)).score.cost, 150);
}

#[test]
fn nonsense_is_refused_with_the_place_where_it_stands() {
    let refused = |from: &str, to: &str| problem(&MORNING.replace(from, to)).expect_err("it is nonsense");
    assert!(refused("\"latitude\": 43.7384", "\"latitude\": 143.7384").contains("number 0 is not on earth"));
    assert!(refused("\"place\": 1", "\"place\": 7").starts_with("visit \"Boiler\": place: there are 3 places"));
    assert!(refused("\"end_seconds\": 28800", "\"end_seconds\": -1").starts_with("shift \"Mia\": end_seconds"));
    assert!(refused("\"gas\": 2", "\"gas\": -2").contains("invalid value"));
    assert!(refused("\"skills\": { \"gas\": 2 }", "\"skils\": {}").contains("unknown field `skils`"));
    let uneven = r#"{ "ways": { "seconds": [[0, 60], [90]] }, "visits": [], "shifts": [] }"#;
    assert!(problem(uneven).expect_err("it is uneven").contains("row 1 has 1 columns of 2"));
}
