//! The judgement.

use std::collections::{BTreeMap, BTreeSet};

use super::Record;
use super::record::ReceivedMessage;

/// Faults of one kind that are shown; more are only counted.
const SHOWN_MAX: usize = 5;

/// What the records say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Different messages that clients tried to send.
    pub sent: usize,
    /// Different messages that were acknowledged.
    pub acked: usize,
    /// Entries that devices received.
    pub received: usize,
    /// Devices that read.
    pub devices: usize,
    /// What is wrong, in words.
    pub faults: Vec<String>,
}

#[derive(Default)]
struct Run {
    members: BTreeMap<String, BTreeSet<String>>,
    devices: BTreeMap<String, Device>,
    sent: BTreeMap<String, String>,
    acked: BTreeMap<String, Acked>,
    conflicts: Vec<String>,
}

#[derive(Default)]
struct Device {
    user: String,
    entries: Vec<(i64, Option<ReceivedMessage>)>,
}

#[derive(Clone, PartialEq, Eq)]
struct Acked {
    conversation: String,
    seq: i64,
    id: String,
}

/// Checks that no acknowledged message is lost for any device of any member, that none is there
/// twice, that the numbers of mailboxes and conversations have no gap, that all devices saw one
/// order, and that nothing came that nobody sent.
pub fn check(records: impl IntoIterator<Item = Record>) -> Findings {
    let mut run = Run::default();
    for record in records {
        run.add(record);
    }
    let mut faults = Faults::default();
    for conflict in std::mem::take(&mut run.conflicts) {
        faults.add("acknowledged differently", conflict);
    }
    run.check_mailboxes(&mut faults);
    run.check_losses(&mut faults);
    run.check_order(&mut faults);
    Findings {
        sent: run.sent.len(),
        acked: run.acked.len(),
        received: run
            .devices
            .values()
            .map(|device| device.entries.len())
            .sum(),
        devices: run.devices.len(),
        faults: faults.told(),
    }
}

impl Run {
    fn add(&mut self, record: Record) {
        match record {
            Record::Member { conversation, user } => {
                self.members.entry(conversation).or_default().insert(user);
            }
            Record::Device { device, user } => {
                self.devices.entry(device).or_default().user = user;
            }
            Record::Sent { key, conversation } => {
                self.sent.insert(key, conversation);
            }
            Record::Acked {
                key,
                conversation,
                seq,
                id,
            } => self.add_ack(
                key,
                Acked {
                    conversation,
                    seq,
                    id,
                },
            ),
            Record::Received {
                device,
                entry_seq,
                message,
            } => {
                let known = self.devices.entry(device).or_default();
                known.entries.push((entry_seq, message));
            }
        }
    }

    fn add_ack(&mut self, key: String, acked: Acked) {
        if let Some(first) = self.acked.get(&key) {
            if *first != acked {
                let (a, b) = (&first.id, &acked.id);
                self.conflicts.push(format!(
                    "{key}: as {a} #{}, then as {b} #{}",
                    first.seq, acked.seq
                ));
            }
        } else {
            self.acked.insert(key, acked);
        }
    }

    /// Every mailbox without a gap, and alike on all devices of its owner.
    fn check_mailboxes(&self, faults: &mut Faults) {
        let mut by_user: BTreeMap<&str, (&str, &Device)> = BTreeMap::new();
        for (name, device) in &self.devices {
            let first = device.entries.first().map_or(1, |(seq, _)| *seq);
            for ((seq, _), expected) in device.entries.iter().zip(first..) {
                if *seq != expected {
                    faults.add(
                        "mailbox numbers",
                        format!("{name}: {seq} where {expected} is due"),
                    );
                    break;
                }
            }
            let (other_name, other) = by_user.entry(&device.user).or_insert((name, device));
            // One may have stopped reading earlier; as far as both have read they are alike.
            let mut pairs = device.entries.iter().zip(&other.entries);
            if pairs.any(|(one, two)| one != two) {
                faults.add(
                    "devices of one person",
                    format!("{other_name} and {name} differ"),
                );
            }
        }
    }

    /// Every acknowledged message once on every device of every member, as it was acknowledged.
    fn check_losses(&self, faults: &mut Faults) {
        for (name, device) in &self.devices {
            let mut seen: BTreeMap<&str, &ReceivedMessage> = BTreeMap::new();
            for message in device
                .entries
                .iter()
                .filter_map(|(_, message)| message.as_ref())
            {
                if seen.insert(&message.key, message).is_some() {
                    faults.add("there twice", format!("{} on {name}", message.key));
                }
                if self.sent.get(&message.key) != Some(&message.conversation) {
                    faults.add("never sent", format!("{} on {name}", message.key));
                }
            }
            for (key, acked) in &self.acked {
                let members = self.members.get(&acked.conversation);
                if !members.is_some_and(|members| members.contains(&device.user)) {
                    continue;
                }
                match seen.get(key.as_str()) {
                    None => faults.add("acknowledged and lost", format!("{key} on {name}")),
                    Some(m) if m.seq != acked.seq || m.id != acked.id => {
                        let told = format!("{key} on {name}: #{} for #{}", m.seq, acked.seq);
                        faults.add("not as acknowledged", told);
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// In every conversation one message for each number, without a gap, in rising order on every
    /// device.
    fn check_order(&self, faults: &mut Faults) {
        let mut order: BTreeMap<(&str, i64), &str> = BTreeMap::new();
        for (name, device) in &self.devices {
            let mut last: BTreeMap<&str, i64> = BTreeMap::new();
            for message in device
                .entries
                .iter()
                .filter_map(|(_, message)| message.as_ref())
            {
                let conversation = message.conversation.as_str();
                let before = last
                    .insert(conversation, message.seq)
                    .unwrap_or(message.seq - 1);
                if message.seq != before + 1 {
                    let told =
                        format!("{name} in {conversation}: #{} after #{before}", message.seq);
                    faults.add("order", told);
                }
                let known = order
                    .entry((conversation, message.seq))
                    .or_insert(&message.id);
                if *known != message.id {
                    let told = format!(
                        "{conversation} #{}: {known} and {}",
                        message.seq, message.id
                    );
                    faults.add("one number, two messages", told);
                }
            }
        }
        let mut due: BTreeMap<&str, i64> = BTreeMap::new();
        for (conversation, seq) in order.keys() {
            let expected = due.entry(conversation).or_insert(1);
            if seq != expected {
                faults.add(
                    "conversation numbers",
                    format!("{conversation}: {expected} is missing"),
                );
            }
            *expected = seq + 1;
        }
    }
}

/// Faults by kind; each kind is told shortly.
#[derive(Default)]
struct Faults {
    by_kind: BTreeMap<&'static str, (usize, Vec<String>)>,
}

impl Faults {
    fn add(&mut self, kind: &'static str, told: String) {
        let (count, shown) = self.by_kind.entry(kind).or_default();
        *count += 1;
        if shown.len() < SHOWN_MAX {
            shown.push(told);
        }
    }

    fn told(self) -> Vec<String> {
        let tell = |(kind, (count, shown)): (_, (usize, Vec<String>))| {
            format!("{kind} ({count}): {}", shown.join("; "))
        };
        self.by_kind.into_iter().map(tell).collect()
    }
}
