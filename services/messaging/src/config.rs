//! Settings of the service; limits that administrators set at run time are policy.

im_runtime::settings! {
    /// Sending and keeping messages.
    pub struct MessagingSettings("messaging") {
        /// Transactions at once; SQLite always has one.
        lanes: u32 = 4 => 1..=64,
        /// Requests that one transaction may take together.
        batch_commands_max: u32 = 512 => 1..=4_096,
        /// Requests that may wait for a transaction; more are told to come again.
        queue_commands_max: u32 = 8_192 => 512..=1_000_000,
        /// Newest entries of a mailbox that somebody reads, kept in memory, in bytes.
        ring_bytes_max: u32 = 65_536 => 0..=16_777_216,
        /// Entries that a mailbox keeps; whoever is further behind reads the state anew.
        mailbox_entries_max: u32 = 100_000 => 1_000..=100_000_000,
        /// How long a reader may leave waiting what came for it, in milliseconds.
        slow_reader_timeout_ms: u64 = 60_000 => 1_000..=3_600_000,
        /// How often mailboxes are looked at without a bell, in milliseconds.
        poll_interval_ms: u64 = 3_000 => 100..=5_000,
        /// How often delivered pointers and news of large conversations are told, in milliseconds.
        coalesce_interval_ms: u64 = 1_000 => 50..=10_000,
        /// How often the roster feed is read without a bell, in milliseconds.
        roster_interval_ms: u64 = 2_000 => 100..=60_000,
        /// How often age is looked at (expiry, retention, pruning), in seconds.
        upkeep_interval_s: u64 = 300 => 1..=86_400,
        /// Members up to which others are told of read and delivered pointers.
        receipt_members_max: u32 = 50 => 2..=1_000,
    }
}
