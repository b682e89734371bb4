//! What clients say over their signal connection.

use std::time::Instant;

use livekit_protocol::{
    self as proto, DisconnectReason, leave_request::Action, signal_request::Message as Request,
    signal_response::Message,
};
use prost::Message as _;

use super::{ConnectionId, Key, Room};

/// A message of so many bytes counts as two, of twice as many as three.
const UNIT: usize = 4096;

impl Room {
    /// A message from a client; from a connection that is no more it is ignored.
    pub(super) fn handle_request(&mut self, now: Instant, connection: ConnectionId, request: proto::SignalRequest) {
        let Some(key) = self.connections.get(&connection).copied() else { return };
        let Some(client) = self.client_mut(key) else { return };
        if !client.requests.take(now, 1 + request.encoded_len() / UNIT) {
            tracing::info!("a client that floods its signal connection is dropped");
            return self.remove(now, key, DisconnectReason::UnknownReason, Some(Action::Disconnect));
        }
        if let Some(message) = request.message {
            self.handle_message(now, key, message);
        }
    }

    #[expect(deprecated, reason = "old clients send what is obsolete")]
    fn handle_message(&mut self, now: Instant, key: Key, message: Request) {
        match message {
            Request::Offer(offer) => self.handle_offer(now, key, &offer),
            Request::Answer(answer) => self.handle_answer(now, key, &answer),
            Request::Trickle(trickle) => self.handle_trickle(key, &trickle),
            Request::AddTrack(request) => self.handle_add_track(now, key, request),
            Request::Mute(request) => self.handle_mute(now, key, request),
            Request::UpdateAudioTrack(request) => self.handle_audio_features(now, key, &request),
            Request::Subscription(request) => self.handle_subscription(now, key, &request),
            Request::TrackSetting(request) => self.handle_track_setting(now, key, &request),
            Request::SubscriptionPermission(request) => self.handle_permission(now, key, &request),
            Request::UpdateMetadata(update) => self.handle_metadata(now, key, &update),
            Request::SyncState(state) => self.handle_sync(now, key, &state),
            Request::Simulate(scenario) => self.handle_simulation(now, key, &scenario),
            Request::Ping(_) => self.send(key, Message::Pong(self.wall_ms(now))),
            Request::PingReq(ping) => self.handle_ping(now, key, ping),
            Request::Leave(_) => self.remove(now, key, DisconnectReason::ClientInitiated, None),
            Request::UpdateVideoTrack(request) => self.handle_video_size(now, key, &request),
            Request::PublishDataTrackRequest(request) => self.handle_publish_data_track(now, key, request),
            Request::UnpublishDataTrackRequest(request) => self.handle_unpublish_data_track(now, key, request),
            Request::UpdateDataSubscription(request) => self.handle_data_subscription(key, &request),
            Request::StoreDataBlobRequest(request) => self.refuse_data_blob(key, request.request_id),
            Request::GetDataBlobRequest(request) => self.refuse_data_blob(key, request.request_id),
            // Layers are seen by what comes.
            Request::UpdateLayers(_) => {}
        }
    }

    fn handle_ping(&mut self, now: Instant, key: Key, ping: proto::Ping) {
        let pong = proto::Pong { last_ping_timestamp: ping.timestamp, timestamp: self.wall_ms(now) };
        self.send(key, Message::PongResp(pong));
    }
}
