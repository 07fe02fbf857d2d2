//! What clients write down.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// One observation of one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Record {
    /// A conversation was made with this member before anything was sent.
    Member {
        /// `cnv_…`
        conversation: String,
        /// `usr_…`
        user: String,
    },
    /// A device reads somebody's mailbox. All devices of one person begin at the same position,
    /// before anything is sent.
    Device {
        /// A name of the test's own.
        device: String,
        /// `usr_…`
        user: String,
    },
    /// A message is about to be sent for the first time.
    Sent {
        /// The client's key, different for each message.
        key: String,
        /// Where.
        conversation: String,
    },
    /// The server said that a message is kept.
    Acked {
        /// Of the message.
        key: String,
        /// Where.
        conversation: String,
        /// Its number there.
        seq: i64,
        /// `msg_…`
        id: String,
    },
    /// A mailbox entry came.
    Received {
        /// To which device.
        device: String,
        /// Its number in the mailbox.
        entry_seq: i64,
        /// The message in it, if it carries a new one.
        message: Option<ReceivedMessage>,
    },
}

/// A message as a device received it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReceivedMessage {
    /// Where.
    pub conversation: String,
    /// Its number there.
    pub seq: i64,
    /// `msg_…`
    pub id: String,
    /// The key that its sender wrote into the text.
    pub key: String,
}

/// Writes the records of one client, one JSON object a line.
#[derive(Debug)]
pub struct Recorder {
    file: BufWriter<File>,
}

impl Recorder {
    /// A new file in `dir`.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn create(dir: &Path, client: &str) -> Self {
        let path = dir.join(format!("{client}.jsonl"));
        let file = File::create_new(&path);
        let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            file: BufWriter::new(file),
        }
    }

    /// Writes one record.
    ///
    /// # Panics
    /// When the disk is full.
    pub fn write(&mut self, record: &Record) {
        serde_json::to_writer(&mut self.file, record).expect("a record is JSON");
        self.file.write_all(b"\n").expect("the record is written");
    }

    /// Writes what is still in memory.
    ///
    /// # Panics
    /// When the disk is full.
    pub fn finish(mut self) {
        self.file.flush().expect("the records are written");
    }
}

/// All records of all clients in a directory; those of one client are in the order in which it
/// wrote them.
///
/// # Panics
/// When a file cannot be read or a line is no record.
pub fn read_records(dir: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    for entry in std::fs::read_dir(dir).expect("the directory of the records") {
        let path = entry.expect("a file of records").path();
        let file = File::open(&path).expect("a file of records opens");
        for line in BufReader::new(file).lines() {
            let line = line.expect("a line of records");
            let record = serde_json::from_str(&line);
            records.push(record.unwrap_or_else(|error| panic!("{line}: {error}")));
        }
    }
    records
}

impl Record {
    /// A mailbox entry of the stream. The first word of a message's text is its key.
    ///
    /// # Panics
    /// When it is no entry as the contract says.
    pub fn received(device: &str, entry: &serde_json::Value) -> Self {
        let number = |value: &serde_json::Value| -> i64 {
            let text = value
                .as_str()
                .unwrap_or_else(|| panic!("no number: {entry}"));
            text.parse()
                .unwrap_or_else(|_| panic!("no number: {entry}"))
        };
        let text = |value: &serde_json::Value| {
            let text = value.as_str().unwrap_or_else(|| panic!("no text: {entry}"));
            text.to_owned()
        };
        let message = &entry["message"];
        let message = (entry["kind"] == "MESSAGE").then(|| ReceivedMessage {
            conversation: text(&message["conversationId"]),
            seq: number(&message["seq"]),
            id: text(&message["id"]),
            key: text(&message["text"])
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
        });
        Self::Received {
            device: device.to_owned(),
            entry_seq: number(&entry["seq"]),
            message,
        }
    }
}
