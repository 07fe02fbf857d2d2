//! The checker finds what it is there for: a sound run is made unsound in one way at a time.

use super::record::ReceivedMessage;
use super::{Findings, Record, Recorder, check, read_records};

fn received(device: &str, entry_seq: i64, message: Option<(i64, &str)>) -> Record {
    let message = message.map(|(seq, key)| ReceivedMessage {
        conversation: "c".to_owned(),
        seq,
        id: format!("msg_{key}"),
        key: key.to_owned(),
    });
    Record::Received {
        device: device.to_owned(),
        entry_seq,
        message,
    }
}

fn acked(key: &str, seq: i64) -> Record {
    Record::Acked {
        key: key.to_owned(),
        conversation: "c".to_owned(),
        seq,
        id: format!("msg_{key}"),
    }
}

/// Two people, one of them with two devices, and three messages.
fn sound() -> Vec<Record> {
    let mut records = Vec::new();
    for user in ["ann", "bob"] {
        records.push(Record::Member {
            conversation: "c".to_owned(),
            user: user.to_owned(),
        });
    }
    for (device, user) in [("ann1", "ann"), ("bob1", "bob"), ("bob2", "bob")] {
        records.push(Record::Device {
            device: device.to_owned(),
            user: user.to_owned(),
        });
        records.push(received(device, 5, Some((1, "k1"))));
        records.push(received(device, 6, None));
        records.push(received(device, 7, Some((2, "k2"))));
        records.push(received(device, 8, Some((3, "k3"))));
    }
    for (key, seq) in [("k1", 1), ("k2", 2), ("k3", 3)] {
        records.push(Record::Sent {
            key: key.to_owned(),
            conversation: "c".to_owned(),
        });
        records.push(acked(key, seq));
    }
    records
}

fn faults_after(change: impl FnOnce(&mut Vec<Record>)) -> Vec<String> {
    let mut records = sound();
    change(&mut records);
    check(records).faults
}

fn has(faults: &[String], kind: &str) -> bool {
    faults.iter().any(|fault| fault.starts_with(kind))
}

#[test]
fn a_sound_run_has_no_faults() {
    let findings = check(sound());
    let expected = Findings {
        sent: 3,
        acked: 3,
        received: 12,
        devices: 3,
        faults: Vec::new(),
    };
    assert_eq!(findings, expected);
}

#[test]
fn a_lost_message_is_found_even_without_a_gap() {
    let faults = faults_after(|records| {
        records.retain(|r| *r != received("ann1", 8, Some((3, "k3"))));
    });
    assert!(
        has(&faults, "acknowledged and lost (1): k3 on ann1"),
        "{faults:?}"
    );
}

#[test]
fn a_doubled_message_is_found() {
    let faults = faults_after(|records| records.push(received("ann1", 9, Some((4, "k3")))));
    assert!(has(&faults, "there twice (1): k3 on ann1"), "{faults:?}");
}

#[test]
fn a_gap_in_a_mailbox_is_found() {
    let faults = faults_after(|records| records.retain(|r| *r != received("bob2", 6, None)));
    assert!(
        has(&faults, "mailbox numbers (1): bob2: 7 where 6 is due"),
        "{faults:?}"
    );
    assert!(has(&faults, "devices of one person"), "{faults:?}");
}

#[test]
fn another_order_on_one_device_is_found() {
    let faults = faults_after(|records| {
        let at = |seq, key| {
            records
                .iter()
                .position(|r| *r == received("ann1", seq, key))
        };
        let first = at(5, Some((1, "k1"))).unwrap();
        let second = at(7, Some((2, "k2"))).unwrap();
        records[first] = received("ann1", 5, Some((2, "k2")));
        records[second] = received("ann1", 7, Some((1, "k1")));
    });
    assert!(has(&faults, "order"), "{faults:?}");
}

#[test]
fn two_messages_with_one_number_are_found() {
    let faults = faults_after(|records| {
        let at = records
            .iter()
            .position(|r| *r == received("ann1", 8, Some((3, "k3"))));
        records[at.unwrap()] = received("ann1", 8, Some((3, "k4")));
    });
    assert!(has(&faults, "one number, two messages"), "{faults:?}");
    assert!(has(&faults, "never sent (1): k4"), "{faults:?}");
}

#[test]
fn a_gap_in_a_conversation_is_found() {
    let faults = faults_after(|records| {
        records.retain(|r| !matches!(r, Record::Received { message: Some(m), .. } if m.seq == 2));
    });
    assert!(
        has(&faults, "conversation numbers (1): c: 2 is missing"),
        "{faults:?}"
    );
}

#[test]
fn a_second_and_other_acknowledgement_is_found() {
    assert!(faults_after(|records| records.push(acked("k1", 1))).is_empty());
    let faults = faults_after(|records| records.push(acked("k1", 9)));
    assert!(
        has(&faults, "acknowledged differently (1): k1"),
        "{faults:?}"
    );
}

#[test]
fn records_survive_the_file() {
    let dir = crate::data_dir();
    let mut recorder = Recorder::create(dir.path(), "client");
    for record in sound() {
        recorder.write(&record);
    }
    recorder.finish();
    assert_eq!(read_records(dir.path()), sound());
}
