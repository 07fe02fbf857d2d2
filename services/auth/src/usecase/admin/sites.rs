//! Addresses of the installation.

use std::collections::BTreeMap;

use im_policy::{Permission, Scope};
use im_types::{DisplayName, SiteId};

use super::super::{Actor, App};
use super::{AdminError, act};
use crate::Error;
use crate::domain::addressing::{self, SiteFault};
use crate::domain::audit::NewAuditEntry;
use crate::domain::change::Change;
use crate::domain::site::{Address, Site};
use crate::store::Unit;

/// Most sites there may be.
const SITES_MAX: u32 = 100;

/// A site as it is wanted.
#[derive(Debug, Clone, Default)]
pub struct SiteCommand {
    /// Its slug.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where it answers.
    pub addresses: Vec<Address>,
    /// Identity stores, in order.
    pub stores: Vec<String>,
    /// Links by kind.
    pub links: BTreeMap<String, String>,
}

fn refused(fault: SiteFault) -> Error {
    Error::invalid(fault.field, fault.description)
}

fn described(entry: NewAuditEntry, site: &Site) -> NewAuditEntry {
    let address = |a: &Address| format!("{}|{}|{}", a.listener, a.host, a.path_prefix);
    let addresses: Vec<String> = site.addresses.iter().map(address).collect();
    entry
        .on(&site.id)
        .with("name", &site.name)
        .with("addresses", addresses.join(" "))
        .with("stores", site.stores.join(" "))
}

impl App {
    /// All sites, `default` first.
    pub async fn list_sites(&self, actor: &Actor) -> Result<Vec<Site>, Error> {
        actor.require(Permission::SitesManage)?;
        Ok(self.store.load_snapshot().await?.sites)
    }

    /// Makes a site.
    pub async fn create_site(&self, actor: &Actor, command: SiteCommand) -> Result<Site, Error> {
        actor.require(Permission::SitesManage)?;
        let site = self.parse_site(command)?;
        let mut unit = self.begin().await?;
        if unit.lock_sites().await? >= u64::from(SITES_MAX) {
            return Err(AdminError::TooMany {
                things: "sites",
                max: SITES_MAX.into(),
            }
            .into());
        }
        if !unit.insert_site(&site.id, &site.name).await? {
            return Err(AdminError::SiteExists.into());
        }
        check_addresses(&mut unit, &site).await?;
        unit.replace_site(&site).await?;
        unit.change(Change::Snapshot);
        unit.audit(described(act(actor, "site.create"), &site));
        self.commit(unit).await?;
        Ok(site)
    }

    /// Replaces name, addresses, stores and links of a site.
    pub async fn update_site(&self, actor: &Actor, command: SiteCommand) -> Result<Site, Error> {
        actor.require(Permission::SitesManage)?;
        let site = self.parse_site(command)?;
        let mut unit = self.begin().await?;
        unit.lock_sites().await?;
        check_addresses(&mut unit, &site).await?;
        if !unit.replace_site(&site).await? {
            return Err(Error::SiteNotFound);
        }
        unit.change(Change::Snapshot);
        unit.audit(described(act(actor, "site.update"), &site));
        self.commit(unit).await?;
        Ok(site)
    }

    /// Removes a site with its policy values and sessions.
    pub async fn delete_site(&self, actor: &Actor, site: &SiteId) -> Result<(), Error> {
        actor.require(Permission::SitesManage)?;
        if site.is_default() {
            return Err(AdminError::DefaultSiteStays.into());
        }
        let mut unit = self.begin().await?;
        unit.lock_sites().await?;
        if !unit.delete_site(site).await? {
            return Err(Error::SiteNotFound);
        }
        unit.delete_policy_values(&Scope::Site(site.clone()))
            .await?;
        let ended = unit.end_sessions_of_site(site).await?;
        unit.change(Change::Snapshot);
        unit.audit(
            act(actor, "site.delete")
                .on(site)
                .with("sessions_ended", ended),
        );
        self.commit(unit).await
    }

    fn parse_site(&self, command: SiteCommand) -> Result<Site, Error> {
        let id = SiteId::parse(&command.id).map_err(|error| Error::invalid("site.id", error))?;
        let name = DisplayName::parse(&command.name)
            .map_err(|error| Error::invalid("site.name", error))?;
        let known = self.stores.ids();
        Ok(Site {
            name: name.as_str().to_owned(),
            addresses: addressing::addresses(command.addresses, id.is_default())
                .map_err(refused)?,
            stores: addressing::stores(command.stores, &known).map_err(refused)?,
            links: addressing::links(command.links).map_err(refused)?,
            id,
        })
    }
}

async fn check_addresses(unit: &mut Unit, site: &Site) -> Result<(), Error> {
    match unit
        .find_site_with_address(&site.id, &site.addresses)
        .await?
    {
        Some(other) => Err(AdminError::SiteAddressTaken { site: other }.into()),
        None => Ok(()),
    }
}
