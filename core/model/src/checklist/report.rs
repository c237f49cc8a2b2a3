//! How a checklist stands: what is shown, what was answered, what is missing, what it scores.

use super::{Checklist, Given, Kind, Question, remark_key};

/// How a checklist stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report<'a> {
    /// What is shown, headings included, in order.
    pub asked: Vec<Asked<'a>>,
    /// What the answers score.
    pub points: i64,
    /// The most they could have scored.
    pub most_points: i64,
    /// What the step still waits for.
    pub missing: Vec<Missing>,
}

/// A question that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The question.
    pub question: &'a Question,
    /// The key it is answered under.
    pub key: String,
    /// The answer, if there is one.
    pub given: Option<Given<'a>>,
    /// Why the answer does not fit: it was given by an app that did not know the question, or by nobody who was told.
    pub problem: Option<String>,
    /// Why the answer is not normal.
    pub warning: Option<String>,
    /// The remark about the answer.
    pub remark: Option<&'a str>,
}

/// Something a step waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The key to answer under.
    pub key: String,
    /// What to do.
    pub problem: String,
}

impl Checklist {
    /// How the checklist stands by the newest answers, which are asked for by their keys.
    pub fn report<'a>(&'a self, answers: &dyn Fn(&str) -> Option<Given<'a>>) -> Report<'a> {
        let mut report = Report { asked: Vec::new(), points: 0, most_points: 0, missing: Vec::new() };
        let mut section_is_shown = true;
        for question in &self.questions {
            let is_heading = question.kind == Kind::Section;
            let is_shown = (is_heading || section_is_shown) && report.shows(question);
            if is_heading {
                section_is_shown = is_shown;
            }
            if is_shown {
                report.ask(self.answer_key(question), question, answers);
            }
        }
        report
    }
}

impl<'a> Report<'a> {
    /// Whether a question is shown by what was answered so far; an answer that does not fit shows nothing.
    fn shows(&self, question: &Question) -> bool {
        let Some(condition) = &question.show_if else { return true };
        let asked = self.asked.iter().find(|asked| asked.question.key == condition.question);
        let given = asked.filter(|asked| asked.problem.is_none()).and_then(|asked| asked.given);
        given.is_some_and(|given| given.text.split(',').any(|part| condition.is.iter().any(|is| is == part.trim())))
    }

    fn ask(&mut self, key: String, question: &'a Question, answers: &dyn Fn(&str) -> Option<Given<'a>>) {
        let given = answers(&key).filter(|given| !given.text.trim().is_empty() || given.picture.is_some());
        let remark = answers(&remark_key(&key)).map(|given| given.text.trim()).filter(|remark| !remark.is_empty());
        let mut asked = Asked { question, key, given, problem: None, warning: None, remark };
        self.most_points = self.most_points.saturating_add(question.most_points());
        match given.map(|given| question.check(&given)) {
            None if question.mandatory => self.miss(&asked.key, format!("\"{}\" is not answered", question.text)),
            None => {}
            Some(Err(problem)) => {
                self.miss(&asked.key, format!("\"{}\": {problem}", question.text));
                asked.problem = Some(problem);
            }
            Some(Ok(verdict)) => {
                self.points = self.points.saturating_add(verdict.points);
                asked.warning = verdict.warning;
                if let (Some(warning), None) = (&asked.warning, remark) {
                    self.miss(&remark_key(&asked.key), format!("\"{}\": {warning}", question.text));
                }
            }
        }
        self.asked.push(asked);
    }

    fn miss(&mut self, key: &str, problem: String) {
        self.missing.push(Missing { key: key.to_owned(), problem });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Before, Limits, ShowIf};
    use super::*;
    use crate::value::Decimal;

    fn question(key: &str, kind: Kind, show_if: Option<(&str, &str)>) -> Question {
        let show_if = show_if.map(|(question, is)| ShowIf { question: question.into(), is: vec![is.into()] });
        Question { key: key.into(), text: key.to_uppercase(), kind, mandatory: true, show_if }
    }

    fn boiler() -> Checklist {
        let limits = Limits { normal_to: Some(Decimal::whole(2)), ..Limits::default() };
        let heading = Question { mandatory: false, ..question("leak", Kind::Section, Some(("leaks", "yes"))) };
        Checklist {
            key: "boiler".into(),
            title: "Boiler".into(),
            before: Before::Complete,
            questions: vec![
                question("pressure", Kind::Number { unit: "bar".into(), limits }, None),
                question("leaks", Kind::YesNo { points: 0 }, None),
                heading,
                question("where", Kind::Text, None),
                question("sealed", Kind::YesNo { points: 3 }, Some(("where", "valve"))),
            ],
        }
    }

    fn report(answers: &[(&str, &str)]) -> (Vec<String>, Vec<String>, (i64, i64)) {
        let boiler = boiler();
        let answers: BTreeMap<&str, &str> = answers.iter().copied().collect();
        let answer = |key: &str| answers.get(key).map(|text| Given { text, picture: None });
        let report = boiler.report(&answer);
        let missing = report.missing.into_iter().map(|missing| missing.key).collect();
        let shown = report.asked.into_iter().map(|asked| asked.question.key.clone()).collect();
        (shown, missing, (report.points, report.most_points))
    }

    #[test]
    fn a_section_is_shown_by_an_earlier_answer_and_only_then_asked_for() {
        let (shown, missing, _) = report(&[("boiler.leaks", "no"), ("boiler.where", "valve")]);
        assert_eq!(shown, ["pressure", "leaks"], "what is not shown shows nothing");
        assert_eq!(missing, ["boiler.pressure"]);
        let (shown, missing, points) = report(&[("boiler.leaks", "yes"), ("boiler.where", "valve")]);
        assert_eq!(shown, ["pressure", "leaks", "leak", "where", "sealed"]);
        assert_eq!((missing.len(), points), (2, (0, 3)));
    }

    #[test]
    fn what_is_not_normal_is_missing_its_remark_until_it_has_one() {
        let answers = [("boiler.leaks", "no"), ("boiler.pressure", "2.5")];
        assert_eq!(report(&answers).1, ["boiler.pressure.remark"]);
        let (_, missing, _) = report(&[answers[0], answers[1], ("boiler.pressure.remark", "let off some water")]);
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn an_answer_that_does_not_fit_is_asked_for_again() {
        assert_eq!(report(&[("boiler.leaks", "perhaps"), ("boiler.pressure", "1")]).1, ["boiler.leaks"]);
        assert_eq!(report(&[("boiler.leaks", " "), ("boiler.pressure", "1")]).1, ["boiler.leaks"]);
    }

    #[test]
    fn a_version_is_read_back_as_it_was_written() {
        let boiler = boiler();
        assert_eq!(Checklist::read(&boiler.definition()).unwrap(), boiler);
        assert_eq!(boiler.question("boiler.where").unwrap().text, "WHERE");
        assert_eq!(boiler.question("boilers.where"), None);
    }
}
