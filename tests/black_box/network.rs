//! Networks of their own, for what cannot be tried in the machine's: nothing but loopback, or a box and a caller with a
//! cable between them that carries no UDP. They vanish with their value, and with the test's process.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::fd::AsFd,
    panic::resume_unwind,
    process::{Child, Command, Stdio},
    thread,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// The box's address, where there is a caller.
pub(crate) const BOX: &str = "10.77.0.1";

/// A network namespace (network_namespaces(7)), held by a process that does nothing else.
pub(crate) struct Network(Child);

impl Network {
    /// With nothing but loopback in it. Says why when that cannot be.
    pub(crate) fn new() -> Option<Self> {
        let mut holder = Command::new("unshare");
        holder.args(["--net", "sh", "-c", "ip link set lo up && echo here && exec cat"]);
        let mut child = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        if first == "here\n" {
            return Some(Self(child));
        }
        println!("skipped: no network namespace can be made here: {:?}", child.wait());
        None
    }

    /// A box and a caller; no UDP arrives at the box. Says why when that cannot be.
    pub(crate) fn without_udp() -> Option<(Self, Self)> {
        let (callstead, caller) = (Self::new()?, Self::new()?);
        let peer = caller.0.id();
        callstead.ip(&format!("link add box type veth peer name caller netns {peer}"));
        callstead.ip(&format!("address add {BOX}/24 dev box"));
        callstead.ip("link set box up");
        caller.ip("address add 10.77.0.2/24 dev caller");
        caller.ip("link set caller up");
        caller.ip(&format!("route add default via {BOX}"));
        // What is for the box itself is looked up first of all, unless that is asked second.
        callstead.ip("rule add pref 2 lookup local");
        callstead.ip("rule add pref 1 iif box ipproto udp blackhole");
        callstead.ip("rule del pref 0");
        Some((callstead, caller))
    }

    /// What comes by TCP to the box's address goes on to one that is for this network only; the port is another one.
    /// Goes on until the test's process ends.
    pub(crate) fn forward(&self, to: SocketAddr) -> SocketAddr {
        self.inside(|| {
            let listener = TcpListener::bind((BOX, 0)).unwrap();
            let address = listener.local_addr().unwrap();
            thread::spawn(move || listener.incoming().flatten().for_each(|near| carry(near, to)));
            address
        })
    }

    #[track_caller]
    fn ip(&self, words: &str) {
        let output = self.inside(|| Command::new("ip").args(words.split(' ')).output().unwrap());
        assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Does something on a thread that is in this network; so are the processes that it starts.
    pub(crate) fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let path = format!("/proc/{}/ns/net", self.0.id());
        let enter = || {
            let namespace = File::open(path).unwrap();
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            act()
        };
        thread::scope(|scope| scope.spawn(enter).join()).unwrap_or_else(|panic| resume_unwind(panic))
    }
}

fn carry(near: TcpStream, to: SocketAddr) {
    let far = TcpStream::connect(to).unwrap();
    for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
        thread::spawn(move || {
            // Its end is the other side's, too.
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It ends at the end of its input.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
