//! The name of this node.

use std::{io, path::Path};

use im_types::{Ids, NodeId};

use crate::config::GatewaySettings;

const FILE: &str = "gateway_node_id";

/// The node's identifier: as configured, else the one kept in `data_dir`, else a new one, which is
/// kept there. The same name after a restart lets presence forget at once what the process before
/// held.
pub fn node_id(settings: &GatewaySettings, data_dir: &Path, ids: &Ids) -> io::Result<NodeId> {
    if let Some(id) = settings
        .node_id
        .as_deref()
        .and_then(|id| NodeId::parse(id).ok())
    {
        return Ok(id);
    }
    let path = data_dir.join(FILE);
    if let Ok(text) = std::fs::read_to_string(&path)
        && let Ok(id) = NodeId::parse(text.trim())
    {
        return Ok(id);
    }
    let id = ids.new_id::<NodeId>();
    std::fs::create_dir_all(data_dir)?;
    std::fs::write(&path, format!("{id}\n"))?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use im_types::Clock;

    use super::*;

    #[test]
    fn the_name_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let ids = Ids::system(Clock::system());
        let settings = GatewaySettings::default();
        let first = node_id(&settings, dir.path(), &ids).unwrap();
        assert_eq!(node_id(&settings, dir.path(), &ids).unwrap(), first);
        let named = ids.new_id::<NodeId>();
        let settings = GatewaySettings {
            node_id: Some(named.to_string()),
            ..settings
        };
        assert_eq!(node_id(&settings, dir.path(), &ids).unwrap(), named);
    }
}
