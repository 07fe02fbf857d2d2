//! What a server says to a password.

use ldap3::LdapResult;
use ldap3::controls::Control;

use crate::Class;

/// The answer to a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It is right.
    Match {
        /// It has to be changed: too old, or set by somebody else.
        is_password_expired: bool,
    },
    /// It is wrong, or the server does not say whether it is right.
    Mismatch {
        /// The server looks at no password of this person now. Not to be told to whoever signs in:
        /// it knows nothing of the password.
        is_locked: bool,
    },
    /// It is right, and the person is barred there.
    Disabled,
    /// The store cannot be asked now.
    Unavailable(Class),
}

const MATCH: Verified = Verified::Match {
    is_password_expired: false,
};
const EXPIRED: Verified = Verified::Match {
    is_password_expired: true,
};
const MISMATCH: Verified = Verified::Mismatch { is_locked: false };
const LOCKED: Verified = Verified::Mismatch { is_locked: true };

/// The result of a bind as a person. <https://datatracker.ietf.org/doc/html/rfc4511#appendix-A>
pub(super) fn verified(result: &LdapResult, is_active: bool) -> Verified {
    let policy = policy_error(&result.ctrls);
    let verified = match result.rc {
        // 2: "change after reset".
        0 if policy == Some(2) => EXPIRED,
        0 => MATCH,
        49 => match (active_directory_code(&result.text), policy) {
            (Some(code), _) => of_active_directory(code),
            // 0: the password is right and too old; 1: locked.
            (None, Some(0)) => EXPIRED,
            (None, Some(1)) => LOCKED,
            (None, _) => MISMATCH,
        },
        // Gone or renamed since it was found; an entry without a password.
        16 | 32 | 48 => MISMATCH,
        // 389 Directory Server: too many wrong passwords.
        19 => LOCKED,
        // The same for an account that is switched off. Said for other reasons as well.
        53 if !is_active => LOCKED,
        8 | 13 => Verified::Unavailable(Class::Tls),
        3 => Verified::Unavailable(Class::TimedOut),
        51..=53 => Verified::Unavailable(Class::Refused),
        _ => Verified::Unavailable(Class::Protocol),
    };
    match verified {
        Verified::Match { .. } if !is_active => Verified::Disabled,
        other => other,
    }
}

/// Of `80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 52e, v2580` the
/// `52e`: why Active Directory says no.
fn active_directory_code(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("AcceptSecurityContext error, data ")?;
    let code = rest.split([',', ' ', '\0']).next()?;
    u32::from_str_radix(code, 16).ok()
}

/// Codes of Windows (winerror.h). Those for a barred person and for an old password are said only to
/// whoever knows the password; the one for a locked account is said to everybody.
fn of_active_directory(code: u32) -> Verified {
    match code {
        // ERROR_PASSWORD_EXPIRED, ERROR_PASSWORD_MUST_CHANGE (pwdLastSet = 0)
        0x532 | 0x773 => EXPIRED,
        // ERROR_INVALID_LOGON_HOURS, ERROR_INVALID_WORKSTATION, ERROR_ACCOUNT_DISABLED,
        // ERROR_LOGON_TYPE_NOT_GRANTED, ERROR_ACCOUNT_EXPIRED
        0x530 | 0x531 | 0x533 | 0x569 | 0x701 => Verified::Disabled,
        // ERROR_ACCOUNT_LOCKED_OUT
        0x775 => LOCKED,
        // ERROR_NO_SUCH_USER, ERROR_LOGON_FAILURE
        0x525 | 0x52e => MISMATCH,
        // ERROR_TOO_MANY_CONTEXT_IDS, ERROR_NO_LOGON_SERVERS, and whatever else is no statement
        // about a password.
        _ => Verified::Unavailable(Class::Refused),
    }
}

/// The error in the server's word on its password policy, the `[1]` of
/// `SEQUENCE { warning [0] …, error [1] ENUMERATED }`.
fn policy_error(controls: &[Control]) -> Option<u8> {
    let policy = controls
        .iter()
        .find(|control| control.1.ctype == super::link::PASSWORD_POLICY)?;
    let bytes = policy.1.val.as_deref()?;
    let [0x30, length, rest @ ..] = bytes else {
        return None;
    };
    if usize::from(*length) != rest.len() {
        return None;
    }
    let rest = match rest {
        [0xa0, length, rest @ ..] => rest.get(usize::from(*length)..)?,
        rest => rest,
    };
    match rest {
        [0x81, 1, error] => Some(*error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ldap3::controls::RawControl;

    use super::*;

    fn result(rc: u32, text: &str, policy: Option<&[u8]>) -> LdapResult {
        let control = |value: &[u8]| {
            let ctype = super::super::link::PASSWORD_POLICY.to_owned();
            Control(
                None,
                RawControl {
                    ctype,
                    crit: false,
                    val: Some(value.to_vec()),
                },
            )
        };
        LdapResult {
            rc,
            matched: String::new(),
            text: text.to_owned(),
            refs: Vec::new(),
            ctrls: policy.map(control).into_iter().collect(),
        }
    }

    #[test]
    fn active_directory_says_why() {
        let refused = Verified::Unavailable(Class::Refused);
        for (code, expected) in [
            ("52e", MISMATCH),
            ("525", MISMATCH),
            ("530", Verified::Disabled),
            ("531", Verified::Disabled),
            ("532", EXPIRED),
            ("533", Verified::Disabled),
            ("568", refused.clone()),
            ("701", Verified::Disabled),
            ("773", EXPIRED),
            ("775", LOCKED),
            ("51f", refused),
        ] {
            let text = format!(
                "80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, \
                 data {code}, v2580\0"
            );
            assert_eq!(verified(&result(49, &text, None), true), expected, "{code}");
        }
        for text in ["", "data 533", "AcceptSecurityContext error, data xyz, v1"] {
            assert_eq!(verified(&result(49, text, None), true), MISMATCH, "{text}");
        }
    }

    #[test]
    fn policies_of_other_servers_are_understood() {
        for (rc, policy, expected) in [
            (0, None, MATCH),
            (0, Some(&[0x30, 3, 0x81, 1, 2][..]), EXPIRED),
            (0, Some(&[0x30, 5, 0xa0, 3, 0x80, 1, 9][..]), MATCH),
            (
                0,
                Some(&[0x30, 8, 0xa0, 3, 0x80, 1, 9, 0x81, 1, 2][..]),
                EXPIRED,
            ),
            (49, Some(&[0x30, 3, 0x81, 1, 0][..]), EXPIRED),
            (49, Some(&[0x30, 3, 0x81, 1, 1][..]), LOCKED),
            (49, Some(&[0x30, 9, 0x81, 1, 0][..]), MISMATCH),
            (49, Some(&[0x30, 2, 0xa0, 9][..]), MISMATCH),
            (49, Some(&[][..]), MISMATCH),
            (19, None, LOCKED),
            (32, None, MISMATCH),
            (48, None, MISMATCH),
        ] {
            assert_eq!(
                verified(&result(rc, "", policy), true),
                expected,
                "{rc} {policy:?}"
            );
        }
    }

    #[test]
    fn whoever_is_barred_is_told_only_with_the_right_password() {
        assert_eq!(verified(&result(0, "", None), false), Verified::Disabled);
        assert_eq!(verified(&result(49, "", None), false), MISMATCH);
        assert_eq!(
            verified(&result(53, "Account inactivated", None), false),
            LOCKED
        );
    }

    #[test]
    fn a_server_in_trouble_says_nothing_about_passwords() {
        for rc in [1, 2, 3, 8, 10, 13, 51, 52, 53, 80, 4_096] {
            let answer = verified(&result(rc, "", None), true);
            assert!(
                matches!(answer, Verified::Unavailable(_)),
                "{rc}: {answer:?}"
            );
        }
    }
}
