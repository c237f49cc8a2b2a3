//! Published instances, in sets, with what is known of them.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use fieldline_routing::Problem;
use fieldline_routing::formats::trsp::Reading;
use fieldline_routing::formats::{Rounding, solomon, trsp};

use super::Failed;

/// Instances that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Set {
    /// 100 visits, least distance in the DIMACS convention.
    Solomon,
    /// 200 visits, of Gehring and Homberger, the same.
    #[value(name = "homberger-200")]
    Homberger200,
    /// 1,000 visits, the same.
    #[value(name = "homberger-1000")]
    Homberger1000,
    /// 1,000 visits, vehicles before distance.
    #[value(name = "homberger-1000-fewest")]
    Homberger1000Fewest,
    /// Technicians with skills and tools; who is served comes before what it costs.
    Technicians,
    /// The same with parts, a depot and working time, as the authors stated it.
    TechniciansFull,
}

/// An instance, and the best known of it: for `Technicians` nothing, for `TechniciansFull` what its authors reported.
pub struct Instance {
    pub name: String,
    pub file: PathBuf,
    pub set: Set,
    pub best_distance: Option<f64>,
    pub best_vehicles: Option<usize>,
}

impl Set {
    pub const ALL: [Self; 6] = [
        Self::Solomon,
        Self::Homberger200,
        Self::Homberger1000,
        Self::Homberger1000Fewest,
        Self::Technicians,
        Self::TechniciansFull,
    ];

    /// What it is called on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether gaps to best known plans are its measure.
    pub fn has_best_known(self) -> bool {
        !matches!(self, Self::Technicians)
    }

    pub fn is_of_technicians(self) -> bool {
        matches!(self, Self::Technicians | Self::TechniciansFull)
    }

    /// The instances in a folder, or so many of them, evenly spread.
    pub fn instances(self, folder: &Path, sample: Option<u32>) -> Result<Vec<Instance>, Failed> {
        let folder = folder.join(if self.is_of_technicians() { "trsp" } else { "vrptw" });
        let table = folder.join(if self.is_of_technicians() { "reported_2013.csv" } else { "best_known.csv" });
        let text = std::fs::read_to_string(&table).map_err(|problem| format!("{}: {problem}", table.display()))?;
        let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
        let all = rows.filter_map(|row| self.instance(&folder, &row)).filter(|instance| instance.file.exists());
        let all: Vec<Instance> = all.collect();
        if all.is_empty() {
            return Err(format!("{} has no instances of {}", folder.display(), self.name()).into());
        }
        let (of, few) = (all.len(), sample.map_or(all.len(), |few| all.len().min(few as usize)));
        let chosen = all.into_iter().enumerate().filter(|(index, _)| index * few % of < few);
        Ok(chosen.map(|(_, instance)| instance).collect())
    }

    /// An instance of a row of the table, if it is one of these.
    fn instance(self, folder: &Path, row: &[&str]) -> Option<Instance> {
        let name = (*row.first()?).to_owned();
        let number = |column: usize| row.get(column)?.parse::<f64>().ok();
        let least = |columns: [usize; 2]| columns.into_iter().filter_map(number).reduce(f64::min);
        let (is_in, part, best_distance) = match self {
            Self::Solomon => (row[1] == "Solomon", "solomon", least([2, 4])),
            Self::Homberger200 => (name.contains("_2_"), "homberger", least([2, 4])),
            Self::Homberger1000 => (name.contains("_10_"), "homberger", least([2, 4])),
            Self::Homberger1000Fewest => (name.contains("_10_"), "homberger", number(7)),
            Self::Technicians => (true, "", None),
            Self::TechniciansFull => (true, "", number(1)),
        };
        let best_vehicles = number(6).filter(|_| self == Self::Homberger1000Fewest).map(|count| count as usize);
        let file = folder.join(part).join(format!("{name}.txt"));
        is_in.then_some(Instance { name, file, set: self, best_distance, best_vehicles })
    }

    /// What a peer's plan is told in, by a distance of 1.
    pub fn units(self) -> f64 {
        self.rounding().units()
    }

    fn rounding(self) -> Rounding {
        match self {
            Self::Solomon | Self::Homberger200 | Self::Homberger1000 => Rounding::Dimacs,
            Self::Homberger1000Fewest | Self::Technicians | Self::TechniciansFull => Rounding::Exact,
        }
    }

    /// How `route` is told to read it.
    pub fn format(self) -> &'static [&'static str] {
        match self {
            Self::Solomon | Self::Homberger200 | Self::Homberger1000 => &["--format", "solomon"],
            Self::Homberger1000Fewest => &["--format", "solomon", "--objective", "vehicles"],
            Self::Technicians => &["--format", "trsp"],
            Self::TechniciansFull => &["--format", "trsp-full"],
        }
    }
}

impl Instance {
    /// A set may have the same instances as another.
    pub fn key(&self) -> (Set, &str) {
        (self.set, &self.name)
    }

    /// Reads it.
    pub fn problem(&self) -> Result<Problem, Failed> {
        let text = std::fs::read_to_string(&self.file)?;
        let instance = match self.set {
            Set::TechniciansFull => trsp::read(&text, Reading::Whole),
            Set::Technicians => trsp::read(&text, Reading::Part),
            set => solomon::read(&text, set.rounding(), set == Set::Homberger1000Fewest),
        };
        Ok(instance.map_err(|problem| format!("{}: {problem}", self.file.display()))?.problem)
    }
}
