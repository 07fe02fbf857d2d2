//! What a site tells everybody.

use std::collections::BTreeMap;

use im_policy::Registration;

use super::{App, Origin};
use crate::Error;
use crate::domain::password::PasswordRules;

/// The public options of a site.
#[derive(Debug)]
pub struct PublicSite {
    /// Its slug.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Who may make an account.
    pub registration: Registration,
    /// What a password has to be.
    pub password_rules: PasswordRules,
    /// Sign-in also asks for the site's password.
    pub is_site_password_required: bool,
    /// Only administrators get in at present.
    pub is_maintenance: bool,
    /// Links for people, by what they are for.
    pub links: BTreeMap<String, String>,
}

impl App {
    /// The public options of the site that was called.
    pub fn get_site(&self, origin: &Origin) -> Result<PublicSite, Error> {
        let snapshot = self.snapshot();
        let site = snapshot.site(&origin.site).ok_or(Error::SiteNotFound)?;
        let policy = snapshot.policy(&origin.site, &[]);
        let mut links = site.links.clone();
        // A link of the site itself is closer than one of the policy.
        for (kind, url) in [
            ("password_reset", policy.password_reset_url()),
            ("registration", policy.registration_url()),
            ("help", policy.help_url()),
            ("privacy", policy.privacy_url()),
        ] {
            if !url.is_empty() {
                links
                    .entry(kind.to_owned())
                    .or_insert_with(|| url.to_owned());
            }
        }
        Ok(PublicSite {
            id: site.id.as_str().to_owned(),
            name: site.name.clone(),
            registration: policy.registration(),
            password_rules: PasswordRules::of(&policy),
            is_site_password_required: policy.site_password().is_some(),
            is_maintenance: policy.maintenance(),
            links,
        })
    }
}
