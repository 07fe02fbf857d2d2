//! The registry: one file for each family of schemes.

mod applications;
mod bcrypts;
mod crypt;
mod django;
mod drupal;
mod kdf;
mod ldap;
mod mediawiki;
mod phpass;
mod salted;
mod site;
mod site_own;
mod unsalted;
mod woltlab;
mod xenforo;

use crate::fields::Fields;
use crate::scheme::{Read, Scheme};

/// The scheme that is only tried on what no other recognises.
pub(crate) const PLAIN: &str = "plain";

/// A family: its heading and its schemes.
pub(crate) struct Family {
    pub(crate) title: &'static str,
    pub(crate) schemes: &'static [Scheme],
}

/// All of them, in the order of the reference.
pub(crate) static FAMILIES: [Family; 13] = [
    Family {
        title: "Unsalted",
        schemes: &unsalted::SCHEMES,
    },
    Family {
        title: "Salted with a value of the row or with the login",
        schemes: &salted::SCHEMES,
    },
    Family {
        title: "With a secret of the site",
        schemes: &site::SCHEMES,
    },
    Family {
        title: "With a secret of the site, own forms",
        schemes: &site_own::SCHEMES,
    },
    Family {
        title: "crypt(3)",
        schemes: &crypt::SCHEMES,
    },
    Family {
        title: "Around bcrypt",
        schemes: &bcrypts::SCHEMES,
    },
    Family {
        title: "phpass and Drupal",
        schemes: &phpass::SCHEMES,
    },
    Family {
        title: "Key derivation",
        schemes: &kdf::SCHEMES,
    },
    Family {
        title: "Django",
        schemes: &django::SCHEMES,
    },
    Family {
        title: "MediaWiki",
        schemes: &mediawiki::SCHEMES,
    },
    Family {
        title: "Prefixes of LDAP",
        schemes: &ldap::SCHEMES,
    },
    Family {
        title: "WoltLab and XenForo",
        schemes: &woltlab::SCHEMES,
    },
    Family {
        title: "Other applications",
        schemes: &applications::SCHEMES,
    },
];

/// Every scheme.
pub(crate) fn all() -> impl Iterator<Item = &'static Scheme> {
    FAMILIES.iter().flat_map(|family| family.schemes)
}

/// A scheme by its name.
pub(crate) fn find(id: &str) -> Option<&'static Scheme> {
    all().find(|scheme| scheme.id == id)
}

/// What another scheme makes of these fields: for values that contain values.
fn read_as(id: &str, fields: &Fields<'_>) -> Read {
    find(id).map_or(Read::Foreign, |scheme| scheme.read(fields))
}

/// The first of several that takes the value for its own.
fn read_as_any(ids: &[&str], fields: &Fields<'_>) -> Read {
    ids.iter()
        .map(|id| read_as(id, fields))
        .find(|read| !matches!(read, Read::Foreign))
        .unwrap_or(Read::Foreign)
}
