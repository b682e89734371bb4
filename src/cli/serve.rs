//! `callstead serve`

use std::{
    io::{self, IsTerminal},
    net::SocketAddr,
};

use anyhow::Context as _;
use tokio::sync::watch;

use super::{Context, runtime};
use crate::{
    app::{self, Application},
    call::readiness,
    config::{Overrides, parse_address},
    telemetry::Traces,
    web::AUTHORITY_PATH,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port of the pages and the API [env: CALLSTEAD_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
    listen: Option<SocketAddr>,
    /// Port of the media, for UDP and for ICE-TCP [env: CALLSTEAD_RTC_PORT] [default: 7882]
    #[arg(long, value_name = "PORT")]
    rtc_port: Option<u16>,
    /// For development: callers need no key; serves this machine only [env: CALLSTEAD_DEV]
    #[arg(long)]
    dev: bool,
}

impl Args {
    pub(super) fn override_settings(&self, overrides: &mut Overrides) {
        overrides.quiet = false;
        overrides.listen = self.listen;
        overrides.rtc_port = self.rtc_port;
        overrides.dev = self.dev;
    }
}

pub(super) fn run(_args: Args, context: &Context) -> anyhow::Result<()> {
    // Outlives the server, and ends outside of its runtime.
    let _traces = context.config.telemetry.otlp_endpoint.as_ref().map(Traces::export).transpose()?;
    let (sender, receiver) = readiness::channel();
    let (engines, loaded) = watch::channel(None);
    let mut application = Application::build(&context.config, receiver, loaded)?;
    let (address, rtc_address, url) = (application.address(), application.rtc_address(), application.url());
    let authority = application.authority().cloned();
    let stopping = context.interrupt.clone();
    let wanted = application.take_reloads();
    let loading = app::start_loading(context.config.clone(), sender, engines, wanted, move || !stopping.is_raised())
        .context("starting the thread that loads the engines")?;
    tracing::info!(http.address = %address, rtc.address = %rtc_address, data_dir = %context.config.paths.data_dir.display(), "listening");
    if context.output.json {
        let file = authority.map(|authority| authority.file);
        let started = serde_json::json!({ "url": url, "rtc_port": rtc_address.port(), "ca_file": file });
        context.output.json(&started)?;
    } else {
        context.output.note(format_args!("Callstead is on {url} – Ctrl-C stops it."));
        if let Some(authority) = authority {
            let file = authority.file.display();
            context.output.note(format_args!(
                "A phone trusts this machine once it has {file} installed, which is also at {url}{AUTHORITY_PATH}."
            ));
        }
    }
    invite_first_admin(&application, context)?;
    let stop = context.interrupt.clone();
    let served =
        actix_web::rt::System::new().block_on(application.run_until_stopped(async move { stop.raised().await }));
    // Nothing may compute any more when the process takes down what the engines compute with.
    drop(loading.join());
    Ok(served?)
}

/// Whoever sits at the terminal may become the first administrator. A log that others read gets no such link.
fn invite_first_admin(application: &Application, context: &Context) -> anyhow::Result<()> {
    if context.output.json || !io::stderr().is_terminal() {
        return Ok(());
    }
    if let Some(link) = runtime::block_on(&context.interrupt, application.first_link())? {
        context
            .output
            .note(format_args!("Nobody can log in yet. The first administrator begins here, within an hour: {link}"));
    }
    Ok(())
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    parse_address(text).ok_or("give an address and a port, such as 127.0.0.1:8080 or [::1]:8080")
}
