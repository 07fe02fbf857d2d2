//! Who is let in. The decision for a batch, given what the database counted under the site's lock.

use std::collections::{HashMap, HashSet};

use im_policy::Limit;
use im_types::{ConnectionId, NodeId, SessionId, SiteId, UserId};

/// A connection that asks for a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// Which connection.
    pub connection_id: ConnectionId,
    /// On which node.
    pub node_id: NodeId,
    /// Under which lease.
    pub epoch: i64,
    /// Whose.
    pub user_id: UserId,
    /// Which session.
    pub session_id: SessionId,
    /// On which site.
    pub site_id: SiteId,
    /// Distinct users on the site, as it counts for this user.
    pub connected_users_max: Limit,
    /// Connections of this user.
    pub connections_per_user_max: Limit,
}

/// What the database knows, read under the lock of the sites.
#[derive(Debug, Clone, Default)]
pub struct Occupancy {
    /// Epochs of the leases in force.
    pub leases: HashMap<NodeId, i64>,
    /// Distinct users by site, for those sites on which it matters.
    pub user_counts: HashMap<SiteId, u64>,
    /// Sites on which an applicant's user has a place already, moving ones included.
    pub present: HashSet<(SiteId, UserId)>,
    /// Connections in use, by user.
    pub connections: HashMap<UserId, HashSet<ConnectionId>>,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// So many users are on the site as may be.
    SiteFull {
        /// The limit.
        connected_users_max: u64,
    },
    /// The user has so many connections as may be.
    TooManyConnections {
        /// The limit.
        connections_per_user_max: u64,
    },
    /// The node's lease has ended.
    LeaseEnded,
}

impl Refused {
    /// The name for machines.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::SiteFull { .. } => "SITE_FULL",
            Self::TooManyConnections { .. } => "TOO_MANY_CONNECTIONS",
            Self::LeaseEnded => "LEASE_ENDED",
        }
    }

    /// The limit that refused; 0 if it was none.
    pub const fn limit(self) -> u64 {
        match self {
            Self::SiteFull {
                connected_users_max,
            } => connected_users_max,
            Self::TooManyConnections {
                connections_per_user_max,
            } => connections_per_user_max,
            Self::LeaseEnded => 0,
        }
    }
}

impl Occupancy {
    /// Decides about one applicant and counts it if it is let in. Whoever has a place on the site
    /// already takes no further one, so a limit that was lowered throws nobody out.
    pub fn admit(&mut self, applicant: &Applicant) -> Result<(), Refused> {
        if self.leases.get(&applicant.node_id) != Some(&applicant.epoch) {
            return Err(Refused::LeaseEnded);
        }
        let connections = self.connections.entry(applicant.user_id).or_default();
        let has_connection = connections.contains(&applicant.connection_id);
        let connection_count = connections.len() as u64 + u64::from(!has_connection);
        let limit = applicant.connections_per_user_max;
        if !has_connection && !limit.allows(connection_count) {
            let connections_per_user_max = limit.max().unwrap_or_default();
            return Err(Refused::TooManyConnections {
                connections_per_user_max,
            });
        }
        let key = (applicant.site_id.clone(), applicant.user_id);
        if !self.present.contains(&key) {
            let user_count = self
                .user_counts
                .entry(applicant.site_id.clone())
                .or_default();
            let limit = applicant.connected_users_max;
            if !limit.allows(*user_count + 1) {
                let connected_users_max = limit.max().unwrap_or_default();
                return Err(Refused::SiteFull {
                    connected_users_max,
                });
            }
            *user_count += 1;
            self.present.insert(key);
        }
        connections.insert(applicant.connection_id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn applicant(user: u128, connection: u128, site: Limit, own: Limit) -> Applicant {
        Applicant {
            connection_id: ConnectionId::from_uuid(Uuid::from_u128(connection)),
            node_id: NodeId::from_uuid(Uuid::nil()),
            epoch: 4,
            user_id: UserId::from_uuid(Uuid::from_u128(user)),
            session_id: SessionId::from_uuid(Uuid::nil()),
            site_id: SiteId::default(),
            connected_users_max: site,
            connections_per_user_max: own,
        }
    }

    fn empty() -> Occupancy {
        let leases = HashMap::from([(NodeId::from_uuid(Uuid::nil()), 4)]);
        Occupancy {
            leases,
            ..Occupancy::default()
        }
    }

    const TWO: Limit = Limit::AtMost(2);
    const FREE: Limit = Limit::Unlimited;

    #[test]
    fn users_count_once_however_many_connections_they_have() {
        let mut occupancy = empty();
        for (user, connection) in [(1, 1), (1, 2), (2, 3), (2, 4)] {
            assert_eq!(
                occupancy.admit(&applicant(user, connection, TWO, FREE)),
                Ok(())
            );
        }
        let full = Refused::SiteFull {
            connected_users_max: 2,
        };
        assert_eq!(occupancy.admit(&applicant(3, 5, TWO, FREE)), Err(full));
        assert_eq!((full.reason(), full.limit()), ("SITE_FULL", 2));
    }

    #[test]
    fn a_larger_limit_of_the_person_counts() {
        let mut occupancy = empty();
        occupancy.user_counts.insert(SiteId::default(), 2);
        assert!(occupancy.admit(&applicant(3, 5, TWO, FREE)).is_err());
        assert!(
            occupancy
                .admit(&applicant(4, 6, Limit::AtMost(3), FREE))
                .is_ok()
        );
        assert!(occupancy.admit(&applicant(5, 7, FREE, FREE)).is_ok());
    }

    #[test]
    fn a_lowered_limit_throws_nobody_out() {
        let mut occupancy = empty();
        occupancy.user_counts.insert(SiteId::default(), 9);
        let old = applicant(3, 5, TWO, FREE);
        occupancy.present.insert((SiteId::default(), old.user_id));
        assert_eq!(occupancy.admit(&old), Ok(()));
    }

    #[test]
    fn one_user_has_a_limit_of_connections_and_repeating_takes_none() {
        let mut occupancy = empty();
        for connection in [1, 2, 2, 1] {
            assert_eq!(
                occupancy.admit(&applicant(1, connection, FREE, TWO)),
                Ok(())
            );
        }
        let refused = Refused::TooManyConnections {
            connections_per_user_max: 2,
        };
        assert_eq!(occupancy.admit(&applicant(1, 3, FREE, TWO)), Err(refused));
        assert_eq!(occupancy.admit(&applicant(2, 4, FREE, TWO)), Ok(()));
    }

    #[test]
    fn nobody_enters_on_a_lease_that_is_not_in_force() {
        let mut occupancy = empty();
        let late = Applicant {
            epoch: 3,
            ..applicant(1, 1, FREE, FREE)
        };
        assert_eq!(occupancy.admit(&late), Err(Refused::LeaseEnded));
    }
}
