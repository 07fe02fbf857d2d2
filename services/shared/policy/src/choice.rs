//! Options with a fixed list of values.

/// A closed list of values, ordered from the strictest to the most permissive.
pub trait Choice: Copy + Sized + 'static {
    /// The texts of the values, in order.
    const NAMES: &'static [&'static str];

    /// The value at a place of the list.
    fn at(index: usize) -> Option<Self>;

    /// The value as text.
    fn name(self) -> &'static str;
}

macro_rules! choices {
    ($(
        $(#[$doc:meta])*
        $name:ident { $( $(#[$value_doc:meta])* $variant:ident $text:literal, )* }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$value_doc])* $variant, )*
        }

        impl Choice for $name {
            const NAMES: &'static [&'static str] = &[$($text),*];

            fn at(index: usize) -> Option<Self> {
                const ALL: &[$name] = &[$($name::$variant),*];
                ALL.get(index).copied()
            }

            fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    )*};
}

choices! {
    /// Who may make an account.
    Registration {
        /// Nobody.
        Closed "closed",
        /// Whoever holds an invite.
        Invite "invite",
        /// Everybody, but an administrator approves it.
        Approval "approval",
        /// Everybody.
        Open "open",
    }
    /// Who sees whom.
    VisibilityMode {
        /// Accepted contacts.
        Normal "normal",
        /// Members of a common group.
        GroupCommunity "group_community",
        /// Everybody, arranged by group.
        OpenGroupCommunity "open_group_community",
        /// Everybody.
        OpenCommunity "open_community",
    }
    /// Who may add people to a group conversation.
    MembersAdd {
        /// Its owners.
        Owners "owners",
        /// All its members.
        Members "members",
    }
    /// What happens to censored words.
    CensorMode {
        /// The message is refused.
        Refuse "refuse",
        /// Their letters are replaced by asterisks.
        Mask "mask",
        /// Nothing.
        Off "off",
    }
    /// Whom one finds in the directory.
    DirectorySearch {
        /// Those one may see anyway.
        VisibleOnly "visible_only",
        /// Everybody.
        Everybody "everybody",
    }
    /// What happens when a person of an external store has a username that is taken.
    UsernameConflict {
        /// The sign-in is refused.
        Refuse "refuse",
        /// The account gets the name `name@store`.
        NameAtStore "name_at_store",
    }
}
