//! Values that must not be printed.

use std::fmt;

use zeroize::Zeroize;

/// A password, key or token. It has no `Display`, its `Debug` and its serialised form are `***`,
/// and its memory is overwritten when it is dropped. Comparing is left to the constant-time
/// functions of whoever checks it, so there is no `PartialEq` either.
#[derive(Clone, Default)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value. Copies of it made before are the caller's to wipe.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Name the use where you call this: it is what a reviewer searches for.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T: Zeroize> serde::Serialize for Secret<T> {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str("***")
    }
}

impl<'de, T: Zeroize + serde::Deserialize<'de>> serde::Deserialize<'de> for Secret<T> {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        T::deserialize(input).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_printed_form_shows_the_value() {
        #[derive(Debug)]
        struct Holder {
            #[expect(dead_code, reason = "read through Debug only")]
            password: Secret<String>,
        }
        let holder = Holder {
            password: "hunter2".into(),
        };
        assert_eq!(format!("{holder:?}"), "Holder { password: *** }");
        let secret = Secret::new(vec![1_u8, 2]);
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
        assert_eq!(secret.expose(), &[1, 2]);
    }

    #[test]
    fn configuration_can_be_read_into_it() {
        let secret: Secret<String> = serde_json::from_str("\"s3cret\"").unwrap();
        assert_eq!(secret.expose(), "s3cret");
    }
}
