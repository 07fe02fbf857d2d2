//! Sending, one message or many at once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use im_types::{ConversationId, SiteId, UserId};

use super::core::{Core, Person};
use crate::domain::command::Send;
use crate::domain::{ClientKey, Command, Fingerprint, Message, Outcome, Refusal, Text, Verdict};
use crate::error::Error;
use crate::ports::Envelope;

/// A message that somebody wants to send.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Where.
    pub conversation_id: ConversationId,
    /// The sender's key.
    pub client_key: ClientKey,
    /// What.
    pub text: Text,
    /// The message that it answers; 0 if none.
    pub reply_to_seq: i64,
}

/// A message that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// With its number.
    pub message: Arc<Message>,
    /// The key was known.
    pub is_duplicate: bool,
}

type Reached = HashMap<(UserId, SiteId, UserId), Verdict>;

impl Core {
    /// Sends a message.
    pub async fn send(&self, person: &Person, intent: Intent) -> Result<Sent, Error> {
        let mut results = self.send_all(vec![Ok((person.clone(), intent))]).await;
        results.pop().unwrap_or(Err(Error::Stopping))
    }

    /// Sends messages of many people; each stands or falls by itself. Those that are refused
    /// already keep their places.
    pub async fn send_all(
        &self,
        intents: Vec<Result<(Person, Intent), Error>>,
    ) -> Vec<Result<Sent, Error>> {
        let mut results = Vec::with_capacity(intents.len());
        let mut prepared = Vec::with_capacity(intents.len());
        for intent in intents {
            let ready = match intent {
                Ok((person, intent)) => self.address(person, intent).await,
                Err(error) => Err(error),
            };
            match ready {
                Ok(ready) => {
                    prepared.push((results.len(), ready));
                    results.push(None);
                }
                Err(error) => results.push(Some(Err(error))),
            }
        }
        let pairs = prepared
            .iter()
            .filter_map(|(_, addressed)| addressed.pair())
            .collect();
        match self.verdicts_of(pairs).await {
            Ok(verdicts) => self.commit(prepared, &verdicts, &mut results).await,
            Err(error) => {
                tracing::warn!(%error, "no verdicts for a batch of messages");
                for (place, addressed) in prepared {
                    // Whoever needs no verdict is not held up by presence.
                    if addressed.peer.is_none() {
                        let alone = vec![(place, addressed)];
                        self.commit(alone, &Reached::new(), &mut results).await;
                    } else {
                        put(&mut results, place, Err(presence_away()));
                    }
                }
            }
        }
        let results: Vec<Result<Sent, Error>> = results
            .into_iter()
            .map(|result| result.unwrap_or(Err(Error::Stopping)))
            .collect();
        self.count(&results);
        results
    }

    fn count(&self, results: &[Result<Sent, Error>]) {
        let (mut new, mut duplicates) = (0, 0);
        for result in results {
            match result {
                Ok(sent) if sent.is_duplicate => duplicates += 1,
                Ok(_) => new += 1,
                Err(error) => self.metrics.not_kept(error),
            }
        }
        self.metrics.kept(new, duplicates);
    }

    /// Looks up what the conversation is, and who is to be reached.
    async fn address(&self, person: Person, intent: Intent) -> Result<Addressed, Error> {
        self.take_token(&person)?;
        let envelope = self.envelope(intent.conversation_id).await?;
        let peer = match envelope.ok_or(Refusal::ConversationNotFound)? {
            Envelope::Direct(pair) => Some(
                pair.other(person.user_id)
                    .ok_or(Refusal::ConversationNotFound)?,
            ),
            Envelope::Group => None,
        };
        Ok(Addressed {
            person,
            intent,
            peer,
        })
    }

    async fn commit(
        &self,
        prepared: Vec<(usize, Addressed)>,
        verdicts: &Reached,
        results: &mut [Option<Result<Sent, Error>>],
    ) {
        let mut places = Vec::with_capacity(prepared.len());
        let mut commands = Vec::with_capacity(prepared.len());
        for (place, addressed) in prepared {
            places.push(place);
            let verdict = addressed
                .pair()
                .and_then(|pair| verdicts.get(&pair))
                .copied();
            commands.push(Command::Send(self.command(addressed, verdict)));
        }
        match self.writer.run_all(commands).await {
            Ok(outcomes) => {
                for (place, outcome) in places.into_iter().zip(outcomes) {
                    put(results, place, outcome.and_then(sent));
                }
            }
            Err(error) => {
                let is_overload = matches!(error, Error::Overloaded);
                for place in places {
                    let error = if is_overload {
                        Error::Overloaded
                    } else {
                        Error::Stopping
                    };
                    put(results, place, Err(error));
                }
            }
        }
    }

    fn command(&self, addressed: Addressed, verdict: Option<Verdict>) -> Send {
        let Addressed { person, intent, .. } = addressed;
        let Intent {
            conversation_id,
            client_key,
            text,
            reply_to_seq,
        } = intent;
        Send {
            sender_id: person.user_id,
            conversation_id,
            site_id: person.site_id.clone(),
            message_id: self.ids.new_id(),
            client_key,
            fingerprint: Fingerprint::of_message(conversation_id, reply_to_seq, text.as_str()),
            text: self.allowed_text(&person, text),
            reply_to_seq,
            verdict,
        }
    }

    /// The text as policy lets it be kept.
    pub(super) fn allowed_text(&self, person: &Person, text: Text) -> Result<Text, Refusal> {
        let bytes = text.as_str().len();
        let bytes_max = usize::try_from(person.policy.message_bytes_max()).unwrap_or(usize::MAX);
        if bytes > bytes_max {
            return Err(Refusal::TextTooLong { bytes, bytes_max });
        }
        self.censors.apply(text, &person.policy)
    }

    fn take_token(&self, person: &Person) -> Result<(), Error> {
        let Some(per_minute) = person.policy.messages_per_minute_max().max() else {
            return Ok(());
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets
            .take(person.user_id, per_minute, self.clock.now())
            .map_err(|wait_us| {
                let retry_after = Duration::from_micros(u64::try_from(wait_us).unwrap_or_default());
                Error::RateLimited { retry_after }
            })
    }
}

/// A message that is on its way to somebody.
struct Addressed {
    person: Person,
    intent: Intent,
    /// Of a direct conversation: the other one.
    peer: Option<UserId>,
}

impl Addressed {
    fn pair(&self) -> Option<(UserId, SiteId, UserId)> {
        Some((self.person.user_id, self.person.site_id.clone(), self.peer?))
    }
}

fn put(results: &mut [Option<Result<Sent, Error>>], place: usize, result: Result<Sent, Error>) {
    if let Some(slot) = results.get_mut(place) {
        *slot = Some(result);
    }
}

fn presence_away() -> Error {
    Error::Presence(crate::ports::PresenceFault(
        "asked for a whole batch".into(),
    ))
}

fn sent(outcome: Outcome) -> Result<Sent, Error> {
    match outcome {
        Outcome::Sent {
            message,
            is_duplicate,
        } => Ok(Sent {
            message,
            is_duplicate,
        }),
        _ => Err(Error::Refused(Refusal::Stale)),
    }
}
