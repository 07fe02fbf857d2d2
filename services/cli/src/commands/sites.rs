//! Addresses of the installation.

use std::collections::HashMap;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use im_proto::auth::{
    CreateSiteRequest, DeleteSiteRequest, ListSitesRequest, Site, UpdateSiteRequest, site::Address,
    site_service_client::SiteServiceClient,
};

use super::{Context, call};

/// What to do with sites.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All sites
    List,
    /// Make a site
    Create(Fields),
    /// Replace name, addresses, stores and links of a site
    Update(Fields),
    /// Remove a site with its policy values and sessions
    Delete {
        /// Its slug
        site_id: String,
    },
}

/// A site as it shall be.
#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// Its slug: 1 to 32 of a-z 0-9 -
    site_id: String,
    /// What people call it
    #[arg(long)]
    name: String,
    /// Host name at which it answers; repeatable
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// Path prefix at which it answers, /b; repeatable
    #[arg(long, value_name = "PREFIX")]
    path_prefix: Vec<String>,
    /// Configured listener at which it answers; repeatable
    #[arg(long, value_name = "NAME")]
    listener: Vec<String>,
    /// Identity stores in the order in which they are asked
    #[arg(long, value_delimiter = ',', default_value = "local")]
    stores: Vec<String>,
    /// A link for people, kind=url; repeatable
    #[arg(long, value_name = "KIND=URL")]
    link: Vec<String>,
}

impl Fields {
    fn site(&self) -> anyhow::Result<Site> {
        let split = |link: &String| {
            let (kind, url) = link.split_once('=').context("a link is written kind=url")?;
            Ok((kind.to_owned(), url.to_owned()))
        };
        let address = |listener: &str, host: &str, path_prefix: &str| Address {
            listener: listener.to_owned(),
            host: host.to_owned(),
            path_prefix: path_prefix.to_owned(),
        };
        let mut addresses = Vec::new();
        addresses.extend(self.host.iter().map(|host| address("", host, "")));
        addresses.extend(
            self.path_prefix
                .iter()
                .map(|prefix| address("", "", prefix)),
        );
        addresses.extend(self.listener.iter().map(|name| address(name, "", "")));
        Ok(Site {
            id: self.site_id.clone(),
            name: self.name.clone(),
            addresses,
            store_ids: self.stores.clone(),
            links: self
                .link
                .iter()
                .map(split)
                .collect::<anyhow::Result<HashMap<_, _>>>()?,
        })
    }
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List => {
            let answer = call!(ctx, SiteServiceClient.list_sites, ListSitesRequest {});
            ctx.printer
                .answer(&answer, &["id", "name", "addresses", "storeIds"])
        }
        Command::Create(fields) => {
            let message = CreateSiteRequest {
                site: Some(fields.site()?),
            };
            ctx.printer
                .answer(&call!(ctx, SiteServiceClient.create_site, message), &[])
        }
        Command::Update(fields) => {
            let message = UpdateSiteRequest {
                site: Some(fields.site()?),
            };
            ctx.printer
                .answer(&call!(ctx, SiteServiceClient.update_site, message), &[])
        }
        Command::Delete { site_id } => {
            let message = DeleteSiteRequest {
                site_id: site_id.clone(),
            };
            ctx.printer
                .answer(&call!(ctx, SiteServiceClient.delete_site, message), &[])
        }
    }
}
