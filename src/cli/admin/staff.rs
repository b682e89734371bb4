//! `callstead admin create`, `list`, …: members of staff, by whoever sits at the machine.

use clap::Subcommand;
use serde::Serialize;

use super::day;
use crate::{
    cli::{Context, exit::NotFound, foreign::shown, runtime, terminal},
    domain::Email,
    people::{self, People, UserChange},
    store::{
        self,
        audit::Actor,
        users::{NewUser, Role, User},
    },
};

/// Most members of staff that are listed.
const MOST: u32 = 10_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an administrator. The password is asked for; without a terminal it is read from stdin
    Create {
        /// What they log in with
        #[arg(long, value_parser = email)]
        email: Email,
        /// What others see; unless given, what stands before the @ of the address
        #[arg(long, value_parser = people::parse_name)]
        name: Option<String>,
    },
    /// List members of staff
    List,
    /// Log somebody out, and let them log in no more
    Disable {
        /// Their e-mail address
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Let somebody log in again
    Enable {
        /// Their e-mail address
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Give somebody a new password. It is asked for; without a terminal it is read from stdin
    ResetPassword {
        /// Their e-mail address
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Take off a second factor that was lost
    ResetTotp {
        /// Their e-mail address
        #[arg(value_parser = email)]
        email: Email,
    },
}

fn email(text: &str) -> Result<Email, String> {
    text.parse().map_err(|problem| format!("it {problem}"))
}

/// A member of staff.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    email: &'a str,
    name: &'a str,
    role: Role,
    state: &'static str,
    totp: bool,
    created_at: String,
    last_login_at: Option<String>,
}

impl<'a> From<&'a User> for Row<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.as_str(),
            email: user.email.as_str(),
            name: &user.name,
            role: user.role,
            state: user.state().as_str(),
            totp: user.has_totp,
            created_at: user.created_at.to_string(),
            last_login_at: user.last_login_at.map(|at| at.to_string()),
        }
    }
}

/// `admin list --json`
#[derive(Serialize)]
struct Listing<'a> {
    users: Vec<Row<'a>>,
}

pub(super) fn run(command: Command, people: &People, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Create { email, name } => create(people, email, name, context),
        Command::List => list(people, context),
        Command::Disable { email } => disable(people, &email, true, context),
        Command::Enable { email } => disable(people, &email, false, context),
        Command::ResetPassword { email } => reset_password(people, &email, context),
        Command::ResetTotp { email } => {
            let change = UserChange { forget_factor: true, ..UserChange::default() };
            update(people, &email, change, "logs in without a second factor", context)
        }
    }
}

fn create(people: &People, email: Email, name: Option<String>, context: &Context) -> anyhow::Result<()> {
    let name = name.unwrap_or_else(|| email.as_str().split('@').next().unwrap_or_default().to_owned());
    let password = terminal::new_password(context)?;
    let new = NewUser { email, name, role: Role::Admin };
    let made = people.create(new, password, Actor::console(), store::now());
    let user = runtime::block_on(&context.interrupt, made)?;
    Ok(context.output.result(&Row::from(&user), |_| format!("{}: may log in as an administrator", user.email))?)
}

fn list(people: &People, context: &Context) -> anyhow::Result<()> {
    let users = runtime::block_on(&context.interrupt, people.users(MOST))?;
    let listing = Listing { users: users.iter().map(Row::from).collect() };
    Ok(context.output.result(&listing, |_| table(&users))?)
}

fn table(users: &[User]) -> String {
    let header = ("E-MAIL", "ROLE", "STATE", "CODE", "LAST LOG-IN", "NAME");
    let mut lines =
        vec![format!("{:32} {:10} {:8} {:4} {:11} {}", header.0, header.1, header.2, header.3, header.4, header.5)];
    lines.extend(users.iter().map(|user| {
        let code = if user.has_totp { "yes" } else { "no" };
        let last = user.last_login_at.map_or_else(|| "never".to_owned(), day);
        let (email, name, state) = (shown(user.email.as_str()), shown(&user.name), user.state().as_str());
        format!("{email:32} {:10} {state:8} {code:4} {last:11} {name}", user.role)
    }));
    lines.join("\n")
}

fn disable(people: &People, email: &Email, disabled: bool, context: &Context) -> anyhow::Result<()> {
    let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
    update(people, email, change, if disabled { "may not log in any more" } else { "may log in again" }, context)
}

fn reset_password(people: &People, email: &Email, context: &Context) -> anyhow::Result<()> {
    let user = find(people, email, context)?;
    let password = terminal::new_password(context)?;
    let reset = people.reset_password(&user, password, Actor::console(), store::now());
    runtime::block_on(&context.interrupt, reset)?;
    let user = find(people, email, context)?;
    Ok(context.output.result(&Row::from(&user), |_| format!("{email}: has a new password, and is logged out"))?)
}

fn update(people: &People, email: &Email, change: UserChange, said: &str, context: &Context) -> anyhow::Result<()> {
    let id = find(people, email, context)?.id;
    let updated = people.update(id, change, None, None, Actor::console(), store::now());
    let user = runtime::block_on(&context.interrupt, updated)?;
    Ok(context.output.result(&Row::from(&user), |_| format!("{email}: {said}"))?)
}

fn find(people: &People, email: &Email, context: &Context) -> anyhow::Result<User> {
    let found = runtime::block_on(&context.interrupt, people.user_by_email(email))?;
    let missing = || NotFound { what: "member of staff", id: email.to_string(), list: "admin list" };
    Ok(found.ok_or_else(missing)?)
}
