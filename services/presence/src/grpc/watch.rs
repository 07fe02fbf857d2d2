//! The stream of a gateway node: lists in, views out.

use std::sync::Arc;
use std::time::Duration;

use im_proto::presence as proto;
use im_runtime::error::{ErrorKind, ServiceError as _};
use im_types::ConnectionId;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Status, Streaming};

use super::Shared;
use super::convert::{id, ids, seen, site};
use crate::domain::board::{StreamId, View};
use crate::usecase::{Hub, Presence, WatchList};

/// Lists are worked out side by side, those of one connection in order.
const LANES: usize = 8;
/// Lists that wait in a lane.
const LANE_QUEUE_MAX: usize = 64;
/// Messages that wait for the node to read them.
const QUEUE_MAX: usize = 4;
/// People in one message, or a few more: some 250 KB.
const SEEN_MAX: usize = 2_000;
/// More news than this at once is load: then one message in a while tells the newest of all.
const LOAD_SEEN: usize = 1_000;
/// How long that while is.
const FRAME: Duration = Duration::from_millis(250);
/// Between two attempts to work a list out.
const RETRY: Duration = Duration::from_millis(500);

type Out = mpsc::Sender<Result<proto::WatchResponse, Status>>;

/// Ends the stream on the board when the last of its tasks has ended.
struct Open {
    hub: Arc<Hub>,
    stream: StreamId,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.hub.close_stream(self.stream);
    }
}

/// Serves one stream until the node ends it or the replica stops.
pub(super) fn serve(
    shared: &Shared,
    requests: Streaming<proto::WatchRequest>,
) -> ReceiverStream<Result<proto::WatchResponse, Status>> {
    let hub = shared.presence.hub();
    let (stream, bell) = hub.open_stream();
    let open = Arc::new(Open {
        hub: Arc::clone(&hub),
        stream,
    });
    let (out, responses) = mpsc::channel(QUEUE_MAX);
    let end = shared.tasks.shutdown_token().child_token();

    let mut lanes = Vec::with_capacity(LANES);
    for _ in 0..LANES {
        let (lane, lists) = mpsc::channel(LANE_QUEUE_MAX);
        lanes.push(lane);
        let worker = Lane {
            presence: shared.presence.clone(),
            open: Arc::clone(&open),
            lists,
        };
        shared
            .tasks
            .spawn("presence.watch_lane", worker.run(end.clone()));
    }
    let reader = read(requests, lanes, end.clone());
    shared.tasks.spawn("presence.watch_reader", reader);
    let writer = Writer {
        hub,
        open,
        bell,
        out,
        _end: end.clone().drop_guard(),
    };
    shared.tasks.spawn("presence.watch_writer", writer.run(end));
    ReceiverStream::new(responses)
}

/// Reads lists and deals them out to the lanes. Ends everything when it ends.
async fn read(
    mut requests: Streaming<proto::WatchRequest>,
    lanes: Vec<mpsc::Sender<WatchList>>,
    end: CancellationToken,
) {
    let _end = end.clone().drop_guard();
    loop {
        let request = tokio::select! {
            () = end.cancelled() => return,
            request = requests.message() => request,
        };
        let Ok(Some(request)) = request else { return };
        let list = match watch_list(&request) {
            Ok(list) => list,
            Err(status) => {
                tracing::warn!(message = status.message(), "a list cannot be read");
                continue;
            }
        };
        let Some(lane) = lanes.get(lane_of(list.connection_id)) else {
            return;
        };
        tokio::select! {
            () = end.cancelled() => return,
            sent = lane.send(list) => if sent.is_err() { return },
        }
    }
}

fn lane_of(connection_id: ConnectionId) -> usize {
    // The last byte of an id is random.
    usize::from(
        connection_id
            .as_uuid()
            .as_bytes()
            .last()
            .copied()
            .unwrap_or_default(),
    ) % LANES
}

fn watch_list(request: &proto::WatchRequest) -> Result<WatchList, Status> {
    Ok(WatchList {
        connection_id: id("connection_id", &request.connection_id)?,
        viewer_id: id("viewer_id", &request.viewer_id)?,
        site_id: site("site_id", &request.site_id)?,
        user_ids: ids("user_ids", &request.user_ids)?,
        version: request.version,
    })
}

/// Works lists out, one after the other.
struct Lane {
    presence: Presence,
    open: Arc<Open>,
    lists: mpsc::Receiver<WatchList>,
}

impl Lane {
    async fn run(mut self, end: CancellationToken) {
        while let Some(Some(list)) = end.run_until_cancelled(self.lists.recv()).await {
            let set = self.set(&list);
            if end.run_until_cancelled(set).await.is_none() {
                return;
            }
        }
    }

    /// One viewer's trouble is not the stream's: a list that cannot be is passed over, and where
    /// something is away for a moment it is tried until it is back.
    async fn set(&self, list: &WatchList) {
        while let Err(error) = self.presence.set_watch(self.open.stream, list).await {
            if !matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Internal) {
                tracing::warn!(connection.id = %list.connection_id, %error, "a list is refused");
                return;
            }
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a list has to wait"
            );
            sleep(RETRY).await;
        }
    }
}

/// Sends news: at once while there are few, in frames under load, never faster than the node reads.
struct Writer {
    hub: Arc<Hub>,
    open: Arc<Open>,
    bell: Arc<Notify>,
    out: Out,
    /// Ends the stream's other tasks with this one.
    _end: DropGuard,
}

impl Writer {
    async fn run(self, end: CancellationToken) {
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                () = self.out.closed() => return,
                () = self.bell.notified() => {}
            }
            let begun_at = Instant::now();
            let mut seen_count = 0;
            loop {
                // Room first, so that what waits for it is the newest when it goes out.
                let Some(Ok(permit)) = end.run_until_cancelled(self.out.reserve()).await else {
                    return;
                };
                let views = self.hub.drain(self.open.stream, SEEN_MAX);
                if views.is_empty() {
                    break;
                }
                seen_count += views.iter().map(|view| view.seen.len()).sum::<usize>();
                permit.send(Ok(response(&views, self.hub.epoch())));
            }
            if seen_count > LOAD_SEEN {
                let next = sleep_until(begun_at + FRAME);
                if end.run_until_cancelled(next).await.is_none() {
                    return;
                }
            }
        }
    }
}

fn response(views: &[View], epoch: i64) -> proto::WatchResponse {
    let view = |view: &View| proto::watch_response::View {
        connection_id: view.connection_id.to_string(),
        version: view.version,
        is_snapshot: view.is_snapshot,
        presences: view.seen.iter().map(|it| seen(it, epoch)).collect(),
    };
    proto::WatchResponse {
        views: views.iter().map(view).collect(),
    }
}
