//! What is going on: calls now, and how the box does.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::frame::Desk;
use crate::{
    call::readiness::Readiness,
    web::{State, error::ApiError},
};

#[derive(Template)]
#[template(path = "desk/dashboard.html")]
struct DashboardPage {
    desk: Desk,
    live: usize,
    capacity: usize,
    /// `starting`, `healthy` or `degraded`, as `/api/health` says it.
    health: &'static str,
}

/// `GET /desk`
pub(super) async fn page(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let health = match &*state.readiness.borrow() {
        Readiness::Starting { .. } => "starting",
        Readiness::Healthy { .. } => "healthy",
        Readiness::Degraded { .. } => "degraded",
    };
    let page = DashboardPage { desk, live: state.desk.live(), capacity: state.desk.capacity(), health };
    Ok(Desk::show(&page))
}
