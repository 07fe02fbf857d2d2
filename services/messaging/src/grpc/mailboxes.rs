//! `MailboxService`.

use im_proto::messaging as proto;
use im_proto::messaging::mailbox_service_server::MailboxService;
use im_types::PageSize;
use tonic::{Request, Response, Status, async_trait};

use super::caller::{Callers, refuse};
use super::convert;
use crate::error::Error;

pub(super) struct Mailboxes(pub(super) Callers);

#[async_trait]
impl MailboxService for Mailboxes {
    async fn list_entries(
        &self,
        request: Request<proto::ListEntriesRequest>,
    ) -> Result<Response<proto::ListEntriesResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let size = PageSize::parse(request.page_size, 200, 500)
            .map_err(|error| refuse(Error::invalid("page_size", error)))?;
        let page = self
            .0
            .core()
            .entries(person.user_id, &request.cursor, size.as_usize());
        let page = page.await.map_err(refuse)?;
        let entries = page.entries.iter();
        Ok(Response::new(proto::ListEntriesResponse {
            entries: entries
                .map(|entry| convert::entry(entry, person.user_id))
                .collect(),
            cursor: page.cursor.encode(),
            has_more: page.has_more,
        }))
    }
}
