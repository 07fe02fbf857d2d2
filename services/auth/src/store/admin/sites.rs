//! Changing sites.

use im_store::{FromRow, Row, StoreError, query, query_rows};
use im_types::SiteId;

use super::super::Unit;
use super::statements as sql;
use crate::domain::site::{Address, Site};

struct OtherAddress(SiteId, Address);

impl FromRow for OtherAddress {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let address = Address {
            listener: row.get_text("listener")?,
            host: row.get_text("host")?,
            path_prefix: row.get_text("path_prefix")?,
        };
        Ok(Self(row.get_parsed("site_id", SiteId::parse)?, address))
    }
}

impl Unit {
    /// From here on this unit is alone among those that change sites. The answer is how many
    /// there are.
    pub async fn lock_sites(&mut self) -> Result<u64, StoreError> {
        query(sql::LOCK_SITES).execute(&mut self.tx).await
    }

    /// Another site that has one of these addresses.
    pub async fn find_site_with_address(
        &mut self,
        except: &SiteId,
        addresses: &[Address],
    ) -> Result<Option<SiteId>, StoreError> {
        let find = query(sql::FIND_ADDRESSES_OF_OTHERS).bind(except);
        let others: Vec<OtherAddress> = find.fetch_all(&mut self.tx).await?;
        let clash = others
            .into_iter()
            .find(|OtherAddress(_, other)| addresses.contains(other));
        Ok(clash.map(|OtherAddress(site, _)| site))
    }

    /// Replaces name, links, addresses and stores; `false` if there is no such site.
    pub async fn replace_site(&mut self, site: &Site) -> Result<bool, StoreError> {
        let now = self.now();
        // Texts with text keys always make JSON.
        let links = serde_json::to_string(&site.links).unwrap_or_else(|_| "{}".to_owned());
        let update = query(sql::UPDATE_SITE)
            .bind(&site.id)
            .bind(site.name.as_str())
            .bind(links)
            .bind(now);
        if update.execute(&mut self.tx).await? == 0 {
            return Ok(false);
        }
        query(sql::DELETE_SITE_ADDRESSES)
            .bind(&site.id)
            .execute(&mut self.tx)
            .await?;
        query(sql::DELETE_SITE_STORES)
            .bind(&site.id)
            .execute(&mut self.tx)
            .await?;
        let addresses = (0_i64..).zip(&site.addresses).map(|(position, address)| {
            let Address {
                listener,
                host,
                path_prefix,
            } = address;
            (&site.id, position, listener, host, path_prefix)
        });
        query_rows(sql::INSERT_SITE_ADDRESSES)
            .rows(addresses)
            .execute(&mut self.tx)
            .await?;
        let stores = (0_i64..)
            .zip(&site.stores)
            .map(|(position, store)| (&site.id, position, store));
        query_rows(sql::INSERT_SITE_STORES)
            .rows(stores)
            .execute(&mut self.tx)
            .await?;
        Ok(true)
    }

    /// Removes a site; `false` if there is none.
    pub async fn delete_site(&mut self, site: &SiteId) -> Result<bool, StoreError> {
        Ok(query(sql::DELETE_SITE)
            .bind(site)
            .execute(&mut self.tx)
            .await?
            > 0)
    }
}
