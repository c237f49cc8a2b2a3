//! Promises of [`Jobs`](crate::Jobs).

use fieldline_model::Timestamp;

use crate::{Job, Result, Storage};

fn job(name: &str, due_at: i64) -> Job {
    Job::new(name, "timer", Timestamp(due_at)).with(name.as_bytes().to_vec())
}

fn names(jobs: &[Job]) -> String {
    jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>().join(" ")
}

/// There is one job of a name, and it comes back as it was put.
pub fn a_job_of_a_name_is_moved_by_putting_it_again(storage: &dyn Storage) -> Result<()> {
    let mut tx = storage.begin()?;
    tx.put_job(&job("a", 5))?;
    let moved = Job { attempts: 2, problem: Some("nobody answered".into()), stopped: true, ..job("a", 9) };
    tx.put_job(&moved)?;
    tx.commit()?;
    let mut tx = storage.begin()?;
    assert_eq!(tx.job("a")?, Some(moved));
    assert_eq!(tx.job("b")?, None);
    assert!(tx.remove_job("a")? && !tx.remove_job("a")?);
    assert_eq!(tx.job("a")?, None);
    Ok(())
}

/// Only what is due, of the kind, and not stopped is done; the longest due first.
pub fn jobs_are_due_in_the_order_of_their_moments(storage: &dyn Storage) -> Result<()> {
    let mut tx = storage.begin()?;
    assert_eq!(tx.next_due("timer")?, None);
    for (name, due_at) in [("late", 30), ("b", 10), ("a", 10), ("now", 20)] {
        tx.put_job(&job(name, due_at))?;
    }
    tx.put_job(&Job { stopped: true, ..job("stopped", 1) })?;
    tx.put_job(&Job { kind: "mail".into(), ..job("other", 2) })?;
    assert_eq!(names(&tx.due_jobs("timer", Timestamp(20), 10)?), "a b now");
    assert_eq!(names(&tx.due_jobs("timer", Timestamp(20), 2)?), "a b");
    assert_eq!(names(&tx.due_jobs("timer", Timestamp(9), 10)?), "");
    assert_eq!((tx.next_due("timer")?, tx.next_due("mail")?), (Some(Timestamp(10)), Some(Timestamp(2))));
    assert_eq!(names(&tx.stopped_jobs(10)?), "stopped");
    Ok(())
}
