//! What the steps of a plan do to the world.

use fieldline_model::Timestamp;
use rand_core::Rng;

use crate::attack;
use crate::debts;
use crate::dice::{between, dice, happens, one_of};
use crate::office::Office;
use crate::people;
use crate::phone::{Clock, Phone, Promise};
use crate::plan::{Attack, Deed, MINUTE, Step, Who};
use crate::world::{Happening, World};

impl World {
    /// Lets a step of the plan happen.
    pub(crate) fn step(&mut self, step: &Step) {
        let mut rng = dice(step.dice, "step", &[]);
        match step.who {
            Who::Phone(technician) if technician < self.office.technicians.len() => {
                let phone = self.in_hand(technician, &mut rng);
                self.event(&format!("technician {technician}, phone {phone}: {:?}", step.deed), &[]);
                self.deed_of_a_phone(technician, phone, step.deed, &mut rng);
                self.ask(phone, self.now);
            }
            Who::Phone(_) => {}
            Who::Office => {
                self.event(&format!("office: {:?}", step.deed), &[]);
                self.deed_of_the_office(step.deed, &mut rng);
            }
        }
    }

    /// The phone a technician takes: of two with the same files now one, now the other.
    fn in_hand(&self, technician: usize, rng: &mut dyn Rng) -> usize {
        let clone = self.clones.get(&technician).copied();
        clone.filter(|_| happens(rng, 500)).unwrap_or(technician)
    }

    fn deed_of_a_phone(&mut self, technician: usize, phone: usize, deed: Deed, rng: &mut dyn Rng) {
        *self.report.deeds.entry(deed.name()).or_default() += 1;
        match deed {
            Deed::Work => {
                let done = people::technician(&mut self.phones[phone], self.now, rng);
                self.event(&done, &[]);
                self.phones[phone].poke();
            }
            Deed::Crash => {
                let started = self.phones[phone].crash(rng);
                self.must_start(phone, started);
            }
            Deed::RunBuild { wire_version, is_older } => {
                let started = self.phones[phone].run_build(wire_version, is_older, rng);
                self.must_start(phone, started);
            }
            Deed::LoseLink { minutes } => {
                self.phones[phone].linked = false;
                self.at(self.now.plus_milliseconds(minutes * MINUTE), Happening::LinkBack(phone));
            }
            Deed::SetClock { ahead_milliseconds, drift } => {
                self.phones[phone].clock = Clock::set(self.now, ahead_milliseconds, drift);
            }
            Deed::BackUp => {
                self.phones[phone].back_up(rng);
                self.backed_up.insert(phone, self.now);
            }
            Deed::GoBack => self.phone_goes_back(phone, rng),
            Deed::Clone => self.clone_phone(technician, rng),
            Deed::Swap => self.swap(phone, rng),
            Deed::Revoke => {
                let device = self.phones[phone].enrolment().device;
                self.office.revoke(device, self.now, rng);
                self.revoked.push((device, self.now));
            }
            Deed::Regroup => self.office.regroup(technician, self.now, rng),
            Deed::VisitKiosk { has_line } => self.visit_kiosk(phone, has_line, rng),
            Deed::Attack(attack) => self.attack(phone, attack, rng),
            Deed::Withdraw | Deed::Cancel | Deed::MoveOrder => {}
        }
    }

    fn deed_of_the_office(&mut self, deed: Deed, rng: &mut dyn Rng) {
        *self.report.deeds.entry(deed.name()).or_default() += 1;
        match deed {
            Deed::Work => self.office_does(people::dispatcher, rng),
            Deed::Withdraw => self.office_does(people::withdraw, rng),
            Deed::Cancel => self.office_does(people::cancel, rng),
            Deed::MoveOrder => self.office_does(people::move_an_order, rng),
            Deed::Crash => self.office.crash(self.now, rng),
            Deed::RunBuild { wire_version, .. } => self.office.run_build(wire_version, self.now, rng),
            Deed::BackUp => self.office.back_up(rng),
            Deed::GoBack => {
                let went_back = self.office.go_back(self.now, rng);
                self.debts.iter_mut().filter(|_| went_back).for_each(|debt| debt.forgive(&self.office));
            }
            _ => {}
        }
    }

    fn office_does(&mut self, does: fn(&mut Office, Timestamp, &mut dyn Rng) -> String, rng: &mut dyn Rng) {
        let done = does(&mut self.office, self.now, rng);
        self.event(&done, &[]);
    }

    fn must_start(&mut self, phone: usize, started: Result<(), fieldline_device::DeviceError>) {
        if let Err(error) = started {
            self.broken(format!("phone {phone} does not start again: {error}"));
        }
    }

    /// What was done since the backup was made is not on the phone any more; what it had sent must stand all the same.
    fn phone_goes_back(&mut self, phone: usize, rng: &mut dyn Rng) {
        let Some(backed_up) = self.backed_up.get(&phone).copied() else { return };
        // A phone is put by before its owner does anything at the same moment.
        self.incur(phone, &|promise: &Promise| promise.truly_at < backed_up);
        let started = self.phones[phone].go_back(rng).map(drop);
        self.must_start(phone, started);
    }

    fn clone_phone(&mut self, technician: usize, rng: &mut dyn Rng) {
        if self.clones.contains_key(&technician) {
            return;
        }
        let index = self.phones.len();
        let home = self.home(index);
        match self.phones[technician].cloned(&home, self.seed, index, rng) {
            Ok(clone) => {
                self.phones.push(clone);
                self.clones.insert(technician, index);
                if self.deceived.contains(&technician) {
                    self.deceived.insert(index);
                }
                self.ask(index, self.now);
            }
            Err(error) => self.broken(format!("the clone of phone {technician} does not start: {error}")),
        }
    }

    fn swap(&mut self, phone: usize, rng: &mut dyn Rng) {
        self.incur(phone, &|_| false);
        self.swaps += 1;
        let enrolment = self.office.enrol(self.phones[phone].user, self.now, rng);
        let home = self.home(phone).join(format!("swap-{}", self.swaps));
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        self.backed_up.remove(&phone);
        self.deceived.remove(&phone);
        let messages = self.phones[phone].messages;
        match Phone::new(&home, key, enrolment, self.seed, phone) {
            Ok(new) => {
                self.phones[phone] = new;
                self.phones[phone].messages = messages;
            }
            Err(error) => self.broken(format!("the phone that replaces phone {phone} does not work: {error}")),
        }
    }

    fn incur(&mut self, phone: usize, kept: &dyn Fn(&Promise) -> bool) {
        let was_deceived = self.deceived.contains(&phone);
        match debts::incur(&mut self.phones[phone], &self.office, was_deceived, kept) {
            Ok(debts) => {
                self.report.lost += debts.iter().filter(|debt| !debt.must_stand).count() as u64;
                self.debts.extend(debts);
            }
            Err(problem) => self.broken(format!("phone {phone}: {problem}")),
        }
    }

    fn attack(&mut self, phone: usize, attack: Attack, rng: &mut dyn Rng) {
        let documents = self.office.documents(&attack::targets());
        let message = match attack {
            Attack::Replay => self.attacker.replay(phone),
            Attack::Garbage => self.attacker.garbage(phone, rng),
            Attack::Forge => {
                let victim = self.phones[phone].enrolment().clone();
                let some: Vec<_> = (0..4).filter_map(|_| one_of(rng, &documents).cloned()).collect();
                Some(self.attacker.forge(&victim, &some, self.now, rng))
            }
            Attack::Impersonate => {
                self.impersonated.insert(phone);
                None
            }
        };
        if let Some((token, bytes)) = message {
            let at = self.now.plus_milliseconds(between(rng, 20, 60 * MINUTE));
            self.at(at, Happening::HostileRequest { token, bytes, dice: rng.next_u64() });
        }
    }
}
