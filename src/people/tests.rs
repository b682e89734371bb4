use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::{
    domain::UserId,
    store::{
        RandomSecret,
        audit::{self, Action, ActorKind, Entity, Filter, Logged},
        users::{self, NewUser, Role},
    },
};

const PASSWORD: &str = "correct horse";
const OWNER: &str = "nadia@example.com";
const HOME: &str = "192.0.2.1";

/// A desk with one administrator, whose time only goes on when a test says so.
struct Desk {
    people: People,
    store: Store,
    start: Instant,
    seconds: i64,
    nadia: User,
    _folder: TempDir,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let settings = config::Sessions { idle: Duration::from_secs(3600), whole: Duration::from_secs(12 * 3600) };
        let people = People::new(store.clone(), &settings);
        let new = NewUser { email: OWNER.parse().unwrap(), name: "Nadia".to_owned(), role: Role::Admin };
        let nadia = people.create(new, PASSWORD.to_owned().into(), Actor::console(), Timestamp::UNIX_EPOCH).await;
        Self { nadia: nadia.unwrap(), people, store, start: Instant::now(), seconds: 0, _folder: folder }
    }

    fn wait(&mut self, seconds: i64) {
        self.seconds += seconds;
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_second(self.seconds).unwrap()
    }

    fn visit(&self, from: &str) -> Visit {
        let clock = self.start + Duration::from_secs(self.seconds as u64);
        Visit { from: from.parse().ok(), agent: "a browser".to_owned(), at: self.at(), clock }
    }

    async fn log_in(
        &self,
        email: &str,
        password: &str,
        code: Option<String>,
        from: &str,
    ) -> Result<Begun, PeopleError> {
        let attempt = Attempt { email: email.to_owned(), password: password.to_owned().into(), code };
        self.people.log_in(attempt, &self.visit(from)).await
    }

    async fn enter(&self) -> Begun {
        self.log_in(OWNER, PASSWORD, None, HOME).await.unwrap()
    }

    async fn is_alive(&self, secret: &RandomSecret) -> bool {
        self.people.session(secret.clone(), self.at()).await.unwrap().is_some()
    }

    /// The same, and waits until that it is in use is noted.
    async fn is_used(&self, begun: &Begun) -> bool {
        let is_alive = self.is_alive(&begun.secret).await;
        let is_noted = async || {
            let sessions = self.people.sessions(&begun.user.id, self.at()).await.unwrap();
            sessions.iter().any(|it| it.id == begun.session && it.seen_at == self.at())
        };
        while is_alive && !is_noted().await {
            tokio::task::yield_now().await;
        }
        is_alive
    }

    async fn invite(&self, email: &str, role: Role) -> (User, RandomSecret) {
        let new = NewUser { email: email.parse().unwrap(), name: "Omar".to_owned(), role };
        self.people.invite(new, Actor::console(), self.at()).await.unwrap()
    }

    async fn update(&self, id: &UserId, change: UserChange) -> Result<User, PeopleError> {
        self.people.update(id.clone(), change, None, None, Actor::console(), self.at()).await
    }

    async fn log(&self) -> Vec<Logged> {
        let vault = self.store.vault().clone();
        let all = Filter { limit: 1000, ..Filter::default() };
        self.store.read(move |connection| audit::list(connection, &vault, &all)).await.unwrap()
    }

    /// Nadia's second factor, turned on.
    async fn factor(&mut self) -> Factor {
        let nadia = self.people.user(&self.nadia.id).await.unwrap();
        let visit = self.visit(HOME);
        let factor = self.people.begin_factor(&nadia, PASSWORD.to_owned().into(), &visit).await.unwrap();
        self.people.confirm_factor(&nadia, factor.code(visit.at), &visit).await.unwrap();
        self.wait(60);
        factor
    }
}

fn arrival(email: Option<&str>, password: &str) -> Arrival {
    let email = email.map(|email| email.parse().unwrap());
    Arrival { email, name: "Omar".to_owned(), password: password.to_owned().into() }
}

#[tokio::test]
async fn who_is_refused_learns_nothing_and_all_of_it_is_noted() {
    let desk = Desk::new().await;
    let (invited, _) = desk.invite("omar@example.com", Role::Agent).await;
    let secret_typed_as_name = "my secret pass phrase";
    for (email, password, of) in [
        (OWNER, "wrong", desk.nadia.id.as_str()),
        ("nobody@example.com", PASSWORD, ""),
        (secret_typed_as_name, PASSWORD, ""),
        (invited.email.as_str(), PASSWORD, invited.id.as_str()),
    ] {
        let refused = desk.log_in(email, password, None, HOME).await;
        assert!(matches!(refused, Err(PeopleError::Credentials)), "{email}: {refused:?}");
        let log = desk.log().await;
        assert_eq!((log[0].action, log[0].entity_id.as_str(), log[0].origin.as_str()), (Action::LoginFailed, of, HOME));
    }
    assert!(!format!("{:?}", desk.log().await).contains(secret_typed_as_name));

    let begun = desk.log_in(" Nadia@Example.COM ", PASSWORD, None, HOME).await.unwrap();
    assert!(desk.is_alive(&begun.secret).await && !desk.is_alive(&RandomSecret::random()).await);
    let log = desk.log().await;
    assert_eq!((log[0].action, log[0].actor.as_str()), (Action::Login, desk.nadia.id.as_str()));
    desk.people.end_session(&begun.user, &begun.session, &desk.visit(HOME)).await.unwrap();
    assert!(!desk.is_alive(&begun.secret).await);
    assert_eq!(desk.log().await[0].action, Action::Logout);
}

#[tokio::test]
async fn that_a_session_reached_a_limit_is_noted_once() {
    let mut desk = Desk::new().await;
    let (first, second) = (desk.enter().await, desk.enter().await);
    desk.wait(3601);
    let ended = async |desk: &Desk| {
        let log = desk.log().await;
        log.into_iter().filter(|it| it.entity == Entity::Session).collect::<Vec<_>>()
    };
    assert!(ended(&desk).await.is_empty(), "nobody has noticed yet");
    // Each use of what is over may note it, and the first one does.
    for _ in 0..3 {
        assert!(!desk.is_alive(&first.secret).await);
    }
    while ended(&desk).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let log = ended(&desk).await;
    let mut sessions: Vec<_> = log.iter().map(|it| it.entity_id.as_str()).collect();
    sessions.sort_unstable();
    let mut expected = [first.session.as_str(), second.session.as_str()];
    expected.sort_unstable();
    assert_eq!(sessions, expected, "the other one too");
    for entry in &log {
        assert_eq!((entry.action, entry.actor_kind), (Action::Logout, ActorKind::System));
        let after = &entry.detail["after"];
        assert_eq!((&after["user"], &after["limit"]), (&desk.nadia.id.as_str().into(), &"idle".into()));
    }
    desk.enter().await;
    assert_eq!(ended(&desk).await.len(), 2);
    desk.wait(13 * 3600);
    desk.enter().await;
    assert_eq!(ended(&desk).await[0].detail["after"]["limit"], "whole", "who logs in sweeps, too");
}

#[tokio::test]
async fn sessions_end_by_themselves() {
    let mut desk = Desk::new().await;
    let (idle, busy) = (desk.enter().await, desk.enter().await);
    desk.wait(3000);
    assert!(desk.is_used(&busy).await);
    desk.wait(600);
    assert!(!desk.is_alive(&idle.secret).await, "nobody has used it for an hour");
    for _ in 0..13 {
        assert!(desk.is_used(&busy).await);
        desk.wait(3000);
    }
    desk.wait(599);
    assert!(desk.is_alive(&busy.secret).await);
    desk.wait(1);
    assert!(!desk.is_alive(&busy.secret).await, "half a day is over");
}

#[tokio::test]
async fn strangers_guesses_do_not_shut_the_owner_out() {
    let desk = Desk::new().await;
    desk.enter().await;
    for number in 0..80 {
        let from = format!("198.51.100.{number}");
        // Refused in one way or another.
        assert!(desk.log_in(OWNER, "", None, &from).await.is_err());
    }
    assert!(matches!(desk.log_in(OWNER, PASSWORD, None, "203.0.113.1").await, Err(PeopleError::Wait(_))));
    assert!(desk.log_in(OWNER, PASSWORD, None, HOME).await.is_ok());
    assert!(desk.log_in(OWNER, PASSWORD, None, "").await.is_err(), "an address that nobody knows is a stranger's");
}

#[tokio::test]
async fn guesses_from_one_place_become_slow_and_a_session_is_no_way_around() {
    let mut desk = Desk::new().await;
    let begun = desk.enter().await;
    let visit = desk.visit(HOME);
    for _ in 0..5 {
        let changed = desk.people.change_password(
            &begun.user,
            &begun.session,
            "a guess".to_owned().into(),
            "another good one".to_owned().into(),
            &visit,
        );
        assert!(matches!(changed.await, Err(PeopleError::WrongPassword)));
    }
    assert!(matches!(desk.log_in(OWNER, PASSWORD, None, HOME).await, Err(PeopleError::Wait(_))));
    desk.wait(1);
    assert!(desk.log_in(OWNER, PASSWORD, None, HOME).await.is_ok());
}

#[tokio::test]
async fn each_code_of_a_second_factor_counts_once() {
    let mut desk = Desk::new().await;
    let factor = desk.factor().await;
    let Err(PeopleError::CodeNeeded { ticket }) = desk.log_in(OWNER, PASSWORD, None, HOME).await else { panic!() };
    let code = factor.code(desk.at());
    let with_code =
        async |ticket: &str, code: &str| desk.people.log_in_with_code(ticket, code.to_owned(), &desk.visit(HOME)).await;
    assert!(matches!(with_code(&ticket, "000000").await, Err(PeopleError::WrongCode)));
    assert!(matches!(with_code("nonsense", &code).await, Err(PeopleError::TicketOld)));
    assert!(with_code(&ticket, &code).await.is_ok());
    assert!(matches!(with_code(&ticket, &code).await, Err(PeopleError::WrongCode)), "it was used");
    let at_once = desk.log_in(OWNER, PASSWORD, Some(code), HOME).await;
    assert!(matches!(at_once, Err(PeopleError::WrongCode)), "{at_once:?}");
    assert_eq!(desk.log().await[0].detail["after"]["reason"], "code");
    desk.wait(30);
    assert!(desk.log_in(OWNER, PASSWORD, Some(factor.code(desk.at())), HOME).await.is_ok());
    desk.wait(300);
    let late = desk.people.log_in_with_code(&ticket, factor.code(desk.at()), &desk.visit(HOME)).await;
    assert!(matches!(late, Err(PeopleError::TicketOld)), "{late:?}");
}

#[tokio::test]
async fn codes_cannot_be_guessed_by_giving_the_password_in_between() {
    let mut desk = Desk::new().await;
    desk.factor().await;
    let mut guesses = 0;
    while let Err(PeopleError::CodeNeeded { ticket }) = desk.log_in(OWNER, PASSWORD, None, HOME).await {
        let guessed = desk.people.log_in_with_code(&ticket, "000000".to_owned(), &desk.visit(HOME)).await;
        guesses += usize::from(matches!(guessed, Err(PeopleError::WrongCode)));
    }
    assert_eq!(guesses, 5);
}

#[tokio::test]
async fn a_second_factor_needs_the_password_and_a_code_of_it() {
    let desk = Desk::new().await;
    let visit = desk.visit(HOME);
    let nadia = &desk.nadia;
    let wrong = desk.people.begin_factor(nadia, "wrong".to_owned().into(), &visit).await;
    assert!(matches!(wrong, Err(PeopleError::WrongPassword)));
    let none = desk.people.confirm_factor(nadia, "000000".to_owned(), &visit).await;
    assert!(matches!(none, Err(PeopleError::NoPendingFactor)));
    let factor = desk.people.begin_factor(nadia, PASSWORD.to_owned().into(), &visit).await.unwrap();
    let slip = desk.people.confirm_factor(nadia, "000000".to_owned(), &visit).await;
    assert!(matches!(slip, Err(PeopleError::WrongCode)));
    assert!(desk.log_in(OWNER, PASSWORD, None, HOME).await.is_ok(), "it does not count yet");
    desk.people.confirm_factor(nadia, factor.code(visit.at), &visit).await.unwrap();
    let owner = desk.people.user(&nadia.id).await.unwrap();
    assert!(owner.has_totp);
    let twice = desk.people.begin_factor(&owner, PASSWORD.to_owned().into(), &visit).await;
    assert!(matches!(twice, Err(PeopleError::HasFactor)));
    // Lost: an administrator takes it off.
    let change = UserChange { forget_factor: true, ..UserChange::default() };
    assert!(!desk.update(&nadia.id, change).await.unwrap().has_totp);
    assert!(desk.log_in(OWNER, PASSWORD, None, HOME).await.is_ok());
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let desk = Desk::new().await;
    let (this, other) = (desk.enter().await, desk.enter().await);
    let change = async |old: &str, new: &str| {
        let (old, new) = (old.to_owned().into(), new.to_owned().into());
        desk.people.change_password(&this.user, &this.session, old, new, &desk.visit(HOME)).await
    };
    assert!(matches!(change(PASSWORD, "short").await, Err(PeopleError::Password(BadPassword::Short))));
    assert!(matches!(change("wrong", "battery staple").await, Err(PeopleError::WrongPassword)));
    change(PASSWORD, "battery staple").await.unwrap();
    assert!(desk.is_alive(&this.secret).await && !desk.is_alive(&other.secret).await);
    assert!(matches!(desk.log_in(OWNER, PASSWORD, None, HOME).await, Err(PeopleError::Credentials)));
    assert!(desk.log_in(OWNER, "battery staple", None, HOME).await.is_ok());
    assert!(!format!("{:?}", desk.log().await).contains("battery"));
    desk.people.end_all_sessions(&this.user, &desk.visit(HOME)).await.unwrap();
    assert!(!desk.is_alive(&this.secret).await);
}

#[tokio::test]
async fn other_rights_end_sessions_and_one_admin_stays() {
    let desk = Desk::new().await;
    let (omar, link) = desk.invite("omar@example.com", Role::Admin).await;
    let demoted = || UserChange { role: Some(Role::Agent), ..UserChange::default() };
    let disabled = |disabled| UserChange { disabled: Some(disabled), ..UserChange::default() };
    for change in [demoted(), disabled(true)] {
        let refused = desk.update(&desk.nadia.id, change).await;
        assert!(matches!(refused, Err(PeopleError::LastAdmin)), "who was only invited does not count");
    }
    let deleted = desk.people.delete(desk.nadia.id.clone(), None, Actor::console(), desk.at()).await;
    assert!(matches!(deleted, Err(PeopleError::LastAdmin)));

    desk.people.welcome(link, arrival(None, "battery staple"), &desk.visit(HOME)).await.unwrap();
    let enter = async || desk.log_in("omar@example.com", "battery staple", None, HOME).await;
    let begun = enter().await.unwrap();
    let renamed = UserChange { name: Some("Omar K".to_owned()), ..UserChange::default() };
    desk.update(&omar.id, renamed).await.unwrap();
    assert!(desk.is_alive(&begun.secret).await, "a name is no right");
    desk.update(&omar.id, demoted()).await.unwrap();
    assert!(!desk.is_alive(&begun.secret).await);
    let begun = enter().await.unwrap();
    desk.update(&omar.id, disabled(true)).await.unwrap();
    assert!(!desk.is_alive(&begun.secret).await);
    assert!(matches!(enter().await, Err(PeopleError::Credentials)));
    let enabled = desk.update(&omar.id, disabled(false)).await.unwrap();
    assert!(enter().await.is_ok());

    let change = |email: &str| UserChange { email: Some(email.parse().unwrap()), ..UserChange::default() };
    assert!(matches!(desk.update(&omar.id, change(OWNER)).await, Err(PeopleError::EmailTaken)));
    let stale = desk.people.update(
        omar.id.clone(),
        change("o@example.com"),
        Some(enabled.version + 1),
        None,
        Actor::console(),
        desk.at(),
    );
    assert!(matches!(stale.await, Err(PeopleError::Stale)));
    desk.people.delete(omar.id.clone(), None, Actor::console(), desk.at()).await.unwrap();
    assert!(matches!(desk.people.user(&omar.id).await, Err(PeopleError::UnknownUser)));
    assert_eq!(desk.log().await[0].detail["before"]["email"], "omar@example.com");
}

#[tokio::test]
async fn a_link_sets_one_password_once() {
    let mut desk = Desk::new().await;
    let (omar, link) = desk.invite("omar@example.com", Role::Agent).await;
    let arrive = async |link: &RandomSecret, password: &str, desk: &Desk| {
        desk.people.welcome(link.clone(), arrival(None, password), &desk.visit(HOME)).await
    };
    assert!(matches!(arrive(&link, "short", &desk).await, Err(PeopleError::Password(_))));
    assert_eq!(desk.people.guest(link.clone(), desk.at()).await.unwrap(), Guest::Member(omar.clone()));
    arrive(&link, "battery staple", &desk).await.unwrap();
    assert!(matches!(arrive(&link, "battery staple", &desk).await, Err(PeopleError::LinkOver)));

    let begun = desk.log_in("omar@example.com", "battery staple", None, HOME).await.unwrap();
    let forgotten = desk.people.link(omar.id.clone(), Actor::console(), desk.at()).await.unwrap();
    assert!(desk.is_alive(&begun.secret).await, "only using it changes something");
    desk.wait(24 * 3600);
    assert!(matches!(arrive(&forgotten, "a third good one", &desk).await, Err(PeopleError::LinkOver)));
    let begun = desk.log_in("omar@example.com", "battery staple", None, HOME).await.unwrap();
    let link = desk.people.link(omar.id.clone(), Actor::console(), desk.at()).await.unwrap();
    arrive(&link, "a third good one", &desk).await.unwrap();
    assert!(!desk.is_alive(&begun.secret).await);
    assert!(desk.log_in("omar@example.com", "a third good one", None, HOME).await.is_ok());
}

#[tokio::test]
async fn the_first_admin_is_made_once() {
    let desk = Desk::new().await;
    assert_eq!(desk.people.first_link(desk.at()).await.unwrap(), None, "there is somebody");
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let settings = config::Sessions { idle: Duration::from_secs(3600), whole: Duration::from_secs(3600) };
    let people = People::new(store.clone(), &settings);
    let link = people.first_link(desk.at()).await.unwrap().unwrap();
    assert_eq!(people.guest(link.clone(), desk.at()).await.unwrap(), Guest::FirstAdmin);
    let nobody = people.welcome(link.clone(), arrival(None, PASSWORD), &desk.visit(HOME)).await;
    assert!(matches!(nobody, Err(PeopleError::LinkOver)));
    let made = people.welcome(link.clone(), arrival(Some(OWNER), PASSWORD), &desk.visit(HOME)).await.unwrap();
    assert_eq!((made.role, made.email.as_str()), (Role::Admin, OWNER));
    let again = people.welcome(link, arrival(Some("b@example.com"), PASSWORD), &desk.visit(HOME)).await;
    assert!(matches!(again, Err(PeopleError::LinkOver)));
}

#[tokio::test]
async fn an_old_hash_is_renewed_when_its_owner_logs_in() {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
    let desk = Desk::new().await;
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
    let weak = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let id = desk.nadia.id.clone();
    desk.store.write(move |transaction| users::rehash_password(transaction, &id, &weak)).await.unwrap();
    desk.enter().await;
    let id = desk.nadia.id.clone();
    let kept = desk.store.read(move |connection| users::credentials(connection, &id)).await.unwrap().unwrap();
    assert!(!password::is_outdated(&kept.password.clone().unwrap()));
    assert!(!format!("{kept:?}").contains("argon2"));
    desk.enter().await;
}
