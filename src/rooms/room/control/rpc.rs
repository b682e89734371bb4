//! Methods of clients called by the server: LiveKit's RPC over data messages, version 1, which every client understands.
//! The request says that it comes from its own id, so that the answer names it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use livekit_protocol::{self as proto, data_packet::Value, rpc_response};

use super::{
    super::{Key, Room},
    Answer, reply,
};
use crate::{
    rooms::{ControlError, RpcError, ids::RpcId},
    rtc::peer::Channel,
};

/// Calls that wait for their answers in one room.
const MOST_PENDING: usize = 64;
/// Longest payload, in bytes.
const LONGEST_PAYLOAD: usize = 15 * 1024;
/// A client acknowledges a request at once.
const ACKNOWLEDGED_IN: Duration = Duration::from_secs(2);
/// If the request does not say.
const USUAL_PATIENCE: Duration = Duration::from_secs(10);
/// However patient the request is.
pub(in crate::rooms) const LONGEST_PATIENCE: Duration = Duration::from_secs(60);

/// The calls that wait for their answers, by id.
#[derive(Debug, Default)]
pub(in crate::rooms::room) struct Rpcs(BTreeMap<String, Pending>);

#[derive(Debug)]
struct Pending {
    destination: Key,
    /// Whether the client has the request.
    is_acknowledged: bool,
    sent: Instant,
    due: Instant,
    answer: Answer<String>,
}

impl Pending {
    /// When it has failed, and how.
    fn fails(&self) -> (Instant, RpcError) {
        if self.is_acknowledged || self.due < self.sent + ACKNOWLEDGED_IN {
            (self.due, RpcError::response_timeout())
        } else {
            (self.sent + ACKNOWLEDGED_IN, RpcError::connection_timeout())
        }
    }
}

impl Rpcs {
    /// When the next call fails.
    pub(in crate::rooms::room) fn due(&self) -> Option<Instant> {
        self.0.values().map(|pending| pending.fails().0).min()
    }
}

impl Room {
    pub(super) fn perform_rpc(&mut self, now: Instant, request: proto::PerformRpcRequest, answer: Answer<String>) {
        let destination = match self.named(&request.destination_identity) {
            Ok((key, _)) => key,
            Err(error) => return reply(answer, Err(error)),
        };
        if request.payload.len() > LONGEST_PAYLOAD {
            return reply(answer, Err(RpcError::request_payload_too_large().into()));
        }
        if self.rpcs.0.len() >= MOST_PENDING {
            return reply(answer, Err(ControlError::TooMany));
        }
        let patience = match request.response_timeout_ms {
            0 => USUAL_PATIENCE,
            milliseconds => Duration::from_millis(milliseconds.into()).min(LONGEST_PATIENCE),
        };
        let id = RpcId::random().to_string();
        let call = proto::RpcRequest {
            id: id.clone(),
            method: request.method,
            payload: request.payload,
            response_timeout_ms: u32::try_from(patience.as_millis()).unwrap_or(u32::MAX),
            version: 1,
            ..Default::default()
        };
        let packet = proto::DataPacket {
            participant_identity: id.clone(),
            destination_identities: vec![request.destination_identity],
            value: Some(Value::RpcRequest(call)),
            ..Default::default()
        };
        let pending = Pending { destination, is_acknowledged: false, sent: now, due: now + patience, answer };
        self.rpcs.0.insert(id, pending);
        self.spread(now, None, Channel::Reliable, &packet);
    }

    /// Whether a message of `from` is for a call of the server's, and so for nobody else.
    pub(in crate::rooms::room) fn take_rpc_answer(&mut self, from: Key, packet: &proto::DataPacket) -> bool {
        let id = match &packet.value {
            Some(Value::RpcAck(ack)) => &ack.request_id,
            Some(Value::RpcResponse(response)) => &response.request_id,
            _ => return false,
        };
        let Some(pending) = self.rpcs.0.get_mut(id).filter(|pending| pending.destination == from) else { return false };
        pending.is_acknowledged = true;
        if let Some(Value::RpcResponse(response)) = &packet.value
            && let Some(pending) = self.rpcs.0.remove(id)
        {
            reply(pending.answer, outcome(response.value.as_ref()));
        }
        true
    }

    /// Somebody has left: their clients answer no more.
    pub(in crate::rooms::room) fn fail_rpcs(&mut self, destination: Key) {
        for (_, pending) in self.rpcs.0.extract_if(.., |_, pending| pending.destination == destination) {
            reply(pending.answer, Err(RpcError::recipient_disconnected().into()));
        }
    }

    pub(in crate::rooms::room) fn time_out_rpcs(&mut self, now: Instant) {
        for (_, pending) in self.rpcs.0.extract_if(.., |_, pending| pending.fails().0 <= now) {
            let (_, error) = pending.fails();
            reply(pending.answer, Err(error.into()));
        }
    }
}

fn outcome(value: Option<&rpc_response::Value>) -> Result<String, ControlError> {
    match value {
        Some(rpc_response::Value::Payload(payload)) => Ok(payload.clone()),
        Some(rpc_response::Value::Error(error)) => Err(RpcError::of_client(error).into()),
        // What is compressed was not asked for: that is for version 2.
        Some(rpc_response::Value::CompressedPayload(_)) | None => Err(RpcError::application_error().into()),
    }
}
