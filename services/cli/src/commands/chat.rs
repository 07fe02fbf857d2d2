//! Talking.

use std::collections::HashMap;

use clap::Args;
use im_proto::{
    auth::{GetUserRequest, user_service_client::UserServiceClient},
    gateway::server_frame::Frame,
    messaging::{
        Entry, ListMessagesRequest, Message, SendMessageRequest, entry::Payload,
        message_service_client::MessageServiceClient,
    },
};
use im_types::{Clock, Ids};
use prost_types::Timestamp;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{Context, call, chat_io::Live};

/// Talk to a person or in a conversation.
#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// Username, usr_… or cnv_…
    target: String,
    /// How many earlier messages to show first
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i32).range(0..=200))]
    history: i32,
    /// Stay after the end of standard input until this many messages of others have come
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    wait: u32,
}

/// Send one message.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// Username, usr_… or cnv_…
    target: String,
    /// What to write
    text: String,
    /// Sending again with the same key sends nothing twice
    #[arg(long)]
    client_key: Option<String>,
}

/// Show the newest messages.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Username, usr_… or cnv_…
    target: String,
    /// How many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..=200))]
    limit: i32,
    /// Only those before this number
    #[arg(long, default_value_t = 0)]
    before_seq: i64,
}

/// Show everything that happens.
#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// Go on from here; from now on if absent
    #[arg(long, default_value = "")]
    cursor: String,
    /// End after so many entries; 0 for never
    #[arg(long, default_value_t = 0)]
    count: u64,
}

pub(crate) async fn send(ctx: &Context, command: &Send) -> anyhow::Result<()> {
    let message = SendMessageRequest {
        conversation_id: ctx.conversation_id(&command.target).await?,
        client_key: command.client_key.clone().unwrap_or_else(new_key),
        text: command.text.clone(),
        reply_to_seq: 0,
    };
    ctx.printer
        .answer(&call!(ctx, MessageServiceClient.send_message, message), &[])
}

fn new_key() -> String {
    Ids::system(Clock::system()).random_token().expose().clone()
}

pub(crate) async fn history(ctx: &Context, command: &History) -> anyhow::Result<()> {
    let conversation_id = ctx.conversation_id(&command.target).await?;
    let mut names = Names::default();
    show_history(
        ctx,
        &mut names,
        conversation_id,
        command.before_seq,
        command.limit,
    )
    .await
}

async fn show_history(
    ctx: &Context,
    names: &mut Names,
    conversation_id: String,
    before_seq: i64,
    page_size: i32,
) -> anyhow::Result<()> {
    let message = ListMessagesRequest {
        conversation_id,
        before_seq,
        after_seq: 0,
        page_size,
    };
    let answer = call!(ctx, MessageServiceClient.list_messages, message);
    for message in &answer.messages {
        let text = names.line(ctx, message).await;
        ctx.printer.event(message, &text)?;
    }
    Ok(())
}

pub(crate) async fn tail(ctx: &Context, command: &Tail) -> anyhow::Result<()> {
    let mut live = Live::open(ctx, command.cursor.clone()).await?;
    let mut names = Names::default();
    let mut seen = 0;
    loop {
        match live.next().await? {
            Frame::Batch(batch) => {
                for entry in &batch.entries {
                    let text = entry_line(ctx, &mut names, entry).await;
                    ctx.printer.event(entry, &text)?;
                    seen += 1;
                    if command.count > 0 && seen >= command.count {
                        return Ok(());
                    }
                }
            }
            Frame::Error(error) => anyhow::bail!("{} ({})", error.message, error.reason),
            Frame::Notice(notice) => ctx.printer.note(&format!("* {}", notice.message))?,
            _ => {}
        }
    }
}

async fn entry_line(ctx: &Context, names: &mut Names, entry: &Entry) -> String {
    let seq = entry.seq;
    match &entry.payload {
        Some(Payload::Message(message)) => {
            format!(
                "#{seq} {} {}",
                entry.kind().as_str_name(),
                names.line(ctx, message).await
            )
        }
        Some(other) => format!("#{seq} {} {other:?}", entry.kind().as_str_name()),
        None => format!("#{seq} (of a newer server)"),
    }
}

pub(crate) async fn chat(ctx: &Context, command: &Chat) -> anyhow::Result<()> {
    let conversation_id = ctx.conversation_id(&command.target).await?;
    // The stream first and the history second: nothing can fall between them.
    let mut live = Live::open(ctx, String::new()).await?;
    let mut room = Room {
        ctx,
        names: Names::default(),
        me: ctx.connection.profile()?.user_id,
        conversation_id,
        last_seq: 0,
        sent_seq: 0,
        heard: 0,
    };
    room.show_history(command.history).await?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut is_open = true;
    while is_open || !live.is_settled() || room.is_behind() || room.heard < command.wait {
        tokio::select! {
            line = lines.next_line(), if is_open => match line? {
                Some(text) if text.trim().is_empty() => {}
                Some(text) => {
                    let conversation_id = room.conversation_id.clone();
                    let message = SendMessageRequest {
                        conversation_id, client_key: new_key(), text, reply_to_seq: 0,
                    };
                    live.send(message).await?;
                }
                None => is_open = false,
            },
            frame = live.next() => room.show(&frame?).await?,
        }
    }
    Ok(())
}

/// What the terminal shows of one conversation.
struct Room<'a> {
    ctx: &'a Context,
    names: Names,
    me: String,
    conversation_id: String,
    last_seq: i64,
    /// Number of the newest message that was sent from here.
    sent_seq: i64,
    heard: u32,
}

impl Room<'_> {
    /// Whether something that was sent from here has not been shown yet.
    const fn is_behind(&self) -> bool {
        self.last_seq < self.sent_seq
    }

    async fn show_history(&mut self, limit: i32) -> anyhow::Result<()> {
        if limit == 0 {
            return Ok(());
        }
        let message = ListMessagesRequest {
            conversation_id: self.conversation_id.clone(),
            before_seq: 0,
            after_seq: 0,
            page_size: limit,
        };
        let answer = call!(self.ctx, MessageServiceClient.list_messages, message);
        for message in &answer.messages {
            self.show_message(message).await?;
        }
        self.heard = 0;
        Ok(())
    }

    async fn show(&mut self, frame: &Frame) -> anyhow::Result<()> {
        match frame {
            Frame::Batch(batch) => {
                for entry in &batch.entries {
                    if let Some(Payload::Message(message)) = &entry.payload {
                        self.show_message(message).await?;
                    }
                }
            }
            Frame::Sent(sent) => {
                let seq = sent.message.as_ref().map_or(0, |message| message.seq);
                self.sent_seq = self.sent_seq.max(seq);
            }
            Frame::Error(error) => anyhow::bail!("{} ({})", error.message, error.reason),
            Frame::Notice(notice) => self.ctx.printer.note(&format!("* {}", notice.message))?,
            _ => {}
        }
        Ok(())
    }

    async fn show_message(&mut self, message: &Message) -> anyhow::Result<()> {
        let is_new = message.conversation_id == self.conversation_id && message.seq > self.last_seq;
        if !is_new {
            return Ok(());
        }
        self.last_seq = message.seq;
        if message.sender_id != self.me {
            self.heard += 1;
        }
        let text = self.names.line(self.ctx, message).await;
        self.ctx.printer.event(message, &text)
    }
}

/// Display names of people, asked for once.
#[derive(Default)]
struct Names {
    known: HashMap<String, String>,
}

impl Names {
    async fn line(&mut self, ctx: &Context, message: &Message) -> String {
        let name = self.of(ctx, &message.sender_id).await;
        let time = message.create_time.map(clock_time).unwrap_or_default();
        let text = match message.removal() {
            im_proto::messaging::message::Removal::Unspecified => message.text.as_str(),
            _ => "(removed)",
        };
        format!("[{time}] {name}: {text}")
    }

    async fn of(&mut self, ctx: &Context, user_id: &str) -> String {
        if let Some(name) = self.known.get(user_id) {
            return name.clone();
        }
        // A name is a nicety: without it the id stands for the person.
        let name = find_name(ctx, user_id)
            .await
            .unwrap_or_else(|_| user_id.to_owned());
        self.known.insert(user_id.to_owned(), name.clone());
        name
    }
}

async fn find_name(ctx: &Context, user_id: &str) -> anyhow::Result<String> {
    let message = GetUserRequest {
        user_id: user_id.to_owned(),
    };
    let user = call!(ctx, UserServiceClient.get_user, message)
        .user
        .unwrap_or_default();
    Ok(user.display_name)
}

/// `14:05:09` UTC.
fn clock_time(time: Timestamp) -> String {
    let of_day = time.seconds.rem_euclid(86_400);
    format!(
        "{:02}:{:02}:{:02}",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_the_day() {
        assert_eq!(
            clock_time(Timestamp {
                seconds: 1_795_000_000,
                nanos: 5
            }),
            "11:06:40"
        );
        assert_eq!(
            clock_time(Timestamp {
                seconds: -1,
                nanos: 0
            }),
            "23:59:59"
        );
    }
}
