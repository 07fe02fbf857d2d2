//! The people of a scenario. Making them is not measured.

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tonic::metadata::{Ascii, MetadataValue};

use crate::client::{Api, bearer};

/// Calls under way while people are made.
const SETUP_CONCURRENCY: usize = 32;
/// Connections for them.
const SETUP_CONNECTIONS: usize = 4;

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) user_id: String,
    pub(crate) token: MetadataValue<Ascii>,
}

/// Everybody, and connections to call from.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) people: Vec<Person>,
    apis: Vec<Api>,
}

impl People {
    /// Registers and signs in so many people.
    pub(crate) async fn make(address: &str, count: usize) -> anyhow::Result<Self> {
        let apis: Vec<Api> = (0..SETUP_CONNECTIONS)
            .map(|_| Api::new(address))
            .collect::<anyhow::Result<_>>()?;
        // An installation that runs already may know the people of an earlier run.
        let prefix = format!("b{:08x}", rand::random::<u32>());
        let apis_ref = &apis;
        let people = stream::iter(0..count)
            .map(|at| {
                let username = format!("{prefix}.{at}");
                async move { make_person(pick(apis_ref, at)?, username).await }
            })
            .buffered(SETUP_CONCURRENCY)
            .try_collect()
            .await
            .context("making the people of the scenario")?;
        Ok(Self { people, apis })
    }

    /// A connection to call from; the same for the same number.
    pub(crate) fn api(&self, at: usize) -> anyhow::Result<&Api> {
        pick(&self.apis, at)
    }

    pub(crate) fn get(&self, at: usize) -> anyhow::Result<&Person> {
        self.people.get(at).context("fewer people than needed")
    }

    /// Makes contacts of these, by their places in `people`.
    pub(crate) async fn befriend(&self, pairs: &[(usize, usize)]) -> anyhow::Result<()> {
        stream::iter(pairs.iter().enumerate())
            .map(|(at, (asks, accepts))| async move {
                let (api, asking, accepting) =
                    (self.api(at)?, self.get(*asks)?, self.get(*accepts)?);
                api.ask(&asking.token, &accepting.user_id).await?;
                api.accept(&accepting.token, &asking.user_id).await?;
                anyhow::Ok(())
            })
            .buffered(SETUP_CONCURRENCY)
            .try_collect::<()>()
            .await
            .context("making contacts")
    }

    /// Makes contacts of the pairs and a conversation for each.
    pub(crate) async fn conversations(
        &self,
        pairs: &[(usize, usize)],
    ) -> anyhow::Result<Vec<String>> {
        self.befriend(pairs).await?;
        stream::iter(pairs.iter().enumerate())
            .map(|(at, (from, to))| async move {
                let (from, to) = (self.get(*from)?, self.get(*to)?);
                self.api(at)?.direct(&from.token, &to.user_id).await
            })
            .buffered(SETUP_CONCURRENCY)
            .try_collect()
            .await
            .context("making conversations")
    }
}

fn pick(apis: &[Api], at: usize) -> anyhow::Result<&Api> {
    apis.get(at % SETUP_CONNECTIONS).context("no connection")
}

async fn make_person(api: &Api, username: String) -> anyhow::Result<Person> {
    api.register(&username).await?;
    let answer = api.login(&username).await?;
    let user = answer.user.context("a login without user")?;
    Ok(Person {
        username,
        user_id: user.id,
        token: bearer(&answer.access_token)?,
    })
}

/// Pairs of neighbours: (0, 1), (2, 3), …
pub(crate) fn neighbours(count: usize) -> Vec<(usize, usize)> {
    (0..count).map(|at| (2 * at, 2 * at + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_disjoint() {
        assert_eq!(neighbours(3), [(0, 1), (2, 3), (4, 5)]);
    }
}
