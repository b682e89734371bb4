//! The composition root: makes the parts from the configuration, and joins them.

mod premises;

use std::{
    fs::{File, TryLockError},
    future::Future,
    io::{self, Read, Seek, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

use crate::{
    call::{
        EnginesReceiver,
        desk::Desk,
        readiness::{EngineKind, Missing, Readiness, ReadinessReceiver, ReadinessSender, Reload},
        rehearsal::Rehearsals,
        transcribe::Scribe,
        written::Written,
    },
    config::{self, Config, TlsMode},
    people::People,
    rooms::{
        Interest, RoomEvents, Rooms,
        token::{Keys, KeysError},
    },
    sms::{Sms, SmsError},
    speech::engines::{Engines, Loading},
    store::{self, Store, StoreError, upkeep},
    telemetry,
    web::{
        self, KeyCache, Limits, Pulls, Running, Traffic,
        tls::{self, Authority, Certificate, TlsError},
    },
    webhooks::{Webhooks, WebhooksError},
    workers::{Office, Workers},
};
use premises::Premises;

/// How long a text message that is just being sent may take once the server stops. One that takes longer is `unknown`.
const SMS_GRACE: Duration = Duration::from_secs(10);

/// How often whoever loads engines looks whether the server stops.
const LOOK_UP: Duration = Duration::from_millis(250);

/// Longest note in a data folder's lock that is read, in bytes.
const LONGEST_NOTE: u64 = 256;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("port {} of {} is in use by another program: stop that one, or give another port with --listen {}:PORT", .0.port(), .0.ip(), shown_ip(.0))]
    PortInUse(SocketAddr),
    /// Another instance works on the same data.
    #[error(
        "the data folder {} is in use by another callstead{}: stop that one, or give another folder with --data-dir",
        dir.display(), holder.pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    DataDirInUse {
        /// The folder.
        dir: PathBuf,
        /// The other instance.
        holder: Holder,
    },
    /// Calls would travel in the clear.
    #[error("will not listen on {0}: beyond this machine TLS is a must; set tls.mode to self-signed or files, or listen on 127.0.0.1:{port} and let a TLS proxy on this machine stand in front", port = .0.port())]
    Public(SocketAddr),
    /// Development mode asks callers for nothing.
    #[error("--dev asks nobody for a key and so listens on this machine only, not on {0}: give --listen 127.0.0.1:{port}", port = .0.port())]
    DevIsPublic(SocketAddr),
    /// The data folder cannot be made, or not be written.
    #[error("cannot use the data folder {}: {source}", dir.display())]
    DataDir {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The address is not one of this machine, or the port is a privileged one.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The media port is in use, or not to be had; says which, and what to do.
    #[error(transparent)]
    Media(io::Error),
    /// The key pair of tokens is not to be had.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The certificate is not to be had.
    #[error("HTTPS cannot be served: {0}")]
    Tls(#[from] TlsError),
    /// The database is not to be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Text messages cannot be sent.
    #[error(transparent)]
    Sms(#[from] SmsError),
    /// Webhooks cannot be sent.
    #[error(transparent)]
    Webhooks(#[from] WebhooksError),
    /// The system refuses a thread.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// The server failed while it ran.
    #[error("the server failed: {0}")]
    Server(io::Error),
}

/// A server that has its data folder and its port, and has yet to answer.
#[derive(Debug)]
pub struct Application {
    listener: TcpListener,
    address: SocketAddr,
    state: web::State,
    /// Drives outside workers.
    office: Office<Premises>,
    certificate: Option<Certificate>,
    /// Somebody wants the engines loaded again.
    reloads: Option<mpsc::Receiver<()>>,
    /// Who is told what happens in rooms, and where that is heard.
    webhooks: (Webhooks, RoomEvents),
    /// Held as long as the application lives.
    _data_dir: DataDirLock,
}

impl Application {
    /// Takes the data folder and the port, so that a second instance fails here. Requests wait until
    /// [`Application::run_until_stopped`]. `server.listen` may name port 0: [`Application::address`] then tells which
    /// it became.
    ///
    /// # Errors
    /// When either is in use or not allowed, or when the address is not a safe one.
    pub fn build(config: &Config, readiness: ReadinessReceiver, engines: EnginesReceiver) -> Result<Self, StartError> {
        let wanted = config.server.listen;
        check_exposure(config)?;
        let mut data_dir = DataDirLock::take(&config.paths.data_dir)?;
        let listener = listen(wanted)?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address: wanted, source })?;
        if config.livekit.url.is_some() {
            tracing::warn!("LIVEKIT_URL: an outside LiveKit server is not supported yet, the built-in rooms are used");
        }
        telemetry::metrics();
        let certificate = tls::open(&config.tls, &config.paths.data_dir, address)?;
        let failed = |source| StartError::DataDir { dir: config.paths.data_dir.clone(), source };
        data_dir.note_listening(Listening { address, is_tls: certificate.is_some() }).map_err(failed)?;
        let keys = Keys::open(&config.livekit, &config.paths.data_dir)?;
        let store = Store::open(&config.paths.data_dir)?;
        let interests = [Interest::Rooms, Interest::Everything, Interest::Everything];
        let (rooms, [opened, told, happened]) =
            Rooms::start(config, &keys, is_media_local(config), interests).map_err(StartError::Media)?;
        let webhooks = (Webhooks::new(config, &keys)?, told);
        let scribe = Scribe::new(engines.clone(), config.speech.language);
        let written = Written::new(&config.agent, engines.clone(), store.clone());
        let rehearsals = Rehearsals::new(engines.clone());
        let desk = Desk::start(config, engines, rooms.clone(), opened, store.clone()).map_err(StartError::Thread)?;
        let premises = Premises { rooms: rooms.clone(), desk: desk.clone() };
        let own_name = config.livekit.agent_name.clone();
        let (workers, office) = Workers::new(own_name, keys.clone(), premises, happened);
        let (reload, reloads) = Reload::channel();
        let state = web::State {
            readiness,
            reload,
            config: Arc::new(config.clone()),
            rooms,
            keys: Arc::new(keys),
            people: People::new(store.clone(), &config.sessions),
            store,
            api_keys: KeyCache::default(),
            limits: Limits::new(config.server.requests_per_second),
            running: Running::default(),
            traffic: Traffic::default(),
            desk,
            workers,
            sms: Sms::new(config)?,
            scribe,
            written,
            pulls: Pulls::default(),
            rehearsals,
            authority: certificate.as_ref().and_then(|it| it.authority.clone()).map(Arc::new),
        };
        let reloads = Some(reloads);
        Ok(Self { listener, address, state, office, certificate, reloads, webhooks, _data_dir: data_dir })
    }

    /// Where a browser reaches it. An address that stands for all of this machine's gives way to a name of it.
    pub fn url(&self) -> String {
        let Some(certificate) = &self.certificate else { return format!("http://{}", self.address) };
        let names = certificate.authority.as_ref().map(|authority| authority.names.as_slice());
        match names.and_then(<[_]>::first) {
            Some(name) if self.address.ip().is_unspecified() => format!("https://{name}:{}", self.address.port()),
            _ => format!("https://{}", self.address),
        }
    }

    /// This box's own certificate authority, when it has one.
    pub fn authority(&self) -> Option<&Authority> {
        self.state.authority.as_deref()
    }

    /// A link that makes the first administrator, good for an hour; `None` when there is somebody already. Only for whoever
    /// sits at the machine.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_link(&self) -> Result<Option<String>, StoreError> {
        let link = self.state.people.first_link(store::now()).await?;
        Ok(link.map(|link| format!("{}{}", self.url(), web::welcome_path(&link))))
    }

    /// For who loads the engines: tells when somebody wants them loaded again. There once.
    pub fn take_reloads(&mut self) -> Option<mpsc::Receiver<()>> {
        self.reloads.take()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where media arrives.
    pub fn rtc_address(&self) -> SocketAddr {
        self.state.rooms.address()
    }

    /// Answers until `stop` is there; then takes nothing new, and finishes what it is at, for a bounded time. To be run
    /// inside an actix system.
    ///
    /// # Errors
    /// When the server cannot run.
    pub async fn run_until_stopped(self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let (rooms, desk, written) = (self.state.rooms.clone(), self.state.desk.clone(), self.state.written.clone());
        let upkeep = Upkeep(vec![
            actix_web::rt::spawn(web::upkeep(self.state.limits.clone())),
            actix_web::rt::spawn(upkeep::watch(self.state.store.clone())),
            actix_web::rt::spawn(self.state.people.clone().watch_sessions()),
            actix_web::rt::spawn(self.office.run()),
        ]);
        let (webhooks, told) = self.webhooks;
        let telling = actix_web::rt::spawn(webhooks.run(told));
        let (stop_sending, stopped) = watch::channel(false);
        let sending = actix_web::rt::spawn(self.state.sms.clone().run(self.state.store.clone(), stopped));
        let stop_sending = async move {
            stop_sending.send_replace(true);
            if timeout(SMS_GRACE, sending).await.is_err() {
                tracing::warn!("the server stops while a text message is being sent");
            }
        };
        let server = web::server(self.listener, self.state, self.certificate.as_ref()).map_err(StartError::Server)?;
        let handle = server.handle();
        let mut running = std::pin::pin!(server);
        tokio::select! {
            ended = &mut running => {
                tokio::join!(rooms.stop(), stop_sending);
                desk.stopped().await;
                upkeep.stop().await;
                // It has its own end; that it failed is in the log.
                let _ = telling.await;
                return ended.map_err(StartError::Server);
            }
            () = stop => {}
            never = written.end_idle() => match never {},
        }
        tracing::info!("stopping: finishing running requests");
        // Signal connections are requests that end with their rooms.
        let (_, _, ended, ()) = tokio::join!(rooms.stop(), handle.stop(true), running, stop_sending);
        written.stop().await;
        desk.stopped().await;
        upkeep.stop().await;
        let _ = telling.await;
        ended.map_err(StartError::Server)
    }
}

/// What is done now and then.
struct Upkeep(Vec<actix_web::rt::task::JoinHandle<()>>);

impl Upkeep {
    /// Ends all of it, within the runtime: a connection that is being opened can be given up only there.
    async fn stop(self) {
        for task in self.0 {
            task.abort();
            // Aborted, or it has failed: it is over.
            let _ = task.await;
        }
    }
}

/// Loads and warms the engines behind a server that answers already, and hands them to `loaded`, if nothing went wrong; and does
/// so again whenever that is `wanted`, as long as `go_on` says so, which is asked before each engine, too. However that ends,
/// readiness does not stay at starting.
///
/// # Errors
/// When the system refuses the thread.
pub fn start_loading(
    config: Config,
    readiness: ReadinessSender,
    loaded: watch::Sender<Option<Arc<Engines>>>,
    wanted: Option<mpsc::Receiver<()>>,
    go_on: impl Fn() -> bool + Send + Sync + 'static,
) -> io::Result<JoinHandle<()>> {
    let load = move || {
        let mut retired = Retired::default();
        loop {
            let before = loaded.borrow().clone();
            let load = || load_engines(before.as_deref(), &config, &readiness, &go_on);
            let engines = catch_unwind(AssertUnwindSafe(load)).ok().map(Arc::new);
            match &engines {
                Some(engines) => {
                    let count = engines.infos().len();
                    tracing::info!(
                        engines.count = count,
                        engines.missing = engines.missing().len(),
                        "engines are loaded"
                    );
                }
                None => tracing::error!("the engines were not loaded"),
            }
            let engines = engines.or_else(|| before.clone());
            readiness.send_replace(engines.as_deref().map_or_else(|| unloaded(&config), Readiness::of));
            loaded.send_replace(engines);
            retired.0.extend(before);
            if !wanted.as_ref().is_some_and(|wanted| is_wanted(wanted, &mut retired, &go_on)) {
                break;
            }
        }
    };
    thread::Builder::new().name("load".to_owned()).spawn(load)
}

/// Engines that calls may still be held with, which others have taken the place of. Who lets go of engines waits for their threads:
/// that is not for calls to do.
#[derive(Default)]
struct Retired(Vec<Arc<Engines>>);

impl Retired {
    /// Lets go of those that nobody else holds.
    fn release(&mut self) {
        self.0.retain(|engines| Arc::strong_count(engines) > 1);
    }
}

/// Waits until somebody wants the engines loaded again; false when nobody will any more.
fn is_wanted(wanted: &mpsc::Receiver<()>, retired: &mut Retired, go_on: &impl Fn() -> bool) -> bool {
    loop {
        retired.release();
        match wanted.recv_timeout(LOOK_UP) {
            Ok(()) => return true,
            Err(RecvTimeoutError::Timeout) if go_on() => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
        }
    }
}

/// There are no engines, and that is nobody's fault who could mend it at once.
fn unloaded(config: &Config) -> Readiness {
    let what = "the engines could not be loaded: the log says why".to_owned();
    let missing = Missing { kind: EngineKind::Stt, what, how: config.command("doctor") };
    Readiness::Degraded { missing: vec![missing], engines: Vec::new() }
}

/// Loads and warms the engines, telling of each step, unless those `before` serve well meanwhile. Blocks for seconds.
fn load_engines(
    before: Option<&Engines>,
    config: &Config,
    readiness: &ReadinessSender,
    go_on: impl Fn() -> bool,
) -> Engines {
    let serves = before.is_some_and(|before| before.missing().is_empty());
    let report = |step: Loading| {
        if !serves {
            let what = format!("loading the {} model", step.kind.name());
            readiness.send_replace(Readiness::Starting { done: step.done, total: step.total, what });
        }
        go_on()
    };
    let engines = match before {
        Some(before) => Engines::load_again(before, config, &EngineKind::ALL, report),
        None => Engines::load(config, &EngineKind::ALL, report),
    };
    for missing in engines.missing() {
        tracing::warn!(engine.kind = missing.kind.as_str(), "{}: run `{}`", missing.what, missing.how);
    }
    engines
}

/// Who has claimed a data folder, as far as that one has said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: Option<u32>,
    /// Where it answers; `None`: not yet, or it is no server.
    pub listening: Option<Listening>,
}

/// Where a server's pages and API are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    /// As it was bound: with the port that was found, and perhaps for all addresses of this machine.
    pub address: SocketAddr,
    /// Whether over TLS.
    pub is_tls: bool,
}

impl Listening {
    /// Where a program of this machine finds it: `https://127.0.0.1:8443`.
    pub fn local_url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            let loopback = if address.is_ipv6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
            address.set_ip(loopback);
        }
        format!("{}://{address}", if self.is_tls { "https" } else { "http" })
    }
}

impl Holder {
    /// The process in the first line, and where it listens in the second: `https 0.0.0.0:8443`.
    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let pid = lines.next().and_then(|line| line.trim().parse().ok());
        let listening = lines.next().and_then(|line| {
            let (scheme, address) = line.split_once(' ')?;
            Some(Listening { address: address.trim().parse().ok()?, is_tls: scheme == "https" })
        });
        Self { pid, listening }
    }
}

/// This process's claim on a data folder. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DataDirLock(File);

impl DataDirLock {
    /// Makes the folder (for its owner only) if it is not there, and claims it.
    ///
    /// # Errors
    /// When another process has claimed it, or when it cannot be written.
    pub fn take(dir: &Path) -> Result<Self, StartError> {
        let failed = |source| StartError::DataDir { dir: dir.to_owned(), source };
        config::make_data_dir(dir).map_err(failed)?;
        let mut options = File::options();
        let file =
            options.read(true).write(true).create(true).truncate(false).open(dir.join("lock")).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // One that cannot be read tells nothing.
                let _ = file.take(LONGEST_NOTE).read_to_string(&mut text);
                return Err(StartError::DataDirInUse { dir: dir.to_owned(), holder: Holder::parse(&text) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut lock = Self(file);
        lock.note("").map_err(failed)?;
        Ok(lock)
    }

    /// Tells others of this machine where this process answers.
    fn note_listening(&mut self, listening: Listening) -> io::Result<()> {
        let scheme = if listening.is_tls { "https" } else { "http" };
        self.note(&format!("{scheme} {}\n", listening.address))
    }

    fn note(&mut self, more: &str) -> io::Result<()> {
        let Self(file) = self;
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{}\n{more}", process::id())
    }
}

/// Whether nobody beyond this machine can send media: not when a proxy here passes calls on, and so addresses are set.
fn is_media_local(config: &Config) -> bool {
    config.server.dev || (config.server.listen.ip().is_loopback() && config.rtc.addresses.is_empty())
}

/// Beyond this machine nothing is served in the clear, and nothing to callers without a key.
fn check_exposure(config: &Config) -> Result<(), StartError> {
    let wanted = config.server.listen;
    match (&config.tls.mode, config.server.dev) {
        _ if wanted.ip().is_loopback() => Ok(()),
        (_, true) => Err(StartError::DevIsPublic(wanted)),
        (TlsMode::Off, false) => Err(StartError::Public(wanted)),
        (TlsMode::SelfSigned | TlsMode::Files { .. }, false) => Ok(()),
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse(address),
        _ => StartError::Listen { address, source },
    })
}

/// The address as it stands before a port.
fn shown_ip(address: &SocketAddr) -> String {
    if address.is_ipv6() { format!("[{}]", address.ip()) } else { address.ip().to_string() }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::call::readiness;

    fn config(dir: &Path, listen: &str) -> Config {
        let mut config = Config::defaults(dir);
        config.server.listen = listen.parse().unwrap();
        config.server.rtc_port = 0;
        config
    }

    fn build(config: &Config) -> Result<Application, StartError> {
        Application::build(config, readiness::channel().1, watch::channel(None).1)
    }

    #[test]
    fn a_data_folder_and_a_port_belong_to_one() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = build(&config(one.path(), "127.0.0.1:0")).unwrap();
        let same_folder = build(&config(one.path(), "127.0.0.1:0"));
        let Err(StartError::DataDirInUse { holder, .. }) = same_folder else { panic!("{same_folder:?}") };
        let listening = Listening { address: first.address(), is_tls: false };
        assert_eq!(holder, Holder { pid: Some(process::id()), listening: Some(listening) });
        let same_port = build(&config(two.path(), &first.address().to_string()));
        assert!(matches!(same_port, Err(StartError::PortInUse(address)) if address == first.address()));
        drop(first);
        assert!(build(&config(one.path(), "127.0.0.1:0")).is_ok());
    }

    #[test]
    fn a_server_is_found_by_what_it_leaves_in_its_folder() {
        for (note, url) in [
            ("7\nhttps 0.0.0.0:8443\n", Some("https://127.0.0.1:8443")),
            ("7\nhttp [::]:8080\n", Some("http://[::1]:8080")),
            ("7\nhttp 192.0.2.1:8080\n", Some("http://192.0.2.1:8080")),
            ("7\n", None),
            ("7\nhttp nowhere", None),
            ("", None),
        ] {
            let holder = Holder::parse(note);
            assert_eq!(holder.listening.map(|it| it.local_url()).as_deref(), url, "{note:?}");
            assert_eq!(holder.pid, (!note.is_empty()).then_some(7));
        }
    }

    #[test]
    fn the_data_folder_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("a/b");
        let _lock = DataDirLock::take(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn nothing_listens_beyond_this_machine_in_the_clear() {
        let folder = tempfile::tempdir().unwrap();
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
            let mut config = config(folder.path(), address);
            assert!(matches!(build(&config), Err(StartError::Public(_))), "{address}");
            config.tls.mode = TlsMode::SelfSigned;
            assert!(matches!(build(&config), Ok(_) | Err(StartError::Listen { .. })), "{address}");
            config.server.dev = true;
            assert!(matches!(build(&config), Err(StartError::DevIsPublic(_))), "{address}");
        }
    }
}
