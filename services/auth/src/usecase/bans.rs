//! Who is kept out.

use im_types::DeviceId;

use super::{App, Origin};
use crate::Error;

impl App {
    /// Whether the client's address, the name or the device is banned. `folded` is the folded
    /// name, empty if it is not known yet.
    pub(super) async fn is_banned(
        &self,
        origin: &Origin,
        folded: &str,
        device: Option<DeviceId>,
    ) -> Result<bool, Error> {
        if let Some(address) = origin.address.map(|address| address.to_canonical())
            && self
                .banned_networks()
                .await?
                .iter()
                .any(|network| network.contains(&address))
        {
            return Ok(true);
        }
        let device = device.map(|device| device.to_string()).unwrap_or_default();
        Ok(self
            .store
            .is_banned(folded, &device, self.clock.now())
            .await?)
    }
}
