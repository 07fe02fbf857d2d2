//! Who is kept out.

use std::net::IpAddr;

use im_types::{BanId, DeviceId, Timestamp, UserId, Username};
use ipnet::IpNet;

use super::people::UnknownWordError;

/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 200;
/// Most bans there may be; networks are compared one by one at every sign-in.
pub const BANS_MAX: i64 = 10_000;

/// What the value of a ban is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BanKind {
    /// A username.
    Username,
    /// An address or a network.
    Address,
    /// A device.
    Device,
}

impl BanKind {
    /// The kind as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Address => "address",
            Self::Device => "device",
        }
    }

    /// Reads the stored kind.
    pub fn parse(text: &str) -> Result<Self, UnknownWordError> {
        match text {
            "username" => Ok(Self::Username),
            "address" => Ok(Self::Address),
            "device" => Ok(Self::Device),
            _ => Err(UnknownWordError),
        }
    }
}

/// What is kept out, in the form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BanTarget {
    /// Whoever wants to sign in by this name.
    Username(Username),
    /// Whoever comes from there.
    Address(IpNet),
    /// Whoever uses this device.
    Device(DeviceId),
}

impl BanTarget {
    /// Reads a value of a kind; says what it should look like otherwise.
    pub fn parse(kind: BanKind, text: &str) -> Result<Self, String> {
        match kind {
            BanKind::Username => Username::parse(text)
                .map(Self::Username)
                .map_err(|error| error.to_string()),
            BanKind::Address => network(text)
                .map(Self::Address)
                .ok_or_else(|| "must be an address or a network like 192.0.2.0/24".to_owned()),
            BanKind::Device => DeviceId::parse(text.trim())
                .map(Self::Device)
                .map_err(|error| error.to_string()),
        }
    }

    /// The kind.
    pub const fn kind(&self) -> BanKind {
        match self {
            Self::Username(_) => BanKind::Username,
            Self::Address(_) => BanKind::Address,
            Self::Device(_) => BanKind::Device,
        }
    }

    /// The value as it is stored and compared.
    pub fn value(&self) -> String {
        match self {
            Self::Username(name) => name.folded().to_owned(),
            Self::Address(network) => network.to_string(),
            Self::Device(device) => device.to_string(),
        }
    }

    /// Whether it keeps somebody from this address out.
    pub fn hits_address(&self, address: IpAddr) -> bool {
        matches!(self, Self::Address(network) if network.contains(&address.to_canonical()))
    }
}

/// An address is the network of nobody else. Addresses of IPv4 in the clothes of IPv6 are those of
/// IPv4, as they are when they sign in.
fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address.to_canonical()));
    }
    text.parse::<IpNet>().ok().map(|network| network.trunc())
}

/// A ban.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Its id.
    pub id: BanId,
    /// What the value is compared with.
    pub kind: BanKind,
    /// See [`BanTarget::value`].
    pub value: String,
    /// For administrators.
    pub reason: String,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `None` for never.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_brought_to_one_form() {
        let value = |kind, text| BanTarget::parse(kind, text).map(|target| target.value());
        assert_eq!(value(BanKind::Username, " ÄDA "), Ok("äda".to_owned()));
        assert_eq!(
            value(BanKind::Address, "192.0.2.77/24"),
            Ok("192.0.2.0/24".to_owned())
        );
        assert_eq!(
            value(BanKind::Address, "192.0.2.7"),
            Ok("192.0.2.7/32".to_owned())
        );
        assert_eq!(
            value(BanKind::Address, "::ffff:192.0.2.7"),
            Ok("192.0.2.7/32".to_owned())
        );
        assert_eq!(
            value(BanKind::Address, "2001:db8::1/64"),
            Ok("2001:db8::/64".to_owned())
        );
        for (kind, text) in [
            (BanKind::Address, "everywhere"),
            (BanKind::Address, "192.0.2.0/33"),
            (BanKind::Device, "usr_00000000000000000000000000"),
            (BanKind::Username, "x"),
        ] {
            assert!(value(kind, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_network_hits_its_addresses() {
        let ban = BanTarget::parse(BanKind::Address, "192.0.2.0/24").unwrap();
        assert!(ban.hits_address("192.0.2.255".parse().unwrap()));
        assert!(ban.hits_address("::ffff:192.0.2.1".parse().unwrap()));
        assert!(!ban.hits_address("192.0.3.0".parse().unwrap()));
        assert!(!ban.hits_address("2001:db8::1".parse().unwrap()));
    }
}
