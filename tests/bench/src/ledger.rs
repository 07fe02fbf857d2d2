//! What became of each message of one conversation: the client's own record, from which losses and
//! duplicates are told.

use im_proto::messaging::{Message, SendMessageRequest};
use tokio::time::Instant;

/// Length of a text, bytes.
const TEXT_BYTES: usize = 100;

/// The messages that one person sends to one other, by their numbers from 0.
#[derive(Debug)]
pub(crate) struct Ledger {
    conversation_id: String,
    records: Vec<Record>,
    acknowledged: u64,
    delivered: u64,
    duplicates: u64,
    /// Sequence number of the newest message that was delivered.
    last_seq: i64,
    /// Deliveries that did not follow the one before.
    disorder: u64,
}

#[derive(Debug)]
struct Record {
    /// When it was sent, or should have been.
    at: Instant,
    is_acknowledged: bool,
    is_delivered: bool,
}

impl Ledger {
    pub(crate) const fn new(conversation_id: String) -> Self {
        Self {
            conversation_id,
            records: Vec::new(),
            acknowledged: 0,
            delivered: 0,
            duplicates: 0,
            last_seq: 0,
            disorder: 0,
        }
    }

    /// The next message, to be sent at this time.
    pub(crate) fn next(&mut self, at: Instant) -> SendMessageRequest {
        let number = self.records.len();
        self.records.push(Record {
            at,
            is_acknowledged: false,
            is_delivered: false,
        });
        self.request(number)
    }

    fn request(&self, number: usize) -> SendMessageRequest {
        SendMessageRequest {
            conversation_id: self.conversation_id.clone(),
            client_key: format!("{number:08}"),
            text: format!("{number:08} {:.<width$}", "", width = TEXT_BYTES - 9),
            reply_to_seq: 0,
        }
    }

    /// The messages without an answer, to be sent again.
    pub(crate) fn unanswered(&self) -> Vec<SendMessageRequest> {
        let unanswered = self
            .records
            .iter()
            .enumerate()
            .filter(|(_, record)| !record.is_acknowledged);
        unanswered.map(|(number, _)| self.request(number)).collect()
    }

    /// The server has acknowledged the message of this key.
    pub(crate) fn acknowledge(&mut self, client_key: &str) {
        let record = number(client_key).and_then(|number| self.records.get_mut(number));
        if let Some(record) = record.filter(|record| !record.is_acknowledged) {
            record.is_acknowledged = true;
            self.acknowledged += 1;
        }
    }

    /// A message has come; when it was sent, unless it came before or is of another conversation.
    pub(crate) fn deliver(&mut self, message: &Message) -> Option<Instant> {
        if message.conversation_id != self.conversation_id {
            return None;
        }
        let record = number(message.text.get(..8)?).and_then(|number| self.records.get_mut(number));
        let record = record?;
        if record.is_delivered {
            self.duplicates += 1;
            return None;
        }
        record.is_delivered = true;
        self.delivered += 1;
        if message.seq != self.last_seq + 1 {
            self.disorder += 1;
        }
        self.last_seq = message.seq;
        Some(record.at)
    }

    /// Messages under way: not acknowledged yet, or not delivered.
    pub(crate) fn in_flight(&self) -> u64 {
        let settled = self.acknowledged.min(self.delivered);
        u64::try_from(self.records.len()).map_or(0, |sent| sent - settled)
    }

    /// Whether everything acknowledged has been delivered.
    pub(crate) fn is_complete(&self) -> bool {
        self.lost() == 0
    }

    /// How many have been delivered.
    pub(crate) const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// How many have been acknowledged.
    pub(crate) const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Acknowledged and not delivered.
    pub(crate) fn lost(&self) -> u64 {
        let lost = |record: &&Record| record.is_acknowledged && !record.is_delivered;
        self.records
            .iter()
            .filter(lost)
            .count()
            .try_into()
            .unwrap_or(u64::MAX)
    }

    /// Deliveries beyond the first, and those out of order.
    pub(crate) const fn duplicates(&self) -> u64 {
        self.duplicates + self.disorder
    }
}

fn number(key: &str) -> Option<usize> {
    key.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: usize, seq: i64) -> Message {
        Message {
            conversation_id: "cnv_1".to_owned(),
            seq,
            text: format!("{number:08} x"),
            ..Message::default()
        }
    }

    #[test]
    fn losses_and_duplicates_are_told() {
        let mut ledger = Ledger::new("cnv_1".to_owned());
        let now = Instant::now();
        for number in 0..3 {
            let request = ledger.next(now);
            assert_eq!(request.text.len(), TEXT_BYTES);
            assert_eq!(request.client_key, format!("{number:08}"));
        }
        ledger.acknowledge("00000000");
        ledger.acknowledge("00000001");
        assert_eq!(ledger.deliver(&message(0, 1)), Some(now));
        assert_eq!((ledger.lost(), ledger.in_flight()), (1, 2));
        assert_eq!(ledger.unanswered().len(), 1);
        assert_eq!(ledger.deliver(&message(0, 1)), None);
        assert_eq!(ledger.duplicates(), 1);
        ledger.deliver(&message(1, 2));
        assert!(ledger.is_complete());
        ledger.deliver(&message(2, 9));
        assert_eq!(ledger.duplicates(), 2, "a gap is told too");
    }
}
