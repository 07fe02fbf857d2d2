//! `SiteService`.

use im_proto::auth as proto;
use im_types::SiteId;
use tonic::{Request, Response, Status, async_trait};

use super::super::convert;
use super::{Grpc, answer, parse_id};
use crate::Error;
use crate::domain::site::Address;
use crate::usecase::admin::SiteCommand;

fn command(site: Option<proto::Site>) -> Result<SiteCommand, Error> {
    let site = site.ok_or_else(|| Error::invalid("site", "is missing"))?;
    let address = |address: proto::site::Address| Address {
        listener: address.listener,
        host: address.host,
        path_prefix: address.path_prefix,
    };
    Ok(SiteCommand {
        id: site.id,
        name: site.name,
        addresses: site.addresses.into_iter().map(address).collect(),
        stores: site.store_ids,
        links: site.links.into_iter().collect(),
    })
}

#[async_trait]
impl proto::site_service_server::SiteService for Grpc {
    async fn list_sites(
        &self,
        request: Request<proto::ListSitesRequest>,
    ) -> Result<Response<proto::ListSitesResponse>, Status> {
        let (actor, _) = self.open(request).await?;
        let list = async {
            let sites = self.app.list_sites(&actor).await?;
            let sites = sites.iter().map(convert::site).collect();
            Ok(proto::ListSitesResponse { sites })
        };
        answer(list.await)
    }

    async fn create_site(
        &self,
        request: Request<proto::CreateSiteRequest>,
    ) -> Result<Response<proto::CreateSiteResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let create = async {
            let site = self.app.create_site(&actor, command(request.site)?).await?;
            Ok(proto::CreateSiteResponse {
                site: Some(convert::site(&site)),
            })
        };
        answer(create.await)
    }

    async fn update_site(
        &self,
        request: Request<proto::UpdateSiteRequest>,
    ) -> Result<Response<proto::UpdateSiteResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let update = async {
            let site = self.app.update_site(&actor, command(request.site)?).await?;
            Ok(proto::UpdateSiteResponse {
                site: Some(convert::site(&site)),
            })
        };
        answer(update.await)
    }

    async fn delete_site(
        &self,
        request: Request<proto::DeleteSiteRequest>,
    ) -> Result<Response<proto::DeleteSiteResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let delete = async {
            let site = parse_id("site_id", &request.site_id, SiteId::parse)?;
            self.app.delete_site(&actor, &site).await?;
            Ok(proto::DeleteSiteResponse {})
        };
        answer(delete.await)
    }
}
