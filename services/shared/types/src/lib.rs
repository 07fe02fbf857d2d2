//! The words that every service shares: identifiers, names, time, randomness, secrets, pages.
//!
//! Nothing here does I/O and nothing is async. The outside world enters in two places only, so
//! that tests can replace it: [`Clock`] is where the time of day is read, and [`Ids`] is where
//! randomness is drawn. Everything that comes from outside as text becomes one of these types by
//! a `parse` that says exactly what was wrong; inside the system the text is not checked again.

#![warn(missing_docs)]

mod ids;
mod names;
mod page;
mod random;
mod secret;
mod site;
mod time;

pub use ids::{
    BanId, ConnectionId, ConversationId, DeviceId, FamilyId, GroupId, Id, InviteId, MessageId,
    NodeId, ParseIdError, RequestId, RoleId, SessionId, UserId,
};
pub use names::{
    DISPLAY_NAME_CHARS_MAX, DisplayName, ParseNameError, USERNAME_CHARS_MAX, USERNAME_CHARS_MIN,
    Username,
};
pub use page::{
    PAGE_TOKEN_BYTES_MAX, PageSize, PageToken, ParsePageSizeError, ParsePageTokenError,
};
pub use random::Ids;
pub use secret::Secret;
pub use site::{ParseSiteIdError, SITE_ID_BYTES_MAX, SiteId};
pub use time::{Clock, Timestamp};
