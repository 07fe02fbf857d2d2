//! Whom one finds.

use im_policy::{DirectorySearch, Effective, Permission, VisibilityMode};
use im_types::{PageSize, PageToken, UserId, Username};

use super::{Actor, App, parse};
use crate::Error;
use crate::domain::people::{PeopleQuery, Person, User, UserState, query_words};

const PAGE_DEFAULT: u32 = 50;
const PAGE_MAX: u32 = 200;
/// Longest search, in bytes.
const QUERY_BYTES_MAX: usize = 400;

/// Which page of a list, as the client asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct PageRequest<'a> {
    /// 0 for the usual size.
    pub size: i32,
    /// Empty for the first page.
    pub token: &'a str,
}

/// One page of people.
#[derive(Debug)]
pub struct PeoplePage {
    /// The people.
    pub people: Vec<Person>,
    /// Empty on the last page.
    pub next_page_token: String,
}

/// What somebody finds in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Everybody,
    /// Members of common groups.
    Groups,
    /// Only whom one knows by the whole username: who one's contacts are is presence's business,
    /// and it tells them.
    Named,
}

fn reach(actor: &Actor, policy: &Effective) -> Reach {
    if actor.may(Permission::UsersView) {
        return Reach::Everybody;
    }
    match (policy.directory_search(), policy.visibility_mode()) {
        (DirectorySearch::Everybody, _)
        | (_, VisibilityMode::OpenCommunity | VisibilityMode::OpenGroupCommunity) => {
            Reach::Everybody
        }
        (DirectorySearch::VisibleOnly, VisibilityMode::GroupCommunity) => Reach::Groups,
        (DirectorySearch::VisibleOnly, VisibilityMode::Normal) => Reach::Named,
    }
}

/// The size of a page of any of auth's lists.
pub(super) fn page_size(requested: i32) -> Result<PageSize, Error> {
    PageSize::parse(requested, PAGE_DEFAULT, PAGE_MAX)
        .map_err(|error| Error::invalid("page_size", error))
}

/// The position that a page token holds; `None` for the first page.
pub(super) fn position<T: serde::de::DeserializeOwned>(
    list: &str,
    token: &str,
) -> Result<Option<T>, Error> {
    PageToken::decode(list, token).map_err(|error| Error::invalid("page_token", error))
}

/// Cuts `items` to a page and makes the token of the next one from the last item.
pub(super) fn page<T, P: serde::Serialize>(
    list: &str,
    items: &mut Vec<T>,
    size: PageSize,
    position: impl Fn(&T) -> P,
) -> Result<String, Error> {
    if items.len() <= size.as_usize() {
        return Ok(String::new());
    }
    items.truncate(size.as_usize());
    let Some(last) = items.last() else {
        return Ok(String::new());
    };
    PageToken::encode(list, &position(last))
        .map(PageToken::into_string)
        .map_err(|error| Error::invalid("page_token", error))
}

impl App {
    /// Searches the directory.
    pub async fn list_users(
        &self,
        actor: &Actor,
        query: &str,
        wanted: PageRequest<'_>,
    ) -> Result<PeoplePage, Error> {
        const LIST: &str = "users";
        let size = page_size(wanted.size)?;
        let wanted = people_query(LIST, query, size, wanted.token)?;
        let policy = self.snapshot().policy(&actor.origin.site, &actor.roles);
        let mut users = match reach(actor, &policy) {
            Reach::Everybody => self.store.list_people(&wanted, None).await?,
            Reach::Groups => self.store.list_people(&wanted, Some(actor.user_id)).await?,
            Reach::Named => self.find_named_people(query, &wanted).await?,
        };
        let next = page(LIST, &mut users, size, |user| {
            user.username.folded().to_owned()
        })?;
        let people = self.store.with_belongings(users).await?;
        Ok(PeoplePage {
            people,
            next_page_token: next,
        })
    }

    async fn find_named_people(
        &self,
        query: &str,
        wanted: &PeopleQuery,
    ) -> Result<Vec<User>, Error> {
        let Ok(username) = Username::parse(query) else {
            return Ok(Vec::new());
        };
        let found = self.store.find_user_by_name(&username).await?;
        let is_next = |user: &User| {
            user.state == UserState::Active && user.username.folded() > wanted.after.as_str()
        };
        Ok(found.filter(is_next).into_iter().collect())
    }

    /// All accounts, for administrators.
    pub async fn list_all_users(
        &self,
        actor: &Actor,
        query: &str,
        state: Option<UserState>,
        wanted: PageRequest<'_>,
    ) -> Result<PeoplePage, Error> {
        const LIST: &str = "all_users";
        actor.require(Permission::UsersView)?;
        let size = page_size(wanted.size)?;
        let wanted = people_query(LIST, query, size, wanted.token)?;
        let mut users = self.store.list_accounts(&wanted, state).await?;
        let next = page(LIST, &mut users, size, |user| {
            user.username.folded().to_owned()
        })?;
        let people = self.store.with_belongings(users).await?;
        Ok(PeoplePage {
            people,
            next_page_token: next,
        })
    }

    /// One person's profile, if the caller may see it.
    pub async fn get_user(&self, actor: &Actor, wanted: UserId) -> Result<Person, Error> {
        let person = self.find_person(wanted).await?;
        if wanted == actor.user_id || actor.may(Permission::UsersView) {
            return Ok(person);
        }
        // History shows people who have left; those who never came in are nobody's business.
        if person.user.state == UserState::Waiting {
            return Err(Error::UserNotFound);
        }
        let policy = self.snapshot().policy(&actor.origin.site, &actor.roles);
        let is_visible = match reach(actor, &policy) {
            // Whoever knows an id has met the person: as contact, member or sender.
            Reach::Everybody | Reach::Named => true,
            Reach::Groups => self.store.share_a_group(actor.user_id, wanted).await?,
        };
        if is_visible {
            Ok(person)
        } else {
            Err(Error::UserNotFound)
        }
    }

    /// An account with what belongs to it.
    pub(super) async fn find_person(&self, user: UserId) -> Result<Person, Error> {
        let found = self
            .store
            .find_user(user)
            .await?
            .ok_or(Error::UserNotFound)?;
        let mut people = self.store.with_belongings(vec![found]).await?;
        people.pop().ok_or(Error::UserNotFound)
    }
}

fn people_query(
    list: &str,
    query: &str,
    size: PageSize,
    page_token: &str,
) -> Result<PeopleQuery, Error> {
    parse::sought("query", query, QUERY_BYTES_MAX)?;
    let after: Option<String> = position(list, page_token)?;
    Ok(PeopleQuery {
        words: query_words(query),
        after: after.unwrap_or_default(),
        limit: size.limit(),
    })
}
