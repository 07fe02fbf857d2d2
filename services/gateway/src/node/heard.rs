//! Events of the bus that are for streams of this node.

use im_bus::{Event, Message, SubjectFilter};

use super::Node;

/// Hears messages until shutdown. Those that are lost are not asked for: what they tell is over
/// soon, or said again by whoever said it.
pub(super) async fn listen(
    node: &Node,
    filter: impl Into<SubjectFilter>,
    told: impl Fn(&Node, Message),
) {
    let soft = node.parts.tasks.shutdown_token();
    let Ok(mut heard) = node.parts.bus.subscribe(filter).await else {
        return;
    };
    loop {
        let event = tokio::select! {
            event = heard.recv() => event,
            () = soft.cancelled() => return,
        };
        match event {
            Some(Event::Message(message)) => told(node, message),
            Some(Event::Lagged { .. } | Event::Reconnected) => {}
            None => return,
        }
    }
}
