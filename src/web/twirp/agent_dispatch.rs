//! `livekit.AgentDispatchService`: agents sent into rooms by name. Each method needs `roomAdmin` for its room.

use livekit_protocol as proto;

use super::{Call, Reply, TwirpError, error::Code};
use crate::workers::DispatchError;

type Answer = Result<Reply, TwirpError>;

/// Answers a request; `None`: there is no such method.
pub(super) async fn serve(call: &Call, method: &str) -> Result<Option<Reply>, TwirpError> {
    let reply = match method {
        "CreateDispatch" => create_dispatch(call).await,
        "DeleteDispatch" => delete_dispatch(call).await,
        "ListDispatch" => list_dispatch(call).await,
        _ => return Ok(None),
    };
    reply.map(Some)
}

async fn create_dispatch(call: &Call) -> Answer {
    let request: proto::CreateAgentDispatchRequest = call.read()?;
    call.may(|claims| claims.administers(&request.room))?;
    call.reply(&call.state.workers.create_dispatch(request).await?)
}

async fn delete_dispatch(call: &Call) -> Answer {
    let request: proto::DeleteAgentDispatchRequest = call.read()?;
    call.may(|claims| claims.administers(&request.room))?;
    call.reply(&call.state.workers.delete_dispatch(request).await?)
}

async fn list_dispatch(call: &Call) -> Answer {
    let request: proto::ListAgentDispatchRequest = call.read()?;
    call.may(|claims| claims.administers(&request.room))?;
    call.reply(&call.state.workers.list_dispatch(request).await?)
}

impl From<DispatchError> for TwirpError {
    fn from(error: DispatchError) -> Self {
        let code = match error {
            DispatchError::NoRoom | DispatchError::NoDispatch => Code::NotFound,
            DispatchError::Room(_)
            | DispatchError::LongName
            | DispatchError::Deployment
            | DispatchError::Metadata
            | DispatchError::Attributes => Code::InvalidArgument,
            DispatchError::TooMany => Code::ResourceExhausted,
            DispatchError::Unavailable => Code::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}
