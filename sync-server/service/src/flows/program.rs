//! A flow's steps in a row, with jumps, so that where a run stands is one name.

use std::collections::BTreeSet;

use super::definition::{DEEPEST, Deed, MOST_STEPS, Step};

/// One place of a program.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its name; empty where no run ever stands.
    pub id: String,
    /// What happens there.
    pub instruction: Instruction,
    /// How often it is tried again when it fails.
    pub retries: u32,
}

/// What happens at a place.
#[derive(Debug, Clone)]
pub(super) enum Instruction {
    /// A step without steps within.
    Do(Deed),
    /// Goes on, or elsewhere when the condition does not hold for the record.
    Branch { record: String, condition: String, otherwise: usize },
    /// Goes on when the condition holds for the record, or back.
    Until { record: String, condition: String, again: usize },
    /// Takes the next of a list, or goes elsewhere when there is none.
    Each { list: String, name: String, end: usize },
    /// Begins runs at these places, and goes elsewhere when all have finished.
    Fork { starts: Vec<usize>, end: usize },
    /// Goes elsewhere.
    Jump(usize),
    /// The run is over.
    Finish,
}

/// Everything a flow does.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    places: Vec<Place>,
}

impl Program {
    /// The program of a list of steps.
    ///
    /// # Errors
    /// When there are too many, or two have one name.
    pub fn of(steps: &[Step]) -> Result<Self, String> {
        let mut program = Self::default();
        program.steps(steps, "", 0)?;
        program.push(String::new(), Instruction::Finish, 0);
        let mut names = BTreeSet::new();
        let twice = program.places.iter().find(|place| !place.id.is_empty() && !names.insert(&place.id));
        match twice {
            Some(place) => Err(format!("two steps are called \"{}\"; give each its own id", place.id)),
            None => Ok(program),
        }
    }

    /// Every place, for checks.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }

    /// The place a name stands for: the first when it is empty, none when there is no such step any more.
    pub fn at(&self, id: &str) -> Option<usize> {
        if id.is_empty() { Some(self.settle(0)) } else { self.places.iter().position(|place| place.id == id) }
    }

    /// A place.
    pub fn place(&self, at: usize) -> &Place {
        &self.places[at]
    }

    /// Where a run stands that goes to a place: jumps are followed.
    pub fn settle(&self, mut at: usize) -> usize {
        while let Instruction::Jump(to) = self.places[at].instruction {
            at = to;
        }
        at
    }

    fn push(&mut self, id: String, instruction: Instruction, retries: u32) -> usize {
        self.places.push(Place { id, instruction, retries });
        self.places.len() - 1
    }

    fn steps(&mut self, steps: &[Step], prefix: &str, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("steps lie more than {DEEPEST} deep within each other; use a flow of its own"));
        }
        for (number, step) in steps.iter().enumerate() {
            let id = step.id.clone().unwrap_or_else(|| format!("{prefix}{}", number + 1));
            self.step(step, &id, depth)?;
            if self.places.len() > MOST_STEPS {
                return Err(format!("has more than {MOST_STEPS} steps; use flows of their own for parts of it"));
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step, id: &str, depth: usize) -> Result<(), String> {
        let retries = step.retries;
        match &step.deed {
            Deed::If { record, condition, then, otherwise } => {
                let (record, condition) = (record.clone(), condition.clone());
                let branch = self.push(id.into(), Instruction::Branch { record, condition, otherwise: 0 }, retries);
                self.steps(then, &format!("{id}.then."), depth + 1)?;
                let over = self.push(String::new(), Instruction::Jump(0), 0);
                let second = self.places.len();
                self.steps(otherwise, &format!("{id}.else."), depth + 1)?;
                let end = self.places.len();
                self.places[over].instruction = Instruction::Jump(end);
                if let Instruction::Branch { otherwise, .. } = &mut self.places[branch].instruction {
                    *otherwise = second;
                }
            }
            Deed::ForEach { list, name, steps } => {
                let each = Instruction::Each { list: list.clone(), name: name.clone(), end: 0 };
                let head = self.push(id.into(), each, retries);
                self.steps(steps, &format!("{id}."), depth + 1)?;
                self.push(String::new(), Instruction::Jump(head), 0);
                let after = self.places.len();
                if let Instruction::Each { end, .. } = &mut self.places[head].instruction {
                    *end = after;
                }
            }
            Deed::Repeat { steps, until, condition } => {
                let again = self.places.len();
                self.steps(steps, &format!("{id}."), depth + 1)?;
                let (record, condition) = (until.clone(), condition.clone());
                self.push(id.into(), Instruction::Until { record, condition, again }, retries);
            }
            Deed::Parallel { branches } => self.parallel(id, branches, depth)?,
            deed => drop(self.push(id.into(), Instruction::Do(deed.clone()), retries)),
        }
        Ok(())
    }

    fn parallel(&mut self, id: &str, branches: &[Vec<Step>], depth: usize) -> Result<(), String> {
        let fork = self.push(id.into(), Instruction::Fork { starts: Vec::new(), end: 0 }, 0);
        let mut begun = Vec::new();
        for (number, steps) in branches.iter().enumerate() {
            // A run stands at a name, so a branch that begins with nothing but a loop or an end has one, too.
            let start = self.push(format!("{id}.{}", number + 1), Instruction::Jump(self.places.len() + 1), 0);
            begun.push(start);
            self.steps(steps, &format!("{id}.{}.", number + 1), depth + 1)?;
            self.push(String::new(), Instruction::Finish, 0);
        }
        let after = self.places.len();
        if let Instruction::Fork { starts, end } = &mut self.places[fork].instruction {
            (*starts, *end) = (begun, after);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::definition;

    fn program(text: &str) -> Result<Program, String> {
        Program::of(&definition::read(text)?)
    }

    #[test]
    fn steps_have_names_that_say_where_they_are() {
        let text = r#"[{"do":"wait","seconds":1},
            {"do":"if","record":"trigger","condition":"active=true","then":[{"do":"end","id":"stop"}],"else":[{"do":"wait","seconds":2}]},
            {"do":"parallel","branches":[[{"do":"wait","seconds":3}],[]]}]"#;
        let program = program(text).expect("a program");
        let names: Vec<&str> =
            program.places().map(|place| place.id.as_str()).filter(|name| !name.is_empty()).collect();
        assert_eq!(names, ["1", "2", "stop", "2.else.1", "3", "3.1", "3.1.1", "3.2"]);
        assert_eq!((program.at(""), program.at("3.1"), program.at("4")), (Some(0), Some(6), None));
    }

    #[test]
    fn what_is_no_program_is_refused_in_words() {
        for (text, problem) in [
            ("{}", "is no list of steps"),
            (r#"[{"do":"dance"}]"#, "unknown variant `dance`"),
            (r#"[{"do":"wait","seconds":1,"id":"x"},{"do":"end","id":"x"}]"#, "two steps are called \"x\""),
            (r#"[{"do":"create","table":"task"}]"#, "missing field `fields`"),
        ] {
            let refused = program(text).expect_err(problem);
            assert!(refused.contains(problem), "{refused}");
        }
        let many: Vec<String> = (0..=MOST_STEPS).map(|_| r#"{"do":"end"}"#.to_owned()).collect();
        assert!(program(&format!("[{}]", many.join(","))).expect_err("too many").contains("more than 500 steps"));
        let deep = (0..20)
            .fold("[]".to_owned(), |inner, _| format!(r#"[{{"do":"for_each","in":"x","as":"y","steps":{inner}}}]"#));
        assert!(program(&deep).expect_err("too deep").contains("deep within each other"));
    }
}
