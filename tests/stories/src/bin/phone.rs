//! A phone as a process of its own, to be killed at any moment: writes notes without end, says each one that was saved, and
//! syncs in between. Its arguments are the directory of a phone that is enrolled already, and the task it writes on.

use std::io::Write;
use std::path::Path;

use fieldline_device::runtime::{Entropy, Runtime, now};
use fieldline_device::{Command, Device};
use fieldline_model::DocumentId;
use fieldline_stories::{database_key, wait};

/// Notes between two syncs.
const NOTES_PER_SYNC: usize = 4;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().expect("the first argument is the phone's directory");
    let task = arguments.next().and_then(|text| text.parse().ok()).expect("the second argument is a task's sys_id");
    let task = DocumentId::new("wm_task", task);
    let device = Device::open(Path::new(&directory), &database_key()).expect("the phone starts");
    let phone = Runtime::new(device).expect("the phone has a network");
    say("ready");
    for number in 0.. {
        let text = format!("{}-{number}", std::process::id());
        let note = Command::WorkNote { document: task.clone(), text: text.clone() };
        phone.device().execute(note, now(), &mut Entropy::default()).expect("the note can be written");
        say(&text);
        if number % NOTES_PER_SYNC == 0 {
            wait(phone.sync_until_idle()).expect("the disk is sound");
        }
    }
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("whoever started the phone listens");
}
