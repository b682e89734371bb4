//! Members of staff, and what their roles are.

use super::rows::words;

words! {
    /// What a member of staff may do; each may do what those before it may.
    Role {
        /// Look at everything that the desk works with.
        Viewer = "viewer",
        /// Work with leads and customers: call, write, note.
        Agent = "agent",
        /// Lead the desk: scripts, profiles, rules, deleting.
        Supervisor = "supervisor",
        /// Administrate: staff, keys, settings, the audit log.
        Admin = "admin",
    }
}
