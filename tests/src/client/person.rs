//! Somebody who uses the system.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Api, Events, Failure, Listen, ops};
use crate::wait_until;

/// The password of everybody in the tests; it satisfies every rule.
const PASSWORD: &str = "Correct-horse-7-battery";

/// How soon a changed roster has to be in a mailbox, even without a bus.
const HEARD_WITHIN: Duration = Duration::from_secs(10);

/// A person with an open session. A clone is the same session.
#[derive(Debug, Clone)]
pub struct Person {
    /// The API with the person's token.
    pub api: Api,
    /// `usr_…`
    pub id: String,
    /// The sign-in name.
    pub username: String,
    /// `ses_…`
    pub session_id: String,
    /// Good once.
    pub refresh_token: String,
    /// `dev_…`
    pub device_id: String,
}

impl Person {
    /// What [`Person::register`] chooses.
    pub const PASSWORD: &str = PASSWORD;

    /// Registers somebody and signs them in.
    ///
    /// # Panics
    /// When either is refused.
    pub async fn register(api: &Api, username: &str) -> Self {
        let api = api.without_token();
        api.ok(ops::register(username, PASSWORD)).await;
        Self::login(&api, username).await
    }

    /// Signs somebody in who was registered, on a new device.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn login(api: &Api, username: &str) -> Self {
        Self::try_login(api, username, PASSWORD)
            .await
            .unwrap_or_else(|failure| panic!("{username} cannot sign in: {failure:?}"))
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// When it is refused.
    ///
    /// # Panics
    /// When the answer is not what the contract says.
    pub async fn try_login(api: &Api, username: &str, password: &str) -> Result<Self, Failure> {
        let device = format!("device of {username}");
        let request = json!({ "username": username, "password": password, "deviceName": device });
        let answer = api.without_token().call(ops::login_as(request)).await?;
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        Ok(Self {
            api: api.with_token(&text(&answer["accessToken"])),
            id: text(&answer["user"]["id"]),
            username: username.to_owned(),
            session_id: text(&answer["sessionId"]),
            refresh_token: text(&answer["refreshToken"]),
            device_id: text(&answer["deviceId"]),
        })
    }

    /// The same session, calling another address.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        let mut person = self.clone();
        person.api = self.api.at(base);
        person
    }

    /// Opens a stream and waits for `welcome`; with the cursor that it tells.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn listen(&self, options: Listen) -> (Events, String) {
        let opened = self.api.listen(options).await;
        let mut events = opened.unwrap_or_else(|failure| panic!("no stream: {failure:?}"));
        let welcome = events.frame(Duration::from_secs(15)).await;
        let cursor = welcome["welcome"]["cursor"].as_str();
        let cursor = cursor
            .unwrap_or_else(|| panic!("no welcome: {welcome}"))
            .to_owned();
        (events, cursor)
    }

    /// The id of the conversation with somebody.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn direct(&self, other: &Self) -> String {
        let answer = self.api.ok(ops::direct(&other.id)).await;
        let id = answer["conversation"]["id"].as_str();
        id.expect("the id of a conversation").to_owned()
    }

    /// Becomes a contact of somebody; both mailboxes have it, so that nothing of it comes later.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn befriend(&self, other: &Self) {
        let (mine, theirs) = (self.position().await, other.position().await);
        self.api.ok(ops::request_contact(&other.id)).await;
        other.api.ok(ops::accept_contact(&self.id)).await;
        self.hears_of_contact(&mine, &other.id).await;
        other.hears_of_contact(&theirs, &self.id).await;
    }

    /// The end of the mailbox.
    async fn position(&self) -> String {
        let page = self.api.ok(ops::entries("", 1)).await;
        page["cursor"].as_str().expect("a cursor").to_owned()
    }

    async fn hears_of_contact(&self, since: &str, user_id: &str) {
        let is_told = |entry: &Value| {
            let contact = &entry["contact"];
            contact["userId"] == json!(user_id) && contact["state"] == json!("ACCEPTED")
        };
        wait_until("the contact is in the mailbox", HEARD_WITHIN, || async {
            let page = self.api.ok(ops::entries(since, 200)).await;
            let entries = page["entries"].as_array();
            entries.is_some_and(|entries| entries.iter().any(is_told))
        })
        .await;
    }

    /// Sends a message and returns it.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn send(&self, conversation_id: &str, key: &str, text: &str) -> Value {
        let mut answer = self.api.ok(ops::send(conversation_id, key, text)).await;
        answer["message"].take()
    }
}
