//! An organisation brings its sites from a spreadsheet in which some rows are wrong.

use std::fs;

use fieldline_stories::Office;
use serde_json::Value as Json;

const SITES: &str = "name,city,latitude\n\
    Boiler house,Monaco,43.7384\n\
    ,Monaco,43.7\n\
    Pump room,Monaco,north\n\
    Roof,Monaco,43.74,too much\n\
    Gatehouse,Nice,43.7102\n";

#[test]
fn good_rows_load_and_each_malformed_one_lands_in_an_error_file_with_its_reason_and_can_be_mended_there() {
    let office = Office::open();
    let folder = tempfile::tempdir().expect("there is room for a file");
    let sites = folder.path().join("sites.csv");
    fs::write(&sites, SITES).expect("a file can be written");
    let imports = |file: &str| {
        let (done, printed) = office.runs(&["import", file, "--table", "cmn_location", "--json"], "");
        assert!(done, "{printed}");
        serde_json::from_str::<Json>(&printed).expect("--json prints JSON")
    };

    let report = imports(sites.to_str().expect("a plain path"));
    assert_eq!((&report["created"], &report["rejected"]), (&2.into(), &3.into()), "{report}");
    assert_eq!(names(&office), ["Boiler house", "Gatehouse"]);

    let errors_file = report["errors_file"].as_str().expect("the report names the error file");
    let errors = fs::read_to_string(errors_file).expect("the error file is there");
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines[0], "line,column,reason,name,city,latitude");
    for (line, number, column, as_it_came) in [
        (lines[1], "5", "", "Roof,Monaco,43.74,too much"),
        (lines[2], "3", "name", ",Monaco,43.7"),
        (lines[3], "4", "latitude", "Pump room,Monaco,north"),
    ] {
        let mut cells = line.splitn(3, ',');
        assert_eq!((cells.next(), cells.next()), (Some(number), Some(column)), "{errors}");
        let rest = cells.next().unwrap_or_default();
        let reason = rest.strip_suffix(as_it_came).unwrap_or_else(|| panic!("{line} holds the row as it came"));
        assert!(reason.len() > 15, "{line} says why");
    }

    let mended = errors.replace(",,Monaco,43.7\n", ",Quay,Monaco,43.7\n").replace("north", "43.73");
    fs::write(errors_file, mended.replace(",too much", "")).expect("a file can be written");
    let report = imports(errors_file);
    assert_eq!((&report["created"], &report["rejected"]), (&3.into(), &0.into()), "{report}");
    assert_eq!(names(&office), ["Boiler house", "Gatehouse", "Pump room", "Quay", "Roof"]);
}

fn names(office: &Office) -> Vec<String> {
    let found = office.finds("cmn_location", "ORDERBYname");
    found.iter().map(|site| site["name"].as_str().unwrap_or_default().to_owned()).collect()
}
