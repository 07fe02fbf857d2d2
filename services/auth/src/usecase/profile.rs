//! Changing one's own profile.

use im_policy::Key;
use im_types::DisplayName;

use super::{Actor, App, parse};
use crate::Error;
use crate::domain::audit::NewAuditEntry;
use crate::domain::change::Change;
use crate::domain::people::{
    ABOUT_CHARS_MAX, HIERARCHY_LEVEL_MAX, Person, Profile, TAG_BYTES_MAX, User,
};

/// New values; absent ones stay.
#[derive(Debug, Clone, Default)]
pub struct ProfilePatch {
    /// What others see.
    pub display_name: Option<String>,
    /// A line about oneself.
    pub about: Option<String>,
    /// Language.
    pub locale: Option<String>,
    /// Time zone.
    pub time_zone: Option<String>,
    /// Mail address; empty removes it.
    pub email: Option<String>,
    /// Level, for administrators.
    pub hierarchy_level: Option<i32>,
}

impl ProfilePatch {
    /// The profile after the change.
    pub(super) fn apply(&self, user: &User) -> Result<Profile, Error> {
        let or = |new: Option<Result<String, Error>>, old: &String| {
            new.unwrap_or_else(|| Ok(old.clone()))
        };
        let line = |text: &String| parse::line("about", text, ABOUT_CHARS_MAX);
        let locale = |text: &String| parse::tag("locale", text, TAG_BYTES_MAX);
        let zone = |text: &String| parse::tag("time_zone", text, TAG_BYTES_MAX);
        let display_name = match &self.display_name {
            Some(text) => {
                DisplayName::parse(text).map_err(|error| Error::invalid("display_name", error))?
            }
            None => user.display_name.clone(),
        };
        let hierarchy_level = match self.hierarchy_level {
            Some(level) => u8::try_from(level)
                .ok()
                .filter(|level| *level <= HIERARCHY_LEVEL_MAX)
                .ok_or_else(|| Error::invalid("hierarchy_level", "has to be 0 to 9"))?,
            None => user.hierarchy_level,
        };
        Ok(Profile {
            display_name,
            about: or(self.about.as_ref().map(line), &user.about)?,
            locale: or(self.locale.as_ref().map(locale), &user.locale)?,
            time_zone: or(self.time_zone.as_ref().map(zone), &user.time_zone)?,
            email: or(
                self.email.as_ref().map(|text| parse::email(text)),
                &user.email,
            )?,
            hierarchy_level,
        })
    }

    /// Names of the fields that the change names.
    pub(super) fn fields(&self) -> String {
        let fields = [
            ("display_name", self.display_name.is_some()),
            ("about", self.about.is_some()),
            ("locale", self.locale.is_some()),
            ("time_zone", self.time_zone.is_some()),
            ("email", self.email.is_some()),
            ("hierarchy_level", self.hierarchy_level.is_some()),
        ];
        let named = fields
            .iter()
            .filter(|(_, is_named)| *is_named)
            .map(|(name, _)| *name);
        named.collect::<Vec<_>>().join(",")
    }
}

impl App {
    /// Changes the caller's own profile.
    pub async fn update_profile(
        &self,
        actor: &Actor,
        patch: &ProfilePatch,
    ) -> Result<Person, Error> {
        let policy = self.snapshot().policy(&actor.origin.site, &actor.roles);
        if patch.display_name.is_some() && !policy.user_may_change_display_name() {
            return Err(Error::ForbiddenByPolicy {
                key: Key::UserMayChangeDisplayName.name(),
            });
        }
        let mut unit = self.begin().await?;
        let user = unit
            .find_user(actor.user_id)
            .await?
            .ok_or(Error::UserNotFound)?;
        let profile = patch.apply(&user)?;
        unit.set_profile(&user, &profile).await?;
        unit.change(Change::User(user.id));
        let entry = NewAuditEntry::new("user.update_profile")
            .by(actor.user_id)
            .on(user.id);
        let entry = entry.from(&actor.origin.site, actor.origin.address_text());
        unit.audit(entry.with("fields", patch.fields()));
        self.commit(unit).await?;
        self.find_person(actor.user_id).await
    }
}
