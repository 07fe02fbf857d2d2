//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{commands, output::Format};

/// Client of IntraMessenger for its users and its administrators.
///
/// Exit codes: 0 done, 1 refused by the server, 2 wrong usage, 3 server not reachable, 4 a problem
/// on this side. People are named by username or id.
#[derive(Debug, Parser)]
#[command(name = "imctl", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Address of the site, with its path prefix if it has one [default: that of the last login,
    /// else `http://127.0.0.1:8080`]
    #[arg(long, global = true, env = "IMCTL_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Which of several sign-ins kept on this machine to use
    #[arg(long, global = true, env = "IMCTL_PROFILE", default_value = "default")]
    pub(crate) profile: String,
    /// Where sign-ins are kept [default: ~/.config/imctl]
    #[arg(long, global = true, env = "IMCTL_PROFILE_DIR", value_name = "DIR")]
    pub(crate) profile_dir: Option<PathBuf>,
    /// A further certificate authority to trust, PEM
    #[arg(long, global = true, env = "IMCTL_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// How answers are printed
    #[arg(long, short, global = true, value_enum, default_value = "text")]
    pub(crate) output: Format,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in and keep the session in the profile
    Login(commands::account::Login),
    /// Make an account where the site allows it
    Register(commands::account::Register),
    /// Make the first administrator with the token that the server printed at its start
    Claim(commands::account::Claim),
    /// End the session
    Logout,
    /// Show who is signed in
    Whoami,
    /// Replace one's own password
    Passwd(commands::account::Passwd),
    /// Talk to a person or in a conversation: lines of standard input are sent
    Chat(commands::chat::Chat),
    /// Send one message
    Send(commands::chat::Send),
    /// Show the newest messages of a conversation
    History(commands::chat::History),
    /// Show everything that happens to one's mailbox
    Tail(commands::chat::Tail),
    /// Conversations and their members
    #[command(subcommand)]
    Conversations(commands::conversations::Command),
    /// One's own roster
    #[command(subcommand)]
    Contacts(commands::contacts::Command),
    /// How people are, and how one wants to be seen
    #[command(subcommand)]
    Status(commands::status::Command),
    /// Sessions of oneself or of others
    #[command(subcommand)]
    Sessions(commands::sessions::Command),
    /// Devices of oneself or of others
    #[command(subcommand)]
    Devices(commands::sessions::DeviceCommand),
    /// Groups of people
    #[command(subcommand)]
    Groups(commands::groups::Command),
    /// People: search, and administer with permission
    #[command(subcommand)]
    Users(commands::users::Command),
    /// Let a waiting account in
    Approve(commands::users::Approve),
    /// Addresses of the installation
    #[command(subcommand)]
    Sites(commands::sites::Command),
    /// Identity stores: user tables of other applications
    #[command(subcommand)]
    Stores(commands::stores::Command),
    /// Which persons of which stores an account is
    #[command(subcommand)]
    Identities(commands::identities::Command),
    /// Limits and options
    #[command(subcommand)]
    Policy(commands::policy::Command),
    /// Roles and their permissions
    #[command(subcommand)]
    Roles(commands::roles::Command),
    /// Who is kept out
    #[command(subcommand)]
    Bans(commands::bans::Command),
    /// Tickets for registration
    #[command(subcommand)]
    Invites(commands::invites::Command),
    /// What was done, by whom
    #[command(subcommand)]
    Audit(commands::audit::Command),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}
